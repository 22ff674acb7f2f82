"""Listed trading: who takes may name the quotes that it meets, among those at the best prices of the other side."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from rights_market.exchange.resting import Resting
from rights_market.units import Side

Int64 = npt.NDArray[np.int64]
Choice = Literal["any_at_level", "any_in_depth", "time"]


class Picked(NamedTuple):
    """Quotes that an order meets, in the order named, and the lots of each; both of shape (n,).

    `skipped` says that a quote was named before a better one had been used up, and `unseen` that one was named which
    does not stand within the depth that a taker sees; nothing is picked then.
    """

    rows: Int64
    lots: Int64
    skipped: bool
    unseen: bool


NOTHING = np.empty(0, np.int64)


def pick(
    resting: Resting, account: int, side: int, lots: int, named: Int64, depth: int, choice: Choice, limit: int
) -> Picked:
    """Return which quotes an order meets.

    Parameters
    ----------
    resting : Resting
        Quotes of the instrument in priority.
    account, side, lots : int
        Who takes, on which side, how much.
    named : ndarray of int64
        Order ids of the quotes wanted, first to last; empty: the best, earlier ones first.
    depth : int
        Best prices of the other side that are seen.
    choice : str
        As in the rule: ``any_at_level``, ``any_in_depth`` or ``time``.
    limit : int
        Worst price taken, ticks.

    Notes
    -----
    The taker's own quotes are passed over.  Where better prices come first, a worse one is met only when all better
    quotes have been named before it.
    """
    seen = np.flatnonzero((resting.side != side) & (resting.account != account))
    seen = seen[(resting.price_ticks[seen] - limit) * (1 if side == Side.BID else -1) <= 0]
    levels = list(dict.fromkeys(resting.price_ticks[seen].tolist()))[:depth]
    seen = seen[np.isin(resting.price_ticks[seen], levels)]
    rows = seen.tolist() if not len(named) else _rows_of(resting, seen, named.tolist())
    if rows is None:
        return Picked(NOTHING, NOTHING, False, True)
    taken = _fill(resting.lots[rows].tolist(), lots)
    rows = rows[: len(taken)]
    if choice == "time" and rows != seen[: len(rows)].tolist():
        return Picked(NOTHING, NOTHING, True, False)
    if choice == "any_at_level" and _skips(resting, seen, rows):
        return Picked(NOTHING, NOTHING, True, False)
    return Picked(np.array(rows, np.int64), np.array(taken, np.int64), False, False)


def _rows_of(resting: Resting, seen: Int64, named: list[int]) -> list[int] | None:
    at = dict(zip(resting.order_id[seen].tolist(), seen.tolist(), strict=True))
    return [at[order] for order in dict.fromkeys(named)] if all(order in at for order in named) else None


def _fill(sizes: list[int], lots: int) -> list[int]:
    """Return how much of each size is used, in order, until nothing is left to fill."""
    taken = []
    for size in sizes:
        if lots <= 0:
            break
        taken.append(min(size, lots))
        lots -= taken[-1]
    return taken


def _skips(resting: Resting, seen: Int64, rows: list[int]) -> bool:
    """Return whether a row is met while a better-priced one is not met in full before it."""
    used: set[int] = set()
    for row in rows:
        better = seen[: np.flatnonzero(resting.price_ticks[seen] == resting.price_ticks[row])[0]]
        if not used.issuperset(better.tolist()):
            return True
        used.add(row)
    return False
