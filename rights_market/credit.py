"""Credits: instruments beside the allowances of a right, accepted for a part of a duty.

Whoever makes credits (a project, a scheme) only has to issue them: the market trades them by the terms given here, and
the rule book of a right says which types and vintages it accepts, and how many (`OffsetLimit`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from rights_market.errors import PolicyError
from rights_market.policies.stability.price_collar import PriceCollar
from rights_market.policies.stability.temporary_price_floor import TemporaryPriceFloor
from rights_market.policies.trading import (
    Admission,
    BlockAgreement,
    CallAuctionTerms,
    CircuitBreaker,
    Fees,
    HoldingLimit,
    ListedAgreement,
    OneWayAuction,
    OtcOffer,
    PriceBand,
    SettlementCycle,
)
from rights_market.rights import Right


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """Credits of one kind, and how they are traded.

    Attributes
    ----------
    right : Right
        Code, unit, lot and tick; a lot of it counts for a lot of the right that accepts it.
    type : str
        What rules of acceptance look at, such as ``ccer`` or ``forest``.
    vintages : tuple of int
        Years of the reductions; one instrument each.
    opening_price_ticks : int
        Reference price of the first day.
    is_local : bool
        Whether they come from the region of the right that accepts them.
    expires : date or None
        Last date on which they are accepted.
    band, call, listed, block, otc, one_way, breaker, holding_limit, admission, collar, price_floor, fees, settlement
        Terms of trade, as in a rule book.

    Raises
    ------
    PolicyError
        If vintages do not rise, or the opening price cannot be quoted.
    """

    right: Right
    type: str
    vintages: tuple[int, ...]
    opening_price_ticks: int
    is_local: bool = True
    expires: date | None = None
    band: PriceBand | None = None
    call: CallAuctionTerms | None = None
    listed: ListedAgreement | None = None
    block: BlockAgreement | None = None
    otc: OtcOffer | None = None
    one_way: OneWayAuction | None = None
    breaker: CircuitBreaker | None = None
    holding_limit: HoldingLimit | None = None
    admission: Admission | None = None
    collar: PriceCollar | None = None
    price_floor: TemporaryPriceFloor | None = None
    fees: Fees = field(default_factory=Fees)
    settlement: SettlementCycle = field(default_factory=SettlementCycle)

    def __post_init__(self) -> None:
        if not self.vintages or sorted(set(self.vintages)) != list(self.vintages):
            raise PolicyError(f"credit {self.right.code}: vintages are {self.vintages}, expected at least one, rising")
        if not 1 <= self.opening_price_ticks <= self.right.max_price_ticks:
            raise PolicyError(
                f"credit {self.right.code}: opening_price_ticks is {self.opening_price_ticks}, "
                f"expected 1 to max_price_ticks {self.right.max_price_ticks}"
            )
