"""Limits on what the accounts of one owner hold together, by hand: in the book, in blocks, in auctions."""

from datetime import date

import numpy as np
import pytest

from rights_market.authority import Authority, Covered
from rights_market.errors import RegistryError
from rights_market.market import Market
from rights_market.policies.trading import Admission, BlockAgreement, ClassAdmission, HoldingLimit
from rights_market.records import Orders, Reason
from rights_market.registry.accounts import AccountKind, Accounts
from rights_market.units import Side
from tests.compliance_market import fingerprint, rule_book
from tests.one_block import one_block

SELLER, SISTER, BROTHER, OTHER = 2, 3, 4, 5
TODAY = date(2025, 6, 2)


def open_market(owners: tuple[str, ...] = ("", "Holding", "Holding", ""), **rules: object) -> Market:
    """Four firms, two of them of one owner; one lot at one tick is one fen."""
    accounts = Accounts()
    firms = accounts.open_many(AccountKind.COMPLIANCE, [f"firm {i}" for i in range(4)])
    market = Market([rule_book(opening_price_ticks=5000, **rules)], accounts)
    Authority(market, Covered(firms, ("power",) * 4, owners=owners))
    market.registry.issue(0, SELLER, 1_000_000)
    market.registry.deposit(firms, 10**12)
    market.open_day(0, [0, 1], TODAY)
    return market


def bids(accounts: list[int], lots: list[int], instrument: int | list[int] = 0) -> Orders:
    return Orders.of(accounts, instrument, Side.BID, 4900, lots)


POOLED = HoldingLimit(limit="fixed", lots=40, scope="group")


def test_what_one_holds_counts_for_all_of_its_owner() -> None:
    market = open_market(holding_limit=POOLED)
    market.registry.issue(0, SISTER, 30)
    assert market.headroom(np.array([SISTER, BROTHER, OTHER]), np.zeros(3, np.int64)).tolist() == [10, 10, 40]
    reasons = market.submit(bids([BROTHER, SISTER, SISTER, OTHER], [8, 3, 2, 40])).reason
    assert reasons.tolist() == [Reason.ACCEPTED, Reason.HOLDING_LIMIT, Reason.ACCEPTED, Reason.ACCEPTED]


def test_allocations_of_an_owner_add_up() -> None:
    market = open_market(holding_limit=HoldingLimit(lots=100, scope="group"))
    market.obligations.set_allocation("CEA", "2024", [500, 200], [SISTER, BROTHER])
    assert market.headroom(np.array([SISTER, BROTHER, OTHER]), np.zeros(3, np.int64)).tolist() == [800, 800, 100]


def test_alone_each_account_has_its_limit() -> None:
    market = open_market(holding_limit=HoldingLimit(limit="fixed", lots=40))
    assert not market.submit(bids([BROTHER, SISTER], [40, 40])).reason.any()


def test_bids_for_two_vintages_in_one_table_count_together() -> None:
    market = open_market(holding_limit=HoldingLimit(limit="fixed", lots=40))
    reasons = market.submit(bids([OTHER, OTHER], [30, 11], [0, 1])).reason
    assert reasons.tolist() == [Reason.ACCEPTED, Reason.HOLDING_LIMIT]


def test_a_limit_of_the_class_holds_beside_that_of_the_owner() -> None:
    market = open_market(holding_limit=POOLED, admission=Admission(compliance=ClassAdmission(max_holding=25)))
    assert market.headroom(np.array([SISTER]), np.array([0])).tolist() == [25]
    reasons = market.submit(bids([SISTER, BROTHER, BROTHER], [25, 16, 15])).reason
    assert reasons.tolist() == [Reason.ACCEPTED, Reason.HOLDING_LIMIT, Reason.ACCEPTED]


def test_blocks_are_cut_to_what_the_owner_may_still_hold() -> None:
    rules = {"holding_limit": HoldingLimit(limit="fixed", lots=150, scope="group"), "block": BlockAgreement(min_qty=10)}
    market = open_market(**rules)
    market.registry.issue(0, BROTHER, 100)
    assert market.agree_blocks(one_block(SELLER, SISTER, 80)).lots.tolist() == [50]


def test_owners_are_saved() -> None:
    market, copy = open_market(holding_limit=POOLED), open_market(("",) * 4, holding_limit=POOLED)
    assert copy.accounts.principals.tolist() == [0, 1, 2, 3, 4, 5]
    copy.restore(market.state())
    assert copy.accounts.principals.tolist() == [0, 1, 2, 3, 3, 5]
    assert fingerprint(copy.state()) == fingerprint(market.state())


def test_an_owner_of_nobody_is_refused() -> None:
    with pytest.raises(RegistryError, match="no account 9"):
        Accounts().set_owners([9], ["Holding"])
