"""Records that travel between departments: orders, trades, rejections, events.

Orders and trades come in tables (one array per field), because a session handles thousands at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Self

import numpy as np
import numpy.typing as npt

from rights_market.errors import ExchangeError
from rights_market.table import plain
from rights_market.units import Side

Int8 = npt.NDArray[np.int8]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]


class OrderKind(IntEnum):
    """What an order row asks for.

    REPLACE changes a live order and is refused without one.  REQUOTE is a limit order that takes the place of the order
    it names, for traders who quote anew in every round: that order is withdrawn, whatever becomes of the new one.

    The lots of a REQUOTE are all that its sender wants to trade from the moment its table of orders is submitted, the
    named order included.  What that order has traded since then is therefore taken off, and the row is refused with
    UNKNOWN_ORDER if nothing remains.  An order that has left the book since then in another way (cancelled, replaced)
    counts as traded.  One that had left before, or never rested, takes nothing off: its fate was known.  Naming an
    order of another account is refused with NOT_OWNER.
    """

    LIMIT = 0
    MARKET = 1
    IOC = 2
    FOK = 3
    CANCEL = 4
    REPLACE = 5
    REQUOTE = 6


class Reason(IntEnum):
    """Why an order row was refused; 0 means accepted."""

    ACCEPTED = 0
    INSUFFICIENT_CASH = 1
    INSUFFICIENT_HOLDINGS = 2
    RESALE_BAN = 3
    OFF_TICK = 4
    OFF_LOT = 5
    OUTSIDE_PRICE_LIMIT = 6
    OUTSIDE_PRICE_RANGE = 7
    UNKNOWN_ORDER = 8
    NOT_OWNER = 9
    NOT_FILLABLE = 10
    NO_COUNTERPARTY = 11
    SELF_TRADE = 12
    MARKET_CLOSED = 13
    UNKNOWN_INSTRUMENT = 14
    UNKNOWN_ACCOUNT = 15
    TOO_LARGE = 16
    NOT_ADMITTED = 17
    HOLDING_LIMIT = 18
    SKIPPED_BETTER_PRICE = 19
    NO_COUNTER = 20


class Mode(IntEnum):
    """The trading mode in which a trade was made.

    BLOCK_RELATED marks a block between two accounts of one group, LISTED a trade with a quote that the taker named,
    ZONAL one of a call auction over zones.
    """

    CONTINUOUS = 0
    CALL = 1
    AUCTION = 2
    BLOCK = 3
    OTC = 4
    BLOCK_RELATED = 5
    LISTED = 6
    ZONAL = 7


@dataclass(frozen=True, slots=True)
class Orders:
    """A table of orders; all arrays have shape (n,).

    Attributes
    ----------
    account : ndarray of int32
    instrument : ndarray of int32
    side : ndarray of int8
        `Side` of each row.
    kind : ndarray of int8
        `OrderKind` of each row.
    price_ticks : ndarray of int64
        Limit price; ignored for market orders and cancels.
    lots : ndarray of int64
        Quantity; for a cancel ignored.
    target : ndarray of int64
        Order id that a cancel or replace names, else -1.
    """

    account: Int32
    instrument: Int32
    side: Int8
    kind: Int8
    price_ticks: Int64
    lots: Int64
    target: Int64

    def __post_init__(self) -> None:
        shape = (len(self.account),)
        for name in _ORDER_COLUMNS:
            if getattr(self, name).shape != shape:
                raise ExchangeError(f"orders: field {name} has shape {getattr(self, name).shape}, expected {shape}")

    def __len__(self) -> int:
        return len(self.account)

    @classmethod
    def of(
        cls,
        account: npt.ArrayLike,
        instrument: npt.ArrayLike,
        side: npt.ArrayLike,
        price_ticks: npt.ArrayLike,
        lots: npt.ArrayLike,
        *,
        kind: npt.ArrayLike = OrderKind.LIMIT,
        target: npt.ArrayLike = -1,
    ) -> Self:
        """Build a table, repeating scalars to the length of the longest field."""
        parts = np.broadcast_arrays(
            *(np.atleast_1d(np.asarray(x)) for x in (account, instrument, side, kind, price_ticks, lots, target))
        )
        kinds = (np.int32, np.int32, np.int8, np.int8, np.int64, np.int64, np.int64)
        return cls(*(np.ascontiguousarray(p, dtype=k) for p, k in zip(parts, kinds, strict=True)))

    @classmethod
    def none(cls) -> Self:
        """Return a table without rows."""
        ids, codes, amounts = np.empty(0, np.int32), np.empty(0, np.int8), np.empty(0, np.int64)
        return cls(ids, ids, codes, codes, amounts, amounts, amounts)

    @classmethod
    def join(cls, tables: Sequence[Orders]) -> Self:
        """Stack several tables in the order given."""
        if not tables:
            return cls.none()
        return cls(*(np.concatenate([getattr(t, name) for t in tables]) for name in _ORDER_COLUMNS))

    def take(self, rows: npt.NDArray[np.intp]) -> Self:
        """Return the named rows, in that order."""
        return type(self)(*(getattr(self, name)[rows] for name in _ORDER_COLUMNS))


_ORDER_COLUMNS = tuple(f.name for f in fields(Orders))


@dataclass(frozen=True, slots=True)
class Trades:
    """A table of trades; all arrays have shape (n,).

    Attributes
    ----------
    instrument, buyer, seller : ndarray of int32
    price_ticks, lots : ndarray of int64
    maker, taker : ndarray of int64
        Order ids of the resting and of the arriving order (in a call auction: the older and the younger).
    taker_side : ndarray of int8
        `Side` of the arriving order.
    """

    instrument: Int32
    buyer: Int32
    seller: Int32
    price_ticks: Int64
    lots: Int64
    maker: Int64
    taker: Int64
    taker_side: Int8

    def __len__(self) -> int:
        return len(self.lots)

    def packed(self) -> Trades:
        """Return the table with each column in memory of its own, as kernels take it."""
        return Trades(*(plain(getattr(self, name)) for name in _TRADE_COLUMNS)) if len(self) else self

    @classmethod
    def join(cls, tables: Sequence[Trades]) -> Self:
        """Stack several tables in the order given."""
        if not tables:
            return cls.none()
        return cls(*(np.concatenate([getattr(t, name) for t in tables]) for name in _TRADE_COLUMNS))

    @classmethod
    def none(cls) -> Self:
        """Return a table without rows."""
        few, many = np.empty(0, np.int32), np.empty(0, np.int64)
        return cls(few, few, few, many, many, many, many, np.empty(0, np.int8))

    def take(self, rows: npt.NDArray[np.intp]) -> Self:
        """Return the named rows, in that order."""
        return type(self)(*(getattr(self, name)[rows] for name in _TRADE_COLUMNS))


_TRADE_COLUMNS = tuple(f.name for f in fields(Trades))


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a table of orders.

    Attributes
    ----------
    first_order_id : int
        Order id of row 0; row i has ``first_order_id + i`` whether or not it was accepted.
    reason : ndarray of int8, shape (n,)
        `Reason` of each row, 0 when accepted.
    filled : ndarray of int64, shape (n,)
        Lots of each row that traded on arrival.
    trades : Trades
        Trades in the order in which they were made.
    order_id : ndarray of int64, shape (n,), or None
        Order ids where they are not consecutive: where others' orders came between the rows, or rows were refused
        before they came to the book.
    """

    first_order_id: int
    reason: Int8
    filled: Int64
    trades: Trades
    order_id: Int64 | None = None

    def ids(self) -> Int64:
        """Return the order id of each row, -1 for rows that did not come to the book."""
        if self.order_id is not None:
            return self.order_id
        return self.first_order_id + np.arange(len(self.reason), dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Rejection:
    """One order that was refused, in words for people and logs."""

    order_id: int
    account: int
    instrument: int
    side: Side
    price_ticks: int
    lots: int
    reason: Reason


@dataclass(frozen=True, slots=True)
class Event:
    """One row of institutional life: an allocation, an auction, a surrender, a fine.

    Attributes
    ----------
    day : int
        Trading day, counted from 0.
    hook : str
        Hook of the calendar in which it happened.
    rule : str
        Rule that wrote it, such as ``surrender``.
    code : str
        What happened, such as ``shortfall``.
    account, instrument : int
        Whom and what it concerns, -1 for all.
    lots, price_ticks, money_fen : int
        Amounts, 0 where they do not apply.
    note : str
        Words where a number does not say it.
    """

    day: int
    hook: str
    rule: str
    code: str
    account: int = -1
    instrument: int = -1
    lots: int = 0
    price_ticks: int = 0
    money_fen: int = 0
    note: str = ""
