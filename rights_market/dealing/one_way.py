"""The door to one-way auctions: announce, bid, withdraw, announce again; and how they are opened and settled."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from rights_market.dealing.terms import Floor
from rights_market.errors import ExchangeError
from rights_market.exchange.one_way import Served, serve
from rights_market.exchange.one_way_book import Auction, Bid, OneWayBook
from rights_market.policies.trading import OneWayAuction
from rights_market.policies.trading.one_way_auction import MOST_EXTENSIONS
from rights_market.records import Event, Mode, Reason, Trades
from rights_market.registry.accounts import GOVERNMENT_ACCOUNT
from rights_market.units import Side

Int64 = npt.NDArray[np.int64]

NO_AUCTION = -1
KIND = "one_way_auction"


class OneWay:
    """Carries out the rule of one-way auctions, for models, classrooms and scripts alike.

    Every call says what came of it.  Events: ``auction_announced``, ``auction_opened``, ``auction_extended``,
    ``auction_sold``, ``auction_cancelled``, ``auction_withdrawn``, ``deposit_forfeited``, and ``bid_refused`` or
    ``auction_refused`` with the reason.

    Parameters
    ----------
    floor : Floor
        Departments of the market.
    """

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._book = OneWayBook(floor.commitments)
        self._day = -1

    @property
    def auctions(self) -> list[Auction]:
        """Auctions that are announced or held, the oldest first."""
        return self._book.auctions

    @property
    def failed(self) -> list[Auction]:
        """Auctions that drew no bid and may be announced once more."""
        return list(self._book.failed.values())

    def rule(self, instrument: int) -> OneWayAuction | None:
        """Return the rule of an instrument, None where there is none."""
        return self._floor.rules_of[instrument].one_way

    def batches_left(self, auction: Auction) -> int:
        """Return the batches until an auction ends, 0 where it is over or not held yet."""
        return max(0, auction.closes - self._book.batch)

    # -- what those who trade may do

    def announce(self, account: int, instrument: int, side: Side, lots: int, start_ticks: int) -> tuple[Reason, int]:
        """Announce a sale (`Side.ASK`) or a purchase, and freeze what it needs until it is over.

        Returns
        -------
        reason : Reason
            Why it was refused, else `Reason.ACCEPTED`.
        number : int
            By which the auction is named, `NO_AUCTION` if there is none.

        Raises
        ------
        ExchangeError
            If the right has no rule for such auctions, or the instrument does not exist.
        """
        floor, rule = self._floor, self._rule(instrument)
        reason = self._refuse_announcement(rule, account, instrument, side, lots, start_ticks)
        cash = floor.cost_fen("auction", instrument, start_ticks, lots) if side is Side.BID and not reason else 0
        if not reason and side is Side.ASK:
            reason = floor.refuse_cover(instrument, account, lots)
        elif not reason and floor.registry.cash[account] < cash:
            reason = Reason.INSUFFICIENT_CASH
        if reason:
            event = Event(self._day, "session", KIND, "auction_refused", account, instrument, lots, start_ticks)
            return floor.refuse(reason, event), NO_AUCTION
        day = self._day + rule.notice
        auction = self._book.announce(account, instrument, side, lots, start_ticks, day=day, cash_fen=cash)
        self._note("auction_announced", auction, f"{'sale' if side is Side.ASK else 'purchase'} on day {day}")
        return reason, auction.number

    def relist(self, account: int, number: int) -> tuple[Reason, int]:
        """Announce an auction that drew no bid once more, at the start that the rule leaves."""
        failed = self._book.failed.get(number)
        if failed is None or failed.account != account:
            reason = Reason.UNKNOWN_ORDER if failed is None else Reason.NOT_OWNER
            return self._floor.refuse(reason, Event(self._day, "session", KIND, "auction_refused", account)), NO_AUCTION
        start = self._rule(failed.instrument).relisted_ticks(failed.side, failed.start_ticks)
        made = self.announce(account, failed.instrument, failed.side, failed.lots, start)
        if made[0] is Reason.ACCEPTED:
            del self._book.failed[number]
        return made

    def withdraw(self, account: int, number: int) -> Reason:
        """Take an own auction back before its first bid."""
        auction = self._book.find(number)
        reason = Reason.ACCEPTED
        if auction is None or auction.account != account:
            reason = Reason.UNKNOWN_ORDER if auction is None else Reason.NOT_OWNER
        elif auction.bids:
            reason = Reason.NOT_FILLABLE
        if auction is None or reason:
            return self._floor.refuse(reason, Event(self._day, "session", KIND, "auction_refused", account))
        self._book.end(auction)
        self._note("auction_withdrawn", auction)
        return reason

    def bid(self, account: int, number: int, price_ticks: int, lots: int) -> Reason:
        """Bid in an auction that is held, or better the own bid there, and freeze the deposit."""
        auction = self._book.find(number)
        if auction is None:
            return self._floor.refuse(
                Reason.UNKNOWN_ORDER, Event(self._day, "session", KIND, "bid_refused", account, -1, lots, price_ticks)
            )
        rule, floor = self._rule(auction.instrument), self._floor
        deposit = rule.deposit_fen(price_ticks * lots * int(floor.tick_value_fen[auction.instrument]))
        former = auction.bid_of(account)
        reason = self._refuse_bid(rule, auction, account, price_ticks, lots)
        at_hand = 0 if former is None else former.deposit_fen
        if not reason and floor.registry.cash[account] + at_hand < deposit:
            reason = Reason.INSUFFICIENT_CASH
        if reason:
            event = Event(self._day, "session", KIND, "bid_refused", account, auction.instrument, lots, price_ticks)
            return floor.refuse(reason, event)
        self._book.put(auction, Bid(account, price_ticks, lots, deposit))
        if self.batches_left(auction) <= rule.extend and auction.extensions < MOST_EXTENSIONS:
            auction.closes += rule.extend
            auction.extensions += 1
            self._note("auction_extended", auction, f"{self.batches_left(auction)} batches left")
        return reason

    # -- what the market does

    def begin_day(self, day: int, traded: Collection[int]) -> None:
        """Begin a day: open the sessions that are due; auctions in what is not traded any more are cancelled."""
        self._day = day
        self._book.failed = {n: a for n, a in self._book.failed.items() if a.instrument in traded}
        for auction in self.auctions:
            if auction.instrument not in traded:
                self._cancel(auction, "not traded any more")
            elif not auction.is_held and auction.day <= day:
                auction.closes = self._book.batch + self._rule(auction.instrument).session
                self._note("auction_opened", auction)

    def count_batch(self) -> None:
        """Count a batch; for auctions that rest with the market it does not count."""
        self._book.batch += 1
        for auction in self.auctions:
            if auction.is_held and self.rests(auction):
                auction.closes += 1

    def settle_due(self) -> Trades:
        """Settle the auctions whose session is over, and return what was traded."""
        done = [
            self._settle(auction) for auction in self.auctions if auction.is_held and not self.batches_left(auction)
        ]
        return Trades.join(done)

    def release(self, accounts: npt.ArrayLike, why: str) -> None:
        """Cancel the auctions of accounts, and take their bids out of those of others."""
        who = set(np.atleast_1d(np.asarray(accounts)).tolist())
        for auction in self.auctions:
            if auction.account in who:
                self._cancel(auction, why)
                continue
            for bid in [bid for bid in auction.bids if bid.account in who]:
                self._book.drop(auction, bid)

    def release_asks(self, accounts: npt.ArrayLike, instrument: int) -> None:
        """Cancel the sales of accounts in an instrument, by order of the registrar."""
        who = set(np.atleast_1d(np.asarray(accounts)).tolist())
        for auction in self.auctions:
            if auction.side is Side.ASK and auction.instrument == instrument and auction.account in who:
                self._cancel(auction, "by the registrar")

    def release_all(self, instruments: Collection[int], why: str) -> None:
        """Cancel all auctions in some instruments."""
        for auction in self.auctions:
            if auction.instrument in instruments:
                self._cancel(auction, why)

    def state(self) -> dict[str, Any]:
        """Return the auctions that are announced or held, and those that failed."""
        return self._book.state() | {"day": self._day}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back what `state` returned; auctions for which there is no rule here are cancelled."""
        self._book.restore(state)
        self._day = int(state["day"])
        self.release_all([i for i in range(len(self._floor.rules_of)) if self.rule(i) is None], "no rule any more")

    # -- parts

    def _rule(self, instrument: int) -> OneWayAuction:
        if not 0 <= instrument < len(self._floor.rules_of):
            raise ExchangeError(f"no instrument {instrument}, there are {len(self._floor.rules_of)}")
        rule = self.rule(instrument)
        if rule is None:
            raise ExchangeError(f"{self._floor.rules_of[instrument].right.code}: no rule for one-way auctions")
        return rule

    def rests(self, auction: Auction) -> bool:
        """Return whether a breaker that stops auctions too lets the market rest."""
        breaker = self._floor.rules_of[auction.instrument].breaker
        if breaker is None or not breaker.halt_auctions:
            return False
        return self._floor.is_paused(auction.instrument) or not self._floor.is_open[auction.instrument]

    def _refuse_announcement(
        self, rule: OneWayAuction, account: int, instrument: int, side: Side, lots: int, start: int
    ) -> Reason:
        if lots < 1 or (lots < rule.min_qty and account != GOVERNMENT_ACCOUNT):
            return Reason.OFF_LOT
        if not rule.allows(side):
            return Reason.NOT_ADMITTED
        reason = self._refuse_price(rule, instrument, start)
        return reason or self._floor.refuse_party("auction", account, instrument, side, lots)

    def _refuse_price(self, rule: OneWayAuction, instrument: int, price: int) -> Reason:
        floor = self._floor
        top = floor.rules_of[instrument].right.max_price_ticks
        allowed = rule.range(int(floor.tape.last_close[instrument]), max_price_ticks=top)
        return floor.refuse_price(instrument, price, allowed)

    def _refuse_bid(self, rule: OneWayAuction, auction: Auction, account: int, price: int, lots: int) -> Reason:
        if not self.batches_left(auction) or self.rests(auction):
            return Reason.MARKET_CLOSED
        if account == auction.account:
            return Reason.SELF_TRADE
        if not rule.is_possible(auction.side, auction.start_ticks, price):
            return Reason.OFF_TICK
        if not 1 <= lots <= auction.lots:
            return Reason.OFF_LOT
        if not rule.divisible and lots < auction.lots:
            return Reason.NOT_FILLABLE
        former = auction.bid_of(account)
        if former is not None and not _betters(auction.side, former, price, lots):
            return Reason.SKIPPED_BETTER_PRICE
        more = lots - (former.lots if former is not None else 0)
        reason = self._refuse_price(rule, auction.instrument, price)
        return reason or self._floor.refuse_party("auction", account, auction.instrument, auction.other_side, more)

    def _settle(self, auction: Auction) -> Trades:
        """Serve the bids of an auction; winners that do not honour theirs lose their deposits, and the next are served.

        Deposits of those who lose, and what is left of the announcer's side, are released.
        """
        rule, (account, price, lots) = self._rule(auction.instrument), auction.columns()
        deposits = [bid.deposit_fen for bid in auction.bids]
        self._book.end(auction)
        out = np.zeros(len(account), np.bool_)
        while True:
            terms = {"divisible": rule.divisible, "uniform": rule.pricing == "uniform"}
            served = serve(auction.side, auction.lots, price, lots, **terms, out=out)
            failing = [
                k for k in np.flatnonzero(served.lots).tolist() if not self._honours(auction, account[k], served, k)
            ]
            if not failing:
                break
            out[failing] = True
            for k in failing:
                self._forfeit(auction, int(account[k]), deposits[k])
        winners = np.flatnonzero(served.lots)
        if not len(winners):
            self._book.failed[auction.number] = auction
            self._note("auction_cancelled", auction, "no bid" if not out.any() else "no bid was honoured")
            return Trades.none()
        return self._deliver(auction, account[winners], served.paid_ticks[winners], served.lots[winners])

    def _honours(self, auction: Auction, account: int, served: Served, k: int) -> bool:
        """Return whether a winner can pay for, or deliver, what it has won."""
        floor, lots = self._floor, int(served.lots[k])
        if auction.side is Side.ASK:
            cost = floor.cost_fen("auction", auction.instrument, int(served.paid_ticks[k]), lots)
            return bool(floor.registry.cash[account] >= cost)
        may = floor.supervision.may_deal("auction", account, auction.instrument, Side.ASK)
        return may and floor.saleable(auction.instrument, account) >= lots

    def _forfeit(self, auction: Auction, account: int, fen: int) -> None:
        self._floor.registry.pay(account, auction.account, fen)
        self._floor.events.append(
            Event(self._day, "session", KIND, "deposit_forfeited", account, auction.instrument, money_fen=fen)
        )

    def _deliver(self, auction: Auction, account: Int64, paid_ticks: Int64, lots: Int64) -> Trades:
        """Settle with the winners, if the announcer still may and can."""
        floor, own = self._floor, np.full(len(lots), auction.account, np.int64)
        cost = [
            floor.cost_fen("auction", auction.instrument, p, n)
            for p, n in zip(paid_ticks.tolist(), lots.tolist(), strict=True)
        ]
        is_sale = auction.side is Side.ASK
        may = floor.supervision.may_deal("auction", auction.account, auction.instrument, auction.side)
        if not may or (not is_sale and sum(cost) > floor.registry.cash[auction.account]):
            self._note("auction_cancelled", auction, "uncovered" if may else "suspended")
            return Trades.none()
        seller, buyer = (own, account) if is_sale else (account, own)
        trades = floor.settle("auction", auction.instrument, seller, buyer, paid_ticks, lots)
        trades = replace(trades, taker_side=np.full(len(lots), auction.other_side, np.int8))
        floor.write(Mode.AUCTION, trades, 0)
        value = int(paid_ticks @ lots) * int(floor.tick_value_fen[auction.instrument])
        marginal = int(paid_ticks.min() if is_sale else paid_ticks.max())
        self._note("auction_sold", auction, lots=int(lots.sum()), price_ticks=marginal, money_fen=value)
        return trades

    def _cancel(self, auction: Auction, why: str) -> None:
        self._book.end(auction)
        self._note("auction_cancelled", auction, why)

    def _note(self, code: str, auction: Auction, note: str = "", **amounts: int) -> None:
        given = {"lots": auction.lots, "price_ticks": auction.start_ticks} | amounts
        event = Event(self._day, "session", KIND, code, auction.account, auction.instrument, **given, note=note)
        self._floor.events.append(event)


def _betters(side: Side, former: Bid, price: int, lots: int) -> bool:
    """Return whether a bid is better than the account's former one: in price or lots, and worse in neither."""
    gain = price - former.price_ticks if side is Side.ASK else former.price_ticks - price
    return gain >= 0 and lots >= former.lots and (gain > 0 or lots > former.lots)
