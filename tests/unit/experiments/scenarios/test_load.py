"""Reading scenarios: values arrive exactly, and every mistake is named where it was written."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from experiments.scenarios.errors import Problem, ScenarioError
from experiments.scenarios.load import load_scenario
from rights_market.policies.allocation import Grandfathering, OutputBenchmark, Where

SAMPLE = Path(__file__).with_name("sample.yaml")


def changed(folder: Path, *changes: tuple[str, str]) -> Path:
    """Write the sample with pieces of its text exchanged; every piece must be there exactly once."""
    text = SAMPLE.read_text(encoding="utf-8")
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path = folder / "bad.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def line_of(piece: str) -> int:
    """Return the line of the sample that holds a piece of text."""
    lines = SAMPLE.read_text(encoding="utf-8").splitlines()
    (found,) = [i for i, line in enumerate(lines, start=1) if piece in line]
    return found


def problems(path: Path, *overrides: str) -> tuple[Problem, ...]:
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path, overrides=overrides)
    return caught.value.problems


def only(path: Path, *overrides: str) -> Problem:
    (found,) = problems(path, *overrides)
    return found


def test_a_sound_scenario_gives_rule_books_calendar_and_population() -> None:
    scenario = load_scenario(SAMPLE)
    (book,) = scenario.rule_books()
    assert book.right.tick_yuan == Decimal("0.01")
    assert book.right.max_price_ticks == 100_000
    assert book.opening_price_ticks == 4800
    assert [type(e) for e in book.allocation] == [Grandfathering, OutputBenchmark]
    assert book.allocation[0].where == Where(sectors=("steel",))
    assert book.allocation[1].products[0].output.table == {2022: Decimal("0.85")}
    assert book.cap.cap(2022) == 19_600_000
    assert len(scenario.trading_calendar()) == 242
    assert scenario.population.sectors["steel"].mean_output == 1e6
    assert scenario.population.sectors["clinker"].intensity == {"CEA": {2021: 0.86, 2022: 0.85}}
    assert scenario.batches_per_day == 4
    assert scenario.behaviour.forward_weight == 0.7
    assert scenario.run.seed == 3
    assert scenario.text == SAMPLE.read_text(encoding="utf-8")


def test_decimals_are_the_digits_that_were_written(tmp_path: Path) -> None:
    scenario = load_scenario(changed(tmp_path, ("cut: 0.02", "cut: 0.129"), ("width: 0.10", "width: .29")))
    (book,) = scenario.rule_books()
    assert str(book.allocation[0].cut) == "0.129"
    assert book.band.width == Decimal("0.29")


def test_the_resolved_scenario_is_a_scenario_again(tmp_path: Path) -> None:
    import json

    first = load_scenario(SAMPLE)
    again = tmp_path / "again.yaml"
    again.write_text(json.dumps(first.resolved(), ensure_ascii=False), encoding="utf-8")
    second = load_scenario(again)
    assert second.resolved() == first.resolved()
    assert second.rule_books() == first.rule_books()
    assert second.population == first.population


def test_a_scenario_cannot_be_changed() -> None:
    scenario = load_scenario(SAMPLE)
    with pytest.raises(ValueError, match="frozen"):
        scenario.name = "other"


@pytest.mark.parametrize(
    ("old", "new", "piece", "path", "got", "words"),
    [
        ("lot: 1\n", "lott: 1\n", "lot: 1", "rights.CEA.lott", "1", "did you mean 'lot'?"),
        ("    unit: t\n", "    unit: kiloton\n", "    unit: t", "rights.CEA.unit", "kiloton", "one of: t, kg"),
        ("_price_yuan: 48", "_price_yuan: 48 CNY", "opening", "rights.CEA.opening_price_yuan", "48 CNY", "a unit"),
        ("cut: 0.02", "cut: 0.5", "cut:", "rights.CEA.allocation.0.cut", "0.5", "at most 0.2"),
        ("base: 20000000", "base: -1", "base: 2", "rights.CEA.cap.base", "-1", "at least 0"),
        ("share: 0.9", "share: 1.9", "share: 0.9", "population.strategies.0.share", "1.9", "at most 1"),
        ("use_to: 2022-11-19", "use_to: 2022-31-19", "use_to", "rights.CEA.periods.0.use_to", "2022-31-19", "YYYY"),
        (
            "firms: 6",
            "firms: 2.5",
            "firms: 6",
            "population.sectors.steel.firms",
            "2.5",
            "whole number",
        ),
        (
            "mean_output: 1e6",
            "mean_output: true",
            "mean_output: 1e6",
            "population.sectors.steel.mean_output",
            "true",
            "a number",
        ),
        ("kind: price_band", "kind: price_bond", "price_band", "rights.CEA.band.kind", "price_bond", "'price_band'"),
        (
            "kind: grandfathering",
            "kind: grandfather",
            "kind: grandf",
            "rights.CEA.allocation.0.kind",
            "grandfather",
            "did you mean 'grandfathering'?",
        ),
        ("{CEA: 1.9}", "{CEA: '1.9'}", "{CEA: 1.9}", "population.sectors.steel.intensity.CEA", "'1.9'", "a number"),
        (
            "2022: 0.85}}\n      cov",
            "2022: -0.85}}\n      cov",
            "{2021: 0.86",
            "population.sectors.clinker.intensity.CEA.2022",
            "-0.85",
            "at least 0",
        ),
        ("format: 1", "format: 2", "format", "format", "2", "1"),
        ("name: sample", "name: ../sample", "name: sample", "name", "../sample", "letters"),
        (
            "per_year: 4",
            "per_year: 4, dates: [2022-05-05]",
            "per_year",
            "rights.CEA.auction.schedule.dates",
            "a list of 1",
            "",
        ),
    ],
)
def test_a_wrong_field_is_named_with_its_line(
    tmp_path: Path, old: str, new: str, piece: str, path: str, got: str, words: str
) -> None:
    file = changed(tmp_path, (old, new))
    problem = only(file)
    assert problem.file == str(file)
    assert problem.path == path
    assert problem.line == line_of(piece)
    assert problem.got == got
    assert words in problem.expected
    assert str(problem).startswith(f"{file}:{problem.line}: {path}: ")


def test_all_mistakes_are_told_at_once_in_one_message(tmp_path: Path) -> None:
    found = problems(
        changed(tmp_path, ("lot: 1\n", "lott: 1\n"), ("cut: 0.02", "cut: 9"), ("use_to: 2022-11", "use_to: 2021-11"))
    )
    assert {p.path for p in found} == {
        "rights.CEA.lott",
        "rights.CEA.allocation.0.cut",
        "rights.CEA.periods.0.use_from",
    }
    assert len(str(ScenarioError(found)).splitlines()) == 3


def test_a_missing_field_is_told_at_its_block(tmp_path: Path) -> None:
    problem = only(changed(tmp_path, ("        vintage: 2022\n", "")))
    assert problem.path == "rights.CEA.periods.0.vintage"
    assert problem.line == line_of('- name: "2022"')
    assert problem.what == "is missing"
    assert problem.expected == "a whole number"


def test_dates_out_of_order_name_both(tmp_path: Path) -> None:
    problem = only(changed(tmp_path, ("true_up: 2022-12-01", "true_up: 2022-11-01")))
    assert problem.line in (line_of("verify:"), line_of("true_up: 2"))
    assert "verify on 2022-11-25 lies after true_up on 2022-11-01" in problem.what
    assert "in the order" in problem.expected


def test_a_rule_inside_a_rule_is_told_at_its_own_place(tmp_path: Path) -> None:
    problem = only(changed(tmp_path, ("{table: {2022: 0.85}}", "{b0: 0.85}")))
    assert problem.path == "rights.CEA.allocation.1.products.0.output.b0"
    assert "base_year is None; give both or neither" in problem.what


@pytest.mark.parametrize(
    ("old", "new", "path", "words"),
    [
        ("share: 0.9", "share: 0.95", "population.strategies", "steel, clinker add up to 1.05, which is 0.05 too much"),
        ("strategy: hedger", "strategy: hegder", "population.strategies.1.strategy", "did you mean 'hedger'?"),
        ("[steel]", "[steal]", "rights.CEA.allocation.0.where.sectors.0", "did you mean 'steel'?"),
        ("{CEA: 1.9}", "{CO2: 1.9}", "population.sectors.steel.intensity.CO2", "one of: CEA"),
        ("covered: [CEA]", "covered: [CEB]", "population.sectors.clinker.covered.0", "one of: CEA"),
        ("rights: [CEA]", "rights: [SO2]", "population.institutions.0.rights.0", "one of: CEA"),
        ("    lot: 1\n", "    lot: 0.3\n", "rights.CEA.lot", "3/10 fen"),
        ("_price_yuan: 48", "_price_yuan: 48.005", "rights.CEA.opening_price_yuan", "multiple of tick_yuan 0.01"),
        ("_price_yuan: 48", "_price_yuan: 4800", "rights.CEA.opening_price_yuan", "max_price_yuan 1000"),
        ("start: 2022-01-04", "start: 2023-01-04", "calendar.start", "calendar.end 2022-12-31"),
        ("source: notice", "source: note", "observations.0.source", "did you mean 'notice'?"),
        ("{2022: 0.85}}}", "{2019: 0.85}}}", "rights.CEA.allocation.1.products.0.output", "no year 2022"),
        ("name: clinker, ", "name: klinker, ", "rights.CEA.allocation.1.products", "no benchmark for sector clinker"),
        ("{sectors: [clinker]}", "{years: [2022]}", "rights.CEA.allocation.1", "E_OVERLAP"),
    ],
)  # fmt: skip
def test_blocks_that_do_not_fit_are_named(tmp_path: Path, old: str, new: str, path: str, words: str) -> None:
    found = problems(changed(tmp_path, (old, new)))
    assert any(p.path == path and p.line > 1 and words in str(p) for p in found), "\n".join(map(str, found))


def test_an_auction_needs_a_cap(tmp_path: Path) -> None:
    text = SAMPLE.read_text(encoding="utf-8")
    start, end = text.index("    cap:\n"), text.index("    allocation:\n")
    file = tmp_path / "bad.yaml"
    file.write_text(text[:start] + text[end:], encoding="utf-8")
    problem = only(file)
    assert problem.path == "rights.CEA.auction"
    assert "rights.CEA.cap" in problem.expected


def test_fines_of_two_forms_add_up_but_two_of_one_form_clash(tmp_path: Path) -> None:
    old = "- {form: multiple, low: 5, high: 10, by: gap_share}\n"
    lump = old + "      - {form: lump, lump_low: 2000000, lump_high: 3000000}\n"
    (book,) = load_scenario(changed(tmp_path, (old, lump))).rule_books()
    assert [e.form for e in book.penalties] == ["multiple", "lump"]
    problem = only(changed(tmp_path, (old, old + "      - {form: multiple, low: 3}\n")))
    assert problem.path == "rights.CEA.penalties.1"
    assert "E_OVERLAP" in problem.what


def test_dates_that_follow_from_rules_are_filled_in(tmp_path: Path) -> None:
    old = "    make_good: {kind: make_good, factor: 1}\n"
    stages = "    surrender: {kind: surrender, stages: [{days_before: 20, share: 0.3}]}\n"
    new = "    make_good: {kind: make_good, deadline: 60, factor: 1}\n"
    (book,) = load_scenario(changed(tmp_path, (old, stages + new))).rule_books()
    assert book.periods[0].stages == (date(2022, 12, 10),)
    assert book.periods[0].make_good == date(2023, 2, 28)


def test_years_without_known_holidays_are_noted(tmp_path: Path) -> None:
    scenario = load_scenario(changed(tmp_path, ("end: 2022-12-31", "end: 2027-12-31")))
    assert "2026, 2027" in scenario.notes[0]


def test_a_laboratory_market_needs_no_duties(tmp_path: Path) -> None:
    file = tmp_path / "lab.yaml"
    head = "format: 1\nname: lab\ntitle: {en: a, zh: b}\nabout: {en: a, zh: b}\nkind: laboratory\n"
    body = "population: {kind: induced, values: [3.25, 2], costs: [0.75, 1], price_low: 0, price_high: 4, days: 5}\n"
    file.write_text(head + body, encoding="utf-8")
    scenario = load_scenario(file)
    assert scenario.population.values == [3.25, 2.0]
    assert [b.right.code for b in scenario.rule_books()] == ["LAB"]
    problem = only(file, "population.price_high=0.001")
    assert problem.path == "population.price_high"


def test_an_unknown_name_offers_the_shipped_ones() -> None:
    with pytest.raises(
        ScenarioError, match="is not a shipped scenario .got jiangksi.; expected .*did you mean 'jiangxi'"
    ):
        load_scenario("jiangksi")


class TestSupply:
    """Rules of auctions and stability that contradict each other are named where they stand."""

    SCHEDULE = "      schedule: {kind: auction_schedule, per_year: 4}\n"
    TIER = "{trigger: {r0: 900, start_year: 2022}, size: {share: 0.1}}"
    CCR = f"      - {{kind: cost_containment_reserve, tiers: [{TIER}]}}\n"

    @pytest.mark.parametrize(
        ("auction", "stability", "words"),
        [
            (
                "      reserve: 1000\n",
                CCR,
                "E_RESERVE: the reserve of the auction is 1000 ticks in 2022, above the trigger 900",
            ),
            (
                "      reserve: 600\n",
                "      - {kind: emissions_containment_reserve, trigger: {r0: 600, start_year: 2022}}\n",
                "E_ECR: emissions_containment_reserve.trigger is 600 ticks in 2022, not above the auction's reserve of",
            ),
            (
                "",
                CCR + "      - {kind: emissions_containment_reserve, trigger: {r0: 950, start_year: 2022}}\n",
                "E_TIERS: emissions_containment_reserve.trigger is 950 ticks in 2022, not below the trigger 900",
            ),
            (
                "",
                CCR + CCR,
                "E_OVERLAP: stability[0] and a later entry of `stability` are both cost_containment_reserve",
            ),
            (
                "",
                "      - {kind: price_trigger_release, qty: 5, source: reserve}\n",
                "price_trigger_release.source is reserve, but stability has no tiered_price_reserve",
            ),
        ],
    )
    def test_prices_out_of_order_are_refused(self, tmp_path: Path, auction: str, stability: str, words: str) -> None:
        found = only(changed(tmp_path, (self.SCHEDULE, self.SCHEDULE + auction + "    stability:\n" + stability)))
        assert words in found.what

    def test_tiers_that_do_not_rise_are_refused_at_their_line(self, tmp_path: Path) -> None:
        tier = "{trigger: {r0: 900, start_year: 2022}, size: {lots: 5}}"
        rule = f"    stability:\n      - {{kind: tiered_price_reserve, tiers: [{tier}, {tier}]}}\n"
        found = only(changed(tmp_path, (self.SCHEDULE, self.SCHEDULE + rule)))
        assert "E_TIERS: tiered_price_reserve: tiers[1] has 900 ticks in 2022" in found.what
        assert found.line == line_of("schedule: {kind: auction_schedule") + 2

    def test_a_stability_reserve_needs_an_auction(self, tmp_path: Path) -> None:
        rule = "    stability: [{kind: market_stability_reserve}]\n"
        found = only(changed(tmp_path, ("    auction:\n      kind: sealed_uniform\n" + self.SCHEDULE, rule)))
        assert "E_MSR_NO_AUCTION" in found.what

    def test_auctions_fit_into_the_calendar(self, tmp_path: Path) -> None:
        found = only(changed(tmp_path, ("per_year: 4}", "per_year: 245}")))
        assert "per_year is 245, but 2022 has 242 trading days" in found.what
        assert found.path.startswith("rights.CEA.auction")

    def test_every_part_of_supply_is_read_and_written_again(self, tmp_path: Path) -> None:
        rules = (
            "      limits: {purchase_share: {power: 0.25, other: 0.04}, group: owner}\n"
            "    consignment: {share: 0.5}\n"
            "    forward_vintages: {ahead: 1}\n"
            "    stability:\n" + self.CCR + "      - {kind: market_stability_reserve, version: 2018}\n"
            "      - {kind: price_indexed_supply, target: 5000, elasticity: 0.29}\n"
        )
        scenario = load_scenario(changed(tmp_path, (self.SCHEDULE, self.SCHEDULE + rules)))
        (book,) = scenario.rule_books()
        assert [rule.kind for rule in book.stability] == [
            "cost_containment_reserve",
            "market_stability_reserve",
            "price_indexed_supply",
        ]
        assert book.stability[2].elasticity == Decimal("0.29")
        assert (book.consignment.share, book.forward_vintages.ahead) == (Decimal("0.5"), 1)
        assert book.auction.limits.share_of("steel", "compliance") == Decimal("0.04")
