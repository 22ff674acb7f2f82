"""Registry: every operation with figures worked by hand, every refusal with its message."""

from decimal import Decimal

import numpy as np
import pytest

from rights_market.errors import InsufficientCash, InsufficientHoldings, RegistryError
from rights_market.registry.accounts import AccountKind, Accounts
from rights_market.registry.balances import Registry
from rights_market.registry.journal import Journal, Op
from rights_market.registry.ledger import Ledger, Part
from rights_market.registry.replay import replay
from rights_market.rights import Instruments, Right

CEA = Right("CEA", "carbon", "碳", "t", Decimal(1), Decimal("0.01"))
EUR = Right("EUR", "energy use", "用能权", "tce", Decimal(1), Decimal("0.01"))
A, B, C = 2, 3, 4


@pytest.fixture
def registry():
    """Two vintages of CEA (0, 1), one of EUR (2); firms A, B, C; A has 100 lots of 0 and 5,000 fen, B 1,000 fen."""
    accounts = Accounts()
    accounts.open_many(AccountKind.COMPLIANCE, ["Alpha", "Beta", "Gamma"])
    registry = Registry(accounts, Instruments([(CEA, 2023), (CEA, 2024), (EUR, 2023)]))
    registry.issue(0, A, 100)
    registry.deposit([A, B], [5_000, 1_000])
    return registry


@pytest.fixture(autouse=True)
def proof(registry):
    """Whatever a test did, conservation holds, what is outstanding is held, and the journal replays to the balances."""
    yield
    audit = registry.audit()
    assert registry.outstanding.tolist() == (audit.free + audit.frozen + audit.pledged).tolist()
    again = replay(registry.journal, len(registry.accounts), len(registry.instruments))
    for name, want, got in zip(Ledger._fields, registry.ledger(), again, strict=True):
        np.testing.assert_array_equal(got, want, err_msg=name)


def lots_of(registry, account, instrument=0):
    return tuple(
        int(x[instrument, account]) for x in (registry.free, registry.frozen, registry.pledged, registry.locked)
    )


def buy_locked(registry, lots=10, fen=500):
    """B buys lots of A today and may not sell them before the close."""
    registry.freeze(0, A, lots)
    registry.freeze_cash(B, fen)
    registry.deliver(0, A, B, lots, fen, lock_bought=True)


