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
from rights_market.policies.government_reserve import GovernmentReserve
from rights_market.policies.lots import take_in_order
from rights_market.policies.zones import NO_ZONE
from rights_market.records import Event, Orders
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

    def put(self, matter: Matter, lots: int) -> None:
        """Issue lots into the reserve that lie in no zone."""
        self._office.market.registry.issue(matter.instrument, GOVERNMENT_ACCOUNT, lots)
        key = matter.right, matter.instrument, NO_ZONE
        self.stock[key] = self.stock.get(key, 0) + lots
        self._office.note(matter, self._rules[matter.right].kind, "unclaimed", lots=lots)

    # -- release

    def release_to(self, right: str, account: int, lots: int, *, missed: bool = False) -> int:
        """Sell to an approved new project what it lacks, as far as the reserve and its money go; return the lots.

        Lots from another zone count for their trading ratio, and not at all where they may not go, or where the
        project's zone `missed` its standard.
        """
        rule, registry = self._rules[right], self._office.market.registry
        price = rule.sale_price_ticks * self._office.books[right].right.tick_value_fen
        given = 0
        for key in [k for k in sorted(self.stock) if k[0] == right]:
            ratio = self._ratio(right, key[2], account, missed)
            if not ratio or given == lots:
                continue
            units = min(ceil((lots - given) / ratio), self.stock[key])
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
        own = [
            (self._ratio(right, zone, account, missed), n) for (code, _, zone), n in self.stock.items() if code == right
        ]
        return sum(floor(ratio * n) for ratio, n in own)

    def _zone(self, right: str, account: int) -> int:
        return self._zones.of[right].zone_of_account(account) if right in self._zones.of else NO_ZONE

    def _ratio(self, right: str, zone: int, account: int, missed: bool) -> Fraction:
        if right not in self._zones.of:
            return Fraction(1)
        return self._zones.of[right].replacement_ratio(zone, self._zone(right, account), missed=missed)

    def offer(self, right: str, mean_ticks: Fraction) -> int:
        """Put lots on sale in the book for today if a month's mean price is high enough; return how many.

        What is not bought goes back with the close, and `settle_sales` counts what was.
        """
        rule, market = self._rules[right], self._office.market
        stock = sum(n for (code, i, _), n in self.stock.items() if code == right and market.is_open[i])
        left = rule.releases(mean_ticks, stock)
        offered = 0
        for (code, i, _), n in sorted(self.stock.items()):
            lots = min(left - offered, n)
            if code == right and lots > 0 and market.is_open[i]:
                self._before_sale[code, i] = self._own(i)
                order = Orders.of(GOVERNMENT_ACCOUNT, i, Side.ASK, rule.sale_price_ticks, lots)
                if not market.submit(order).reason.any():
                    offered += lots
        return offered

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
    ) -> None:
        market = self._office.market
        event = Event(market.day, "year_close", rule.kind, code, account, instrument, lots, money_fen=money_fen)
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
