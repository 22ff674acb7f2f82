"""What zones do to a market that is otherwise the same: prices apart, a dearer total, loads held."""

from fractions import Fraction

import numpy as np
import pytest

from rights_market.exchange.zonal_auction import ZonalOrders, ZonalTerms, clear_zonal
from rights_market.units import Side

ZONES, STEPS, STEP = 3, 60, 1000
RATIOS = {
    **{(i, i): Fraction(1) for i in range(ZONES)},
    (0, 1): Fraction("0.8"),
    (1, 2): Fraction("0.75"),
    (0, 2): Fraction("0.6"),
}
ONE_POOL = {(i, j): Fraction(1) for i in range(ZONES) for j in range(ZONES)}
CAPS = np.array([40, 30, 25])
WEIGHTS = np.array([[1, 0, 0], [0.8, 1, 0], [0.6, 0.75, 1]])


def outcome(seed: int, ratios: dict[tuple[int, int], Fraction]) -> tuple[np.ndarray, float, np.ndarray]:
    """Prices, cost of abatement and loads where firms of each zone have random costs and given caps."""
    rng = np.random.default_rng(seed)
    slope = np.array([1.0, 3.0, 5.0]) * rng.uniform(0.7, 1.4, ZONES)
    rows = []
    for zone in range(ZONES):
        for x in range(STEPS):
            side = Side.BID if x < STEPS - CAPS[zone] else Side.ASK
            rows.append((side, zone, max(1, round(100 * slope[zone] * (x + 0.5))), STEP))
    side, zone, price, lots = (np.array(column) for column in zip(*rows, strict=True))
    orders = ZonalOrders(side.astype(np.int8), zone.astype(np.int64), price.astype(np.int64), lots.astype(np.int64))
    result = clear_zonal(orders, ZonalTerms(ratios), ZONES)
    sold = np.bincount(zone[result.deals.seller], result.deals.units, ZONES) / STEP
    got = np.bincount(zone[result.deals.buyer], result.deals.credited, ZONES) / STEP
    abated = STEPS - CAPS + sold - got
    return result.price_ticks, float((0.5 * slope * abated**2).sum()), WEIGHTS @ (STEPS - abated)


@pytest.mark.parametrize("seed", range(6))
def test_zones_spread_prices_cost_more_and_hold_loads(seed: int) -> None:
    price, cost, load = outcome(seed, RATIOS)
    one_price, one_cost, one_load = outcome(seed, ONE_POOL)
    standards = WEIGHTS @ CAPS
    assert price[0] < price[1]
    traded = one_price[one_price > 0]
    assert traded.max() - traded.min() <= 1
    assert cost > one_cost
    assert (load <= standards + 1e-9).all()
    assert (one_load > standards + 0.5).any()
