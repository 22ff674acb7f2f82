"""The rules of one right in time: its rule book, and the changes that are announced and come into force.

A rule book is never altered.  A change replaces slots of it from a date on; everybody learns of it when it is
announced, and may from then on ask which rules will hold on a later day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any

from rights_market.errors import PolicyError
from rights_market.exchange.calendar import Dated, Entry, Period
from rights_market.rulebook import RuleBook

MONITORING = ("measurement", "reporting", "verification", "audit", "disclosure", "inventory")
SUPPLY = ("auction", "consignment", "forward_vintages", "stability")
SUPERVISION = ("listed", "breaker", "holding_limit", "admission", "collar", "price_floor")
FIXED = ("right", "periods", "opening_price_ticks", "tradable", "paid_use", *SUPPLY, *MONITORING, *SUPERVISION)
"""Slots that no change can touch: what is traded, when it is settled, and what has dates or people of its own."""
COMPLIANCE = (
    "surrender",
    "shortfall_caps",
    "offset_limit",
    "borrowing",
    "penalties",
    "make_good",
    "sanctions",
    "banking",
)
"""Slots whose change has to be announced before the deadline of a period that it still concerns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleChange:
    """Slots of a rule book that are replaced from a date on.

    Attributes
    ----------
    right : str
        Code of the right.
    announce : date
        Agents learn of the change on the first trading day from here on.
    start : date
        The new rules hold from the first hook on or after it.
    slots : mapping of str to object
        New value of each slot of the rule book that changes.
    retroactive : bool
        Whether numbers that were published before are worked out anew, and whether the change may be announced after
        it begins or after a deadline that it concerns.

    Raises
    ------
    PolicyError
        If a slot does not exist or cannot change, or the change begins before it is announced.

    References
    ----------
    Such as the carry-over limit of China's national carbon market, announced in October 2024 for the end of 2025
    [seen], and its fines since 2024-05-01 [known].
    """

    right: str
    announce: date
    start: date
    slots: Mapping[str, Any]
    retroactive: bool = False

    def __post_init__(self) -> None:
        known = {f.name for f in fields(RuleBook)} - set(FIXED)
        for slot in self.slots:
            if slot not in known:
                raise PolicyError(f"{self.right}: a dated change cannot set `{slot}`; it can set {sorted(known)}")
        if self.announce > self.start and not self.retroactive:
            raise PolicyError(
                f"{self.right}: E_RETRO: announce {self.announce} lies after from {self.start}; set retroactive: true "
                "if that is meant"
            )

    @property
    def begins(self) -> date:
        """First day of the new rules: their start, or a later announcement."""
        return max(self.announce, self.start)


class RuleHistory:
    """Which rule book of one right is in force, and what is announced.

    Parameters
    ----------
    book : RuleBook
        Rules of the first day.
    changes : sequence of RuleChange
        Changes of the right, others are passed over; they apply one after the other in the order in which they begin.

    Raises
    ------
    PolicyError
        If a change leads to a rule book that contradicts itself, or comes too late for a period that it concerns.
    """

    def __init__(self, book: RuleBook, changes: Sequence[RuleChange] = ()) -> None:
        self.changes = tuple(sorted((c for c in changes if c.right == book.right.code), key=lambda c: c.begins))
        books = [book]
        for change in self.changes:
            _refuse_surprise(book, change)
            if "cap" in change.slots and (book.auction is not None or book.cap is None):
                why = "where there was none" if book.cap is None else "where an `auction` sells by it"
                raise PolicyError(f"{change.right}: a dated change cannot set `cap` {why}")
            books.append(replace(books[-1], **change.slots))
        self.books = tuple(books)
        self._book = book
        self._announced_by = self._begun_by = date.min

    @property
    def version(self) -> int:
        """Number of changes in force."""
        return sum(c.begins <= self._begun_by for c in self.changes)

    @property
    def book(self) -> RuleBook:
        """The rule book in force."""
        return self._book

    def dates(self) -> list[Dated]:
        """Return the days on which changes are announced or begin, for an agenda."""
        code = self.books[0].right.code
        return [
            Dated(when, Entry("rule_change", code, str(i)))
            for i, change in enumerate(self.changes)
            for when in sorted({change.announce, change.begins})
        ]

    def announce(self, today: date) -> list[RuleChange]:
        """Make known what is announced by today, and return what was not known before."""
        before, self._announced_by = self._announced_by, max(today, self._announced_by)
        return [c for c in self.changes if before < c.announce <= today]

    def begin(self, today: date) -> list[RuleChange]:
        """Put into force what begins by today, and return what was not in force before."""
        before, self._begun_by = self._begun_by, max(today, self._begun_by)
        self._book = self.books[self.version]
        return [c for c in self.changes if before < c.begins <= today]

    def on(self, when: date) -> RuleBook:
        """Return the rules that will hold on a later day, by what is announced so far."""
        known = [i for i, c in enumerate(self.changes) if c.announce <= self._announced_by and c.begins <= when]
        if known == list(range(len(known))):
            return self.books[len(known)]
        book = self.books[0]
        for i in known:
            book = replace(book, **self.changes[i].slots)
        return book

    def state(self) -> dict[str, Any]:
        """Return up to which day changes were announced and put into force."""
        return {"announced_by": self._announced_by.isoformat(), "begun_by": self._begun_by.isoformat()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back what `state` returned, of this history or of one with other changes."""
        self._announced_by = date.fromisoformat(state["announced_by"])
        self._begun_by = date.fromisoformat(state["begun_by"])
        self._book = self.books[self.version]


def _refuse_surprise(book: RuleBook, change: RuleChange) -> None:
    """Refuse a change of what a period costs or keeps that firms learn of only after its deadline."""
    if change.retroactive or not set(change.slots) & set(COMPLIANCE):
        return
    for period in book.periods:
        if period.deadline <= change.announce and change.start <= _last_date(period):
            raise PolicyError(
                f"{change.right}: E_RETRO: announce {change.announce} lies after the deadline {period.deadline} of "
                f"period {period.name}, which the change from {change.start} on still concerns; set retroactive: true "
                "if that is meant"
            )


def _last_date(period: Period) -> date:
    later = (period.deadline, period.penalty, period.make_good, period.banking_close)
    return max(d for d in later if d is not None)
