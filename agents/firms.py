"""The firms: who they are, what they make, and what they would emit.

One row a firm, one column a right.  New plants are the last rows; they are there from the start, and work later.
This file holds what a firm *is*; what it emitted in a compliance period is in `agents.use`, what a unit is worth to
it in `agents.valuation`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from agents.abatement import CostCurves
from agents.spec import PopulationSpec, SectorSpec
from agents.streams import DEMAND_COMMON, DEMAND_FIRM, DEMAND_SECTOR, REGION, Streams

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

DAYS_PER_YEAR = 365.0
OUTPUT_NOISE_OF_THE_PAST = 0.03
"""Log standard deviation of a firm's output between the years before the market, where no simulation ran."""


@dataclass(frozen=True, slots=True)
class Shocks:
    """Log deviations of output from its level, all mean-reverting with the same half-life.

    Attributes
    ----------
    common : ndarray of float64, shape (1,)
    sector : ndarray of float64, shape (n_sectors,)
    firm : ndarray of float64, shape (n_firms,)
    """

    common: Floats
    sector: Floats
    firm: Floats


class Firms:
    """The population of firms.

    Parameters
    ----------
    spec : PopulationSpec
        Sectors, and the rows of a population file where there is one.
    rights : sequence of str
        Codes of the rights, in column order.
    streams : Streams
        Draws for sizes, intensities and costs; the same seed gives the same firms under any rule.

    Attributes
    ----------
    names, regions : list of str
    sector_codes : list of str
    sector : ndarray of intp, shape (n,)
    output : ndarray of float64, shape (n,)
        Output a year before shocks, in the sector's unit.
    members : list of ndarray of intp
        Rows of the firms of each sector.
    is_project : ndarray of bool, shape (n,)
        Whether the firm is a new plant.
    working : ndarray of bool, shape (n,)
        Whether the firm makes anything: new plants not yet, closed firms no more.
    subject : ndarray of bool, shape (n, n_rights)
        Whether the firm may have to hold the right at all, by its sector.
    covered : ndarray of bool, shape (n, n_rights)
        Whether the firm must hold the right now.
    curves : CostCurves, shape (n, n_rights)
        Continuous abatement of each right.
    co_benefits : ndarray of float64, shape (n_sectors, n_rights, n_rights)
        Units of the last removed per unit abated of the second; 1 on the diagonal.
    concentration : ndarray of float64, shape (n, n_rights)
        Concentration of discharge before abatement, as a share of its limit; NaN where nobody knows.
    growth, product_price_yuan : ndarray of float64, shape (n,)
        Growth of output a year without policy; price of a unit of output, CNY.
    """

    def __init__(self, spec: PopulationSpec, rights: list[str], streams: Streams) -> None:
        self.spec = spec
        self.rights = rights
        self.sector_codes = list(spec.sectors)
        self.sectors: list[SectorSpec] = list(spec.sectors.values())
        if spec.rows:
            at = {code: i for i, code in enumerate(self.sector_codes)}
            self.names = [row.name for row in spec.rows]
            self.regions: list[str] = [row.region for row in spec.rows]
            self.sector = np.array([at[row.sector] for row in spec.rows], dtype=np.intp)
        else:
            self.sector = np.repeat(np.arange(len(self.sectors)), [s.firms for s in self.sectors]).astype(np.intp)
            self.names = _numbered_names(self.sector, self.sector_codes)
            self.regions = [place for code, s in spec.sectors.items() for place in _places(code, s, streams)]
        self._append_projects()
        self.members = [np.flatnonzero(self.sector == i) for i in range(len(self.sectors))]
        self.output = self._outputs(streams)
        self.spread = self.normals(streams, "intensity")
        self.file_factor = self._file_factors()
        self.subject = self._coverage()
        self.covered = self.subject & self.working[:, np.newaxis]
        self.curves = self._cost_curves(streams)
        self.co_benefits = self._co_benefit_table()
        self.concentration = self._concentrations(streams)
        self.growth = self._by_firm("output_growth")
        self.product_price_yuan = self._by_firm("product_price_yuan")
        self.years_passed = 0.0
        self.shocks = Shocks(np.zeros(1), np.zeros(len(self.sectors)), np.zeros(len(self.sector)))

    def __len__(self) -> int:
        return len(self.sector)

    def _append_projects(self) -> None:
        """Put the new plants behind the firms."""
        spec, at = self.spec, {code: i for i, code in enumerate(self.sector_codes)}
        incumbents = len(self.sector)
        self.sector = np.concatenate([self.sector, [at[p.sector] for p in spec.projects]]).astype(np.intp)
        self.names = [*self.names, *(p.name for p in spec.projects)]
        self.regions = [*self.regions, *(p.region for p in spec.projects)]
        self.is_project = np.arange(len(self.sector)) >= incumbents
        self.working = ~self.is_project

    def _by_firm(self, name: str) -> Floats:
        return np.array([getattr(s, name) for s in self.sectors], dtype=np.float64)[self.sector]

    def normal(self, streams: Streams, purpose: str, *, fresh: bool = False) -> Floats:
        """Return a standard normal number for each firm, from a stream of its sector.

        What one sector draws therefore does not depend on which others there are: with a sector more or less, the firms
        of the rest stay the same firms and meet the same shocks.

        Parameters
        ----------
        streams : Streams
        purpose : str
            What is drawn, to which the code of the sector is added.
        fresh : bool
            Whether to draw from the start of the streams, for numbers that must be the same at every call.

        Returns
        -------
        ndarray of float64, shape (n,)
        """
        drawn = np.empty(len(self.sector))
        for code, members in zip(self.sector_codes, self.members, strict=True):
            # New plants draw from streams of their own, so that they change nothing for the others.
            for name, rows in (
                (f"{purpose}.{code}", members[~self.is_project[members]]),
                (f"{purpose}.{code}.new", members[self.is_project[members]]),
            ):
                if len(rows) or not name.endswith(".new"):
                    drawn[rows] = (streams.fresh(name) if fresh else streams[name]).standard_normal(len(rows))
        return drawn

    def normals(self, streams: Streams, purpose: str) -> Floats:
        """Return standard normal numbers, shape (n, n_rights), each right from streams of its own."""
        columns = [self.normal(streams, f"{purpose}.{code}") for code in self.rights]
        return np.stack(columns, axis=1)

    def _outputs(self, streams: Streams) -> Floats:
        """Return outputs of the file, or lognormal ones whose mean in each sector is the stated, published figure."""
        if self.spec.rows:
            output = np.array([row.output for row in self.spec.rows], dtype=np.float64)
        else:
            size = np.exp(self._by_firm("output_sigma") * self.normal(streams, "output"))
            drawn = self._by_firm("mean_output") * size / self._sector_mean(size, np.ones_like(size))
            output = drawn[~self.is_project]
        return np.concatenate([output, [p.output for p in self.spec.projects]])

    def _sector_mean(self, x: Floats, weight: Floats) -> Floats:
        """Return for each firm the weighted mean of `x` over its sector, new plants apart."""
        n, weight = len(self.sectors), weight * ~self.is_project
        total, weights = np.bincount(self.sector, x * weight, n), np.bincount(self.sector, weight, n)
        return np.divide(total, weights, out=np.ones(n), where=weights > 0)[self.sector]

    def _coverage(self) -> npt.NDArray[np.bool_]:
        table = np.zeros((len(self.sectors), len(self.rights)), dtype=np.bool_)
        for i, s in enumerate(self.sectors):
            covered = s.covered if s.covered is not None else list(s.intensity)
            table[i] = [code in covered for code in self.rights]
        return table[self.sector]

    def _cost_curves(self, streams: Streams) -> CostCurves:
        shape = (len(self.sectors), len(self.rights))
        a, b, limit = np.ones(shape), np.zeros(shape), np.zeros(shape)
        for i, s in enumerate(self.sectors):
            for code, curve in s.abatement.items():
                r = self.rights.index(code)
                a[i, r], b[i, r], limit[i, r] = curve.a, curve.b, curve.limit
        sigma = self._by_firm("cost_sigma")[:, np.newaxis]
        factor = np.exp(sigma * self.normals(streams, "cost"))
        at = self.sector
        return CostCurves.of(np.zeros_like(factor), a[at] * factor, b[at] * factor, limit[at])

    def _co_benefit_table(self) -> Floats:
        n = len(self.rights)
        table = np.tile(np.eye(n), (len(self.sectors), 1, 1))
        for i, s in enumerate(self.sectors):
            for code, others in s.co_benefits.items():
                for other, units in others.items():
                    table[i, self.rights.index(code), self.rights.index(other)] = units
        return table

    def _concentrations(self, streams: Streams) -> Floats:
        """Return concentrations of the file, else lognormal ones with the mean of the sector."""
        level = np.full((len(self), len(self.rights)), np.nan)
        for r, code in enumerate(self.rights):
            stated = [s.concentration.get(code) for s in self.sectors]
            if any(stated):
                mean, sigma = (
                    np.array([np.nan if c is None else getattr(c, name) for c in stated])[self.sector]
                    for name in ("mean", "sigma")
                )
                level[:, r] = mean * np.exp(sigma * self.normal(streams, f"concentration.{code}") - sigma**2 / 2)
        for i, row in enumerate(self.spec.rows):
            for code, own in row.concentration.items():
                level[i, self.rights.index(code)] = own
        return level

    def _file_factors(self) -> Floats:
        """Return the firm's own intensity over its sector's, where a population file gives it, else NaN."""
        factor = np.full((len(self), len(self.rights)), np.nan)
        for i, row in enumerate(self.spec.rows):
            for code, own in row.intensity.items():
                first = _first(self.sectors[self.sector[i]].intensity.get(code, 0.0))
                if code not in row.filled and first > 0:
                    factor[i, self.rights.index(code)] = own / first
        return factor

    def intensity(self, year: int, streams: Streams | None = None) -> Floats:
        """Return intensities as measured in a year, units of each right per unit of output.

        Firms differ, but the mean of a sector, weighted by output, is the stated one.

        Parameters
        ----------
        year : int
            Calendar year; a sector's table is read at the latest year not after it (the first, if none is).
        streams : Streams, optional
            If given, the lasting differences between firms move on by one year first.

        Returns
        -------
        ndarray of float64, shape (n, n_rights)
        """
        if streams is not None:
            rho = self._by_firm("intensity_persistence")[:, np.newaxis]
            self.spread = rho * self.spread + np.sqrt(1.0 - rho**2) * self.normals(streams, "intensity")
        mean = np.array([[_at_year(s.intensity.get(code, 0.0), year) for code in self.rights] for s in self.sectors])
        own = np.exp(self._by_firm("intensity_sigma")[:, np.newaxis] * self.spread)
        for r in range(len(self.rights)):
            own[:, r] /= self._sector_mean(own[:, r], self.output)
        return np.asarray(mean[self.sector] * np.where(np.isnan(self.file_factor), own, self.file_factor))

    def permit_units(self, right: int, expected_use: Floats) -> Floats:
        """Return what the permit of each firm allows a year, units of a right, shape (n,).

        Parameters
        ----------
        right : int
            Column of the right.
        expected_use : ndarray of float64, shape (n,)
            Use a year, of which the permit is a share where no file says what it allows.
        """
        code = self.rights[right]
        share = np.array([s.permit_share.get(code, 1.0) for s in self.sectors])[self.sector]
        units = share * expected_use
        for i, row in enumerate(self.spec.rows):
            if code in row.permit:
                units[i] = row.permit[code]
        return np.asarray(units)

    def past_output(self, year: int, streams: Streams) -> Floats:
        """Return output of a year before the market, drawn from streams of that year alone.

        Growth is not carried backwards: the stated output is that of the years before the market as well.
        """
        noise = self.normal(streams, f"past_output.{year}", fresh=True)
        return np.asarray(self.output * np.exp(OUTPUT_NOISE_OF_THE_PAST * noise) * ~self.is_project)

    def move_shocks(self, streams: Streams) -> None:
        """Move the shocks to output on by one trading day."""
        s = self.spec.shocks
        keep = 0.5 ** (1.0 / s.half_life_days)
        scale = np.sqrt(1.0 - keep**2)
        x = self.shocks
        for shock, sd, draw in (
            (x.common, s.common_sd, lambda: streams[DEMAND_COMMON].standard_normal(1)),
            (x.sector, s.sector_sd, lambda: self._sector_draws(streams)),
            (x.firm, s.firm_sd, lambda: self.normal(streams, DEMAND_FIRM)),
        ):
            shock *= keep
            if sd > 0:
                shock += sd * scale * draw()

    def _sector_draws(self, streams: Streams) -> Floats:
        return np.array([streams[f"{DEMAND_SECTOR}.{code}"].standard_normal() for code in self.sector_codes])

    def output_factor(self) -> Floats:
        """Return output relative to its level at the start, shape (n,): growth and shocks, 0 for who does not work."""
        x = self.shocks
        return np.asarray(np.exp(x.common[0] + x.sector[self.sector] + x.firm) * self.trend())

    def trend(self) -> Floats:
        """Return smooth output relative to its level at the start, shape (n,), 0 for who does not work."""
        return np.asarray((1.0 + self.growth) ** self.years_passed * self.working)

    def start_cash_fen(self) -> Ints:
        """Return the cash of each firm at the start, fen."""
        share = self._by_firm("cash_share") * self.product_price_yuan
        cash = np.rint(self.output * share * 100.0).astype(np.int64)
        for i, row in enumerate(self.spec.rows):
            if row.cash_yuan is not None:
                cash[i] = round(row.cash_yuan * 100)
        for i, project in zip(np.flatnonzero(self.is_project).tolist(), self.spec.projects, strict=True):
            if project.cash_yuan is not None:
                cash[i] = round(project.cash_yuan * 100)
        return cash

    def state(self) -> dict[str, Any]:
        """Return what changes over time."""
        x = self.shocks
        return {
            "spread": self.spread.copy(),
            "common": x.common.copy(),
            "sector": x.sector.copy(),
            "firm": x.firm.copy(),
            "years_passed": self.years_passed,
            "working": self.working.copy(),
            "covered": self.covered.copy(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Put back what `state` returned."""
        self.spread = np.array(state["spread"])
        self.years_passed = float(state["years_passed"])
        self.working, self.covered = np.array(state["working"]), np.array(state["covered"])
        self.shocks = Shocks(np.array(state["common"]), np.array(state["sector"]), np.array(state["firm"]))


def _numbered_names(sector: npt.NDArray[np.intp], codes: list[str]) -> list[str]:
    seen = [0] * len(codes)
    names = []
    for s in sector:
        seen[s] += 1
        names.append(f"{codes[s]}-{seen[s]:04d}")
    return names


def _places(code: str, sector: SectorSpec, streams: Streams) -> list[str]:
    """Return the prefecture of each firm of a sector, drawn by the stated shares from a stream of its own."""
    if not sector.regions:
        return [""] * sector.firms
    names = list(sector.regions)
    ends = np.cumsum([sector.regions[name] for name in names])
    drawn = streams[f"{REGION}.{code}"].random(sector.firms) * ends[-1]
    return [names[i] for i in np.searchsorted(ends, drawn, side="right")]


def _at_year(value: float | dict[int, float], year: int) -> float:
    if not isinstance(value, dict):
        return float(value)
    past = [y for y in value if y <= year]
    return float(value[max(past)] if past else value[min(value)])


def _first(value: float | dict[int, float]) -> float:
    return float(value[min(value)] if isinstance(value, dict) else value)
