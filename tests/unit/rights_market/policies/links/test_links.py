"""What outside markets, other rights and the price of power do to a right, by hand."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rights_market.errors import PolicyError
from rights_market.policies.links import ExchangePair, MarketLink, PowerPassThrough, PriceSeries, RightExchangeRate

TICK = Decimal("0.01")
TOP = 200_000


def link(**changes: object) -> MarketLink:
    given: dict = {"right": "CEA", "price": PriceSeries(name="cea"), "fee": TICK, "quota_in": 50, "quota_out": 50}
    return MarketLink(**given | changes)


# -- series


def test_a_price_stands_until_the_next_one() -> None:
    series = PriceSeries(prices={date(2024, 3, 1): Decimal(70), date(2024, 1, 1): Decimal(60)}, yuan=Decimal("7.8"))
    assert series.on(date(2023, 12, 31)) is None
    assert series.on(date(2024, 1, 1)) == series.on(date(2024, 2, 29)) == 468
    assert series.on(date(2030, 1, 1)) == 546


@pytest.mark.parametrize(
    ("name", "day", "price"),
    [("cea", date(2023, 12, 31), "79.42"), ("eua", date(2005, 5, 31), "19.65"), ("gdea", date(2014, 4, 30), "70.88")],
)
def test_published_series_come_along(name: str, day: date, price: str) -> None:
    assert PriceSeries(name=name).on(day) == Fraction(price)  # type: ignore[arg-type]


@pytest.mark.parametrize("given", [{}, {"name": "eua", "prices": {date(2024, 1, 1): Decimal(1)}}])
def test_a_series_has_one_source(given: dict) -> None:
    with pytest.raises(PolicyError, match=r"name .* and prices"):
        PriceSeries(**given)


# -- an outside market


def test_the_gateway_quotes_around_the_outside_price() -> None:
    # 68.00 with 1 % is 67.32 and 68.68.
    assert link().asks(Fraction(68), TICK, 50, 1, TOP) == [(6868, 50)]
    assert link().bids(Fraction(68), TICK, 50, 1, TOP) == [(6732, 50)]


def test_quotes_are_rounded_away_from_the_outside_price() -> None:
    # 2/3 more than a tick: asks go up, bids down.
    assert link(fee=Decimal(0)).asks(Fraction(200, 3), TICK, 5, 1, TOP) == [(6667, 5)]
    assert link(fee=Decimal(0)).bids(Fraction(200, 3), TICK, 5, 1, TOP) == [(6666, 5)]


def test_an_outside_unit_may_stand_for_several_local_ones() -> None:
    rule = link(ratio=Decimal(2), price=PriceSeries(prices={date(2024, 1, 1): Decimal(136)}), lag=1)
    assert rule.outside_price(date(2024, 1, 1)) is None
    assert rule.outside_price(date(2024, 1, 2)) == 68


def test_depth_spreads_the_quota_over_ticks() -> None:
    rule = link(depth=20, steps=2)
    assert rule.asks(Fraction(68), TICK, 50, 1, TOP) == [(6868, 20), (6869, 20)]
    assert rule.bids(Fraction(68), TICK, 30, 1, TOP) == [(6732, 20), (6731, 10)]
    assert rule.asks(Fraction(68), TICK, 0, 1, TOP) == link().asks(Fraction(68), TICK, 0, 1, TOP) == []


def test_quotes_outside_the_limits_are_moved_inside_or_withdrawn_where_they_would_lose() -> None:
    rule = link(depth=20, steps=3)
    assert rule.asks(Fraction(68), TICK, 50, 7000, TOP) == [(7000, 50)]  # lifted to the floor
    assert rule.asks(Fraction(68), TICK, 50, 1, 6868) == [(6868, 20)]  # dearer steps cannot be quoted
    assert rule.asks(Fraction(68), TICK, 50, 1, 6800) == []
    assert rule.bids(Fraction(68), TICK, 50, 1, 6000) == [(6000, 50)]
    assert rule.bids(Fraction(68), TICK, 50, 6733, TOP) == []


@given(st.fractions(1, 1000), st.integers(1, 10**6), st.integers(1, 500), st.integers(1, 20))
def test_the_gateway_never_loses_and_never_exceeds_its_quota(
    price: Fraction, left: int, depth: int, steps: int
) -> None:
    rule = link(depth=depth, steps=steps)
    low, high = rule.bounds(price)
    asks, bids = rule.asks(price, TICK, left, 500, 50_000), rule.bids(price, TICK, left, 500, 50_000)
    assert all(Fraction(p, 100) >= high for p, _ in asks)
    assert all(Fraction(p, 100) <= low for p, _ in bids)
    assert max(sum(n for _, n in asks), sum(n for _, n in bids)) <= min(left, depth * steps)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"direction": "sell"}, "direction is sell but quota_in is 50"),
        ({"direction": "buy"}, "direction is buy but quota_out is 50"),
        ({"quota_in": 0}, "direction is both but quota_in is 0"),
    ],
)
def test_quotas_go_with_the_direction(changes: dict, words: str) -> None:
    with pytest.raises(PolicyError, match=words):
        link(**changes)


# -- another right

ENERGY = ExchangePair(source="ENERGY", target="CEA", rate=Decimal("2.66"))


def test_ten_tonnes_of_coal_equivalent_make_26_tonnes() -> None:
    (way,) = RightExchangeRate(pairs=(ENERGY,)).ways()
    ratio = way.ratio(Decimal(1), Decimal(1))
    assert 10 * ratio == Fraction("26.6")
    assert way.ratio(Decimal(10), Decimal(2)) == Fraction("13.3")


def test_conversion_covers_a_share_of_use_at_most() -> None:
    pair = ExchangePair(source="ENERGY", target="CEA", rate=Decimal(1), limit=Decimal("0.05"))
    limited, free = (RightExchangeRate(pairs=(p,)).ways()[0] for p in (pair, ENERGY))
    assert limited.room(np.array([1000, 1019, 100]), np.array([0, 20, 9])).tolist() == [50, 30, 0]
    assert free.room(np.array([7]), np.array([2])).tolist() == [5]


def test_going_round_must_not_gain() -> None:
    back = ExchangePair(source="CEA", target="ENERGY", rate=Decimal("0.376"))
    with pytest.raises(PolicyError, match="E_ARBITRAGE: the rates of pairs turn one CEA into 1.00016 CEA"):
        RightExchangeRate(pairs=(ENERGY, back))
    RightExchangeRate(pairs=(ENERGY, ExchangePair(source="CEA", target="ENERGY", rate=Decimal("0.375"))))
    ring = [("A", "B", "2"), ("B", "C", "1"), ("C", "A", "0.51")]
    with pytest.raises(PolicyError, match="E_ARBITRAGE"):
        RightExchangeRate(pairs=tuple(ExchangePair(source=a, target=b, rate=Decimal(r)) for a, b, r in ring))


@given(st.decimals("0.001", 1000, places=3))
def test_the_way_back_is_open_at_a_rate_that_does_not_gain(rate: Decimal) -> None:
    rule = RightExchangeRate(pairs=(ExchangePair(source="A", target="B", rate=rate),), both_ways=True)
    there, back = rule.ways()
    assert (back.source, back.target) == ("B", "A")
    assert there.rate * back.rate == 1


def test_a_way_is_listed_once() -> None:
    with pytest.raises(PolicyError, match="listed twice"):
        RightExchangeRate(pairs=(ENERGY, ENERGY))
    with pytest.raises(PolicyError, match="both CEA"):
        ExchangePair(source="CEA", target="CEA", rate=Decimal(1))


# -- the price of power


def pass_through(**changes: object) -> PowerPassThrough:
    given: dict = {"right": "CEA", "regime": "regulated", "grid_factor": Decimal("0.57")}
    return PowerPassThrough(**given | changes)


def test_regulated_tariffs_pass_on_a_part() -> None:
    # 0.4 x 0.57 x 68 = 15.504 CNY per MWh.
    assert pass_through().yuan_per_mwh(68) == Fraction("15.504")
    assert pass_through().yuan_per_mwh(None) == 0


def test_a_spot_market_passes_on_the_marginal_unit_or_the_grid_factor_where_it_is_not_known() -> None:
    spot = {"regime": "spot", "phi": Decimal(1), "basis": "marginal"}
    assert pass_through(**spot, marginal=Decimal("0.9")).yuan_per_mwh(68) == Fraction("61.2")
    assert pass_through(**spot).yuan_per_mwh(68) == Fraction("38.76")


def test_what_is_free_may_be_left_out() -> None:
    assert pass_through(net_of_free=True).yuan_per_mwh(68, Fraction(3, 4)) == Fraction("3.876")
    assert pass_through(net_of_free=True).yuan_per_mwh(68, Fraction(5, 4)) == 0
    assert pass_through().yuan_per_mwh(68, Fraction(3, 4)) == Fraction("15.504")


def test_no_regulated_tariff_passes_on_more() -> None:
    with pytest.raises(PolicyError, match=r"regime is regulated but phi is 0.41"):
        pass_through(phi=Decimal("0.41"))
