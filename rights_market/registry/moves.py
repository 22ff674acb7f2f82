"""Rows of an operation on holdings: built from what the caller gave, and checked for cover."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

from rights_market.errors import InsufficientHoldings, RegistryError
from rights_market.registry.accounts import Accounts
from rights_market.registry.checks import demand_cover, known_accounts, known_instruments, moving_rows, whole
from rights_market.registry.ledger import Ledger, Part
from rights_market.rights import Instruments

Int64 = npt.NDArray[np.int64]
Rows = npt.ArrayLike

_PART_NAMES = {Part.FREE: "free", Part.FROZEN: "frozen", Part.PLEDGED: "pledged"}
_WAYS_OUT = {
    Part.FREE: "release, redeem or buy lots first, or ask for less",
    Part.FROZEN: "freeze lots first, or ask for less",
    Part.PLEDGED: "pledge lots first, or ask for less",
}


class Moves(NamedTuple):
    """Rows that move more than 0 lots.

    Attributes
    ----------
    instrument, account, lots, ref : ndarray of int64, shape (n,)
        What moves, where, how much, and the caller's number for the journal.
    keys : ndarray of int64, shape (n,)
        Positions of (instrument, account) in a flattened balance.
    """

    instrument: Int64
    account: Int64
    lots: Int64
    ref: Int64
    keys: Int64

    def rows(self, chosen: npt.NDArray[np.bool_]) -> Self:
        """Return the chosen rows."""
        return type(self)(*(column[chosen] for column in self))


class MoveBuilder(NamedTuple):
    """Builds and checks the rows of operations for one registry.

    Attributes
    ----------
    accounts : Accounts
    instruments : Instruments
    ledger : Ledger
        Balances, already as wide as the table of accounts.
    """

    accounts: Accounts
    instruments: Instruments
    ledger: Ledger

    def moves(self, instrument: Rows, accounts: Rows, lots: Rows, ref: Rows) -> Moves:
        """Return the rows of an operation on one account each."""
        return self.relabelled(instrument, None, accounts, lots, ref)[0]

    def relabelled(
        self, instrument: Rows, instrument_to: Rows | None, accounts: Rows, lots: Rows, ref: Rows
    ) -> tuple[Moves, Moves]:
        """Return the rows that go out of one instrument and into another.

        Raises
        ------
        RegistryError
            If the two are the same.
        """
        source = known_instruments(instrument, len(self.instruments))
        target = source if instrument_to is None else known_instruments(instrument_to, len(self.instruments))
        who, refs = known_accounts(accounts, self.accounts), np.asarray(ref, np.int64)
        n_lots, source, target, who, refs = moving_rows("lots", whole(lots, "lots"), source, target, who, refs)
        if instrument_to is not None and np.any(source == target):
            same = self.instruments[int(source[source == target][0])].code
            raise RegistryError(f"{same} is named as source and as target; name another instrument as target")
        out = Moves(source, who, n_lots, refs, self.keys(source, who))
        return out, out._replace(instrument=target, keys=self.keys(target, who))

    def between(
        self, instrument: Rows, givers: Rows, takers: Rows, lots: Rows, fen: Rows, ref: Rows
    ) -> tuple[Moves, Int64, Int64]:
        """Return the givers' rows, the taker of each, and the value of each in fen.

        Raises
        ------
        RegistryError
            If a row of 0 lots has a value.
        """
        value, n_lots = whole(fen, "amounts of cash"), whole(lots, "lots")
        if np.any((n_lots == 0) & (value > 0)):
            raise RegistryError("a delivery of 0 lots has a value; use pay for a payment without delivery")
        source, refs = known_instruments(instrument, len(self.instruments)), np.asarray(ref, np.int64)
        giver, taker = known_accounts(givers, self.accounts), known_accounts(takers, self.accounts)
        n_lots, source, giver, taker, value, refs = moving_rows("lots", n_lots, source, giver, taker, value, refs)
        moving_rows("amounts of cash", value)
        return Moves(source, giver, n_lots, refs, self.keys(source, giver)), taker, value

    def keys(self, instrument: Int64, account: Int64) -> Int64:
        """Return positions in a flattened balance."""
        return instrument * self.ledger.n_accounts + account

    def demand(self, verb: str, part: Part, moves: Moves) -> None:
        """Make sure that the lots are in that part of the holdings."""
        column = self.ledger[part].reshape(-1)
        self._demand(lambda keys: column[keys], moves, verb, _PART_NAMES[part], _WAYS_OUT[part])

    def demand_saleable(self, verb: str, moves: Moves) -> None:
        """Make sure that the lots are free and not locked."""
        free, locked = self.ledger.free.reshape(-1), self.ledger.locked.reshape(-1)
        way_out = "lots bought today can be sold after the close; release or buy lots first, or ask for less"
        self._demand(lambda keys: free[keys] - locked[keys], moves, verb, "free to sell", way_out)

    def demand_any(self, verb: str, moves: Moves) -> None:
        """Make sure that the lots are held, free, frozen or pledged."""
        columns = [self.ledger[part].reshape(-1) for part in Part]
        way_out = "ask for no more than free, frozen and pledged lots together"
        self._demand(lambda keys: np.stack([x[keys] for x in columns]).sum(axis=0), moves, verb, "held", way_out)

    def _demand(self, held: Callable[[Int64], Int64], moves: Moves, verb: str, what: str, way_out: str) -> None:
        def refuse(key: int, asked: int, present: int) -> InsufficientHoldings:
            instrument, account = divmod(key, self.ledger.n_accounts)
            return InsufficientHoldings(
                f"{verb} of {asked} lots exceeds {present} {what} (account {account}, {self.accounts.name(account)}, "
                f"{self.instruments[instrument].code}); {way_out}"
            )

        demand_cover(held, moves.keys, moves.lots, refuse)


def spread(values: Int64, lots: Rows, *others: Rows) -> Int64:
    """Put values of the rows that move back beside all rows of the caller, 0 for rows of 0 lots."""
    shape = np.broadcast_shapes(*(np.atleast_1d(np.asarray(x)).shape for x in (lots, *others)))
    result = np.zeros((*values.shape[:-1], *shape), np.int64)
    result[..., np.broadcast_to(np.asarray(lots) > 0, shape)] = values
    return result
