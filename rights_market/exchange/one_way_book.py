"""One-way auctions that are announced or held: what stands behind each, and the bids that it has drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rights_market.exchange.commitments import Commitments
from rights_market.units import Side

Int64 = npt.NDArray[np.int64]

NOT_YET = -1


class Bid(NamedTuple):
    """A bid in an auction: who, at what price, for how many lots, with what deposit."""

    account: int
    price_ticks: int
    lots: int
    deposit_fen: int


@dataclass(slots=True)
class Auction:
    """One auction.

    Attributes
    ----------
    number : int
        By which it is named.
    account, instrument : int
        Who announced it, and of what.
    side : Side
        `Side.ASK` for a sale, `Side.BID` for a purchase.
    lots, start_ticks : int
    day : int
        Trading day of its session.
    cash_fen : int
        Cash frozen behind a purchase, fen; 0 for a sale.
    closes : int
        Batch, in the count of all batches, with which it ends; `NOT_YET` before its session.
    extensions : int
        Times that its end was put off.
    bids : list of Bid
        In the order in which they came; one an account.
    """

    number: int
    account: int
    instrument: int
    side: Side
    lots: int
    start_ticks: int
    day: int
    cash_fen: int
    closes: int = NOT_YET
    extensions: int = 0
    bids: list[Bid] = field(default_factory=list)

    @property
    def is_held(self) -> bool:
        """Whether its session has begun."""
        return self.closes != NOT_YET

    @property
    def other_side(self) -> Side:
        """Side of those who bid."""
        return Side.BID if self.side is Side.ASK else Side.ASK

    def bid_of(self, account: int) -> Bid | None:
        """Return the bid of an account, None where it has none."""
        return next((bid for bid in self.bids if bid.account == account), None)

    def columns(self) -> tuple[Int64, Int64, Int64]:
        """Return accounts, prices and lots of the bids, in their order."""
        table = np.array([bid[:3] for bid in self.bids], np.int64).reshape(-1, 3)
        return table[:, 0].copy(), table[:, 1].copy(), table[:, 2].copy()


class OneWayBook:
    """All auctions that are announced or held, each with what it and its bids need frozen.

    Parameters
    ----------
    commitments : Commitments
        Where that is frozen and counted.

    Attributes
    ----------
    batch : int
        Batches counted so far.
    failed : dict of int to Auction
        Auctions without a bid, which may be announced once more.
    """

    def __init__(self, commitments: Commitments) -> None:
        self._commitments = commitments
        self._auctions: dict[int, Auction] = {}
        self._announced = 0
        self.batch = 0
        self.failed: dict[int, Auction] = {}

    @property
    def auctions(self) -> list[Auction]:
        """Auctions that are announced or held, the oldest first."""
        return list(self._auctions.values())

    def find(self, number: int) -> Auction | None:
        """Return an auction that is announced or held, None where there is no such one any more."""
        return self._auctions.get(number)

    def announce(
        self, account: int, instrument: int, side: Side, lots: int, start_ticks: int, *, day: int, cash_fen: int
    ) -> Auction:
        """Freeze the announcer's side, and keep the auction for its day."""
        auction = Auction(self._announced, account, instrument, side, lots, start_ticks, day, cash_fen)
        self._back(auction, freeze=True)
        self._announced += 1
        self._auctions[auction.number] = auction
        return auction

    def put(self, auction: Auction, bid: Bid) -> None:
        """Take a bid in place of the account's former one, and freeze its deposit."""
        former = auction.bid_of(bid.account)
        if former is not None:
            self.drop(auction, former)
        self._stake(auction, bid, freeze=True)
        auction.bids.append(bid)

    def drop(self, auction: Auction, bid: Bid) -> None:
        """Take a bid out and release its deposit."""
        auction.bids.remove(bid)
        self._commitments.release_cash(bid.account, bid.deposit_fen)
        if auction.side is Side.ASK:
            self._commitments.want(auction.instrument, bid.account, -bid.lots)

    def end(self, auction: Auction) -> None:
        """Take an auction away, and release what stood behind it and its bids."""
        for bid in list(auction.bids):
            self.drop(auction, bid)
        del self._auctions[auction.number]
        if auction.side is Side.ASK:
            self._commitments.release_lots(auction.instrument, auction.account, auction.lots)
        else:
            self._commitments.release_cash(auction.account, auction.cash_fen)
            self._commitments.want(auction.instrument, auction.account, -auction.lots)

    def _back(self, auction: Auction, *, freeze: bool) -> None:
        """Put the announcer's side behind an auction, or count what is frozen for it already."""
        c = self._commitments
        if auction.side is Side.ASK:
            put = c.freeze_lots if freeze else c.count_lots
            put(auction.instrument, auction.account, auction.lots)
        else:
            (c.freeze_cash if freeze else c.count_cash)(auction.account, auction.cash_fen)
            c.want(auction.instrument, auction.account, auction.lots)

    def _stake(self, auction: Auction, bid: Bid, *, freeze: bool) -> None:
        """Put its deposit behind a bid, or count what is frozen for it already."""
        c = self._commitments
        (c.freeze_cash if freeze else c.count_cash)(bid.account, bid.deposit_fen)
        if auction.side is Side.ASK:
            c.want(auction.instrument, bid.account, bid.lots)

    def state(self) -> dict[str, Any]:
        """Return the auctions and the counts."""
        return {
            "auctions": [_saved(a) for a in self.auctions],
            "failed": [_saved(a) for a in self.failed.values()],
            "announced": self._announced,
            "batch": self.batch,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back what `state` returned, and count what stands behind the auctions and their bids."""
        self._announced, self.batch = int(state["announced"]), int(state["batch"])
        self._auctions = {a.number: a for a in map(_of_saved, state["auctions"])}
        self.failed = {a.number: a for a in map(_of_saved, state["failed"])}
        for auction in self.auctions:
            self._back(auction, freeze=False)
            for bid in auction.bids:
                self._stake(auction, bid, freeze=False)


def _saved(a: Auction) -> list[Any]:
    terms = (a.number, a.account, a.instrument, a.side, a.lots, a.start_ticks, a.day, a.cash_fen, a.closes)
    return [*map(int, terms), a.extensions, [list(bid) for bid in a.bids]]


def _of_saved(saved: list[Any]) -> Auction:
    number, account, instrument, side, lots, start, day, cash, closes, extensions = map(int, saved[:-1])
    bids = [Bid(*map(int, bid)) for bid in saved[-1]]
    return Auction(number, account, instrument, Side(side), lots, start, day, cash, closes, extensions, bids)
