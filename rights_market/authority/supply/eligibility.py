"""Who may bid in auctions: by the terms of the auction, and as far as the right admits a class of accounts to them."""

from __future__ import annotations

from datetime import date

import numpy as np
import numpy.typing as npt

from rights_market.authority.office import Matter, Office
from rights_market.authority.supply.bidders import Bidders, ReserveBids
from rights_market.exchange.sealed_bid import SealedBids
from rights_market.policies.auction import Auction
from rights_market.registry.accounts import AccountKind
from rights_market.rulebook import RuleBook
from rights_market.supervision.entry import CLASS_OF

Bool = npt.NDArray[np.bool_]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]


def may_bid(office: Office, book: RuleBook, on: date) -> Bool:
    """Return which accounts may bid in the auctions of a right on a day, shape (n_accounts,)."""
    assert book.auction is not None
    by_kind = np.zeros(max(AccountKind) + 1, np.bool_)
    for kind, name in CLASS_OF.items():
        is_eligible = book.auction.eligible == "all" or kind == AccountKind.COMPLIANCE
        by_kind[kind] = is_eligible and (book.admission is None or book.admission.may(name, on, "auction")[0])
    return np.asarray(by_kind[office.market.accounts.kinds])


class EligibleBidders:
    """Bidders, of whom only some may bid.

    Parameters
    ----------
    office : Office
    matter : Matter
        The auction, under which bids of others are written down as refused.
    bidders : Bidders
        All who would bid.
    may_bid : ndarray of bool, shape (n_accounts,)
    """

    def __init__(self, office: Office, matter: Matter, bidders: Bidders, may_bid: Bool) -> None:
        self._office, self._matter, self._bidders, self._may_bid = office, matter, bidders, may_bid
        self._rows = np.flatnonzero(may_bid[bidders.accounts])

    @property
    def accounts(self) -> Int32:
        """Account of each bidder in a clock who may bid."""
        return self._bidders.accounts[self._rows]

    def sealed(self, terms: Auction) -> SealedBids:
        """Return the sealed bids of those who may bid; the others' are void."""
        bids = self._bidders.sealed(terms)
        is_void = ~self._may_bid[bids.account]
        for account in np.unique(bids.account[is_void]).tolist():
            lots = int(bids.lots[bids.account == account].sum())
            self._office.note(self._matter, terms.kind, "bid_refused", account=account, lots=lots, note="admission")
        return SealedBids(bids.account[~is_void], bids.price_ticks[~is_void], bids.lots[~is_void])

    def demand(self, price_ticks: int, excess: int | None) -> Int64:
        """Return the lots that each bidder wants at the price of a rising clock."""
        return self._bidders.demand(price_ticks, excess)[self._rows]

    def shot(self, price_ticks: int, lots: Int64) -> Int64:
        """Return the price that each bidder offers for the lots that it still wants."""
        everyone = np.zeros(len(self._bidders.accounts), np.int64)
        everyone[self._rows] = lots
        return self._bidders.shot(price_ticks, everyone)[self._rows]

    def claim(self, price_ticks: int, left: int) -> Int64:
        """Return the further lots that each bidder claims at the price of a falling clock."""
        return self._bidders.claim(price_ticks, left)[self._rows]

    def reserve_bids(self, prices: tuple[int, ...]) -> ReserveBids:
        """Return all bids for a reserve: there the rule of the reserve says who may buy."""
        return self._bidders.reserve_bids(prices)

    def ceiling_bids(self, price_ticks: int) -> ReserveBids:
        """Return all bids at a ceiling price, as for a reserve."""
        return self._bidders.ceiling_bids(price_ticks)


def eligible(office: Office, matter: Matter, book: RuleBook, bidders: Bidders, on: date) -> Bidders:
    """Return bidders without those who may not bid; the same where all may."""
    may = may_bid(office, book, on)
    return bidders if may[bidders.accounts].all() else EligibleBidders(office, matter, bidders, may)
