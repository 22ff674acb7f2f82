"""Everything a market model is built from, as one record."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from agents.behaviour import Behaviour
from agents.information_spec import Information
from agents.spec import CostCurve, Label, PopulationSpec, SectorSpec, StrategyShare
from rights_market import Right, RuleChange
from rights_market.credit import Credit
from rights_market.exchange.calendar import Period, TradingCalendar
from rights_market.exchange.uniform_calendar import UniformCalendar
from rights_market.market import Keep
from rights_market.policies.allocation import Grandfathering
from rights_market.policies.banking import FreeBanking
from rights_market.policies.compliance import MakeGood, Penalty, Surrender
from rights_market.policies.credits import InclusionCredits, ProjectCredits
from rights_market.policies.rule import Rule
from rights_market.rulebook import RuleBook


@dataclass(frozen=True, slots=True)
class MarketConfig:
    """Rules, calendar and population of one market.

    Attributes
    ----------
    rule_books : tuple of RuleBook
        One a right, as on the first day.
    calendar : TradingCalendar
        Trading days.
    population : PopulationSpec
        Firms and traders.
    behaviour : Behaviour
        How firms form values and plans.
    batches_per_day : int
        How often in a session quotes are refreshed.
    keep : Keep
        What is remembered beyond balances and daily bars.
    credits : tuple of Credit
        Credits that are traded beside the rights.
    credit_sources : tuple of ProjectCredits or InclusionCredits
        Where they come from, in the order in which they were registered.
    rule_changes : tuple of RuleChange
        Dated changes of the rule books.
    links : tuple of Rule
        What ties rights to outside markets, to each other, and to the price of power.
    fiscal : tuple of Rule
        Taxes, standards, subsidies, and what becomes of the money.
    information : Information or None
        Who hears from whom, and what spreads that way; None: nobody hears from anybody.
    """

    rule_books: tuple[RuleBook, ...]
    calendar: TradingCalendar
    population: PopulationSpec
    behaviour: Behaviour = field(default_factory=Behaviour)
    batches_per_day: int = 4
    keep: Keep = field(default_factory=Keep)
    credits: tuple[Credit, ...] = ()
    credit_sources: tuple[ProjectCredits | InclusionCredits, ...] = ()
    rule_changes: tuple[RuleChange, ...] = ()
    links: tuple[Rule, ...] = ()
    fiscal: tuple[Rule, ...] = ()
    information: Information | None = None


def small_market(
    n_firms: int = 50,
    tightness: float = 0.02,
    years: int = 2,
    days_per_year: int = 60,
    hedger_share: float = 0.2,
    behaviour: Behaviour | None = None,
) -> MarketConfig:
    """Return a small carbon market of plain numbers, for notebooks, sliders and tests.

    Parameters
    ----------
    n_firms : int
        Firms, half of them cheap to abate and half dear.
    tightness : float
        Share by which the allocation stays below past use in the first year, and falls further every year.
    years, days_per_year : int
        Length, in compliance years and in trading days each.
    hedger_share : float
        Share of firms that buy from the start; the others wait for the deadline.
    behaviour : Behaviour, optional
        How firms form values and plans.
    """
    right = Right("CEA", "Emission right", "碳排放权", "t", Decimal(1), Decimal("0.01"))
    first = 2025
    periods = tuple(
        Period(
            name=str(y),
            vintage=y,
            use_from=date(y - 1, 12, 2),
            use_to=date(y, 12, 1),
            announce=date(y, 1, 1),
            preallocate=date(y, 1, 20),
            verify=date(y, 12, 5),
            true_up=date(y, 12, 10),
            deadline=date(y, 12, 31),
        )
        for y in range(first, first + years)
    )
    grandfathering = Grandfathering(base_years=(first - 1,), cut=Decimal(str(tightness)))
    book = RuleBook(
        right=right,
        periods=periods,
        opening_price_ticks=6000,
        surrender=Surrender(),
        allocation=(grandfathering,),
        penalties=(Penalty(form="multiple", low=Decimal(5), high=Decimal(10), by="gap_share"),),
        banking=FreeBanking(relabel="new_vintage"),
        make_good=MakeGood(),
    )
    half = n_firms // 2
    sectors = {
        "cheap": _sector("Cheap to abate", "减排成本低", half, 600.0),
        "dear": _sector("Dear to abate", "减排成本高", n_firms - half, 1800.0),
    }
    strategies = [StrategyShare("late_buyer", 1.0 - hedger_share), StrategyShare("hedger", hedger_share)]
    return MarketConfig(
        rule_books=(book,),
        calendar=UniformCalendar(first, years, days_per_year),
        population=PopulationSpec(sectors=sectors, strategies=[s for s in strategies if s.share > 0]),
        behaviour=behaviour or Behaviour(tightening=tightness),
    )


def _sector(en: str, zh: str, firms: int, slope: float) -> SectorSpec:
    return SectorSpec(
        name=Label(en, zh),
        firms=firms,
        mean_output=1_000_000.0,
        output_unit="t",
        output_sigma=0.8,
        intensity={"CEA": 1.0},
        abatement={"CEA": CostCurve(a=slope, b=4000.0, limit=0.5)},
        product_price_yuan=2000.0,
        margin_share=0.1,
        cash_share=0.2,
    )
