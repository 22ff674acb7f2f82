"""Trading ratios, and caps by zone that keep all loads within their standards."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rights_market.errors import PolicyError
from rights_market.policies.zones import Purchase, Ratio, TradingRatio


def ratio(seller: str, buyer: str, tau: str) -> Ratio:
    return Ratio(seller=seller, buyer=buyer, tau=Decimal(tau))


def river(**more: Any) -> TradingRatio:
    given: dict[str, Any] = {"tau": (ratio("1", "2", "0.8"), ratio("2", "3", "0.75"))}
    return TradingRatio(**given | more)


def test_ratios_multiply_along_a_path() -> None:
    assert river().ratios() == {("1", "2"): Fraction(4, 5), ("2", "3"): Fraction(3, 4), ("1", "3"): Fraction(3, 5)}
    assert ("1", "3") not in river(derive="table").ratios()


def test_a_substance_that_decays_faster_has_lower_ratios() -> None:
    assert river(power=Decimal("1.5"), derive="table").ratios()["1", "2"] == Fraction(Decimal("0.715541753"))
    assert river(power=Decimal(2), derive="table").ratios()["1", "2"] == Fraction(16, 25)


def test_a_buyer_of_ten_takes_thirteen() -> None:
    assert river().purchase(10, Fraction(4, 5)) == Purchase(13, 10, Fraction(2, 5))
    with pytest.raises(PolicyError, match="a ratio of 0 admits no trade"):
        river().purchase(10, Fraction(0))


def test_caps_of_the_river_worked_by_hand() -> None:
    # Hung and Shaw (2005): 98 - 0.8 x 60 = 50; 133.5 - 0.75 x 98 = 60, the same as 133.5 - 0.6 x 60 - 0.75 x 50.
    # In tenths of a lot, so that 133.5 is a whole number.
    rule = river(standards={"1": 600, "2": 980, "3": 1335})
    assert rule.caps(["1", "2", "3"]) == {"1": 600, "2": 500, "3": 600}


def test_a_table_with_the_direct_way_gives_the_same_caps() -> None:
    tau = (ratio("1", "2", "0.8"), ratio("2", "3", "0.75"), ratio("1", "3", "0.6"))
    rule = TradingRatio(tau=tau, derive="table", standards={"1": 600, "2": 980, "3": 1335})
    assert rule.caps(["1", "2", "3"]) == {"1": 600, "2": 500, "3": 600}


def test_a_critical_zone_gets_nothing_and_the_one_above_less() -> None:
    rule = TradingRatio(tau=(ratio("1", "2", "0.8"),), standards={"1": 60, "2": 40})
    assert rule.caps(["1", "2"]) == {"1": 50, "2": 0}


def test_several_zones_above_a_critical_one_share_what_it_bears() -> None:
    # Inflow 0.5 x 100 + 0.5 x 300 = 200 against 100: 25 and 75 of it, that is 50 and 150 upstream.
    rule = TradingRatio(tau=(ratio("a", "c", "0.5"), ratio("b", "c", "0.5")), standards={"a": 100, "b": 300, "c": 100})
    assert rule.caps(["a", "b", "c"]) == {"a": 50, "b": 150, "c": 0}


def test_contradictions_are_refused() -> None:
    with pytest.raises(PolicyError, match="expected each once"):
        TradingRatio(tau=(ratio("a", "b", "0.5"), ratio("a", "b", "0.6")))
    with pytest.raises(PolicyError, match="a to itself, where it is 1"):
        TradingRatio(tau=(ratio("a", "a", "0.5"),))
    with pytest.raises(PolicyError, match=r"tau a -> b and b -> a close a cycle"):
        TradingRatio(tau=(ratio("a", "b", "0.5"), ratio("b", "a", "0.5")))


@given(
    st.lists(st.integers(0, 500), min_size=4, max_size=4),
    st.lists(st.sampled_from(["0.3", "0.5", "0.8", "0.95", "1"]), min_size=3, max_size=3),
    st.booleans(),
)
def test_what_is_issued_never_breaks_a_standard(standards: list[int], taus: list[str], is_chain: bool) -> None:
    zones = ["a", "b", "c", "d"]
    pairs = [("a", "b"), ("b", "c"), ("c", "d")] if is_chain else [("a", "d"), ("b", "d"), ("c", "d")]
    tau = tuple(ratio(s, b, x) for (s, b), x in zip(pairs, taus, strict=True))
    rule = TradingRatio(tau=tau, standards=dict(zip(zones, standards, strict=True)))
    caps, ratios = rule.caps(zones), rule.ratios()
    for zone, standard in zip(zones, standards, strict=True):
        load = caps[zone] + sum(x * caps[s] for (s, b), x in ratios.items() if b == zone)
        assert caps[zone] >= 0
        assert load <= standard
