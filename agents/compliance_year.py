"""The compliance year as firms live it: they work, are measured, are allocated, and owe.

Joins the population to the authority: hands over what firms made and used, and keeps what firms may know of their
allocation before it is issued.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from agents.reporting import Reporting
from rights_market.authority import mean_price_fen
from rights_market.exchange.calendar import Entry

if TYPE_CHECKING:
    from agents.model import RightsMarketModel
    from agents.progress import RightProgress
    from agents.use import PeriodUse

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

FEN_PER_YUAN = 100.0
BUDGET_SHARE = 0.5
"""Share of its cash that a firm will put into abatement equipment at once."""
WITHOUT_UNITS = ("rule_change", "report_due", "verification", "audit", "publish", "banking_close")
"""Duties that are left of a right without units: its use is known, and with the last one its period written down."""


class ComplianceYear:
    """Work, measurement, allocation and surrender of all firms.

    Parameters
    ----------
    model : RightsMarketModel
        The model whose firms live through it.
    """

    def __init__(self, model: RightsMarketModel) -> None:
        self.model = model
        n = len(model.firms)
        self.output_made: Floats = np.zeros(n)
        self.cost_spent: Floats = np.zeros(n)
        self.years_worked = 0.0
        self.days_since_fines = 0
        self.counted_to = model.calendar.days[0] - timedelta(days=1)
        """Last day of which the use is counted."""
        self.reporting = Reporting(model)
        self._serve = {
            "rule_change": self.change_rules,
            "cap_set": model.cap_course.set,
            "allocation_announced": self.announce,
            "preallocation": self.preallocate,
            "auction": self.auction,
            "report_due": self.report,
            "reserve_sale": self.reserve_sale,
            "stability_review": self.review_supply,
            "year_open": self.open_year,
            "year_close": self.close_year,
            "verification": self.verify,
            "audit": self.audit,
            "trueup": self.true_up,
            "surrender_deadline": self.surrender,
            "penalty": self.penalise,
            "make_good": self.make_good,
            "banking_close": self.close_banking,
            "publish": self.publish,
        }

    def serve(self, entries: Iterable[Entry]) -> None:
        """Carry out the duties of a part of the day, in order."""
        for entry in entries:
            progress = self.model.progress[self.model.right_codes.index(entry.right_code)]
            if progress.rules.tradable or entry.hook in WITHOUT_UNITS:
                self._serve[entry.hook](progress, entry.period_name)

    # -- before the market, and every day

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
                entitlement.report_use(year, self.lots_of(progress, units), np.rint(output).astype(np.int64))

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
        self._pay(spent)
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
        self._pay(np.maximum(-income, 0))

    def _pay(self, cost_fen: Ints) -> None:
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
                lots = self.lots_of(progress, model.rates.use[:, r])
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

    # -- what firms and the public may expect

    def expected_output(self, progress: RightProgress, k: int) -> Floats:
        """Return output by year of a period: what was made, and the rest at today's rate."""
        use = progress.uses[k]
        output = use.output.copy()
        output[-1] += use.rest_of_window(self.counted_to) * self.model.rates.output
        return output

    def expected_use(self, progress: RightProgress, k: int) -> Floats:
        """Return the use of a period that each firm expects to answer for, units of the right.

        Once it is verified that is known, and from its report until then the firm hopes that the report will stand.  A
        project that waits for approval has to bring what it will need.
        """
        waiting = self.model.entry_exit.pending_units(progress) if k == progress.front(self.model.day) else None
        use = progress.uses[k]
        listed = self.model.authority.coverage.listed(progress.rules.right.code, use.years[-1])
        due = np.where(listed, self._answered_use(progress, k), 0.0)
        return np.asarray(due if waiting is None else due + waiting)

    def _answered_use(self, progress: RightProgress, k: int) -> Floats:
        """Return the use of a period that each firm would answer for if it is covered, units of the right."""
        use = progress.uses[k]
        if progress.verified[k]:
            return self.verified_units(progress, k)
        reported = self.model.authority.monitoring.reported_lots(progress.rules.right.code, use.period.name)
        if reported is not None:
            return np.asarray(reported * float(progress.rules.right.lot))
        expected = use.use + use.rest_of_window(self.counted_to) * self.model.rates.use[:, progress.index]
        if progress.rules.is_monitored:
            expected = expected * self.reporting.answered(progress, k)
        return np.asarray(expected)

    def verified_units(self, progress: RightProgress, k: int) -> Floats:
        """Return verified use, units of the right, shape (n_firms,)."""
        return np.asarray(self._verified_lots(progress, k) * float(progress.rules.right.lot))

    def _verified_lots(self, progress: RightProgress, k: int) -> Ints:
        code, period = progress.rules.right.code, progress.uses[k].period.name
        lots = self.model.market.obligations.verified_lots(code, period)
        return np.asarray(lots[self.model.accounts_of[: len(self.model.firms)]])

    def expected_lots(self, progress: RightProgress, k: int) -> Floats:
        """Return the lots that each firm expects for a period in all, by the plan or by the last one it saw."""
        plan = progress.plans[k]
        if plan.announced:
            return plan.expected_lots(self.expected_output(progress, k))
        year = progress.uses[k].years[-1]
        balance = progress.balance_of(year, self.model.behaviour.tightening)
        own = self._own_margin(progress, k)
        baseline = self._whole_baseline(progress, k)
        return np.asarray(np.maximum(0.0, baseline * (1.0 + balance + own)) / float(progress.rules.right.lot))

    def _whole_baseline(self, progress: RightProgress, k: int) -> Floats:
        """Return use without policy over a whole period: what was, and the rest at today's rate."""
        use = progress.uses[k]
        return np.asarray(
            use.baseline + use.rest_of_window(self.counted_to) * self.model.rates.baseline[:, progress.index]
        )

    def free_lots(self, progress: RightProgress, k: int) -> Ints:
        """Return the lots that the rules give each firm free for a period, at standard output, shape (n_firms,)."""
        lots = sum(
            (self._formula(progress, year)[0] for year in progress.uses[k].years), np.zeros(len(self.model.firms))
        )
        return self._covered(progress, np.asarray(lots, dtype=np.int64), progress.uses[k].years[-1])

    def auction_lots(self, progress: RightProgress, k: int) -> int:
        """Return the lots of a period that are left for auction after what is set aside and given free."""
        entitlement, lots = self.model.authority.entitlements[progress.rules.right.code], 0
        for year in progress.uses[k].years:
            _, output, units = self._formula(progress, year)
            claims = self._covered(progress, entitlement.claims(year, output, self.lots_of(progress, units)), year)
            cap = self.model.cap_course.lots(progress, year)
            lots += entitlement.auction_lots(year, claims, cap)
        return lots

    def _formula(self, progress: RightProgress, year: int) -> tuple[Ints, Ints, Floats]:
        """Return lots, output and use of each firm in a year at its smooth, public output."""
        firms = self.model.firms
        output = np.maximum(1, np.rint(firms.output * firms.trend())).astype(np.int64)
        units = output * firms.intensity(year)[:, progress.index]
        entitlement = self.model.authority.entitlements[progress.rules.right.code]
        return entitlement.lots(year, output, self.lots_of(progress, units)), output, units

    def _own_margin(self, progress: RightProgress, k: int) -> Floats:
        """Return by how much a firm's own balance lay above the market's in the last period, 0 before any."""
        if k == 0:
            return np.zeros(len(self.model.firms))
        right, period = progress.rules.right, progress.uses[k - 1].period
        accounts = self.model.accounts_of[: len(self.model.firms)]
        given = self.model.market.obligations.allocated_lots(right.code, period.name)[accounts] * float(right.lot)
        used = progress.uses[k - 1].baseline
        margin = np.divide(given - used, used, out=np.zeros(len(used)), where=used > 0)
        covered = self.model.firms.covered[:, progress.index]
        common = (given - used)[covered].sum() / max(used[covered].sum(), 1e-12)
        return np.asarray(np.where(covered, margin - common, 0.0))

    def total_to_issue(self, progress: RightProgress, k: int, *, auctions: bool) -> float:
        """Return the lots that the public expects to be issued for a period in all: the cap, or what is given free."""
        book, use = progress.rules, progress.uses[k]
        if book.cap is not None and auctions:
            changed = self._changed_lots(progress, use.period.name)
            return float(sum(self.model.cap_course.lots(progress, y) for y in use.years) + changed)
        if progress.plans[k].announced:
            covered = self.model.firms.covered[:, progress.index]
            return float(self.expected_lots(progress, k)[covered].sum())
        balance = progress.balance_of(use.years[-1], self.model.behaviour.tightening)
        covered = self.model.firms.covered[:, progress.index]
        return float(self._whole_baseline(progress, k)[covered].sum()) * (1.0 + balance) / float(book.right.lot)

    def _changed_lots(self, progress: RightProgress, period_name: str) -> int:
        """Return by how much more or less than its cap a period brings into the market, as far as announced."""
        supply = self.model.authority.supplies.get(progress.rules.right.code)
        return 0 if supply is None else supply.volumes.changed_lots(period_name)

    def supply(self, progress: RightProgress, year: int, yearly: float, *, auctions: bool) -> float:
        """Return the units that the public expects to be issued for a later year, in which `yearly` units are used."""
        book, g = progress.rules, self.model.behaviour.tightening
        if book.cap is not None and auctions:
            return float(book.right.lot) * self.model.cap_course.expected_lots(progress, year)
        return yearly * (1.0 + progress.balance_of(year, g))

    # -- the duties of a period, in the order of the year

    def change_rules(self, progress: RightProgress, period_name: str) -> None:
        """Announce and put into force what rules change today; a retroactive change opens the plans that are out."""
        model = self.model
        begun = model.authority.change_rules(progress.rules.right.code, model.calendar.days[model.day])
        if any(change.retroactive for change in begun):
            for k, plan in enumerate(progress.plans):
                if plan.announced and not plan.settled:
                    self._plan(progress, k)
        model.expectations.hear_rules(progress.index)

    def announce(self, progress: RightProgress, period_name: str) -> None:
        """Publish the plan: firms now know their formula, the public its balance."""
        model = self.model
        k = progress.position(period_name)
        claims = self._plan(progress, k)
        progress.plans[k].announced = True
        progress.news_year = model.calendar.days[model.day].year
        model.authority.plans.announce(progress.rules.right.code, progress.uses[k].period, claims)
        model.expectations.hear(progress.index)

    def _plan(self, progress: RightProgress, k: int) -> dict[int, Ints]:
        """Work out what the rules give each firm in a period, and what balance that means for the market.

        Returns
        -------
        dict of int to ndarray of int64, shape (n_firms,)
            Claims by year, where they are scaled to the cap.
        """
        model, use, plan = self.model, progress.uses[k], progress.plans[k]
        entitlement = model.authority.entitlements[progress.rules.right.code]
        self._estimate_bases(progress, use)
        claims: dict[int, Ints] = {}
        for i, year in enumerate(use.years):
            lots, output, units = self._formula(progress, year)
            if progress.rules.scaling is not None:
                claims[year] = entitlement.claims(year, output, self.lots_of(progress, units))
            follows = entitlement.follows_output(year)
            if progress.rules.paid_use is not None:
                lots = model.paid_terms.quota_lots(progress, self._covered(progress, lots, year))
                follows = np.zeros_like(follows)
            plan.lots_per_output[i] = np.where(follows, lots / output, 0.0)
            plan.fixed_lots[i] = np.where(follows, 0.0, lots)
            covered = model.firms.covered[:, progress.index]
            total, used = lots[covered].sum() * float(progress.rules.right.lot), units[covered].sum()
            progress.balance[year] = float(total / used - 1.0) if used > 0 else 0.0
        return claims

    def _estimate_bases(self, progress: RightProgress, use: PeriodUse) -> None:
        """Let the authority estimate base years that are not verified yet from what is expected of them."""
        code = progress.rules.right.code
        entitlement = self.model.authority.entitlements[code]
        for k, earlier in enumerate(progress.uses):
            missing = entitlement.base_years(use.years) & set(earlier.years) - entitlement.use_lots.keys()
            for year in sorted(missing):
                units = self.expected_use(progress, k) / len(earlier.years)
                output = self.expected_output(progress, k)[earlier.years.index(year)]
                lots = self._covered(progress, self.lots_of(progress, units), year)
                self.model.authority.plans.estimate_base(code, use.period, year, lots, np.rint(output).astype(np.int64))

    def preallocate(self, progress: RightProgress, period_name: str) -> None:
        """Issue the early part, on last year's activity."""
        model = self.model
        k = progress.position(period_name)
        book, use = progress.rules, progress.uses[k]
        if book.entrant_reserve is not None:
            capacity = np.rint(model.firms.output * model.firms.trend()).astype(np.int64)
            capacity = self._covered(progress, capacity, use.years[-1])
            without = model.authority.plans.grant_without_base(book.right.code, use.period, capacity)
            progress.issued_lots[k] += without
        if book.upfront is None and bool(progress.plans[k].lots_per_output.any()):
            return
        entitlement = model.authority.entitlements[book.right.code]
        basis = np.zeros(len(model.firms), dtype=np.int64)
        for year in use.years:
            output = np.rint(self._output_of(progress, use.years[0] - 1)).astype(np.int64)
            units = output * model.operations.intensity[:, progress.index]
            lots = self.lots_of(progress, units)
            by_use = book.upfront is not None and book.upfront.basis == "prior_year_emissions"
            basis += lots if by_use else entitlement.lots(year, output, lots)
        issued = model.authority.plans.preallocate(
            book.right.code, use.period, self._covered(progress, basis, use.years[-1])
        )
        progress.issued_lots[k] += issued
        if book.upfront is None:
            progress.plans[k].settled = True
        model.expectations.hear(progress.index)

    def _output_of(self, progress: RightProgress, year: int) -> Floats:
        """Return a firm's output of a year: recorded in a period of this right, else from before the market."""
        for use in progress.uses:
            if year in use.years:
                return np.asarray(use.output[use.years.index(year)])
        return self.model.firms.past_output(year, self.model.streams)

    def report(self, progress: RightProgress, period_name: str) -> None:
        """Measure use, rounded up to the lot, and let firms report it."""
        k = progress.position(period_name)
        self.reporting.report(progress, k, self._true_lots(progress, k))

    def verify(self, progress: RightProgress, period_name: str) -> None:
        """Verify the use of a period: as reported and checked, or as it is where nothing is monitored."""
        model = self.model
        k = progress.position(period_name)
        code, use = progress.rules.right.code, progress.uses[k]
        if self.reporting.is_filed(progress, k):
            bills = model.authority.check(code, use.period, self.reporting.check_draws(progress, k))
            self._pay(bills)
        else:
            model.authority.verify(code, use.period, self._true_lots(progress, k))
        progress.verified[k] = True
        model.fiscal_year.verify(progress, k)
        self._use_is_known(progress, k)

    def _true_lots(self, progress: RightProgress, k: int) -> Ints:
        use = progress.uses[k]
        return self._covered(progress, self.lots_of(progress, use.use), use.years[-1])

    def audit(self, progress: RightProgress, period_name: str) -> None:
        """Have some firms audited; what is found changes what they owe."""
        k = progress.position(period_name)
        self.reporting.audit(progress, k)
        self._use_is_known(progress, k)

    def _use_is_known(self, progress: RightProgress, k: int) -> None:
        """File verified use for allocations that look back at it, and tell the public."""
        model, use = self.model, progress.uses[k]
        lots = self._verified_lots(progress, k)
        entitlement = model.authority.entitlements[progress.rules.right.code]
        if progress.rules.entry_exit is not None:
            for year in use.years:
                everyone = self.lots_of(progress, use.use) // len(use.years)
                model.authority.coverage.report_use(progress.rules.right.code, year, everyone)
        for year, output in zip(use.years, use.output, strict=True):
            entitlement.report_use(year, lots // len(use.years), np.rint(output).astype(np.int64))
        model.expectations.hear(progress.index)

    def true_up(self, progress: RightProgress, period_name: str) -> None:
        """Settle the allocation on verified output, then the caps on verified activity."""
        k = progress.position(period_name)
        if not progress.plans[k].settled:
            self._settle(progress, k)
        self.model.cap_course.correct(progress, k)

    def _settle(self, progress: RightProgress, k: int) -> None:
        """Issue what is missing of the final allocation, and take back what was too much."""
        model = self.model
        book, use, plan = progress.rules, progress.uses[k], progress.plans[k]
        final = self.final_lots(progress, k)
        progress.issued_lots[k] += model.authority.plans.true_up(book.right.code, use.period, final)
        plan.settled = True
        model.expectations.hear(progress.index)

    def final_lots(self, progress: RightProgress, k: int) -> Ints:
        """Return the allocation of a period at what firms have made and used so far; at verified use once there is."""
        use = progress.uses[k]
        n = len(use.years)
        entitlement = self.model.authority.entitlements[progress.rules.right.code]
        # A firm's use of one of several years is an even part of the whole, rounded up.
        whole = self._verified_lots(progress, k) if progress.verified[k] else self.lots_of(progress, use.use)
        final = np.zeros(len(self.model.firms), dtype=np.int64)
        for i, year in enumerate(use.years):
            final += entitlement.lots(year, np.rint(use.output[i]).astype(np.int64), -(-whole // n))
        return self._covered(progress, final, use.years[-1])

    def quota_claims(self, progress: RightProgress, year: int) -> Ints:
        """Return the lots that covered firms are given for a year at their smooth, public output."""
        return self._covered(progress, self._formula(progress, year)[0], year)

    def surrender(self, progress: RightProgress, period_name: str) -> None:
        """Surrender for a period, with lots of the next one where firms may and want to borrow them."""
        k, expectations = progress.position(period_name), self.model.expectations
        borrow = expectations.duties.lots_to_borrow(progress, k)
        self.model.authority.surrender(progress.rules.right.code, progress.uses[k].period, borrow)
        expectations.hear(progress.index)

    def penalise(self, progress: RightProgress, period_name: str) -> None:
        """Fine what is missing, at mean prices of the time before the deadline where the rules ask for them."""
        model, authority = self.model, self.model.authority
        k = progress.position(period_name)
        code, period = progress.rules.right.code, progress.uses[k].period
        prices = {
            days: self._mean_price_fen(progress, k, days) for days in authority.shortfalls.price_windows(code, period)
        }
        draws = model.streams["fines"].random(len(model.firms))
        authority.shortfalls.penalise(code, period, prices, draws)
        today = model.calendar.days[model.day]
        authority.shortfalls.sanction(code, period, today)
        model.operations.allowed = authority.sanctions.output_factor(today.year)

    def _mean_price_fen(self, progress: RightProgress, k: int, calendar_days: int) -> Fraction:
        """Return the mean price of the calendar days up to the deadline of a period, fen a lot, not rounded."""
        market, calendar, last = self.model.market, self.model.calendar, progress.deadline_day[k]
        first = calendar.index_on_or_after(progress.uses[k].period.deadline - timedelta(calendar_days - 1))
        days = 0 if first is None else last - first + 1
        value, lots = market.traded(progress.instruments, days, last)
        return mean_price_fen(progress.rules, value, lots, int(market.tape.last_close[progress.instruments[k]]))

    def make_good(self, progress: RightProgress, period_name: str) -> None:
        """Carry what is missing into the next period."""
        k = progress.position(period_name)
        periods = progress.rules.periods
        following = periods[k + 1] if k + 1 < len(periods) else None
        self.model.authority.shortfalls.make_good(progress.rules.right.code, periods[k], following)

    def close_banking(self, progress: RightProgress, period_name: str) -> None:
        """Let lapse what may not be kept."""
        model = self.model
        k = progress.position(period_name)
        periods = progress.rules.periods
        following = periods[k + 1] if k + 1 < len(periods) else None
        today = model.calendar.days[model.day]
        model.authority.close_banking(progress.rules.right.code, periods[k], following, today)
        model.recorder.end_period(progress, k)
        model.expectations.hear(progress.index)

    def publish(self, progress: RightProgress, period_name: str) -> None:
        """Publish the inventory and what firms disclose."""
        self.reporting.publish(progress, progress.position(period_name))

    def auction(self, progress: RightProgress, period_name: str) -> None:
        """Hold an auction of the government."""
        self.model.primary_market.hold(progress, period_name)

    def reserve_sale(self, progress: RightProgress, period_name: str) -> None:
        """Sell from reserves at fixed prices, if a sale is due."""
        self.model.primary_market.sell_reserves(progress, period_name)

    def review_supply(self, progress: RightProgress, when: str) -> None:
        """Review the supply of a year, or at the end of a month."""
        self.model.primary_market.review(progress, when)

    def open_year(self, progress: RightProgress, year: str) -> None:
        """Begin a calendar year."""
        self.model.primary_market.open_year(progress, year)

    def close_year(self, progress: RightProgress, year: str) -> None:
        """End a calendar year."""
        self.model.primary_market.close_year(progress, year)

    def lots_of(self, progress: RightProgress, units: Floats) -> Ints:
        """Return the lots that stand for units of a right, rounded up."""
        lot = float(progress.rules.right.lot)
        return np.ceil(units / lot - 1e-9).astype(np.int64)

    def _covered(self, progress: RightProgress, lots: Ints, year: int) -> Ints:
        """Return lots of the firms that are covered in a compliance year, 0 for the others."""
        return np.where(self.model.authority.coverage.listed(progress.rules.right.code, year), lots, 0)

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
