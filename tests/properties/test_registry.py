"""Whatever is done to a registry, nothing is created or lost and the journal replays to the balances."""

from decimal import Decimal

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from rights_market.errors import InsufficientCash, InsufficientHoldings
from rights_market.registry.accounts import AccountKind, Accounts
from rights_market.registry.balances import Registry
from rights_market.registry.journal import Journal
from rights_market.registry.ledger import Ledger, Part
from rights_market.registry.replay import replay
from rights_market.registry.serials import SerialState, serial_blocks
from rights_market.registry.statement import statement
from rights_market.rights import Instruments, Right

CEA = Right("CEA", "carbon", "碳", "t", Decimal(1), Decimal("0.01"))
EUR = Right("EUR", "energy use", "用能权", "tce", Decimal(1), Decimal("0.01"))
N_INSTRUMENTS = 3
FIRST_ACCOUNTS = 5

instruments = st.integers(0, N_INSTRUMENTS - 1)
accounts = st.integers(0, FIRST_ACCOUNTS - 1)
rows = st.lists(st.tuples(accounts, accounts, st.integers(0, 60)), max_size=5)
parts = st.sampled_from(Part)


class RegistryMachine(RuleBasedStateMachine):
    """Draws operations, covered or not; a refused one must leave everything as it was."""

    def __init__(self):
        super().__init__()
        table = Accounts()
        table.open_many(AccountKind.COMPLIANCE, [f"firm {i}" for i in range(FIRST_ACCOUNTS - len(table))])
        self.registry = Registry(table, Instruments([(CEA, 2023), (CEA, 2024), (EUR, 2023)]))
        for instrument in range(N_INSTRUMENTS):
            self.registry.issue(instrument, np.arange(FIRST_ACCOUNTS), 80)
        self.registry.deposit(np.arange(FIRST_ACCOUNTS), 80)

    def attempt(self, operation, *args, **kwargs):
        before = (self.registry.state(), len(self.registry.journal))
        try:
            operation(*args, **kwargs)
        except (InsufficientHoldings, InsufficientCash):
            after = (self.registry.state(), len(self.registry.journal))
            assert after[1] == before[1]
            for name, array in before[0].items():
                np.testing.assert_array_equal(after[0][name], array, err_msg=name)

    @rule(instrument=instruments, rows=rows)
    def issue(self, instrument, rows):
        self.attempt(self.registry.issue, instrument, [a for a, _, _ in rows], [q for _, _, q in rows])

    @rule(instrument=instruments, rows=rows)
    def transfer(self, instrument, rows):
        self.attempt(self.registry.transfer, instrument, *columns(rows))

    @rule(
        name=st.sampled_from(["freeze", "release", "pledge", "redeem", "surrender", "cancel", "lapse"]),
        instrument=instruments,
        rows=rows,
    )
    def holdings(self, name, instrument, rows):
        self.attempt(getattr(self.registry, name), instrument, [a for a, _, _ in rows], [q for _, _, q in rows])

    @rule(instrument=instruments, rows=rows, part=parts)
    def expire(self, instrument, rows, part):
        who, _, lots = columns(rows)
        self.attempt(self.registry.expire, instrument, who, lots, part=part)

    @rule(forward=st.booleans(), rows=rows, part=parts)
    def carry_over(self, forward, rows, part):
        who, _, lots = columns(rows)
        self.attempt(self.registry.carry_over, int(not forward), int(forward), who, lots, part=part)

    @rule(into=st.sampled_from([0, 1]), rows=rows, ratio=st.tuples(st.integers(1, 9), st.integers(1, 9)))
    def convert(self, into, rows, ratio):
        who, _, lots = columns(rows)
        self.attempt(self.registry.convert, 2, into, who, lots, ratio=ratio)

    @rule(
        name=st.sampled_from(["deposit", "withdraw", "freeze_cash", "release_cash"]),
        rows=rows,
    )
    def money(self, name, rows):
        who, _, fen = columns(rows)
        self.attempt(getattr(self.registry, name), who, fen)

    @rule(rows=rows)
    def pay(self, rows):
        self.attempt(self.registry.pay, *columns(rows))

    @rule(rows=rows, from_frozen=st.booleans())
    def fee(self, rows, from_frozen):
        who, _, fen = columns(rows)
        self.attempt(self.registry.fee, who, fen, from_frozen=from_frozen)

    @rule(instrument=instruments, rows=rows, price=st.integers(0, 3), lock=st.booleans(), fund=st.booleans())
    def deliver(self, instrument, rows, price, lock, fund):
        sellers, buyers, lots = columns(rows)
        value = [q * price for q in lots]
        if fund:
            self.attempt(self.registry.freeze, instrument, sellers, lots)
            self.attempt(self.registry.freeze_cash, buyers, value)
        self.attempt(self.registry.deliver, instrument, sellers, buyers, lots, value, lock_bought=lock)

    @rule(instrument=st.none() | instruments)
    def unlock(self, instrument):
        self.registry.unlock(instrument)
        chosen = slice(None) if instrument is None else instrument
        assert not self.registry.locked[chosen].any()

    @rule()
    def open_account(self):
        self.registry.accounts.open(AccountKind.INDIVIDUAL, "late")

    @rule()
    def begin_day(self):
        self.registry.begin_day(self.registry.day + 1)

    @rule()
    def save_and_continue(self):
        """Go on with another registry that was restored from the state of this one."""
        table, journal = Accounts(), Journal()
        table.restore(self.registry.accounts.state())
        journal.restore(self.registry.journal.state())
        twin = Registry(table, self.registry.instruments, journal=journal)
        twin.restore(self.registry.state())
        self.registry = twin

    @invariant()
    def every_unit_has_one_number_and_one_place(self):
        ledger = self.registry.ledger()
        for instrument in range(N_INSTRUMENTS):
            blocks = serial_blocks(self.registry.journal, instrument)
            born = int(ledger.issued[instrument] + ledger.converted_in[instrument])
            assert [b.first for b in blocks] == [1, *(b.last + 1 for b in blocks)][: len(blocks)]
            assert (blocks[-1].last if blocks else 0) == born
            held = np.zeros((len(SerialState), ledger.n_accounts), np.int64)
            for b in blocks:
                held[b.state, b.owner] += b.last - b.first + 1
            for part in Part:
                np.testing.assert_array_equal(held[part], getattr(ledger, part.name.lower())[instrument])
            ended = [ledger.surrendered, ledger.cancelled, ledger.expired, ledger.converted_out]
            assert held[len(Part) :].sum(axis=1).tolist() == [int(x[instrument]) for x in ended]

    @invariant()
    def conserved(self):
        self.registry.audit()

    @invariant()
    def replayed(self):
        again = replay(self.registry.journal, len(self.registry.accounts), N_INSTRUMENTS)
        for name, want, got in zip(Ledger._fields, self.registry.ledger(), again, strict=True):
            np.testing.assert_array_equal(got, want, err_msg=name)

    @invariant()
    def stated(self):
        """The journal is complete, so every statement opens with nothing."""
        for account in (1, FIRST_ACCOUNTS - 1):
            assert all(row.opening == 0 for row in statement(self.registry, account))


def columns(rows):
    return tuple([row[i] for row in rows] for i in range(3))


TestRegistry = RegistryMachine.TestCase
TestRegistry.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