class TestHoldings:
    def test_issue(self, registry):
        registry.issue([1, 1, 2], [A, A, B], [3, 4, 5])
        assert registry.free[:, A].tolist() == [100, 7, 0]
        assert registry.free[:, B].tolist() == [0, 0, 5]
        assert registry.total("issued").tolist() == [100, 7, 5]

    def test_transfer_with_repeated_accounts(self, registry):
        registry.transfer(0, A, [B, C, B], [10, 20, 30])
        assert registry.free[0, [A, B, C]].tolist() == [40, 40, 20]

    def test_transfer_cannot_pass_on_what_arrives_in_the_same_call(self, registry):
        with pytest.raises(InsufficientHoldings, match="transfer of 10 lots exceeds 0 free to sell"):
            registry.transfer(0, [A, B], [B, C], [10, 10])
        assert lots_of(registry, A) == (100, 0, 0, 0)

    def test_repeated_demands_are_added_up_before_anything_is_written(self, registry):
        rows = len(registry.journal)
        with pytest.raises(
            InsufficientHoldings, match=r"surrender of 101 lots exceeds 100 free \(account 2, Alpha, CEA-2023\)"
        ):
            registry.surrender(0, [A, A], [60, 41])
        assert lots_of(registry, A) == (100, 0, 0, 0)
        assert len(registry.journal) == rows

    def test_freeze_and_release(self, registry):
        registry.freeze(0, [A, A], [30, 5])
        assert lots_of(registry, A) == (65, 35, 0, 0)
        registry.release(0, A, 12)
        assert lots_of(registry, A) == (77, 23, 0, 0)
        with pytest.raises(InsufficientHoldings, match="release of 24 lots exceeds 23 frozen .*freeze lots first"):
            registry.release(0, A, 24)

    def test_pledge_and_redeem(self, registry):
        registry.pledge(0, A, 40)
        registry.redeem(0, A, 15)
        assert lots_of(registry, A) == (75, 0, 25, 0)
        with pytest.raises(InsufficientHoldings, match="redeem of 26 lots exceeds 25 pledged .*pledge lots first"):
            registry.redeem(0, A, 26)

    def test_surrender_takes_free_lots_only(self, registry):
        registry.pledge(0, A, 20)
        registry.freeze(0, A, 30)
        with pytest.raises(InsufficientHoldings, match="surrender of 51 lots exceeds 50 free .*release, redeem or buy"):
            registry.surrender(0, A, 51)
        registry.surrender(0, A, 50)
        assert lots_of(registry, A) == (0, 30, 20, 0)
        assert registry.total("surrendered").tolist() == [50, 0, 0]

    def test_cancel(self, registry):
        registry.cancel(0, A, 7)
        assert (lots_of(registry, A), registry.total("cancelled")[0]) == ((93, 0, 0, 0), 7)

    def test_expire_from_a_named_part(self, registry):
        registry.freeze(0, A, 30)
        registry.pledge(0, A, 20)
        registry.expire(0, A, 4)
        registry.expire(0, A, 5, part=Part.FROZEN)
        registry.expire(0, A, 6, part=Part.PLEDGED)
        assert lots_of(registry, A) == (46, 25, 14, 0)
        assert registry.total("expired")[0] == 15
        with pytest.raises(InsufficientHoldings, match="expire of 15 lots exceeds 14 pledged"):
            registry.expire(0, A, 15, part=Part.PLEDGED)

    def test_lapse_takes_free_before_frozen_before_pledged(self, registry):
        registry.freeze(0, A, 30)
        registry.pledge(0, A, 20)
        taken = registry.lapse(0, [A, A, A], [45, 0, 50])
        assert taken.tolist() == [[45, 0, 5], [0, 0, 30], [0, 0, 15]]
        assert lots_of(registry, A) == (0, 0, 5, 0)
        with pytest.raises(InsufficientHoldings, match="lapse of 6 lots exceeds 5 held"):
            registry.lapse(0, A, 6)

    def test_carry_over_keeps_the_part(self, registry):
        registry.pledge(0, A, 20)
        registry.carry_over(0, 1, [A, A], [10, 15])
        registry.carry_over(0, 1, A, 8, part=Part.PLEDGED)
        assert (lots_of(registry, A), lots_of(registry, A, 1)) == ((55, 0, 12, 0), (25, 0, 8, 0))
        assert registry.total("converted_out").tolist() == [33, 0, 0]
        assert registry.total("converted_in").tolist() == [0, 33, 0]

    def test_carry_over_stays_within_the_right(self, registry):
        with pytest.raises(RegistryError, match=r"carry-over from CEA-2023 to EUR-2023: .*use convert"):
            registry.carry_over(0, 2, A, 1)
        with pytest.raises(RegistryError, match="CEA-2023 is named as source and as target"):
            registry.carry_over(0, 0, A, 1)

    def test_convert_at_the_coupling_rate_of_rule_l2(self, registry):
        registry.issue(2, B, 10)
        assert registry.convert(2, 0, B, 10, ratio=(266, 100)).tolist() == [26]
        assert (lots_of(registry, B), lots_of(registry, B, 2)) == ((26, 0, 0, 0), (0, 0, 0, 0))

    def test_convert_leaves_what_makes_no_whole_lot(self, registry):
        made = registry.convert(0, 2, [A, A, A], [10, 0, 1], ratio=(2, 3))
        assert made.tolist() == [6, 0, 0]
        assert (lots_of(registry, A), lots_of(registry, A, 2)) == ((91, 0, 0, 0), (6, 0, 0, 0))
        assert registry.total("converted_out").tolist() == [9, 0, 0]
        assert registry.total("converted_in").tolist() == [0, 0, 6]

    @pytest.mark.parametrize("ratio", [(0, 1), (1, 0), (-2, 1)])
    def test_convert_refuses_a_ratio_that_is_not_positive(self, registry, ratio):
        with pytest.raises(RegistryError, match="must be of positive whole numbers"):
            registry.convert(0, 2, A, 10, ratio=ratio)


