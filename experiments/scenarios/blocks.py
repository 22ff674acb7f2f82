"""The parts of a scenario file, as records with their limits.

The rules themselves are the records of `rights_market.policies` and `agents`; here stand the parts around them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal, Union

from annotated_types import Ge, Gt, Le, Len, MinLen
from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, StringConstraints
from pydantic_core import CoreSchema

from agents.spec import (
    ClosureSpec,
    InstitutionSpec,
    Label,
    ProjectSpec,
    RelationSpec,
    SectorSpec,
    ShockSpec,
    StrategyShare,
)
from rights_market import Period
from rights_market.policies import RULES
from rights_market.policies.allocation import UpfrontTrueUp
from rights_market.policies.auction import Consignment, ForwardVintages
from rights_market.policies.banking import FreeBanking
from rights_market.policies.compliance import MakeGood, Surrender
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

Mark = Literal["seen", "known", "approx", "derived"]
Unit = Literal["t", "kg", "tce", "kgce", "MWh", "kWh", "GJ", "m3", "t/yr", "kg/yr", "tce/yr", "short ton", "unit"]
Currency = Literal["CNY", "EUR", "USD", "KRW"]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,15}$")]
Amount = Annotated[Decimal, Gt(0)]
Year = Annotated[int, Ge(1900), Le(2200)]


class Block(BaseModel):
    """A part of a scenario: cannot be changed, refuses unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Source(Block):
    """Where numbers come from."""

    id: str
    text: str
    mark: Mark
    """seen: read in the source; known: from the field's literature; approx: an assumption; derived: computed."""


class BusinessDays(Block):
    """Monday to Friday between two dates, without holidays."""

    kind: Literal["business_days"]
    start: date
    end: date
    holidays: Literal["china", "none"] | list[date] = "none"
    """china: closings of the Chinese exchanges, 2021 to 2025."""
    batches_per_day: Annotated[int, Ge(1), Le(1000)] = 4


class UniformDays(Block):
    """The same number of trading days in every year."""

    kind: Literal["uniform"]
    first_year: Year
    years: Annotated[int, Ge(1), Le(50)]
    days_per_year: Annotated[int, Ge(1), Le(365)]
    batches_per_day: Annotated[int, Ge(1), Le(1000)] = 4


