"""What a trade costs each side."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal

from annotated_types import Ge, Le

from rights_market.errors import PolicyError
from rights_market.policies.rule import Rule
from rights_market.units import PPM, Side, ceil, half_up

FeeShare = Annotated[Decimal, Ge(0), Le(Decimal("0.05"))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fees(Rule):
    """Share of the value of a trade that each side pays to the exchange.

    Attributes
    ----------
    buyer, seller : Decimal
        Shares, 0 to 0.05, in whole millionths.

    Raises
    ------
    PolicyError
        If a share is not a whole number of millionths: the exchange counts fees in them.

    References
    ----------
    Shanxi: 1.5 %, half on each side [seen].  No rate is published for the national carbon market; 0.1 to 0.5 % a side
    is common in experiments [approx].
    """

    kind: Literal["fees"] = "fees"
    buyer: FeeShare = Decimal(0)
    seller: FeeShare = Decimal(0)

    def check(self) -> None:
        """Refuse shares that millionths cannot hold."""
        for name, share in (("buyer", self.buyer), ("seller", self.seller)):
            if (Fraction(share) * PPM).denominator != 1:
                raise PolicyError(f"fees: {name} is {share}, expected a whole number of millionths")

    @property
    def buyer_ppm(self) -> int:
        """Buyer's fee, millionths of the value."""
        return int(Fraction(self.buyer) * PPM)

    @property
    def seller_ppm(self) -> int:
        """Seller's fee, millionths of the value."""
        return int(Fraction(self.seller) * PPM)

    def charge(self, side: Side, filled_fen: int, fill_fen: int) -> int:
        """Return the fee on the next fill of an order, fen.

        The running total is half up, so that it does not depend on the number of fills.

        Parameters
        ----------
        side : Side
        filled_fen : int
            Value that the order traded before.
        fill_fen : int
            Value of this fill.

        Examples
        --------
        >>> fees = Fees(buyer=Decimal("0.003"))
        >>> fees.charge(Side.BID, 0, 150), fees.charge(Side.BID, 150, 170)
        (0, 1)
        """
        return self._total(side, filled_fen + fill_fen) - self._total(side, filled_fen)

    def most(self, value_fen: int) -> int:
        """Return the buyer's fee that is frozen with a bid of this value, fen, rounded up."""
        return ceil(Fraction(self.buyer_ppm * value_fen, PPM))

    def _total(self, side: Side, value_fen: int) -> int:
        ppm = self.buyer_ppm if side is Side.BID else self.seller_ppm
        return half_up(Fraction(ppm * value_fen, PPM))
