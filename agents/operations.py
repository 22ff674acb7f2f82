"""What firms do in the real world: how much they make, how far they abate, what they invest, what that costs.

Continuous abatement runs until its marginal cost meets what it saves of all rights together; investments are started
when they pay at the hurdle rate; output answers the cost of rights per unit of product, net of what an extra unit of
output earns in free allocation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from agents.abatement import Measures, MeasureStatus
from agents.behaviour import Behaviour
from agents.firms import Firms
from agents.streams import MEASURES, Streams

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

FEN_PER_YUAN = 100.0


@dataclass(frozen=True, slots=True)
class Rates:
    """Yearly rates at which firms work today.

    Attributes
    ----------
    output : ndarray of float64, shape (n_firms,)
    baseline : ndarray of float64, shape (n_firms, n_rights)
        Use without any policy.
    need : ndarray of float64, shape (n_firms, n_rights)
        Use at the output made, before abatement.
    use : ndarray of float64, shape (n_firms, n_rights)
        Use after abatement, investments and the answer of output.
    cost : ndarray of float64, shape (n_firms, n_rights)
        Cost of continuous abatement by the right at which it aims, CNY.
    """

    output: Floats
    baseline: Floats
    need: Floats
    use: Floats
    cost: Floats


class Operations:
    """Abatement, investment and output of all firms.

    Parameters
    ----------
    firms : Firms
        The population.
    behaviour : Behaviour
        Hurdle rate, speed of adjustment.
    streams : Streams
        Draws which firms can build which measure, once.
    first_year : int
        Year of the first intensities.

    Attributes
    ----------
    share : ndarray of float64, shape (n_firms, n_rights)
        Abated share of today's need of each right, by the measure that aims at it.
    response : ndarray of float64, shape (n_firms,)
        Output relative to what it would be without a cost of rights.
    allowed : ndarray of float64, shape (n_firms,)
        Output that sanctions leave, relative to what it would be without them.
    debt_fen : ndarray of int64, shape (n_firms,)
        Costs that a firm could not pay so far.
    measure_names : tuple of str
        English name of each row of `measures`.
    considered : ndarray of bool, shape (n_measures,)
        Whether the firm of each measure knows of it at all; all of them, unless knowledge spreads by contacts.
    """

    def __init__(self, firms: Firms, behaviour: Behaviour, streams: Streams, first_year: int) -> None:
        self.firms = firms
        self.behaviour = behaviour
        n, n_rights = len(firms), len(firms.rights)
        self.share: Floats = np.zeros((n, n_rights))
        self.response: Floats = np.ones(n)
        self.allowed: Floats = np.ones(n)
        self.debt_fen: Ints = np.zeros(n, dtype=np.int64)
        self.intensity: Floats = firms.intensity(first_year)
        self.measures, self.measure_names = _draw_measures(firms, self.intensity, streams)
        self.considered: Bools = np.ones(len(self.measure_names), dtype=np.bool_)
        self.lumpy: Floats = np.zeros((n, n_rights))
        self._price = firms.product_price_yuan
        self._margin = firms._by_firm("margin_share")
        self._elasticity = firms._by_firm("demand_elasticity")

    def begin_year(self, year: int, streams: Streams) -> None:
        """Measure intensities as the year's rules have it, after firms' lasting differences moved on."""
        self.intensity = self.firms.intensity(year, streams)

    def need(self) -> Floats:
        """Return what firms would need of each right at today's output without abatement, units a year."""
        output = self.firms.output * self.firms.output_factor() * self.allowed * self.response
        return np.asarray(output[:, np.newaxis] * self.intensity)

    def rates(self) -> Rates:
        """Return today's rates; what a firm emits cannot fall below 0 however many measures overlap."""
        firms = self.firms
        undisturbed = firms.output * firms.output_factor() * self.allowed
        need = (undisturbed * self.response)[:, np.newaxis] * self.intensity
        amount = self.share * need
        abated = np.einsum("nr,nrs->ns", amount, firms.co_benefits[firms.sector])
        return Rates(
            output=undisturbed * self.response,
            baseline=undisturbed[:, np.newaxis] * self.intensity,
            need=need,
            use=np.maximum(need - abated - self.lumpy, 0.0),
            cost=need * firms.curves.cost(self.share),
        )

    def plan_abatement(self, value_yuan: Floats) -> None:
        """Move abatement a month's step towards where marginal cost meets the value of all rights it saves.

        Parameters
        ----------
        value_yuan : ndarray of float64, shape (n_firms, n_rights)
            What a unit of each right is worth to the firm, CNY; 0 for rights it need not hold.
        """
        firms = self.firms
        saved = np.einsum("nrs,ns->nr", firms.co_benefits[firms.sector], value_yuan)
        wanted = firms.curves.share_at(saved)
        self.share += self.behaviour.abatement_adjustment * (wanted - self.share)

    def plan_output(self, value_yuan: Floats, free_per_output: Floats, charge_per_output: Floats | float = 0.0) -> None:
        """Let output answer the net cost of rights and of abatement: exp(elasticity x net cost / product price).

        Parameters
        ----------
        value_yuan : ndarray of float64, shape (n_firms, n_rights)
            What a unit of each right is worth to the firm, CNY.
        free_per_output : ndarray of float64, shape (n_firms, n_rights)
            Units that one more unit of output earns in free allocation (0 where allocation does not follow output).
        charge_per_output : ndarray of float64, shape (n_firms,), or float
            What a unit of output costs beside rights, CNY: taxes, dearer power; below 0 where more is given.

        Notes
        -----
        Free allocation that follows output is a subsidy to output: the product costs what it costs to make it, to abate
        and to hold rights for the rest, less what is given free (Fischer and Fox 2007, Land Economics 83:575).
        """
        if not self._elasticity.any():
            return
        per_output = self.intensity * (1.0 - self.share) - free_per_output
        abating = (self.intensity * self.firms.curves.cost(self.share)).sum(axis=1)
        net = (value_yuan * per_output).sum(axis=1) + abating + charge_per_output
        self.response = np.exp(self._elasticity * net / self._price)

    def invest(
        self,
        value_yuan: Floats,
        budget_fen: Ints,
        growth: float,
        day: int,
        grant_fen: Ints | None = None,
        worth_yuan: Floats | float = 0.0,
    ) -> Ints:
        """Start the measures that firms consider, that pay at the hurdle rate and that they can afford.

        Parameters
        ----------
        value_yuan : ndarray of float64, shape (n_firms, n_rights)
            What a unit of each right is worth to the firm, CNY.
        budget_fen : ndarray of int64, shape (n_firms,)
            What each firm may spend.
        growth : float
            Expected growth of prices a year.
        day : int
        grant_fen : ndarray of int64, shape (n_measures,), optional
            What others pay of each measure.
        worth_yuan : ndarray of float64, shape (n_measures,), or float
            What else starting each measure is worth.

        Returns
        -------
        ndarray of int64, shape (n_firms,)
            Capital cost that each firm has to pay now, fen.
        """
        spent = np.zeros(len(self.firms), dtype=np.int64)
        if len(self.measures.firm):
            value = self.measures.net_present_value(value_yuan, self.behaviour.hurdle_rate, growth)
            cost = None
            if grant_fen is not None:
                value = value + grant_fen / FEN_PER_YUAN + worth_yuan
                cost = np.maximum(self.measures.capex_fen - grant_fen, 0)
            rows = self.measures.choose(np.where(self.considered, value, 0.0), budget_fen, cost)
            self.measures = self.measures.start(rows, day)
            np.add.at(spent, self.measures.firm[rows], self.measures.capex_fen[rows])
        return spent

    def advance_measures(self, day: int) -> None:
        """Put finished measures into operation and retire worn-out ones."""
        if len(self.measures.firm):
            self.measures = self.measures.advance(day)
            self.lumpy = self.measures.reduction_per_year(len(self.firms))

    def income_fen(self, output_made: Floats, abatement_cost: Floats, years: float) -> Ints:
        """Return what each firm earned over a stretch before trade in rights, fen; negative when costs were higher.

        Parameters
        ----------
        output_made : ndarray of float64, shape (n_firms,)
            Output of the stretch.
        abatement_cost : ndarray of float64, shape (n_firms,)
            Cost of abatement of the stretch, CNY.
        years : float
            Its length, for running costs and interest.
        """
        running = np.zeros(len(self.firms))
        m = self.measures
        working = m.status == MeasureStatus.RUNNING
        np.add.at(running, m.firm[working], m.opex_fen_per_year[working] * years)
        interest = self.debt_fen * (self.behaviour.cost_of_funds * years)
        earned = (output_made * self._price * self._margin - abatement_cost) * FEN_PER_YUAN
        return np.rint(earned - running - interest).astype(np.int64)

    def state(self) -> dict[str, Any]:
        """Return what changes over time."""
        return {
            "share": self.share.copy(),
            "response": self.response.copy(),
            "allowed": self.allowed.copy(),
            "debt_fen": self.debt_fen.copy(),
            "intensity": self.intensity.copy(),
            "lumpy": self.lumpy.copy(),
            "considered": self.considered.copy(),
            "measures": self.measures.state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Put back what `state` returned."""
        for name in ("share", "response", "allowed", "debt_fen", "intensity", "lumpy", "considered"):
            setattr(self, name, np.array(state[name]))
        self.measures = self.measures.restore(state["measures"])


def _draw_measures(firms: Firms, intensity: Floats, streams: Streams) -> tuple[Measures, tuple[str, ...]]:
    """Return the investments open to each firm, sized by its output, and their names."""
    names: list[str] = []
    columns: tuple[list[int], list[int], list[int], list[int], list[int], list[Floats]] = ([], [], [], [], [], [])
    for code, sector, members in zip(firms.sector_codes, firms.sectors, firms.members, strict=True):
        for spec in sector.measures:
            # New plants are built as they should be.
            members = members[~firms.is_project[members]]
            able = members[streams[f"{MEASURES}.{code}"].random(len(members)) < spec.share_of_firms]
            share = np.array([spec.reduction.get(right, 0.0) for right in firms.rights])
            for row in able:
                output = firms.output[row]
                names.append(spec.name.en)
                columns[0].append(int(row))
                columns[1].append(round(spec.capex_yuan_per_output * output * FEN_PER_YUAN))
                columns[2].append(spec.lead_days)
                columns[3].append(spec.life_years)
                columns[4].append(round(spec.opex_yuan_per_output * output * FEN_PER_YUAN))
                columns[5].append(share * intensity[row] * output)
    reduction = np.array(columns[5]).reshape(len(columns[0]), len(firms.rights))
    return Measures.idle(*columns[:5], reduction), tuple(names)
