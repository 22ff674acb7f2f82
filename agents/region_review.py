"""What regions use and make, as the control of energy looks at it every quarter."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rights_market.policies.cap import EnergyDualControl

if TYPE_CHECKING:
    from agents.model import RightsMarketModel
    from agents.progress import RightProgress

Floats = npt.NDArray[np.float64]

QUARTER = 3
PRECISION = 12
"""Digits to which an observed intensity is rounded."""


class RegionReview:
    """Adds up counted use and the value of output by region, and hands them to the authority every quarter.

    A review looks at the quarter that has passed, brought to a year.

    Parameters
    ----------
    model : RightsMarketModel
    """

    def __init__(self, model: RightsMarketModel) -> None:
        self.model = model
        self._regions = np.array(model.firms.regions, dtype=np.str_)
        self._rules: list[tuple[RightProgress, EnergyDualControl]] = [
            (p, p.rules.cap) for p in model.progress if isinstance(p.rules.cap, EnergyDualControl)
        ]
        self._sums: Floats = np.zeros((len(self._rules) + 1, len(model.firms)))
        self._years = 0.0
        self._start: dict[tuple[str, str], Fraction] = {}

    def begin(self) -> None:
        """Measure the intensities from which the reductions are counted, those of the rule's first year."""
        model = self.model
        for progress, rule in self._rules:
            output = model.firms.past_output(rule.start_year, model.streams)
            intensity = model.firms.intensity(rule.start_year)[:, progress.index]
            use = output * intensity * self._counted(rule)
            value = output * model.firms.product_price_yuan
            for region in rule.total:
                here = self._regions == region
                key = progress.rules.right.code, region
                self._start[key] = _ratio(use[here].sum() / float(progress.rules.right.lot), value[here].sum())

    def serve(self, yesterday: date | None) -> None:
        """Count the day, and review the regions on the first trading day of a quarter."""
        if not self._rules:
            return
        model, today = self.model, self.model.calendar.days[self.model.day]
        if yesterday is not None and _quarter(yesterday) != _quarter(today) and self._years > 0:
            self._review(today.year)
        weight = model.day_weight()
        self._years += weight
        for row, (progress, rule) in enumerate(self._rules):
            self._sums[row] += weight * model.rates.use[:, progress.index] * self._counted(rule)
        self._sums[-1] += weight * model.rates.output * model.firms.product_price_yuan

    def _review(self, year: int) -> None:
        for row, (progress, rule) in enumerate(self._rules):
            code, lot = progress.rules.right.code, float(progress.rules.right.lot)
            for region in rule.total:
                here = self._regions == region
                lots = self._sums[row, here].sum() / lot
                now = _ratio(lots, self._sums[-1, here].sum())
                counted = int(np.rint(lots / self._years))
                start = self._start[code, region]
                self.model.authority.projects.review_region(code, region, year, counted, start, now)
        self._sums[:] = 0.0
        self._years = 0.0

    def _counted(self, rule: EnergyDualControl) -> Floats:
        """Return the share of each firm's use that counts."""
        firms = self.model.firms
        left_out = np.array([sum(s.uncounted.get(kind, 0.0) for kind in rule.exclude) for s in firms.sectors])
        return np.asarray(1.0 - np.minimum(left_out, 1.0)[firms.sector])

    def state(self) -> dict[str, Any]:
        """Return the sums of the quarter and the first intensities."""
        return {
            "sums": self._sums.copy(),
            "years": self._years,
            "start": [(*key, str(x)) for key, x in self._start.items()],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back what `state` returned."""
        self._sums, self._years = np.array(state["sums"]), float(state["years"])
        self._start = {(code, region): Fraction(x) for code, region, x in state["start"]}


def _quarter(day: date) -> tuple[int, int]:
    return day.year, (day.month - 1) // QUARTER


def _ratio(lots: float, value_yuan: float) -> Fraction:
    """Return lots for a unit of value as a fraction of few digits, 0 without any."""
    return Fraction(f"{lots / value_yuan:.{PRECISION}g}") if value_yuan > 0 else Fraction(0)
