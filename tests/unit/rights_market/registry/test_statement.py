"""Statement of account: opening + came - went = closing, item by item."""

from decimal import Decimal

import pytest

from rights_market.errors import RegistryError
from rights_market.registry.accounts import AccountKind, Accounts
from rights_market.registry.balances import Registry
from rights_market.registry.journal import Journal, Op
from rights_market.registry.statement import Movement, StatementRow, statement
from rights_market.rights import Instruments, Right

CEA = Right("CEA", "carbon", "碳", "t", Decimal(1), Decimal("0.01"))
A, B = 2, 3


def a_year(journal):
    """A gets 100 lots, sells 10 to B for 500 fen less 3 fen of fee, carries 20 over and surrenders 60."""
    accounts = Accounts()
    accounts.open_many(AccountKind.COMPLIANCE, ["Alpha", "Beta"])
    registry = Registry(accounts, Instruments([(CEA, 2023), (CEA, 2024)]), journal=journal)
    registry.issue(0, A, 100)
    registry.deposit(B, 800)
    registry.begin_day(1)
    registry.freeze(0, A, 12)
    registry.freeze_cash(B, 600)
    registry.deliver(0, A, B, [4, 6], [200, 300], lock_bought=True)
    registry.fee(A, 3)
    registry.release(0, A, 2)
    registry.begin_day(2)
    registry.surrender(0, A, [35, 25], ref=[1, 2])
    registry.pledge(0, A, 7)
    registry.carry_over(0, 1, A, 20)
    return registry


def test_seller_from_the_beginning():
    assert statement(a_year(Journal()), A) == [
        StatementRow(
            "CEA-2023",
            0,
            (
                Movement(Op.ISSUE, 100, 0),
                Movement(Op.FREEZE, 12, 12),
                Movement(Op.RELEASE, 2, 2),
                Movement(Op.PLEDGE, 7, 7),
                Movement(Op.SURRENDER, 0, 60),
                Movement(Op.CARRY_OUT, 0, 20),
                Movement(Op.DELIVER, 0, 10),
            ),
            10,
            3,
            0,
            7,
            0,
        ),
        StatementRow("CEA-2024", 0, (Movement(Op.CARRY_IN, 20, 0),), 20, 20, 0, 0, 0),
        StatementRow("cash", 0, (Movement(Op.DELIVER, 500, 0), Movement(Op.FEE, 0, 3)), 497, 497, 0, 0, 0),
    ]


def test_buyer_from_the_beginning():
    assert statement(a_year(Journal()), B) == [
        StatementRow("CEA-2023", 0, (Movement(Op.DELIVER, 10, 0),), 10, 10, 0, 0, 10),
        StatementRow(
            "cash",
            0,
            (Movement(Op.DEPOSIT, 800, 0), Movement(Op.FREEZE_CASH, 600, 600), Movement(Op.DELIVER, 0, 500)),
            300,
            200,
            100,
            0,
            0,
        ),
    ]


def test_later_opening_is_the_closing_of_the_day_before():
    first, _, cash = statement(a_year(Journal()), A, since_day=2)
    assert (first.item, first.opening, first.closing) == ("CEA-2023", 90, 10)
    assert [m.op for m in first.movements] == [Op.PLEDGE, Op.SURRENDER, Op.CARRY_OUT]
    assert (cash.opening, cash.movements, cash.closing) == (497, (), 497)


def test_account_that_does_not_exist():
    with pytest.raises(RegistryError, match="no account 4"):
        statement(a_year(Journal()), 4)


def test_journal_that_was_not_kept():
    with pytest.raises(RegistryError, match="kept none"):
        statement(a_year(Journal(keep=False)), A)
