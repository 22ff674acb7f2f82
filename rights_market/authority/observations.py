"""Figures that an authority may look at when it reviews its rules: the tape, the registry, verified data.

Beliefs, private costs and use that nobody verified are not among them.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from rights_market.authority.mrv.files import UseFile
from rights_market.authority.office import Office
from rights_market.exchange.calendar import Period, TradingCalendar
from rights_market.policies.feedback import FeedbackRule
from rights_market.registry.accounts import AccountKind

Int64 = npt.NDArray[np.int64]
Files = dict[tuple[str, str], UseFile]
FEN_PER_YUAN = 100


class Observations:
    """Looks figures up as of the evening of a trading day.

    Parameters
    ----------
    office : Office
    files : dict of (str, str) to UseFile
        What is on file about use, by right and period.
    calendar : TradingCalendar
    """

    def __init__(self, office: Office, files: Files, calendar: TradingCalendar) -> None:
        self._office, self._files, self._calendar = office, files, calendar
        self._look_up: dict[str, Callable[[str, FeedbackRule, date], Fraction | None]] = {
            "mean_price": self.mean_price,
            "compliance_rate": self.compliance_rate,
            "bank_share": self.bank_share,
            "late_trade_share": self.late_trade_share,
            "false_report_share": self.false_report_share,
        }

    def figure(self, right: str, rule: FeedbackRule, today: date) -> Fraction | None:
        """Return the figure that a rule watches, not rounded; None where there is nothing to be seen yet."""
        return self._look_up[rule.watch](right, rule, today)

    def mean_price(self, right: str, rule: FeedbackRule, today: date) -> Fraction | None:
        """Return the mean price of the last days in all modes, CNY per unit."""
        value, lots = self._traded(right, today - timedelta(rule.window - 1), today)
        lot = Fraction(self._office.books[right].right.lot)
        return None if lots == 0 else Fraction(value, lots) / (FEN_PER_YUAN * lot)

    def late_trade_share(self, right: str, rule: FeedbackRule, today: date) -> Fraction | None:
        """Return which share of the volume between two deadlines fell into the last days before the second."""
        period = self._closed(right, today)
        if period is None:
            return None
        before = self._office.previous(right, period)
        first = self._calendar.days[0] if before is None else before.deadline + timedelta(1)
        late = max(first, period.deadline - timedelta(rule.window - 1))
        _, whole = self._traded(right, first, period.deadline)
        _, part = self._traded(right, late, period.deadline)
        return None if whole == 0 else Fraction(part, whole)

    def compliance_rate(self, right: str, rule: FeedbackRule, today: date) -> Fraction | None:
        """Return which share of the duty of the last period that has ended is met."""
        period = self._closed(right, today)
        if period is None:
            return None
        obligations = self._office.market.obligations
        duty = int(obligations.duty_lots(right, period.name).sum())
        missing = int(obligations.shortfall(right, period.name).sum())
        return None if duty == 0 else 1 - Fraction(missing, duty)

    def bank_share(self, right: str, rule: FeedbackRule, today: date) -> Fraction | None:
        """Return the units left over from periods that have ended, as a share of a year's verified use."""
        period = self._closed(right, today)
        if period is None:
            return None
        used = int(self._office.market.obligations.verified_lots(right, period.name).sum())
        return None if used == 0 else Fraction(self._left_over(right, period) * len(period.years), used)

    def false_report_share(self, right: str, rule: FeedbackRule, today: date) -> Fraction | None:
        """Return which share of the firms that were audited last had left something out."""
        for period in reversed(self._office.books[right].periods):
            file = self._files.get((right, period.name))
            if file is not None and file.audited.any():
                return Fraction(int((file.found[file.audited] > 0).sum()), int(file.audited.sum()))
        return None

    def _left_over(self, right: str, last: Period) -> int:
        """Return the lots outside the government's accounts that come from periods up to one.

        Units that were carried over may be of a later vintage by now: of those, only what was converted counts.
        """
        registry, shelf = self._office.market.registry, self._office.shelf(right)
        old = shelf.instruments[shelf.vintages <= last.vintage]
        government = np.flatnonzero(self._office.market.accounts.kinds == AccountKind.GOVERNMENT)
        own = sum(
            int(part[np.ix_(old, government)].sum()) for part in (registry.free, registry.frozen, registry.pledged)
        )
        carried = int(registry.total("converted_in")[shelf.instruments[shelf.vintages > last.vintage]].sum())
        return int(registry.outstanding[old].sum()) - own + carried

    def _closed(self, right: str, today: date) -> Period | None:
        """Return the last period whose duty has fallen due, today included."""
        closed = [p for p in self._office.books[right].periods if self._calendar.days[0] <= p.deadline]
        closed = [p for p in closed if self._last_day(p.deadline) <= self._last_day(today)]
        return closed[-1] if closed else None

    def _last_day(self, when: date) -> int:
        """Return the trading day on which what is due by a date is done; past the end for a date beyond it."""
        index = self._calendar.index_on_or_before(when)
        return len(self._calendar) if index is None or when > self._calendar.end else index

    def _traded(self, right: str, first: date, last: date) -> tuple[int, int]:
        """Return value, fen, and lots of the trades between two dates, both included."""
        start, end = self._calendar.index_on_or_after(first), self._calendar.index_on_or_before(last)
        if start is None or end is None or start > end:
            return 0, 0
        return self._office.market.traded(self._office.shelf(right).instruments, end - start + 1, end)