class TestDelivery:
    def test_delivery_versus_payment(self, registry):
        registry.issue(0, C, 8)
        registry.freeze(0, [A, C], [10, 8])
        registry.freeze_cash(B, 900)
        registry.deliver(0, [A, C], B, [10, 8], [500, 400])
        assert (lots_of(registry, A), lots_of(registry, B), lots_of(registry, C)) == (
            (90, 0, 0, 0),
            (18, 0, 0, 0),
            (0, 0, 0, 0),
        )
        assert registry.cash[[A, B, C]].tolist() == [5_500, 100, 400]
        assert registry.cash_frozen.sum() == 0

    def test_neither_side_moves_when_the_other_cannot(self, registry):
        registry.freeze(0, A, 10)
        registry.freeze_cash(B, 400)
        with pytest.raises(InsufficientCash, match="payment for delivery of 500 fen exceeds 400 fen frozen"):
            registry.deliver(0, A, B, [6, 4], [300, 200])
        with pytest.raises(InsufficientHoldings, match="delivery of 11 lots exceeds 10 frozen"):
            registry.deliver(0, A, B, 11, 400)
        assert (lots_of(registry, A), lots_of(registry, B)) == ((90, 10, 0, 0), (0, 0, 0, 0))

    def test_value_without_lots_is_refused(self, registry):
        with pytest.raises(RegistryError, match="0 lots has a value; use pay"):
            registry.deliver(0, A, B, 0, 1)

    def test_lots_bought_today_cannot_be_sold(self, registry):
        registry.issue(0, B, 3)
        buy_locked(registry)
        assert lots_of(registry, B) == (13, 0, 0, 10)
        registry.freeze(0, B, 3)
        for sell in (lambda: registry.freeze(0, B, 1), lambda: registry.transfer(0, B, C, 1)):
            with pytest.raises(InsufficientHoldings, match="1 lots exceeds 0 free to sell .*after the close"):
                sell()
        registry.unlock()
        registry.freeze(0, B, 10)
        assert lots_of(registry, B) == (0, 13, 0, 0)

    @pytest.mark.parametrize("operation", ["surrender", "cancel", "expire", "pledge"])
    def test_lots_bought_today_count_as_free_for_all_but_sale(self, registry, operation):
        registry.issue(0, B, 3)
        buy_locked(registry)
        getattr(registry, operation)(0, [B, B], [4, 3])
        assert lots_of(registry, B)[::3] == (6, 6)

    def test_lots_carried_over_are_no_longer_locked(self, registry):
        buy_locked(registry)
        registry.carry_over(0, 1, B, 4)
        assert (lots_of(registry, B), lots_of(registry, B, 1)) == ((6, 0, 0, 6), (4, 0, 0, 0))

    def test_unlock_of_one_instrument_leaves_the_others(self, registry):
        registry.issue(1, A, 5)
        registry.freeze([0, 1], A, [2, 3])
        registry.freeze_cash(B, 5)
        registry.deliver([0, 1], A, B, [2, 3], [2, 3], lock_bought=True)
        registry.unlock(1)
        assert registry.locked[:, B].tolist() == [2, 0, 0]


