"""What rules of duty mean for a firm's plan: what is forgiven, what it would borrow, what it must sell or lose.

A firm knows the rules in force and those that are announced.  It reads the rules as they will stand at the deadline.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from agents.planning import Standing
from rights_market.exchange.calendar import Period
from rights_market.policies.banking import BankingRule
from rights_market.policies.compliance import Penalty
from rights_market.rulebook import RuleBook

if TYPE_CHECKING:
    from agents.expectations import AtHand, Expectations
    from agents.model import RightsMarketModel
    from agents.progress import RightProgress

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Rows = npt.NDArray[np.intp]

TRADING_YEAR = 242.0
"""Trading days over which a holder gives way on units that it could not carry over."""


class Duties:
    """Reads the rules of duty for the firms.

    Parameters
    ----------
    model : RightsMarketModel
        The model; read only.
    expectations : Expectations
        Values and costs of funds.
    """

    def __init__(self, model: RightsMarketModel, expectations: Expectations) -> None:
        self.model = model
        self._expectations = expectations
        self._fines: dict[tuple[str, str], list[tuple[Penalty, Rows]]] = {}
        self._closing = [[self._closing_date(p, use.period) for use in p.uses] for p in model.progress]

    def _closing_date(self, progress: RightProgress, period: Period) -> date:
        """Return the day on which a period is closed; its deadline, where the calendar ends before."""
        days = self.model.agenda_days("banking_close", progress.rules.right.code, period.name)
        return self.model.calendar.days[days[-1]] if days else period.banking_close or period.deadline

    def penalties(self, code: str, period: Period) -> list[tuple[Penalty, Rows]]:
        """Return the fines of a period, as announced, with the firms concerned; looked up once until rules change."""
        if (code, period.name) not in self._fines:
            self._fines[code, period.name] = self.model.authority.shortfalls.penalties_of(code, period)
        return self._fines[code, period.name]

    def read_rules(self) -> None:
        """Look up anew what follows from the rules in force and announced."""
        self._fines.clear()

    def book(self, progress: RightProgress, k: int) -> RuleBook:
        """Return the rules that will hold when a period is closed, as far as they are announced."""
        return progress.history.on(self._closing[progress.index][k])

    def forgiven(self, progress: RightProgress, k: int, used: Floats, given: Floats) -> Floats:
        """Return the lots of expected use for which a firm will owe nothing, by expected allocation; by firm."""
        caps = self.book(progress, k).shortfall_caps
        forgiven = np.zeros(len(used))
        if caps:
            verified, allocated = np.ceil(used).astype(np.int64), np.floor(given).astype(np.int64)
            for rule in caps:
                rows = self.model.authority.firms.meant_by(rule.where, progress.uses[k].period.vintage)
                forgiven[rows] = rule.forgiven(verified[rows], allocated[rows])
        return forgiven

    def forgiven_units(self, progress: RightProgress, k: int) -> float:
        """Return the units of a period's use for which nothing will be owed, as far as the public can tell."""
        if not self.book(progress, k).shortfall_caps:
            return 0.0
        model, lot = self.model, float(progress.rules.right.lot)
        used = model.forecasts.expected_use(progress, k) / lot
        forgiven = self.forgiven(progress, k, used, model.forecasts.expected_lots(progress, k))
        return float(forgiven[model.firms.covered[:, progress.index]].sum()) * lot

    def lots_to_sell(self, at_hand: AtHand, rows: Rows, surplus: Floats) -> Floats:
        """Return the lots that each seat must sell of its surplus before the deadline, or see lapse."""
        seats, to_sell = self.model.seats, np.zeros(len(rows))
        stock = np.maximum(surplus, 0.0)
        for progress, front in at_hand:
            mine = np.flatnonzero(seats.right[rows] == progress.index)
            to_sell[mine] = self._must_sell(progress, front, stock[mine], seats.account[rows[mine]])
        return to_sell

    def most_kept(self, progress: RightProgress, k: int) -> float:
        """Return the units that firms together may carry past the close of a period; infinite without a limit.

        Where it follows what each firm sells, nobody knows the sum before it is sold, and a holder who is left with
        too much sells at any price: firms see to that themselves (`lots_to_sell`).  To take what firms lack for all
        that they will sell would have the public count most of a large bank as lost, and `china-ets` fall to 0 where
        the real market fell by a third.
        """
        rule, period = self.book(progress, k).banking, progress.uses[k].period
        if rule.basis == "net_sales" or not rule.bites(period.banking_close or self._closing[progress.index][k]):
            return np.inf
        covered = self.model.firms.covered[:, progress.index]
        accounts = self.model.accounts_of[: len(self.model.firms)]
        basis = self._basis(progress, k, rule)[accounts]
        most = int(rule.most(basis)[covered].sum())
        return most * float(progress.rules.right.lot)

    def _due(self, progress: RightProgress, k: int) -> Floats:
        """Return the lots that each firm expects to owe for the use of a period, debts apart."""
        course, lot = self.model.forecasts, float(progress.rules.right.lot)
        used = course.expected_use(progress, k) / lot
        return used - self.forgiven(progress, k, used, course.expected_lots(progress, k))

    def most_lent(self, progress: RightProgress, k: int) -> tuple[Floats, float]:
        """Return the units of next year that each firm may plan to borrow for a period, and those owed for each one.

        Who knows that it may borrow can leave as much of its duty uncovered.
        """
        due = self._due(progress, k)
        lots, premium = self._borrowing(progress, k, due, due, self.model.forecasts.expected_lots(progress, k))
        covered = self.model.firms.covered[:, progress.index]
        return np.where(covered, lots, 0.0) * float(progress.rules.right.lot), 1.0 + premium

    def lacking_at(self, progress: RightProgress, k: int, price_yuan: float) -> Floats:
        """Return the units that each firm would lack for a period if it abated by a price from now on; below 0: spare.

        Against its own allocation, whatever was traded.
        """
        model, r = self.model, progress.index
        rest = progress.uses[k].rest_of_window(model.production.counted_to)
        value = np.full(model.firms.covered.shape[0], price_yuan)[:, np.newaxis]
        more = model.firms.curves.share_at(np.broadcast_to(value, model.firms.covered.shape))[:, r]
        saved = rest * model.rates.need[:, r] * (more - model.operations.share[:, r])
        lots = self._due(progress, k) - model.forecasts.expected_lots(progress, k)
        return np.where(model.firms.covered[:, r], lots * float(progress.rules.right.lot) - saved, 0.0)

    def plan_to_borrow(self, at_hand: AtHand, rows: Rows, standing: Standing) -> Standing:
        """Return the standing of firms that borrow from the next year what that makes cheaper than to buy."""
        model, seats, borrowed = self.model, self.model.seats, np.zeros(len(rows))
        psi, course = self.model.behaviour.anchor, model.forecasts
        for progress, front in at_hand:
            r = progress.index
            if self.book(progress, front).borrowing is None:
                continue
            mine = np.flatnonzero(seats.right[rows] == r)
            firm, value = seats.trader[rows[mine]], seats.value[rows[mine]]
            given = course.expected_lots(progress, front)
            used = course.expected_use(progress, front) / float(progress.rules.right.lot)
            due = used - self.forgiven(progress, front, used, given)
            missing = np.maximum(-standing.net[mine], 0.0)
            lots, premium = self._borrowing(progress, front, missing, due[firm], given[firm])
            price = (1.0 - psi) * value + psi * model.desk.last_price[r]
            is_cheaper = self._cost_of_borrowing(rows[mine], premium) < price
            borrowed[mine] = np.where(is_cheaper, lots, 0.0)
        return standing if not borrowed.any() else replace(standing, owed=standing.owed - borrowed)

    def _cost_of_borrowing(self, rows: Rows, premium: float) -> Floats:
        """Return what a unit of next year costs each seat, premium included, at its own cost of funds, ticks."""
        growth = 1.0 + self.model.behaviour.discount_rate
        value = self.model.seats.value[rows]
        return np.asarray((1.0 + premium) * value * growth * np.exp(-self._expectations.valuation.funds_rate[rows]))

    def lots_to_borrow(self, progress: RightProgress, k: int) -> Ints | None:
        """Return for how many lots of the next year firms apply at a deadline; None where nobody can borrow.

        They borrow all that they may, unless it costs more than to pay the fine and make good.
        """
        rule = progress.rules.borrowing
        if rule is None:
            return None
        seats, r = self.model.seats, progress.index
        at_hand = [(progress, k)]
        rows = np.flatnonzero(self._expectations.is_firm & (seats.right == r))
        refusal = self._expectations.refusal(at_hand, rows, self._expectations.standing(at_hand, rows))
        applies = self._cost_of_borrowing(rows, float(rule.premium)) <= refusal
        lots = np.zeros(len(self.model.firms), dtype=np.int64)
        lots[seats.trader[rows[applies]]] = np.iinfo(np.int64).max
        return lots

    def _borrowing(
        self, progress: RightProgress, k: int, missing: Floats, obligation: Floats, given: Floats
    ) -> tuple[Floats, float]:
        """Return the lots that each firm could borrow for a period if it bought no more than the rest, and the premium.

        Where the limit is a share of what is missing at the deadline, a firm that plans to borrow could never meet its
        duty: it borrows only what it failed to buy, and plans nothing.
        """
        rule = self.book(progress, k).borrowing
        is_last = k + 1 == len(progress.uses)
        if rule is None or is_last or rule.basis == "gap" or not rule.is_allowed(progress.uses[k].period.vintage):
            return np.zeros(len(missing)), 0.0
        whole = [np.floor(np.maximum(x, 0.0)).astype(np.int64) for x in (missing, obligation, given)]
        limit = rule.limit(whole[0], whole[1], whole[2], whole[2])
        if rule.basis == "next_allocation":
            # What is still missing once the rest is bought must itself be a gap large enough.
            limit = np.where(limit >= float(rule.min_gap) * whole[1], limit, 0)
        return limit.astype(np.float64), float(rule.premium)

    def _must_sell(self, progress: RightProgress, k: int, stock: Floats, accounts: npt.NDArray[np.int32]) -> Floats:
        """Return the lots that each account has to sell of what it will have left at the deadline, or see them lapse.

        Where units lapse only at a later deadline, nobody has to sell yet: who has two deadlines left waits for the
        second.
        """
        rule, period = self.book(progress, k).banking, progress.uses[k].period
        on = period.banking_close or self._closing[progress.index][k]
        # Where nothing outlives the close, what is left loses its value day by day instead.
        if not rule.bites(on) or not rule.outlives(on):
            return np.zeros(len(stock))
        return rule.to_sell(stock, self._basis(progress, k, rule)[accounts], "continuous")

    def _basis(self, progress: RightProgress, k: int, rule: BankingRule) -> Ints:
        """Return what a rule of carry-over follows, as far as it is known, lots, shape (n_accounts,)."""
        model = self.model
        if rule.basis == "net_sales":
            return model.authority.net_sold(progress.rules.right.code, rule)
        basis = np.zeros(len(model.market.accounts), np.int64)
        if rule.basis is not None:
            given = model.forecasts.expected_lots(progress, k)
            lots = given if rule.basis == "allocation" else self._due(progress, k)
            basis[model.accounts_of[: len(model.firms)]] = np.floor(np.maximum(lots, 0.0)).astype(np.int64)
        return basis


def conceded(concession: float, days_left: Floats | float, must_sell: npt.NDArray[np.bool_]) -> Floats:
    """Return the factor on what a unit is worth to its holder: below 1 where it must be sold, the later the lower.

    It touches the holder's own value only, never the last price: a discount on that would feed on itself.
    """
    passed = 1.0 - np.minimum(1.0, np.asarray(days_left) / TRADING_YEAR)
    return np.asarray(np.where(must_sell, 1.0 - concession * passed, 1.0))
