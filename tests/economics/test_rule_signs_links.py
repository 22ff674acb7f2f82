"""What links must do to prices, use and output: signs by pairs, and a price held at the outside one."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from agents.config import MarketConfig, small_market
from agents.model import RightsMarketModel
from rights_market.policies.links import ExchangePair, MarketLink, PowerPassThrough, PriceSeries, RightExchangeRate
from rights_market.records import Mode
from tests.banking_market import (
    FIRST,
    closes,
    column,
    exceeds_zero,
    mean_price,
    run,
    runs,
    summed,
)
from tests.province import config, periods, sectors

SEEDS = range(5)
FEW = range(3)


@pytest.fixture(scope="module")
def alone() -> list[RightsMarketModel]:
    return runs(small_market(20, 0.03, 2, 40), SEEDS)


def linked(**changes: Any) -> MarketConfig:
    given: dict[str, Any] = {"right": "CEA", "fee": Decimal("0.01"), "quota_in": 10**7}
    link = MarketLink(**given | {"direction": "buy"} | changes)
    return replace(small_market(20, 0.03, 2, 40), links=(link,))


def border(model: RightsMarketModel) -> list[tuple[str, int]]:
    """Return the direction and the lots of each day's trade over the border."""
    return [(e.note.partition(":")[0], e.lots) for e in model.market.events if e.code == "link_trade"]


@pytest.mark.parametrize("outside", [40, 200])
def test_a_link_pulls_the_price_to_the_outside_one(alone: list[RightsMarketModel], outside: int) -> None:
    price = PriceSeries(prices={date(2024, 1, 1): Decimal(outside)})
    quotas = {"quota_out": 10**7} if outside == 200 else {}
    direction = {"direction": "both"} if outside == 200 else {}
    together = runs(linked(price=price, **quotas, **direction), SEEDS)
    nearer = [
        (np.abs(mean_price(a) - outside) - np.abs(mean_price(b) - outside))[1]
        for a, b in zip(alone, together, strict=True)
    ]
    assert exceeds_zero(nearer)
    crossed = [sum(lots if way == "in" else -lots for way, lots in border(m)) for m in together]
    if outside == 40:
        # Cheaper units are used, not abated.
        used = [(summed(b, "emissions") - summed(a, "emissions"))[1] for a, b in zip(alone, together, strict=True)]
        assert exceeds_zero(used) and min(crossed) > 0
    else:
        assert max(crossed) < 0


def test_a_link_holds_the_price_inside_the_fee_until_its_quota_is_used_up() -> None:
    price = PriceSeries(prices={date(2024, 1, 1): Decimal(60)})
    both = {"direction": "both", "quota_out": 10**7}
    for seed in FEW:
        model = RightsMarketModel(linked(price=price, **both), seed=seed)
        while model.running:
            model.step()
        trades = model.market.tape.trades
        sessions = trades["price_ticks"][trades["mode"] == Mode.CONTINUOUS]
        assert sessions.min() >= 5940 and sessions.max() <= 6060
        # The opening call has one price for all, which may lie above what the gateway asks for.
        assert ((mean_price(model) >= 59.4) & (mean_price(model) <= 1.01 * 60.6)).all()
    small = [run(linked(price=PriceSeries(prices={date(2024, 1, 1): Decimal(40)}), quota_in=20_000), s) for s in FEW]
    for model in small:
        used = [e.day for e in model.market.events if e.code == "quota_exhausted"]
        crossed = sum(e.lots for e in model.market.events if e.code == "link_trade")
        assert used and crossed <= 2 * 20_000
        assert closes(model)[-1] > 40.4


def test_the_carbon_price_reaches_those_who_use_power() -> None:
    given = sectors()
    users = replace(given["steel"], power_bought_mwh=5.0, demand_elasticity=-1.0)
    makers = replace(given["power"], power_sold_mwh=1.0, demand_elasticity=-1.0)
    province = config()
    people = replace(province.population, sectors={"power": makers, "steel": users})
    base = replace(province, population=people)
    passed = PowerPassThrough(right="CEA", regime="regulated")
    fewer, more = [], []
    for seed in FEW:
        a, b = run(base, seed), run(replace(base, links=(passed,)), seed)
        steel = b.firms.sector == 1
        response = b.operations.response - a.operations.response
        fewer.append(-response[steel].mean())
        more.append(response[~steel].mean())
        (flow,) = (x for k, x in b.authority.treasury.flows.items() if (k.kind, k.year) == ("pass_through", FIRST + 1))
        assert (flow[steel] > 0).all() and (flow[~steel] < 0).all()
    assert exceeds_zero(fewer) and exceeds_zero(more)


def test_firms_turn_spare_units_into_those_that_are_worth_more() -> None:
    """Discharge rights are cheap; at 10 t of carbon for 100 kg they are given up until their price says no."""
    pair = ExchangePair(source="SO2", target="CEA", rate=Decimal("0.1"), limit=Decimal("0.05"))
    base = config()
    cheaper = []
    for seed in range(4):
        a, b = run(base, seed), run(replace(base, links=(RightExchangeRate(pairs=(pair,)),)), seed)
        made = sum(e.lots for e in b.market.events if e.code == "converted")
        assert made > 0
        assert made == b.market.registry.total("converted_in")[: len(periods())].sum()
        cheaper.append((column(a, "fundamental") - column(b, "fundamental")).mean())
    assert exceeds_zero(cheaper)
