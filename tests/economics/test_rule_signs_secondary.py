"""What deals beside the books should do to a market: the same seeds with a rule and without it."""

from __future__ import annotations

import numpy as np
import pytest

from agents.model import RightsMarketModel
from agents.spec import RelationSpec
from rights_market.policies.trading import OneWayAuction, OtcOffer
from rights_market.records import Mode
from tests.block_market import block_config
from tests.province import run

SEEDS = (1, 2, 3)
OTC = OtcOffer()
SALES = OneWayAuction(notice=2, sides=("sell",))
CLOSE, LOOSE = RelationSpec(groups=4, share=0.8, acquaintances=4), RelationSpec(acquaintances=1)


def volume(model: RightsMarketModel, *modes: Mode) -> int:
    trades = model.market.tape.trades
    return int(trades["lots"][np.isin(trades["mode"], modes)].sum())


def otc_market(seed: int, otc: OtcOffer | None, relations: RelationSpec = CLOSE) -> RightsMarketModel:
    return run(RightsMarketModel(block_config(block=None, otc=otc, relations=relations), seed=seed))


@pytest.fixture(scope="module")
def acquainted() -> list[RightsMarketModel]:
    return [otc_market(seed, OTC) for seed in SEEDS]


def test_offers_move_volume_off_the_book_between_acquainted_firms(acquainted: list[RightsMarketModel]) -> None:
    for seed, on in zip(SEEDS, acquainted, strict=True):
        off = otc_market(seed, None)
        assert volume(on, Mode.OTC) > 0
        assert volume(on, Mode.CONTINUOUS, Mode.CALL) < volume(off, Mode.CONTINUOUS, Mode.CALL)


def test_those_who_know_more_firms_trade_more_over_the_counter(acquainted: list[RightsMarketModel]) -> None:
    loose = [otc_market(seed, OTC, LOOSE) for seed in SEEDS]
    assert sum(volume(m, Mode.OTC) for m in acquainted) > sum(volume(m, Mode.OTC) for m in loose)


def sale_market(seed: int, rule: OneWayAuction | None) -> RightsMarketModel:
    return RightsMarketModel(block_config(block=None, one_way=rule), seed=seed)


def way_of_the_close(model: RightsMarketModel) -> float:
    """Return the sum of all daily moves of the close, up and down, in logs."""
    bars = model.market.tape.bars
    closes = [bars["close_ticks"][bars["instrument"] == i] for i in np.unique(bars["instrument"])]
    return float(sum(np.abs(np.diff(np.log(close))).sum() for close in closes))


def test_auctions_of_large_lots_spare_the_book_their_impact() -> None:
    on = [run(sale_market(seed, SALES)) for seed in SEEDS]
    off = [run(sale_market(seed, None)) for seed in SEEDS]
    for with_sales, without in zip(on, off, strict=True):
        assert volume(with_sales, Mode.AUCTION) > 0
        assert volume(with_sales, Mode.CONTINUOUS, Mode.CALL) < volume(without, Mode.CONTINUOUS, Mode.CALL)
    assert sum(map(way_of_the_close, on)) < sum(map(way_of_the_close, off))


def test_an_auction_finds_a_price_within_the_values_of_those_who_bid() -> None:
    model = sale_market(SEEDS[1], SALES)
    first, ceilings = int(model.accounts_of[0]), []
    while model.running:
        model.step()
        ceilings.append(model.seats.ceiling.copy())
    trades = model.market.tape.trades
    rows = trades["mode"] == Mode.AUCTION
    announced = [e for e in model.market.events if e.code == "auction_announced"]
    for day, buyer, seller, price in zip(
        *(trades[name][rows].tolist() for name in ("day", "buyer", "seller", "price_ticks")), strict=True
    ):
        # A session may have gone on over a night.
        assert price <= max(c[buyer - first] for c in ceilings[day - 1 : day + 1])
        assert price >= min(e.price_ticks for e in announced if e.account == seller and e.day < day)