@dataclass(frozen=True)
class AnyOf:
    """Marks a field that may hold any rule of a slot, told apart by its `kind`, which a lone rule may leave out."""

    slot: str

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Return the schema of the rules that `rights_market.policies.RULES` lists for the slot."""
        rules = RULES[self.slot]
        if len(rules) == 1:
            return handler.generate_schema(rules[0])
        return handler.generate_schema(Annotated[Union[rules], Field(discriminator="kind")])  # noqa: UP007


class ChangeBlock(Block):
    """A change of the rules of a right from a date on."""

    announce: date
    """Firms learn of the change on the first trading day from here on."""
    start: date = Field(alias="from")
    """The new rules hold from the first trading day from here on."""
    set: Annotated[dict[str, Any], MinLen(1)]
    """Rule, or dotted path into one, -> new value; a mapping of the same kind is merged into the one that stands."""
    retroactive: bool = False
    """Whether plans that are published are worked out anew, and the change may be announced late."""


class RightTerms(Block):
    """What is traded, in which units."""

    name: Label
    unit: Unit
    lot: Amount = Decimal(1)
    """Units in one lot."""
    tick_yuan: Amount = Decimal("0.01")
    """Price step, CNY per unit."""
    max_price_yuan: Amount = Decimal(2000)
    """Highest price that can be quoted, CNY per unit."""


class RightBlock(RightTerms):
    """One right with everything that is decided about it."""

    opening_price_yuan: Amount
    """Reference price of the first day, CNY per unit."""
    periods: Annotated[list[Period], Len(1)]
    cap: Annotated[Any, AnyOf("cap")] | None = None
    allocation: list[Annotated[Any, AnyOf("allocation")]] = []
    mix: list[Annotated[Any, AnyOf("mix")]] = []
    scaling: Annotated[Any, AnyOf("scaling")] | None = None
    upfront: UpfrontTrueUp | None = None
    paid_use: Annotated[Any, AnyOf("paid_use")] | None = None
    replacement: Annotated[Any, AnyOf("replacement")] | None = None
    entrant_reserve: Annotated[Any, AnyOf("entrant_reserve")] | None = None
    entry_exit: Annotated[Any, AnyOf("entry_exit")] | None = None
    auction: Annotated[Any, AnyOf("auction")] | None = None
    consignment: Consignment | None = None
    forward_vintages: ForwardVintages | None = None
    stability: list[Annotated[Any, AnyOf("stability")]] = []
    banking: Annotated[Any, AnyOf("banking")] = FreeBanking()
    surrender: Surrender = Surrender()
    shortfall_caps: list[Annotated[Any, AnyOf("shortfall_caps")]] = []
    offset_limit: Annotated[Any, AnyOf("offset_limit")] | None = None
    borrowing: Annotated[Any, AnyOf("borrowing")] | None = None
    penalties: list[Annotated[Any, AnyOf("penalties")]] = []
    make_good: MakeGood | None = None
    sanctions: Annotated[Any, AnyOf("sanctions")] | None = None
    measurement: list[Annotated[Any, AnyOf("measurement")]] = []
    reporting: Annotated[Any, AnyOf("reporting")] | None = None
    verification: Annotated[Any, AnyOf("verification")] | None = None
    audit: Annotated[Any, AnyOf("audit")] | None = None
    disclosure: Annotated[Any, AnyOf("disclosure")] | None = None
    inventory: Annotated[Any, AnyOf("inventory")] | None = None
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
    fees: Fees = Fees()
    settlement: SettlementCycle = SettlementCycle()
    opening_call: bool = True
    changes: list[ChangeBlock] = []
    """Dated changes of these rules; what is traded, the periods, the opening price and auctions stay."""
    government_reserve: Annotated[Any, AnyOf("government_reserve")] | None = None
    permission: Annotated[Any, AnyOf("permission")] | None = None
    ratio: Annotated[Any, AnyOf("ratio")] | None = None
    zonal_call: Annotated[Any, AnyOf("zonal_call")] | None = None
    hot_spot: Annotated[Any, AnyOf("hot_spot")] | None = None
    compensation: Annotated[Any, AnyOf("compensation")] | None = None
    regulator: list[Annotated[Any, AnyOf("regulator")]] = []
    """What the authority moves on the way, and by which figures."""
    tradable: bool = True
    """false: use is measured for taxes and standards, but there are no units to allocate, owe or trade."""


class CreditBlock(RightTerms):
    """Credits of one kind, and how they are traded beside the rights."""

    type: str
    """What the limits of rights look at, such as ccer."""
    vintages: Annotated[list[Year], Len(1)]
    opening_price_yuan: Amount
    """Reference price of the first day, CNY per unit."""
    is_local: bool = True
    expires: date | None = None
    """Last date on which they are accepted."""
    band: PriceBand | None = None
    fees: Fees = Fees()
    settlement: SettlementCycle = SettlementCycle()


class Column(Block):
    """A column of a firms file and the unit of its numbers."""

    column: str
    unit: str | None = None


class FirmsBlock(Block):
    """Sectors, firms and traders."""

    kind: Literal["firms"]
    sectors: Annotated[dict[Code, SectorSpec], MinLen(1)]
    strategies: Annotated[list[StrategyShare], Len(1)]
    """Shares of the firms of each sector; for each sector they add up to 1."""
    institutions: list[InstitutionSpec] = []
    shocks: ShockSpec = ShockSpec()
    relations: RelationSpec = RelationSpec()
    projects: list[ProjectSpec] = []
    closures: list[ClosureSpec] = []
    seed: Annotated[int, Ge(0)] | None = None
    """Seed of sizes, intensities and costs: the same firms in every run; null: drawn from the seed of the run."""
    file: str | None = None
    """CSV or XLSX with one row a firm, in place of the numbers of firms in the sectors."""
    sheet: str | None = None
    """Sheet of an XLSX file; the first one if null."""
    columns: dict[str, str | Column] = {}
    """Field -> header, or {column, unit}; fields: name, sector, output, region, group, cash_yuan, intensity.R, use.R,
    permit.R with R the code of a right."""
    on_bad_rows: Literal["refuse", "skip"] = "refuse"


class Observation(Block):
    """A number of the real market, set beside the simulated one."""

    metric: str
    year: Year
    period: str | None = None
    """Name of the compliance period, for a number that belongs to one and not to a calendar year."""
    value: float
    unit: str
    source: str
    """`id` of an entry in `sources`."""
    mark: Mark


class Record(Block):
    """What is kept of a run beyond the daily tables."""

    trades: bool = True
    quotes: bool = False
    journal: bool = True


class RunBlock(Block):
    """How the scenario is run unless the command line says otherwise."""

    seed: Annotated[int, Ge(0), Le(2**63 - 1)] = 1
    record: Record = Record()
