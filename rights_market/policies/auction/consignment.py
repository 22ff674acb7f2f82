"""Free lots whose owners must offer them in the auctions, and get the money back."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from annotated_types import Ge

from rights_market.policies.lots import floor_share
from rights_market.policies.rule import Rule, Share
from rights_market.units import half_up, largest_remainder

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Consignment(Rule):
    """Firms consign a share of their free lots to the period's auctions, and are paid what those fetch.

    Attributes
    ----------
    share : Decimal
        Share of the lots issued free that is consigned.
    priority : str
        Consigned lots are sold before the government's, or in proportion.
    rebate_fee : Decimal
        Share of the proceeds that the government keeps.
    max_rollovers : int
        How often lots that stay unsold are offered again before they go back to their owner.

    References
    ----------
    17 CCR 95892, 95911; Dormady & Healy 2015: consignors overstate their demand [seen: abstract]; consigned lots first
    [known].
    """

    kind: Literal["consignment"] = "consignment"
    share: Share = Decimal(1)
    priority: Literal["consigned_first", "pro_rata"] = "consigned_first"
    rebate_fee: Share = Decimal(0)
    max_rollovers: Annotated[int, Ge(0)] = 4

    def consigned(self, issued: Int64) -> Int64:
        """Return the lots of each firm that are consigned, rounded down, shape (n_firms,)."""
        return floor_share(Fraction(self.share), issued)

    def sold_for(self, sold: int, offered: Int64, government: int) -> Int64:
        """Return what each consignor sells of the lots sold in an auction.

        Parameters
        ----------
        sold : int
            Lots sold, at most all that were offered.
        offered : ndarray of int64, shape (n,)
            Lots offered for each consignor.
        government : int
            Lots offered for the government.

        Examples
        --------
        >>> Consignment().sold_for(40, np.array([30, 20]), 50)
        array([24, 16])
        """
        total = int(offered.sum())
        if self.priority == "consigned_first":
            part = min(sold, total)
        else:
            part = largest_remainder(sold, [total, government])[0]
        return np.array(largest_remainder(part, offered.tolist()), np.int64)

    def proceeds_fen(self, fen: int) -> int:
        """Return what a consignor is paid of its revenue, fen; the fee is rounded half up.

        Examples
        --------
        >>> Consignment(rebate_fee=Decimal("0.01")).proceeds_fen(60_050)
        59449
        """
        return fen - half_up(Fraction(self.rebate_fee) * fen)
