"""The rules of one right in time: its rule book, and the changes that are announced and come into force.

A rule book is never altered.  A change replaces slots of it from a date on; everybody learns of it when it is
announced, and may from then on ask which rules will hold on a later day.  Changes are written into the scenario, or
decided on the way by a feedback rule; those move a single number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from rights_market.errors import PolicyError
from rights_market.exchange.calendar import Dated, Entry
from rights_market.policies.fields import number_at
from rights_market.rule_change import Adjustment, Change, RuleChange, refuse_feedback, refuse_slots, refuse_surprise
from rights_market.rulebook import RuleBook


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
        self._written = tuple(sorted((c for c in changes if c.right == book.right.code), key=lambda c: c.begins))
        self._first = self._book = book
        self._announced_by = self._begun_by = date.min
        for change in self._written:
            refuse_surprise(book, change)
            refuse_slots(book, change)
        for number in range(len(book.regulator)):
            refuse_feedback(book, number, self._written)
        self._put_in_order([])

    def _put_in_order(self, adjustments: list[Adjustment]) -> None:
        """Work out the rule books that follow each other."""
        changes: list[Change] = [*self._written, *adjustments]
        changes.sort(key=lambda c: c.begins)
        books = [self._first]
        for change in changes:
            books.append(change.apply(books[-1]))
        self._adjustments, self.changes, self.books = adjustments, tuple(changes), tuple(books)

    def adjust(self, adjustment: Adjustment) -> None:
        """Add a change that was decided today, and make it known.

        Raises
        ------
        PolicyError
            If it begins by a day of which the rules are settled, or leads to rules that contradict themselves.
        """
        if adjustment.start <= self._begun_by:
            raise PolicyError(f"{adjustment.right}: an adjustment from {adjustment.start} comes after {self._begun_by}")
        self._put_in_order([*self._adjustments, adjustment])
        self._announced_by = max(self._announced_by, adjustment.announce)

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
        code = self._first.right.code
        return [
            Dated(when, Entry("rule_change", code, str(i)))
            for i, change in enumerate(self._written)
            for when in sorted({change.announce, change.begins})
        ]

    def is_due(self, today: date) -> bool:
        """Return whether anything is announced or begins by today that was not before."""
        return any(self._announced_by < c.announce <= today or self._begun_by < c.begins <= today for c in self.changes)

    def announce(self, today: date) -> list[Change]:
        """Make known what is announced by today, and return what was not known before."""
        before, self._announced_by = self._announced_by, max(today, self._announced_by)
        return [c for c in self.changes if before < c.announce <= today]

    def begin(self, today: date) -> list[Change]:
        """Put into force what begins by today, and return what was not in force before."""
        before, self._begun_by = self._begun_by, max(today, self._begun_by)
        self._book = self.books[self.version]
        return [c for c in self.changes if before < c.begins <= today]

    def on(self, when: date) -> RuleBook:
        """Return the rules that will hold on a later day, by what is announced so far."""
        known = [i for i, c in enumerate(self.changes) if c.announce <= self._announced_by and c.begins <= when]
        if known == list(range(len(known))):
            return self.books[len(known)]
        book = self._first
        for i in known:
            book = self.changes[i].apply(book)
        return book

    @property
    def announced(self) -> RuleBook:
        """The rules once all that is announced so far has begun."""
        return self.on(date.max)

    def state(self) -> dict[str, Any]:
        """Return up to which day changes were announced and put into force, and what was decided on the way."""
        return {
            "announced_by": self._announced_by.isoformat(),
            "begun_by": self._begun_by.isoformat(),
            "adjustments": [x.state() for x in self._adjustments],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back what `state` returned, of this history or of one with other changes.

        What was decided about a number that these rules do not have is left out.
        """
        found = [Adjustment.of(self._first.right.code, x) for x in state["adjustments"]]
        self._put_in_order([x for x in found if _has(self._first, x.field)])
        self._announced_by = date.fromisoformat(state["announced_by"])
        self._begun_by = date.fromisoformat(state["begun_by"])
        self._book = self.books[self.version]


def _has(book: RuleBook, field: str) -> bool:
    try:
        number_at(book, field)
    except PolicyError:
        return False
    return True
