"""What parts of a scenario say about each other: names that must exist, shares that must add up, rules that clash."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from itertools import combinations
from typing import Any

from agents.schedules import Schedule, laboratory_rule_book
from agents.spec import SectorSpec
from agents.strategies import STRATEGIES
from experiments.scenarios.block_checks import block_problems
from experiments.scenarios.blocks import BusinessDays, Column, RightBlock, RightTerms
from experiments.scenarios.columns import fields_of
from experiments.scenarios.credit_checks import credit_problems
from experiments.scenarios.errors import Problem, did_you_mean
from experiments.scenarios.located import problem_at, rule_problem
from experiments.scenarios.market_rules import market_rule_problems
from experiments.scenarios.nodes import Node, Path
from experiments.scenarios.regulator_checks import regulator_problems
from experiments.scenarios.schema import LaboratoryScenario, MarketScenario, is_whole_ticks, right, rule_book
from experiments.scenarios.unit_factors import factor, known_units
from experiments.scenarios.zone_checks import zone_problems
from rights_market.errors import RightsMarketError
from rights_market.exchange.calendar import Agenda, chinese_exchange_closings
from rights_market.policies.allocation import OutputBenchmark
from rights_market.policies.where import Narrowed
from rights_market.units import exact

Found = Iterator[Problem]


def market_problems(scenario: MarketScenario, root: Node) -> Found:
    """Yield what is wrong between the parts of a market, in the order of the file."""
    checks = (
        _sources, _calendar, _rights, _periods, _auctions, _where, _overlaps, _targets, _sectors, _strategies,
        _institutions, _columns, zone_problems, credit_problems, regulator_problems,
    )  # fmt: skip
    is_sound = True
    for check in (*checks, market_rule_problems):
        for problem in check(scenario, root):
            is_sound = False
            yield problem
    if is_sound:
        # Firms can be drawn only from a population that holds together.
        yield from block_problems(scenario, root)


def laboratory_problems(scenario: LaboratoryScenario, root: Node) -> Found:
    """Yield what is wrong between the parts of a laboratory market."""
    try:
        Schedule.of(scenario.population)
        laboratory_rule_book(scenario.population)
    except (RightsMarketError, ValueError) as error:
        yield rule_problem(error, ("population",), root)


def calendar_notes(scenario: MarketScenario) -> list[str]:
    """Return what the reader should know about the trading days."""
    calendar = scenario.calendar
    if not isinstance(calendar, BusinessDays) or calendar.holidays != "china":
        return []
    known = {d.year for d in chinese_exchange_closings()}
    missing = sorted(set(range(calendar.start.year, calendar.end.year + 1)) - known)
    if not missing:
        return []
    years = ", ".join(map(str, missing))
    return [f"calendar.holidays: closings of the Chinese exchanges are not known for {years}; only weekends are closed"]


def _unknown(names: Iterable[str], known: Iterable[str], path: Path, what: str, root: Node) -> Found:
    """Yield a problem for each listed name that does not exist."""
    listing = list(known)
    for i, name in enumerate(names):
        if name not in listing:
            yield problem_at(root, (*path, i), f"is not a known {what}", did_you_mean(name, listing), repr(name))


def _unknown_keys(keys: Iterable[str], known: Iterable[str], path: Path, what: str, root: Node) -> Found:
    listing = list(known)
    for key in keys:
        if key not in listing:
            found = problem_at(root, (*path, key), f"is not a known {what}", did_you_mean(key, listing), key)
            node, _ = root.nearest((*path, key))
            yield Problem(found.file, node.key_line or found.line, found.path, found.what, found.got, found.expected)


def _sources(scenario: MarketScenario, root: Node) -> Found:
    ids = [s.id for s in scenario.sources]
    for i, one in enumerate(ids):
        if one in ids[:i]:
            yield problem_at(root, ("sources", i, "id"), "is used by two sources", "each id once")
    for i, observation in enumerate(scenario.observations):
        if observation.source not in ids:
            expected = did_you_mean(observation.source, ids)
            yield problem_at(root, ("observations", i, "source"), "is not an id of `sources`", expected)


def _calendar(scenario: MarketScenario, root: Node) -> Found:
    calendar = scenario.calendar
    if isinstance(calendar, BusinessDays) and calendar.start > calendar.end:
        yield problem_at(
            root, ("calendar", "start"), f"lies after calendar.end {calendar.end}", "a date before the end"
        )
        return
    try:
        scenario.trading_calendar()
    except RightsMarketError as error:
        yield rule_problem(error, ("calendar",), root)


def _right_terms(path: Path, terms: RightTerms, root: Node) -> Found:
    if not is_whole_ticks(terms.max_price_yuan, terms.tick_yuan):
        expected = f"a multiple of tick_yuan {terms.tick_yuan}"
        yield problem_at(root, (*path, "max_price_yuan"), "is no whole number of ticks", expected)
        return
    try:
        right(str(path[-1]), terms)
    except RightsMarketError as error:
        field = "max_price_yuan" if "max_price_ticks" in str(error) else "lot"
        yield problem_at(root, (*path, field), str(error), "lot x tick_yuan in whole fen (0.01 CNY)")


def _rights(scenario: MarketScenario, root: Node) -> Found:
    for code, block in scenario.rights.items():
        path: Path = ("rights", code)
        own = [*_right_terms(path, block, root), *_opening_price(path, block, root)]
        if block.auction is not None and block.cap is None:
            expected = f"rights.{code}.cap as well: what is not given free is auctioned"
            own.append(problem_at(root, (*path, "auction"), "stands without a cap", expected, ""))
        yield from own
        if own:
            continue
        try:
            rule_book(code, block)
        except RightsMarketError as error:
            yield rule_problem(error, path, root)


def _opening_price(path: Path, block: RightBlock, root: Node) -> Found:
    at = (*path, "opening_price_yuan")
    if not is_whole_ticks(block.opening_price_yuan, block.tick_yuan):
        yield problem_at(root, at, "is no whole number of ticks", f"a multiple of tick_yuan {block.tick_yuan}")
    elif block.opening_price_yuan > block.max_price_yuan:
        yield problem_at(root, at, "cannot be quoted", f"at most max_price_yuan {block.max_price_yuan}")


def _periods(scenario: MarketScenario, root: Node) -> Found:
    try:
        calendar = scenario.trading_calendar()
    except RightsMarketError:
        return
    for code, block in scenario.rights.items():
        path: Path = ("rights", code, "periods")
        names = [p.name for p in block.periods]
        for i, name in enumerate(names):
            if name in names[:i]:
                yield problem_at(root, (*path, i, "name"), "is the name of two periods", "each name once")
        for i, period in enumerate(block.periods):
            try:
                Agenda(calendar, {code: [period]})
            except RightsMarketError as error:
                yield rule_problem(error, (*path, i), root)
        yield from _benchmark_years(code, block, root)


def _auctions(scenario: MarketScenario, root: Node) -> Found:
    """Yield auctions that do not fit into the calendar, or whose prices are not in order on a day of theirs."""
    for code, block in scenario.rights.items():
        if block.auction is None:
            continue
        try:
            book, calendar = rule_book(code, block), scenario.trading_calendar()
        except RightsMarketError:
            continue  # Told already.
        try:
            days = [d for year in calendar.years for d in block.auction.schedule.days_in(calendar.days, year)]
            held = {d.year for d in days if any(p.use_from <= d <= p.use_to for p in book.periods)}
            book.check_auctions(sorted(held))
        except RightsMarketError as error:
            yield rule_problem(error, ("rights", code, "auction"), root)


def _benchmark_years(code: str, block: RightBlock, root: Node) -> Found:
    """Yield benchmarks that lack a number for a year that they serve."""
    for i, entry in enumerate(block.allocation):
        if not isinstance(entry, OutputBenchmark):
            continue
        years = {y for p in block.periods for y in p.years}
        served = sorted(y for y in years if not entry.where.years or y in entry.where.years)
        for j, product in enumerate(entry.products):
            try:
                for year in served:
                    product.output.value(year, product.name)
            except RightsMarketError as error:
                yield problem_at(root, ("rights", code, "allocation", i, "products", j, "output"), str(error), got="")


def _slots(scenario: MarketScenario) -> Iterator[tuple[Path, list[Any]]]:
    """Yield the lists of rules that are each meant for some firms and years."""
    for code, block in scenario.rights.items():
        for slot, entries in block:
            if isinstance(entries, list) and any(isinstance(entry, Narrowed) for entry in entries):
                yield ("rights", code, slot), entries


def _where(scenario: MarketScenario, root: Node) -> Found:
    sectors = scenario.firms.sectors
    for path, entries in _slots(scenario):
        for i, entry in enumerate(entries):
            yield from _unknown(entry.where.sectors, sectors, (*path, i, "where", "sectors"), "sector", root)
            # A firm's class is its sector as long as the population has no finer classes.
            yield from _unknown(entry.where.classes, sectors, (*path, i, "where", "classes"), "class", root)
            if isinstance(entry, OutputBenchmark):
                products = [p.name for p in entry.products]
                for sector in entry.where.sectors or sectors:
                    if sector in sectors and sector not in products:
                        at = (*path, i, "products")
                        expected = f"a product named {sector}, or `where.sectors` without it; products are {products}"
                        yield problem_at(root, at, f"E_CLASS: has no benchmark for sector {sector}", expected, "")


def _overlaps(scenario: MarketScenario, root: Node) -> Found:
    for path, entries in _slots(scenario):
        for (i, first), (j, second) in combinations(enumerate(entries), 2):
            # Fines of different forms add up; two of one form would be a slip.
            if first.where.overlaps(second.where) and getattr(first, "form", None) == getattr(second, "form", None):
                other, _ = root.nearest((*path, i))
                what = f"E_OVERLAP: some firm and year is meant by this entry and by entry {i} (line {other.place})"
                yield problem_at(root, (*path, j), what, "`where` blocks without a common sector and year", "")


def _targets(scenario: MarketScenario, root: Node) -> Found:
    """Yield targets of an inventory for places without firms and years without a period."""
    places = {name for sector in scenario.firms.sectors.values() for name in sector.regions}
    for code, block in scenario.rights.items():
        vintages = [p.vintage for p in block.periods]
        for i, goal in enumerate(() if block.inventory is None else block.inventory.targets):
            path: Path = ("rights", code, "inventory", "targets", i)
            if scenario.firms.file is None:
                yield from _unknown_value(goal.prefecture, sorted(places), (*path, "prefecture"), root)
            if goal.year not in vintages:
                expected = f"a vintage of rights.{code}.periods: {', '.join(map(str, vintages))}"
                yield problem_at(root, (*path, "year"), "is judged by no period", expected)


def _unknown_value(name: str, places: list[str], path: Path, root: Node) -> Found:
    if name not in places:
        known = (
            did_you_mean(name, places) if places else "a prefecture of `regions` in population.sectors, which is empty"
        )
        yield problem_at(root, path, "is no prefecture of any sector's `regions`", known, repr(name))


def _sectors(scenario: MarketScenario, root: Node) -> Found:
    for code, sector in scenario.firms.sectors.items():
        yield from _sector_rights(("population", "sectors", code), sector, scenario, root)
        total = sum((exact(share) for share in sector.regions.values()), Fraction(0))
        if sector.regions and abs(total - 1) > Fraction(1, 10**9):
            what = f"holds shares that add up to {float(total):g}"
            path = ("population", "sectors", code, "regions")
            yield problem_at(root, path, what, "shares of prefectures that add up to 1", f"{float(total):g}")
    if scenario.firms.file is None and not any(s.firms for s in scenario.firms.sectors.values()):
        what = "holds no firm: `firms` is 0 in every sector"
        yield problem_at(root, ("population", "sectors"), what, "firms of at least 1 in a sector, or a `file`", "")


def _sector_rights(path: Path, sector: SectorSpec, scenario: MarketScenario, root: Node) -> Found:
    known = list(scenario.rights)
    used = [r for r in known if r in sector.intensity]
    yield from _unknown_keys(sector.intensity, known, (*path, "intensity"), "right", root)
    yield from _unknown(sector.covered or (), used, (*path, "covered"), "right of this sector's `intensity`", root)
    yield from _unknown_keys(sector.concentration, used, (*path, "concentration"), "right of this sector", root)
    yield from _unknown_keys(sector.abatement, used, (*path, "abatement"), "right of this sector's `intensity`", root)
    yield from _unknown_keys(
        sector.co_benefits, sector.abatement, (*path, "co_benefits"), "right of this sector's `abatement`", root
    )
    for right_code, others in sector.co_benefits.items():
        yield from _unknown_keys(others, used, (*path, "co_benefits", right_code), "right of this sector", root)
    yield from _permits((*path, "permit_share"), sector, scenario, root)
    for i, measure in enumerate(sector.measures):
        yield from _unknown_keys(
            measure.reduction, used, (*path, "measures", i, "reduction"), "right of this sector", root
        )


def _permits(path: Path, sector: SectorSpec, scenario: MarketScenario, root: Node) -> Found:
    """Yield shares of permits for rights that are not sold by what a permit allows."""
    for code in sector.permit_share:
        block = scenario.rights.get(code)
        if block is None or code not in sector.intensity:
            used = [r for r in scenario.rights if r in sector.intensity]
            yield from _unknown_keys([code], used, path, "right of this sector's `intensity`", root)
        elif block.paid_use is None or block.paid_use.quota != "permit_level":
            what = f"is given, but rights.{code}.paid_use.quota is not permit_level"
            yield problem_at(root, (*path, code), what, "a right sold by permit level", "")


def _strategies(scenario: MarketScenario, root: Node) -> Found:
    entries, sectors = scenario.firms.strategies, scenario.firms.sectors
    path: Path = ("population", "strategies")
    for i, entry in enumerate(entries):
        yield from _strategy((*path, i, "strategy"), entry.strategy, root)
        yield from _unknown(entry.sectors or (), sectors, (*path, i, "sectors"), "sector", root)
    totals: dict[Fraction, list[str]] = {}
    for code in sectors:
        total = sum((exact(e.share) for e in entries if e.sectors is None or code in e.sectors), Fraction(0))
        totals.setdefault(total, []).append(code)
    for total, codes in totals.items():
        if abs(total - 1) > Fraction(1, 10**9):
            off = f"{float(abs(total - 1)):g} too {'much' if total > 1 else 'little'}"
            what = f"shares of sector {', '.join(codes)} add up to {float(total):g}, which is {off}"
            yield problem_at(root, path, what, "shares that add up to 1 for each sector", f"{float(total):g}")


def _strategy(path: Path, name: str, root: Node) -> Found:
    if name not in STRATEGIES:
        yield problem_at(root, path, "is not a known strategy", did_you_mean(name, STRATEGIES))


def _institutions(scenario: MarketScenario, root: Node) -> Found:
    for i, group in enumerate(scenario.firms.institutions):
        path: Path = ("population", "institutions", i)
        yield from _strategy((*path, "strategy"), group.strategy, root)
        yield from _unknown(group.rights or (), scenario.rights, (*path, "rights"), "right", root)


def _columns(scenario: MarketScenario, root: Node) -> Found:
    """Yield what is wrong with the mapping of a firms file, without opening the file."""
    block, path = scenario.firms, ("population", "columns")
    yield from _unknown_keys(block.columns, fields_of(scenario.rights), path, "field of a firm", root)
    for code, terms in scenario.rights.items():
        if {f"intensity.{code}", f"use.{code}"} <= block.columns.keys():
            what = f"gives use.{code} beside intensity.{code}, which follow from each other"
            yield problem_at(root, (*path, f"use.{code}"), what, "one of the two")
        yield from _column_unit((*path, f"use.{code}"), block.columns.get(f"use.{code}"), terms.unit, root)
    yield from _column_unit((*path, "cash_yuan"), block.columns.get("cash_yuan"), "CNY", root)
    if block.file is None:
        for field in ("columns", "sheet"):
            if getattr(block, field):
                yield problem_at(root, ("population", field), "is given without a `file`", "a `file` as well", "")


def _column_unit(path: Path, column: str | Column | None, target: str, root: Node) -> Found:
    if isinstance(column, Column) and column.unit is not None and factor(column.unit, target) is None:
        alike = [u for u in known_units() if factor(u, target) is not None] or [target]
        yield problem_at(root, (*path, "unit"), f"cannot be turned into {target}", did_you_mean(column.unit, alike))


CHECKS: dict[str, Callable[..., Found]] = {"market": market_problems, "laboratory": laboratory_problems}
