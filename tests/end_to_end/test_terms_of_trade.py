"""Terms of trade in runs of a small market: they act, are written down, and nothing is lost."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from agents.model import RightsMarketModel
from agents.spec import RelationSpec
from rights_market.policies.trading import (
    Admission,
    CallAuctionTerms,
    ClassAdmission,
    Fees,
    HoldingLimit,
    MarketMakerAdmission,
    SettlementCycle,
)
from rights_market.registry.accounts import CLEARING_ACCOUNT, AccountKind
from rights_market.registry.journal import Op
from tests.compliance_market import assert_journal_replays
from tests.province import carbon_book, population, province, run, sulphur_book


def ran(days: int | None = None, **rules: Any) -> RightsMarketModel:
    """The province under these rules for carbon, proved to be sound."""
    model = run(province(rule_books=(carbon_book(**rules), sulphur_book())), days)
    model.market.audit()
    assert_journal_replays(model.market)
    return model


def codes_of(model: RightsMarketModel) -> set[str]:
    return {event.code for event in model.market.events}


def test_fees_of_the_government_and_a_tax_are_collected() -> None:
    fees = Fees(
        buyer=Decimal("0.002"), seller=Decimal("0.002"), min_fen=3_000, tax=Decimal("0.01"), receiver="government"
    )
    model = ran(30, fees=fees)
    assert {"fee_charged", "tax_charged"} <= codes_of(model)
    assert model.market.registry.cash[CLEARING_ACCOUNT] == 0
    taken = sum(e.money_fen for e in model.market.events if e.code in ("fee_charged", "tax_charged"))
    assert taken > 0


def test_proceeds_wait_and_arrive() -> None:
    model = ran(30, settlement=SettlementCycle(cash_lag_days=2))
    rows = model.market.registry.journal.table()
    held = rows["cash"][(rows["op"] == Op.DELIVER) & (rows["reason"] >= 2)].sum()
    assert held > 0
    assert model.market.registry.held.sum() < held


def test_market_makers_quote_closely_and_are_watched() -> None:
    maker = MarketMakerAdmission(quota=3_000, spread_max=Decimal("0.01"))
    everybody = ClassAdmission()
    admission = Admission(compliance=everybody, institution=everybody, market_maker=maker)
    model = ran(40, admission=admission)
    account = int(model.accounts.of_kind(AccountKind.MARKET_MAKER)[0])
    missed = [e for e in model.market.events if e.code == "quote_missed"]
    assert {e.account for e in missed} <= {account}
    # It has no stock to begin with, and quotes both sides once it has bought.
    assert 0 < len(missed) < 40
    assert model.market.registry.free[:, account].sum() <= 3_000


def test_an_indicative_price_is_shown_and_traders_quote_again() -> None:
    shown, silent = ran(30, call=CallAuctionTerms(show=True)), ran(30)
    events = [e for e in shown.market.events if e.code == "indicative_price"]
    assert events and all(e.price_ticks > 0 and e.lots > 0 for e in events)
    assert "indicative_price" not in codes_of(silent)
    assert shown.market.tape.trades["lots"].tolist() != silent.market.tape.trades["lots"].tolist()
    assert not shown.desk.indicative.any()


def test_who_holds_too_much_sells_in_time() -> None:
    limit = HoldingLimit(limit="fixed", lots=20_000, excess="sell_by", sell_by_days=60)
    model = ran(None, holding_limit=limit)
    found = [e for e in model.market.events if e.code == "excess_found"]
    assert found
    sold = sum(e.lots for e in model.market.events if e.code == "excess_sold")
    assert sold < sum(e.lots for e in found)


def test_groups_are_owners() -> None:
    spec = replace(population(), relations=RelationSpec(groups=2, share=1.0))
    for model, owners in ((province(population=spec), 2), (province(), len(province().firms))):
        firms = model.accounts_of[: len(model.firms)]
        assert len(set(model.accounts.principals[firms].tolist())) == owners
