"""The government's reserve of bought-back rights: idle holdings come in, new projects and dear months take out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from rights_market.authority.office import Matter, Office
from rights_market.authority.zones import Zones
from rights_market.exchange.calendar import Hook
from rights_market.policies.government_reserve import GovernmentReserve
from rights_market.policies.lots import take_in_order
from rights_market.policies.zones import NO_ZONE
from rights_market.records import Event, Orders, Reason, Trades
from rights_market.registry.accounts import GOVERNMENT_ACCOUNT
from rights_market.units import Side, ceil, floor

Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

DAYS_OF_YEAR = 365
MONTH = 21
"""Trading days over which the mean price is taken that releases the reserve."""


class Reserve:
    """The reserves of all rights that have one.

    Parameters
    ----------
    office : Office

    Attributes
    ----------
    spent_fen : dict of str to int
        Money spent on buying back, by code of the right.
    stock : dict of (str, int, int) to int
        Lots in reserve, by code of the right, instrument and zone from which they came (-1 where there are no zones).
    """

    def __init__(self, office: Office, zones: Zones) -> None:
        self._office, self._zones = office, zones
        self._rules = {
            code: book.government_reserve for code, book in office.books.items() if book.government_reserve is not None
        }
        self.spent_fen: dict[str, int] = dict.fromkeys(self._rules, 0)
        self.stock: dict[tuple[str, int, int], int] = {}
        self._before_sale: dict[tuple[str, int], int] = {}

    @property
    def rights(self) -> dict[str, GovernmentReserve]:
        """Rules by code of the right."""
        return self._rules

    def price_fen(self, right: str, on: date) -> int:
        """Return what is paid for a lot on a day, fen: a fee counts for the years left to the end of the periods."""
        last = max(p.use_to for p in self._office.books[right].periods)
        return self._rules[right].price_fen(Fraction(max(0, (last - on).days), DAYS_OF_YEAR))

    def idle_lots(self, right: str, is_closed: Bool | None = None) -> tuple[Int64, Int64]:
        """Return the idle lots of each firm and for how many verified years they have been, shape (n_firms,)."""
        rule, accounts = self._rules[right], self._office.accounts
        held, use = self._held(right).sum(axis=0), self._verified(right)
        closed = np.zeros(len(accounts), np.bool_) if is_closed is None else is_closed
        below = np.logical_and.accumulate((use < held)[::-1], axis=0).sum(axis=0) if len(use) else np.zeros_like(held)
        return rule.idle_lots(held, use, closed), np.where(closed, DAYS_OF_YEAR, below)

    def buy_back(self, right: str, on: date, accepts: Bool, is_closed: Bool | None = None) -> Int64:
        """Buy idle lots while the budget lasts, and return how many of each firm.

        Pledged lots are not bought but listed.

        Parameters
        ----------
        accepts : ndarray of bool, shape (n_firms,)
            Who would sell at `price_fen`; nobody is asked where buying back is compulsory.
        is_closed : ndarray of bool, shape (n_firms,), optional
            Firms that have closed.
        """
        rule = self._rules[right]
        idle, years = self.idle_lots(right, is_closed)
        free = self._free(right)
        self._each(rule, "idle_pledged", np.minimum(np.maximum(idle - free.sum(axis=0), 0), self._pledged(right)))
        willing = accepts if rule.buyback == "voluntary" else np.ones_like(accepts)
        offered = np.where(willing, np.minimum(idle, free.sum(axis=0)), 0)
        price = self.price_fen(right, on)
        bought = rule.buy(offered, years, price, rule.budget_fen - self.spent_fen[right])
        self._take(right, bought.lots, free, price)
        self._each(rule, "buyback", bought.lots, price)
        if bought.unfunded_lots:
            self._note(rule, "reserve_unfunded", lots=bought.unfunded_lots)
        return bought.lots

    def _take(self, right: str, lots: Int64, free: Int64, price_fen: int) -> None:
        registry, shelf = self._office.market.registry, self._office.shelf(right)
        rows = np.flatnonzero(lots)
        if not rows.size:
            return
        cost = lots[rows] * price_fen
        # The treasury's money, which comes into the market with the purchase.
        registry.deposit(GOVERNMENT_ACCOUNT, int(cost.sum()))
        registry.pay(np.full(rows.size, GOVERNMENT_ACCOUNT), self._office.accounts[rows], cost)
        self.spent_fen[right] += int(cost.sum())
        for i, part in zip(shelf.instruments.tolist(), take_in_order(lots, free), strict=True):
            givers = np.flatnonzero(part)
            if givers.size:
                registry.transfer(i, self._office.accounts[givers], GOVERNMENT_ACCOUNT, part[givers])
                for row in givers.tolist():
                    key = right, i, self._zone(right, int(self._office.accounts[row]))
                    self.stock[key] = self.stock.get(key, 0) + int(part[row])

    def set_aside(self, matter: Matter, year: int, cap_lots: int) -> int:
        """Put the reserve's share of a cap that has just been set into it, and return it in lots."""
        rule = self._rules.get(matter.right)
        lots = 0 if rule is None else rule.set_aside(cap_lots)
        if lots:
            self.put(matter, lots, "reserve_filled", f"{year}")
        return lots

    def put(self, matter: Matter, lots: int, code: str = "unclaimed", note: str = "") -> None:
        """Issue lots into the reserve that lie in no zone."""
        self._office.market.registry.issue(matter.instrument, GOVERNMENT_ACCOUNT, lots)
        key = matter.right, matter.instrument, NO_ZONE
        self.stock[key] = self.stock.get(key, 0) + lots
        self._office.note(matter, self._rules[matter.right].kind, code, lots=lots, note=note)

    # -- release

    def release_to(self, right: str, account: int, lots: int, *, missed: bool = False) -> int:
        """Sell to a new project or a strategic firm what it lacks, as far as the reserve and its money go.

        Returns the lots that count for it.

        Lots from another zone count for their trading ratio, and not at all where they may not go, or where the
        project's zone `missed` its standard.
        """
        rule, registry = self._rules[right], self._office.market.registry
        price = rule.sale_price_ticks * self._office.books[right].right.tick_value_fen
        self._reset_validity(right)
        given = 0
        for key in [k for k in sorted(self.stock) if k[0] == right]:
            ratio = self._ratio(right, key[2], account, missed)
            if not ratio or given == lots:
                continue
            units = min(ceil((lots - given) / ratio), self._spare(key))
            units = units if not price else min(units, int(registry.cash[account]) // price)
            credited = min(lots - given, floor(ratio * units))
            units = ceil(credited / ratio)
            if units:
                registry.transfer(key[1], GOVERNMENT_ACCOUNT, account, units)
                registry.cancel(key[1], account, units - credited)
                registry.pay(account, GOVERNMENT_ACCOUNT, units * price)
                self.stock[key] -= units
                given += credited
                self._note(rule, "reserve_released", lots=credited, money_fen=units * price, account=account)
        if given < lots:
            self._note(rule, "rule_unmet", lots=lots - given, account=account)
        return given

    def available_lots(self, right: str, account: int, *, missed: bool = False) -> int:
        """Return what an account could get from the reserve, in lots that count for it, whatever its money."""
        own = [(self._ratio(right, key[2], account, missed), self._spare(key)) for key in self.stock if key[0] == right]
        return sum(floor(ratio * n) for ratio, n in own)

    def _spare(self, key: tuple[str, int, int]) -> int:
        """Return the lots of a part of the reserve that are not on sale."""
        return min(self.stock[key], int(self._office.market.registry.free[key[1], GOVERNMENT_ACCOUNT]))

    def _reset_validity(self, right: str) -> None:
        """Make lots that are to be released those of the newest vintage that is traded, where the rule says so."""
        rule, market = self._rules[right], self._office.market
        traded = [i for i in self._office.shelf(right).instruments.tolist() if market.is_open[i]]
        if not rule.validity_reset or not traded:
            return
        newest = traded[-1]
        for key in [k for k in sorted(self.stock) if k[0] == right and k[1] < newest]:
            lots = self._spare(key)
            if lots:
                market.registry.carry_over(key[1], newest, GOVERNMENT_ACCOUNT, lots)
                self.stock[key] -= lots
                into = right, newest, key[2]
                self.stock[into] = self.stock.get(into, 0) + lots
                self._note(rule, "validity_reset", lots=lots, instrument=newest, hook="session")

    def _zone(self, right: str, account: int) -> int:
        return self._zones.of[right].zone_of_account(account) if right in self._zones.of else NO_ZONE

    def _ratio(self, right: str, zone: int, account: int, missed: bool) -> Fraction:
        if right not in self._zones.of:
            return Fraction(1)
        return self._zones.of[right].replacement_ratio(zone, self._zone(right, account), missed=missed)

    def offer(self, right: str, mean_ticks: Fraction) -> int:
        """Put lots on sale if a month's mean price is high enough, and return how many.

        In the book they are on sale for the day: what is not bought goes back with the close, and `settle_sales` counts
        what was.  An auction is announced, by the terms of the right's rule; what it does not sell stays in reserve.
        """
        rule, market = self._rules[right], self._office.market
        if not rule.releases(mean_ticks, 1) or self._is_auctioned(right):
            return 0
        self._reset_validity(right)
        open_now = [key for key in sorted(self.stock) if key[0] == right and market.is_open[key[1]]]
        left = rule.releases(mean_ticks, sum(self._spare(key) for key in open_now))
        offered = 0
        for key in open_now:
            lots = min(left - offered, self._spare(key))
            if lots > 0 and self._put_on_sale(rule, key, lots):
                offered += lots
        return offered

    def _is_auctioned(self, right: str) -> bool:
        """Return whether an auction of the reserve is announced or held."""
        instruments = self._office.shelf(right).instruments
        return any(
            a.account == GOVERNMENT_ACCOUNT and a.instrument in instruments
            for a in self._office.market.one_way.auctions
        )

    def _put_on_sale(self, rule: GovernmentReserve, key: tuple[str, int, int], lots: int) -> bool:
        market, (right, i, _) = self._office.market, key
        if rule.release_mode == "auction":
            start = rule.start_ticks(self._office.books[right].right.tick_value_fen)
            return market.one_way.announce(GOVERNMENT_ACCOUNT, i, Side.ASK, lots, start)[0] is Reason.ACCEPTED
        self._before_sale[right, i] = self._own(i)
        order = Orders.of(GOVERNMENT_ACCOUNT, i, Side.ASK, rule.sale_price_ticks, lots)
        return not market.submit(order).reason.any()

    def count_sales(self, trades: Trades) -> None:
        """Count what the reserve sold in auctions."""
        for row in np.flatnonzero(trades.seller == GOVERNMENT_ACCOUNT).tolist():
            i, lots, price = int(trades.instrument[row]), int(trades.lots[row]), int(trades.price_ticks[row])
            right = self._office.market.instruments[i].right
            self.stock[right.code, i, NO_ZONE] -= lots
            money, buyer = lots * price * right.tick_value_fen, int(trades.buyer[row])
            paid = {"lots": lots, "money_fen": money, "account": buyer, "instrument": i}
            self._note(self._rules[right.code], "reserve_released", **paid, hook="session")
            self._office.primary.note(i, np.array([buyer]), np.array([-lots]))

    def settle_sales(self) -> None:
        """Count what was sold from the book today."""
        for (code, i), before in self._before_sale.items():
            sold = before - self._own(i)
            if sold:
                self.stock[code, i, NO_ZONE] -= sold
                self._note(self._rules[code], "reserve_released", lots=sold, instrument=i)
        self._before_sale = {}

    def _own(self, instrument: int) -> int:
        registry = self._office.market.registry
        return int(registry.free[instrument, GOVERNMENT_ACCOUNT] + registry.frozen[instrument, GOVERNMENT_ACCOUNT])

    # -- parts

    def _at(self, right: str) -> Any:
        return np.ix_(self._office.shelf(right).instruments, self._office.accounts)

    def _held(self, right: str) -> Int64:
        registry, at = self._office.market.registry, self._at(right)
        return np.asarray(registry.free[at] + registry.frozen[at] + registry.pledged[at])

    def _free(self, right: str) -> Int64:
        return np.array(self._office.market.registry.free[self._at(right)])

    def _pledged(self, right: str) -> Int64:
        return np.asarray(self._office.market.registry.pledged[self._at(right)].sum(axis=0))

    def _verified(self, right: str) -> Int64:
        """Return verified use by year, shape (n_years, n_firms); a period of several years counts in equal parts."""
        obligations, accounts = self._office.market.obligations, self._office.accounts
        rows = [
            -(-obligations.verified_lots(right, p.name)[accounts] // len(p.years))
            for p in self._office.books[right].periods
            if obligations.is_verified(right, p.name)
            for _ in p.years
        ]
        return np.array(rows, np.int64).reshape(len(rows), len(accounts))

    def _each(self, rule: GovernmentReserve, code: str, lots: Int64, price_fen: int = 0) -> None:
        for row in np.flatnonzero(lots).tolist():
            n = int(lots[row])
            self._note(rule, code, lots=n, money_fen=n * price_fen, account=int(self._office.accounts[row]))

    def _note(
        self,
        rule: GovernmentReserve,
        code: str,
        *,
        lots: int,
        money_fen: int = 0,
        account: int = -1,
        instrument: int = -1,
        hook: Hook = "year_close",
    ) -> None:
        market = self._office.market
        event = Event(market.day, hook, rule.kind, code, account, instrument, lots, money_fen=money_fen)
        market.events.append(event)

    def state(self) -> dict[str, Any]:
        """Return what changes over time."""
        return {
            "spent_fen": sorted(self.spent_fen.items()),
            "stock": [[*key, n] for key, n in self.stock.items()],
            "before_sale": [[*key, n] for key, n in self._before_sale.items()],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back what `state` returned."""
        self.spent_fen = {code: int(fen) for code, fen in state["spent_fen"]}
        self.stock = {(code, int(i), int(zone)): int(n) for code, i, zone, n in state["stock"]}
        self._before_sale = {(code, int(i)): int(n) for code, i, n in state["before_sale"]}
