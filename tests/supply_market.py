"""A market with auctions and bidders whose bids are written down, for tests of the supply of a right.

Cap of 100 lots a year from 2024 to 2026, four auctions a year, nothing given free unless said.  One lot at one tick is
one fen.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np

from rights_market.authority import Authority, Covered
from rights_market.authority.supply import ReserveBids, Supply
from rights_market.exchange.calendar import Period
from rights_market.exchange.sealed_bid import SealedBids
from rights_market.exchange.uniform_calendar import UniformCalendar
from rights_market.market import Market
from rights_market.policies.auction import Auction, AuctionSchedule, SealedUniform
from rights_market.policies.cap import AbsolutePath
from rights_market.registry.accounts import AccountKind, Accounts
from rights_market.rulebook import RuleBook
from tests.compliance_market import assert_journal_replays, rule_book

YEARS = (2024, 2025, 2026)
DAYS = 12
"""Trading days a year: one a month."""
FOUR = AuctionSchedule(per_year=4)


@dataclass
class Scripted:
    """Bidders that do what is written: rows of account, price and lots."""

    bids: list[tuple[int, int, int]] = field(default_factory=list)
    tiers: list[tuple[int, int, int]] = field(default_factory=list)
    """Rows of account, lots and highest tier."""

    @property
    def accounts(self) -> np.ndarray:
        return np.unique(np.array([a for a, *_ in self.bids], np.int32))

    def sealed(self, terms: Auction) -> SealedBids:
        return SealedBids.of(self.bids)

    def demand(self, price_ticks: int, excess: int | None) -> np.ndarray:
        return np.array([sum(n for a, p, n in self.bids if a == who and p >= price_ticks) for who in self.accounts])

    def shot(self, price_ticks: int, lots: np.ndarray) -> np.ndarray:
        return np.array([max(p for a, p, _ in self.bids if a == who) for who in self.accounts])

    def claim(self, price_ticks: int, left: int) -> np.ndarray:
        return np.array([sum(n for a, p, n in self.bids if a == who and p == price_ticks) for who in self.accounts])

    def reserve_bids(self, prices: tuple[int, ...]) -> ReserveBids:
        table = np.array(self.tiers, np.int64).reshape(-1, 3)
        return ReserveBids(table[:, 0], table[:, 1], table[:, 2])

    def ceiling_bids(self, price_ticks: int) -> ReserveBids:
        return self.reserve_bids((price_ticks,))


class Stage:
    """A market whose days are opened and closed by hand."""

    def __init__(self, auction: Auction | None = None, n_firms: int = 3, cash: int = 1_000_000, **rules: Any) -> None:
        given = {
            "cap": AbsolutePath(table=dict.fromkeys(YEARS, 100)),
            "auction": auction or SealedUniform(schedule=FOUR),
        }
        self.book: RuleBook = rule_book(*YEARS, **given | rules)
        accounts = Accounts()
        self.firms = accounts.open_many(AccountKind.COMPLIANCE, [f"firm {i}" for i in range(n_firms)])
        self.market = Market([self.book], accounts)
        self.calendar = UniformCalendar(YEARS[0], len(YEARS), DAYS)
        sectors = ("power",) * n_firms
        owners = ("", *("holding",) * (n_firms - 1))
        self.authority = Authority(self.market, Covered(self.firms, sectors, owners=owners), self.calendar)
        self.market.registry.deposit(self.firms, np.full(n_firms, cash, np.int64))

    @property
    def supply(self) -> Supply:
        return self.authority.supplies["CEA"]

    @property
    def today(self) -> date:
        return self.calendar.days[self.market.day]

    def period(self, year: int) -> Period:
        return next(p for p in self.book.periods if p.vintage == year)

    def go_to(self, year: int, month: int) -> None:
        """Close the day that is open, and open that of a month."""
        if self.market.day >= 0:
            self.market.close_day()
        day = (year - YEARS[0]) * DAYS + month - 1
        self.market.open_day(day, [k for k, y in enumerate(YEARS) if y <= year], self.calendar.days[day])

    def plan(self, *years: int, free: int = 0) -> None:
        for year in years or YEARS:
            self.supply.volumes.plan_period(self.period(year), free)

    def hold(self, year: int, *bids: tuple[int, int, int]) -> dict[str, Any]:
        """Hold the next auction on its day, with firm number, price and lots of each bid; ties by row."""
        when = self.supply.volumes.days[self.supply.volumes.plan.done][0]
        day = self.calendar.days.index(when)
        if self.market.day < day:
            if self.market.day >= 0:
                self.market.close_day()
            self.market.open_day(day, [k for k, y in enumerate(YEARS) if y <= year], self.calendar.days[day])
        rows = [(int(self.firms[firm]), price, lots) for firm, price, lots in bids]
        self.supply.hold(self.period(year), Scripted(rows), np.arange)
        return self.supply.auctions.results[-1]

    def skip(self, count: int) -> None:
        """Hold auctions to which nobody comes, on whatever day it is."""
        for _ in range(count):
            volumes = self.supply.volumes
            self.supply.hold(volumes.days[volumes.plan.done][1], Scripted(), np.arange)

    def held(self, year: int) -> list[int]:
        """Free lots of a vintage on the firms' accounts."""
        return self.market.registry.free[YEARS.index(year), self.firms].tolist()

    def events(self, *codes: str) -> list[tuple[Any, ...]]:
        """Events as (rule, code, account, lots, note)."""
        return [(e.rule, e.code, e.account, e.lots, e.note) for e in self.market.events if e.code in codes]

    def check(self) -> None:
        """Nothing was created or lost, and the journal tells all."""
        self.market.audit()
        assert_journal_replays(self.market)
