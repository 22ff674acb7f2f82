"""What a population is made of: sectors, cost curves, measures, and who trades how.

Plain frozen records with their limits beside the fields.  The scenario file fills them; nothing here reads a file.
Quantities are in the right's own unit, money in CNY, rates a year, shares between 0 and 1.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Gt, Le, Len

FORBID: dict[str, Any] = {"extra": "forbid"}

Share = Annotated[float, Ge(0), Le(1)]
Positive = Annotated[float, Gt(0)]
NotNegative = Annotated[float, Ge(0)]


@dataclass(frozen=True, slots=True)
class Label:
    """A name for people, in English and Chinese."""

    __pydantic_config__: ClassVar[dict[str, Any]] = FORBID

    en: str
    zh: str


@dataclass(frozen=True, slots=True)
class CostCurve:
    """Marginal abatement cost a x + b x^2 in CNY per unit, x the abated share of baseline, at most `limit`.

    The quadratic form of Ellerman and Decaux (1998), with the share in place of the quantity.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = FORBID

    a: NotNegative
    b: NotNegative = 0.0
    limit: Share = 1.0


@dataclass(frozen=True, slots=True)
class MeasureSpec:
    """A lumpy measure that a firm may invest in: one decision, several rights.

    Attributes
    ----------
    capex_yuan_per_output, opex_yuan_per_output : float
        Investment, and running cost a year, per unit of yearly output.
    lead_days, life_years : int, float
        Trading days until it works; years it lasts.
    reduction : dict
        Right -> share of that right's baseline it removes; negative where it adds.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = FORBID

    name: Label
    capex_yuan_per_output: NotNegative
    reduction: dict[str, Annotated[float, Ge(-1), Le(1)]]
    opex_yuan_per_output: float = 0.0
    lead_days: Annotated[int, Ge(0)] = 120
    life_years: Annotated[int, Ge(1)] = 10
    share_of_firms: Share = 1.0


@dataclass(frozen=True, slots=True)
class ConcentrationSpec:
    """How concentrated the discharge of a sector's firms is, before they abate.

    Attributes
    ----------
    mean : float
        Mean concentration, as a share of its limit.
    sigma : float
        Log standard deviation over firms.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = FORBID

    mean: Positive
    sigma: NotNegative = 0.3


