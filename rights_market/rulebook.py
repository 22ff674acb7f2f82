"""The rule book of one right: everything a designer decides about it, in one record.

A market has one rule book for each right.  `Authority` carries it out; agents read it to know what they owe.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import timedelta
from typing import Annotated, ClassVar, NoReturn, TypeVar

from annotated_types import Len

from rights_market.errors import PolicyError
from rights_market.exchange.calendar import Period
from rights_market.policies import FAMILIES
from rights_market.policies.access import EntryExit, NewEntrantReserve, NewProjectReplacement
from rights_market.policies.allocation import AllocationRule, CapScaling, FreeShare, UpfrontTrueUp
from rights_market.policies.auction import Auction, Consignment, ForwardVintages
from rights_market.policies.banking import BankingRule, FreeBanking
from rights_market.policies.cap import CapRule
from rights_market.policies.compliance import (
    Borrowing,
    MakeGood,
    OffsetLimit,
    Penalty,
    Sanctions,
    ShortfallCap,
    Surrender,
)
from rights_market.policies.feedback import FeedbackRule
from rights_market.policies.government_reserve import GovernmentReserve
from rights_market.policies.mrv import Audit, Disclosure, InventoryTargets, Measurement, SelfReport, Verification
from rights_market.policies.paid_use import PaidInitialUse
from rights_market.policies.rule import Rule
from rights_market.policies.stability import MarketStabilityReserve, Stability, TieredPriceReserve
from rights_market.policies.stability.agreement import contradictions
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
from rights_market.policies.zones import EcoCompensation, HotSpotGuard, TradingRatio, ZonalCall, ZonePermission
from rights_market.policies.zones.agreement import contradiction
from rights_market.rights import Right
from rights_market.units import Side

S = TypeVar("S", bound=Rule)

# As `rights_market.policies.rule.Rule` has it: a reader of scenario files refuses keys that do not exist.
_STRICT = {"extra": "forbid"}

TERMS = ("fees", "settlement")
"""Rules of trading that hold in any mode; the others are for books."""
WITHOUT_UNITS = (
    "right", "periods", "opening_price_ticks", "surrender", "banking", "fees", "settlement", "opening_call",
    "measurement", "reporting", "verification", "audit", "disclosure", "inventory",
)  # fmt: skip
"""What a right without units has: how its use becomes known, and what every rule book has."""


@dataclass(frozen=True, slots=True)
class RuleBook:
    """Everything decided about one right.

    Attributes
    ----------
    right : Right
        What is regulated.
    periods : tuple of Period
        Compliance periods in time order.
    opening_price_ticks : int
        Reference price of the first day.
    replacement, entrant_reserve, entry_exit, cap, allocation, mix, scaling, upfront, paid_use, banking
        Who may enter, how much there is, who is given it, and how long it lives; see `rights_market.policies`.
    surrender, shortfall_caps, offset_limit, borrowing, penalties, make_good, sanctions
        What is due, what meets it, and what a shortfall costs.
    measurement, reporting, verification, audit, disclosure, inventory
        How use becomes known; without them it is known as it is.
    auction, consignment, forward_vintages, stability
        How it is sold, and what steadies that.
    collar, price_floor
        What steadies prices in the secondary market.
    band, call, listed, block, otc, one_way, breaker, holding_limit, admission, fees, settlement, opening_call
        How it is traded; `opening_call` says whether a call auction opens the day.
    government_reserve
        What the government buys back and gives out again.
    permission, ratio, zonal_call, hot_spot, compensation
        Zones in which it counts; with a `permission` it is traded in auctions over zones only.
    regulator
        What the authority moves on the way, and by which figures.
    tradable : bool
        Whether there are units at all.  If not, use is measured and verified, for taxes and standards, but nothing is
        allocated, owed or traded.

    Raises
    ------
    PolicyError
        If there is no period, two have one name or vintages that do not rise, or two fields contradict each other.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = _STRICT

    right: Right
    periods: Annotated[tuple[Period, ...], Len(1)]
    opening_price_ticks: int
    surrender: Surrender
    allocation: tuple[AllocationRule, ...] = ()
    shortfall_caps: tuple[ShortfallCap, ...] = ()
    offset_limit: OffsetLimit | None = None
    borrowing: Borrowing | None = None
    penalties: tuple[Penalty, ...] = ()
    banking: BankingRule = field(default_factory=FreeBanking)
    make_good: MakeGood | None = None
    sanctions: Sanctions | None = None
    cap: CapRule | None = None
    mix: tuple[FreeShare, ...] = ()
    scaling: CapScaling | None = None
    upfront: UpfrontTrueUp | None = None
    paid_use: PaidInitialUse | None = None
    replacement: NewProjectReplacement | None = None
    entrant_reserve: NewEntrantReserve | None = None
    entry_exit: EntryExit | None = None
    measurement: tuple[Measurement, ...] = ()
    reporting: SelfReport | None = None
    verification: Verification | None = None
    audit: Audit | None = None
    disclosure: Disclosure | None = None
    inventory: InventoryTargets | None = None
    auction: Auction | None = None
    consignment: Consignment | None = None
    forward_vintages: ForwardVintages | None = None
    stability: tuple[Stability, ...] = ()
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
    opening_call: bool = True
    government_reserve: GovernmentReserve | None = None
    permission: ZonePermission | None = None
    ratio: TradingRatio | None = None
    zonal_call: ZonalCall | None = None
    hot_spot: HotSpotGuard | None = None
    compensation: EcoCompensation | None = None
    regulator: tuple[FeedbackRule, ...] = ()
    tradable: bool = True

    def __post_init__(self) -> None:
        vintages = [p.vintage for p in self.periods]
        names = [p.name for p in self.periods]
        if not vintages or sorted(set(vintages)) != vintages:
            self._refuse(f"periods have vintages {vintages}, expected at least one, each later than the one before")
        if len(set(names)) != len(names):
            self._refuse(f"periods have the names {names}, expected each once")
        if not 1 <= self.opening_price_ticks <= self.right.max_price_ticks:
            self._refuse(
                f"opening_price_ticks is {self.opening_price_ticks}, "
                f"expected 1 to max_price_ticks {self.right.max_price_ticks}"
            )
        if not self.tradable:
            self._refuse_units()
        self._check_supply()
        self._check_compliance()
        self._check_trading()
        self._check_zones()

    def _refuse_units(self) -> None:
        """Refuse rules about units of a right that has none."""
        for f in fields(self):
            if f.name not in WITHOUT_UNITS and getattr(self, f.name):
                self._refuse(f"`{f.name}` is given but tradable is false: there are no units")

    def _check_supply(self) -> None:
        if self.auction is not None and self.cap is None:
            self._refuse("`auction` needs a `cap`: what is not given free is auctioned")
        if self.auction is not None and self.cap is not None and self.cap.needs_activity:
            self._refuse("`auction` needs a `cap` that is known in advance, and this one follows activity")
        if self.scaling is not None and self.cap is None:
            self._refuse("`scaling` needs a `cap`: without one there is nothing that claims could exceed")
        if self.entrant_reserve is not None and self.cap is None:
            self._refuse("`entrant_reserve` needs a `cap`: it is a share of it")
        self._check_left_over()
        if self.paid_use is not None and self.upfront is not None:
            self._refuse("`paid_use` fixes a quota for its term, so `upfront` has nothing to settle")
        self._check_reserve()
        if self.paid_use is not None and self.paid_use.mid_term_sales and self.permission is not None:
            self._refuse("paid_use.mid_term_sales knows no zones, but with `permission` units move along them only")
        if self.paid_use is not None and self.paid_use.quota == "permit_level":
            for name in ("allocation", "auction"):
                if getattr(self, name):
                    self._refuse(f"paid_use.quota is permit_level, so `{name}` has nothing to give: leave it out")
        if self.forward_vintages is not None and self.auction is None:
            self._refuse("`forward_vintages` needs an `auction`: they are sold there")
        if self.cap is not None:
            for year in {y for p in self.periods for y in p.years}:
                self.cap.cap(year)
        self.check_auctions(sorted({y for p in self.periods for y in p.years}))
        tiers = self.steady(TieredPriceReserve)
        if tiers is not None and tiers.ceiling is not None and self.surrender.mode == "cover":
            self._refuse(
                "surrender.mode is cover, but tiered_price_reserve.ceiling sells units to be surrendered at once"
            )

    def _check_reserve(self) -> None:
        """Refuse a reserve that is filled from no cap, or sold in auctions that cannot be held."""
        rule = self.government_reserve
        if rule is None:
            return
        if rule.initial_share and self.cap is None:
            self._refuse("government_reserve.initial_share is a share of a `cap`, and there is none")
        entrants = self.entrant_reserve
        within = entrants.share if entrants is not None and entrants.within_cap else 0
        if rule.initial_share + within > 1:
            self._refuse(
                f"government_reserve.initial_share is {rule.initial_share} and entrant_reserve.share {within}: "
                "together more than the cap"
            )
        if rule.initial_share and self.permission is not None:
            self._refuse(
                f"government_reserve.initial_share is {rule.initial_share}, but units count by zone with `permission`"
            )
        if rule.release_mode == "auction" and (self.one_way is None or not self.one_way.allows(Side.ASK)):
            self._refuse("government_reserve.release_mode is auction, which needs `one_way` with sides that name sell")

    def _check_left_over(self) -> None:
        """Refuse to put what is left where there is no reserve for it."""
        entrants, scaling = self.entrant_reserve, self.scaling
        if entrants is not None and entrants.leftover == "msr" and self.steady(MarketStabilityReserve) is None:
            self._refuse("entrant_reserve.leftover is msr, but `stability` has no market_stability_reserve")
        if entrants is not None and entrants.leftover == "auction" and self.auction is None:
            self._refuse("entrant_reserve.leftover is auction, but there is no `auction`")
        if scaling is None or scaling.leftover != "reserve" or entrants is not None:
            return
        if self.government_reserve is None:
            self._refuse(
                "scaling.leftover is reserve, but there is neither an `entrant_reserve` nor a `government_reserve`"
            )
        if self.permission is not None:
            self._refuse(
                "scaling.leftover is reserve, but with `permission` what lies in `government_reserve` needs a zone"
            )

    def _check_compliance(self) -> None:
        """Refuse dates of periods that do not follow from the rules, and rules that nobody carries out."""
        for p in self.periods:
            stages = tuple(p.deadline - timedelta(s.days_before) for s in self.surrender.stages)
            if p.stages != stages:
                self._refuse(f"period {p.name} has stages on {p.stages}, but surrender.stages fall on {stages}")
            if stages and stages[0] < p.verify:
                self._refuse(f"period {p.name}: the stage on {stages[0]} lies before verify {p.verify}, duty unknown")
            days = None if self.make_good is None else self.make_good.deadline
            if days is not None and p.make_good != p.deadline + timedelta(days):
                self._refuse(f"period {p.name}: make_good is {p.make_good}, but make_good.deadline is {days} days")
        if self.surrender.mode == "cover" and self.make_good is not None and self.make_good.deadline is not None:
            self._refuse("surrender.mode is cover, in which nothing is handed in by make_good.deadline")

        vintages, to_vintage = [p.vintage for p in self.periods], getattr(self.banking, "to_vintage", None)
        if to_vintage is not None and to_vintage not in vintages:
            self._refuse(f"banking.to_vintage is {to_vintage}, but `periods` have the vintages {vintages}")
        self._check_phases()
        if self.borrowing is not None and not all(self.outlives(period) for period in self.periods):
            self._refuse(
                "`borrowing` needs units that outlive their year, but `banking` is none: leave one of them out"
            )

        if self.audit is None and any(rule.watch == "false_report_share" for rule in self.regulator):
            self._refuse("`regulator` watches false_report_share, but there is no `audit` that could find any")
        if self.offset_limit is not None and self.surrender.mode == "cover":
            self._refuse("`offset_limit` is given but surrender.mode is cover, in which nothing is handed in")

    def _check_phases(self) -> None:
        """Refuse ends of phases that are no banking close: the rule would never hold."""
        closes = [p.banking_close for p in self.periods if p.banking_close is not None]
        for end in getattr(self.banking, "phase_end", ()):
            if end not in closes:
                self._refuse(
                    f"banking.phase_end names {end}, but its periods have banking_close {[str(d) for d in closes]}"
                )

    def check_auctions(self, years: Sequence[int]) -> None:
        """Refuse rules of auctions and stability that contradict each other in one of these calendar years.

        Raises
        ------
        PolicyError
            Naming both fields.
        """
        limits = self.holding_limit is not None or (self.admission is not None and self.admission.limits_holdings)
        for why in contradictions(
            self.auction, self.consignment, self.stability, years, self.collar, has_holding_limit=limits
        ):
            self._refuse(why)

    def reserve_ticks(self, year: int) -> int:
        """Return the lowest price at which auctions of a year sell, ticks: the floor of a collar holds there too.

        Raises
        ------
        PolicyError
            If there are no auctions.
        """
        if self.auction is None:
            self._refuse("there are no auctions that could have a reserve")
        return self.auction.reserve_ticks(year, () if self.collar is None else (self.collar.prices(year).floor,))

    def _check_trading(self) -> None:
        self._check_sizes()
        self._check_call()
        top = self.right.max_price_ticks
        if self.collar is not None:
            highest = max(self.collar.ceiling, *(step.ceiling for step in self.collar.steps), 0)
            if highest > top:
                self._refuse(f"E_COLLAR: collar.ceiling is {highest} ticks, above max_price_ticks {top}")
        if self.holding_limit is not None and self.holding_limit.base is not None and self.cap is None:
            self._refuse("holding_limit.limit is formula, which needs a `cap`")

    def _check_call(self) -> None:
        """Refuse terms of calls where none is held, and an indication before an opening call that there is not."""
        reopens = self.breaker is not None and self.breaker.reopen == "call"
        if self.call is not None and not self.opening_call and not reopens:
            self._refuse("`call` is given, but opening_call is false and no breaker reopens with a call")
        if self.call is not None and self.call.show and not self.opening_call:
            self._refuse("call.show publishes a price before the opening call, but opening_call is false")

    def _check_sizes(self) -> None:
        """Refuse sizes that are not said in lots, and a size that fits neither the book nor a block."""
        lot = f"a lot is {self.right.lot} {self.right.unit}: say how many lots"
        if self.block is not None and self.block.min_qty is None and self.right.lot != 1:
            self._refuse(f"E_GAP: block.min_qty is not given, and {lot}")
        if self.listed is not None and self.listed.max_qty is None and self.right.lot != 1:
            self._refuse(f"E_GAP: listed.max_qty is not given, and {lot}")
        if self.listed is not None and self.block is not None and self.listed.max_lots + 1 < self.block.min_lots:
            self._refuse(
                f"E_GAP: listed.max_qty is {self.listed.max_lots} and block.min_qty {self.block.min_lots}; "
                "what lies between could not be traded"
            )

    def _check_zones(self) -> None:
        reserve = self.government_reserve
        if self.permission is not None and reserve is not None and reserve.release_trigger_ticks is not None:
            self._refuse(
                "`government_reserve.release_trigger_ticks` sells through a book, but with `permission` there is none"
            )
        forward = self.forward_vintages
        if self.permission is not None and forward is not None and forward.tradable_from != "at_hand":
            self._refuse(
                f"forward_vintages.tradable_from is {forward.tradable_from}, but with `permission` there are no books"
            )
        why = contradiction(self.permission, self.ratio, self.zonal_call, self.hot_spot, self.compensation)
        if why is not None:
            self._refuse(why)
        of_books = (*(slot for slot in FAMILIES["trading"] if slot not in TERMS), "collar", "price_floor")
        given = next((name for name in of_books if getattr(self, name) is not None), None)
        if self.permission is not None and given is not None:
            self._refuse(f"`{given}` is a rule of books, but with `permission` there are auctions over zones only")

    def _refuse(self, why: str) -> NoReturn:
        raise PolicyError(f"{self.right.code}: {why}")

    def steady(self, kind: type[S]) -> S | None:
        """Return the rule of stability of a kind, None where the right has none."""
        return next((rule for rule in self.stability if isinstance(rule, kind)), None)

    @property
    def is_monitored(self) -> bool:
        """Whether any rule says how use becomes known, or who learns of it; without, it is known as it is."""
        return bool(
            self.measurement or self.reporting or self.verification or self.audit or self.disclosure or self.inventory
        )

    @property
    def bankable(self) -> bool:
        """Whether unused units may keep their value after some deadline."""
        return any(self.outlives(period) for period in self.periods)

    def outlives(self, period: Period) -> bool:
        """Return whether unused units may keep their value after the banking close of a period."""
        return self.banking.outlives(period.banking_close or period.deadline)
