"""Dearer power for backward plant and for those who use too much energy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from annotated_types import Ge, Gt, Unit

from rights_market.errors import PolicyError
from rights_market.policies.rule import Rule
from rights_market.policies.where import Narrowed
from rights_market.units import exact, half_up

Int64 = npt.NDArray[np.int64]
Yuan = Annotated[Decimal, Ge(0), Unit("CNY per kWh")]


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerTier(Rule):
    """A step of the surcharge.

    Attributes
    ----------
    over : Decimal
        Share by which the limit is exceeded, from which the step holds.
    add : Decimal
        Added to the price of power, CNY per kWh.
    """

    over: Annotated[Decimal, Ge(0), Unit("share")]
    add: Yuan


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferentialPowerPrice(Narrowed):
    """A surcharge on power, by class of plant and by how far its energy use exceeds the limit of its product.

    Attributes
    ----------
    classes : dict of str to Decimal
        Surcharge by sector, CNY per kWh.
    tiers : tuple of PowerTier
        Further surcharge by verified energy use for a unit of product; the highest step that is reached counts.
    limit : dict of str to Decimal
        Limit of energy use for a unit of product, by sector, units of `right`.
    right : str or None
        Right that measures energy use.

    Raises
    ------
    PolicyError
        If steps do not rise, or `tiers`, `limit` and `right` are not given together.

    References
    ----------
    Notices of the National Development and Reform Commission of 2010: 0.30 CNY per kWh for eliminated and 0.10 for
    restricted plant [known]; steps by excess over the limit [known].
    """

    kind: Literal["differential_power_price"] = "differential_power_price"
    classes: dict[str, Yuan] = field(default_factory=dict)
    tiers: tuple[PowerTier, ...] = ()
    limit: dict[str, Annotated[Decimal, Gt(0)]] = field(default_factory=dict)
    right: str | None = None

    def check(self) -> None:
        """Refuse steps that do not rise, and steps without a limit."""
        steps = [(t.over, t.add) for t in self.tiers]
        if any(a[0] >= b[0] or a[1] >= b[1] for a, b in zip(steps, steps[1:], strict=False)):
            raise PolicyError(f"differential power price: over and add of tiers must rise, got {steps}")
        if not (bool(self.tiers) == bool(self.limit) == (self.right is not None)):
            raise PolicyError(
                f"differential power price: tiers ({len(self.tiers)}), limit ({len(self.limit)}) and right "
                f"({self.right}) belong together"
            )

    def tier_add(self, sector: str, intensity: Fraction) -> Fraction:
        """Return the surcharge by steps, CNY per kWh, at a verified energy use for a unit of product."""
        if sector not in self.limit:
            return Fraction(0)
        over = intensity / exact(self.limit[sector]) - 1
        return max((exact(t.add) for t in self.tiers if over > t.over), default=Fraction(0))

    def per_kwh(self, sectors: Sequence[str], tier_adds: Sequence[Fraction]) -> list[Fraction]:
        """Return the surcharge of each firm, CNY per kWh."""
        return [exact(self.classes.get(s, 0)) + add for s, add in zip(sectors, tier_adds, strict=True)]

    def surcharge(self, kwh: Int64, per_kwh: Sequence[Fraction]) -> Int64:
        """Return what each firm pays for its power, fen, half up.

        Examples
        --------
        >>> rule = DifferentialPowerPrice(classes={"restricted": Decimal("0.10")})
        >>> rule.surcharge(np.array([2_000_000]), rule.per_kwh(["restricted"], [Fraction(0)]))
        array([20000000])
        """
        return np.array([half_up(100 * n * add) for n, add in zip(kwh.tolist(), per_kwh, strict=True)], np.int64)