class TestCash:
    def test_deposit_and_withdraw(self, registry):
        registry.withdraw([A, A], [1_000, 500])
        assert (registry.cash[A], registry.entered, registry.left) == (3_500, 6_000, 1_500)
        with pytest.raises(
            InsufficientCash,
            match=r"withdrawal of 3501 fen exceeds 3500 fen free \(account 2, Alpha\); release or deposit cash first",
        ):
            registry.withdraw([A, A], [3_000, 501])

    def test_pay(self, registry):
        registry.pay([A, A], [B, C], [700, 300])
        assert registry.cash[[A, B, C]].tolist() == [4_000, 1_700, 300]
        with pytest.raises(InsufficientCash, match=r"payment of 1701 fen exceeds 1700 .*account 3, Beta"):
            registry.pay(B, C, 1_701)

    def test_freeze_and_release_cash(self, registry):
        registry.freeze_cash([A, A], [1_200, 800])
        registry.release_cash([A, A], [200, 300])
        assert (registry.cash[A], registry.cash_frozen[A]) == (3_500, 1_500)
        with pytest.raises(InsufficientCash, match="release of 1501 fen exceeds 1500 fen frozen"):
            registry.release_cash(A, 1_501)

    def test_fees_go_to_the_clearing_account(self, registry):
        registry.freeze_cash(A, 100)
        registry.fee(A, 30, from_frozen=True)
        registry.fee([A, B], [5, 6])
        assert (registry.cash[1], registry.cash_frozen[A], registry.cash[A], registry.cash[B]) == (41, 70, 4_895, 994)
        with pytest.raises(InsufficientCash, match="fee of 71 fen exceeds 70 fen frozen"):
            registry.fee(A, 71, from_frozen=True)


class TestRefusals:
    @pytest.mark.parametrize("amount", [1.0, 2.5, True, "3", None, 1 << 70])
    def test_amounts_that_are_no_whole_numbers(self, registry, amount):
        with pytest.raises(RegistryError, match="lots must be whole numbers"):
            registry.issue(0, A, amount)

    @pytest.mark.parametrize("call", ["issue", "freeze", "surrender", "lapse"])
    def test_negative_lots(self, registry, call):
        with pytest.raises(RegistryError, match="lots must not be negative, got -1; use the opposite operation"):
            getattr(registry, call)(0, [A, A], [5, -1])

    def test_negative_cash(self, registry):
        with pytest.raises(RegistryError, match="amounts of cash must not be negative"):
            registry.pay(A, B, -5)

    def test_more_than_can_be_counted(self, registry):
        for lots in (1 << 62, [1 << 61, 1 << 61]):
            with pytest.raises(RegistryError, match="too large to count exactly"):
                registry.issue(0, A, lots)
        with pytest.raises(RegistryError, match="too large to count exactly"):
            registry.deposit([A, B, C, A], 1 << 61)
        registry.deposit(A, 1 << 61)
        with pytest.raises(RegistryError, match="cash entered would exceed"):
            registry.deposit(A, 1 << 61)

    @pytest.mark.parametrize(
        ("instrument", "account", "message"),
        [
            (3, A, "no instrument"),
            (-1, A, "no instrument"),
            (0, 5, "no account 5: there are 5"),
            (0, -1, "no account -1"),
        ],
    )
    def test_unknown_instrument_or_account(self, registry, instrument, account, message):
        with pytest.raises(RegistryError, match=message):
            registry.issue(instrument, account, 1)

    def test_closed_account(self, registry):
        registry.close_account(C)
        with pytest.raises(RegistryError, match=r"account 4 \(Gamma\) is closed"):
            registry.issue(0, C, 1)

    def test_account_with_property_stays_open(self, registry):
        registry.freeze_cash(A, 10)
        with pytest.raises(RegistryError, match=r"account 2 \(Alpha\) holds 100 lots and 5000 fen; transfer and pay"):
            registry.close_account(A)
        assert registry.accounts.is_open[A]

    def test_days_go_forward(self, registry):
        registry.begin_day(4)
        registry.issue(0, A, 1)
        assert registry.journal.table()["day"][-1] == 4
        with pytest.raises(RegistryError, match="day 3 is before day 4"):
            registry.begin_day(3)

    def test_views_refuse_writing_and_show_changes(self, registry):
        view = registry.free
        with pytest.raises(ValueError, match="read-only"):
            view[0, A] = 1
        registry.issue(0, A, 1)
        assert view[0, A] == 101

    def test_unknown_total(self, registry):
        with pytest.raises(RegistryError, match="no total 'free' by instrument"):
            registry.total("free")


def test_nothing_is_done_for_no_rows_and_0_lots(registry):
    rows = len(registry.journal)
    registry.issue(0, [], [])
    registry.surrender(0, [A, B], 0)
    registry.pay([], [], [])
    assert len(registry.journal) == rows


