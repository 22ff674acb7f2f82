"""Offers over the counter: small lots, between firms that know each other, at prices inside the spread of the book.

Whoever lacks or has lots that are too few for a block asks one acquaintance on the other side.  It offers a price half
way between what it would get from the book and its own reservation, within the spread.  The other one accepts what is
no worse than its own reservation, and else names the price that it would have offered itself, if the rule leaves it a
counter-offer; as an offer is taken whole, it also counters where it wants fewer lots.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from agents.partner_search import chance, days_left, ever_has, firm_rows, on_offer
from agents.relations import Relations
from agents.seats import Rows
from agents.strategies.compliance import buyer_limit, seller_reserve
from agents.streams import OTC_SEARCH
from rights_market.records import Reason, Trades
from rights_market.units import Side

if TYPE_CHECKING:
    from agents.model import RightsMarketModel
    from agents.progress import RightProgress

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class Talks(NamedTuple):
    """Who asks whom today; a row is a buyer and a seller, all arrays of shape (n,).

    Attributes
    ----------
    buyer, seller : ndarray of intp
        Seats.
    buyer_asks : ndarray of bool
        Whether the buyer makes the offer.
    instrument : ndarray of int64
        Vintage of which the seller has most.
    bid_ticks, ask_ticks : ndarray of int64
        Prices that buyer and seller would name.
    most_ticks, least_ticks : ndarray of float64
        Their reservations.
    """

    buyer: Rows
    seller: Rows
    buyer_asks: npt.NDArray[np.bool_]
    instrument: Ints
    bid_ticks: Ints
    ask_ticks: Ints
    most_ticks: Floats
    least_ticks: Floats


class OtcTrade:
    """Lets firms make offers to their acquaintances, where a right has a rule for offers over the counter.

    Parameters
    ----------
    model : RightsMarketModel
        Read only, but for the columns of `seats` that hold wishes.
    relations : Relations or None
        Who knows whom.
    """

    def __init__(self, model: RightsMarketModel, relations: Relations | None) -> None:
        self.model = model
        self.relations = relations
        self._rights = [p for p in model.progress if ever_has(p, "otc")]

    def negotiate(self) -> None:
        """Let those who look for a partner today make their offers, one after the other, and have them answered."""
        if not self._rights:
            return
        rng = self.model.streams[OTC_SEARCH]
        draw, pick = rng.random((2, len(self.model.seats)))
        for progress in self._rights:
            rows = firm_rows(self.model, progress.index)
            if len(rows) and progress.rules.otc is not None:
                self._talk(self._who_asks_whom(progress, rows, draw, pick))
        self.model.desk.refresh()

    def _who_asks_whom(self, progress: RightProgress, rows: Rows, draw: Floats, pick: Floats) -> Talks:
        """Return today's pairs: each firm that looks for a partner asks one of those it knows on the other side."""
        model, relations = self.model, self.relations
        assert relations is not None
        if progress.rules.block is not None:
            rows = rows[np.abs(model.seats.wish_lots[rows]) < progress.rules.block.min_lots]
        wish = model.seats.wish_lots[rows]
        buyers, sellers = rows[wish >= 1.0], rows[wish <= -1.0]
        instrument, offered = on_offer(model, progress, sellers)
        sellers, instrument = sellers[offered > 0], instrument[offered > 0]
        b, s, _ = relations.pairs(model.seats.trader[buyers], model.seats.trader[sellers])
        likely = chance(model, days_left(model, progress))
        chosen = [
            (_one_each(asker, pick[seats[asker]], draw[seats] < likely), by_buyer)
            for asker, seats, by_buyer in ((b, buyers, True), (s, sellers, False))
        ]
        edge = np.concatenate([edges for edges, _ in chosen])
        buyer_asks = np.concatenate([np.full(len(edges), by_buyer) for edges, by_buyer in chosen])
        buyer, seller = buyers[b[edge]], sellers[s[edge]]
        most, least = buyer_limit(model.desk, buyer), seller_reserve(model.desk, seller)
        bid, ask = self._named_prices(progress, most, least)
        return Talks(buyer, seller, buyer_asks, instrument[s[edge]], bid, ask, most, least)

    def _named_prices(self, progress: RightProgress, most: Floats, least: Floats) -> tuple[Ints, Ints]:
        """Return the prices that buyers and sellers name: half way from the book's to their own, inside its spread."""
        desk, r, top = self.model.desk, progress.index, progress.rules.right.max_price_ticks
        last = desk.last_price[r]
        best_bid = float(desk.best_bid[r]) or min(last, float(desk.best_ask[r]) or last)
        best_ask = float(desk.best_ask[r]) or max(last, best_bid)
        bid = (np.minimum(most, best_bid) + np.minimum(most, best_ask)) / 2.0
        ask = (np.maximum(least, best_bid) + np.maximum(least, best_ask)) / 2.0
        # Towards the own side, so that nobody names a price beyond its reservation.
        ticks = np.floor(bid + 1e-9), np.ceil(ask - 1e-9)
        bid_ticks, ask_ticks = (np.clip(x, 1, top).astype(np.int64) for x in ticks)
        return bid_ticks, ask_ticks

    def _talk(self, talks: Talks) -> None:
        for row in zip(*talks, strict=True):
            buyer, seller, buyer_asks, instrument, *prices = (x.item() for x in row)
            trades = self._deal(buyer, seller, buyer_asks, instrument, *prices)
            if len(trades):
                self.model.desk.book(trades)
                self.model.floor.count(trades)

    def _deal(
        self, buyer: int, seller: int, buyer_asks: bool, instrument: int, bid: int, ask: int, most: float, least: float
    ) -> Trades:
        """Make an offer and have it answered; return what was traded."""
        model, otc = self.model, self.model.market.otc
        account, wish = model.seats.account, model.seats.wish_lots
        to_buy, to_sell = int(wish[buyer]), int(-wish[seller])
        maker, other = (buyer, seller) if buyer_asks else (seller, buyer)
        side, price, lots = (Side.BID, bid, to_buy) if buyer_asks else (Side.ASK, ask, to_sell)
        # What stands in the book freezes what an offer needs.
        model.desk.withdraw(np.array([buyer, seller]))
        lots = self._coverable(maker, instrument, side, price, lots)
        if not lots:
            return Trades.none()
        me, you = int(account[maker]), int(account[other])
        reason, number = otc.offer(me, you, instrument, side, price, lots)
        if reason is not Reason.ACCEPTED:
            return Trades.none()
        wanted = to_sell if buyer_asks else to_buy
        accepts = price >= least if buyer_asks else price <= most
        answer = Side(1 - side)
        if accepts and lots <= self._coverable(other, instrument, answer, price, wanted):
            return otc.accept(you, number)[1]
        counter = price if accepts else (ask if buyer_asks else bid)
        fewer = self._coverable(other, instrument, answer, counter, min(lots, wanted))
        agrees = counter <= most if buyer_asks else counter >= least
        rule = otc.rule(instrument)
        assert rule is not None
        if not fewer or not rule.counter:
            otc.reject(you, number)
            return Trades.none()
        reason, second = otc.counter(you, number, counter, fewer)
        if reason is not Reason.ACCEPTED:
            otc.reject(you, number)
        elif agrees:
            return otc.accept(me, second)[1]
        else:
            otc.reject(me, second)
        return Trades.none()

    def _coverable(self, seat: int, instrument: int, side: Side, price: int, lots: int) -> int:
        """Return the lots that a seat can deliver or pay, and may hold, of those that it wants."""
        model = self.model
        account, at = np.array([model.seats.account[seat]], np.int64), np.array([instrument], np.int64)
        if side is Side.ASK:
            registry = model.market.registry
            there = registry.free[instrument, account] - registry.locked[instrument, account]
            return max(0, min(lots, int(there[0])))
        room = min(lots, int(model.market.headroom(account, at)[0]))
        able = model.desk.coverable(np.array([seat]), np.array([side], np.int8), np.array([price]), np.array([room]))
        return max(0, int(able[0]))


def _one_each(asker: Rows, pick: Floats, looks: npt.NDArray[np.bool_]) -> Rows:
    """Return one edge of each asker that looks for a partner, drawn among its own.

    Parameters
    ----------
    asker : ndarray of intp, shape (n_edges,)
        Position of the one who would ask.
    pick : ndarray of float64, shape (n_edges,)
        Its draw of the day, from 0 to 1.
    looks : ndarray of bool, shape (n_askers,)
    """
    order = np.argsort(asker, kind="stable")
    who, first, count = np.unique(asker[order], return_index=True, return_counts=True)
    chosen = order[first + np.minimum((pick[order][first] * count).astype(np.intp), count - 1)]
    return np.asarray(chosen[looks[who]])
