"""Years in which firms meet a part of their duty with credits of projects."""

import pytest

from agents.model import RightsMarketModel
from rights_market.policies.lots import floor_share
from tests.compliance_market import assert_journal_replays, fingerprint
from tests.credit_market import SHARE, credit_config, credit_model


@pytest.fixture(scope="module")
def years() -> RightsMarketModel:
    """Two years with as many credits as may be used, and more."""
    model = credit_model(lots=3_000_000)
    while model.running:
        model.step()
    return model


def credit_instruments(model: RightsMarketModel) -> list[int]:
    return [x.index for x in model.market.instruments.of_right("CCER")]


def test_credits_are_used_up_to_the_limit(years: RightsMarketModel) -> None:
    market, accounts = years.market, years.authority.firms.accounts
    period = years.config.rule_books[0].periods[0]
    use = market.obligations.verified_lots("CEA", period.name)[accounts]
    used = [e.lots for e in market.events if e.rule == "offset_limit" and e.code == "surrendered"]
    # More is bought than may be used, but for what firms had not expected to use.
    limit = int(floor_share(SHARE, use).sum())
    assert 0.95 * limit <= used[0] <= limit


def test_nothing_is_sold_below_its_cost(years: RightsMarketModel) -> None:
    trades = years.market.tape.trades
    owners = dict(zip(years.authority.credits.owners, ("forest", "wind"), strict=True))
    rows = [k for k, i in enumerate(trades["instrument"].tolist()) if i in credit_instruments(years)]
    assert rows
    sellers = {owners[int(s)] for s in trades["seller"][rows] if int(s) in owners}
    assert "wind" in sellers
    for k in rows:
        if owners.get(int(trades["seller"][k])) == "forest":
            assert trades["price_ticks"][k] >= 1_500


def test_books_add_up(years: RightsMarketModel) -> None:
    years.market.audit()
    assert_journal_replays(years.market)


def test_credits_come_only_once_they_are_issued(years: RightsMarketModel) -> None:
    issued = min(e.day for e in years.market.events if e.code == "credit_issued")
    trades = years.market.tape.trades
    first = min(d for d, i in zip(trades["day"], trades["instrument"], strict=True) if i in credit_instruments(years))
    assert first > issued


def test_a_run_goes_on_from_its_state_to_the_same_bits() -> None:
    model = credit_model()
    for _ in range(12):
        model.step()
    again = RightsMarketModel.from_state(credit_config(), model.state())
    for each in (model, again):
        for _ in range(3):
            each.step()
    assert fingerprint(again.state()) == fingerprint(model.state())
