"""Rules of supply and trade that contradict each other are refused when a file is read, at their line, both named."""

from __future__ import annotations

from pathlib import Path

import pytest

from experiments.scenarios.errors import ScenarioError
from experiments.scenarios.load import load_scenario

SAMPLE = Path(__file__).with_name("sample.yaml")
SCHEDULE = "      schedule: {kind: auction_schedule, per_year: 4}\n"
FEES = "    fees: {kind: fees, buyer: 0.002, seller: 0.002}\n"

RELEASE = "{kind: cost_containment_reserve, tiers: [{trigger: {r0: 5000, start_year: 2022}, size: {lots: 1}}]}"
WITHHOLD = "{kind: emissions_containment_reserve, trigger: {r0: 5000, start_year: 2022}}"

AFTER_FEES = {
    "a floor on the ceiling": (
        "collar: {kind: price_collar, floor: 6000, ceiling: 6000, reserve: 10}",
        "collar",
        "floor is 6000 and ceiling 6000",
    ),
    "a ceiling that cannot be quoted": (
        "collar: {kind: price_collar, floor: 6000, ceiling: 200000, mode: hard}",
        "collar",
        "collar.ceiling is 200000 ticks, above max_price_ticks 100000",
    ),
    "a soft collar without a reserve": (
        "collar: {kind: price_collar, floor: 10, ceiling: 20}",
        "collar",
        "mode is soft and reserve None",
    ),
    "lots withheld at the price of their release": (
        f"stability: [{RELEASE}, {WITHHOLD}]",
        "stability",
        "emissions_containment_reserve.trigger is 5000 ticks in 2022, not below the trigger 5000",
    ),
    "a reserve of more than the cap": (
        f"stability: [{RELEASE.replace('lots: 1', 'share: 2')}]",
        "size",
        "at most 1",
    ),
    "bounds of circulation out of order": (
        "stability: [{kind: market_stability_reserve, lower: 900000000}]",
        "lower",
        "lower 900000000 is not below upper 833000000",
    ),
    "a gap between the sizes of two modes": (
        "listed: {kind: listed_agreement, max_qty: 5000}\n    block: {kind: block_agreement}",
        "listed",
        "listed.max_qty is 5000 and block.min_qty 100000",
    ),
    "a pause of levels that fall": (
        "breaker: {kind: circuit_breaker, levels: [{move: 0.2, batches: 1}, {move: 0.1, batches: 1}]}",
        "levels",
        "moves 0.2, 0.1",
    ),
    "a formula without its base": (
        "holding_limit: {kind: holding_limit, limit: formula}",
        "holding_limit",
        "limit is formula and base None",
    ),
    "a day that does not exist": (
        "price_floor: {kind: temporary_price_floor, dates: [2022-02-30]}",
        "2022-02-30",
        "YYYY-MM-DD",
    ),
    "more than all consigned": ("consignment: {kind: consignment, share: 1.2}", "share: 1.2", "at most 1"),
    "a stage after a larger one": (
        "surrender: {stages: [{days_before: 20, share: 0.6}, {days_before: 10, share: 0.5}]}",
        "stages",
        "share 0.5",
    ),
}
CODES = {
    "a floor on the ceiling": "E_COLLAR",
    "a ceiling that cannot be quoted": "E_COLLAR",
    "lots withheld at the price of their release": "E_TIERS",
    "a gap between the sizes of two modes": "E_GAP",
}


def written(folder: Path, old: str, new: str) -> Path:
    text = SAMPLE.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path = folder / "refused.yaml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    return path


def refused(path: Path, line: str, words: str) -> str:
    """Read a file with one mistake, and return what is said about it."""
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path)
    (problem,) = caught.value.problems
    assert line in path.read_text(encoding="utf-8").splitlines()[problem.line - 1]
    assert words in str(problem)
    return str(problem)


@pytest.mark.parametrize("case", AFTER_FEES)
def test_what_cannot_be_is_refused_where_it_stands(tmp_path: Path, case: str) -> None:
    rule, line, words = AFTER_FEES[case]
    said = refused(written(tmp_path, FEES, f"{FEES}    {rule}\n"), line, words)
    assert CODES.get(case, "") in said


def test_a_reserve_price_above_the_ceiling_is_refused(tmp_path: Path) -> None:
    collar = "    collar: {kind: price_collar, floor: 1000, ceiling: 5000, mode: hard}\n"
    words = "E_RESERVE: the reserve of the auction is 6000 ticks in 2022, above collar.ceiling 5000"
    refused(written(tmp_path, SCHEDULE, f"      reserve: 6000\n{SCHEDULE}{collar}"), "auction", words)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("consignment: {kind: consignment}", "`consignment` needs an `auction`"),
        ("forward_vintages: {kind: forward_vintages}", "`forward_vintages` needs an `auction`"),
    ],
)
def test_what_acts_in_auctions_needs_one(tmp_path: Path, rule: str, words: str) -> None:
    path = written(tmp_path, f"    auction:\n      kind: sealed_uniform\n{SCHEDULE}", f"    {rule}\n")
    refused(path, rule.partition(":")[0], words)