def test_journal_rows_carry_refs_of_the_rows_that_moved(registry):
    registry.transfer(0, A, [B, C, B], [1, 0, 2], ref=[70, 71, 72])
    table = registry.journal.table()
    assert table["op"][-2:].tolist() == [Op.TRANSFER] * 2
    assert table["counterparty"][-2:].tolist() == [B, B]
    assert table["ref"][-2:].tolist() == [70, 72]


def test_accounts_opened_later_have_a_place(registry):
    registry.freeze(0, A, 5)
    registry.issue(2, 0, 9)
    (new,) = registry.accounts.open_many(AccountKind.BANK, ["bank"])
    assert registry.cash.tolist() == [0, 0, 5_000, 1_000, 0, 0]
    registry.transfer(0, A, new, 10)
    assert (lots_of(registry, A), lots_of(registry, new)) == ((85, 5, 0, 0), (10, 0, 0, 0))
    assert registry.free[2].tolist() == [9, 0, 0, 0, 0, 0]
    assert all(column.flags.c_contiguous for column in registry.ledger())


def test_kernels_may_write_through_the_ledger(registry):
    ledger = registry.ledger()
    ledger.free[0, A] -= 4
    ledger.frozen[0, A] += 4
    space = registry.journal.reserve(1)
    for name, value in {"op": Op.FREEZE, "account": A, "instrument": 0, "lots": 4, "reason": 0}.items():
        space.rows[name][space.filled[0]] = value
    space.filled[0] += 1
    assert registry.frozen[0, A] == 4


def test_audit_returns_the_totals(registry):
    registry.surrender(0, A, 10)
    registry.freeze_cash(A, 100)
    audit = registry.audit()
    assert (audit.free.tolist(), audit.issued.tolist(), audit.surrendered.tolist()) == (
        [90, 0, 0],
        [100, 0, 0],
        [10, 0, 0],
    )
    assert (audit.cash_fen, audit.cash_frozen_fen, audit.entered_fen, audit.left_fen) == (5_900, 100, 6_000, 0)


@pytest.mark.parametrize(
    ("column", "at", "change", "message"),
    [
        ("free", (0, A), 1, r"CEA-2023: 100 issued \+ 0 converted in - 0 converted out lots do not equal 101 free"),
        ("issued", 1, 2, "CEA-2024: 2 issued"),
        ("pledged", (2, B), -3, "EUR-2023: pledged of account 3 is -3 lots, below 0"),
        ("locked", (0, A), 101, r"CEA-2023: 101 lots locked exceed 100 free \(account 2\)"),
        ("cash", A, 5, "cash: 6005 free .* = 6005 fen, but 6000 entered - 0 left = 6000 fen"),
        ("cash_frozen", B, -5, "cash_frozen of account 3 is -5 fen, below 0"),
    ],
)
def test_audit_names_the_break(registry, column, at, change, message):
    array = getattr(registry.ledger(), column)
    array[at] += change
    with pytest.raises(RegistryError, match=message):
        registry.audit()
    array[at] -= change


def test_state_restores_exactly(registry):
    buy_locked(registry)
    registry.begin_day(9)
    accounts = Accounts()
    accounts.restore(registry.accounts.state())
    twin = Registry(accounts, registry.instruments, journal=Journal(keep=False))
    twin.restore(registry.state())
    for name, want, got in zip(Ledger._fields, registry.ledger(), twin.ledger(), strict=True):
        np.testing.assert_array_equal(got, want, err_msg=name)
    assert twin.day == 9
    twin.issue(0, A, 1)
    assert registry.free[0, A] == twin.free[0, A] - 1
    with pytest.raises(
        RegistryError, match=r"state of free has shape \(3, 5\), expected \(3, 2\); restore the accounts"
    ):
        Registry(Accounts(), registry.instruments).restore(registry.state())


def test_memory_per_account_and_instrument(registry):
    registry.accounts.open_many(AccountKind.COMPLIANCE, [f"firm {i}" for i in range(10_000)])
    n, m = len(registry.accounts), len(registry.instruments)
    registry.issue(0, 5, 1)
    assert registry.nbytes / (n * m) < 40
