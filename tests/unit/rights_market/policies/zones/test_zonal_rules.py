"""The auction over zones, hot spots, and compensation between zones."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from rights_market.errors import PolicyError
from rights_market.policies.zones import CompensationPair, EcoCompensation, HotSpotGuard, Sink, ZonalCall


def test_an_auction_is_held_every_so_many_days() -> None:
    assert [ZonalCall(every_days=5).is_due(d) for d in (0, 1, 4, 5)] == [True, False, False, True]


def test_the_index_is_the_largest_or_the_mean_excess() -> None:
    loads, standards = [Fraction(55), Fraction(110)], [60, 100]
    assert HotSpotGuard().measure(loads, standards) == Fraction(1, 10)
    assert HotSpotGuard(index="mean").measure(loads, standards) == Fraction(1, 20)


def test_any_load_above_a_standard_of_nothing_is_over() -> None:
    assert HotSpotGuard().measure([Fraction(1)], [0]) is None
    assert HotSpotGuard().measure([Fraction(0)], [0]) == 0


def test_a_hot_spot_takes_nothing_in() -> None:
    guard = HotSpotGuard(act="block_imports", limit=Decimal("0.1"))
    assert guard.import_room(Fraction(110), 100) == 0
    assert guard.import_room(Fraction(104, 1), 100) == 6
    assert HotSpotGuard().import_room(Fraction(500), 100) is None


def pair(**more: Any) -> CompensationPair:
    return CompensationPair(**{"up": "a", "down": "b", "base_pay_fen": 100_000_000, "reference": Decimal(20)} | more)


def test_clean_water_and_sinks_are_paid_for() -> None:
    # (20 - 18) / 20 of 1,000,000 CNY, and 634 t at 14.70 CNY.
    rule = EcoCompensation(pairs=(pair(),), sink_price_fen=1470)
    assert rule.pay_fen(pair(), Fraction(18)) == 10_000_000
    assert rule.pay_fen(pair(), Fraction(18), 634) == 10_000_000 + 931_980


def test_dirty_water_is_paid_for_by_those_upstream() -> None:
    rule = EcoCompensation(pairs=(pair(),))
    assert rule.pay_fen(pair(), Fraction(25)) == -25_000_000
    assert rule.pay_fen(pair(), Fraction(90)) == -100_000_000


def test_a_step_is_all_or_nothing() -> None:
    step = pair(form="step")
    rule = EcoCompensation(pairs=(step,))
    assert rule.pay_fen(step, Fraction(20)) == 100_000_000
    assert rule.pay_fen(step, Fraction(20001, 1000)) == -100_000_000


def test_what_was_not_measured_costs_nobody() -> None:
    assert EcoCompensation(pairs=(pair(),)).pay_fen(pair(), None) == 0


def test_payments_have_a_cap() -> None:
    capped = pair(cap_fen=5_000_000)
    rule = EcoCompensation(pairs=(capped,))
    assert rule.pay_fen(capped, Fraction(0)) == 5_000_000
    assert rule.pay_fen(capped, Fraction(90)) == -5_000_000


def test_only_sinks_that_are_counted_add_up() -> None:
    sinks = (Sink(site="Jishui", zone="a", tonnes=740), Sink(site="Suichuan", zone="a", tonnes=100))
    rule = EcoCompensation(pairs=(pair(),), sinks=sinks)
    assert rule.sink_tonnes("a", {"Suichuan"}) == 100
    assert rule.sink_tonnes("b", ()) == 0
    with pytest.raises(PolicyError, match="sinks are"):
        EcoCompensation(pairs=(pair(),), sinks=(sinks[0], sinks[0]))


def test_pairs_are_two_zones_and_stand_once() -> None:
    with pytest.raises(PolicyError, match="up a and down a, expected two zones"):
        EcoCompensation(pairs=(pair(down="a"),))
    with pytest.raises(PolicyError, match="expected each once"):
        EcoCompensation(pairs=(pair(), pair()))
