"""What a scenario is: a market with its firms, or a laboratory with induced values."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any, Literal

from annotated_types import Len
from pydantic import Field, PrivateAttr, TypeAdapter

from agents.behaviour import Behaviour
from agents.information_spec import Information
from agents.schedules import laboratory_rule_book
from agents.spec import FirmRow, InducedSpec, Label, PopulationSpec
from experiments.scenarios.blocks import (
    AnyOf,
    Block,
    BusinessDays,
    Code,
    CreditBlock,
    Currency,
    FirmsBlock,
    Name,
    Observation,
    RightBlock,
    RightTerms,
    RunBlock,
    Source,
    UniformDays,
)
from experiments.scenarios.information_block import InformationBlock
from experiments.scenarios.plain_values import plain_value
from rights_market import Period, Right, RuleBook, RuleChange, TradingCalendar
from rights_market.credit import Credit
from rights_market.exchange.calendar import chinese_exchange_closings
from rights_market.exchange.uniform_calendar import UniformCalendar


class _Common(Block):
    """Fields of every scenario."""

    format: Literal[1]
    """Version of this file format."""
    name: Name
    title: Label
    about: Label
    extends: str | None = None
    """A shipped scenario's name or a file path: that scenario, changed by this file; lists are replaced."""
    sources: list[Source] = []
    currency: Currency = "CNY"
    """Money that every amount of the file is in, for tables and figures; nothing is converted. A fen is a hundredth."""
    run: RunBlock = RunBlock()

    _texts: tuple[str, ...] = PrivateAttr(default=())
    _overrides: tuple[str, ...] = PrivateAttr(default=())
    _rows: tuple[FirmRow, ...] = PrivateAttr(default=())
    _notes: tuple[str, ...] = PrivateAttr(default=())

    @property
    def text(self) -> str:
        """The scenario as written: its file, those it extends, and the changes of the command line."""
        changes = [f"# --set {x}\n" for x in self._overrides]
        return "\n# ---- extends ----\n".join(self._texts) + "".join(changes)

    @property
    def notes(self) -> tuple[str, ...]:
        """What the reader should know: assumed values, rows left out, encodings guessed."""
        return self._notes

    def resolved(self) -> dict[str, Any]:
        """Return everything that decides a run, defaults included, as plain JSON values in a fixed order.

        Rows of a firms file stand under ``population.rows``.
        """
        values = plain_value(self)
        values.pop("extends")
        if self._rows:
            values["population"]["rows"] = plain_value(self._rows)
        return values


class MarketScenario(_Common):
    """A market with compliance duties."""

    kind: Literal["market"]
    calendar: Annotated[BusinessDays | UniformDays, Field(discriminator="kind")]
    rights: Annotated[dict[Code, RightBlock], Len(1)]
    firms: FirmsBlock = Field(alias="population")
    behaviour: Behaviour = Behaviour()
    information: InformationBlock | None = None
    """Who hears from whom, and what spreads that way; none: nobody hears from anybody."""
    links: list[Annotated[Any, AnyOf("links")]] = []
    """What ties rights to outside markets, to each other, and to the price of power."""
    fiscal: list[Annotated[Any, AnyOf("fiscal")]] = []
    """Taxes, standards, subsidies, and what becomes of the money."""
    observations: list[Observation] = []
    credits: dict[Code, CreditBlock] = {}
    """Credits that rights accept for a part of a duty, by `offset_limit`."""
    credit_sources: list[Annotated[Any, AnyOf("credit_sources")]] = []
    """Projects and schemes whose credits these are, in the order in which they were registered."""

    _changes: tuple[RuleChange, ...] = PrivateAttr(default=())
    _contacts: tuple[tuple[str, str], ...] = PrivateAttr(default=())

    def resolved(self) -> dict[str, Any]:
        """Return everything that decides a run; pairs of a contacts file stand under ``information.network.edges``."""
        values = super().resolved()
        if self._contacts:
            values["information"]["network"] |= {"edges": plain_value(self._contacts), "file": None}
        return values

    def firm_names(self) -> list[str]:
        """Return the names of all firms, in the order of their rows: those of the start, then projects."""
        rows = [row.name for row in self._rows]
        drawn = [f"{code}-{i + 1:04d}" for code, s in self.firms.sectors.items() for i in range(s.firms)]
        return [*(rows or drawn), *(p.name for p in self.firms.projects)]

    def information_network(self) -> Information | None:
        """Return the information network, with the pairs of the contacts file if there is one."""
        return None if self.information is None else self.information.spec(self._contacts)

    @property
    def population(self) -> PopulationSpec:
        """Firms and traders, with the rows of the firms file if there is one."""
        block = self.firms
        return PopulationSpec(
            sectors=block.sectors,
            strategies=block.strategies,
            institutions=block.institutions,
            rows=self._rows,
            shocks=block.shocks,
            relations=block.relations,
            projects=block.projects,
            closures=block.closures,
            seed=block.seed,
        )

    @property
    def batches_per_day(self) -> int:
        """How often in a session quotes are refreshed."""
        return self.calendar.batches_per_day

    def trading_calendar(self) -> TradingCalendar:
        """Return the trading days.

        Raises
        ------
        PolicyError
            If there are none.
        """
        c = self.calendar
        if isinstance(c, UniformDays):
            return UniformCalendar(c.first_year, c.years, c.days_per_year)
        closed: frozenset[date] = frozenset()
        if c.holidays == "china":
            closed = chinese_exchange_closings()
        elif c.holidays != "none":
            closed = frozenset(c.holidays)
        return TradingCalendar(c.start, c.end, closed)

    def rule_books(self) -> tuple[RuleBook, ...]:
        """Return the rule book of each right, in the order of the file."""
        return tuple(rule_book(code, block) for code, block in self.rights.items())

    def rule_changes(self) -> tuple[RuleChange, ...]:
        """Return the dated changes of all rights, which are read with the file."""
        return self._changes

    def traded_credits(self) -> tuple[Credit, ...]:
        """Return the credits that are traded, in the order of the file."""
        return tuple(credit(code, block) for code, block in self.credits.items())


