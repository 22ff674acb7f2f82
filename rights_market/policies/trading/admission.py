"""Who may trade, from when, and in which modes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from rights_market.policies.rule import Lots, Rule

Mode = Literal["book", "block", "otc", "auction"]
MODES: tuple[Mode, ...] = ("book", "block", "otc", "auction")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassAdmission(Rule):
    """Terms on which one class of accounts may trade.

    Attributes
    ----------
    from_date : date or None
        First day; None: from the start.
    to_date : date or None
        Last day of admission; None: without end.  For 180 days after it accounts may still sell.
    modes : tuple of str
        Ways of trading that are open to it.
    max_holding : int or None
        Most that an account of the class may hold by buying, lots.
    """

    from_date: date | None = None
    to_date: date | None = None
    modes: tuple[Mode, ...] = MODES
    max_holding: Lots | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission(Rule):
    """Accounts of a class may trade from its date on and in its modes; a class that is not named may not.

    Attributes
    ----------
    compliance, institution, individual : ClassAdmission or None
        Firms with a duty, institutions without one, and natural persons; None: not admitted.

    References
    ----------
    Carbon emission trading rules (trial), 2021: only covered firms so far, others "as the state provides" [known].
    Time to wind up after a class is withdrawn: 180 days [approx].
    """

    kind: Literal["admission"] = "admission"
    compliance: ClassAdmission | None = field(default_factory=ClassAdmission)
    institution: ClassAdmission | None = None
    individual: ClassAdmission | None = None

    def terms(self, account_class: str) -> ClassAdmission | None:
        """Return the terms of a class, None where it is not admitted."""
        found: ClassAdmission | None = getattr(self, account_class)
        return found

    def may(self, account_class: str, on: date, mode: Mode) -> tuple[bool, bool]:
        """Return whether accounts of a class may buy, and whether they may sell, on a day in a mode.

        Examples
        --------
        >>> rule = Admission(institution=ClassAdmission(from_date=date(2026, 1, 1), to_date=date(2026, 6, 30)))
        >>> rule.may("institution", date(2025, 12, 31), "book"), rule.may("institution", date(2026, 3, 1), "book")
        ((False, False), (True, True))
        >>> rule.may("institution", date(2026, 8, 1), "book"), rule.may("individual", date(2026, 3, 1), "book")
        ((False, True), (False, False))
        """
        terms = self.terms(account_class)
        if terms is None or mode not in terms.modes or (terms.from_date is not None and on < terms.from_date):
            return False, False
        if terms.to_date is None or on <= terms.to_date:
            return True, True
        return False, (on - terms.to_date).days <= WIND_UP_DAYS


WIND_UP_DAYS = 180
"""Calendar days in which accounts of a class that is not admitted any more may sell."""
