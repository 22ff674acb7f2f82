"""Units of later vintages in books of their own, in the small market with auctions."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import numpy as np
import pytest

from agents.model import RightsMarketModel
from agents.snapshot import load, save
from agents.spec import InstitutionSpec
from rights_market.policies.auction import ForwardVintages, SealedUniform
from rights_market.registry.journal import Op
from tests.auction_market import FIRST, QUARTERLY, RESERVE, market, rules, run

FORWARD = ForwardVintages(ahead=1, advance_share=Decimal("0.3"), tradable_from="issue")
OPEN = SealedUniform(schedule=QUARTERLY, reserve=RESERVE, eligible="all")


def forward_market(rule: ForwardVintages = FORWARD, seed: int = 5, late: bool = False, **more) -> RightsMarketModel:
    book = rules(years=3, forward_vintages=rule, **more)
    if late:
        book = replace(book, periods=tuple(_next_autumn(p) for p in book.periods))
    maker = InstitutionSpec("market_maker", 1, 5e6, position_limit=4000.0)
    return market(book, seed, institutions=[maker])


def _next_autumn(period):
    """The same year of use, settled in September of the next."""
    year = period.vintage + 1
    return replace(
        period, verify=date(year, 8, 1), true_up=date(year, 8, 10), deadline=date(year, 9, 30),
    )  # fmt: skip


def days_of(model: RightsMarketModel, k: int) -> list[int]:
    """Days on which one vintage was traded before its period was at hand."""
    table = model.market.tape.trades
    early = (table["instrument"] == k) & (table["day"] <= model.progress[0].deadline_day[k - 1])
    return np.unique(table["day"][early]).tolist()


@pytest.fixture(scope="module")
def traded() -> RightsMarketModel:
    return run(forward_market(auction=OPEN))


def test_a_vintage_is_traded_before_it_meets_a_duty(traded: RightsMarketModel) -> None:
    assert days_of(traded, 1)
    assert min(days_of(traded, 1)) > 3  # nothing is issued before the first auction, whose book opens on the next day


def test_it_begins_at_the_price_of_the_day_less_the_interest(traded: RightsMarketModel) -> None:
    model = forward_market(auction=OPEN)
    while model.market.registry.outstanding[1] == 0:
        model.step()
    last = float(model.desk.last_price[0])
    model.open_day()
    assert model.market.is_open[1]
    rate = model.behaviour.discount_rate
    assert model.market.reference[1] == round(last / (1 + rate))


def test_firms_offer_what_they_will_not_need_and_bid_for_what_they_will_lack() -> None:
    model = forward_market(auction=OPEN)
    while model.market.registry.outstanding[1] == 0:
        model.step()
    (book,) = list(model.forward_trade._books())
    accounts = model.accounts_of[: len(model.firms)]
    model.market.registry.issue(1, accounts[0], 10_000)
    spare = model.primary_market.spare_lots(book.progress, 1, 1)
    assert spare[0] > 0 > spare[1:].max()
    rows = list(model.forward_trade._firms(book))
    asks = [r for r in rows if r[2] == 1]
    assert [r[0] for r in asks] == [accounts[0]] and asks[0][4] == int(0.05 * spare[0])
    value = model.values_yuan()[:, 0] * 100 / (1 + model.behaviour.discount_rate)
    worth = model.primary_market.worth_ticks(book.progress, 1, float(model.market.last_price[1]))
    bids = {r[0]: r[3:] for r in rows if r[2] == 0}
    assert bids[accounts[1]] == (int(np.floor(worth[1])), max(1, int(0.05 * -spare[1])))
    assert asks[0][3] == int(np.ceil(value[0]))


def test_a_later_vintage_is_kept_for_its_own_year(traded: RightsMarketModel) -> None:
    """Lots surrendered for a year are of that year or an older one."""
    journal = traded.market.registry.journal.table()
    for k, day in enumerate(traded.progress[0].deadline_day):
        taken = (journal["op"] == Op.SURRENDER) & (journal["day"] == min(day, journal["day"].max()))
        assert taken.any() and journal["instrument"][taken].max() <= k


def test_without_the_rule_no_book_opens_early() -> None:
    model = run(forward_market(replace(FORWARD, tradable_from="at_hand"), auction=OPEN))
    assert model.market.registry.total("issued")[1] > 0
    assert days_of(model, 1) == days_of(model, 2) == []


def test_from_the_first_day_of_its_year() -> None:
    """The duty of a year is due in the autumn of the next, so that its successor waits from January to September."""
    model = run(forward_market(replace(FORWARD, tradable_from="year_open"), late=True, auction=OPEN))
    calendar = model.calendar
    days = [calendar.days[d] for d in days_of(model, 1)]
    assert days and min(days).year == FIRST + 1 and max(days) <= date(FIRST + 1, 9, 30)


def test_a_state_keeps_what_has_begun(tmp_path) -> None:
    model = forward_market(auction=OPEN)
    while model.day < 9:
        model.step()
    save(model, tmp_path / "x")
    again = load(model.config, tmp_path / "x")
    for m in (model, again):
        run(m)
    assert days_of(model, 1) == days_of(again, 1) != []
    assert (model.market.registry.cash == again.market.registry.cash).all()
