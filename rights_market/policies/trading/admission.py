"""Who may trade, from when, and in which modes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le, Unit

from rights_market.errors import PolicyError
from rights_market.policies.rule import Lots, Rule, Share
from rights_market.units import ceil

Mode = Literal["book", "block", "otc", "auction"]
MODES: tuple[Mode, ...] = ("book", "block", "otc", "auction")


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms(Rule):
    """When and how one class of accounts may trade.

    Attributes
    ----------
    from_date : date or None
        First day; None: from the start.
    to_date : date or None
        Last day of admission; None: without end.  For 180 days after it accounts may still sell.
    modes : tuple of str
        Ways of trading that are open to it.
    """

    from_date: date | None = None
    to_date: date | None = None
    modes: tuple[Mode, ...] = MODES


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassAdmission(Terms):
    """Terms on which one class of accounts may trade.

    Attributes
    ----------
    from_date, to_date : date or None
        First and last day of admission; None: from the start, without end.  For 180 days after it accounts may still
        sell.
    modes : tuple of str
        Ways of trading that are open to it.
    max_holding : int or None
        Most that an account of the class may hold by buying, lots.
    """

    max_holding: Lots | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketMakerAdmission(Terms):
    """Terms on which market makers may trade: a quota of their own, and the duty to quote both sides.

    A day on which a market maker quoted in too few batches is written down as `quote_missed`.

    Attributes
    ----------
    from_date, to_date : date or None
        First and last day of admission; None: from the start, without end.  For 180 days after it accounts may still
        sell.
    modes : tuple of str
        Ways of trading that are open to it; the duty needs the book.
    quota : int
        Most that a market maker may hold by buying, lots, in place of the limit that holds for others.
    spread_max : Decimal
        Widest distance between its best bid and its best ask, as a share of their middle.
    presence : Decimal
        Share of the day's batches after which both quotes must stand in the book.

    Raises
    ------
    PolicyError
        If `modes` leave out the book.
    """

    quota: Annotated[int, Ge(1), Unit("lots")]
    spread_max: Annotated[Decimal, Gt(0), Le(1), Unit("share")] = Decimal("0.03")
    presence: Share = Decimal("0.5")

    def check(self) -> None:
        """Refuse a duty to quote in a book to which there is no admission."""
        if "book" not in self.modes:
            raise PolicyError(
                f"admission: market_maker.modes are {', '.join(self.modes)}, but spread_max needs the book"
            )

    def is_close(self, bid_ticks: int, ask_ticks: int) -> bool:
        """Return whether two quotes lie close enough to each other.

        Examples
        --------
        >>> rule = MarketMakerAdmission(quota=1000, spread_max=Decimal("0.02"))
        >>> rule.is_close(4950, 5050), rule.is_close(4949, 5050)
        (True, False)
        """
        return 2 * (ask_ticks - bid_ticks) <= Fraction(self.spread_max) * (ask_ticks + bid_ticks)

    def looks_needed(self, batches: int) -> int:
        """Return after how many of some batches both quotes must stand in the book, rounded up."""
        return ceil(Fraction(self.presence) * batches)


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission(Rule):
    """Accounts of a class may trade from its date on and in its modes; a class that is not named may not.

    Attributes
    ----------
    compliance, institution, individual : ClassAdmission or None
        Firms with a duty, institutions without one, and natural persons; None: not admitted.
    market_maker : MarketMakerAdmission or None
        Institutions that make a market; None: they are institutions like others.

    References
    ----------
    Carbon emission trading rules (trial), 2021: only covered firms so far, others "as the state provides" [known].
    Market makers with a duty to quote: Korea, from 2019 [known]; the share of batches [approx].
    Time to wind up after a class is withdrawn: 180 days [approx].
    """

    kind: Literal["admission"] = "admission"
    compliance: ClassAdmission | None = field(default_factory=ClassAdmission)
    institution: ClassAdmission | None = None
    individual: ClassAdmission | None = None
    market_maker: MarketMakerAdmission | None = None

    def terms(self, account_class: str) -> Terms | None:
        """Return the terms of a class, None where it is not admitted."""
        if account_class == "market_maker" and self.market_maker is None:
            return self.institution
        found: Terms | None = getattr(self, account_class)
        return found

    def most(self, account_class: str) -> int | None:
        """Return the most that accounts of a class may hold by buying, lots, None without a limit of the class."""
        terms = self.terms(account_class)
        if isinstance(terms, MarketMakerAdmission):
            return terms.quota
        return terms.max_holding if isinstance(terms, ClassAdmission) else None

    @property
    def limits_holdings(self) -> bool:
        """Whether accounts of some class may hold only so much by buying."""
        return any(self.most(name) is not None for name in ("compliance", "institution", "individual", "market_maker"))

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
