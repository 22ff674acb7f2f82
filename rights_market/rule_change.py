"""Changes of a rule book: slots that are replaced on a date, and numbers that the authority moves on the way.

A change is announced first and holds later.  Some slots cannot change at all, and what a period costs or keeps cannot
change once its deadline has passed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from decimal import Decimal
from typing import Any

from rights_market.errors import PolicyError
from rights_market.exchange.calendar import Period
from rights_market.policies.fields import Number, number_at, with_number
from rights_market.rulebook import RuleBook

MONITORING = ("measurement", "reporting", "verification", "disclosure", "inventory")
SUPPLY = ("auction", "consignment", "forward_vintages", "stability")
SUPERVISION = ("listed", "breaker", "holding_limit", "admission", "collar", "price_floor")
FIXED = (
    "right",
    "periods",
    "opening_price_ticks",
    "tradable",
    "paid_use",
    "regulator",
    *SUPPLY,
    *MONITORING,
    *SUPERVISION,
)
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
        for slot in self.slots:
            _refuse_fixed(self.right, slot)
        if self.announce > self.start and not self.retroactive:
            raise PolicyError(
                f"{self.right}: E_RETRO: announce {self.announce} lies after from {self.start}; set retroactive: true "
                "if that is meant"
            )

    @property
    def begins(self) -> date:
        """First day of the new rules: their start, or a later announcement."""
        return max(self.announce, self.start)

    def apply(self, book: RuleBook) -> RuleBook:
        """Return a rule book with this change in it."""
        return replace(book, **self.slots)

    @property
    def reason(self) -> str:
        """Why it is made; a change of the scenario gives no reason."""
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    """A number of a rule book that the authority moves from a date on.

    Attributes
    ----------
    right : str
        Code of the right.
    announce, start : date
        As those of a `RuleChange`.
    field : str
        Dotted path of the number.
    value : int or Decimal
        What it is from then on.
    reason : str
        What was observed.

    Raises
    ------
    PolicyError
        If the number stands in a slot that cannot change.
    """

    right: str
    announce: date
    start: date
    field: str
    value: Number
    reason: str

    def __post_init__(self) -> None:
        _refuse_fixed(self.right, self.field.partition(".")[0])

    @property
    def begins(self) -> date:
        """First day of the new number."""
        return self.start

    @property
    def slots(self) -> tuple[str, ...]:
        """The slot that it touches."""
        return (self.field.partition(".")[0],)

    @property
    def retroactive(self) -> bool:
        """Whether what was published is worked out anew: never."""
        return False

    def apply(self, book: RuleBook) -> RuleBook:
        """Return a rule book with this number in it."""
        return with_number(book, self.field, self.value)

    def state(self) -> dict[str, Any]:
        """Return it as text, and the number as text or a whole number."""
        return {
            "announce": self.announce.isoformat(),
            "start": self.start.isoformat(),
            "field": self.field,
            "value": self.value if isinstance(self.value, int) else str(self.value),
            "reason": self.reason,
        }

    @classmethod
    def of(cls, right: str, state: Mapping[str, Any]) -> Adjustment:
        """Return what `state` returned, of a right."""
        value = state["value"]
        return cls(
            right=right,
            announce=date.fromisoformat(state["announce"]),
            start=date.fromisoformat(state["start"]),
            field=str(state["field"]),
            value=Decimal(value) if isinstance(value, str) else int(value),
            reason=str(state["reason"]),
        )


Change = RuleChange | Adjustment


def refuse_surprise(book: RuleBook, change: Change) -> None:
    """Refuse a change of what a period costs or keeps that firms learn of only after its deadline.

    Raises
    ------
    PolicyError
        Naming the period.
    """
    if change.retroactive or not set(change.slots) & set(COMPLIANCE):
        return
    is_written = isinstance(change, RuleChange)
    hint = "set retroactive: true if that is meant" if is_written else "choose another review or a longer notice"
    for period in book.periods:
        if period.deadline <= change.announce and change.start <= _last_date(period):
            raise PolicyError(
                f"{change.right}: E_RETRO: announce {change.announce} lies after the deadline {period.deadline} of "
                f"period {period.name}, which the change from {change.start} on still concerns; {hint}"
            )


def refuse_slots(book: RuleBook, change: Change) -> None:
    """Refuse a change of a slot that this right could only have had from the start, or has no use for.

    Raises
    ------
    PolicyError
        Naming the slot.
    """
    if "cap" in change.slots and (book.auction is not None or book.cap is None):
        why = "where there was none" if book.cap is None else "where an `auction` sells by it"
        raise PolicyError(f"{change.right}: a dated change cannot set `cap` {why}")
    is_left_out = isinstance(change, RuleChange) and change.slots.get("audit", book.audit) is None
    if "audit" in change.slots and (book.audit is None or is_left_out):
        why = "where there was none" if book.audit is None else "to nothing"
        raise PolicyError(f"{change.right}: a dated change cannot set `audit` {why}: audits have dates of their own")


def refuse_feedback(book: RuleBook, number: int, changes: Sequence[RuleChange] = ()) -> None:
    """Refuse a feedback rule that moves what cannot be moved, or what somebody else decides as well.

    Parameters
    ----------
    book : RuleBook
    number : int
        Which of its feedback rules.
    changes : sequence of RuleChange
        Dated changes of the right.

    Raises
    ------
    PolicyError
        Naming the field and what it clashes with.
    """
    rule = book.regulator[number]
    slot, where = rule.field.partition(".")[0], f"{book.right.code}: field {rule.field}"
    _refuse_fixed(book.right.code, slot)
    current = number_at(book, rule.field)
    never = date.max
    refuse_slots(
        book,
        Adjustment(
            right=book.right.code, announce=never, start=never, field=rule.field, value=current, reason=rule.watch
        ),
    )
    rule.refuse_start(current)
    for bound in ("minimum", "maximum"):
        limit = getattr(rule, bound)
        try:
            with_number(book, rule.field, int(limit) if isinstance(current, int) else limit)
        except PolicyError as error:
            raise PolicyError(f"{where} cannot become {bound} {limit}: {error}") from error
    if rule.field in [other.field for other in book.regulator[:number]]:
        raise PolicyError(f"E_OVERLAP: {where} is moved by another feedback rule as well")
    if any(slot in change.slots for change in changes):
        raise PolicyError(f"E_OVERLAP: {where} stands in `{slot}`, which a dated change sets as well")


def _refuse_fixed(right: str, slot: str) -> None:
    known = {f.name for f in fields(RuleBook)} - set(FIXED)
    if slot not in known:
        raise PolicyError(f"{right}: a dated change cannot set `{slot}`; it can set {sorted(known)}")


def _last_date(period: Period) -> date:
    later = (period.deadline, period.penalty, period.make_good, period.banking_close)
    return max(d for d in later if d is not None)
