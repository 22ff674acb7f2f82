"""Carry-over by net sales, as the authority counts them and lets units lapse."""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Literal

import numpy as np
import pytest

from rights_market.authority import Authority, Covered
from rights_market.authority.supply.reserve_sales import deliver
from rights_market.errors import ExchangeError, PolicyError
from rights_market.exchange.block_trades import BlockInterests
from rights_market.exchange.tape import Tape
from rights_market.market import Keep, Market
from rights_market.policies.banking import BankingRule, FreeBanking, NetSales, NoBanking, SalesWindow
from rights_market.policies.banking.carry import Basis
from rights_market.policies.trading import BlockAgreement
from rights_market.records import Mode, Orders
from rights_market.registry.accounts import GOVERNMENT_ACCOUNT, AccountKind, Accounts
from rights_market.rule_change import RuleChange
from rights_market.units import Side
from tests.compliance_market import assert_journal_replays, codes, fingerprint, lots, period, rule_book, swap

YEARS = (2024, 2025, 2026)
Y24, Y25, Y26 = (period(y) for y in YEARS)
A, B, C = 2, 3, 4
WINDOW = SalesWindow(first=date(2025, 1, 1), last=date(2025, 12, 31))
RULE = NetSales(base=10, window=WINDOW, to_vintage=2026)
KEEP_NOTHING = Keep(trades=False, journal=False)


def market_with(rule, changes=(), keep=None, **rules):
    accounts = Accounts()
    firms = accounts.open_many(AccountKind.COMPLIANCE, ["a", "b"])
    trader = accounts.open(AccountKind.INSTITUTION, "c")
    market = Market([rule_book(*YEARS, banking=rule, **rules)], accounts, keep)
    authority = Authority(market, Covered(firms, ("power",) * 2), changes=changes)
    market.registry.issue(0, [A, B, trader], [500, 100, 50])
    market.registry.deposit([A, B, trader], 10_000_000)
    return market, authority


def trade(market, authority, day, on, *swaps):
    market.open_day(day, [0, 1])
    for seller, buyer, n in swaps:
        swap(market, seller, buyer, 0, n, 6800)
    market.close_day()
    authority.count_day(on)


@pytest.mark.parametrize("keep", [None, KEEP_NOTHING])
def test_units_above_the_base_and_the_multiple_of_net_sales_lapse(keep):
    market, authority = market_with(RULE, keep=keep)
    trade(market, authority, 0, date(2024, 12, 31), (A, B, 7))
    trade(market, authority, 1, date(2025, 1, 2), (A, B, 120), (B, C, 30))
    trade(market, authority, 2, date(2025, 6, 2))
    trade(market, authority, 3, date(2025, 12, 31), (C, A, 40))
    market.registry.pledge(0, A, 300)
    authority.close_banking("CEA", Y24, Y25, date(2025, 12, 30))
    assert market.registry.total("expired")[0] == 0
    authority.close_banking("CEA", Y25, Y26, date(2025, 12, 31))
    # A sold 120 and bought 40: 10 + 1.5 x 80 = 130 of 413 stay; B bought 120, sold 30: 10 of 197; C the like.
    held = market.registry.free + market.registry.pledged
    assert held[:, [A, B, C]].tolist() == [[0, 0, 0], [0, 0, 0], [130, 10, 25]]
    assert codes(market, "pledge_lost") == [("pledge_lost", A, 0, 170, 0)]
    assert codes(market, "lapsed") == [("lapsed", -1, 0, 650 - 165, 0)]
    assert [x for x in codes(market, "carried_over") if x[3] == 165]
    market.audit()
    if keep is None:
        assert_journal_replays(market)


def test_orders_in_units_that_lapse_are_withdrawn_first():
    market, authority = market_with(RULE)
    market.open_day(0, [0])
    market.submit(Orders.of(A, 0, Side.ASK, 6900, 495))
    authority.close_banking("CEA", Y25, Y26, date(2025, 12, 31))
    assert codes(market, "order_cancelled_by_registrar")[0] == ("order_cancelled_by_registrar", A, 0, 495, 0)
    assert market.registry.free[2, A] == 10


def test_trades_count_that_were_made_before_the_rule_was_announced():
    change = RuleChange(right="CEA", announce=date(2025, 10, 15), start=date(2025, 12, 31), slots={"banking": RULE})
    market, authority = market_with(FreeBanking(), [change])
    trade(market, authority, 0, date(2025, 2, 3), (A, B, 100))
    authority.change_rules("CEA", date(2025, 10, 15))
    assert authority.net_sold("CEA", RULE)[[A, B, C]].tolist() == [100, -100, 0]
    authority.change_rules("CEA", date(2025, 12, 31))
    authority.close_banking("CEA", Y25, Y26, date(2025, 12, 31))
    assert market.registry.free[2, [A, B]].tolist() == [160, 10]


def test_without_a_window_each_compliance_year_counts_by_itself():
    market, authority = market_with(NetSales(base=0, factor=Decimal(5)))
    trade(market, authority, 0, date(2025, 2, 3), (A, B, 20))
    authority.close_banking("CEA", Y24, Y25, date(2025, 12, 31))
    assert market.registry.free[0, [A, B]].tolist() == [100, 0]
    trade(market, authority, 1, date(2026, 2, 3), (A, C, 3))
    authority.close_banking("CEA", Y25, Y26, date(2026, 12, 31))
    assert market.registry.free[0, A] == 15


