"""Plain twins of the matching engine: a quick price-time book, and a slow exchange that settles in fractions.

`ReferenceBook` is what a careful programmer would write in plain Python, and the yardstick of the benchmarks.
`PlainExchange` searches a list for every match and knows all order kinds, funding and self-trade rules: it is meant to
be obviously right, not fast.  `order_stream` makes seeded traffic for both.
"""

from bisect import bisect_left, insort
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from rights_market.records import OrderKind, Orders, Reason
from rights_market.units import PPM, ceil, half_up

BID, ASK = 0, 1
GOVERNMENT = 0
RESTING_KINDS = (OrderKind.LIMIT, OrderKind.REPLACE, OrderKind.REQUOTE)


class ReferenceBook:
    """One book: a queue (an insertion-ordered dict of lots by order id) for each key, keys sorted, the best one last.

    The key of a price is the price for bids and minus the price for asks.  Trades are (maker, taker, price, lots).
    """

    __slots__ = ("keys", "queues", "place", "trades")

    def __init__(self):
        self.keys = ([], [])
        self.queues = ({}, {})
        self.place = {}
        self.trades = []

    def __len__(self):
        return len(self.place)

    def best(self, side):
        """Best price of a side, None if it is empty."""
        keys = self.keys[side]
        return None if not keys else (keys[-1] if side == BID else -keys[-1])

    def limit(self, order_id, side, price, lots):
        """Trade what can be traded, let the rest queue, and return it."""
        own_key = price if side == BID else -price
        keys, queues = self.keys[1 - side], self.queues[1 - side]
        # Prices cross when the two keys, one of them with its sign turned, add up to nothing or more.
        while lots and keys and own_key + keys[-1] >= 0:
            key = keys[-1]
            queue = queues[key]
            at = key if side == ASK else -key
            while queue and lots:
                maker, open_lots = next(iter(queue.items()))
                if open_lots > lots:
                    queue[maker] = open_lots - lots
                    self.trades.append((maker, order_id, at, lots))
                    lots = 0
                else:
                    del queue[maker], self.place[maker]
                    self.trades.append((maker, order_id, at, open_lots))
                    lots -= open_lots
            if not queue:
                del queues[key]
                keys.pop()
        if lots:
            queues = self.queues[side]
            if own_key in queues:
                queues[own_key][order_id] = lots
            else:
                queues[own_key] = {order_id: lots}
                insort(self.keys[side], own_key)
            self.place[order_id] = (side, own_key)
        return lots

    def cancel(self, order_id):
        """Take an order out; False if it is not live."""
        if order_id not in self.place:
            return False
        side, key = self.place.pop(order_id)
        queue = self.queues[side][key]
        del queue[order_id]
        if not queue:
            del self.queues[side][key]
            keys = self.keys[side]
            del keys[bisect_left(keys, key)]
        return True


def order_stream(n, seed, resting, mid=10_000):
    """Make `n` limit orders and cancels for one instrument, and the trades that `ReferenceBook` makes of them.

    Of all rows about 60 % are limits 1 to 25 ticks behind a mid price that takes a step in one row of ten, 20 % limits
    30 ticks beyond it, which trade, and 20 % cancels of a live order.  Trading orders are larger while more than
    `resting` orders wait, so that the book settles there.
    """
    rng = np.random.default_rng(seed)
    behind = rng.integers(1, 26, n).tolist()
    small, wide = rng.integers(1, 13, n).tolist(), rng.integers(1, 41, n).tolist()
    usual = rng.integers(1, 11, n).tolist()
    sides = rng.integers(0, 2, n).tolist()
    steps = rng.choice([-1, 0, 1], n, p=[0.05, 0.9, 0.05])
    mids = (mid + np.cumsum(steps)).tolist()
    sort = rng.choice(3, n, p=[0.6, 0.2, 0.2]).tolist()
    lucky = rng.random(n).tolist()
    book, candidates, rows = ReferenceBook(), [], []
    for i in range(n):
        if sort[i] == 2:
            target = _draw_live(candidates, book, lucky[i])
            if target is not None:
                book.cancel(target)
                rows.append((0, 0, 0, OrderKind.CANCEL, target))
                continue
        toward = 1 if sides[i] == BID else -1
        if sort[i] == 1:
            price, lots = mids[i] + 30 * toward, (small if len(book) < resting else wide)[i]
        else:
            price, lots = mids[i] - behind[i] * toward, usual[i]
        rows.append((sides[i], price, lots, OrderKind.LIMIT, -1))
        if book.limit(i, sides[i], price, lots):
            candidates.append(i)
    side, price, lots, kind, target = np.array(rows, np.int64).reshape(-1, 5).T
    return Orders.of(0, 0, side, price, lots, kind=kind, target=target), book.trades


