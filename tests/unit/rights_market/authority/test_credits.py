"""Credits in the making: delays, buffers, reversals, months of small acts, and one claim a tonne."""

from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from rights_market.authority import Authority, Covered
from rights_market.credit import Credit
from rights_market.market import Market
from rights_market.policies.credits import Activity, InclusionCredits, ProjectCredits
from rights_market.records import Orders
from rights_market.registry.accounts import GOVERNMENT_ACCOUNT, AccountKind, Accounts
from rights_market.rights import Right
from rights_market.units import Side
from tests.compliance_market import assert_journal_replays, rule_book

VINTAGES = tuple(range(2020, 2031))
CCER = Credit(
    right=Right("CCER", "credit", "减排量", "t", Decimal(1), Decimal("0.01"), max_price_ticks=20_000),
    type="ccer",
    vintages=VINTAGES,
    opening_price_ticks=5000,
)


def forest(**more: Any) -> ProjectCredits:
    given: dict[str, Any] = {"name": "Jishui", "credit": "CCER", "type": "forest", "yearly_lots": 7_400}
    return ProjectCredits(**given | {"first_year": 2022, "lag_months": 12} | more)


def points(**more: Any) -> InclusionCredits:
    walk = Activity(name="walk", factor=Decimal("0.0034"), acts_per_month=12_345)
    return InclusionCredits(**{"name": "points", "credit": "CCER", "activities": (walk,)} | more)


def market_of(*sources: ProjectCredits | InclusionCredits) -> tuple[Market, Authority]:
    accounts = Accounts()
    firms = accounts.open_many(AccountKind.COMPLIANCE, ["firm"])
    accounts.open_many(AccountKind.PROJECT, [s.name for s in sources])
    market = Market([rule_book(2024, 2025)], accounts, credits=[CCER])
    return market, Authority(market, Covered(firms, ("power",)), credit_sources=sources)


def serve(authority: Authority, *dates: date, draw: float = 1.0) -> None:
    for on in dates:
        authority.credits.serve(on, np.full(authority.credits.draws_needed(on), draw))


def held(market: Market, account: int) -> dict[int, int]:
    """Free credits of an account by vintage."""
    lots = {x.vintage: int(market.registry.free[x.index, account]) for x in market.instruments.of_right("CCER")}
    return {vintage: n for vintage, n in lots.items() if n}


def events(market: Market, *codes: str) -> list[tuple[str, int]]:
    return [(e.code, e.lots) for e in market.events if e.code in codes]


def test_credits_come_after_their_delay_less_a_buffer() -> None:
    market, authority = market_of(forest())
    owner = authority.credits.owners[0]
    serve(authority, date(2023, 1, 3), date(2023, 12, 31))
    assert held(market, owner) == {}
    # Reductions of 2022, monitored at its end, are issued twelve months later: 7,030 less 1,055.
    serve(authority, date(2024, 1, 2))
    assert held(market, owner) == {2022: 5_975}
    assert held(market, GOVERNMENT_ACCOUNT) == {2022: 1_055}
    assert events(market, "credit_issued", "buffer_held") == [("credit_issued", 5_975), ("buffer_held", 1_055)]
    market.audit()
    assert_journal_replays(market)


def test_what_was_issued_before_the_market_began_is_not_issued_again() -> None:
    market, authority = market_of(forest(first_year=2020))
    serve(authority, date(2024, 2, 1))
    assert held(market, authority.credits.owners[0]) == {}
    serve(authority, date(2025, 1, 2))
    assert held(market, authority.credits.owners[0]) == {2023: 5_975}


def test_requests_fall_into_the_months_of_the_season() -> None:
    market, authority = market_of(forest(type="wind", season={3: Decimal(1), 11: Decimal(3)}))
    serve(authority, date(2023, 1, 3), date(2024, 3, 1))
    assert held(market, authority.credits.owners[0]) == {2022: 1_758}
    serve(authority, date(2024, 11, 4))
    assert held(market, authority.credits.owners[0]) == {2022: 7_030}


