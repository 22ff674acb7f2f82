"""Offers over the counter and one-way auctions in scenario files."""

from decimal import Decimal
from pathlib import Path

import pytest

from experiments.scenarios.errors import ScenarioError
from experiments.scenarios.load import load_scenario

SAMPLE = Path(__file__).with_name("sample.yaml")
BAND = "    band: {kind: price_band, width: 0.10}\n"


def written(folder: Path, rules: str) -> Path:
    path = folder / "deals.yaml"
    path.write_text(SAMPLE.read_text(encoding="utf-8").replace(BAND, BAND + rules), encoding="utf-8")
    return path


def test_both_rules_are_read(tmp_path: Path) -> None:
    rules = """    otc: {kind: otc_offer, expiry: 8, band: 0.2, publish_delay: 2, counter: 0}
    one_way: {sides: [sell], min_qty: 500, pricing: uniform, band: 0.1, notice: 3}
    breaker: {kind: circuit_breaker, halt_auctions: true}
"""
    book = load_scenario(written(tmp_path, rules)).rule_books()[0]
    assert (book.otc.expiry, book.otc.band, book.otc.publish_delay, book.otc.counter) == (8, Decimal("0.2"), 2, 0)
    assert (book.one_way.sides, book.one_way.min_qty, book.one_way.pricing) == (("sell",), 500, "uniform")
    assert book.breaker.halt_auctions


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ("    otc: {kind: otc_offer, band: 1.5}\n", "band"),
        ("    otc: {kind: otc_offer, expires: 5}\n", "expires"),
        ("    one_way: {session: 2, extend: 3}\n", "extend is 3 batches, expected at most session 2"),
        ("    one_way: {deposit: 0}\n", "deposit"),
        ("    one_way: {sides: [sell, lend]}\n", "lend"),
    ],
)
def test_what_cannot_be_is_refused_with_its_line(tmp_path: Path, rules: str, said: str) -> None:
    path = written(tmp_path, rules)
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path)
    line = path.read_text(encoding="utf-8").split(rules)[0].count("\n") + 1
    assert said in str(caught.value)
    assert f"deals.yaml:{line}" in str(caught.value)