class LaboratoryScenario(_Common):
    """A laboratory market: traders with given values and costs, no duties."""

    kind: Literal["laboratory"]
    population: InducedSpec

    def rule_books(self) -> tuple[RuleBook, ...]:
        """Return the rules of each session's right."""
        return tuple(laboratory_rule_book(self.population, s) for s in range(self.population.sessions))


Scenario = Annotated[MarketScenario | LaboratoryScenario, Field(discriminator="kind")]
MODELS: dict[str, type[MarketScenario] | type[LaboratoryScenario]] = {
    "market": MarketScenario,
    "laboratory": LaboratoryScenario,
}


def right(code: str, terms: RightTerms) -> Right:
    """Return the right that the terms describe.

    Raises
    ------
    RightsError
        If one lot at one tick is no whole number of fen, or prices reach too high.
    """
    ticks = Fraction(terms.max_price_yuan) / Fraction(terms.tick_yuan)
    return Right(
        code=code,
        name_en=terms.name.en,
        name_zh=terms.name.zh,
        unit=terms.unit,
        lot=terms.lot,
        tick_yuan=terms.tick_yuan,
        max_price_ticks=int(ticks),
    )


def credit(code: str, block: CreditBlock) -> Credit:
    """Return the credits that a block describes.

    Raises
    ------
    RightsError, PolicyError
        If its numbers contradict each other.
    """
    its_right = right(code, block)
    return Credit(
        right=its_right,
        type=block.type,
        vintages=tuple(block.vintages),
        opening_price_ticks=its_right.ticks(block.opening_price_yuan),
        is_local=block.is_local,
        expires=block.expires,
        band=block.band,
        fees=block.fees,
        settlement=block.settlement,
    )


def rule_book(code: str, block: RightBlock) -> RuleBook:
    """Return the rule book of a right.

    Raises
    ------
    RightsError, PolicyError
        If its numbers contradict each other.
    """
    its_right = right(code, block)
    return RuleBook(
        right=its_right,
        periods=tuple(_period(p, block) for p in block.periods),
        opening_price_ticks=its_right.ticks(block.opening_price_yuan),
        **_slots(block),
    )


def _slots(block: RightBlock) -> dict[str, Any]:
    """Return the rules of a block that stand in the rule book as they are."""
    own = {"right", "periods", "opening_price_ticks"}
    slots = {f.name: getattr(block, f.name) for f in fields(RuleBook) if f.name not in own}
    return {name: tuple(rules) if isinstance(rules, list) else rules for name, rules in slots.items()}


def _period(written: Period, block: RightBlock) -> Period:
    """Return a period with the dates that follow from the rules, where the period does not name them itself."""
    stages = tuple(written.deadline - timedelta(s.days_before) for s in block.surrender.stages)
    days = None if block.make_good is None else block.make_good.deadline
    later = written.deadline + timedelta(days) if days is not None else None
    return replace(written, stages=written.stages or stages, make_good=written.make_good or later)


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of scenario files, for editors."""
    schema = TypeAdapter(Scenario).json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "rights-market scenario"
    return schema


def is_whole_ticks(price: Decimal, tick: Decimal) -> bool:
    """Return whether a price is a whole number of ticks."""
    return (Fraction(price) / Fraction(tick)).denominator == 1
