"""Terms of trade in runs of a small market: they act, are written down, and nothing is lost."""

from decimal import Decimal
from typing import Any

from agents.model import RightsMarketModel
from rights_market.policies.trading import Fees, SettlementCycle
from rights_market.registry.accounts import CLEARING_ACCOUNT
from rights_market.registry.journal import Op
from tests.compliance_market import assert_journal_replays
from tests.province import carbon_book, province, run, sulphur_book


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
