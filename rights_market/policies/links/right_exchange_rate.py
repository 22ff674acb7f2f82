"""Units of one right exchanged for units of another."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from annotated_types import Gt, MinLen

from rights_market.errors import PolicyError
from rights_market.policies.lots import floor_share
from rights_market.policies.rule import Days, Lots, Rule, Share
from rights_market.units import exact

Int64 = npt.NDArray[np.int64]


class Way(NamedTuple):
    """One way from a right to another that is open.

    Attributes
    ----------
    source, target : str
    rate : Fraction
        Units of the target for one unit of the source.
    limit, window, reserve
        As `ExchangePair` has them.
    claims_place : bool
        Whether to convert claims the tonnes of the firm's place.
    """

    source: str
    target: str
    rate: Fraction
    limit: Decimal | None
    window: int | None
    reserve: int | None
    claims_place: bool = False

    def ratio(self, source_lot: Decimal, target_lot: Decimal) -> Fraction:
        """Return the lots of the target for one lot of the source, exact."""
        return self.rate * exact(source_lot) / exact(target_lot)

    def room(self, use_lots: Int64, converted_lots: Int64) -> Int64:
        """Return the lots of the target that firms may still get for a period, all of shape (n_firms,)."""
        most = use_lots if self.limit is None else floor_share(self.limit, use_lots)
        return np.asarray(np.maximum(most - converted_lots, 0), np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangePair(Rule):
    """One way from a right to another.

    Attributes
    ----------
    source, target : str
        Rights given up and received.
    rate : Decimal
        Units of the target for one unit of the source.
    limit : Decimal or None
        Share of a firm's use of the target in a period that conversion may cover; None: all of it.
    window : int or None
        Calendar days before the target's deadline in which conversion is open; None: whenever both are traded.
    reserve : int or None
        Lots of the target that are set aside for conversion in each period; None: as many as are asked for.

    Raises
    ------
    PolicyError
        If both rights are the same.
    """

    source: str
    target: str
    rate: Annotated[Decimal, Gt(0)]
    limit: Share | None = None
    window: Days | None = None
    reserve: Lots | None = None

    def check(self) -> None:
        """Refuse a pair of one right."""
        if self.source == self.target:
            raise PolicyError(f"exchange pair: source and target are both {self.source}")


@dataclass(frozen=True, slots=True, kw_only=True)
class RightExchangeRate(Rule):
    """Firms may give up units of one right for units of another at fixed rates, rounded down.

    Attributes
    ----------
    pairs : tuple of ExchangePair
    double_count : str
        ``cancel_source``: what is given up is cancelled, so that no unit of it is claimed again.
        ``forbid_same_project``: besides, the tonnes of a place are claimed once.  A firm whose name is the site of
        credits or of a sink that counts from this year or before is refused, and one that converts keeps credits of
        its site that begin later from being issued.
    both_ways : bool
        Whether each pair is open in the other direction as well, at the inverse rate.

    Raises
    ------
    PolicyError
        If a way is listed twice, or units could be multiplied by going round (``E_ARBITRAGE``).

    References
    ----------
    Coupling of energy-use and carbon rights by 2.66 t of CO2 for a tonne of coal equivalent [known]; rule [approx].
    """

    kind: Literal["right_exchange_rate"] = "right_exchange_rate"
    pairs: Annotated[tuple[ExchangePair, ...], MinLen(1)]
    both_ways: bool = False
    double_count: Literal["cancel_source", "forbid_same_project"] = "cancel_source"

    def check(self) -> None:
        """Refuse ways listed twice, and round trips that gain."""
        ways = [(p.source, p.target) for p in self.ways()]
        for way in ways:
            if ways.count(way) > 1:
                raise PolicyError(f"right exchange rate: {way[0]} to {way[1]} is listed twice in pairs or by both_ways")
        best = {(p.source, p.target): p.rate for p in self.ways()}
        rights = sorted({code for way in ways for code in way})
        for via in rights:
            for a in rights:
                for b in rights:
                    if (a, via) in best and (via, b) in best:
                        best[a, b] = max(best.get((a, b), Fraction(0)), best[a, via] * best[via, b])
        for a in rights:
            if best.get((a, a), Fraction(0)) > 1:
                gain = float(best[a, a])
                raise PolicyError(f"E_ARBITRAGE: the rates of pairs turn one {a} into {gain:g} {a} on the way round")

    def ways(self) -> tuple[Way, ...]:
        """Return the ways that are open, the inverse ones behind those that are listed."""
        claims = self.double_count == "forbid_same_project"
        there = tuple(Way(p.source, p.target, exact(p.rate), p.limit, p.window, p.reserve, claims) for p in self.pairs)
        back = tuple(w._replace(source=w.target, target=w.source, rate=1 / w.rate) for w in there)
        return (*there, *back) if self.both_ways else there
