"""Caps as the public and the authority see them: what is expected, what is set, and what is corrected for activity."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from rights_market.exchange.calendar import Dated, Entry
from rights_market.policies.cap import CapRule
from rights_market.rulebook import RuleBook

if TYPE_CHECKING:
    from agents.model import RightsMarketModel
    from agents.progress import RightProgress

Floats = npt.NDArray[np.float64]


class CapCourse:
    """Hands the authority the activity that caps follow, and tells firms what caps to expect.

    Parameters
    ----------
    model : RightsMarketModel
    """

    def __init__(self, model: RightsMarketModel) -> None:
        self.model = model

    def lots(self, progress: RightProgress, year: int) -> int:
        """Return the cap of a year, as it was set or as it would be set by the rules that are announced."""
        was_set = self.model.authority.entitlements[progress.rules.right.code].cap_lots.get(year)
        return self._rule(progress, year).cap(year, self._forecast(progress, year)) if was_set is None else was_set

    def lots_to_market(self, progress: RightProgress, year: int) -> int:
        """Return what of the cap of a year comes into the market: all but what goes into the government's reserve."""
        lots, reserve = self.lots(progress, year), progress.rules.government_reserve
        return lots if reserve is None else lots - reserve.set_aside(lots)

    def expected_lots(self, progress: RightProgress, year: int) -> float:
        """Return what of the cap the public expects in the market for a year, also beyond the end of its numbers."""
        cap, tightening = self._rule(progress, year), self.model.behaviour.tightening
        was_set = self.model.authority.entitlements[progress.rules.right.code].cap_lots.get(year)
        lots = expected_cap(cap, year, tightening, self._forecast(progress, year)) if was_set is None else was_set
        reserve = progress.rules.government_reserve
        return lots if reserve is None else lots * (1.0 - float(reserve.initial_share))

    def set(self, progress: RightProgress, period_name: str) -> None:
        """Set the caps of a period for the activity that is expected."""
        use = progress.uses[progress.position(period_name)]
        forecast = {year: self._forecast(progress, year) for year in use.years}
        self.model.authority.plans.set_caps(progress.rules.right.code, use.period, forecast)

    def correct(self, progress: RightProgress, k: int) -> None:
        """Have the caps of a period corrected for what the covered firms made."""
        use = progress.uses[k]
        made = {year: self._activity(progress, use.output[i]) for i, year in enumerate(use.years)}
        self.model.authority.plans.correct_caps(progress.rules.right.code, use.period, made)

    def _rule(self, progress: RightProgress, year: int) -> CapRule:
        """Return the rule of the cap of a year, as announced for the day on which it is set."""
        period = next((use.period for use in progress.uses if year in use.years), None)
        book = progress.history.announced if period is None else progress.history.on(period.announce)
        assert book.cap is not None
        return book.cap

    def _forecast(self, progress: RightProgress, year: int) -> int:
        """Return the activity that the public expects of covered firms in a year, for caps that follow activity."""
        firms = self.model.firms
        if progress.rules.cap is None or not progress.rules.cap.needs_activity:
            return 0
        ahead = max(0, year - self.model.calendar.days[max(0, self.model.day)].year)
        return self._activity(progress, firms.output * firms.trend() * (1.0 + firms.growth) ** ahead)

    def _activity(self, progress: RightProgress, output: Floats) -> int:
        """Return output, or its value in CNY, of the covered firms together, in whole units."""
        firms, cap = self.model.firms, progress.rules.cap
        counted = output * firms.product_price_yuan if cap is not None and cap.counts_value else output
        return int(np.rint(counted[firms.covered[:, progress.index]].sum()))


def expected_cap(cap: CapRule, year: int, tightening: float, activity: int = 0) -> float:
    """Return the lots that the public expects as the cap of a year.

    Where the numbers of a cap end, it expects the last ones, lowered by the yearly tightening that it expects of plans.
    """
    last = cap.last_known(year)
    return cap.cap(last, activity) * max(0.0, 1.0 - tightening * (year - last))


def cap_dates(book: RuleBook) -> list[Dated]:
    """Return the dates on which the caps of a right are set: with the plan of each period."""
    if book.cap is None:
        return []
    return [Dated(p.announce, Entry("cap_set", book.right.code, p.name)) for p in book.periods]
