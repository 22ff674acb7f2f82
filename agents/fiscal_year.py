"""Taxes, standards, subsidies and the price of power as firms live them, and how they weigh them.

Joins the population to the treasury: hands over what firms used, made and invested month by month, and keeps what one
more unit of use or output costs each firm beside the market.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rights_market.authority.fiscal import Flow
from rights_market.policies.fiscal import (
    DifferentialPowerPrice,
    EmissionStandard,
    EmissionTax,
    MeasureSubsidy,
    RevenueRecycling,
)
from rights_market.policies.links import PowerPassThrough
from rights_market.records import Event
from rights_market.units import exact, half_up

if TYPE_CHECKING:
    from agents.model import RightsMarketModel
    from agents.progress import RightProgress

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

FEN_PER_YUAN = 100
KWH_PER_MWH = 1000


class FiscalYear:
    """What firms pay and get beside the market, month by month.

    Parameters
    ----------
    model : RightsMarketModel
        The model whose firms live through it.

    Attributes
    ----------
    per_unit : ndarray of float64, shape (n_firms, n_rights)
        What one more unit of use costs each firm in taxes, and what it does to keep its standard, CNY.
    used : ndarray of float64, shape (n_firms, n_rights)
        Use of the calendar year so far, units.
    made, made_this_month : ndarray of float64, shape (n_firms,)
        Output of the calendar year, and of the month, so far.
    power_bill_fen : ndarray of int64, shape (n_firms,)
        What the carbon price added to the last bill for power, part of the next month's income; below 0 for generators.
    rebate_per_output : ndarray of float64, shape (n_firms,)
        What a unit of output earned last time in rebates, CNY, and is expected to earn again.
    """

    def __init__(self, model: RightsMarketModel) -> None:
        self.model = model
        config, n = model.config, len(model.firms)
        self.is_idle = not config.links and not config.fiscal
        treasury = model.authority.treasury
        self.taxes, self.standards = treasury.of(EmissionTax), treasury.of(EmissionStandard)
        self.subsidies, self.surcharges = treasury.of(MeasureSubsidy), treasury.of(DifferentialPowerPrice)
        self.pass_through = [rule for rule in config.links if isinstance(rule, PowerPassThrough)]
        self.per_unit: Floats = np.zeros((n, len(model.right_codes)))
        self.used: Floats = np.zeros_like(self.per_unit)
        self.made: Floats = np.zeros(n)
        self.made_this_month: Floats = np.zeros(n)
        self.rebate_per_output: Floats = np.zeros(n)
        self.power_bill_fen: Ints = np.zeros(n, np.int64)
        self._standard_price: Floats = np.zeros_like(self.per_unit)
        self._tier_adds: dict[int, list[Fraction]] = {k: [Fraction(0)] * n for k, _ in self.surcharges}
        self._intensities: dict[int, list[Fraction]] = {}
        self._bought = model.firms._by_firm("power_bought_mwh")
        self._sold = model.firms._by_firm("power_sold_mwh")
        self._sectors = [model.firms.sector_codes[s] for s in model.firms.sector]
        self._limits: dict[int, list[Fraction | None]] = {}

    # -- before the market, and every day

    def begin(self) -> None:
        """Work out limits and steps that rest on years before the market."""
        model = self.model
        for place, rule in self.standards:
            base = [Fraction(0)] * len(model.firms)
            if rule.base_year is not None:
                units = model.firms.intensity(rule.base_year)[:, self._column(rule.right)]
                if rule.form == "absolute":
                    units = units * model.firms.past_output(rule.base_year, model.streams)
                base = [exact(float(x)) for x in units]
            self._limits[place] = rule.limits(self._sectors, base)
        for place, power in self.surcharges:
            if power.right is not None:
                intensity = model.operations.intensity[:, self._column(power.right)]
                self._set_tiers(place, power, [exact(float(x)) for x in intensity])

    def work(self, weight: float) -> None:
        """Count a stretch of `weight` years at today's rates."""
        if not self.is_idle:
            self.used += weight * self.model.rates.use
            self.made += weight * self.model.rates.output
            self.made_this_month += weight * self.model.rates.output

    def take_power_bills(self) -> Ints:
        """Return the bills that are due, fen, shape (n_firms,), and forget them."""
        bills, self.power_bill_fen = self.power_bill_fen, np.zeros_like(self.power_bill_fen)
        return bills

    def close_day(self) -> None:
        """Settle the month, the quarter and the year on their last trading days, and all of them on the last day."""
        if self.is_idle:
            return
        days, day = self.model.calendar.days, self.model.day
        today, following = days[day], days[day + 1] if day + 1 < len(days) else None
        if following is not None and following.month == today.month:
            return
        self.model.authority.treasury.collect()
        self._settle_power(today.year)
        self.made_this_month[:] = 0.0
        if following is None or (following.month - 1) // 3 != (today.month - 1) // 3:
            self._settle_taxes(today.year)
        if following is None or following.year != today.year:
            self._settle_revenue(today.year)
            self.used[:] = 0.0
            self.made[:] = 0.0

    # -- what firms weigh

    def weigh_taxes(self) -> None:
        """Work out what one more unit costs each firm in taxes this year, beside what keeps it within its standard."""
        if self.is_idle:
            return
        self.per_unit = self._tax_per_unit() + self._standard_price

    def weigh_standards(self, shadow_yuan: Floats) -> None:
        """Work out what more than markets and taxes it takes to keep each firm within its standard.

        Parameters
        ----------
        shadow_yuan : ndarray of float64, shape (n_firms, n_rights)
            Price at which firms weigh their measures by market, CNY.

        Notes
        -----
        A firm over its limit abates as if a unit cost what its last unit to the limit costs to abate, at most the
        charge: beyond that it pays.
        """
        if not self.standards:
            return
        model, year = self.model, self.model.calendar.days[self.model.day].year
        tax = self._tax_per_unit()
        self._standard_price[:] = 0.0
        for place, rule in self.standards:
            r = self._column(rule.right)
            limit = np.array([np.inf if x is None else float(x) for x in self._limits[place]])
            allowed = limit * model.rates.output if rule.form == "intensity" else limit
            need, curves = model.rates.need[:, r], model.firms.curves
            over = np.where(np.isfinite(allowed), model.rates.use[:, r] - allowed, -np.inf)
            share = model.operations.share[:, r] + np.divide(over, need, out=np.zeros_like(need), where=need > 0)
            wanted = np.clip(share, 0.0, 1.0)
            # At the limit of what it can abate a firm pays the charge for the rest.
            marginal = curves.alpha[:, r] + wanted * (curves.a[:, r] + curves.b[:, r] * wanted)
            cost = np.where(wanted < curves.limit[:, r], marginal, np.inf)
            charge = rule.charge / FEN_PER_YUAN / float(model.config.rule_books[r].right.lot)
            price = np.clip(cost - shadow_yuan[:, r] - tax[:, r], 0.0, charge)
            self._standard_price[:, r] += np.where(model.authority.treasury.mask(rule, year), price, 0.0)
        self.per_unit = tax + self._standard_price

    def per_output(self) -> Floats:
        """Return what one more unit of output costs each firm beside the market, CNY, shape (n_firms,)."""
        if self.is_idle:
            return np.zeros(len(self.made))
        operations = self.model.operations
        cost = (self.per_unit * operations.intensity * (1.0 - operations.share)).sum(axis=1)
        for place, rule in self.standards:
            if rule.form == "intensity":
                # A limit for a unit of output allows more use with more output, as free units would.
                limit = np.array([0.0 if x is None else float(x) for x in self._limits[place]])
                cost -= self._standard_price[:, self._column(rule.right)] * limit
        year = self.model.calendar.days[self.model.day].year
        per_mwh = np.array([float(self._power_price(rule)) for rule in self.pass_through]).sum()
        added = per_mwh * (self._bought - self._sold)
        for place, power in self.surcharges:
            adds = np.array([float(x) for x in power.per_kwh(self._sectors, self._tier_adds[place])])
            added += KWH_PER_MWH * adds * self._bought * self.model.authority.treasury.mask(power, year)
        return np.asarray(cost + added - self.rebate_per_output)

    def _tax_per_unit(self) -> Floats:
        model = self.model
        tax = np.zeros_like(self.per_unit)
        year = model.calendar.days[max(0, model.day)].year
        for _, rule in self.taxes:
            columns = [self._column(use.right) for use in rule.uses]
            level = self._concentration(columns)
            rate = np.array(
                [
                    [rule.yuan_per_unit(use, s, x) for s, x in zip(self._sectors, own, strict=True)]
                    for use, own in zip(rule.uses, level.tolist(), strict=True)
                ]
            )
            equivalents = np.stack(
                [model.rates.use[:, r] / float(u.equivalent) for r, u in zip(columns, rule.uses, strict=True)]
            )
            is_due = rule.charged_uses(equivalents) & model.authority.treasury.mask(rule, year)
            for i, r in enumerate(columns):
                used = self._lots(r, np.maximum(self.used[:, r], model.rates.use[:, r]))
                is_taxed = rule.taxed(used, model.firms.covered[:, r], self._held_lots(r)) > 0
                tax[:, r] += np.where(is_due[i] & is_taxed, rate[i], 0.0)
        return tax

    # -- investments

    def help_fen(self) -> tuple[Ints, Floats]:
        """Return what each measure would get in grants if started now, fen, and what credits are worth for it, CNY."""
        measures = self.model.operations.measures
        grant, worth = np.zeros(len(measures.firm), np.int64), np.zeros(len(measures.firm))
        year = self.model.calendar.days[self.model.day].year
        treasury = self.model.authority.treasury
        for place, rule in self.subsidies:
            claims = self._claims(rule, year)
            most, left = treasury.cap_left(place), treasury.budget_left(place, year)
            if most is not None:
                claims = np.minimum(claims, most[measures.firm])
            if rule.form == "tax_credit":
                worth += claims / FEN_PER_YUAN * measures.mean_discount(self.model.behaviour.hurdle_rate)
            else:
                grant += claims if left is None else np.minimum(claims, left)
        return grant, worth

    def claim(self, started: npt.NDArray[np.intp]) -> None:
        """Claim the grants for measures that were started today."""
        if not len(started):
            return
        year, n = self.model.calendar.days[self.model.day].year, len(self.model.firms)
        firm = self.model.operations.measures.firm[started]
        for place, rule in self.subsidies:
            claims = np.zeros(n, np.int64)
            np.add.at(claims, firm, self._claims(rule, year)[started])
            if claims.any():
                self.model.authority.treasury.grant(place, year, claims)

    def _claims(self, rule: MeasureSubsidy, year: int) -> Ints:
        """Return what a rule gives for each measure, fen, before caps and budget."""
        model, measures = self.model, self.model.operations.measures
        admitted = model.authority.treasury.mask(rule, year)
        if rule.exclude_short:
            admitted = admitted & ~self._short()
        if rule.exclude_banned:
            admitted = admitted & model.authority.sanctions.may_be_subsidised(year)
        column = None if rule.right is None else self._column(rule.right)
        claims = np.zeros(len(measures.firm), np.int64)
        for i, (firm, name) in enumerate(zip(measures.firm.tolist(), model.operations.measure_names, strict=True)):
            if admitted[firm] and rule.supports(name):
                saved = 0.0 if column is None else float(measures.reduction[i, column])
                claims[i] = rule.claim(int(measures.capex_fen[i]), saved)
        return claims

    def _short(self) -> Bools:
        """Return the firms that missed units of some right in its last settled period."""
        latest = {period["right"]: np.asarray(period["shortfall"]) for period in self.model.recorder.periods}
        return np.asarray(sum(latest.values(), np.zeros(len(self.model.firms), np.int64)) > 0)

    # -- settlements

    def verify(self, progress: RightProgress, k: int) -> None:
        """Compare the verified use of a period with standards, and set the steps of the price of power anew."""
        model, use, code = self.model, progress.uses[k], progress.rules.right.code
        if self.is_idle:
            return
        output = np.rint(use.output.sum(axis=0)).astype(np.int64)
        accounts, covered = model.accounts_of[: len(model.firms)], model.firms.covered[:, progress.index]
        verified = model.market.obligations.verified_lots(code, use.period.name)[accounts]
        # Firms that need not hold the right are measured for the charge alone.
        lots = np.where(covered, verified, self._lots(progress.index, use.use))
        matter = model.authority.matter("verification", code, use.period)
        for place, rule in self.standards:
            if rule.right == code:
                limits = self._limits[place]
                if rule.form == "absolute":
                    years = exact(use.window()) if len(use.years) > 1 else 1
                    limits = [None if x is None else x * years for x in limits]
                model.authority.treasury.standard(place, matter, lots, output, limits)
        for place, power in self.surcharges:
            if power.right == code:
                made = [exact(float(q)) for q in use.output.sum(axis=0)]
                used = [exact(float(x)) for x in use.use]
                before = self._intensities[place]
                # Without output the step of the year before stays.
                now = [u / q if q > 0 else b for u, q, b in zip(used, made, before, strict=True)]
                self._set_tiers(place, power, now)

    def _settle_taxes(self, year: int) -> None:
        for place, rule in self.taxes:
            columns = [self._column(use.right) for use in rule.uses]
            lots = np.stack([self._lots(r, self.used[:, r]) for r in columns])
            held = np.stack([self._held_lots(r) for r in columns])
            covered = self.model.firms.covered[:, columns].T
            level = self._concentration(columns)
            self.model.authority.treasury.tax(place, year, lots, held, covered, level)

    def _concentration(self, columns: list[int]) -> Floats:
        """Return how concentrated the discharge of some rights is now, shape (n_columns, n_firms).

        What a firm abates of a pollutant is no longer in what it discharges.
        """
        model = self.model
        return np.asarray((model.firms.concentration * (1.0 - model.operations.share))[:, columns].T)

    def _settle_power(self, year: int) -> None:
        """Bill users for what is passed on of the carbon price this month, generators earn it; charge the surcharge."""
        model = self.model
        for rule in self.pass_through:
            price = self._power_price(rule)
            mwh = self.made_this_month * (self._bought - self._sold)
            fen = np.array([half_up(FEN_PER_YUAN * price * exact(float(x))) for x in mwh], np.int64)
            self.power_bill_fen += fen
            model.authority.treasury.count(Flow(year, "pass_through", rule.right), fen)
            for row in np.flatnonzero(fen).tolist():
                note = "paid" if fen[row] > 0 else "earned"
                model.authority.note(
                    Event(
                        model.day,
                        "publish",
                        rule.kind,
                        "pass_through",
                        int(model.accounts_of[row]),
                        money_fen=abs(int(fen[row])),
                        note=note,
                    )
                )
        kwh = np.rint(self.made_this_month * self._bought * KWH_PER_MWH).astype(np.int64)
        for place, _ in self.surcharges:
            model.authority.treasury.surcharge(place, year, kwh, self._tier_adds[place])

    def _settle_revenue(self, year: int) -> None:
        model, treasury = self.model, self.model.authority.treasury
        if not treasury.of(RevenueRecycling):
            return
        use = {code: self._lots(r, self.used[:, r]) for r, code in enumerate(model.right_codes)}
        output = [exact(float(q)) for q in self.made]
        rebate = treasury.recycle(year, output, use, np.asarray(model.firms.covered.any(axis=1)))
        self.rebate_per_output = np.divide(
            rebate / FEN_PER_YUAN, self.made, out=np.zeros_like(self.made), where=self.made > 0
        )

    # -- figures

    def _column(self, code: str) -> int:
        return self.model.right_codes.index(code)

    def _lots(self, right: int, units: Floats) -> Ints:
        lot = float(self.model.config.rule_books[right].right.lot)
        return np.ceil(units / lot - 1e-9).astype(np.int64)

    def _held_lots(self, right: int) -> Ints:
        """Return the lots that each firm holds, or has surrendered for a period of this year."""
        model, progress = self.model, self.model.progress[right]
        accounts, registry = model.accounts_of[: len(model.firms)], model.market.registry
        held = np.zeros(len(accounts), np.int64)
        for i in progress.instruments:
            held += (registry.free[i] + registry.frozen[i] + registry.pledged[i])[accounts]
        year, code = model.calendar.days[max(0, model.day)].year, progress.rules.right.code
        for use in progress.uses:
            if year in use.years:
                held += model.market.obligations.surrendered_lots(code, use.period.name)[accounts]
        return held

    def _power_price(self, rule: PowerPassThrough) -> Fraction:
        """Return what is added to the price of power now, CNY per MWh."""
        model, r = self.model, self._column(rule.right)
        progress, bars = model.progress[r], model.market.tape.bars
        traded = bool(bars["lots"][np.isin(bars["instrument"], progress.instruments)].any())
        price = exact(float(model.desk.last_price[r])) * exact(progress.rules.right.tick_yuan) if traded else None
        free, front = 0.0, progress.front(model.day)
        makers = np.flatnonzero((self._sold > 0) & model.firms.covered[:, r])
        if rule.net_of_free and front is not None and len(makers):
            given = model.forecasts.expected_lots(progress, front)[makers].sum()
            used = self.model.forecasts.expected_use(progress, front)[makers].sum()
            free = float(given * float(progress.rules.right.lot) / used) if used > 0 else 0.0
        return rule.yuan_per_mwh(price, exact(free))

    def _set_tiers(self, place: int, rule: DifferentialPowerPrice, intensity: list[Fraction]) -> None:
        self._intensities[place] = intensity
        self._tier_adds[place] = [rule.tier_add(s, x) for s, x in zip(self._sectors, intensity, strict=True)]

    def state(self) -> dict[str, Any]:
        """Return everything that changes, as plain arrays and numbers."""
        return {
            **{name: getattr(self, name).copy() for name in _ARRAYS},
            "standard_price": self._standard_price.copy(),
            "intensities": [(k, [str(x) for x in values]) for k, values in self._intensities.items()],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back what `state` returned."""
        for name in _ARRAYS:
            setattr(self, name, np.array(state[name]))
        self._standard_price = np.array(state["standard_price"])
        rules = dict(self.surcharges)
        for place, values in state["intensities"]:
            if int(place) in rules:
                self._set_tiers(int(place), rules[int(place)], [Fraction(x) for x in values])


_ARRAYS = ("per_unit", "used", "made", "made_this_month", "power_bill_fen", "rebate_per_output")
