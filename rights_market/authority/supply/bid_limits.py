"""The limits of a bidder, applied to bids, to the demand in a rising clock, and to claims in a falling one."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from rights_market.authority.office import Matter, Office
from rights_market.exchange.gate import NO_LIMIT
from rights_market.exchange.sealed_bid import SealedBids
from rights_market.policies.auction import AuctionLimits, Bids
from rights_market.policies.auction.limits import UNLIMITED
from rights_market.registry.accounts import AccountKind
from rights_market.units import floor

Int64 = npt.NDArray[np.int64]


class BidLimits:
    """The limits of one auction.

    Parameters
    ----------
    office : Office
    matter : Matter
        The auction.
    rule : AuctionLimits
    volume : int
        Lots offered.
    lot_size : int
    """

    def __init__(self, office: Office, matter: Matter, rule: AuctionLimits, volume: int, lot_size: int) -> None:
        self.office, self.matter, self.rule = office, matter, rule
        self.volume, self.lot_size = volume, lot_size
        self._committed: dict[int, int] = {}
        self._claimed: dict[int, int] = {}
        self._won: dict[int, int] = {}

    def trim(self, bids: SealedBids) -> SealedBids:
        """Cut bids, and write down for each bidder which limit took how much."""
        account = bids.account.astype(np.int64)
        most = np.array([self.most(a) for a in account.tolist()], np.int64)
        free, money = np.full(len(account), UNLIMITED, np.int64), self._money(account)
        bidder = self._bidders(account)
        first = self.rule.trim(Bids(bidder, bids.price_ticks, bids.lots), most, free, free, self.lot_size)
        held, by_holding = self._within_holding(account, bids.price_ticks, first.lots)
        # Limits are those of the group; the money put up is each member's own.
        kept = Bids(account, bids.price_ticks, held)
        second = self.rule.trim(kept, free, free, money, self.lot_size)
        cuts = ("purchase", first.by_purchase), ("holding", by_holding), ("guarantee", second.by_guarantee)
        for note, lots in cuts:
            self._write(account, lots, note)
        return SealedBids(bids.account, bids.price_ticks, second.lots)

    def demand(self, accounts: Int64, ask: Callable[[int, int | None], Int64]) -> Callable[[int, int | None], Int64]:
        """Return the demand of bidders within their limits."""

        def limited(price: int, excess: int | None) -> Int64:
            wanted = np.maximum(ask(price, excess), 0)
            return self.trim_silently(accounts, price, wanted, self._money(accounts))

        return limited

    def claims(self, accounts: Int64, ask: Callable[[int, int], Int64]) -> Callable[[int, int], Int64]:
        """Return the claims of bidders within their limits, what they have claimed before counted."""

        def limited(price: int, left: int) -> Int64:
            wanted = np.maximum(ask(price, left), 0)
            spent = np.array([self._committed.get(a, 0) for a in accounts.tolist()], np.int64)
            lots = self.trim_silently(accounts, price, wanted, np.maximum(self._money(accounts) - spent, 0))
            for account, bidder, n in zip(
                accounts.tolist(), self._bidders(accounts).tolist(), lots.tolist(), strict=True
            ):
                self._committed[account] = self._committed.get(account, 0) + floor(self._share * n * price)
                self._claimed[bidder] = self._claimed.get(bidder, 0) + n
                self._won[account] = self._won.get(account, 0) + n
            return lots

        return limited

    def trim_silently(self, accounts: Int64, price: int, wanted: Int64, money: Int64) -> Int64:
        """Cut what is wanted at one price to the limits."""
        bidder = self._bidders(accounts)
        room = np.array(
            [
                max(0, self.most(a) - self._claimed.get(b, 0))
                for a, b in zip(accounts.tolist(), bidder.tolist(), strict=True)
            ],
            np.int64,
        )
        prices, free = np.full(len(accounts), price, np.int64), np.full(len(accounts), UNLIMITED, np.int64)
        pooled = self.rule.trim(Bids(bidder, prices, wanted), room, free, free, self.lot_size)
        held, _ = self._within_holding(accounts, prices, pooled.lots)
        return self.rule.trim(Bids(accounts, prices, held), free, free, money, self.lot_size).lots

    def deposit_fen(self, account: int, value_fen: int) -> int:
        """Return what a bidder has put up for bids of this value, fen."""
        return floor(self._share * value_fen)

    def most(self, account: int) -> int:
        """Return the most lots that an account may win."""
        return self.rule.most(self.rule.share_of(*self._classes(account)), self.volume, self.lot_size)

    @property
    def _share(self) -> Fraction:
        return Fraction(self.rule.guarantee)

    def _classes(self, account: int) -> tuple[str, ...]:
        firms = self.office.firms
        row = np.flatnonzero(firms.accounts == account)
        kind = AccountKind(int(self.office.market.accounts.kinds[account])).name.lower()
        if not row.size:
            return (kind, "institution") if kind == "market_maker" else (kind,)
        at = int(row[0])
        own = (firms.classes[at],) if firms.classes else ()
        return (*own, firms.sectors[at], kind)

    def _within_holding(self, accounts: Int64, price_ticks: Int64, lots: Int64) -> tuple[Int64, Int64]:
        """Return the lots that the holding limits of the market leave beside what was claimed before, and the rest."""
        left, free = lots, np.full(len(accounts), UNLIMITED, np.int64)
        for room in self.office.market.rooms() if self.rule.use_holding_limit else ():
            pool, most = room.pool[self.matter.instrument], room.lots[self.matter.instrument]
            taken = np.zeros_like(most)
            for account, n in self._won.items():
                taken[pool == pool[account]] += n
            space = np.where(most < NO_LIMIT, np.maximum(0, most - taken), UNLIMITED)[accounts]
            cut = self.rule.trim(Bids(pool[accounts], price_ticks, left), free, space, free, self.lot_size)
            left = left - cut.by_holding
        return left, lots - left

    def _bidders(self, accounts: Int64) -> Int64:
        """Return who is limited: the account, or its owner's first account where owners are limited together."""
        owners = self.office.firms.owners
        if self.rule.group == "none" or not owners:
            return accounts
        first: dict[str, int] = {}
        limited = {}
        for account, owner in zip(self.office.firms.accounts.tolist(), owners, strict=True):
            limited[account] = first.setdefault(owner, account) if owner else account
        return np.array([limited.get(a, a) for a in accounts.tolist()], np.int64)

    def _money(self, accounts: Int64) -> Int64:
        """Return the cash of accounts in the value of one lot at one tick."""
        right = self.office.books[self.matter.right].right
        return np.asarray(self.office.market.registry.cash[accounts] // right.tick_value_fen, np.int64)

    def _write(self, account: Int64, lots: Int64, note: str) -> None:
        for a in np.unique(account[lots > 0]).tolist():
            taken = int(lots[account == a].sum())
            self.office.note(self.matter, self.rule.kind, "bid_trimmed", account=a, lots=taken, note=note)
