"""Accounts: fixed first rows, growth, closing, exact state."""

import numpy as np
import pytest

from rights_market.errors import RegistryError
from rights_market.registry.accounts import CLEARING_ACCOUNT, GOVERNMENT_ACCOUNT, AccountKind, Accounts


def test_first_two_rows_are_the_government_and_the_clearing_account():
    accounts = Accounts()
    assert accounts.kinds.tolist() == [AccountKind.GOVERNMENT, AccountKind.CLEARING]
    assert (accounts.name(GOVERNMENT_ACCOUNT), accounts.name(CLEARING_ACCOUNT)) == ("government", "clearing")


def test_opened_accounts_get_the_next_rows():
    accounts = Accounts()
    assert accounts.open(AccountKind.BANK, "bank") == 2
    ids = accounts.open_many(AccountKind.COMPLIANCE, [f"firm {i}" for i in range(1000)])
    assert (ids[0], ids[-1], len(accounts)) == (3, 1002, 1003)
    assert accounts.name(1002) == "firm 999"
    assert accounts.of_kind(AccountKind.COMPLIANCE).tolist() == ids.tolist()
    assert accounts.of_kind(AccountKind.BANK).tolist() == [2]


def test_views_refuse_writing():
    with pytest.raises(ValueError, match="read-only"):
        Accounts().kinds[0] = 3


def test_closed_account_is_no_longer_listed():
    accounts = Accounts()
    first, second = accounts.open_many(AccountKind.COMPLIANCE, ["a", "b"])
    accounts.close(first)
    assert accounts.of_kind(AccountKind.COMPLIANCE).tolist() == [second]
    assert accounts.is_open.tolist() == [True, True, False, True]
    with pytest.raises(RegistryError, match=r"account 2 \(a\) is closed already"):
        accounts.close(first)


@pytest.mark.parametrize(("account", "message"), [(0, "market needs it"), (1, "market needs it"), (9, "no account 9")])
def test_accounts_that_cannot_be_closed(account, message):
    with pytest.raises(RegistryError, match=message):
        Accounts().close(account)


def test_state_restores_exactly():
    accounts = Accounts()
    accounts.open_many(AccountKind.PROJECT, ["赣州碳汇", "b"])
    accounts.close(3)
    twin = Accounts()
    twin.restore(accounts.state())
    assert twin.names == accounts.names
    np.testing.assert_array_equal(twin.kinds, accounts.kinds)
    np.testing.assert_array_equal(twin.is_open, accounts.is_open)
    assert twin.open(AccountKind.BANK, "next") == 4
