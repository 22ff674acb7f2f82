"""Auctions with one seller, or one buyer, in the secondary market."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le, MinLen, Unit

from rights_market.errors import PolicyError
from rights_market.policies.rule import Days, Lots, Rule, Share, Ticks
from rights_market.policies.trading.price_band import PriceBand, Range
from rights_market.rights import MAX_PRICE_TICKS
from rights_market.units import Side, ceil, half_up

Batches = Annotated[int, Ge(1), Le(10_000), Unit("batches")]

MOST_EXTENSIONS = 10
"""Times that late bids can put the end of an auction off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OneWayAuction(Rule):
    """A holder announces a sale, or a buyer a purchase, and the best bids in an open session are served.

    Each auction is announced with its side, lots and starting price; the announcer's side is frozen at once.  Bids are
    seen by all, may be bettered but not withdrawn, and differ from the start by whole steps; the better price comes
    first, then the earlier bid.  A purchase mirrors a sale: bids are offers to sell at the start or below.

    The clock counts batches, of which a day has as many as the scenario says: a bid in the last `extend` batches puts
    the end off by as many, at most ten times.  Pauses of a circuit breaker do not stop an auction unless
    `breaker.halt_auctions` says so.  Trades make no prices.

    Attributes
    ----------
    sides : tuple of str
        What may be announced: sales (``sell``), purchases (``buy``).
    min_qty : int
        Smallest announcement of a trader, lots; the government is not bound by it.
    step : int
        Ticks between possible bids.
    divisible : bool
        Whether several bids can share the lots; if not, the best bid for all of them wins.
    pricing : str
        Each pays its own bid (``as_bid``), or all pay the last one that is served (``uniform``).
    session : int
        Batches for which bids are taken.
    extend : int
        Batches at the end in which a bid puts the end off, and by how many; 0: never.
    deposit : Decimal
        Share of the value of a bid that is frozen with it, in cash, and goes to the announcer if the bid wins and is
        not honoured.
    band : Decimal or None
        Share of the previous closing price by which start and bids may differ from it; None: any price.
    notice : int
        Trading days from the announcement to the session.
    relist_cut : Decimal
        Share by which the start of a sale that drew no bid may be lowered (of a purchase: raised) to try again.

    Raises
    ------
    PolicyError
        If the extension is longer than the session.

    References
    ----------
    Carbon emission trading rules (trial), 2021: one-way bidding is one of three modes [seen existence]; auctions of
    pollutant rights on Jiangxi's platform [seen]; extension, deposit and second attempt [approx].
    """

    kind: Literal["one_way_auction"] = "one_way_auction"
    sides: Annotated[tuple[Literal["sell", "buy"], ...], MinLen(1)] = ("sell", "buy")
    min_qty: Annotated[Lots, Ge(1)] = 1
    step: Ticks = 1
    divisible: bool = True
    pricing: Literal["as_bid", "uniform"] = "as_bid"
    session: Batches = 4
    extend: Annotated[int, Ge(0), Le(10_000), Unit("batches")] = 1
    deposit: Annotated[Share, Gt(0)] = Decimal("0.1")
    band: Share | None = None
    notice: Annotated[Days, Ge(1)] = 5
    relist_cut: Annotated[Share, Gt(0)] = Decimal("0.1")

    def check(self) -> None:
        """Refuse an extension that every bid would bring."""
        if self.extend > self.session:
            raise PolicyError(
                f"one_way_auction: extend is {self.extend} batches, expected at most session {self.session}"
            )

    def allows(self, side: Side) -> bool:
        """Return whether an auction on a side may be announced."""
        return ("sell" if side is Side.ASK else "buy") in self.sides

    def range(self, close_ticks: int, *, max_price_ticks: int = MAX_PRICE_TICKS) -> Range:
        """Return the prices allowed around the previous close.

        Examples
        --------
        >>> OneWayAuction(band=Decimal("0.1")).range(4785)
        Range(low=4307, high=5263, code='')
        """
        if self.band is None:
            return Range(1, max_price_ticks, "no_band")
        return PriceBand(width=self.band).range(close_ticks, max_price_ticks=max_price_ticks)

    def is_possible(self, side: Side, start_ticks: int, price_ticks: int) -> bool:
        """Return whether a bid reaches the start, in whole steps.

        Examples
        --------
        >>> rule = OneWayAuction(step=5)
        >>> [rule.is_possible(Side.ASK, 40, p) for p in (35, 40, 42, 45)]
        [False, True, False, True]
        >>> [rule.is_possible(Side.BID, 40, p) for p in (35, 40, 42, 45)]
        [True, True, False, False]
        """
        beyond = price_ticks - start_ticks if side is Side.ASK else start_ticks - price_ticks
        return beyond >= 0 and beyond % self.step == 0

    def deposit_fen(self, value_fen: int) -> int:
        """Return what is frozen with a bid of a value, fen, rounded up."""
        return ceil(Fraction(self.deposit) * value_fen)

    def relisted_ticks(self, side: Side, start_ticks: int) -> int:
        """Return the start of a second attempt, half up, at least a tick.

        Examples
        --------
        >>> OneWayAuction().relisted_ticks(Side.ASK, 4005), OneWayAuction().relisted_ticks(Side.BID, 4000)
        (3605, 4400)
        """
        cut = Fraction(self.relist_cut)
        return max(1, half_up(start_ticks * (1 - cut if side is Side.ASK else 1 + cut)))
