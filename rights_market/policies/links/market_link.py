"""A gateway to an outside market."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal, NamedTuple

from annotated_types import Ge, Gt, Lt, Unit

from rights_market.errors import PolicyError
from rights_market.policies.links.price_series import PriceSeries
from rights_market.policies.rule import Days, Lots, Rule
from rights_market.units import ceil, floor


class Quote(NamedTuple):
    """One step of a quote.

    Attributes
    ----------
    price_ticks, lots : int
    """

    price_ticks: int
    lots: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketLink(Rule):
    """A gateway trades units of an outside market at that market's price, less or plus a fee, within a yearly quota.

    The outside market is so large that trade through the gateway does not move it.

    Attributes
    ----------
    right : str
        Right that is linked.
    price : PriceSeries
        Price of an outside unit.
    direction : str
        Whether local traders may ``buy`` units from outside, ``sell`` units to the outside, or ``both``.
    ratio : Decimal
        Local units for one outside unit.
    fee : Decimal
        Share of the price that the gateway adds when it sells and takes off when it buys.
    quota_in, quota_out : int
        Lots that may come in and go out in a calendar year.
    depth : int or None
        Lots quoted at each tick; None: all that the quota leaves, at one tick.
    steps : int
        Ticks quoted at most on each side where `depth` is given.
    lag : int
        Calendar days after which the gateway follows an outside price.

    Raises
    ------
    PolicyError
        If a quota is given against `direction`, or missing for it.

    References
    ----------
    Links of the European Union with Switzerland and of California with Quebec; Flachsland, Marschinski and Edenhofer
    (2009), Climate Policy 9:358 [known].  Gateway with a quota: design [approx].
    """

    kind: Literal["market_link"] = "market_link"
    right: str
    price: PriceSeries
    direction: Literal["buy", "sell", "both"] = "both"
    ratio: Annotated[Decimal, Gt(0)] = Decimal(1)
    fee: Annotated[Decimal, Ge(0), Lt(1), Unit("share")] = Decimal(0)
    quota_in: Lots = 0
    quota_out: Lots = 0
    depth: Annotated[int, Ge(1), Unit("lots")] | None = None
    steps: Annotated[int, Ge(1)] = 10
    lag: Days = 1

    def check(self) -> None:
        """Refuse quotas that do not go with the direction."""
        for name, against in (("quota_in", "sell"), ("quota_out", "buy")):
            quota = getattr(self, name)
            if self.direction == against and quota:
                raise PolicyError(f"market link: direction is {self.direction} but {name} is {quota}")
            if self.direction != against and not quota:
                raise PolicyError(f"market link: direction is {self.direction} but {name} is 0")

    def outside_price(self, today: date) -> Fraction | None:
        """Return the outside price that the gateway follows today, CNY for a local unit; None before there is one."""
        price = self.price.on(today - timedelta(days=self.lag))
        return None if price is None else price / Fraction(self.ratio)

    def bounds(self, price: Fraction) -> tuple[Fraction, Fraction]:
        """Return what the gateway pays and what it asks for a local unit, CNY, not rounded.

        Examples
        --------
        >>> link = MarketLink(right="CEA", price=PriceSeries(name="cea"), fee=Decimal("0.01"), quota_in=1, quota_out=1)
        >>> [float(x) for x in link.bounds(Fraction(68))]
        [67.32, 68.68]
        """
        fee = Fraction(self.fee)
        return price * (1 - fee), price * (1 + fee)

    def asks(self, price: Fraction, tick_yuan: Decimal, left: int, low: int, high: int) -> list[Quote]:
        """Return what the gateway offers, lowest price first.

        Parameters
        ----------
        price : Fraction
            Outside price for a local unit, CNY.
        tick_yuan : Decimal
        left : int
            Lots that the quota leaves.
        low, high : int
            Prices that may be quoted today, ticks.  An offer below `low` is lifted to it; one above `high` would lose
            money there and is not made.
        """
        first = ceil(self.bounds(price)[1] / Fraction(tick_yuan))
        return _merged(Quote(max(p, low), n) for p, n in self._steps(first, 1, left) if p <= high)

    def bids(self, price: Fraction, tick_yuan: Decimal, left: int, low: int, high: int) -> list[Quote]:
        """Return what the gateway bids, highest price first; parameters as `asks`.

        A bid above `high` is lowered to it; one below `low` would lose money there and is not made.
        """
        first = floor(self.bounds(price)[0] / Fraction(tick_yuan))
        return _merged(Quote(min(p, high), n) for p, n in self._steps(first, -1, left) if p >= max(low, 1))

    def _steps(self, first: int, by: int, left: int) -> list[Quote]:
        if self.depth is None:
            return [Quote(first, left)] if left else []
        lots = [min(self.depth, left - k * self.depth) for k in range(self.steps)]
        return [Quote(first + by * k, n) for k, n in enumerate(lots) if n > 0]


def _merged(quotes: Iterable[Quote]) -> list[Quote]:
    """Add up steps that fell on one price."""
    lots: dict[int, int] = {}
    for price, n in quotes:
        lots[price] = lots.get(price, 0) + n
    return [Quote(price, n) for price, n in lots.items()]