def _draw_live(candidates, book, luck):
    """Draw a live order, dropping dead ones that are drawn."""
    while candidates:
        k = int(luck * len(candidates))
        candidates[k], candidates[-1] = candidates[-1], candidates[k]
        order_id = candidates.pop()
        if order_id in book.place:
            return order_id
    return None


@dataclass
class PlainOrder:
    order_id: int
    account: int
    instrument: int
    side: int
    price: int
    lots: int
    value: int = 0


@dataclass
class PlainFunds:
    """Balances as lists of lists and lists, and the limits of each instrument."""

    free: list
    frozen: list
    locked: list
    cash: list
    cash_frozen: list
    due: list
    tick_value: list
    charges: list
    unpaid: list
    lock_bought: list
    cash_lag: list
    is_open: list
    band_low: list
    band_high: list

    def fee(self, instrument, side, value, rounding=half_up):
        charge = self.charges[instrument]
        ppm, least = (charge.buyer_ppm, charge.buyer_least) if side == BID else (charge.seller_ppm, charge.seller_least)
        return max(rounding(Fraction(ppm * value, PPM)), least) if value else 0

    def cover(self, instrument, price, lots, value):
        cost = lots * price * self.tick_value[instrument]
        return cost + self.fee(instrument, BID, value + cost, ceil) - self.fee(instrument, BID, value)


