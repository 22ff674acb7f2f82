"""Trades agreed outside the matching of a book: large lots in pairs, and listed quotes that are named."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from rights_market.credit import Credit
from rights_market.errors import ExchangeError
from rights_market.exchange import negotiated
from rights_market.exchange.block_trades import Agreements, BlockInterests, agree
from rights_market.exchange.commitments import Commitments
from rights_market.exchange.funding import Funding
from rights_market.exchange.limits import Limits
from rights_market.exchange.listed import Picked, pick
from rights_market.exchange.order_book import OrderBook
from rights_market.exchange.resting import Resting
from rights_market.exchange.tape import Tape
from rights_market.records import Mode, OrderKind, Orders, Reason, Trades
from rights_market.registry.balances import Registry
from rights_market.rulebook import RuleBook
from rights_market.supervision import Supervision
from rights_market.units import Side

Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]


class Negotiation:
    """Carries out the rules of block agreements and listed trading.

    Parameters
    ----------
    rules_of : sequence of RuleBook or Credit
        Rules of each instrument.
    registry, book, limits, tape : Registry, OrderBook, Limits, Tape
        Departments of the market.
    tick_value_fen : ndarray of int64, shape (n_instruments,)
    is_open : ndarray of bool, shape (n_instruments,)
        Which instruments are traded now; the market's own array.
    supervision : Supervision
        Rules between orders and books.
    funding : callable
        Returns what the book settles with.
    write : callable
        Writes trades of a mode on the tape.
    commitments : Commitments
        What stands behind offers beside the books, and cannot be traded in a block.
    """

    def __init__(
        self,
        rules_of: Sequence[RuleBook | Credit],
        registry: Registry,
        book: OrderBook,
        limits: Limits,
        tape: Tape,
        tick_value_fen: Int64,
        is_open: Bool,
        supervision: Supervision,
        funding: Callable[[], Funding],
        write: Callable[[Mode, Trades], None],
        commitments: Commitments,
    ) -> None:
        self._rules_of, self._registry, self._book, self._limits = rules_of, registry, book, limits
        self._tape, self._tick_value, self._is_open = tape, tick_value_fen, is_open
        self._supervision, self._funding, self._print = supervision, funding, write
        self._commitments = commitments

    def take_listed(
        self,
        account: int,
        instrument: int,
        side: Side,
        limit_ticks: int,
        lots: int,
        named: Sequence[int] = (),
    ) -> tuple[Reason, Trades]:
        """Take listed quotes that are named, as the rule of listed trading allows, and settle at their prices.

        What the quotes named cannot fill is not left in the book, and what is not taken of a quote keeps its place.

        Parameters
        ----------
        account, instrument : int
        side : Side
            Side of the one who takes.
        limit_ticks : int
            Worst price taken.
        lots : int
        named : sequence of int
            Order ids of the quotes wanted, first to last; none: the best, earlier ones first.

        Returns
        -------
        reason : Reason
            Why nothing was taken, else `Reason.ACCEPTED`.
        trades : Trades

        Raises
        ------
        ExchangeError
            If the right has no rule for listed trading.
        """
        rule = self._rules_of[instrument].listed
        if rule is None:
            raise ExchangeError(f"{self._rules_of[instrument].right.code}: no rule for listed trading")
        asked = Orders.of(account, instrument, side, limit_ticks, lots, kind=OrderKind.IOC)
        reason = self._refuse_taking(asked)
        resting = self._book.resting(instrument)
        wanted = np.array(named, np.int64)
        picked = pick(resting, account, side, lots, wanted, rule.depth, rule.choice, limit_ticks)
        if reason is Reason.ACCEPTED and (picked.skipped or picked.unseen):
            reason = Reason.SKIPPED_BETTER_PRICE if picked.skipped else Reason.UNKNOWN_ORDER
        if reason is Reason.ACCEPTED and not self._can_pay(account, instrument, side, resting, picked):
            reason = Reason.INSUFFICIENT_CASH if side is Side.BID else Reason.INSUFFICIENT_HOLDINGS
        if reason is not Reason.ACCEPTED or not len(picked.rows):
            return reason, Trades.none()
        return reason, self._settle_listed(account, instrument, side, resting, picked)

    def _refuse_taking(self, asked: Orders) -> Reason:
        """Return why an order may not take, or ACCEPTED."""
        instrument = int(asked.instrument[0])
        low, high = self._limits.band_low[instrument], self._limits.band_high[instrument]
        if not self._is_open[instrument] or self._supervision.rests(asked.instrument.astype(np.int64))[0]:
            return Reason.MARKET_CLOSED
        if not low <= asked.price_ticks[0] <= high:
            return Reason.OUTSIDE_PRICE_LIMIT
        return self._supervision.refuse(asked)

    def _can_pay(self, account: int, instrument: int, side: Side, resting: Resting, picked: Picked) -> bool:
        """Return whether free means cover all that was picked; a taker is covered in full or takes nothing."""
        if side is Side.ASK:
            registry = self._registry
            free = int(registry.free[instrument, account] - registry.locked[instrument, account])
            return free >= int(picked.lots.sum())
        cost = negotiated.cost_in(self._limits, self._tick_value, "book")
        prices, lots = resting.price_ticks[picked.rows].tolist(), picked.lots.tolist()
        return bool(
            self._registry.cash[account] >= sum(cost(instrument, p, n) for p, n in zip(prices, lots, strict=True))
        )

    def _settle_listed(self, account: int, instrument: int, side: Side, resting: Resting, picked: Picked) -> Trades:
        rows, lots = picked.rows, picked.lots
        left = resting.lots[rows] - lots
        kind = np.where(left > 0, OrderKind.REPLACE, OrderKind.CANCEL)
        owner, price = resting.account[rows], resting.price_ticks[rows]
        fewer = Orders.of(owner, instrument, resting.side[rows], price, left, kind=kind, target=resting.order_id[rows])
        self._book.submit(fewer, self._funding())
        taker, maker = np.full(len(rows), account, np.int64), owner.astype(np.int64)
        buyer, seller = (taker, maker) if side is Side.BID else (maker, taker)
        where = np.full(len(rows), instrument, np.int64)
        trades = negotiated.settle(
            self._registry, self._limits, self._tick_value, where, seller, buyer, price, lots, "book"
        )
        trades = replace(trades, maker=resting.order_id[rows], taker_side=np.full(len(rows), side, np.int8))
        self._print(Mode.LISTED, trades)
        return trades

    def agree_blocks(self, interests: BlockInterests) -> Trades:
        """Let pairs agree on large lots of one right, by its rule for blocks, and settle what they agreed.

        An account's own orders are withdrawn where a block needs what stands behind them.

        Raises
        ------
        ExchangeError
            If the right has no rule for blocks.
        """
        if not len(interests.seller_row):
            return Trades.none()
        front = int(interests.instrument[-1])
        rule = self._rules_of[front].block
        may_buy = self._supervision.wanted_in_blocks(interests.buyer, front, interests.wanted)
        interests = replace(interests, wanted=may_buy)
        if rule is None:
            raise ExchangeError(f"{self._rules_of[front].right.code}: no rule for blocks")
        registry, who = self._registry, (interests.instrument, interests.seller)
        saleable = registry.free[who] + registry.frozen[who] - registry.locked[who] - self._commitments.lots[who]
        offered = np.where(self._may_block(interests), np.minimum(interests.offered, saleable), 0)
        buyer = interests.buyer
        money = (registry.cash + registry.cash_frozen - registry.held - self._commitments.cash)[buyer]
        at = interests.instrument[interests.seller_row]
        low, high = self._block_range(at)
        prices = rule.prices(interests.most_ticks, interests.least_ticks, low, high)
        if rule.exclude_related:
            prices[interests.related] = 0
        cost = negotiated.cost_in(self._limits, self._tick_value, "block")
        done = agree(interests, prices, offered, money, cost, rule.min_lots, rule.max_rounds)
        return self._settle_blocks(interests, prices, done)

    def _may_block(self, interests: BlockInterests) -> Bool:
        """Return for each seller whether blocks in its instrument are traded now."""
        open_now = self._is_open[interests.instrument]
        return open_now & self._supervision.may_sell_blocks(interests.seller, interests.instrument)

    def _block_range(self, instrument: Int64) -> tuple[Int64, Int64]:
        """Return the lowest and highest price of a block in each instrument named."""
        low, high = np.zeros((2, len(self._rules_of)), np.int64)
        for i in np.unique(instrument).tolist():
            rule, top = self._rules_of[i].block, self._rules_of[i].right.max_price_ticks
            assert rule is not None
            allowed = rule.range(int(self._tape.last_close[i]), max_price_ticks=top)
            low[i], high[i] = self._clipped(i, allowed.low, allowed.high)
        return low[instrument], high[instrument]

    def _settle_blocks(self, interests: BlockInterests, prices: Int64, done: Agreements) -> Trades:
        pair, lots = done
        seller_row, buyer_row = interests.seller_row[pair], interests.buyer_row[pair]
        self._free_up(interests.instrument[seller_row], interests.seller[seller_row], interests.buyer[buyer_row])
        trades = negotiated.settle(
            self._registry,
            self._limits,
            self._tick_value,
            interests.instrument[seller_row],
            interests.seller[seller_row],
            interests.buyer[buyer_row],
            prices[pair],
            lots,
            "block",
        )
        for mode, rows in ((Mode.BLOCK, ~interests.related[pair]), (Mode.BLOCK_RELATED, interests.related[pair])):
            self._print(mode, trades.take(np.flatnonzero(rows)))
        return trades

    def _free_up(self, instrument: Int64, seller: Int64, buyer: Int64) -> None:
        """Withdraw the asks of sellers and all bids of buyers, whose cover a trade outside the book may need."""
        for i in np.unique(instrument).tolist():
            self._withdraw(i, Side.ASK, np.unique(seller[instrument == i]))
        behind_bids = self._registry.cash_frozen - self._registry.held
        needed = np.unique(buyer[behind_bids[buyer] > 0])
        for i in np.flatnonzero(self._is_open).tolist() if len(needed) else ():
            self._withdraw(i, Side.BID, needed)

    def _withdraw(self, instrument: int, side: Side, accounts: Int64) -> None:
        orders = self._book.resting(instrument)
        rows = np.flatnonzero((orders.side == side) & np.isin(orders.account, accounts))
        if len(rows):
            ids, owner = orders.order_id[rows], orders.account[rows]
            self._book.submit(
                Orders.of(owner, instrument, side, 0, 0, kind=OrderKind.CANCEL, target=ids), self._funding()
            )

    def _clipped(self, instrument: int, low: int, high: int) -> tuple[int, int]:
        """Return what a collar and a floor leave of a band."""
        return self._supervision.clip(instrument, low, high)
