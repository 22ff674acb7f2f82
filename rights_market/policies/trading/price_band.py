"""Within which prices orders must stay around a reference price."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, NamedTuple

from rights_market.errors import PolicyError
from rights_market.policies.rule import Rule, Share
from rights_market.rights import MAX_PRICE_TICKS
from rights_market.units import Side


class Range(NamedTuple):
    """Lowest and highest price allowed, ticks, and what is special about them.

    `code` is empty, ``no_band``, ``band_stuck`` (one price is left) or ``band_empty`` (none: the nearest is taken).
    """

    low: int
    high: int
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceBand(Rule):
    """Orders must stay within a share of a reference price.

    Attributes
    ----------
    width : Decimal
        Share of the reference price on each side.
    reference : str
        Previous close, or volume-weighted mean of the last day with trade.
    rounding : str
        ``inward``: the bounds lie inside the band.  ``half_up``: each at the nearest tick.
    first_day : str
        ``none``: no band before the first close.  ``width``: the band stands around the opening price.
    move_when_locked : bool
        Whether the reference moves to the limit on a day when one side is locked there and nothing trades, and by one
        tick when the band holds a single price and one side waits there.  Without it a market whose values lie
        outside the band never trades, and a price of a few ticks could never rise again.

    References
    ----------
    Carbon emission trading rules (trial), 2021: 10 % listed [seen], 30 % block [known].
    """

    kind: Literal["price_band"] = "price_band"
    width: Share = Decimal("0.1")
    reference: Literal["previous_close", "last_vwap"] = "previous_close"
    rounding: Literal["inward", "half_up"] = "inward"
    first_day: Literal["none", "width"] = "width"
    move_when_locked: bool = True

    def range(
        self,
        reference_ticks: int,
        tick: int = 1,
        *,
        is_first_day: bool = False,
        max_price_ticks: int = MAX_PRICE_TICKS,
    ) -> Range:
        """Return the prices allowed around a reference.

        Parameters
        ----------
        reference_ticks : int
            Reference price, in the price unit of the right.
        tick : int
            Step of allowed prices in the same unit; bounds are multiples of it.
        is_first_day : bool
            Whether there was no close yet.
        max_price_ticks : int
            Highest price that can be quoted; bounds never lie beyond it, nor below one tick.

        Returns
        -------
        Range

        Raises
        ------
        PolicyError
            If the reference, the tick or the highest price is not at least 1, or no tick can be quoted.

        Examples
        --------
        >>> PriceBand().range(4785)
        Range(low=4307, high=5263, code='')
        >>> PriceBand().range(4)
        Range(low=4, high=4, code='band_stuck')
        """
        if reference_ticks < 1 or tick < 1 or max_price_ticks < tick:
            raise PolicyError(
                f"price band: reference is {reference_ticks}, tick {tick} and highest price {max_price_ticks}; "
                "expected at least 1, and room for one tick"
            )
        top = max_price_ticks // tick
        if is_first_day and self.first_day == "none":
            return Range(tick, top * tick, "no_band")
        # In steps of `tick`, over one denominator: integers alone, as every book is opened every day.
        numerator, denominator = self.width.as_integer_ratio()
        whole = denominator * tick
        low, high = reference_ticks * (denominator - numerator), reference_ticks * (denominator + numerator)
        if self.rounding == "inward":
            first, last = -(-low // whole), high // whole
        else:
            first, last = (2 * low + whole) // (2 * whole), (2 * high + whole) // (2 * whole)
        first, last = max(first, 1), min(last, top)
        code = "band_stuck" if first == last else ""
        if first > last:
            # Nearest tick to the reference; of two equally near, the lower.
            first = last = min(max(-((tick - 2 * reference_ticks) // (2 * tick)), 1), top)
            code = "band_empty"
        return Range(first * tick, last * tick, code)

    def next_reference(
        self,
        previous_ticks: int,
        close_ticks: int,
        traded_lots: int,
        locked_side: Side | None,
        tick: int = 1,
        *,
        max_price_ticks: int = MAX_PRICE_TICKS,
    ) -> int:
        """Return the reference of the next day.

        Parameters
        ----------
        previous_ticks : int
            Reference of the day that ends.
        close_ticks : int
            Its close, or its mean price, as `reference` asks.
        traded_lots : int
            Lots that count for the close.
        locked_side : Side or None
            Side whose orders waited at the limit with no order against them: bids at the highest price, asks at the
            lowest; None when there was neither.
        tick, max_price_ticks : int
            As in `range`.

        Examples
        --------
        >>> PriceBand().next_reference(4800, 4800, 0, Side.BID)
        5280
        >>> PriceBand().next_reference(4, 4, 100, Side.BID)
        5
        """
        if locked_side is not None and self.move_when_locked:
            low, high, code = self.range(previous_ticks, tick, max_price_ticks=max_price_ticks)
            if code == "band_stuck":
                step = tick if locked_side is Side.BID else -tick
                return min(max(low + step, tick), max_price_ticks // tick * tick)
            if traded_lots == 0:
                return high if locked_side is Side.BID else low
        return close_ticks if traded_lots > 0 else previous_ticks
