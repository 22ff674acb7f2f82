"""News of prices and of the book that comes late to a class of traders."""

from dataclasses import replace

import numpy as np

from agents.behaviour import ReactionDelay
from agents.model import RightsMarketModel
from tests.compliance_market import assert_journal_replays, fingerprint
from tests.province import config, province, run


def delayed(**batches: int) -> RightsMarketModel:
    behaviour = replace(config().behaviour, reaction_delay=ReactionDelay(**batches))
    return province(behaviour=behaviour)


def seen(model: RightsMarketModel) -> dict[str, float]:
    """Best bid of carbon as the followers of each strategy see it now."""
    floor = model.floor
    return {s.name: float(floor.news.desk_of(i).best_bid[0]) for i, s in enumerate(floor.strategies)}


def test_each_class_sees_the_book_of_so_many_batches_ago() -> None:
    model = delayed(compliance=2, market_maker=1)
    model.open_day()
    bids = []
    for price in (7001, 7002, 7003, 7004):
        model.desk.best_bid[0] = price
        model.floor.news.look()
        bids.append(seen(model))
    assert [x["trend"] for x in bids] == [7001, 7002, 7003, 7004]
    assert [x["market_maker"] for x in bids][1:] == [7001, 7002, 7003]
    assert [x["zip"] for x in bids][2:] == [7001, 7002]


def test_overnight_news_reaches_everybody() -> None:
    model = delayed(compliance=50, institution=50, market_maker=50)
    model.open_day()
    model.trade_batch()
    assert len(model.floor.news.state()["views"]) == 2
    model.close_day()
    model.open_day()
    # What is seen begins anew with the opening call.
    assert len(model.floor.news.state()["views"]) == 1


def test_batches_are_learned_of_in_their_order_and_all_by_the_close() -> None:
    model = delayed(compliance=2)
    heard: list[tuple[str, int]] = []
    for strategy in model.floor.strategies:
        strategy.observe = lambda desk, quotes, receipt, name=strategy.name: heard.append(  # type: ignore[method-assign]
            (name, receipt.first_order_id)
        )
    model.open_day()
    start = len([x for x in heard if x[0] == "zip"])
    sent = [model.trade_batch().first_order_id for _ in range(3)]
    known = [order for name, order in heard if name == "zip"][start:]
    assert len(known) < 3
    model.close_day()
    assert [order for name, order in heard if name == "zip"][-3:] == sent
    assert [order for name, order in heard if name == "trend"][-3:] == sent


def test_without_delay_nothing_changes_and_with_one_it_does() -> None:
    plain, none, late = run(province(), 25), run(delayed(), 25), run(delayed(compliance=2, institution=2), 25)
    assert fingerprint(plain.market.state()) == fingerprint(none.market.state())
    assert fingerprint(plain.market.state()) != fingerprint(late.market.state())
    late.market.audit()
    assert_journal_replays(late.market)


def test_a_model_saved_within_a_day_hears_on_in_the_same_way() -> None:
    model = run(delayed(compliance=2, market_maker=1), 20)
    model.open_day()
    model.trade_batch()
    copy = delayed(compliance=2, market_maker=1)
    copy.restore(model.state())
    for each in (model, copy):
        each.trade_batch()
        each.trade_batch()
        each.negotiate()
        each.close_day()
        run(each, 3)
    assert fingerprint(copy.market.state()) == fingerprint(model.market.state())


def test_own_orders_are_never_late() -> None:
    model = delayed(compliance=3)
    run(model, 12)
    model.open_day()
    model.trade_batch()
    late = model.floor.news.desk_of(0)
    rows = model.floor.strategies[0].seats
    assert np.array_equal(late.free_lots(rows), model.desk.free_lots(rows))
    assert np.array_equal(late.lots(rows), model.desk.lots(rows))
    assert late.seats is model.seats
