"""The proof of conservation: what came into being is held or has ended, to the last lot and fen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rights_market.errors import RegistryError
from rights_market.registry.ledger import BY_INSTRUMENT, Ledger
from rights_market.rights import Instruments

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Audit:
    """Totals of a registry whose conservation has been proved.

    Attributes
    ----------
    free, frozen, pledged, locked : ndarray of int64, shape (n_instruments,)
        Lots held by all accounts together.
    issued, converted_in, converted_out, surrendered, cancelled, expired : ndarray of int64, shape (n_instruments,)
        Lots that came into being or ended.
    cash_fen, cash_frozen_fen, entered_fen, left_fen : int
        Money held, and money that came and went.
    """

    free: Int64
    frozen: Int64
    pledged: Int64
    locked: Int64
    issued: Int64
    converted_in: Int64
    converted_out: Int64
    surrendered: Int64
    cancelled: Int64
    expired: Int64
    cash_fen: int
    cash_frozen_fen: int
    entered_fen: int
    left_fen: int


def prove(ledger: Ledger, instruments: Instruments) -> Audit:
    """Prove that nothing was created or lost and that nobody owes lots or cash.

    Notes
    -----
    For every instrument: issued + converted_in - converted_out = free + frozen + pledged + surrendered +
    cancelled + expired, and 0 <= locked <= free on every account.  For cash: cash + frozen = entered - left.

    Raises
    ------
    RegistryError
        At the first break, with instrument, account and figures.
    """
    for name in ("free", "frozen", "pledged", "locked"):
        _refuse_negative(name, getattr(ledger, name), instruments)
    over = np.argwhere(ledger.locked > ledger.free)
    if len(over):
        i, a = (int(x) for x in over[0])
        raise RegistryError(
            f"{instruments[i].code}: {ledger.locked[i, a]} lots locked exceed {ledger.free[i, a]} free (account {a})"
        )
    sums = {name: getattr(ledger, name).sum(axis=1) for name in ("free", "frozen", "pledged", "locked")}
    came = ledger.issued + ledger.converted_in - ledger.converted_out
    ended = ledger.surrendered + ledger.cancelled + ledger.expired
    wrong = np.flatnonzero(came != sums["free"] + sums["frozen"] + sums["pledged"] + ended)
    if len(wrong):
        raise RegistryError(_lots_break(ledger, int(wrong[0]), instruments))
    totals = {name: getattr(ledger, name).copy() for name in BY_INSTRUMENT}
    cash, frozen = _prove_cash(ledger)
    return Audit(
        **sums,
        **totals,
        cash_fen=cash,
        cash_frozen_fen=frozen,
        entered_fen=int(ledger.entered[0]),
        left_fen=int(ledger.left[0]),
    )


def prove_held(ledger: Ledger, due: Int64) -> None:
    """Prove that proceeds which are held back are part of the frozen cash.

    Raises
    ------
    RegistryError
        At the first account for which that does not hold.
    """
    held = due.sum(axis=0)
    wrong = np.flatnonzero((due < 0).any(axis=0) | (held > ledger.cash_frozen))
    if len(wrong):
        a = int(wrong[0])
        raise RegistryError(f"{held[a]} fen held back of {ledger.cash_frozen[a]} frozen (account {a})")


def _prove_cash(ledger: Ledger) -> tuple[int, int]:
    for name in ("cash", "cash_frozen"):
        column = getattr(ledger, name)
        if column.min() < 0:
            raise RegistryError(f"{name} of account {int(column.argmin())} is {column.min()} fen, below 0")
    cash, frozen = int(ledger.cash.sum()), int(ledger.cash_frozen.sum())
    entered, left = int(ledger.entered[0]), int(ledger.left[0])
    if cash + frozen != entered - left:
        raise RegistryError(
            f"cash: {cash} free + {frozen} frozen = {cash + frozen} fen, but {entered} entered - {left} left = "
            f"{entered - left} fen"
        )
    return cash, frozen


def _refuse_negative(name: str, column: Int64, instruments: Instruments) -> None:
    if column.size and column.min() < 0:
        i, a = (int(x) for x in np.unravel_index(int(column.argmin()), column.shape))
        raise RegistryError(f"{instruments[i].code}: {name} of account {a} is {column[i, a]} lots, below 0")


def _lots_break(ledger: Ledger, i: int, instruments: Instruments) -> str:
    came = (
        f"{ledger.issued[i]} issued + {ledger.converted_in[i]} converted in - {ledger.converted_out[i]} converted out"
    )
    held = " + ".join(f"{getattr(ledger, x)[i].sum()} {x}" for x in ("free", "frozen", "pledged"))
    ended = " + ".join(f"{getattr(ledger, x)[i]} {x}" for x in ("surrendered", "cancelled", "expired"))
    return f"{instruments[i].code}: {came} lots do not equal {held} + {ended}"
