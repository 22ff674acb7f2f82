"""What becomes public, and when."""

from datetime import date
from decimal import Decimal

import numpy as np
import pytest

from rights_market.authority import Authority, Covered
from rights_market.authority.mrv import mrv_dates
from rights_market.authority.mrv.monitoring import Readings
from rights_market.errors import PolicyError
from rights_market.exchange.calendar import TradingCalendar
from rights_market.market import Market
from rights_market.policies.mrv import Audit, Disclosure, InventoryTargets, SelfReport, Target
from rights_market.registry.accounts import AccountKind, Accounts
from tests.compliance_market import codes, lots, period, rule_book

Y24 = period(2024)


def settled(**rules: object) -> tuple[Market, Authority]:
    """Three verified firms, two of them in Ji'an."""
    accounts = Accounts()
    firms = accounts.open_many(AccountKind.COMPLIANCE, ["a", "b", "c"])
    market = Market([rule_book(**rules)], accounts)
    covered = Covered(firms, ("power", "steel", "steel"), regions=("Ji'an", "Ji'an", "Yichun"))
    authority = Authority(market, covered)
    zero = np.zeros(3)
    authority.measure("CEA", Y24, Readings(np.ones(3, bool), lots(240, 187, 100), zero, zero))
    authority.report("CEA", Y24, lots(240, 187, 100))
    authority.check("CEA", Y24, None)
    market.registry.issue(0, firms, lots(7, 8, 9))
    return market, authority


def test_inventory_and_responsibility_table() -> None:
    """527 verified; a tenth more is 52.7, so 53 lots: 43 to Ji'an (427), 10 to Yichun (100).  From 500 to 460."""
    goals = (
        Target(prefecture="Ji'an", year=2024, base=500, target=460),
        Target(prefecture="Fuzhou", year=2024, base=5, target=4),
        Target(prefecture="Ji'an", year=2025, base=1, target=1),
    )
    market, authority = settled(inventory=InventoryTargets(uncovered_ratio=Decimal("0.1"), targets=goals))
    authority.publish("CEA", Y24, {}, disclosure_due=False)
    lines = authority.monitoring.publication.inventories["CEA", "2024"]
    assert [x.lots for x in lines] == [240, 187, 100, 43, 10]
    assert [tuple(x[2:]) for x in authority.monitoring.publication.scores] == [
        ("Ji'an", 500, 460, 470, 75.0, "not met")
    ]
    assert codes(market, "inventory") == [("inventory", -1, 0, 580, 0)]
    assert [e.note for e in market.events if e.code in ("target_scored", "rule_unmet")] == [
        "Ji'an: 75.0, not met",
        "no firm in Fuzhou",
    ]


def test_disclosure_waits_for_its_delay_and_happens_once() -> None:
    market, authority = settled(disclosure=Disclosure(items=("emissions", "holdings"), delay=30))
    errors = {"emissions": np.zeros(3), "holdings": np.zeros(3)}
    for due in (False, True, True):
        authority.publish("CEA", Y24, errors, disclosure_due=due)
    shown = authority.monitoring.publication.shown
    assert [(s.item, s.published.tolist()) for s in shown] == [("emissions", [240, 187, 100]), ("holdings", [7, 8, 9])]
    assert len(codes(market, "disclosed")) == 2
    # Both items are published to the lot: nothing about others is in doubt any more.
    assert authority.monitoring.publication.known_share("CEA") == 1.0
    assert authority.monitoring.publication.known_share("none") == 0.0


def test_without_assurance_a_firm_publishes_its_own_report() -> None:
    _, authority = settled(disclosure=Disclosure(assure=False))
    authority.monitoring.files["CEA", "2024"].reported[0] = 200
    authority.publish("CEA", Y24, {"emissions": np.zeros(3)}, disclosure_due=True)
    assert authority.monitoring.publication.shown[0].published.tolist() == [200, 187, 100]


def due_dates(calendar: TradingCalendar, **rules: object) -> list[tuple[str, date]]:
    return [(d.entry.hook, d.when) for d in mrv_dates(rule_book(2024, **rules), calendar)]


def test_dates_follow_from_the_period() -> None:
    long, short = (TradingCalendar(date(2024, 1, 1), date(2026, m, d)) for m, d in ((3, 1), (1, 1)))
    verify, deadline = date(2025, 4, 30), date(2025, 12, 31)
    assert due_dates(long) == []
    assert due_dates(long, reporting=SelfReport()) == [("report_due", verify)]
    rules = {"audit": Audit(), "inventory": InventoryTargets(), "disclosure": Disclosure(delay=9)}
    assert due_dates(long, **rules) == [
        ("report_due", verify),
        ("audit", verify),
        ("publish", date(2026, 1, 1)),
        ("publish", date(2026, 1, 10)),
    ]
    ends = TradingCalendar(date(2024, 1, 1), deadline)
    assert due_dates(ends, inventory=InventoryTargets())[-1] == ("publish", deadline)
    assert due_dates(short, inventory=InventoryTargets())[-1] == ("publish", date(2026, 1, 1))


def test_dates_of_the_period_come_first() -> None:
    own = period(2024, report=date(2025, 3, 31), audit=date(2025, 8, 1), publish=date(2026, 2, 1))
    book = rule_book(periods=(own,), audit=Audit(), disclosure=Disclosure())
    found = mrv_dates(book, TradingCalendar(date(2024, 1, 1), date(2026, 6, 1)))
    assert [d.when for d in found] == [own.report, own.audit, own.publish]


@pytest.mark.parametrize(
    ("dates", "words"),
    [
        ({"report": date(2025, 5, 1)}, "report on 2025-05-01 lies after verify on 2025-04-30"),
        ({"report": date(2024, 12, 30)}, "use_to on 2024-12-31 lies after report on 2024-12-30"),
        ({"audit": date(2025, 4, 1)}, "verify on 2025-04-30 lies after audit on 2025-04-01"),
        ({"publish": date(2025, 4, 1)}, "verify on 2025-04-30 lies after publish on 2025-04-01"),
    ],
)
def test_dates_out_of_order_are_refused(dates: dict[str, date], words: str) -> None:
    with pytest.raises(PolicyError, match=words):
        period(2024, **dates)
