"""The registry: sole writer of property, by named operations that are checked first and journalled last."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from rights_market.errors import RegistryError
from rights_market.kernels.codes import HELD, LOCKED
from rights_market.registry.audit import Audit, prove, prove_held
from rights_market.registry.cash import CashRegistry
from rights_market.registry.checks import MAX_TOTAL, known_accounts, known_instruments, room_for, take_in_order
from rights_market.registry.journal import NOBODY, Op
from rights_market.registry.ledger import BY_INSTRUMENT, Ledger, Part
from rights_market.registry.moves import MoveBuilder, Moves, Rows, spread
from rights_market.table import State, readonly

Int64 = npt.NDArray[np.int64]


class Registry(CashRegistry):
    """Holdings and cash of all accounts.

    Parameters
    ----------
    accounts : Accounts
        Who may own; may grow while the registry is in use.
    instruments : Instruments
        What may be owned.
    journal : Journal, optional
        Where operations are written, by default a new one that keeps all rows.

    Notes
    -----
    Every operation takes instruments, accounts and lots as arrays or scalars, which are repeated to the
    longest; the same account may come several times.  An operation that asks an account for more lots than it
    holds in the part it takes from raises `InsufficientHoldings`.  An operation is checked in full before anything is
    written, against the balances before the call; rows of 0 lots are skipped.

    Lots bought today are `locked`: they cannot be frozen, transferred and so not sold, but count as free
    for everything else (the resale ban of the China national trading rules of 2021 binds sales only).
    """

    @property
    def free(self) -> Int64:
        """Lots at the owner's disposal, shape (n_instruments, n_accounts), read-only."""
        return readonly(self.ledger().free)

    @property
    def frozen(self) -> Int64:
        """Lots behind sell orders, shape (n_instruments, n_accounts), read-only."""
        return readonly(self.ledger().frozen)

    @property
    def pledged(self) -> Int64:
        """Lots in pledge, shape (n_instruments, n_accounts), read-only."""
        return readonly(self.ledger().pledged)

    @property
    def locked(self) -> Int64:
        """Part of `free` that was bought today, shape (n_instruments, n_accounts), read-only."""
        return readonly(self.ledger().locked)

    def total(self, name: str) -> Int64:
        """Return a total by instrument, such as ``issued`` or ``converted_in``, shape (n_instruments,), read-only."""
        if name not in BY_INSTRUMENT:
            raise RegistryError(f"no total {name!r} by instrument; there are {', '.join(BY_INSTRUMENT)}")
        return readonly(getattr(self._ledger, name))

    @property
    def outstanding(self) -> Int64:
        """Lots that exist: issued and converted in, and not ended or converted out, shape (n_instruments,)."""
        led = self._ledger
        return led.issued + led.converted_in - led.converted_out - led.surrendered - led.cancelled - led.expired

    @property
    def nbytes(self) -> int:
        """Memory of all balances, bytes."""
        return sum(array.nbytes for array in self.ledger())

    def issue(self, instrument: Rows, accounts: Rows, lots: Rows, *, ref: Rows = 0) -> None:
        """Create lots on accounts."""
        move = self._builder().moves(instrument, accounts, lots, ref)
        ledger = self.ledger()
        room_for("lots issued", self._ever(ledger), move.lots)
        np.add.at(ledger.free.reshape(-1), move.keys, move.lots)
        np.add.at(ledger.issued, move.instrument, move.lots)
        self._write(Op.ISSUE, move)

    def transfer(
        self,
        instrument: Rows,
        givers: Rows,
        takers: Rows,
        lots: Rows,
        *,
        ref: Rows = 0,
    ) -> None:
        """Move free lots that are not locked from givers to takers, row by row."""
        build = self._builder()
        move, taker, _ = build.between(instrument, givers, takers, lots, 0, ref)
        build.demand_saleable("transfer", move)
        ledger = build.ledger
        free = ledger.free.reshape(-1)
        np.subtract.at(free, move.keys, move.lots)
        np.add.at(free, build.keys(move.instrument, taker), move.lots)
        self._write(Op.TRANSFER, move, counterparty=taker)

    def freeze(self, instrument: Rows, accounts: Rows, lots: Rows, *, ref: Rows = 0) -> None:
        """Put free lots that are not locked behind a sell order."""
        self._shift(Op.FREEZE, Part.FREE, Part.FROZEN, self._builder().moves(instrument, accounts, lots, ref))

    def release(self, instrument: Rows, accounts: Rows, lots: Rows, *, ref: Rows = 0) -> None:
        """Give frozen lots back to their owner's disposal."""
        self._shift(Op.RELEASE, Part.FROZEN, Part.FREE, self._builder().moves(instrument, accounts, lots, ref))

    def pledge(self, instrument: Rows, accounts: Rows, lots: Rows, *, ref: Rows = 0) -> None:
        """Put free lots in pledge."""
        self._shift(Op.PLEDGE, Part.FREE, Part.PLEDGED, self._builder().moves(instrument, accounts, lots, ref))

    def redeem(self, instrument: Rows, accounts: Rows, lots: Rows, *, ref: Rows = 0) -> None:
        """Take lots out of pledge."""
        self._shift(Op.REDEEM, Part.PLEDGED, Part.FREE, self._builder().moves(instrument, accounts, lots, ref))

    def surrender(self, instrument: Rows, accounts: Rows, lots: Rows, *, ref: Rows = 0) -> None:
        """Hand in free lots for emissions; frozen and pledged lots are never taken."""
        self._end(Op.SURRENDER, Part.FREE, self._builder().moves(instrument, accounts, lots, ref))

    def cancel(self, instrument: Rows, accounts: Rows, lots: Rows, *, ref: Rows = 0) -> None:
        """Destroy free lots: a true-down, a reserve that is retired."""
        self._end(Op.CANCEL, Part.FREE, self._builder().moves(instrument, accounts, lots, ref))

    def expire(
        self,
        instrument: Rows,
        accounts: Rows,
        lots: Rows,
        *,
        part: Part = Part.FREE,
        ref: Rows = 0,
    ) -> None:
        """Let lots of one part of the holdings lapse.

        Cancel the orders behind frozen lots first: the order book does not hear of it.
        """
        self._end(Op.EXPIRE, part, self._builder().moves(instrument, accounts, lots, ref))

    def lapse(self, instrument: Rows, accounts: Rows, lots: Rows, *, ref: Rows = 0) -> Int64:
        """Let lots lapse, free before frozen before pledged.

        Returns
        -------
        ndarray of int64, shape (3, n)
            Lots taken from every `Part` for every row.
        """
        build = self._builder()
        move = build.moves(instrument, accounts, lots, ref)
        build.demand_any("lapse", move)
        keys, back = np.unique(move.keys, return_inverse=True)
        stacks = np.stack([build.ledger[part].reshape(-1)[keys] for part in Part])
        taken = take_in_order(stacks, back, move.lots)
        for part in Part:
            self._end(Op.EXPIRE, part, move._replace(lots=taken[part]).rows(taken[part] > 0))
        return spread(taken, lots, instrument, accounts)

    def carry_over(
        self,
        instrument_from: Rows,
        instrument_to: Rows,
        accounts: Rows,
        lots: Rows,
        *,
        part: Part = Part.FREE,
        ref: Rows = 0,
    ) -> None:
        """Relabel lots to another vintage of the same right, one for one; they stay in their part.

        Raises
        ------
        InsufficientHoldings
            If an account has fewer lots in that part.
        RegistryError
            If the two instruments are the same or of different rights.
        """
        move, target = self._builder().relabelled(instrument_from, instrument_to, accounts, lots, ref)
        for a, b in {*zip(move.instrument.tolist(), target.instrument.tolist(), strict=True)}:
            if self.instruments[a].right.code != self.instruments[b].right.code:
                raise RegistryError(
                    f"carry-over from {self.instruments[a].code} to {self.instruments[b].code}: "
                    "the right must stay the same; use convert"
                )
        self._relabel(Op.CARRY_OUT, Op.CARRY_IN, part, move, target)

    def convert(
        self,
        instrument_from: Rows,
        instrument_to: Rows,
        accounts: Rows,
        lots: Rows,
        *,
        ratio: tuple[int, int],
        ref: Rows = 0,
    ) -> Int64:
        """Exchange free lots for lots of another instrument at a fixed ratio.

        ``ratio`` (p, q) gives p new lots for q old ones.  From L lots floor(L p / q) new ones are made; the
        fewest old lots that make as many are used, and the rest stays with the owner.

        Returns
        -------
        ndarray of int64, shape (n,)
            New lots of every row.

        Raises
        ------
        InsufficientHoldings
            If an account has fewer free lots than it offers.
        RegistryError
            If the two instruments are the same, or the ratio is not of positive integers.
        """
        p, q = ratio
        if p <= 0 or q <= 0:
            raise RegistryError(f"conversion ratio {p}:{q} must be of positive whole numbers")
        build = self._builder()
        move, target = build.relabelled(instrument_from, instrument_to, accounts, lots, ref)
        if move.lots.size and int(move.lots.max()) * max(p, q) >= MAX_TOTAL:
            raise RegistryError(f"conversion of {move.lots.max()} lots at {p}:{q} is too large to count exactly")
        build.demand("conversion", Part.FREE, move)
        made = move.lots * p // q
        used = -(-made * q // p)
        source, result = (x.rows(made > 0) for x in (move._replace(lots=used), target._replace(lots=made)))
        self._relabel(Op.CONVERT_OUT, Op.CONVERT_IN, Part.FREE, source, result)
        return spread(made, lots, instrument_from, instrument_to, accounts)

    def deliver(
        self,
        instrument: Rows,
        sellers: Rows,
        buyers: Rows,
        lots: Rows,
        fen: Rows,
        *,
        lock_bought: bool = False,
        cash_lag: int = 0,
        ref: Rows = 0,
    ) -> None:
        """Settle trades made outside the matching kernel: delivery versus payment, all rows or none.

        Lots go from the seller's frozen to the buyer's free ones, cash from the buyer's frozen to the seller's
        free one; freeze both first.  With `lock_bought` the lots may not be sold before `unlock`; with a `cash_lag` the
        cash stays frozen until `pay_out_due` has been called so often.

        Raises
        ------
        InsufficientHoldings
            If a seller has fewer frozen lots.
        InsufficientCash
            If a buyer has less frozen cash.
        """
        build = self._builder()
        move, buyer, value = build.between(instrument, sellers, buyers, lots, fen, ref)
        build.demand("delivery", Part.FROZEN, move)
        ledger = build.ledger
        self._demand_cash("payment for delivery", ledger.cash_frozen, buyer, value)
        bought = build.keys(move.instrument, buyer)
        np.subtract.at(ledger.frozen.reshape(-1), move.keys, move.lots)
        np.add.at(ledger.free.reshape(-1), bought, move.lots)
        if lock_bought:
            np.add.at(ledger.locked.reshape(-1), bought, move.lots)
        np.subtract.at(ledger.cash_frozen, buyer, value)
        np.add.at(ledger.cash_frozen if cash_lag else ledger.cash, move.account, value)
        if cash_lag:
            np.add.at(self.due()[cash_lag - 1], move.account, value)
        reason = LOCKED * lock_bought + HELD * bool(cash_lag)
        self._write(Op.DELIVER, move, counterparty=buyer, cash=value, reason=reason)

    def unlock(self, instrument: Rows | None = None) -> None:
        """End the resale ban on lots bought so far, of some instruments or of all."""
        ledger = self.ledger()
        chosen = np.arange(len(self.instruments)) if instrument is None else instrument
        for i in np.unique(known_instruments(chosen, len(self.instruments))):
            who = np.flatnonzero(ledger.locked[i])
            if not who.size:
                continue
            lots = ledger.locked[i][who]
            ledger.locked[i][who] = 0
            self.journal.append(self.day, Op.UNLOCK, who, instrument=i, lots=lots)

    def close_account(self, account: int) -> None:
        """Close an account that is empty.

        Raises
        ------
        RegistryError
            If it still holds lots or cash.
        """
        (who,) = known_accounts(account, self.accounts)
        ledger = self.ledger()
        lots = int(sum(x[:, who].sum() for x in ledger[:3]))
        fen = int(ledger.cash[who] + ledger.cash_frozen[who])
        if lots or fen:
            raise RegistryError(
                f"account {account} ({self.accounts.name(account)}) holds {lots} lots and {fen} fen; "
                "transfer and pay them out before closing"
            )
        self.accounts.close(account)

    def audit(self) -> Audit:
        """Prove conservation and return the totals.

        Raises
        ------
        RegistryError
            At the first break, with instrument and figures.
        """
        audit = prove(self.ledger(), self.instruments)
        prove_held(self.ledger(), self.due())
        return audit

    def state(self) -> State:
        """Return balances, totals and day as plain arrays and integers; accounts and journal keep their own."""
        return {**self.ledger().state(), "due": self.due().copy(), "day": self.day}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continue from a `state`; restore the accounts first.

        Raises
        ------
        RegistryError
            If the state does not fit the accounts and instruments.
        """
        self._ledger = Ledger.of_state(state, len(self.instruments), len(self.accounts))
        self._due = np.array(state["due"], np.int64)
        self._day = int(state["day"])

    def _builder(self) -> MoveBuilder:
        return MoveBuilder(self.accounts, self.instruments, self.ledger())

    def _shift(self, op: Op, source: Part, target: Part, move: Moves) -> None:
        build = self._builder()
        if op is Op.FREEZE:
            build.demand_saleable("freeze", move)
        else:
            build.demand(op.name.lower(), source, move)
        np.subtract.at(build.ledger[source].reshape(-1), move.keys, move.lots)
        np.add.at(build.ledger[target].reshape(-1), move.keys, move.lots)
        self._write(op, move)
        self._trim_locked(move)

    def _end(self, op: Op, part: Part, move: Moves) -> None:
        build = self._builder()
        ledger = build.ledger
        build.demand(op.name.lower(), part, move)
        total = {Op.SURRENDER: ledger.surrendered, Op.CANCEL: ledger.cancelled, Op.EXPIRE: ledger.expired}[op]
        np.subtract.at(ledger[part].reshape(-1), move.keys, move.lots)
        np.add.at(total, move.instrument, move.lots)
        self._write(op, move, reason=int(part))
        self._trim_locked(move)

    def _relabel(self, out: Op, into: Op, part: Part, source: Moves, target: Moves) -> None:
        build = self._builder()
        ledger = build.ledger
        build.demand("carry-over" if out is Op.CARRY_OUT else "conversion", part, source)
        room_for("lots converted", self._ever(ledger), target.lots)
        column = ledger[part].reshape(-1)
        np.subtract.at(column, source.keys, source.lots)
        np.add.at(ledger.converted_out, source.instrument, source.lots)
        self._write(out, source, reason=int(part))
        self._trim_locked(source)
        np.add.at(column, target.keys, target.lots)
        np.add.at(ledger.converted_in, target.instrument, target.lots)
        self._write(into, target, reason=int(part))

    def _trim_locked(self, move: Moves) -> None:
        """Lots that are gone can no longer be banned from sale: keep `locked` within `free`."""
        ledger = self.ledger()
        free, locked = ledger.free.reshape(-1), ledger.locked.reshape(-1)
        over = np.unique(move.keys[locked[move.keys] > free[move.keys]])
        if over.size:
            lots = locked[over] - free[over]
            locked[over] = free[over]
            instrument, who = np.divmod(over, ledger.n_accounts)
            self.journal.append(self.day, Op.UNLOCK, who, instrument=instrument, lots=lots)

    def _write(
        self,
        op: Op,
        move: Moves,
        *,
        counterparty: Rows = NOBODY,
        cash: Rows = 0,
        reason: int = 0,
    ) -> None:
        self.journal.append(
            self.day,
            op,
            move.account,
            counterparty=counterparty,
            instrument=move.instrument,
            lots=move.lots,
            cash=cash,
            reason=reason,
            ref=move.ref,
        )

    @staticmethod
    def _ever(ledger: Ledger) -> int:
        """Lots that ever came into being: an upper bound of every sum of balances."""
        return int(ledger.issued.sum()) + int(ledger.converted_in.sum())
