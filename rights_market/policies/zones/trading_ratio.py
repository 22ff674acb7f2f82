"""What a unit of one zone counts for in another, and what may be issued in each zone so that all standards hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal, NamedTuple

from annotated_types import Gt

from rights_market.errors import PolicyError
from rights_market.policies.rule import Lots, Rule, Share
from rights_market.policies.zones.graph import Arc, best_paths, closing_arcs, downstream_order
from rights_market.units import ceil, floor, largest_remainder


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio(Rule):
    """Trading ratio from one zone to another.

    Attributes
    ----------
    seller, buyer : str
        Names of zones.
    tau : Decimal
        What a unit discharged in the seller's zone adds to the load of the buyer's.
    """

    seller: str
    buyer: str
    tau: Share


class Purchase(NamedTuple):
    """What a buyer takes from another zone, and what it gets for it.

    Attributes
    ----------
    bought, credited : int
        Lots of the seller's zone, and lots of its own.
    lost : Fraction
        Part of a lot that rounding takes.
    """

    bought: int
    credited: int
    lost: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class TradingRatio(Rule):
    """A unit sold downstream counts for its trading ratio; caps by zone keep every load within its standard.

    Attributes
    ----------
    tau : tuple of Ratio
        Ratios; pairs that are not named cannot trade, and inside a zone the ratio is 1.
    derive : str
        Whether pairs that no ratio names get the product along the best path, or the ``table`` is all there is.
    power : Decimal
        Exponent on every ratio, for a substance that decays faster than the one they were measured for.
    standards : dict of str to int
        Largest load of each zone, lots a year; without it nothing is capped by zone.
    surplus : str
        What becomes of load that a zone downstream could have borne: it is ``lost``.

    Raises
    ------
    PolicyError
        If a pair has two ratios, or ratios close a cycle.

    References
    ----------
    Hung and Shaw (2005), A trading-ratio system for trading water pollution discharge permits, JEEM 49, equations 1-3
    [known].  Montgomery (1972) [known].

    Examples
    --------
    >>> rule = TradingRatio(tau=(Ratio(seller="up", buyer="down", tau=Decimal("0.8")),))
    >>> rule.purchase(10, Fraction(4, 5))
    Purchase(bought=13, credited=10, lost=Fraction(2, 5))
    """

    kind: Literal["trading_ratio"] = "trading_ratio"
    tau: tuple[Ratio, ...]
    derive: Literal["path_product", "table"] = "path_product"
    power: Annotated[Decimal, Gt(0)] = Decimal(1)
    standards: dict[str, Lots] = field(default_factory=dict)
    surplus: Literal["lost"] = "lost"

    def check(self) -> None:
        """Refuse pairs with two ratios, and cycles."""
        pairs = [(x.seller, x.buyer) for x in self.tau]
        if len(set(pairs)) != len(pairs):
            raise PolicyError(f"trading_ratio: tau names the pairs {pairs}, expected each once")
        for seller, buyer in pairs:
            if seller == buyer:
                raise PolicyError(f"trading_ratio: tau leads from {seller} to itself, where it is 1")
        closing = closing_arcs(self._named(), [arc for arc, x in self._direct().items() if x > 0])
        if closing is not None:
            first, last = (f"{seller} -> {buyer}" for seller, buyer in closing)
            raise PolicyError(f"trading_ratio: tau {first} and {last} close a cycle: a river has none")

    def _named(self) -> list[str]:
        return list(dict.fromkeys([*self.standards, *(z for x in self.tau for z in (x.seller, x.buyer))]))

    def _direct(self) -> dict[Arc, Fraction]:
        return {(x.seller, x.buyer): _raised(x.tau, self.power) for x in self.tau}

    def ratios(self) -> dict[Arc, Fraction]:
        """Return the ratio of each pair of zones that may trade; inside a zone it is 1 and left out."""
        direct = {arc: x for arc, x in self._direct().items() if x > 0}
        if self.derive == "table":
            return direct
        return best_paths(self._named(), direct) | direct

    def purchase(self, need_lots: int, ratio: Fraction) -> Purchase:
        """Return what a buyer takes who needs some lots.

        Raises
        ------
        PolicyError
            If the ratio is 0: such zones do not trade.
        """
        if ratio <= 0:
            raise PolicyError(f"trading_ratio: a ratio of {ratio} admits no trade")
        bought = ceil(need_lots / ratio)
        return Purchase(bought, floor(ratio * bought), ratio * bought - floor(ratio * bought))

    def caps(self, zones: Sequence[str]) -> dict[str, int]:
        """Return what may be issued in each zone that has a standard, lots a year.

        A zone downstream gets what its standard leaves over the load from above.  Where that is more than the standard
        already, the zone gets nothing and those directly above it less: together as much as it can bear.

        Examples
        --------
        >>> tau = (Ratio(seller="up", buyer="down", tau=Decimal("0.8")),)
        >>> TradingRatio(tau=tau, standards={"up": 60, "down": 40}).caps(["up", "down"])
        {'up': 50, 'down': 0}
        """
        order = [z for z in downstream_order(zones, self._direct()) if z in self.standards]
        bearable = {zone: Fraction(self.standards[zone]) for zone in order}
        while (critical := next((z for z in order if self._inflow(z, bearable) > bearable[z]), None)) is not None:
            above = self._above(critical, bearable)
            if len(above) == 1:
                parts = [bearable[critical]]
            else:
                weights = [tau * bearable[zone] for zone, tau in above]
                parts = [Fraction(n) for n in largest_remainder(floor(bearable[critical]), weights)]
            for (zone, tau), part in zip(above, parts, strict=True):
                bearable[zone] = min(bearable[zone], part / tau)
        return {z: floor(bearable[z] - self._inflow(z, bearable)) for z in zones if z in self.standards}

    def _above(self, zone: str, bearable: Mapping[str, Fraction]) -> list[tuple[str, Fraction]]:
        """Return the zones directly upstream: those whose units reach a zone through no other one."""
        direct = {a: x for (a, b), x in self._direct().items() if b == zone and x > 0 and a in bearable}
        ratios = self.ratios()
        return [(a, x) for a, x in direct.items() if not any((a, via) in ratios for via in direct)]

    def _inflow(self, zone: str, bearable: Mapping[str, Fraction]) -> Fraction:
        return sum((tau * bearable[above] for above, tau in self._above(zone, bearable)), Fraction(0))


def _raised(tau: Decimal, power: Decimal) -> Fraction:
    """Return a ratio to a power, as a decimal of nine digits where it is no whole power."""
    if power == int(power):
        return Fraction(tau) ** int(power)
    return Fraction((tau**power).quantize(Decimal("1e-9")) if tau else tau)
