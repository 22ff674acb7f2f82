"""How a call auction shares what is scarce, and what traders see before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rights_market.policies.rule import Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class CallAuctionTerms(Rule):
    """Orders are collected and trade at one price: that of the largest volume, then of the smallest imbalance.

    It holds for the call that opens a day and for those that end a pause.

    Attributes
    ----------
    ration : str
        Who is served at the last price at which there are too many lots: earlier orders (``time``), or all in
        proportion to their lots (``pro_rata``, whole lots by largest remainder).
    tie : str
        Which of several equally good prices is taken: the ``midpoint`` of their range, half up, or the one nearest to
        the ``previous_close``.
    show : bool
        Whether an indicative price is published before the opening call, after which orders can be changed once.

    References
    ----------
    Practice of Chinese and European exchanges in opening calls [known]; share of the last price pro rata as in auctions
    of allowances [approx].
    """

    kind: Literal["call_auction"] = "call_auction"
    ration: Literal["time", "pro_rata"] = "time"
    tie: Literal["midpoint", "previous_close"] = "midpoint"
    show: bool = False