@dataclass(frozen=True, slots=True)
class SectorSpec:
    """One sector (or benchmark class) of firms.

    Attributes
    ----------
    firms : int
        How many firms to draw (a population file brings its own).
    mean_output : float
        Mean yearly output of a firm, in `output_unit`.
    output_growth : float
        Growth of output a year without policy.
    output_sigma : float
        Log standard deviation of output over firms (lognormal with that mean).
    intensity : dict
        Right -> units per unit of output, or {year: units} where the way of measuring changes.
    intensity_sigma : float
        Log standard deviation of intensity over firms.
    intensity_persistence : float
        Correlation of a firm's intensity between years.
    covered : list or None
        Rights that the firms must hold; None means all in `intensity`.
    abatement : dict
        Right -> marginal cost curve of its continuous abatement.
    cost_sigma : float
        Log standard deviation of the cost curve over firms.
    co_benefits : dict
        Right -> {other right: units removed of the other per unit abated of the first}.
    product_price_yuan, margin_share : float
        Price of one unit of output, and the share of it left before the cost of rights.
    demand_elasticity : float
        Elasticity of demand for the product, not positive.
    cash_share : float
        Cash at the start as a share of one year's sales.
    regions : dict
        Prefecture -> share of the sector's firms that lie in it; the shares add up to 1.  Empty: nobody knows.
    closure_rate : float
        Probability a year that a firm closes.
    permit_share : dict
        Right -> what the permit of a firm allows a year, as a share of its expected use; 1 for those not named.  For
        rights that are sold by permit level; a column of a population file goes before.
    uncounted : dict
        Kind of use (``new_renewable``, ``feedstock``) -> its share of a firm's use, which may not count in
        the control of energy.
    power_bought_mwh, power_sold_mwh : float
        Power bought from, and sold to, the grid for a unit of output, MWh.
    concentration : dict
        Right -> concentration of discharge, which a tax may look at; rights that are not named: nobody knows.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = FORBID

    name: Label
    mean_output: Positive
    output_unit: str
    intensity: dict[str, NotNegative | dict[int, NotNegative]]
    firms: Annotated[int, Ge(0)] = 0
    output_growth: Annotated[float, Gt(-0.5), Le(0.5)] = 0.0
    output_sigma: NotNegative = 1.0
    intensity_sigma: NotNegative = 0.1
    intensity_persistence: Share = 0.9
    covered: list[str] | None = None
    abatement: dict[str, CostCurve] = field(default_factory=dict)
    cost_sigma: NotNegative = 0.5
    co_benefits: dict[str, dict[str, float]] = field(default_factory=dict)
    measures: list[MeasureSpec] = field(default_factory=list)
    product_price_yuan: Positive = 1.0
    margin_share: Share = 0.1
    demand_elasticity: Annotated[float, Le(0)] = 0.0
    cash_share: NotNegative = 0.1
    regions: dict[str, Share] = field(default_factory=dict)
    closure_rate: Share = 0.0
    permit_share: dict[str, NotNegative] = field(default_factory=dict)
    uncounted: dict[Literal["new_renewable", "feedstock"], Share] = field(default_factory=dict)
    power_bought_mwh: NotNegative = 0.0
    power_sold_mwh: NotNegative = 0.0
    concentration: dict[str, ConcentrationSpec] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ShockSpec:
    """Random movement of output: common, by sector and by firm; log standard deviation a year, mean-reverting."""

    __pydantic_config__: ClassVar[dict[str, Any]] = FORBID

    common_sd: NotNegative = 0.02
    sector_sd: NotNegative = 0.03
    firm_sd: NotNegative = 0.05
    half_life_days: Positive = 120.0


@dataclass(frozen=True, slots=True)
class FirmRow:
    """One real firm of a population file, with what the file said and what was filled in."""

    __pydantic_config__: ClassVar[dict[str, Any]] = FORBID

    name: str
    sector: str
    output: Positive
    region: str = ""
    intensity: dict[str, NotNegative] = field(default_factory=dict)
    cash_yuan: NotNegative | None = None
    group: str = ""
    filled: tuple[str, ...] = ()
    permit: dict[str, NotNegative] = field(default_factory=dict)
    concentration: dict[str, NotNegative] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ProjectSpec:
    """A new plant: it applies on a date, and begins to work once it is approved and built.

    Attributes
    ----------
    output : float
        Output a year, in the sector's unit; what it needs of each right follows from the sector's intensity.
    applies : date
    build_days : int
        Calendar days from approval to the first output.
    region : str
        Where it stands.
    replaces : str
        Name of the firm in whose place it is built; that firm closes once the project applies.
    cash_yuan : float or None
        Cash at its disposal from the start; None: the sector's share of a year's sales.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = FORBID

    name: str
    sector: str
    output: Positive
    applies: date
    build_days: Annotated[int, Ge(0)] = 0
    region: str = ""
    replaces: str = ""
    cash_yuan: NotNegative | None = None


@dataclass(frozen=True, slots=True)
class ClosureSpec:
    """A firm that closes on a date."""

    __pydantic_config__: ClassVar[dict[str, Any]] = FORBID

    firm: str
    on: date


@dataclass(frozen=True, slots=True)
class StrategyShare:
    """A share of the firms (of some sectors) that quote by one strategy."""

    __pydantic_config__: ClassVar[dict[str, Any]] = FORBID

    strategy: str
    share: Share
    sectors: list[str] | None = None


@dataclass(frozen=True, slots=True)
class InstitutionSpec:
    """A number of traders without obligations, alike in strategy and means."""

    __pydantic_config__: ClassVar[dict[str, Any]] = FORBID

    strategy: str
    count: Annotated[int, Ge(1)]
    cash_yuan: NotNegative
    rights: list[str] | None = None
    position_limit: Positive = 100_000.0


