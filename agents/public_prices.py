"""The price that all can work out from what is public: the shared banking solver, run again whenever there is news.

Between news the price of a right that can be kept grows at the rate of interest.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from agents.duties import Duties
from agents.loan_outlook import Prices, planned_loan
from agents.outlook import SHORT_REST, Outlook, PublicFigures, Work, window_at_hand
from agents.reserve_outlook import price_with_reserves
from rights_market.authority import fine_per_lot
from rights_market.registry.accounts import CLEARING_ACCOUNT
from rights_market.rulebook import RuleBook

if TYPE_CHECKING:
    from agents.model import RightsMarketModel
    from agents.progress import RightProgress

Floats = npt.NDArray[np.float64]

YEAR = 365.0


class PublicPrices:
    """Keeps the solver's price of each right.

    Parameters
    ----------
    model : RightsMarketModel
        The model; read only.
    duties : Duties
        What the rules of duty forgive and fine.

    Attributes
    ----------
    yuan : ndarray of float64, shape (n_rights,)
        Prices as of the last look ahead, CNY per unit; 0 for a right without units.
    """

    def __init__(self, model: RightsMarketModel, duties: Duties) -> None:
        self.model = model
        self._duties = duties
        books = model.config.rule_books
        self.behaviour = model.config.behaviour
        self.lot = np.array([float(b.right.lot) for b in books])
        self.outlook = Outlook(model.firms)
        self._tradable = np.array([b.tradable for b in books], dtype=np.bool_)
        opening = np.array([b.opening_price_ticks * float(b.right.tick_yuan) for b in books])
        self.yuan: Floats = np.where(self._tradable, opening, 0.0)
        self._as_of = np.zeros(len(books))
        self._stale = np.ones(len(books), dtype=np.bool_)

    def hear(self, right: int) -> None:
        """Note that there is public news of a right: the solver runs again before the next session."""
        self._stale[right] = True

    def look_ahead(self) -> None:
        """Bring public prices up to today: solve for rights with news; let others' grow at the rate of interest."""
        model, b = self.model, self.behaviour
        now = self._now()
        for progress in model.progress:
            r = progress.index
            grown = (1.0 + b.discount_rate) ** (now - self._as_of[r]) if progress.rules.bankable else 1.0
            self.yuan[r] *= grown
            self._as_of[r] = now
        news = self._stale & self._tradable
        stale = [p for p in model.progress if news[p.index] and p.front(model.day) is not None]
        if not stale:
            return
        charges = model.fiscal_year.per_unit
        work = Work(model.rates.need, model.operations.share, model.operations.lumpy, charges)
        figures = [self._figures(progress, work.need, auctions=True) for progress in stale]
        for _ in range(2 if len(stale) > 1 else 1):
            for progress, known in zip(stale, figures, strict=True):
                if progress.rules.bankable or known.rest >= SHORT_REST:
                    self.yuan[progress.index] = self._price(progress, work, known)
        self._stale[:] = False

    def _price(self, progress: RightProgress, work: Work, known: PublicFigures) -> float:
        """Return the solver's price; where auctions would fail at it, at most their reserve price.

        Units that nobody takes at the reserve stay with the government, so below it only free units count.
        """
        r, rate, bankable = progress.index, self.behaviour.discount_rate, progress.rules.bankable
        known = self._with_loans(progress, known, work)
        price = self.outlook.price(r, work, self.yuan, known, rate, bankable)
        supply = self.model.authority.supplies.get(progress.rules.right.code)
        if supply is not None and progress.rules.stability:
            year = self.model.calendar.days[self.model.day].year

            def solve(now: float, later: float) -> float:
                changed = known.with_more(now * self.lot[r], later * self.lot[r])
                return self.outlook.price(r, work, self.yuan, changed, rate, bankable)

            price = price_with_reserves(price, supply, year, solve)
        price = self._linked(progress, known, price, work)
        reserve = reserve_yuan(progress.rules, self.model.calendar.days[self.model.day].year)
        if price >= reserve:
            return price
        without = self._figures(progress, work.need, auctions=False)
        return min(reserve, self.outlook.price(r, work, self.yuan, without, rate, bankable))

    def _with_loans(self, progress: RightProgress, known: PublicFigures, work: Work) -> PublicFigures:
        """Return the figures with what firms are expected to borrow of the next year for the use that counts now."""
        r, rate, k = progress.index, self.behaviour.discount_rate, progress.front(self.model.day)
        at_hand, _, _ = window_at_hand(progress.uses, self.model.production.counted_to)
        if k is None or k != at_hand or not progress.rules.bankable or len(known.supply) < 2:
            return known

        def solve(lent: float, owed: float) -> Prices | None:
            path, _ = self.outlook.path(r, work, self.yuan, known.with_loan(lent, owed), rate)
            return None if path is None else Prices(float(path.price[0]), float(path.price[1]))

        lent, owed = planned_loan(self._duties, progress, k, rate, solve)
        return known.with_loan(lent, owed) if lent > 0.0 else known

    def _linked(self, progress: RightProgress, known: PublicFigures, price: float, work: Work) -> float:
        """Return the price in a market that is linked: beyond the outside price only once quotas are used up."""
        gateways = self.model.authority.gateways
        code, r = progress.rules.right.code, progress.index
        bounds = gateways.bounds(code, self.model.calendar.days[self.model.day])
        if bounds is None or bounds.low <= price <= bounds.high:
            return price
        rule, is_dear = gateways.rules[code], price > bounds.high
        now, later = (bounds.left_in, rule.quota_in) if is_dear else (-bounds.left_out, -rule.quota_out)
        solve = partial(self.outlook.price, r, work, self.yuan)
        crossed = solve(
            known.with_more(now * self.lot[r], later * self.lot[r]),
            self.behaviour.discount_rate,
            progress.rules.bankable,
        )
        return max(bounds.high, crossed) if is_dear else min(bounds.low, crossed)

    def _now(self) -> float:
        days = self.model.calendar.days
        return (days[self.model.day] - days[0]).days / YEAR

    def _figures(self, progress: RightProgress, need: Floats, *, auctions: bool) -> PublicFigures:
        """Return what is published of a right: units outstanding, use so far, caps and plans to come.

        With `auctions` the whole cap is issued, else only what is given free.
        """
        model, r, b = self.model, progress.index, self.behaviour
        code, lot = progress.rules.right.code, self.lot[r]
        today = model.production.counted_to
        covered = model.firms.covered[:, r]
        yearly = float(need[covered, r].sum())
        registry = model.market.registry
        accounts = model.accounts_of
        front = progress.front(model.day)
        assert front is not None
        held = sum(
            int(table[i][accounts].sum())
            for table in (registry.free, registry.frozen, registry.pledged)
            for i in progress.instruments[0 if progress.rules.bankable else front :]
        )
        # Consigned lots lie with the exchange until they are sold.
        held += int(registry.free[progress.instruments, CLEARING_ACCOUNT].sum())
        bank = held * lot
        # Credits in the hands of firms meet a part of the duty at hand, as units would.
        owed = model.forecasts.expected_use(progress, front) / lot
        bank += float(model.credit_trade.usable_lots(progress, owed).sum()) * lot
        at_hand, stretch, year = window_at_hand(progress.uses, today)
        # The horizon is counted in years: of a period of several, the first stretch stands for more than one.
        n = max(1, b.solver_years - max(0, round(stretch) - 1))
        supply = np.zeros(n)
        for k in range(front, len(progress.uses)):
            use = progress.uses[k]
            issued = float(progress.issued_lots[k].sum()) * lot
            if auctions and code in model.authority.supplies:
                issued += model.authority.supplies[code].auctions.sold_lots(use.period.vintage) * lot
            bank -= issued + float(model.market.obligations.debt_lots(code, use.period.name).sum()) * lot
            if use.period.use_from > today and k != at_hand:
                continue
            rest = use.rest_of_window(today) / use.window()
            due = model.forecasts.total_to_issue(progress, k, auctions=auctions) * lot
            used = model.forecasts.verified_units(progress, k) if progress.verified[k] else use.use
            bank += due * (1.0 - rest) - float(used[covered].sum()) + self._duties.forgiven_units(progress, k)
            if k == at_hand:
                supply[0] = due * rest
        growth = float(np.average(model.firms.growth[covered], weights=need[covered, r])) if yearly > 0 else 0.0
        middle = stretch + np.arange(n) - 0.5
        middle[0] = stretch / 2.0
        path = np.asarray((1.0 + growth) ** middle, dtype=np.float64)
        for j in range(0 if at_hand is None else 1, n):
            length = stretch if j == 0 else 1.0
            supply[j] = length * model.forecasts.supply(progress, year + j, yearly * path[j], auctions=auctions)
        rest_of_front = progress.uses[front].rest_of_window(today)
        kept = self._most_kept(progress, at_hand, n)
        return PublicFigures(bank, supply, path, stretch, rest_of_front, self.ceiling(progress, front), kept)

    def _most_kept(self, progress: RightProgress, at_hand: int | None, n: int) -> Floats | None:
        """Return the units that may be held over at the end of each stretch, None if any number may at all of them.

        Only windows in which use still counts: what lapses of the units of earlier ones no use can prevent any more.
        """
        if at_hand is None:
            return None
        most = np.full(n, np.inf)
        for j, k in enumerate(range(at_hand, min(len(progress.uses), at_hand + len(most)))):
            most[j] = self._duties.most_kept(progress, k)
        return most if np.isfinite(most).any() else None

    def ceiling(self, progress: RightProgress, front: int) -> float:
        """Return the price above which nobody buys: a fixed fine without make-good, else the exchange's highest."""
        right = progress.rules.right
        highest = right.max_price_ticks * float(right.tick_yuan)
        if progress.rules.make_good is not None and progress.rules.make_good.factor > 0:
            return highest
        entries = self._duties.penalties(right.code, progress.rules.periods[front])
        if not entries:
            return highest
        # Fines of one firm add up, and the firm that pays most still buys where others do not.
        fine = np.zeros(len(self.model.firms))
        for rule, who in entries:
            fine[who] += fine_per_lot([rule], 0.0) if rule.form == "fixed" else np.inf
        dearest = float(fine[self.model.firms.covered[:, progress.index]].max(initial=0.0))
        return min(highest, dearest / 100.0 / float(right.lot))

    def state(self) -> dict[str, Any]:
        """Return what changes over time."""
        return {"yuan": self.yuan.copy(), "as_of": self._as_of.copy(), "stale": self._stale.copy()}

    def restore(self, state: dict[str, Any]) -> None:
        """Put back what `state` returned."""
        self.yuan, self._as_of = np.array(state["yuan"]), np.array(state["as_of"])
        self._stale = np.array(state["stale"])


def reserve_yuan(rules: RuleBook, year: int) -> float:
    """Return the reserve price of a right's auctions, CNY per unit; 0 where there are none."""
    if rules.auction is None:
        return 0.0
    return rules.reserve_ticks(year) * float(rules.right.tick_yuan)
