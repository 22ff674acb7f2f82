"""The primary market as firms meet it: they bid for what they will lack, and hand the authority what it asks for.

The authority plans, holds and settles auctions and sales (`rights_market.authority.supply`); here stands who bids.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from agents.bidding import FirmBidders
from agents.cover import share_left
from agents.resale import resellers
from agents.valuation import worth_of_a_lack
from rights_market.authority.supply import Supply
from rights_market.policies.auction import DescendingClock

if TYPE_CHECKING:
    from agents.model import RightsMarketModel
    from agents.progress import RightProgress

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class PrimaryMarket:
    """Brings the firms to auctions and sales of reserves.

    Parameters
    ----------
    model : RightsMarketModel
    """

    def __init__(self, model: RightsMarketModel) -> None:
        self.model = model

    def hold(self, progress: RightProgress, period_name: str) -> None:
        """Bid in an auction."""
        supply = self._supply(progress)
        k = progress.position(period_name)
        while not supply.volumes.is_planned(period_name):
            self._plan_next(progress, supply)
        ties = self.model.streams["auction_ties"].permutation
        period = progress.uses[k].period
        supply.hold(period, self.bidders(progress, k), ties)
        target = supply.volumes.advance_target(period)
        if target is not None:
            later = progress.position(target.name)
            supply.hold_advance(period, self.bidders(progress, later, target.vintage - period.vintage), ties)
        self.model.expectations.hear(progress.index)

    def deliver(self, progress: RightProgress, period_name: str) -> None:
        """Have delivered and paid what was won in auctions some days ago."""
        self._supply(progress).deliver()
        self.model.expectations.hear(progress.index)

    def awaited_lots(self, progress: RightProgress, k: int) -> Ints:
        """Return what each account has won of a period's units and not received yet, shape (n_accounts,)."""
        return self._supply(progress).auctions.deliveries.awaited_lots(progress.uses[k].period.vintage)

    def to_receive(self, progress: RightProgress, k: int) -> Ints | int:
        """Return what each firm has won of units usable in a period and not received yet, shape (n_firms,) or 0."""
        code = progress.rules.right.code
        if code not in self.model.authority.supplies or not self._supply(progress).auctions.deliveries.waiting:
            return 0
        accounts = self.model.accounts_of[: len(self.model.firms)]
        return np.asarray(sum(self.awaited_lots(progress, j)[accounts] for j in range(k + 1)))

    def sell_reserves(self, progress: RightProgress, period_name: str) -> None:
        """Bid in a sale of reserves, if one is held."""
        k = progress.position(period_name)
        today = self.model.calendar.days[self.model.day]
        self._supply(progress).sell_reserves(progress.uses[k].period, today, self.bidders(progress, k))
        self.model.expectations.hear(progress.index)

    def open_year(self, progress: RightProgress, year: str) -> None:
        """Let reserves be filled and cancelled at the turn of the year."""
        self._supply(progress).open_year(int(year))

    def close_year(self, progress: RightProgress, year: str) -> None:
        """Let the figures of 31 December be taken down."""
        self._supply(progress).close_year(int(year))

    def review(self, progress: RightProgress, when: str) -> None:
        """Let the authority review the supply: of a year, or at the end of a month such as ``2025-06``."""
        supply = self._supply(progress)
        year, _, month = when.partition("-")
        self._plan_until(progress, supply, supply.window_end(int(year)))
        if month:
            draw = float(self.model.streams["authority"].random())
            supply.look_at_price(int(year), int(month), draw)
        else:
            supply.review(int(year))
        self.model.expectations.hear(progress.index)

    def bidders(self, progress: RightProgress, k: int, ahead: int = 0) -> FirmBidders:
        """Return those who may bid and want units of a period, and value them at a tick or more.

        Firms bid for what they expect to lack; others, where they may, for what they hope to resell.  Units that may
        be surrendered only some years `ahead` are worth less by the interest until then.
        """
        model, r = self.model, progress.index
        right, auction = progress.rules.right, progress.rules.auction
        assert auction is not None
        accounts = model.accounts_of[: len(model.firms)]
        discount = (1.0 + model.behaviour.discount_rate) ** -ahead
        lack = np.maximum(-self.spare_lots(progress, k, ahead), 0.0)
        ceiling, market = discount * self._ceiling(progress), discount * float(model.desk.last_price[r])
        value = self.worth_ticks(progress, ahead, market, share_left(model, progress, k))
        if auction.eligible == "all":
            others = resellers(model, progress)
            accounts = np.concatenate([accounts, others.accounts])
            lack, value = np.concatenate([lack, others.lots]), np.concatenate([value, discount * others.value])
            ceiling = np.concatenate([ceiling, np.zeros(len(others.accounts))])
        may = self._supply(progress).may_bid(model.calendar.days[model.day])[accounts]
        rows = np.flatnonzero((lack >= 1.0) & (value >= 1.0) & may)
        # What was won before and is not paid yet is spoken for.
        owed_fen = self._supply(progress).auctions.deliveries.owed_fen()
        cash_fen = np.maximum(model.market.registry.cash - owed_fen, 0)[accounts]
        return FirmBidders(
            firms=accounts[rows],
            lack=lack[rows],
            value=value[rows],
            ceiling=ceiling[rows],
            budget=cash_fen[rows] / float(right.tick_value_fen),
            market_ticks=market,
            lot_size=auction.lot_size,
            max_price_ticks=right.max_price_ticks,
            pays_claims=not isinstance(auction, DescendingClock) or auction.pay == "claim_price",
        )

    def worth_ticks(self, progress: RightProgress, ahead: int, market: float, left: float = 1.0) -> Floats:
        """Return what a unit that it lacks of a vintage some years `ahead` is worth to each firm, ticks.

        Parameters
        ----------
        market : float
            Price of such a unit in the market, ticks.
        left : float
            Part of the period for which the unit still counts.
        """
        discount = (1.0 + self.model.behaviour.discount_rate) ** -ahead
        value = discount * left * self.model.values_yuan()[:, progress.index] / float(progress.rules.right.tick_yuan)
        return worth_of_a_lack(value, market, discount * self._ceiling(progress), self.model.behaviour.anchor)

    def spare_lots(self, progress: RightProgress, k: int, ahead: int) -> Floats:
        """Return the lots that each firm expects to have left over for a period, below 0 to lack, shape (n_firms,).

        Of a period that lies ahead only its own units count: older ones are needed before.  0 for firms that need not
        hold the right.
        """
        model = self.model
        if progress.is_yearly and k == progress.front(model.day):
            left: Floats = np.zeros(len(model.firms))
            rows = model.seats.of_right(progress.index)
            firms = np.arange(rows.start, rows.stop)[model.expectations.is_firm[rows]]
            left[model.seats.trader[firms]] = model.expectations.net_lots(progress, firms)
            return left
        course, lot = model.forecasts, float(progress.rules.right.lot)
        need = course.expected_use(progress, k) / lot
        given = course.expected_lots(progress, k)
        accounts = model.accounts_of[: len(model.firms)]
        registry = model.market.registry

        def held(instruments: list[int]) -> Ints:
            return np.asarray((registry.free + registry.frozen)[instruments][:, accounts].sum(axis=0))

        spare = held(progress.instruments[k : k + 1]) - progress.issued_lots[k]
        spare = spare + self.awaited_lots(progress, k)[accounts]
        if not ahead:
            # What an earlier duty that is still open will take is not there for this one.
            front = progress.front(model.day)
            older = held(progress.instruments[:k]).astype(np.float64)
            for j in range(k if front is None else front, k):
                older += course.expected_lots(progress, j) - progress.issued_lots[j]
                older -= course.expected_use(progress, j) / lot - self._surrendered(progress, j)
            spare = spare + np.maximum(0.0, older)
        forgiven = model.expectations.duties.forgiven(progress, k, need, given)
        covered = model.firms.covered[:, progress.index]
        return np.where(covered, given + spare - (need - forgiven), 0.0)

    def _surrendered(self, progress: RightProgress, k: int) -> Ints:
        obligations, period = self.model.market.obligations, progress.uses[k].period.name
        lots: Ints = obligations.surrendered_lots(progress.rules.right.code, period)
        return lots[self.model.accounts_of[: len(self.model.firms)]]

    def _ceiling(self, progress: RightProgress) -> Floats:
        """Return what each firm would rather pay than miss a lot, ticks, as of the last session; 0 without a seat."""
        model = self.model
        found = np.zeros(len(model.firms))
        where = model.seats.of_right(progress.index)
        rows = np.arange(where.start, where.stop)[model.expectations.is_firm[where]]
        found[model.seats.trader[rows]] = model.seats.ceiling[rows]
        return found

    def _supply(self, progress: RightProgress) -> Supply:
        return self.model.authority.supplies[progress.rules.right.code]

    def _plan_next(self, progress: RightProgress, supply: Supply) -> None:
        """Let the next period's auctions be planned, on what the rules take from the cap at standard output."""
        supply.plan_next(lambda period: self._taken_lots(progress, progress.position(period.name)))

    def _taken_lots(self, progress: RightProgress, k: int) -> int:
        """Return the lots of a cap that are not for auction: given free, set aside for entrants, or not issued.

        What earlier entrants left for auction counts against them.
        """
        model = self.model
        cap = sum(model.cap_course.lots(progress, year) for year in progress.uses[k].years)
        free = int(model.forecasts.free_lots(progress, k).sum())
        if free > cap:
            return free
        left_over = model.authority.entrants.take_for_auction(progress.rules.right.code)
        return cap - model.forecasts.auction_lots(progress, k) - left_over

    def _plan_until(self, progress: RightProgress, supply: Supply, until: date) -> None:
        for _ in supply.volumes.unplanned(until):
            self._plan_next(progress, supply)