@dataclass(frozen=True, slots=True)
class RelationSpec:
    """Who knows whom among the firms: matters where lots are agreed in pairs, in blocks or over the counter.

    Attributes
    ----------
    groups : int
        Number of groups under one owner; a column `group` of a firms file goes before.
    share : float
        Share of the firms that belong to a group.
    acquaintances : int
        Firms outside its own group that each firm gets to know; where there are blocks only, each large firm.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = FORBID

    groups: Annotated[int, Ge(0)] = 0
    share: Share = 0.0
    acquaintances: Annotated[int, Ge(0)] = 5

    def __post_init__(self) -> None:
        if (self.groups == 0) != (self.share == 0.0):
            raise ValueError(f"relations: groups is {self.groups} and share {self.share}; give both, or neither")


@dataclass(frozen=True, slots=True)
class PopulationSpec:
    """The firms of a province and those who trade beside them.

    Attributes
    ----------
    projects : list of ProjectSpec
        New plants; they are there from the start of a run, and do nothing before they apply.
    closures : list of ClosureSpec
        Firms that close, besides those that the sectors' `closure_rate` draws.
    seed : int or None
        Seed from which sizes, intensities, costs and open investments are drawn: the firms are then the same ones in
        every run, and seeds of runs differ in shocks and behaviour only.  None: drawn from the seed of the run.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = FORBID

    sectors: Annotated[dict[str, SectorSpec], Len(1)]
    strategies: Annotated[list[StrategyShare], Len(1)]
    kind: Literal["firms"] = "firms"
    institutions: list[InstitutionSpec] = field(default_factory=list)
    rows: tuple[FirmRow, ...] = ()
    shocks: ShockSpec = field(default_factory=ShockSpec)
    relations: RelationSpec = field(default_factory=RelationSpec)
    projects: list[ProjectSpec] = field(default_factory=list)
    closures: list[ClosureSpec] = field(default_factory=list)
    seed: Annotated[int, Ge(0)] | None = None


@dataclass(frozen=True, slots=True)
class InducedSpec:
    """A laboratory market: traders with values and costs given by the experimenter (Smith 1962).

    Attributes
    ----------
    values, costs : list of float
        One per buyer and one per seller, CNY per unit; each trades at most `units` units a day.
    strategy : str
        How all of them quote: ``zi_u``, ``zi_c`` or ``zip``.
    price_low, price_high : float
        Range of prices that may be quoted, CNY.
    days : int
        Trading days, the same schedules every day; what strategies learn is kept.
    turns_per_trader : int
        How often each trader is drawn on a day, on average.
    batch : int
        Traders drawn between two looks at the book: 1 is the laboratory, event by event; as many as there are traders,
        a round in which each acts once.
    improvement_rule : bool
        Whether a quote must beat the best one on its side; others are not entered.
    clear_after_trade : bool
        Whether all quotes lapse after a trade, as in Gode and Sunder (1993); needs a `batch` of 1.
    sessions : int
        Groups of such traders side by side, each with a book of its own and independent of the others.

    Raises
    ------
    ValueError
        If the prices leave no range, or `clear_after_trade` is asked of batches in which several trades happen.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = FORBID

    values: Annotated[list[Positive], Len(1)]
    costs: Annotated[list[NotNegative], Len(1)]
    price_low: NotNegative
    price_high: Positive
    kind: Literal["induced"] = "induced"
    strategy: Literal["zi_u", "zi_c", "zip"] = "zip"
    units: Annotated[int, Ge(1)] = 1
    days: Annotated[int, Ge(1), Le(1000)] = 10
    turns_per_trader: Annotated[int, Ge(1)] = 20
    batch: Annotated[int, Ge(1)] = 1
    improvement_rule: bool = False
    clear_after_trade: bool = False
    sessions: Annotated[int, Ge(1), Le(200)] = 1

    def __post_init__(self) -> None:
        if not self.price_low < self.price_high:
            raise ValueError(
                f"price_low is {self.price_low} and price_high {self.price_high}; expected a range of prices"
            )
        if self.clear_after_trade and self.batch > 1:
            raise ValueError(
                f"clear_after_trade lets all quotes lapse after each trade, so `batch` must be 1, not {self.batch}"
            )
