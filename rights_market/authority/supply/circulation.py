"""The market stability reserve at work: what is in circulation, and what the reserve takes, gives and loses."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from rights_market.authority.office import Matter, Office
from rights_market.authority.supply.pots import Pot
from rights_market.exchange.calendar import Period
from rights_market.policies.stability import MarketStabilityReserve
from rights_market.registry.accounts import AccountKind
from rights_market.units import floor


class YearEnd(NamedTuple):
    """Figures of 31 December.

    Attributes
    ----------
    outside : int
        Units of that year's and older vintages, or carried over from them, that are not on government accounts, lots.
    surrendered : dict of str to int
        What had been surrendered so far for each period, lots.
    """

    outside: int
    surrendered: dict[str, int]


class StabilityReserve:
    """The market stability reserve of one right.

    Parameters
    ----------
    office : Office
    right : str
        Code of the right.
    rule : MarketStabilityReserve

    Attributes
    ----------
    pot : Pot
    carried : int
        Lots that could not be taken in by the last window's auctions.
    """

    def __init__(self, office: Office, right: str, rule: MarketStabilityReserve) -> None:
        self._office, self._right, self.rule = office, right, rule
        self.pot = Pot(office, right, "market stability reserve")
        self.carried = 0
        self._is_filled = False
        self._year_ends: dict[int, YearEnd] = {}

    def fill(self, matter: Matter) -> None:
        """Put the lots of the start into the reserve, once."""
        if not self._is_filled:
            self._is_filled = True
            self.pot.put(matter.instrument, self.rule.start_fill)

    def invalidate(self, matter: Matter, year: int, auctioned_last_year: int | None) -> None:
        """Cancel what the reserve may not hold at the beginning of a year.

        Where the year before lies before the market, what was auctioned in it is not known and nothing is cancelled by
        it.
        """
        if auctioned_last_year is None:
            return
        lots = self.rule.invalid(self.pot.lots, auctioned_last_year, year)
        if lots:
            self.pot.cancel(lots)
            self._office.note(matter, self.rule.kind, "msr_invalidated", lots=lots)

    def close_year(self, year: int) -> None:
        """Take down the figures of 31 December."""
        office, obligations = self._office, self._office.market.obligations
        registry, shelf = office.market.registry, office.shelf(self._right)
        rows = shelf.instruments[shelf.vintages <= year]
        own = np.flatnonzero(office.market.accounts.kinds == AccountKind.GOVERNMENT)
        held = sum(part[np.ix_(rows, own)].sum() for part in (registry.free, registry.frozen, registry.pledged))
        # Units carried over may be of the next vintage by now.
        held -= registry.total("converted_in")[shelf.instruments[shelf.vintages > year]].sum()
        surrendered = {
            p.name: int(obligations.surrendered_lots(self._right, p.name).sum()) for p in self._used_by(year)
        }
        self._year_ends[year] = YearEnd(int(registry.outstanding[rows].sum() - held), surrendered)

    def circulation(self, year: int) -> int | None:
        """Return the units in circulation at the end of a year, lots; None where that cannot be known."""
        end = self._year_ends.get(year)
        obligations = self._office.market.obligations
        periods = self._used_by(year)
        if end is None or not all(obligations.is_verified(self._right, p.name) for p in periods):
            return None
        used = {p.name: int(obligations.verified_lots(self._right, p.name).sum()) for p in periods}
        return end.outside - sum(max(0, used[p.name] - end.surrendered[p.name]) for p in periods)

    def review(self, matter: Matter, year: int, last_day: date) -> tuple[int, int]:
        """Publish the circulation, and return what the auctions of the next window lose and gain, lots.

        Parameters
        ----------
        year : int
            Calendar year of the review.
        last_day : date
            Where the calendar ends within the window, only the part of the amounts that falls before is ordered.
        """
        if year - 1 not in self._year_ends:
            return self.carried, 0  # Last year lies before the market.
        circulation = self.circulation(year - 1)
        if circulation is None:
            self._office.note(matter, self.rule.kind, "rule_unmet", note=f"circulation of {year - 1} is not known")
            return self.carried, 0
        self._office.note(matter, self.rule.kind, "circulation_published", lots=circulation)
        decided = self.rule.review(circulation, self.pot.lots, year)
        for code, lots in (("msr_intake", decided.intake), ("msr_release", decided.release)):
            if lots:
                self._office.note(matter, self.rule.kind, code, lots=lots)
        start, end = self.window(year)
        share = min(Fraction(1), Fraction(max(0, (last_day - start).days + 1), (end - start).days))
        return floor(share * decided.intake) + self.carried, floor(share * decided.release)

    def window(self, year: int) -> tuple[date, date]:
        """Return the first day of the window that follows a review, and the day after its last."""
        month = self.rule.window_month
        first = year if month >= self.rule.review_month else year + 1
        return date(first, month, 1), date(first + 1, month, 1)

    def _used_by(self, year: int) -> list[Period]:
        """Return the periods whose use had ended by the end of a year."""
        return [p for p in self._office.books[self._right].periods if p.use_to <= date(year, 12, 31)]

    def state(self) -> dict[str, Any]:
        """Return what changes besides the registry."""
        ends = [(y, e.outside, sorted(e.surrendered.items())) for y, e in sorted(self._year_ends.items())]
        return {"carried": self.carried, "is_filled": self._is_filled, "year_ends": ends}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back what `state` returned."""
        self.carried, self._is_filled = int(state["carried"]), bool(state["is_filled"])
        self._year_ends = {
            int(y): YearEnd(int(outside), {name: int(n) for name, n in rows}) for y, outside, rows in state["year_ends"]
        }
