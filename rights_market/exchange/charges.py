"""What a trade costs each side in each way of trading: fees, minimum fees, taxes and who receives them.

The kernels read these tables, and add to them what they took.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple, get_args

import numpy as np
import numpy.typing as npt

from rights_market.errors import ExchangeError
from rights_market.kernels import settlement
from rights_market.registry.accounts import CLEARING_ACCOUNT, GOVERNMENT_ACCOUNT
from rights_market.registry.balances import Registry
from rights_market.units import PPM, Side

Int64 = npt.NDArray[np.int64]

Way = Literal["book", "block", "otc", "auction"]
WAYS: Final[tuple[Way, ...]] = get_args(Way)
"""Ways of trading that may cost differently; in the book trade is continuous, called or listed."""

PPM_OF = {Side.BID: settlement.BUYER_PPM, Side.ASK: settlement.SELLER_PPM}
LEAST_OF = {Side.BID: settlement.BUYER_LEAST, Side.ASK: settlement.SELLER_LEAST}


class Charge(NamedTuple):
    """What trades in one instrument cost in one way of trading.

    Attributes
    ----------
    buyer_ppm, seller_ppm : int
        Fees, millionths of the traded value.
    buyer_least, seller_least : int
        The least that an order which trades is charged, fen.
    tax_ppm : int
        Tax on sellers, millionths of the traded value.
    receiver : int
        Account that receives fees; taxes are the government's.
    """

    buyer_ppm: int = 0
    seller_ppm: int = 0
    buyer_least: int = 0
    seller_least: int = 0
    tax_ppm: int = 0
    receiver: int = CLEARING_ACCOUNT


class Taken(NamedTuple):
    """Fees and taxes that were taken in an instrument, fen."""

    instrument: int
    fees: int
    taxes: int


class Deals(NamedTuple):
    """Deliveries that were just made, and what they cost; all arrays of int64 have shape (n,).

    Attributes
    ----------
    instrument, buyer, seller, value_fen : ndarray of int64
    paid, owed, tax : ndarray of int64
        Fees of buyers, which are frozen, fees of sellers and taxes, fen.
    """

    instrument: Int64
    buyer: Int64
    seller: Int64
    value_fen: Int64
    paid: Int64
    owed: Int64
    tax: Int64


class Charges:
    """The charges of all instruments, and what was taken since they were last counted.

    Parameters
    ----------
    n_instruments : int

    Attributes
    ----------
    tables : dict of str to ndarray of int64, shape (n_instruments, CHARGE_ENTRIES)
        For each way of trading, laid out as `rights_market.kernels.settlement` says; at first nothing is charged.
    unpaid : ndarray of int64, shape (n_accounts,)
        Fees that sellers could not pay, fen; grows by `make_room`.
    """

    def __init__(self, n_instruments: int) -> None:
        self.tables = {way: charge_table([Charge()] * n_instruments) for way in WAYS}
        self.unpaid: Int64 = np.zeros(0, np.int64)

    def set(self, instrument: int, way: Way, charge: Charge) -> None:
        """Charge this from now on.

        Raises
        ------
        ExchangeError
            If there is no such instrument, a share is negative or above the whole value, or a least fee negative.
        """
        if not 0 <= instrument < len(self.tables[way]):
            raise ExchangeError(f"charges: no instrument {instrument}, there are {len(self.tables[way])}")
        shares = charge.buyer_ppm, charge.seller_ppm, charge.tax_ppm
        if not all(0 <= share <= PPM for share in shares):
            raise ExchangeError(f"charges: shares of {shares} millionths, expected 0 to {PPM}")
        if charge.buyer_least < 0 or charge.seller_least < 0:
            raise ExchangeError(f"charges: least fees of {charge.buyer_least} and {charge.seller_least} fen")
        row = self.tables[way][instrument]
        row[: len(charge)] = charge

    def make_room(self, n_accounts: int) -> Int64:
        """Return `unpaid` with an entry for each account."""
        if len(self.unpaid) < n_accounts:
            self.unpaid = np.concatenate([self.unpaid, np.zeros(n_accounts - len(self.unpaid), np.int64)])
        return self.unpaid

    def fees(self, instrument: Int64, side: Side, value_fen: Int64, way: Way) -> Int64:
        """Return the fee of orders that trade a value in all, half up to the fen and at least the minimum.

        Split so that the product fits 64 bits.
        """
        table = self.tables[way]
        ppm, least = table[instrument, PPM_OF[side]], table[instrument, LEAST_OF[side]]
        whole, rest = np.divmod(value_fen, PPM)
        fee = whole * ppm + (rest * ppm + PPM // 2) // PPM
        return np.asarray(np.where(value_fen > 0, np.maximum(fee, least), 0))

    def taxes(self, instrument: Int64, value_fen: Int64, way: Way) -> Int64:
        """Return the tax of orders that sell for a value in all, half up to the fen."""
        ppm = self.tables[way][instrument, settlement.TAX_PPM]
        whole, rest = np.divmod(value_fen, PPM)
        return np.asarray(whole * ppm + (rest * ppm + PPM // 2) // PPM)

    def cost(self, instrument: int, price_ticks: int, lots: int, tick_value_fen: int, way: Way = "book") -> int:
        """Return what the buyer of lots pays, fee included, fen."""
        ppm, least = self._of_buyer(instrument, way)
        value = price_ticks * lots * tick_value_fen
        return value + (max((value * ppm + PPM // 2) // PPM, least) if value else 0)

    def payable(
        self, instrument: int, price_ticks: int, lots: int, tick_value_fen: int, cash_fen: int, way: Way = "book"
    ) -> int:
        """Return how many of some lots money pays for, fee included."""
        if self.cost(instrument, price_ticks, lots, tick_value_fen, way) <= cash_fen:
            return lots
        ppm, least = self._of_buyer(instrument, way)
        price = price_ticks * tick_value_fen
        # The fee is rounded to the nearest, which can make room for one lot more than the quotient says.
        able = max(0, min(cash_fen * PPM // (price * (PPM + ppm)) + 1, (cash_fen - least) // price))
        while self.cost(instrument, price_ticks, able, tick_value_fen, way) > cash_fen:
            able -= 1
        return able

    def _of_buyer(self, instrument: int, way: Way) -> tuple[int, int]:
        row = self.tables[way][instrument]
        return int(row[settlement.BUYER_PPM]), int(row[settlement.BUYER_LEAST])

    def collect(self, registry: Registry, deals: Deals, way: Way, cash_lag: Int64) -> None:
        """Charge deliveries that were just made: buyers out of frozen cash, sellers out of their proceeds first.

        Parameters
        ----------
        registry : Registry
        deals : Deals
        way : str
        cash_lag : ndarray of int64, shape (n_instruments,)
            Days for which the proceeds are held back.
        """
        table, unpaid = self.tables[way], self.make_room(len(registry.accounts))
        instrument, buyer, seller, value, paid, owed, tax = deals
        receiver, lag = table[instrument, settlement.RECEIVER], cash_lag[instrument]
        registry.fee(buyer, paid, receivers=receiver, from_frozen=True)
        held = np.where(lag > 0, value, 0)
        early_tax = np.minimum(tax, held)
        early = np.minimum(owed, held - early_tax)
        registry.fee_from_held(seller, early_tax, lag, receivers=GOVERNMENT_ACCOUNT, is_tax=True)
        registry.fee_from_held(seller, early, lag, receivers=receiver)
        registry.fee(seller, tax - early_tax, receivers=GOVERNMENT_ACCOUNT, is_tax=True)
        late = owed - early
        if table[:, settlement.SELLER_LEAST].any():
            late = _payable(registry.cash, seller, late)
        registry.fee(seller, late, receivers=receiver)
        np.add.at(unpaid, seller, owed - early - late)
        np.add.at(table[:, settlement.CHARGED], instrument, paid + early + late)
        np.add.at(table[:, settlement.TAXED], instrument, tax)

    def take(self) -> Iterator[Taken]:
        """Yield what was taken in each instrument since the last time, where something was, and begin to count anew."""
        columns = [settlement.CHARGED, settlement.TAXED]
        total: Int64 = np.sum([table[:, columns] for table in self.tables.values()], axis=0)
        for table in self.tables.values():
            table[:, columns] = 0
        for i in np.flatnonzero(np.any(total, axis=1)).tolist():
            yield Taken(i, int(total[i, 0]), int(total[i, 1]))

    def take_unpaid(self) -> Iterator[tuple[int, int]]:
        """Yield accounts and what they could not pay since the last time, fen, and begin to count anew."""
        for account in np.flatnonzero(self.unpaid).tolist():
            yield account, int(self.unpaid[account])
        self.unpaid[:] = 0

    def state(self) -> dict[str, Any]:
        """Return what was counted so far; the charges themselves follow from the rules."""
        columns = [settlement.CHARGED, settlement.TAXED]
        return {"taken": {w: t[:, columns].copy() for w, t in self.tables.items()}, "unpaid": self.unpaid.copy()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back what `state` returned."""
        for way, taken in state["taken"].items():
            self.tables[way][:, [settlement.CHARGED, settlement.TAXED]] = taken
        self.unpaid = np.array(state["unpaid"], np.int64)


