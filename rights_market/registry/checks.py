"""What is checked before any balance moves: whole amounts, open accounts, known instruments, cover."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from rights_market.errors import RegistryError
from rights_market.registry.accounts import Accounts

Int64 = npt.NDArray[np.int64]

# Above this a sum of a few balances could leave int64, and conservation with it.
MAX_TOTAL = 1 << 62


def whole(values: npt.ArrayLike, what: str) -> Int64:
    """Return `values` as int64 with at least one dimension.

    Raises
    ------
    RegistryError
        If a value is negative or not of an integer type.
    """
    array = np.atleast_1d(np.asarray(values))
    if array.size and (array.dtype.kind not in "iu" or array.ndim != 1):
        raise RegistryError(f"{what} must be whole numbers in one row, got {array.dtype} of shape {array.shape}")
    if array.size and array.min() < 0:
        raise RegistryError(f"{what} must not be negative, got {array.min()}; use the opposite operation instead")
    return array.astype(np.int64, copy=False)


def moving_rows(what: str, amounts: Int64, *columns: Int64) -> tuple[Int64, ...]:
    """Repeat scalars to the longest column and drop the rows that move nothing; the amounts come first.

    Raises
    ------
    RegistryError
        If the amounts sum to more than can be counted exactly.
    """
    parts = np.broadcast_arrays(amounts, *columns)
    if float(parts[0].sum(dtype=np.float64)) >= MAX_TOTAL:
        raise RegistryError(f"{what} sum to more than {MAX_TOTAL}: too large to count exactly; choose a larger lot")
    moving = parts[0] > 0
    return tuple(part[moving] for part in parts)


def room_for(what: str, present: int, amounts: Int64) -> None:
    """Make sure that a total can take more and stay exact.

    Raises
    ------
    RegistryError
        If it cannot.
    """
    if present + int(amounts.sum()) >= MAX_TOTAL:
        raise RegistryError(f"{what} would exceed {MAX_TOTAL}: too large to count exactly; choose a larger lot")


def known_accounts(ids: npt.ArrayLike, accounts: Accounts) -> Int64:
    """Return account ids as int64.

    Raises
    ------
    RegistryError
        If an account does not exist or is closed.
    """
    array = np.atleast_1d(np.asarray(ids))
    if array.size == 0:
        return array.astype(np.int64)
    if array.dtype.kind not in "iu":
        raise RegistryError(f"account ids must be whole numbers, got {array.dtype}")
    if array.min() < 0 or array.max() >= len(accounts):
        wrong = array[(array < 0) | (array >= len(accounts))][0]
        raise RegistryError(f"no account {wrong}: there are {len(accounts)}, numbered from 0; open it first")
    if not accounts.is_open[array].all():
        closed = int(array[~accounts.is_open[array]][0])
        raise RegistryError(f"account {closed} ({accounts.name(closed)}) is closed; name another account")
    return array.astype(np.int64, copy=False)


def known_instruments(ids: npt.ArrayLike, n_instruments: int) -> Int64:
    """Return instrument numbers as int64.

    Raises
    ------
    RegistryError
        If an instrument does not exist.
    """
    array = np.atleast_1d(np.asarray(ids))
    if array.size == 0:
        return array.astype(np.int64)
    if array.dtype.kind not in "iu" or array.min() < 0 or array.max() >= n_instruments:
        raise RegistryError(f"no instrument {array.tolist()}: there are {n_instruments}, numbered from 0")
    return array.astype(np.int64, copy=False)


def demand_cover(
    held: Callable[[Int64], Int64], keys: Int64, amounts: Int64, refuse: Callable[[int, int, int], Exception]
) -> None:
    """Make sure that what is asked at each position, repeats added up, is held there.

    Parameters
    ----------
    held : callable
        Gives what is held at positions.
    keys : ndarray of int64, shape (n,)
        Positions from which something is asked.
    amounts : ndarray of int64, shape (n,)
        How much is asked, not negative.
    refuse : callable
        Makes the error from position, amount asked and amount held.

    Raises
    ------
    RegistryError
        What `refuse` makes, for the first position that is short.
    """
    asked = amounts
    if len(keys) > 1 and not np.all(keys[1:] > keys[:-1]):
        keys, back = np.unique(keys, return_inverse=True)
        asked = np.zeros(len(keys), np.int64)
        np.add.at(asked, back, amounts)
    present = held(keys)
    short = asked > present
    if short.any():
        i = int(np.argmax(short))
        raise refuse(int(keys[i]), int(asked[i]), int(present[i]))


def take_in_order(stacks: Int64, keys: Int64, amounts: Int64) -> Int64:
    """Split amounts over several stacks that are used up one after the other.

    Parameters
    ----------
    stacks : ndarray of int64, shape (n_stacks, n_positions)
        What lies in every stack at every position, first stack first used.
    keys : ndarray of int64, shape (n,)
        Position of each amount; a later row of the same position goes on where the earlier one stopped.
    amounts : ndarray of int64, shape (n,)
        How much each row takes.

    Returns
    -------
    ndarray of int64, shape (n_stacks, n)
        What each row takes from each stack; where the stacks end, less than asked.

    Examples
    --------
    >>> take_in_order(np.array([[5], [3]]), np.array([0, 0]), np.array([4, 3]))
    array([[4, 1],
           [0, 2]])
    """
    order = np.argsort(keys, kind="stable")
    sums = np.cumsum(amounts[order])
    first = np.searchsorted(keys[order], keys[order], side="left")
    before = np.concatenate([np.zeros(1, np.int64), sums])
    start = np.empty(len(keys), np.int64)
    start[order] = before[:-1] - before[first]
    tops = np.cumsum(stacks[:, keys], axis=0)
    bottoms = tops - stacks[:, keys]
    taken: Int64 = np.clip(np.minimum(start + amounts, tops) - np.maximum(start, bottoms), 0, None)
    return taken
