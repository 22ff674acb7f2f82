"""The primary market: firms bid in the government's auctions for what they will lack.

A firm splits its need into three bids around what a unit is worth to it, as far as its cash goes.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rights_market import Event
from rights_market.exchange.auction_result import AuctionResult
from rights_market.exchange.calendar import Dated, Entry, TradingCalendar
from rights_market.exchange.sealed_bid import SealedBids, clear
from rights_market.policies.auction import AuctionCalendarState
from rights_market.registry.accounts import GOVERNMENT_ACCOUNT
from rights_market.rulebook import RuleBook
from rights_market.units import exact

if TYPE_CHECKING:
    from agents.model import RightsMarketModel
    from agents.progress import RightProgress

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

SECONDARY_DAYS = 5
"""Trading days before an auction whose prices a secret reserve is derived from."""
STEPS = ((1.05, 1 / 3), (1.0, 1 / 3), (0.95, 1 / 3))
"""Bids of a firm: price relative to its value, and the part of its need."""


class PrimaryMarket:
    """Holds auctions on their dates, and keeps what is left to sell.

    Attributes
    ----------
    results : list of dict
        One row an auction: day, right, vintage, offered, sold, price and reserve in ticks, bidders, code.
    """

    def __init__(self, model: RightsMarketModel) -> None:
        self.model = model
        self.results: list[dict[str, Any]] = []
        self._plans: dict[str, AuctionCalendarState] = {}
        self._planned: set[tuple[str, str]] = set()
        self._sold: dict[tuple[str, int], int] = {}

    def hold(self, progress: RightProgress, period_name: str) -> None:
        """Hold one auction."""
        model, book = self.model, progress.rules
        rules = book.auction
        assert rules is not None
        period = progress.uses[progress.position(period_name)].period
        state = self._state(progress, period_name)
        offered = state.offer(state.done)
        year = model.calendar.days[model.day].year
        reserve = rules.reserve_ticks(year)
        bids = self._bids(progress, period_name)
        order = model.streams["auction_ties"].permutation(len(bids))
        secret = rules.secret_reserve_ticks(self._secondary_mean(progress))
        result = clear(rules, offered, bids, order, reserve_ticks=reserve, secret_reserve_ticks=secret)
        self._deliver(progress, period.vintage, bids, result)
        self._plans[book.right.code] = state.settle(state.done, result.sold, result.price_ticks > reserve)
        self._write(progress, period.vintage, offered, reserve, bids, result)
        model.expectations.hear(progress.index)

    def _secondary_mean(self, progress: RightProgress) -> Fraction:
        """Return the mean price of the last five trading days in the secondary market, ticks, not rounded."""
        model = self.model
        value, lots = model.recorder.window(progress.instruments, model.day - 1, SECONDARY_DAYS)
        if lots == 0:
            return exact(float(model.desk.last_price[progress.index]))
        return Fraction(value, lots * progress.rules.right.tick_value_fen)

    def sold_lots(self, code: str, vintage: int) -> int:
        """Return the lots of an instrument sold in auctions so far."""
        return self._sold.get((code, vintage), 0)

    def _state(self, progress: RightProgress, period_name: str) -> AuctionCalendarState:
        """Return the schedule, with the lots of the period planned once its first auction comes."""
        model, book = self.model, progress.rules
        assert book.auction is not None and book.cap is not None
        code = book.right.code
        state = self._plans.get(code, AuctionCalendarState(book.auction.schedule))
        if (code, period_name) not in self._planned:
            k = progress.position(period_name)
            cap = sum(book.cap.cap(y) for y in progress.uses[k].years)
            free = int(model.year_course.free_lots(progress, k).sum())
            if free > cap:
                instrument = progress.instruments[k]
                model.authority.note(
                    Event(
                        model.day,
                        "auction",
                        "cap",
                        "rule_unmet",
                        instrument=instrument,
                        lots=free - cap,
                        note="free over cap",
                    )
                )
            count = len(model.agenda_days("auction", code, period_name))
            state = state.extend(max(0, cap - free), count)
            self._planned.add((code, period_name))
        return state

    def _bids(self, progress: RightProgress, period_name: str) -> SealedBids:
        """Return the bids of firms that expect to lack units of the period."""
        model, r = self.model, progress.index
        right = progress.rules.right
        k = progress.position(period_name)
        need = model.year_course.expected_use(progress, k) / float(right.lot)
        given = model.year_course.expected_lots(progress, k)
        accounts = model.accounts_of[: len(model.firms)]
        registry = model.market.registry
        held = sum((registry.free[i] + registry.frozen[i])[accounts] for i in progress.instruments[: k + 1])
        spare = held - progress.issued_lots[k]
        lack = np.where(model.firms.covered[:, r], np.maximum(0.0, need - given - spare), 0.0)
        value = model.values_yuan()[:, r] / float(right.tick_yuan)
        budget = registry.cash[accounts] / float(right.tick_value_fen)
        size = rules.lot_size if (rules := progress.rules.auction) is not None else 1
        rows: list[tuple[int, int, int]] = []
        for firm in np.flatnonzero((lack >= 1.0) & (value >= 1.0)):
            left = float(budget[firm])
            for factor, part in STEPS:
                price = max(1, round(float(value[firm]) * factor))
                lots = min(int(lack[firm] * part), int(left / price)) // size * size
                if lots > 0:
                    rows.append((int(accounts[firm]), min(price, right.max_price_ticks), lots))
                    left -= price * lots
        return SealedBids.of(rows)

    def _deliver(self, progress: RightProgress, vintage: int, bids: SealedBids, result: AuctionResult) -> None:
        """Issue what was sold to the government, and exchange it for the winners' money."""
        if not result.sold:
            return
        model, right = self.model, progress.rules.right
        registry = model.market.registry
        instrument = model.market.instruments.of(right.code, vintage).index
        self._sold[right.code, vintage] = self.sold_lots(right.code, vintage) + result.sold
        won = np.flatnonzero(result.awards > 0)
        fen = result.awards[won] * result.price_ticks * right.tick_value_fen
        winners = bids.account[won].astype(np.int64)
        registry.issue(instrument, GOVERNMENT_ACCOUNT, result.sold)
        registry.freeze(instrument, GOVERNMENT_ACCOUNT, result.sold)
        registry.freeze_cash(winners, fen)
        registry.deliver(instrument, GOVERNMENT_ACCOUNT, winners, result.awards[won], fen, lock_bought=False)

    def _write(
        self, progress: RightProgress, vintage: int, offered: int, reserve: int, bids: SealedBids, result: AuctionResult
    ) -> None:
        model = self.model
        instrument = model.market.instruments.of(progress.rules.right.code, vintage).index
        self.results.append(
            {
                "day": model.day,
                "right": progress.index,
                "vintage": vintage,
                "offered": offered,
                "sold": result.sold,
                "price_ticks": result.price_ticks,
                "reserve_ticks": reserve,
                "bidders": len(np.unique(bids.account)),
                "code": result.code,
            }
        )
        model.authority.note(
            Event(
                model.day,
                "auction",
                "sealed_uniform",
                result.code,
                instrument=instrument,
                lots=result.sold,
                price_ticks=result.price_ticks,
                note=result.note,
            )
        )

    def state(self) -> dict[str, Any]:
        """Return what changes over time."""
        return {
            "results": [dict(r) for r in self.results],
            "plans": {code: plan.state() for code, plan in self._plans.items()},
            "planned": sorted(self._planned),
            "sold": sorted(self._sold.items()),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Put back what `state` returned."""
        self.results = [dict(r) for r in state["results"]]
        self._planned = {(code, name) for code, name in state["planned"]}
        self._sold = {(code, int(vintage)): int(lots) for (code, vintage), lots in state["sold"]}
        self._plans = {}
        for code, saved in state["plans"].items():
            book = next(b for b in self.model.config.rule_books if b.right.code == code)
            assert book.auction is not None
            self._plans[code] = AuctionCalendarState.of(book.auction.schedule, saved)


def auction_dates(book: RuleBook, calendar: TradingCalendar) -> list[Dated]:
    """Return the dates on which a right is auctioned, each for the period in whose use it falls."""
    if book.auction is None:
        return []
    found = []
    for year in calendar.years:
        for when in book.auction.schedule.days_in(calendar.days, year):
            period = next((p for p in book.periods if p.use_from <= when <= p.use_to), None)
            if period is not None:
                found.append(Dated(when, Entry("auction", book.right.code, period.name)))
    return found
