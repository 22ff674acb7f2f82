"""The rule book of one right: everything a designer decides about it, in one record.

A market has one rule book for each right.  `Authority` carries it out; agents read it to know what they owe.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from annotated_types import Len

from rights_market.errors import PolicyError
from rights_market.exchange.calendar import Period
from rights_market.policies.allocation import Grandfathering, OutputBenchmark, UpfrontTrueUp, Where
from rights_market.policies.auction import AuctionSchedule, SealedUniform
from rights_market.policies.banking import CappedBanking, FreeBanking, NoBanking
from rights_market.policies.cap import AbsolutePath
from rights_market.policies.compliance import MakeGood, Penalty, Surrender
from rights_market.policies.trading import Fees, PriceBand, SettlementCycle
from rights_market.rights import Right


@dataclass(frozen=True, slots=True)
class AllocationEntry:
    """One row of the allocation slot: which firms and years, by which rule."""

    rule: Grandfathering | OutputBenchmark
    where: Where = field(default_factory=Where)


@dataclass(frozen=True, slots=True)
class PenaltyEntry:
    """One row of the penalty slot: which firms and years, by which rule."""

    rule: Penalty
    where: Where = field(default_factory=Where)


@dataclass(frozen=True, slots=True)
class AuctionRules:
    """How the government sells a right: format, dates and what is offered.

    Attributes
    ----------
    share : Decimal-like float
        Share of the year's cap that is auctioned (the rest is allocated free).
    """

    rule: SealedUniform
    schedule: AuctionSchedule


@dataclass(frozen=True, slots=True)
class RuleBook:
    """Everything decided about one right.

    Attributes
    ----------
    right : Right
        What is regulated.
    periods : tuple of Period
        Compliance periods in time order.
    opening_price_ticks : int
        Reference price of the first day.
    cap, allocation, upfront, auction, banking, surrender, penalties, make_good
        The rules; see `rights_market.policies`.
    band, fees, settlement, opening_call
        How it is traded; `opening_call` says whether a call auction opens the day.
    """

    right: Right
    periods: Annotated[tuple[Period, ...], Len(1)]
    opening_price_ticks: int
    surrender: Surrender
    allocation: tuple[AllocationEntry, ...] = ()
    penalties: tuple[PenaltyEntry, ...] = ()
    banking: FreeBanking | NoBanking | CappedBanking = field(default_factory=FreeBanking)
    make_good: MakeGood | None = None
    cap: AbsolutePath | None = None
    upfront: UpfrontTrueUp | None = None
    auction: AuctionRules | None = None
    band: PriceBand | None = None
    fees: Fees = field(default_factory=Fees)
    settlement: SettlementCycle = field(default_factory=SettlementCycle)
    opening_call: bool = True

    def __post_init__(self) -> None:
        vintages = [p.vintage for p in self.periods]
        if sorted(set(vintages)) != vintages:
            raise PolicyError(f"{self.right.code}: periods have vintages {vintages}, expected each later than the one before")
        if self.auction is not None and self.cap is None:
            raise PolicyError(f"{self.right.code}: `auction` needs a `cap`: what is not given free is auctioned")
        if not 1 <= self.opening_price_ticks <= self.right.max_price_ticks:
            raise PolicyError(
                f"{self.right.code}: opening price of {self.opening_price_ticks} ticks lies outside 1 to "
                f"max_price {self.right.max_price_ticks}"
            )

    @property
    def bankable(self) -> bool:
        """Whether unused units keep their value after the deadline."""
        return not isinstance(self.banking, NoBanking)
