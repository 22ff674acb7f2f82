"""The part of the carbon price that users of power pay."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal

from annotated_types import Ge, Unit

from rights_market.errors import PolicyError
from rights_market.policies.rule import Rule, Share
from rights_market.units import Exact, exact

MOST_REGULATED = Decimal("0.4")
"""Largest share that regulated tariffs pass on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerPassThrough(Rule):
    """Generators pass a share of the carbon price on to those who buy power.

    Attributes
    ----------
    right : str
        Right whose price is passed on.
    regime : str
        ``regulated`` tariffs pass on a part, at most 0.4; a ``spot`` market passes on the cost of the marginal unit.
    phi : Decimal
        Share of the price that is passed on.
    basis : str
        Intensity that turns the price into a cost of power: the ``grid`` factor, or that of the ``marginal`` unit.
    grid_factor : Decimal
        Units of the right for one MWh on average.
    marginal : Decimal or None
        Units for one MWh of the marginal unit; the grid factor where it is not known.
    net_of_free : bool
        Whether only what generators do not get free is passed on, which price regulators ask for.

    Raises
    ------
    PolicyError
        If `regime` is regulated and `phi` above 0.4.

    References
    ----------
    Sijm, Neuhoff and Chen (2006), Climate Policy 6:49 [known].  Grid factor of 0.5703 t for 2022 [known].
    """

    kind: Literal["power_pass_through"] = "power_pass_through"
    right: str
    regime: Literal["regulated", "spot"]
    phi: Share = Decimal("0.4")
    basis: Literal["grid", "marginal"] = "grid"
    grid_factor: Annotated[Decimal, Ge(0), Unit("units per MWh")] = Decimal("0.5703")
    marginal: Annotated[Decimal, Ge(0), Unit("units per MWh")] | None = None
    net_of_free: bool = False

    def check(self) -> None:
        """Refuse a share that no regulated tariff passes on."""
        if self.regime == "regulated" and self.phi > MOST_REGULATED:
            raise PolicyError(f"power pass-through: regime is regulated but phi is {self.phi}, above {MOST_REGULATED}")

    def yuan_per_mwh(self, price_yuan: Exact | None, free_share: Exact = 0) -> Fraction:
        """Return what is added to the price of power, CNY per MWh, not rounded.

        Parameters
        ----------
        price_yuan : int, Decimal, Fraction or None
            Price of the right, CNY per unit; None before it was traded.
        free_share : int, Decimal or Fraction
            Share of their use that generators get free; counts only if `net_of_free`.

        Examples
        --------
        >>> rule = PowerPassThrough(right="CEA", regime="regulated", grid_factor=Decimal("0.57"))
        >>> float(rule.yuan_per_mwh(68))
        15.504
        """
        if price_yuan is None:
            return Fraction(0)
        unknown = self.basis == "grid" or self.marginal is None
        intensity = exact(self.grid_factor if unknown else self.marginal)  # type: ignore[arg-type]
        bought = 1 - min(exact(free_share), Fraction(1)) if self.net_of_free else Fraction(1)
        return exact(self.phi) * intensity * exact(price_yuan) * bought
