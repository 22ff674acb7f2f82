"""A reserve that takes lots out of auctions while many are in circulation, and gives them back while few are."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal, NamedTuple

from annotated_types import Ge, Le

from rights_market.errors import PolicyError
from rights_market.policies.rule import Lots, Rule, Share
from rights_market.units import half_up

MILLION = 1_000_000
Month = Annotated[int, Ge(1), Le(12)]


class Review(NamedTuple):
    """What a review decides.

    Attributes
    ----------
    intake, release : int
        Lots that go into the reserve, or come out of it; at most one is above 0.
    """

    intake: int
    release: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketStabilityReserve(Rule):
    """Reserve filled from auctions while the surplus is large, emptied into them while it is small.

    Once a year the units in circulation on 31 December are published: all outside government accounts, less the
    verified use for which none has been surrendered yet.  Where they are many, a share of them is withheld from the
    auctions of the next window of twelve months; where they are few, the reserve is sold there.  What the reserve holds
    above a limit is cancelled at the beginning of a year.

    Attributes
    ----------
    version : int
        2018: a share of the circulation whenever it lies above `upper`, if that is at least `min_intake`.  2023: the
        share only above `buffer_top`, and between `upper` and `buffer_top` what exceeds `upper`.
    upper, lower, buffer_top : int
        Bounds of the circulation, lots.
    rate, late_rate : Decimal
        Share of the circulation taken in, until and from the year `late_from`.
    late_from : int
        Year of the review from which the later rate and the later least intake hold.
    min_intake, late_min_intake : int
        Least intake of the version of 2018, lots.
    release, early_release : int
        Most that is given back in a year, lots, after and up to the year `early_until`.
    early_until : int
        Last year of the review in which the earlier amount is given back.
    invalidate : str
        What the reserve may hold at the beginning of a year: last year's auctions (`previous_auction`), a `fixed`
        number of lots, or any number (`none`); by default that of the version.
    hold_at_most : int
        The fixed number of lots.
    invalidate_from : int or None
        First year of cancellation; None: 2023 or, in the version of 2023, 2024.
    start_fill : int
        Lots in the reserve at the start, beyond the caps.
    review_month : int
        Month at whose beginning the circulation is published, of the year after.
    window_month : int
        Month in which the twelve months begin over which auctions are cut or enlarged.

    References
    ----------
    Decision (EU) 2015/1814, article 1(4) to (5a), as amended in 2018 and 2023 [seen in part]; least intake, article
    references [known].  Published figures of circulation and intake from 2017 to 2025 are reproduced by the tests.
    """

    kind: Literal["market_stability_reserve"] = "market_stability_reserve"
    version: Literal[2018, 2023] = 2023
    upper: Lots = 833 * MILLION
    lower: Lots = 400 * MILLION
    buffer_top: Lots = 1096 * MILLION
    rate: Share = Decimal("0.24")
    late_rate: Share = Decimal("0.12")
    late_from: int = 2031
    min_intake: Lots = 200 * MILLION
    late_min_intake: Lots = 100 * MILLION
    release: Lots = 100 * MILLION
    early_release: Lots = 200 * MILLION
    early_until: int = 2023
    invalidate: Literal["by_version", "none", "previous_auction", "fixed"] = "by_version"
    hold_at_most: Lots = 400 * MILLION
    invalidate_from: int | None = None
    start_fill: Lots = 0
    review_month: Month = 6
    window_month: Month = 9

    def check(self) -> None:
        """Refuse bounds that do not rise."""
        if not self.lower < self.upper:
            raise PolicyError(f"market_stability_reserve: lower {self.lower} is not below upper {self.upper}")
        if self.version == 2023 and not self.upper <= self.buffer_top:
            raise PolicyError(f"market_stability_reserve: upper {self.upper} lies above buffer_top {self.buffer_top}")

    def review(self, circulation: int, held: int, year: int) -> Review:
        """Decide what the auctions of the next window lose or gain.

        Parameters
        ----------
        circulation : int
            Units in circulation at the end of last year, lots; below 0 where more was used than is there.
        held : int
            Lots in the reserve.
        year : int
            Calendar year of the review.

        Examples
        --------
        >>> MarketStabilityReserve().review(1_023_494_000, 0, 2026)
        Review(intake=190494000, release=0)
        """
        return Review(self._intake(circulation, year), self._release(circulation, held, year))

    def invalid(self, held: int, auctioned_last_year: int, year: int) -> int:
        """Return the lots that are cancelled at the beginning of a year.

        Parameters
        ----------
        held : int
            Lots in the reserve.
        auctioned_last_year : int
            Lots sold in the auctions of the year before.
        """
        by_version = "previous_auction" if self.version == 2018 else "fixed"
        rule = by_version if self.invalidate == "by_version" else self.invalidate
        first = self.invalidate_from or (2023 if self.version == 2018 else 2024)
        if rule == "none" or year < first:
            return 0
        return max(0, held - (auctioned_last_year if rule == "previous_auction" else self.hold_at_most))

    def _intake(self, circulation: int, year: int) -> int:
        is_late = year >= self.late_from
        share = half_up(Fraction(self.late_rate if is_late else self.rate) * max(0, circulation))
        if self.version == 2018:
            least = self.late_min_intake if is_late else self.min_intake
            return share if circulation > self.upper and share >= least else 0
        if circulation > self.buffer_top:
            return share
        return max(0, circulation - self.upper)

    def _release(self, circulation: int, held: int, year: int) -> int:
        if circulation >= self.lower:
            return 0
        return min(held, self.early_release if year <= self.early_until else self.release)
