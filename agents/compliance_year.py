"""The compliance year as firms live it: they are measured, are allocated, and owe.

Joins the population to the authority: serves each duty of the calendar with what firms made, used, report and ask for.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from agents.announced_plans import reckon_with_announced
from rights_market.authority import mean_price_fen
from rights_market.exchange.calendar import Entry

if TYPE_CHECKING:
    from agents.model import RightsMarketModel
    from agents.progress import RightProgress
    from agents.use import PeriodUse

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

WITHOUT_UNITS = ("rule_change", "report_due", "verification", "audit", "publish", "banking_close")
"""Duties that are left of a right without units: its use is known, and with the last one its period written down."""


class ComplianceYear:
    """Measurement, allocation and surrender of all firms.

    Parameters
    ----------
    model : RightsMarketModel
        The model whose firms live through it.
    """

    def __init__(self, model: RightsMarketModel) -> None:
        self.model = model
        self._serve = {
            "rule_change": self.change_rules,
            "cap_set": model.cap_course.set,
            "allocation_announced": self.announce,
            "preallocation": self.preallocate,
            "delivery": self.deliver,
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
            "rule_review": self.review_rules,
        }

    def serve(self, entries: Iterable[Entry]) -> None:
        """Carry out the duties of a part of the day, in order."""
        for entry in entries:
            progress = self.model.progress[self.model.right_codes.index(entry.right_code)]
            if progress.rules.tradable or entry.hook in WITHOUT_UNITS:
                self._serve[entry.hook](progress, entry.period_name)

    # -- what firms and the public may expect

    def change_rules(self, progress: RightProgress, period_name: str) -> None:
        """Announce and put into force what rules change today; a retroactive change opens the plans that are out."""
        model, today = self.model, self.model.calendar.days[self.model.day]
        if not progress.history.is_due(today):
            return  # A review that could have changed something did not.
        begun = model.authority.change_rules(progress.rules.right.code, today)
        if any(change.retroactive for change in begun):
            for k, plan in enumerate(progress.plans):
                if plan.announced and not plan.settled:
                    self._plan(progress, k)
        reckon_with_announced(model, progress)
        model.expectations.hear_rules(progress.index)

    def review_rules(self, progress: RightProgress, number: str) -> None:
        """Let the authority review one of its rules; firms learn at once of what it decides."""
        regulator, today = self.model.authority.regulator, self.model.calendar.days[self.model.day]
        if regulator is not None and regulator.review(progress.rules.right.code, int(number), today):
            reckon_with_announced(self.model, progress)
            self.model.expectations.hear_rules(progress.index)

    def announce(self, progress: RightProgress, period_name: str) -> None:
        """Publish the plan: firms now know their formula, the public its balance."""
        model = self.model
        k = progress.position(period_name)
        claims = self._plan(progress, k)
        progress.plans[k].announced = True
        reckon_with_announced(model, progress)
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
            lots, output, units = self.model.forecasts.formula(progress, year)
            if progress.rules.scaling is not None:
                claims[year] = entitlement.claims(year, output, progress.lots_of(units))
            follows = entitlement.follows_output(year)
            if progress.rules.paid_use is not None:
                lots = model.paid_terms.quota_lots(progress, self.model.forecasts.covered(progress, lots, year), year)
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
                units = self.model.forecasts.expected_use(progress, k) / len(earlier.years)
                output = self.model.forecasts.expected_output(progress, k)[earlier.years.index(year)]
                lots = self.model.forecasts.covered(progress, progress.lots_of(units), year)
                self.model.authority.plans.estimate_base(code, use.period, year, lots, np.rint(output).astype(np.int64))

    def preallocate(self, progress: RightProgress, period_name: str) -> None:
        """Issue the early part, on last year's activity."""
        model = self.model
        k = progress.position(period_name)
        book, use = progress.rules, progress.uses[k]
        if book.entrant_reserve is not None:
            capacity = np.rint(model.firms.output * model.firms.trend()).astype(np.int64)
            capacity = self.model.forecasts.covered(progress, capacity, use.years[-1])
            without = model.authority.plans.grant_without_base(book.right.code, use.period, capacity)
            progress.issued_lots[k] += without
        if book.upfront is None and bool(progress.plans[k].lots_per_output.any()):
            return
        entitlement = model.authority.entitlements[book.right.code]
        basis = np.zeros(len(model.firms), dtype=np.int64)
        for year in use.years:
            output = np.rint(self.model.forecasts.output_of(progress, use.years[0] - 1)).astype(np.int64)
            units = output * model.operations.intensity[:, progress.index]
            lots = progress.lots_of(units)
            by_use = book.upfront is not None and book.upfront.basis == "prior_year_emissions"
            basis += lots if by_use else entitlement.lots(year, output, lots)
        issued = model.authority.plans.preallocate(
            book.right.code, use.period, self.model.forecasts.covered(progress, basis, use.years[-1])
        )
        progress.issued_lots[k] += issued
        if book.upfront is None:
            progress.plans[k].settled = True
        model.expectations.hear(progress.index)

    def report(self, progress: RightProgress, period_name: str) -> None:
        """Measure use, rounded up to the lot, and let firms report it."""
        k = progress.position(period_name)
        self.model.reporting.report(progress, k, self._true_lots(progress, k))

    def verify(self, progress: RightProgress, period_name: str) -> None:
        """Verify the use of a period: as reported and checked, or as it is where nothing is monitored."""
        model = self.model
        k = progress.position(period_name)
        code, use = progress.rules.right.code, progress.uses[k]
        if self.model.reporting.is_filed(progress, k):
            bills = model.authority.check(code, use.period, self.model.reporting.check_draws(progress, k))
            model.production.pay(bills)
        else:
            model.authority.verify(code, use.period, self._true_lots(progress, k))
        progress.verified[k] = True
        model.fiscal_year.verify(progress, k)
        self._use_is_known(progress, k)

    def _true_lots(self, progress: RightProgress, k: int) -> Ints:
        use = progress.uses[k]
        return self.model.forecasts.covered(progress, progress.lots_of(use.use), use.years[-1])

    def audit(self, progress: RightProgress, period_name: str) -> None:
        """Have some firms audited; what is found changes what they owe."""
        k = progress.position(period_name)
        self.model.reporting.audit(progress, k)
        self._use_is_known(progress, k)

    def _use_is_known(self, progress: RightProgress, k: int) -> None:
        """File verified use for allocations that look back at it, and tell the public."""
        model, use = self.model, progress.uses[k]
        lots = self.model.forecasts.verified_lots(progress, k)
        entitlement = model.authority.entitlements[progress.rules.right.code]
        if progress.rules.entry_exit is not None:
            for year in use.years:
                everyone = progress.lots_of(use.use) // len(use.years)
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
        final = self.model.forecasts.final_lots(progress, k)
        progress.issued_lots[k] += model.authority.plans.true_up(book.right.code, use.period, final)
        plan.settled = True
        model.expectations.hear(progress.index)

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
        first = calendar.index_on_or_after(progress.closing[k] - timedelta(calendar_days - 1))
        days = 0 if first is None else last - first + 1
        if progress.is_yearly:
            return self._mean_year_price_fen(progress, k, last - days + 1, last)
        value, lots = market.traded(progress.instruments, days, last)
        return mean_price_fen(progress.rules, value, lots, int(market.tape.last_close[progress.instruments[k]]))

    def _mean_year_price_fen(self, progress: RightProgress, k: int, first: int, last: int) -> Fraction:
        """Return the mean price of a lot held for the whole year, fen; one bought late covers a part of it only."""
        model, period = self.model, progress.uses[k].period
        begin = max(period.use_from, model.calendar.days[0])
        whole = (period.use_to - begin).days + 1
        value, years = 0, Fraction(0)
        for day in range(max(first, 0), last + 1):
            paid, lots = model.market.traded(progress.instruments[k : k + 1], 1, day)
            value += paid
            years += Fraction(lots * ((period.use_to - model.calendar.days[day]).days + 1), whole)
        if years:
            return value / years
        return Fraction(model.expectations.year_price_fen(progress))

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
        # Rules that name dates mean those of the period, not the trading days on which they are served.
        on = periods[k].banking_close or model.calendar.days[model.day]
        model.authority.close_banking(progress.rules.right.code, periods[k], following, on)
        model.recorder.end_period(progress, k)
        model.expectations.hear(progress.index)

    def publish(self, progress: RightProgress, period_name: str) -> None:
        """Publish the inventory and what firms disclose."""
        self.model.reporting.publish(progress, progress.position(period_name))

    def auction(self, progress: RightProgress, period_name: str) -> None:
        """Hold an auction of the government."""
        self.model.primary_market.hold(progress, period_name)

    def deliver(self, progress: RightProgress, period_name: str) -> None:
        """Have what was won in an auction delivered and paid."""
        self.model.primary_market.deliver(progress, period_name)

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
