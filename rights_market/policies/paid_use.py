"""Rights that are paid for: a fixed quantity a year for a term, at a fee, in instalments."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from typing import Annotated, Literal

from annotated_types import Ge, Le

from rights_market.errors import PolicyError
from rights_market.policies.rule import Days, Fen, Rule
from rights_market.units import Exact, floor, half_up, largest_remainder

YEAR_DAYS = 365


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidInitialUse(Rule):
    """Sale of the allocation by the government: so many lots a year for a term, at a fee for each lot and year.

    Each year's lots are issued with that year's allocation, and what is not used does not add up.  In the market a lot
    of one year is bought, at a price for that.  Where a right may be sold in mid-term, so many lots a year change hands
    for the rest of the term, at a price for a lot and year and the days that are left.

    Attributes
    ----------
    fee : int
        Fee for a lot and year, fen.
    fee_from : dict of int to int
        Fees of terms that begin in that year or later.
    term_years : int
        Years of a term, 1 to 20.
    instalments : int
        Parts in which the bill is paid, one a year from the issue of the right; at most `term_years`.
    grace_days : int
        Days after which an instalment that is not paid has consequences.
    on_arrears : str
        ``suspend``: the lots are held by the government until everything due is paid: not sold, and no cover.
        ``cancel``: the part of the quota that is not paid for is cancelled.
    quota : str
        Lots a year of a term: what the rules of ``allocation`` give in its first year, or what the permit of each firm
        says (``permit_level``), verified anew for each term.
    mid_term_sales : bool
        Whether firms may sell lots a year to each other for the rest of the term, this year's lots included.
    free_old_holders : bool
        Whether firms that were there when the market began pay nothing for their first term.

    Raises
    ------
    PolicyError
        If there are more `instalments` than years in `term_years`.

    References
    ----------
    国办发[2014]38 [known]; fees of Zhuzhou, and the first deals of Jiangxi at 389 and 489 CNY a tonne and year [seen].
    """

    kind: Literal["paid_initial_use"] = "paid_initial_use"
    fee: Fen
    fee_from: dict[int, Fen] = field(default_factory=dict)
    term_years: Annotated[int, Ge(1), Le(20)] = 5
    instalments: Annotated[int, Ge(1)] = 1
    grace_days: Days = 30
    on_arrears: Literal["suspend", "cancel"] = "suspend"
    quota: Literal["allocation", "permit_level"] = "allocation"
    mid_term_sales: bool = False
    free_old_holders: bool = False

    def check(self) -> None:
        """Refuse instalments beyond the term."""
        if self.instalments > self.term_years:
            raise PolicyError(
                f"paid initial use: instalments {self.instalments} exceed term_years {self.term_years}, one a year"
            )

    def fee_fen(self, year: int) -> int:
        """Return the fee of a term that begins in a year, fen for a lot and year."""
        past = [y for y in self.fee_from if y <= year]
        return self.fee_from[max(past)] if past else self.fee

    def bill_fen(self, quota_lots: int, year: int) -> int:
        """Return what a term that begins in a year costs.

        Examples
        --------
        >>> PaidInitialUse(fee=38_900).bill_fen(96, 2022)
        18672000
        """
        return quota_lots * self.fee_fen(year) * self.term_years

    def instalment_fen(self, bill_fen: int) -> list[int]:
        """Return the instalments of a bill, as equal as they can be, the larger ones first.

        Examples
        --------
        >>> PaidInitialUse(fee=38_900, instalments=3).instalment_fen(1_361_500)
        [453834, 453833, 453833]
        """
        return largest_remainder(bill_fen, [1] * self.instalments)

    def due_on(self, issued: date) -> list[date]:
        """Return the dates of the instalments: the issue of the right, and the same day of the years after it."""
        return [anniversary(issued, k) for k in range(self.instalments)]

    def ends_on(self, issued: date) -> date:
        """Return the date on which the term is over."""
        return anniversary(issued, self.term_years)

    def is_in_arrears(self, due: date, today: date) -> bool:
        """Return whether an instalment that is still unpaid has consequences today."""
        return today > due + timedelta(self.grace_days)

    def cancelled_lots(self, quota_lots: int, unpaid_fen: int, bill_fen: int) -> int:
        """Return the yearly lots that are cancelled for what is unpaid of a bill, rounded down.

        Examples
        --------
        >>> PaidInitialUse(fee=38_900, instalments=3).cancelled_lots(7, 907_666, 1_361_500)
        4
        """
        return floor(Fraction(quota_lots * unpaid_fen, bill_fen)) if bill_fen else 0


def rest_of_term_fen(lots: int, price_fen: Exact, days_left: int) -> int:
    """Return what lots a year cost when they change hands with some days of the term left, half up to the fen.

    Parameters
    ----------
    lots : int
    price_fen : int, Decimal or Fraction
        Price for a lot and a full year, fen.
    days_left : int

    Examples
    --------
    >>> rest_of_term_fen(4, 38_900, 146)
    62240
    """
    return half_up(Fraction(price_fen) * lots * days_left / YEAR_DAYS)


def anniversary(day: date, years: int) -> date:
    """Return the same day some years later; the last of February in place of a 29th that does not exist."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 2, 28)