def test_only_the_modes_that_the_rule_names_count():
    rule = replace(RULE, count=("call",))
    market, authority = market_with(rule)
    market.open_day(0, [0])
    market.call_auction(Orders.of([A, B], 0, [Side.ASK, Side.BID], 6800, 10))
    swap(market, A, B, 0, 7, 6800)
    market.close_day()
    authority.count_day(date(2025, 2, 3))
    assert authority.net_sold("CEA", rule)[[A, B]].tolist() == [10, -10]


def test_trades_inside_a_group_count_unless_the_rule_leaves_them_out():
    block = BlockAgreement(min_qty=10)
    for related, counted in ((True, [30, -30]), (False, [10, -10])):
        rule = replace(RULE, related=related)
        market, authority = market_with(rule, block=block)
        market.open_day(0, [0])
        for is_related, n in ((True, 20), (False, 10)):
            one = np.zeros(1, np.int64)
            pair = BlockInterests(
                one + A, one, one + n, one + B, one + n, one, one, one + 6700, one + 6900, np.array([is_related])
            )
            assert market.agree_blocks(pair).lots.tolist() == [n]
        market.close_day()
        authority.count_day(date(2025, 2, 3))
        assert authority.net_sold("CEA", rule)[[A, B]].tolist() == counted


def test_lots_bought_from_the_government_count_where_the_rule_says_so():
    for primary, counted in ((False, [5, -5]), (True, [8, -25])):
        rule = replace(RULE, primary=primary)
        market, authority = market_with(rule)
        market.registry.issue(0, GOVERNMENT_ACCOUNT, 20)
        trade(market, authority, 0, date(2024, 12, 31))
        market.open_day(1, [0])
        matter = authority.matter("auction", "CEA", Y24)
        deliver(authority._office, matter, np.array([A, B]), np.array([0, 20]), np.array([6800, 6800]))
        # A sells 3 on consignment, as the auction house pays it out; what is noted survives a snapshot.
        authority._office.primary.note(0, np.array([A]), np.array([3]))
        swap(market, A, B, 0, 5, 6800)
        copy, twin = market_with(rule)
        copy.restore(market.state())
        twin.restore(authority.state())
        for one, its in ((market, authority), (copy, twin)):
            one.close_day()
            its.count_day(date(2025, 1, 2))
            assert its.net_sold("CEA", rule)[[A, B]].tolist() == counted
        trade(market, authority, 2, date(2025, 1, 3))
        assert authority.net_sold("CEA", rule)[[A, B]].tolist() == counted


@dataclass(frozen=True, slots=True, kw_only=True)
class HalfOfAll(BankingRule):
    """Half of the allocation may be kept; a rule that nobody but this file knows."""

    kind: Literal["half"] = "half"

    @property
    def basis(self) -> Basis:
        return "allocation"

    def outlives(self, on: date | None) -> bool:
        return True

    def most(self, basis_lots):
        return basis_lots // 2


def test_a_new_rule_needs_nothing_but_its_class():
    market, authority = market_with(HalfOfAll())
    market.obligations.set_allocation("CEA", "2025", lots(60, 400), np.array([A, B]))
    authority.close_banking("CEA", Y25, Y26, date(2025, 12, 31))
    assert market.registry.free[0, [A, B, C]].tolist() == [30, 100, 0]
    assert market.rule_books[0].bankable


def test_vintages_that_the_rule_does_not_name_count_neither_as_sold_nor_as_held():
    rule = replace(RULE, vintages=(2025,))
    market, authority = market_with(rule)
    trade(market, authority, 0, date(2025, 2, 3), (A, B, 100))
    assert not authority.net_sold("CEA", rule).any()
    authority.close_banking("CEA", Y25, Y26, date(2025, 12, 31))
    assert market.registry.free[0, A] == 400


def test_counts_are_saved_in_the_middle_of_a_day():
    market, authority = market_with(RULE)
    trade(market, authority, 0, date(2025, 2, 3), (A, B, 100))
    market.open_day(1, [0])
    swap(market, B, C, 0, 30, 6800)
    copy, twin = market_with(RULE)
    copy.restore(market.state())
    twin.restore(authority.state())
    for one, its in ((market, authority), (copy, twin)):
        one.close_day()
        its.count_day(date(2025, 2, 4))
    assert twin.net_sold("CEA", RULE)[[A, B, C]].tolist() == [100, -70, -30]
    assert fingerprint(copy.state()) == fingerprint(market.state())
    assert fingerprint(twin.state()) == fingerprint(authority.state())


def test_a_tape_counts_sales_when_asked():
    market, _ = market_with(FreeBanking())
    with pytest.raises(ExchangeError, match="does not count sales"):
        market.tape.net_sold(0, [Mode.CONTINUOUS], 3)
    assert isinstance(market.tape, Tape)
    assert "net_sold/day" not in market.tape.state()


def test_a_vintage_to_carry_to_must_exist():
    with pytest.raises(PolicyError, match=r"banking.to_vintage is 2027, but `periods` have the vintages"):
        rule_book(*YEARS, banking=replace(RULE, to_vintage=2027))


def test_the_end_of_a_phase_must_be_a_banking_close():
    with pytest.raises(PolicyError, match=r"banking.phase_end names 2026-06-30, but its periods have banking_close"):
        rule_book(*YEARS, banking=NoBanking(phase_end=(date(2026, 6, 30),)))


def test_rules_that_differ_only_in_the_multiple_share_a_count():
    market, authority = market_with(RULE)
    trade(market, authority, 0, date(2025, 6, 2), (A, B, 120))
    more = replace(RULE, factor=Decimal(3), base=20)
    assert authority.net_sold("CEA", more).tolist() == authority.net_sold("CEA", RULE).tolist()
    assert authority.net_sold("CEA", more)[A] == 120
