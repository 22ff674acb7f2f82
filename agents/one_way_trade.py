"""One-way auctions: who announces a sale or a purchase, and how firms bid.

A firm whose surplus is more than a month's volume would spoil its own price in the book.  In the last weeks before
a deadline it announces an auction instead, at what a kept unit is worth to it; so does a firm that lacks as much.
Those on the other side bid when they are outbid: half way between the price that would win and their own reservation
where each pays its own bid, the reservation itself where all pay one price.  Lots that are tied up in announcements and
bids are no longer wished for elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from agents.partner_search import days_left, ever_has, firm_rows, on_offer
from agents.planning import URGENT_DAYS
from agents.seats import Rows
from agents.strategies.compliance import buyer_limit, seller_reserve
from agents.streams import ONE_WAY_ARRIVALS
from rights_market.authority.reserve import MONTH
from rights_market.exchange.one_way import serve
from rights_market.exchange.one_way_book import Auction
from rights_market.policies.trading import OneWayAuction
from rights_market.records import Reason
from rights_market.units import Side

if TYPE_CHECKING:
    from agents.model import RightsMarketModel
    from agents.progress import RightProgress

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

SHARE_BIDDING = 0.5
"""Share of the firms that look at an auction in a given batch."""
TRIES = 2
"""Announcements of a firm in a period: the first, and the second after it drew no bid."""


class OneWayTrade:
    """Lets firms announce one-way auctions and bid in them, where a right has a rule for those.

    Parameters
    ----------
    model : RightsMarketModel
        Read only, but for the columns of `seats` that hold wishes.
    """

    def __init__(self, model: RightsMarketModel) -> None:
        self.model = model
        self._rights = [p for p in model.progress if ever_has(p, "one_way")]
        self._taken: Floats = np.zeros(len(model.seats))
        self._tries: dict[tuple[int, int], int] = {}

    def open_day(self) -> None:
        """Take what is tied up off the day's wishes, and announce what is to be sold or bought."""
        if not self._rights:
            return
        self._taken[:] = 0.0
        self._tie()
        for progress in self._rights:
            rows = firm_rows(self.model, progress.index)
            if len(rows) and progress.rules.one_way is not None:
                self._announce(progress, rows)
        self._tie()

    def end_batch(self) -> None:
        """Let firms bid in the auctions that are held, and book what was traded in those that end with the batch."""
        one_way = self.model.market.one_way
        for auction in one_way.auctions:
            if one_way.batches_left(auction) and not one_way.rests(auction):
                self._bid(auction)
        trades = self.model.authority.end_batch()
        if not self._rights:
            return
        self._tie()
        self.model.desk.book(trades)
        self.model.floor.count(trades)

    # -- what is tied up

    def _tie(self) -> None:
        """Take the lots of announcements and bids off the wishes, and give back those that are free again."""
        seats = self.model.seats
        tied = np.zeros(len(seats))
        for auction in self.model.market.one_way.auctions:
            sign = 1.0 if auction.side is Side.BID else -1.0
            for account, lots in (
                (auction.account, sign * auction.lots),
                *((b.account, -sign * b.lots) for b in auction.bids),
            ):
                seat = self._seat(auction.instrument, account)
                if seat >= 0:
                    tied[seat] += lots
        wish = seats.wish_lots + self._taken
        left = np.where(
            wish > 0, np.maximum(wish - np.maximum(tied, 0.0), 0.0), np.minimum(wish - np.minimum(tied, 0.0), 0.0)
        )
        changed = left != seats.wish_lots
        self._taken = wish - left
        seats.wish_lots[changed] = left[changed]
        quota = np.minimum(seats.quota, np.floor(np.abs(left)).astype(np.int64))
        seats.quota[:] = np.where(tied != 0, quota, seats.quota)

    def _seat(self, instrument: int, account: int) -> int:
        """Return the seat of an account in the right of an instrument, -1 where it has none."""
        where = self.model.seats.of_right(int(self.model.desk.right_of[instrument]))
        found = np.flatnonzero(self.model.seats.account[where] == account)
        return where.start + int(found[0]) if len(found) else -1

    # -- announcing

    def _announce(self, progress: RightProgress, rows: Rows) -> None:
        """Announce what is too much for the book in the weeks before a deadline, and once more what drew no bid."""
        model, rule, left = self.model, progress.rules.one_way, days_left(self.model, progress)
        assert rule is not None
        if not rule.notice < left <= URGENT_DAYS:
            return
        front = progress.front(model.day)
        assert front is not None
        _, lots = model.recorder.window(progress.instruments, model.day - 1, MONTH)
        most = max(rule.min_qty, lots)
        wish = model.seats.wish_lots[rows]
        again = [a for a in model.market.one_way.failed if a.instrument in progress.instruments]
        for auction in again:
            self._announce_again(rule, auction, front)
        tried = np.array([(int(seat), front) in self._tries for seat in rows.tolist()], dtype=np.bool_)
        if rule.allows(Side.ASK):
            self._announce_sales(progress, rows[(wish <= -most) & ~tried], front)
        if rule.allows(Side.BID):
            self._announce_purchases(progress, rows[(wish >= most) & ~tried], front)

    def _announce_sales(self, progress: RightProgress, sellers: Rows, front: int) -> None:
        model, rule = self.model, progress.rules.one_way
        assert rule is not None
        instrument, offered = on_offer(model, progress, sellers)
        least = np.ceil(seller_reserve(model.desk, sellers))
        for seat, i, lots, start in zip(
            sellers.tolist(), instrument.tolist(), offered.tolist(), least.tolist(), strict=True
        ):
            if lots >= rule.min_qty:
                self._announce_one(seat, front, i, Side.ASK, lots, start)

    def _announce_purchases(self, progress: RightProgress, buyers: Rows, front: int) -> None:
        model, rule = self.model, progress.rules.one_way
        assert rule is not None
        most = np.maximum(np.floor(buyer_limit(model.desk, buyers)), 1.0)
        lots = self._coverable(buyers, Side.BID, most, np.floor(model.seats.wish_lots[buyers]).astype(np.int64))
        newest = model.desk.usable[progress.index][-1]
        for seat, n, start in zip(buyers.tolist(), lots.tolist(), most.tolist(), strict=True):
            if n >= rule.min_qty:
                self._announce_one(seat, front, newest, Side.BID, n, start)

    def _announce_one(self, seat: int, front: int, instrument: int, side: Side, lots: int, start: float) -> None:
        model = self.model
        top = model.progress[int(model.seats.right[seat])].rules.right.max_price_ticks
        ticks = int(min(max(start, 1.0), top))
        reason, _ = model.market.one_way.announce(int(model.seats.account[seat]), instrument, side, lots, ticks)
        # Who is refused for good (a class not admitted, a price outside the band) does not try day after day.
        self._tries[seat, front] = 1 if reason is Reason.ACCEPTED else TRIES

    def _announce_again(self, rule: OneWayAuction, auction: Auction, front: int) -> None:
        """Announce an auction without a bid a second time, if its owner can bear the start that the rule leaves."""
        model = self.model
        seat = self._seat(auction.instrument, auction.account)
        if self._tries.get((seat, front), TRIES) >= TRIES:
            return
        self._tries[seat, front] = TRIES
        start, row = rule.relisted_ticks(auction.side, auction.start_ticks), np.array([seat])
        if auction.side is Side.ASK:
            there = model.market.registry.free[auction.instrument, auction.account] >= auction.lots
            wants = model.seats.wish_lots[seat] <= -auction.lots
            bears = there and wants and start >= seller_reserve(model.desk, row)[0]
        else:
            bears = model.seats.wish_lots[seat] >= auction.lots and start <= buyer_limit(model.desk, row)[0]
        if bears:
            model.market.one_way.relist(auction.account, auction.number)

    # -- bidding

    def _bid(self, auction: Auction) -> None:
        """Let firms that look at an auction, and would not win all they want as it stands, bid or better their bids."""
        model, desk = self.model, self.model.desk
        right = int(desk.right_of[auction.instrument])
        rule = model.progress[right].rules.one_way
        assert rule is not None
        is_sale, rng = auction.side is Side.ASK, model.streams[ONE_WAY_ARRIVALS]
        rows = firm_rows(model, right)
        looks = rng.random(len(rows)) < SHARE_BIDDING
        own_price, own_lots, unserved = self._standing_bids(rule, auction, rows)
        wish = model.seats.wish_lots[rows] if is_sale else -model.seats.wish_lots[rows]
        lots = np.minimum(auction.lots, np.floor(np.maximum(wish, 0.0)).astype(np.int64) + own_lots)
        keen = (
            looks
            & unserved
            & (lots >= (1 if rule.divisible else auction.lots))
            & (model.seats.account[rows] != auction.account)
        )
        rows, lots, own_price, own_lots = rows[keen], lots[keen], own_price[keen], own_lots[keen]
        limit = buyer_limit(desk, rows) if is_sale else seller_reserve(desk, rows)
        price = _bid_ticks(rule, auction, self._needed(rule, auction), limit)
        lots = np.maximum(own_lots, self._coverable(rows, auction.other_side, price, lots))
        better = price > own_price if is_sale else (own_lots == 0) | (price < own_price)
        bids = np.flatnonzero((price > 0) & better & (lots >= (1 if rule.divisible else auction.lots)))
        # What they want here they withdraw from the book: its cover pays for it.
        desk.withdraw(rows[bids])
        desk.refresh()
        for k in rng.permutation(bids).tolist():
            account = int(model.seats.account[rows[k]])
            model.market.one_way.bid(account, auction.number, int(price[k]), int(lots[k]))

    def _standing_bids(
        self, rule: OneWayAuction, auction: Auction, rows: Rows
    ) -> tuple[Ints, Ints, npt.NDArray[np.bool_]]:
        """Return price and lots of each seat's bid, 0 without one, and whether any of what it wants is not served."""
        account, price, lots = auction.columns()
        served = serve(
            auction.side, auction.lots, price, lots, divisible=rule.divisible, uniform=rule.pricing == "uniform"
        ).lots
        place = {int(a): k for k, a in enumerate(account)}
        at = np.array([place.get(int(a), -1) for a in self.model.seats.account[rows]], dtype=np.intp)
        own, found = np.zeros((2, len(rows)), dtype=np.int64), at >= 0
        own[0, found], own[1, found] = price[at[found]], lots[at[found]]
        unserved = ~found
        unserved[found] = served[at[found]] < lots[at[found]]
        return own[0], own[1], unserved

    def _needed(self, rule: OneWayAuction, auction: Auction) -> int:
        """Return the price at which a new bid is served: the start, or a step beyond the last bid that is served."""
        _, price, lots = auction.columns()
        served = serve(auction.side, auction.lots, price, lots, divisible=rule.divisible, uniform=False).lots
        if int(served.sum()) < auction.lots:
            return auction.start_ticks
        last = price[served > 0]
        return int(last.min()) + rule.step if auction.side is Side.ASK else int(last.max()) - rule.step

    def _coverable(self, rows: Rows, side: Side, price: npt.NDArray[Any], lots: Ints) -> Ints:
        """Return the lots that seats can pay for, or deliver, and may hold."""
        model = self.model
        sides = np.full(len(rows), side, dtype=np.int8)
        able = model.desk.coverable(rows, sides, price.astype(np.int64), lots)
        if side is Side.BID:
            front = np.array([model.desk.usable[r][-1] for r in model.seats.right[rows].tolist()], dtype=np.int64)
            able = np.minimum(able, model.market.headroom(model.seats.account[rows].astype(np.int64), front))
        return np.maximum(able, 0)

    def state(self) -> dict[str, Any]:
        """Return what was taken off the wishes, and who has announced."""
        return {"taken": self._taken.copy(), "tries": [[*key, n] for key, n in self._tries.items()]}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back what `state` returned."""
        self._taken = np.array(state["taken"])
        self._tries = {(int(seat), int(front)): int(n) for seat, front, n in state["tries"]}


def _bid_ticks(rule: OneWayAuction, auction: Auction, needed: int, limit: Floats) -> Ints:
    """Return what firms bid, in whole steps from the start, 0 where what is needed lies beyond their reservation."""
    sign = 1.0 if auction.side is Side.ASK else -1.0
    room = sign * (limit - needed)
    wanted = needed + sign * (room if rule.pricing == "uniform" else room / 2.0)
    steps = np.floor(np.maximum(sign * (wanted - auction.start_ticks), 0.0) / rule.step + 1e-9)
    price = auction.start_ticks + sign * steps * rule.step
    price = np.maximum(price, needed) if auction.side is Side.ASK else np.minimum(price, needed)
    return np.where((room >= 0) & (price >= 1), price, 0).astype(np.int64)
