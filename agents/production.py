"""What firms make, use, spend and earn day by day, and what they decide every month.

Firms work at the rates of the day; once a month they settle their income, and decide on abatement, output and
equipment at the prices that they expect.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from agents.model import RightsMarketModel

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

BUDGET_SHARE = 0.5
"""Share of its cash that a firm will put into abatement equipment at once."""


class Production:
    """Work, income and investment of all firms.

    Parameters
    ----------
    model : RightsMarketModel
        The model whose firms work.

    Attributes
    ----------
    output_made, cost_spent : ndarray of float64, shape (n_firms,)
        Output, and cost of abatement (CNY), since the last settlement of income.
    years_worked : float
        Time since then.
    counted_to : date
        Last day of which the use is counted.
    """

    def __init__(self, model: RightsMarketModel) -> None:
        self.model = model
        n = len(model.firms)
        self.output_made: Floats = np.zeros(n)
        self.cost_spent: Floats = np.zeros(n)
        self.years_worked = 0.0
        self.days_since_fines = 0
        self.counted_to = model.calendar.days[0] - timedelta(days=1)

    def fill_history(self) -> None:
        """Fill in what firms made and used before the first trading day, and what rules ask of past years."""
        model, firms = self.model, self.model.firms
        start = model.calendar.days[0]
        slots = [(p, u) for p in model.progress for u in p.uses if u.period.use_from < start]
        years = sorted({y for _, use in slots for y in use.years})
        for year in years:
            if year > years[0]:
                model.operations.begin_year(year, model.streams)
            output = firms.past_output(year, model.streams)
            for progress, use in slots:
                if year in use.years:
                    weight = use.weight_before(start, year)
                    units = output * model.operations.intensity[:, progress.index]
                    use.add(date(year, 7, 1), weight, units, units, output)
        if start.year > (years[-1] if years else start.year - 1):
            model.operations.begin_year(start.year, model.streams)
        self._report_base_years()
        model.rates = model.operations.rates()

    def _report_base_years(self) -> None:
        """File past use with the authority for the rules that allocate by it."""
        model = self.model
        for progress in model.progress:
            entitlement = model.authority.entitlements[progress.rules.right.code]
            allocated = [y for use in progress.uses for y in use.years]
            in_market = {y for use in progress.uses for y in use.years}
            for year in sorted(entitlement.base_years(allocated) - in_market):
                output = model.firms.past_output(year, model.streams)
                units = output * model.operations.intensity[:, progress.index]
                entitlement.report_use(year, progress.lots_of(units), np.rint(output).astype(np.int64))

    def work(self, today: date, weight: float) -> None:
        """Add a day of use, output and cost to the periods for which it counts."""
        model, rates = self.model, self.model.rates
        for progress in model.progress:
            r = progress.index
            for use in progress.uses:
                if use.covers(today):
                    use.add(today, weight, rates.use[:, r], rates.baseline[:, r], rates.output)
                    use.add_abatement(weight, rates.need[:, r], model.operations.share[:, r], rates.cost[:, r])
        self.output_made += weight * rates.output
        self.cost_spent += weight * rates.cost.sum(axis=1)
        self.years_worked += weight
        self.days_since_fines += round(weight * 365.0)
        self.counted_to = today
        model.operations.advance_measures(model.day)

    def decide(self) -> None:
        """Settle the month's income, decide on abatement, output and investment; the month's use becomes public."""
        model, operations = self.model, self.model.operations
        self._settle_income()
        model.authority.shortfalls.collect(self.days_since_fines)
        self.days_since_fines = 0
        credit = self._credit_for_use()
        value, fiscal = model.values_yuan() * model.firms.covered, model.fiscal_year
        shadow = (1.0 - credit) * (model.expectations.shadow_prices_yuan() * model.firms.covered)
        fiscal.weigh_standards(shadow)
        operations.plan_abatement(shadow + fiscal.per_unit)
        operations.plan_output(value, self._free_per_output(credit), fiscal.per_output())
        cash = model.market.registry.cash[model.accounts_of[: len(model.firms)]]
        budget = np.floor(BUDGET_SHARE * cash).astype(np.int64)
        before, saved = operations.measures.status, (1.0 - credit) * value + fiscal.per_unit
        spent = operations.invest(saved, budget, model.behaviour.discount_rate, model.day, *fiscal.help_fen())
        fiscal.claim(np.flatnonzero(operations.measures.status != before))
        self.pay(spent)
        for progress in model.progress:
            model.expectations.hear(progress.index)

    def _settle_income(self) -> None:
        income = self.model.operations.income_fen(self.output_made, self.cost_spent, self.years_worked)
        income -= self.model.fiscal_year.take_power_bills()
        self.model.authority.treasury.credit(self.counted_to.year, income)
        self.output_made[:] = 0.0
        self.cost_spent[:] = 0.0
        self.years_worked = 0.0
        operations, accounts = self.model.operations, self.model.accounts_of[: len(income)]
        repaid = np.minimum(np.maximum(income, 0), operations.debt_fen)
        operations.debt_fen -= repaid
        earned = np.flatnonzero(income - repaid > 0)
        self.model.market.registry.deposit(accounts[earned], (income - repaid)[earned])
        self.pay(np.maximum(-income, 0))

    def pay(self, cost_fen: Ints) -> None:
        """Pay costs from cash; what cash does not cover becomes debt."""
        registry, accounts = self.model.market.registry, self.model.accounts_of[: len(cost_fen)]
        paid = np.minimum(cost_fen, registry.cash[accounts])
        rows = np.flatnonzero(paid > 0)
        registry.withdraw(accounts[rows], paid[rows])
        self.model.operations.debt_fen += cost_fen - paid

    def _credit_for_use(self) -> Floats:
        """Return what a unit of use earns each firm in free units, now or later, shape (n_firms, n_rights).

        A unit saved is worth its price less that: firms whose lots follow their use have little reason to save any.
        """
        model, today = self.model, self.model.calendar.days[self.model.day]
        credit = np.zeros((len(model.firms), len(model.progress)))
        for progress in model.progress:
            entitlement = model.authority.entitlements[progress.rules.right.code]
            use = next((u for u in progress.uses if u.covers(today)), None)
            if entitlement.credits_use and use is not None:
                r, rate = progress.index, model.behaviour.discount_rate
                output = np.rint(model.rates.output).astype(np.int64)
                lots = progress.lots_of(model.rates.use[:, r])
                credit[:, r] = entitlement.credit_for_use(use.years[-1], output, lots, rate)
        return credit

    def _free_per_output(self, credit: Floats) -> Floats:
        """Return the free units that a unit of output earns: by the plan, or by the use that comes with it."""
        model, operations = self.model, self.model.operations
        table = operations.intensity * (1.0 - operations.share) * credit
        for progress in model.progress:
            front = progress.front(model.day)
            if front is not None:
                plan = progress.plans[front]
                by_plan = plan.lots_per_output[-1] * float(progress.rules.right.lot)
                table[:, progress.index] = np.where(by_plan > 0, by_plan, table[:, progress.index])
        return table

    def state(self) -> dict[str, Any]:
        """Return what has been worked, and the days that have passed, since the last settlement."""
        return {
            "output_made": self.output_made.copy(),
            "cost_spent": self.cost_spent.copy(),
            "years_worked": self.years_worked,
            "days_since_fines": self.days_since_fines,
            "counted_to": self.counted_to.isoformat(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back what `state` returned."""
        self.output_made[:] = state["output_made"]
        self.cost_spent[:] = state["cost_spent"]
        self.years_worked = float(state["years_worked"])
        self.days_since_fines = int(state["days_since_fines"])
        self.counted_to = date.fromisoformat(state["counted_to"])
