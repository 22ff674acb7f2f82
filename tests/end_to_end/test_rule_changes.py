"""A run in which the rules change on the way."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import numpy as np
import pytest

from agents.model import RightsMarketModel
from rights_market import RuleChange
from rights_market.policies.allocation import Grandfathering
from rights_market.policies.compliance import Penalty
from rights_market.policies.trading import Fees
from rights_market.registry.accounts import CLEARING_ACCOUNT
from tests.compliance_market import assert_journal_replays, fingerprint
from tests.province import FIRST, config

FEES = RuleChange(
    right="CEA",
    announce=date(FIRST, 3, 1),
    start=date(FIRST, 7, 1),
    slots={"fees": Fees(), "penalties": (Penalty(form="fixed", fen_per_lot=100),)},
)


def model(*changes: RuleChange) -> RightsMarketModel:
    return RightsMarketModel(replace(config(), rule_changes=changes), seed=9)


def run(market: RightsMarketModel, days: int | None = None) -> RightsMarketModel:
    while market.running and market.day + 1 != days:
        market.step()
    return market


def test_fees_end_when_the_change_begins() -> None:
    market = run(model(FEES))
    changed = market.calendar.index_on_or_after(FEES.start)
    announced = market.calendar.index_on_or_after(FEES.announce)
    found = [(e.day, e.code) for e in market.market.events if e.hook == "rule_change"]
    assert found == [(announced, "rule_announced"), (changed, "rule_changed")]
    journal = market.market.registry.journal.table()
    fees = (journal["counterparty"] == CLEARING_ACCOUNT) & (journal["instrument"] == -1) & (journal["cash"] > 0)
    assert 0 < journal["day"][fees].max() < changed
    assert market.progress[0].rules.fees == Fees()
    assert market.market.limits.buyer_ppm[:2].tolist() == [0, 0]
    market.market.audit()
    assert_journal_replays(market.market)


def stricter_plan(retroactive: bool) -> RuleChange:
    """A change on the day on which the second year is allocated, after its plan was published."""
    market = model()
    (plan,), (issue,) = (
        market.agenda_days(h, "SO2", str(FIRST + 1)) for h in ("allocation_announced", "preallocation")
    )
    assert plan < issue
    today = market.calendar.days[issue]
    cut = (Grandfathering(base_years=(FIRST - 1,), cut=Decimal("0.2")),)
    return RuleChange(right="SO2", announce=today, start=today, slots={"allocation": cut}, retroactive=retroactive)


@pytest.mark.parametrize("retroactive", [False, True])
def test_a_published_plan_stays_unless_the_change_reaches_back(retroactive: bool) -> None:
    given = []
    for changes in ((), (stricter_plan(retroactive),)):
        obligations = run(model(*changes)).market.obligations
        given.append([int(obligations.allocated_lots("SO2", str(y)).sum()) for y in (FIRST, FIRST + 1)])
    assert given[1][0] == given[0][0]
    if retroactive:
        assert given[1][1] == pytest.approx(given[0][1] * (0.8 / 0.98) ** 2, rel=1e-3)
    else:
        assert given[1][1] == given[0][1]


def test_a_restored_run_goes_on_by_the_rules_in_force() -> None:
    changes = (FEES, stricter_plan(retroactive=True))
    whole = run(model(*changes), 24)
    part = run(model(*changes), 20)
    again = RightsMarketModel.from_state(part.config, part.state())
    assert again.progress[0].rules == part.progress[0].rules
    assert fingerprint(run(again, 24).market.state()) == fingerprint(whole.market.state())
    assert np.array_equal(again.seats.wish_lots, whole.seats.wish_lots)
