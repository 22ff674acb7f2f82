"""An English clock: the price rises until no more is demanded than offered."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Literal

from annotated_types import Ge

from rights_market.errors import PolicyError
from rights_market.policies.auction.terms import AuctionTerms
from rights_market.policies.rule import Ticks


@dataclass(frozen=True, slots=True, kw_only=True)
class AscendingClock(AuctionTerms):
    """Clock whose price rises round by round until demand fits what is offered.

    Attributes
    ----------
    lot_size : int
        Lots in which demand is counted.
    reserve : int
        Lowest price, ticks, where the schedule has no reserve path.
    start : int or None
        Price of the first round, ticks, not below the reserve of the day; None: that reserve.
    step : int
        Ticks by which the price rises each round.
    max_rounds : int
        Rounds after which demand is rationed at the price reached.
    information : str
        What bidders hear between rounds: by how much demand exceeds what is offered, or nothing.
    final : str
        Where the last step leaves too little demand: the price before it, with what is missing shared among those who
        dropped (`roll_back`), or the price after it, with the rest unsold (`current`).
    ration : str
        What is missing is shared in proportion to the drops, or in a drawn order.
    shootout_at : Decimal or None
        Once demand is at most this multiple of what is offered, the active bidders make one sealed bid each that they
        pay themselves, not below the clock.
    schedule : AuctionSchedule
        When how much is offered, and what becomes of lots that nobody took; quarterly by default.
    limits : AuctionLimits or None
        How much one bidder may win.
    delivery_days : int
        Trading days after the auction on which lots are delivered and paid; 0: at once.
    eligible : str
        Who may bid: firms with a duty (``compliance``), or ``all`` whom the right admits to auctions.

    References
    ----------
    Ausubel & Cramton 2004; Holt et al. 2007, Auction design for selling CO2 emission allowances [known]; clock with a
    shot at the end: Veconlab emission permit auctions [seen].
    """

    kind: Literal["ascending_clock"] = "ascending_clock"
    start: Ticks | None = None
    step: Ticks = 1
    max_rounds: Annotated[int, Ge(1)] = 200
    information: Literal["excess_demand", "none"] = "excess_demand"
    final: Literal["roll_back", "current"] = "roll_back"
    ration: Literal["pro_rata", "random"] = "pro_rata"
    shootout_at: Annotated[Decimal, Ge(1)] | None = None

    def check(self) -> None:
        """Refuse a clock that begins below the reserve."""
        if self.start is not None and self.start < self.reserve:
            raise PolicyError(f"ascending clock: start {self.start} lies below reserve {self.reserve}")