@dataclass
class PlainExchange:
    """All books as one list of live orders in their order in time."""

    max_price: list
    self_trade: int = 0
    funds: PlainFunds | None = None
    next_id: int = 0
    orders: list = field(default_factory=list)
    promised: dict = field(default_factory=dict)
    improved: int = 0
    trades: list = field(default_factory=list)

    def submit(self, rows):
        """Carry out rows (account, instrument, side, price, lots, kind, target); return [(reason, filled)]."""
        # What every order had to trade since these rows began, for those who quote anew without knowing what traded.
        self.promised = {x.order_id: (x.account, x.lots) for x in self.orders}
        return [self._row(*row) for row in rows]

    def held(self, order):
        """What a live order holds frozen."""
        if order.side == ASK:
            return order.lots
        return self.funds.cover(order.instrument, order.price, order.lots, order.value)

    def release(self, order):
        """Give back all that a live order holds."""
        if self.funds is None:
            return
        amount = self.held(order)
        if order.side == ASK:
            self.funds.frozen[order.instrument][order.account] -= amount
            self.funds.free[order.instrument][order.account] += amount
        else:
            self.funds.cash_frozen[order.account] -= amount
            self.funds.cash[order.account] += amount

    def cancel(self, order):
        self.release(order)
        self.orders.remove(order)

    def _row(self, account, instrument, side, price, lots, kind, target):
        order_id, self.next_id = self.next_id, self.next_id + 1
        reason, filled = self._carry_out(order_id, account, instrument, side, price, lots, kind, target)
        if not reason and kind in RESTING_KINDS:
            self.promised[order_id] = account, lots
        return reason, filled

    def _carry_out(self, order_id, account, instrument, side, price, lots, kind, target):
        old = None
        if kind in (OrderKind.CANCEL, OrderKind.REPLACE, OrderKind.REQUOTE):
            old = next((x for x in self.orders if x.order_id == target), None)
        if kind == OrderKind.REQUOTE:
            owner, promised = self.promised.get(target, (account, 0))
            if owner != account:
                return Reason.NOT_OWNER, 0
            traded = promised - (old.lots if old else 0)
            if old:
                self.cancel(old)
            if 0 < lots <= traded:
                return Reason.UNKNOWN_ORDER, 0
            lots -= traded
            old = None
        elif kind in (OrderKind.CANCEL, OrderKind.REPLACE):
            if old is None:
                return Reason.UNKNOWN_ORDER, 0
            if old.account != account:
                return Reason.NOT_OWNER, 0
            if kind == OrderKind.CANCEL:
                self.cancel(old)
                return Reason.ACCEPTED, 0
            instrument, side = old.instrument, old.side
        if not 0 <= instrument < len(self.max_price):
            return Reason.UNKNOWN_INSTRUMENT, 0
        if account < 0 or (self.funds and account >= len(self.funds.cash)):
            return Reason.UNKNOWN_ACCOUNT, 0
        reason = self._refuse(instrument, price, lots, kind)
        if reason:
            return reason, 0
        if old and old.price == price and lots <= old.lots:
            return self._shrink(old, order_id, lots)
        order = PlainOrder(order_id, account, instrument, side, price, lots)
        return self._enter(order, kind, old)

    def _refuse(self, instrument, price, lots, kind):
        funds, is_market = self.funds, kind == OrderKind.MARKET
        if funds and not funds.is_open[instrument]:
            return Reason.MARKET_CLOSED
        if lots <= 0:
            return Reason.OFF_LOT
        if lots > 2**40:
            return Reason.TOO_LARGE
        if not is_market and not 1 <= price <= self.max_price[instrument]:
            return Reason.OUTSIDE_PRICE_RANGE
        if funds and not is_market and not funds.band_low[instrument] <= price <= funds.band_high[instrument]:
            return Reason.OUTSIDE_PRICE_LIMIT
        if funds and lots * self.max_price[instrument] * funds.tick_value[instrument] > 2**61:
            return Reason.TOO_LARGE
        return Reason.ACCEPTED

    def _shrink(self, order, order_id, lots):
        before = self.held(order) if self.funds else 0
        order.lots, order.order_id = lots, order_id
        if self.funds:
            less = before - self.held(order)
            free, frozen, key = (
                (self.funds.cash, self.funds.cash_frozen, order.account)
                if order.side == BID
                else (self.funds.free[order.instrument], self.funds.frozen[order.instrument], order.account)
            )
            free[key] += less
            frozen[key] -= less
        return Reason.ACCEPTED, 0

    def _enter(self, order, kind, old):
        is_market = kind == OrderKind.MARKET
        if is_market:
            order.price = self.max_price[order.instrument] if order.side == BID else 1
        if self.funds and not (is_market and order.side == BID):
            reason = self._uncovered(order, old)
            if reason:
                return reason, 0
        if old:
            self.cancel(old)
        if is_market and not self._opposite(order):
            return Reason.NO_COUNTERPARTY, 0
        if kind == OrderKind.FOK and self._reachable(order) < order.lots:
            return Reason.NOT_FILLABLE, 0
        wanted, pays_as_it_goes = order.lots, is_market and order.side == BID
        if self.funds and not pays_as_it_goes:
            self._freeze(order)
        stop = self._match(order, pays_as_it_goes)
        if self.funds:
            self.funds.cash[order.account] += self.improved
            self.improved = 0
        if order.lots and not stop and kind in RESTING_KINDS:
            self.orders.append(order)
            return Reason.ACCEPTED, wanted - order.lots
        if not pays_as_it_goes:
            self.release(order)
        if order.lots == wanted and (stop or is_market):
            return stop or Reason.NO_COUNTERPARTY, 0
        return Reason.ACCEPTED, wanted - order.lots

    def _uncovered(self, order, old):
        funds, credit = self.funds, self.held(old) if old else 0
        if order.side == BID:
            short = self.held(order) > funds.cash[order.account] + credit
            return Reason.INSUFFICIENT_CASH if short else Reason.ACCEPTED
        free = funds.free[order.instrument][order.account] + credit
        if order.lots > free:
            return Reason.INSUFFICIENT_HOLDINGS
        if order.lots > free - funds.locked[order.instrument][order.account]:
            return Reason.RESALE_BAN
        return Reason.ACCEPTED

    def _freeze(self, order):
        if order.side == BID:
            self.funds.cash[order.account] -= self.held(order)
            self.funds.cash_frozen[order.account] += self.held(order)
        else:
            self.funds.free[order.instrument][order.account] -= order.lots
            self.funds.frozen[order.instrument][order.account] += order.lots

    def _opposite(self, order):
        """Orders that an order may trade with, best first, and oldest first at one price."""
        sign = 1 if order.side == BID else -1
        others = [
            x
            for x in self.orders
            if x.instrument == order.instrument and x.side != order.side and sign * x.price <= sign * order.price
        ]
        return sorted(others, key=lambda x: sign * x.price)

    def _reachable(self, order):
        total = 0
        for other in self._opposite(order):
            if self.self_trade and other.account == order.account:
                if self.self_trade == 2:
                    break
                continue
            total += other.lots
        return total

    def _match(self, order, pays_as_it_goes):
        for other in self._opposite(order):
            if not order.lots:
                break
            if self.self_trade and other.account == order.account:
                if self.self_trade == 2:
                    return Reason.SELF_TRADE
                self.cancel(other)
                continue
            lots = min(order.lots, other.lots)
            if self.funds and pays_as_it_goes:
                affordable = self._affordable(order, other.price, lots)
                if not affordable:
                    return Reason.INSUFFICIENT_CASH
                lots = affordable
            self._trade(order, other, lots, pays_as_it_goes)
            if not other.lots:
                self.release(other)
                self.orders.remove(other)
            elif order.lots:
                return Reason.INSUFFICIENT_CASH
        return Reason.ACCEPTED

    def _affordable(self, order, price, lots):
        while lots and self._price_of(order, price, lots) > self.funds.cash[order.account]:
            lots -= 1
        return lots

    def _price_of(self, order, price, lots):
        funds, instrument = self.funds, order.instrument
        fen = lots * price * funds.tick_value[instrument]
        return fen + funds.fee(instrument, BID, order.value + fen) - funds.fee(instrument, BID, order.value)

    def _trade(self, order, other, lots, pays_as_it_goes):
        self.trades.append((other.order_id, order.order_id, other.price, lots))
        if self.funds is None:
            order.lots -= lots
            other.lots -= lots
            return
        funds, instrument = self.funds, order.instrument
        bid, ask = (order, other) if order.side == BID else (other, order)
        fen = lots * other.price * funds.tick_value[instrument]
        before = 0 if pays_as_it_goes else self.held(bid)
        paid = self._price_of(bid, other.price, lots)
        ask_fee = funds.fee(instrument, ASK, ask.value + fen) - funds.fee(instrument, ASK, ask.value)
        ppm = funds.charges[instrument].tax_ppm
        tax = half_up(Fraction(ppm * (ask.value + fen), PPM)) - half_up(Fraction(ppm * ask.value, PPM))
        order.lots -= lots
        other.lots -= lots
        bid.value += fen
        ask.value += fen
        funds.frozen[instrument][ask.account] -= lots
        funds.free[instrument][bid.account] += lots
        if funds.lock_bought[instrument]:
            funds.locked[instrument][bid.account] += lots
        if pays_as_it_goes:
            funds.cash[bid.account] -= paid
        else:
            # What the limit had set aside beyond the price of this fill is free once the order has met all it can.
            funds.cash_frozen[bid.account] -= before - self.held(bid)
            self.improved += before - self.held(bid) - paid
        receiver = funds.charges[instrument].receiver
        lag, held = funds.cash_lag[instrument], 0
        if lag:
            held = fen
            funds.cash_frozen[ask.account] += fen
            funds.due[lag - 1][ask.account] += fen
        else:
            funds.cash[ask.account] += fen
        funds.cash[receiver] += paid - fen
        for charge, payee in ((tax, GOVERNMENT), (ask_fee, receiver)):
            early = min(charge, held)
            held -= early
            if early:
                funds.cash_frozen[ask.account] -= early
                funds.due[lag - 1][ask.account] -= early
                funds.cash[payee] += early
            late = min(charge - early, funds.cash[ask.account])
            funds.cash[ask.account] -= late
            funds.cash[payee] += late
            funds.unpaid[ask.account] += charge - early - late