def test_a_fire_takes_the_buffer_then_the_owners_credits_then_what_is_to_come() -> None:
    burns = forest(reversal_probability=Decimal(1), reversal_share=Decimal("0.2"))
    market, authority = market_of(burns)
    owner = authority.credits.owners[0]
    serve(authority, date(2023, 1, 3), date(2024, 1, 2))
    assert events(market, "reversal") == []
    # All of the owner's credits but 100 are sold; 20 % of 7,030 are 1,406 = 1,055 + 100 + 251 owed.
    i = market.instruments.of("CCER", 2022).index
    market.registry.transfer(i, owner, authority.firms.accounts[0], 5_875)
    serve(authority, date(2024, 6, 3), date(2025, 1, 2), draw=0.0)
    told = events(market, "reversal", "buffer_drawn", "cancelled", "reversal_owed", "reversal_served")
    assert told == [
        ("reversal", 1_406),
        ("buffer_drawn", 1_055),
        ("cancelled", 100),
        ("reversal_owed", 251),
        ("reversal_served", 251),
    ]
    # The credits of 2023 come in less what is owed; those that were sold are untouched.
    assert held(market, owner) == {2023: 5_975 - 251}
    assert market.registry.free[i, authority.firms.accounts[0]] == 5_875
    market.audit()


def test_orders_for_what_burnt_are_withdrawn() -> None:
    market, authority = market_of(forest(reversal_probability=Decimal(1), buffer=Decimal(0)))
    owner = authority.credits.owners[0]
    serve(authority, date(2023, 1, 3), date(2024, 1, 2))
    i = market.instruments.of("CCER", 2022).index
    market.open_day(0, [i])
    market.submit(Orders.of(owner, i, Side.ASK, 5_000, 7_030))
    serve(authority, date(2025, 1, 2), draw=0.0)
    assert events(market, "cancelled") == [("cancelled", 1_406)]
    assert held(market, owner)[2022] == 7_030 - 1_406


def test_a_common_pool_stands_for_every_project_in_it() -> None:
    burns = forest(reversal_probability=Decimal(1), reversal_share=Decimal("0.3"), pool="common")
    other = forest(name="Suichuan", pool="common")
    market, authority = market_of(burns, other)
    serve(authority, date(2023, 1, 3), date(2024, 1, 2))
    authority.credits.serve(date(2025, 1, 2), np.array([0.0, 1.0]))
    # 30 % of 7,030 are 2,109: 1,055 of its own buffer, 1,054 of the other's.
    assert events(market, "buffer_drawn", "cancelled") == [("buffer_drawn", 1_055), ("buffer_drawn", 1_054)]


def test_the_buffer_is_the_owners_in_the_end() -> None:
    market, authority = market_of(forest(period_years=2))
    serve(authority, *(date(y, 1, 3) for y in range(2023, 2026)))
    assert held(market, GOVERNMENT_ACCOUNT) == {}
    assert held(market, authority.credits.owners[0]) == {2022: 7_030, 2023: 7_030}
    assert ("buffer_released", 1_055) in events(market, "buffer_released")


def test_an_expired_method_earns_nothing_more() -> None:
    market, authority = market_of(forest(last_issue=date(2023, 6, 30)))
    serve(authority, *(date(y, 1, 3) for y in range(2023, 2027)))
    assert held(market, authority.credits.owners[0]) == {2022: 5_975}


def test_a_vintage_that_is_not_traded_is_told() -> None:
    market, authority = market_of(forest(first_year=2031, buffer=Decimal(0)))
    serve(authority, date(2031, 1, 3), date(2032, 1, 3), date(2033, 1, 3))
    assert events(market, "rule_unmet") == [("rule_unmet", 7_030)]


def test_months_of_small_acts_become_whole_credits() -> None:
    # 12,345 x 0.0034 = 41.973 a month: 41, then 42 with what was left.
    market, authority = market_of(points())
    serve(authority, date(2024, 1, 15), date(2024, 2, 1), date(2024, 3, 1))
    assert events(market, "credit_issued") == [("credit_issued", 41), ("credit_issued", 42)]
    assert held(market, authority.credits.owners[0]) == {2024: 83}


def test_a_tonne_is_claimed_once() -> None:
    again = forest(name="Again", site="Jishui")
    market, authority = market_of(forest(), again, points(), points(name="more points"))
    serve(authority, date(2023, 1, 3), date(2023, 2, 1), date(2024, 1, 2))
    notes = [e.note for e in market.events if e.code == "double_claim"]
    assert notes == ["Again: site Jishui is claimed already", "more points: act walk is claimed already"]
    assert held(market, authority.credits.owners[1]) == held(market, authority.credits.owners[3]) == {}
    assert held(market, authority.credits.owners[2])


@pytest.mark.parametrize("when", [date(2023, 6, 1), date(2024, 6, 3)])
def test_what_changes_is_saved(when: date) -> None:
    sources = (forest(reversal_probability=Decimal("0.5")), points())
    _, authority = market_of(*sources)
    serve(authority, date(2023, 1, 3), when)
    _, again = market_of(*sources)
    again.credits.restore(authority.credits.state())
    assert again.credits.state() == authority.credits.state()
    assert again.credits.draws_needed(date(2026, 1, 2)) == 2 * (2026 - when.year)