def charge_table(charges: Sequence[Charge]) -> Int64:
    """Return a table of charges of one way of trading, one row an instrument, as kernels read it."""
    table = np.zeros((len(charges), settlement.CHARGE_ENTRIES), np.int64)
    table[:, : len(Charge._fields)] = charges
    return table


def running(order: Int64, value: Int64) -> tuple[Int64, Int64]:
    """Return what each order had traded before and after each of its deals, in their order.

    Parameters
    ----------
    order, value : ndarray of int64, shape (n,)
        Order of each deal, and its value.

    Examples
    --------
    >>> [x.tolist() for x in running(np.array([4, 2, 4]), np.array([10, 5, 1]))]
    [[0, 0, 10], [10, 5, 11]]
    """
    total: dict[int, int] = {}
    before = np.zeros_like(value)
    for i, (key, fen) in enumerate(zip(order.tolist(), value.tolist(), strict=True)):
        before[i] = total.get(key, 0)
        total[key] = total.get(key, 0) + fen
    return before, before + value


def _payable(cash: Int64, payer: Int64, owed: Int64) -> Int64:
    """Return how much of what each row owes its payer's free cash covers, row after row."""
    left: dict[int, int] = {}
    able = owed.copy()
    for i, (who, fen) in enumerate(zip(payer.tolist(), owed.tolist(), strict=True)):
        able[i] = min(fen, left.setdefault(who, int(cash[who])))
        left[who] -= int(able[i])
    return able
