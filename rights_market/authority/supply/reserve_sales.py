"""Sales of a reserve in tiers at fixed prices, and of units at a ceiling beyond it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rights_market.authority.office import Matter, Office
from rights_market.authority.supply.bidders import Bidders, ReserveBids
from rights_market.authority.supply.pots import Pot
from rights_market.authority.surrender import set_duty
from rights_market.policies.stability import TieredPriceReserve
from rights_market.registry.accounts import GOVERNMENT_ACCOUNT
from rights_market.units import largest_remainder

Int64 = npt.NDArray[np.int64]


class Sale(NamedTuple):
    """Lots sold at one fixed price.

    Attributes
    ----------
    offered, lots, price_ticks, bidders : int
        Lots offered, or asked for where their number is not limited.
    tier : int
        Counted from 0; -1 for the ceiling.
    """

    offered: int
    lots: int
    price_ticks: int
    bidders: int
    tier: int


class ReserveSales:
    """The tiered reserve of one right; each tier is a pot of its own.

    Parameters
    ----------
    office : Office
    right : str
        Code of the right.
    rule : TieredPriceReserve

    Attributes
    ----------
    tiers : list of Pot
    """

    def __init__(self, office: Office, right: str, rule: TieredPriceReserve) -> None:
        self._office, self.rule = office, rule
        self.tiers = [Pot(office, right, f"price reserve {k + 1}") for k in range(len(rule.tiers))]
        self._is_filled = False
        self._at_ceiling: dict[str, int] = {}
        self._auction: tuple[int, int] = (-1, 0)

    @property
    def lots(self) -> int:
        """Lots left in all tiers."""
        return sum(pot.lots for pot in self.tiers)

    def fill(self, matter: Matter, cap: int, available: int) -> int:
        """Fill the reserve once from the cap of the first period, and return the lots taken from it."""
        if self._is_filled:
            return 0
        self._is_filled = True
        taken = 0
        for pot, lots in zip(self.tiers, self.rule.sizes(cap), strict=True):
            part = min(lots, max(0, available - taken))
            pot.put(matter.instrument, part)
            self._office.note(matter, self.rule.kind, "reserve_filled", lots=part)
            if part < lots:
                self._office.note(matter, self.rule.kind, "rule_unmet", lots=lots - part, note="cap is used up")
            taken += part
        return taken

    def put(self, matter: Matter, lots: int) -> None:
        """Put lots that stayed unsold into the tiers, in equal parts."""
        for pot, part in zip(self.tiers, largest_remainder(lots, [1] * len(self.tiers)), strict=True):
            pot.put(matter.instrument, part)

    def draw(self, instrument: int, lots: int) -> None:
        """Hand lots to the government for sale in an auction, those of the first tier first."""
        for pot in self.tiers:
            part = min(lots, pot.lots)
            pot.draw(instrument, part)
            lots -= part

    def note_auction(self, day: int, price_ticks: int) -> None:
        """Note the price of an auction: it may open a sale on the same day."""
        self._auction = (day, price_ticks)

    def hold(self, matter: Matter, on: date, deadline: date, bidders: Bidders) -> list[Sale]:
        """Hold the sales that are due, and return what was sold.

        Parameters
        ----------
        on, deadline : date
            Today, and the trading day on which the period's duty is due.
        """
        rule, day = self.rule, self._office.market.registry.day
        opened = self._auction[0] == day and rule.opens(self._auction[1], on.year)
        sales: list[Sale] = []
        if self.lots and (opened or rule.is_before_deadline(on, deadline)):
            sales.extend(self._sell_tiers(matter, on.year, bidders))
        if not self.lots and rule.is_ceiling_due(on, deadline):
            sales.extend(self._sell_at_ceiling(matter, on.year, bidders))
        return sales

    def _sell_tiers(self, matter: Matter, year: int, bidders: Bidders) -> list[Sale]:
        prices = self.rule.prices(year)
        bids = _covered(bidders.reserve_bids(prices), self._office.accounts)
        awards = self.rule.serve([pot.lots for pot in self.tiers], bids.tier, bids.lots)
        awards = self._payable(matter, bids, awards, prices)
        sales = []
        for k, price in enumerate(prices):
            lots, offered = int(awards[k].sum()), self.tiers[k].lots
            sales.append(Sale(offered, lots, price, len(np.unique(bids.account)), k))
            if lots:
                self.tiers[k].draw(matter.instrument, lots)
                deliver(self._office, matter, bids.account, awards[k], np.full(len(bids.account), price))
                self._office.note(
                    matter, self.rule.kind, "reserve_sale", lots=lots, price_ticks=price, note=f"tier {k + 1}"
                )
        if not self.lots:
            self._office.note(matter, self.rule.kind, "reserve_exhausted")
        return sales

    def _payable(self, matter: Matter, bids: ReserveBids, awards: Int64, prices: tuple[int, ...]) -> Int64:
        """Strike out bids whose bidder cannot pay for all that it won."""
        value = self._office.books[matter.right].right.tick_value_fen
        due = (awards * np.array(prices, np.int64)[:, np.newaxis]).sum(axis=0) * value
        owed = {int(a): 0 for a in bids.account}
        for account, fen in zip(bids.account.tolist(), due.tolist(), strict=True):
            owed[account] += fen
        cash = self._office.market.registry.cash
        poor = [a for a, fen in owed.items() if fen > cash[a]]
        for account in poor:
            lots = int(awards[:, bids.account == account].sum())
            self._office.note(matter, self.rule.kind, "payment_failed", account=account, lots=lots)
        return np.where(np.isin(bids.account, poor), 0, awards)

    def _sell_at_ceiling(self, matter: Matter, year: int, bidders: Bidders) -> list[Sale]:
        """Sell units to each firm for what it lacks; they are surrendered at once."""
        rule, office, obligations = self.rule, self._office, self._office.market.obligations
        assert rule.ceiling is not None
        if not obligations.is_verified(*matter.key):
            office.note(matter, rule.kind, "rule_unmet", note="use is not verified: nobody knows what is lacking")
            return []
        price = rule.ceiling.price(year)
        bids = _covered(bidders.ceiling_bids(price), office.accounts)
        value = price * office.books[matter.right].right.tick_value_fen
        set_duty(office, matter)
        lacking = self._lacking(matter, obligations.duty_lots(*matter.key))[bids.account]
        wanted = np.minimum(np.minimum(bids.lots, lacking), office.market.registry.cash[bids.account] // value)
        if rule.ceiling_units is not None:
            left = rule.ceiling_units - self._at_ceiling.get(matter.period.name, 0)
            if wanted.sum() > left:
                office.note(matter, rule.kind, "reserve_exhausted", lots=int(wanted.sum()) - left, note="ceiling")
                wanted = np.array(largest_remainder(left, wanted.tolist()), np.int64)
        rows = np.flatnonzero(wanted)
        accounts, lots = bids.account[rows], wanted[rows]
        office.market.registry.issue(matter.instrument, accounts, lots)
        office.market.registry.pay(accounts, GOVERNMENT_ACCOUNT, lots * value)
        office.market.registry.surrender(matter.instrument, accounts, lots)
        obligations.record_surrender(*matter.key, lots, accounts)
        office.note_each(matter, rule.kind, "ceiling_sale", accounts, lots, lots * value)
        sold = int(lots.sum())
        self._at_ceiling[matter.period.name] = self._at_ceiling.get(matter.period.name, 0) + sold
        return [Sale(int(bids.lots.sum()), sold, price, len(np.unique(bids.account)), -1)]

    def _lacking(self, matter: Matter, due: Int64) -> Int64:
        """Return what each account must still surrender and does not hold, shape (n_accounts,)."""
        registry, shelf = self._office.market.registry, self._office.shelf(matter.right)
        usable = shelf.instruments[shelf.vintages <= matter.period.vintage]
        held = registry.free[usable].sum(axis=0) + registry.frozen[usable].sum(axis=0)
        done = self._office.market.obligations.surrendered_lots(*matter.key)
        return np.asarray(np.maximum(due - done - held, 0))

    def state(self) -> dict[str, Any]:
        """Return what changes besides the registry."""
        return {
            "is_filled": self._is_filled,
            "at_ceiling": sorted(self._at_ceiling.items()),
            "auction": list(self._auction),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back what `state` returned."""
        self._is_filled = bool(state["is_filled"])
        self._at_ceiling = {name: int(lots) for name, lots in state["at_ceiling"]}
        day, price = state["auction"]
        self._auction = (int(day), int(price))


def deliver(office: Office, matter: Matter, accounts: Int64, lots: Int64, price_ticks: Int64) -> None:
    """Exchange lots on the government's account for the winners' money, row by row."""
    registry = office.market.registry
    won = np.flatnonzero(lots)
    winners = accounts[won].astype(np.int64)
    fen = lots[won] * price_ticks[won] * office.books[matter.right].right.tick_value_fen
    registry.freeze(matter.instrument, GOVERNMENT_ACCOUNT, int(lots.sum()))
    registry.freeze_cash(winners, fen)
    registry.deliver(matter.instrument, GOVERNMENT_ACCOUNT, winners, lots[won], fen, lock_bought=False)
    office.primary.note(matter.instrument, winners, -lots[won])


def _covered(bids: ReserveBids, accounts: Int64) -> ReserveBids:
    """Leave out those who are not covered, and bids for nothing."""
    rows = np.flatnonzero(np.isin(bids.account, accounts) & (bids.lots > 0))
    return ReserveBids(bids.account[rows], bids.lots[rows], bids.tier[rows])
