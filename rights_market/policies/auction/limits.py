"""How much one bidder may win in an auction."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from rights_market.policies.rule import Rule, Share
from rights_market.units import floor

Int64 = npt.NDArray[np.int64]

UNLIMITED = np.iinfo(np.int64).max // 4
OTHER = "other"


class Bids(NamedTuple):
    """Bids as the limits see them; all of shape (n,).

    Attributes
    ----------
    bidder : ndarray of int64
        Who bids; where the limits are those of a group, the group.
    price_ticks, lots : ndarray of int64
    """

    bidder: Int64
    price_ticks: Int64
    lots: Int64


class Trimmed(NamedTuple):
    """Lots that stay of each bid, and those that each limit took; all int64 of shape (n,)."""

    lots: Int64
    by_purchase: Int64
    by_holding: Int64
    by_guarantee: Int64


@dataclass(frozen=True, slots=True, kw_only=True)
class AuctionLimits(Rule):
    """Limits of what one bidder, or one group of bidders, may win: bids are cut before they are opened.

    The lowest bids of a bidder lose first.  What is cut is void and passes to nobody.

    Attributes
    ----------
    purchase_share : dict of str to Decimal
        Most that a bidder may win, as a share of what is offered: by class of firm (a sector), else by class of account
        (`compliance`, `institution`), else `other`; no limit for a class that is not named.
    use_holding_limit : bool
        Whether what a bidder holds counts against the holding limit of the right.
    guarantee : Decimal
        Money put up before the auction, as a share of the highest value of the bids; what a bidder cannot put up voids
        its lowest bids.  0: none.
    group : str
        Whether bidders with one owner are limited together.

    References
    ----------
    17 CCR 95911-95912: purchase limits of 25, 40 and 4 %, holding limit, guarantee [seen in outline]; RGGI: 25 %
    [known].
    """

    kind: Literal["auction_limits"] = "auction_limits"
    purchase_share: dict[str, Share] = field(default_factory=dict)
    use_holding_limit: bool = False
    guarantee: Share = Decimal(1)
    group: Literal["owner", "none"] = "none"

    def share_of(self, *classes: str) -> Fraction | None:
        """Return the share that holds for a bidder, None without a limit.

        Parameters
        ----------
        classes : str
            What the bidder is, the most particular first.
        """
        named = next((c for c in (*classes, OTHER) if c in self.purchase_share), None)
        return None if named is None else Fraction(self.purchase_share[named])

    def most(self, share: Fraction | None, volume: int, lot_size: int) -> int:
        """Return the most lots that a bidder may win, a multiple of the lot size.

        Examples
        --------
        >>> AuctionLimits().most(Fraction(1, 4), 1030, 100)
        200
        """
        return UNLIMITED if share is None else floor(share * volume) // lot_size * lot_size

    def trim(self, bids: Bids, most: Int64, headroom: Int64, money: Int64, lot_size: int = 1) -> Trimmed:
        """Cut bids to the purchase limit, then to the room under the holding limit, then to the money put up.

        Parameters
        ----------
        bids : Bids
        most, headroom : ndarray of int64, shape (n,)
            Purchase limit and room of each bid's bidder, lots; `UNLIMITED` where there is none.
        money : ndarray of int64, shape (n,)
            What each bid's bidder can put up, in the value of one lot at one tick.
        lot_size : int

        Notes
        -----
        For each price that a bidder names, its lots at this price or a higher one times the price, times the share of
        the guarantee, are at most its money.
        """
        order = np.lexsort((np.arange(len(bids.lots)), -bids.price_ticks, bids.bidder))
        kept = np.zeros((3, len(order)), np.int64)
        reached = np.zeros(3, np.int64)
        share = Fraction(self.guarantee)
        for position, i in enumerate(order):
            if position == 0 or bids.bidder[i] != bids.bidder[order[position - 1]]:
                reached[:] = 0
            price = int(bids.price_ticks[i])
            payable = UNLIMITED if share == 0 else floor(Fraction(int(money[i])) / (share * price))
            wanted = int(bids.lots[i])
            for step, limit in enumerate((int(most[i]), int(headroom[i]), payable)):
                room = max(0, limit - int(reached[step])) // lot_size * lot_size
                wanted = min(wanted, room)
                kept[step, i] = wanted
                reached[step] += wanted
        return Trimmed(kept[2], bids.lots - kept[0], kept[0] - kept[1], kept[1] - kept[2])
