"""What deals beside the books should do to a market: the same seeds with a rule and without it."""

from __future__ import annotations

import numpy as np
import pytest

from agents.model import RightsMarketModel
from agents.spec import RelationSpec
from rights_market.policies.trading import OtcOffer
from rights_market.records import Mode
from tests.block_market import block_config
from tests.province import run

SEEDS = (1, 2, 3)
OTC = OtcOffer()
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
