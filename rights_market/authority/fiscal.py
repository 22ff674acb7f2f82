"""The treasury: charges by use, grants, and what becomes of the money."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from rights_market.authority.office import Matter, Office
from rights_market.exchange.calendar import Hook
from rights_market.policies.fiscal import (
    DifferentialPowerPrice,
    EmissionStandard,
    EmissionTax,
    MeasureSubsidy,
    Purpose,
    RevenueRecycling,
)
from rights_market.policies.rule import Rule
from rights_market.records import Event
from rights_market.registry.accounts import GOVERNMENT_ACCOUNT, AccountKind

Int64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
R = TypeVar("R", bound=Rule)

FUNDS: tuple[Purpose, ...] = ("abatement_fund", "eco_compensation", "loan_risk_fund")


class Flow(NamedTuple):
    """Money of one kind between firms and others in a calendar year.

    Attributes
    ----------
    year : int
    kind : str
        Such as ``tax`` or ``subsidy``.
    right : str
        Right that it concerns, empty for none.
    """

    year: int
    kind: str
    right: str


class Treasury:
    """Charges taxes, standards and surcharges, pays grants and rebates, and keeps the funds.

    Parameters
    ----------
    office : Office
    rules : sequence of Rule
        Those of the slot ``fiscal``, in the order in which they are written.

    Attributes
    ----------
    flows : dict of Flow to ndarray of int64, shape (n_firms,)
        What firms were charged (above 0) or got (below 0), fen.
    unpaid_fen : ndarray of int64, shape (n_firms,)
        Charges that are not paid.
    funds : dict of str to int
        Account of each fund.
    """

    def __init__(self, office: Office, rules: Sequence[Rule]) -> None:
        self._office = office
        self.rules = tuple(rules)
        n = len(office.accounts)
        self.flows: dict[Flow, Int64] = {}
        self.unpaid_fen: Int64 = np.zeros(n, np.int64)
        self._charged: dict[tuple[int, int], Int64] = {}
        self._received: dict[int, Int64] = {k: np.zeros(n, np.int64) for k, _ in self.of(MeasureSubsidy)}
        self._spent: dict[tuple[int, int], int] = {}
        self.credit_fen: Int64 = np.zeros(n, np.int64)
        self._budget_cash = 0
        self.funds: dict[Purpose, int] = {}
        if self.of(RevenueRecycling):
            accounts = office.market.accounts.open_many(AccountKind.GOVERNMENT, list(FUNDS))
            self.funds = dict(zip(FUNDS, accounts.tolist(), strict=True))

    def of(self, kind: type[R]) -> list[tuple[int, R]]:
        """Return the rules of one kind with their places in the slot."""
        return [(k, rule) for k, rule in enumerate(self.rules) if isinstance(rule, kind)]

    def mask(self, rule: Any, year: int) -> Bools:
        """Return the firms that a rule means in a year, shape (n_firms,)."""
        firms = self._office.firms
        return np.asarray(rule.where.mask(firms.sectors, firms.classes or firms.sectors, year))

    # -- charges

    def tax(
        self,
        place: int,
        year: int,
        lots: Int64,
        held_lots: Int64,
        covered: Bools,
        concentration: npt.NDArray[np.float64] | None = None,
    ) -> Int64:
        """Charge the tax on what was used in a year so far, less what was charged before.

        Parameters
        ----------
        place : int
            Place of the tax in the slot.
        year : int
        lots, held_lots : ndarray of int64, shape (n_uses, n_firms)
            Use of the year so far, and lots held or surrendered for it.
        covered : ndarray of bool, shape (n_uses, n_firms)
            Whether firms must hold the right.
        concentration : ndarray of float64, shape (n_uses, n_firms), or None
            Of discharge, as a share of its limit, as firms report it; NaN where they do not.

        Returns
        -------
        ndarray of int64, shape (n_uses, n_firms)
            Tax charged now, fen.
        """
        rule = self.rules[place]
        assert isinstance(rule, EmissionTax)
        taxed = [rule.taxed(*row) for row in zip(lots, covered, held_lots, strict=True)]
        sizes = [self._office.books[use.right].right.lot for use in rule.uses]
        total = rule.tax(np.stack(taxed) * self.mask(rule, year), sizes, self._office.firms.sectors, concentration)
        before = self._charged.get((place, year), np.zeros_like(total))
        # A firm that bought rights since may owe less in all than it was charged: nothing is paid back.
        due: Int64 = np.maximum(total - before, 0)
        self._charged[place, year] = before + due
        for use, fen, used in zip(rule.uses, due, taxed, strict=True):
            instrument = self._vintage_of(use.right, year)
            self._charge(Flow(year, "tax", use.right), "publish", rule.kind, "tax_charged", fen, instrument, used)
        return due

    def standard(
        self, place: int, matter: Matter, used: Int64, output: Int64, limits: Sequence[Fraction | None]
    ) -> Int64:
        """Charge what firms used over their limit in a period, and return it in fen, shape (n_firms,)."""
        rule = self.rules[place]
        assert isinstance(rule, EmissionStandard)
        lot = self._office.books[rule.right].right.lot
        over: Int64 = rule.excess(used, output, limits, lot) * self.mask(rule, matter.period.vintage)
        fen = rule.charges(over)
        flow = Flow(matter.period.vintage, "standard", rule.right)
        self._charge(flow, matter.hook, rule.kind, "standard_breached", fen, matter.instrument, over)
        return fen

    def surcharge(self, place: int, year: int, kwh: Int64, tier_adds: Sequence[Fraction]) -> Int64:
        """Charge the surcharge on power of a month, and return it in fen, shape (n_firms,)."""
        rule = self.rules[place]
        assert isinstance(rule, DifferentialPowerPrice)
        per_kwh = rule.per_kwh(self._office.firms.sectors, tier_adds)
        fen = rule.surcharge(kwh * self.mask(rule, year), per_kwh)
        self._charge(Flow(year, "surcharge", rule.right or ""), "publish", rule.kind, "surcharge", fen)
        return fen

    def collect(self) -> Int64:
        """Take what cash there is for unpaid charges, and return it in fen, shape (n_firms,)."""
        return self._take(np.zeros_like(self.unpaid_fen))

    def _vintage_of(self, right: str, year: int) -> int:
        """Return the instrument in whose terms the use of a year is written down: the latest vintage up to it."""
        instruments, vintages = self._office.shelf(right)
        return int(instruments[max(0, int(np.searchsorted(vintages, year, side="right")) - 1)])

    def _charge(
        self, flow: Flow, hook: Hook, rule: str, code: str, fen: Int64, instrument: int = -1, lots: Int64 | None = None
    ) -> None:
        self.count(flow, fen)
        self._note_each(hook, rule, code, fen, instrument, lots)
        before = self.unpaid_fen.copy()
        self._take(fen)
        self._note_each(hook, rule, "charge_unpaid", np.maximum(self.unpaid_fen - before, 0))

    def _take(self, fen: Int64) -> Int64:
        registry, accounts = self._office.market.registry, self._office.accounts
        owed = self.unpaid_fen + fen
        paid: Int64 = np.minimum(owed, registry.cash[accounts])
        registry.pay(accounts, GOVERNMENT_ACCOUNT, paid)
        self.unpaid_fen = owed - paid
        return paid

    # -- grants

    def grant(self, place: int, year: int, claims: Int64) -> Int64:
        """Pay the claims of one day as far as caps and budget go, and return what was paid, fen, shape (n_firms,)."""
        rule = self.rules[place]
        assert isinstance(rule, MeasureSubsidy)
        if rule.form == "tax_credit":
            granted = rule.grants(claims, self._received[place], None)
            self.credit_fen = self.credit_fen + granted
            self._received[place] = self._received[place] + granted
            self._note_each("publish", rule.kind, "credit_granted", granted)
            return np.zeros_like(granted)
        left = self.budget_left(place, year)
        granted = rule.grants(claims, self._received[place], left)
        total = int(granted.sum())
        registry = self._office.market.registry
        payer = self.funds["abatement_fund"] if rule.from_fund else GOVERNMENT_ACCOUNT
        if not rule.from_fund:
            # Voted in the budget of the state, not taken from what this market brings in.
            registry.deposit(GOVERNMENT_ACCOUNT, total)
        registry.pay(payer, self._office.accounts, granted)
        self._received[place] = self._received[place] + granted
        self._spent[place, year] = self._spent.get((place, year), 0) + total
        self.count(Flow(year, "subsidy", rule.right or ""), -granted)
        self._note_each("publish", rule.kind, "subsidy_paid", granted)
        if left is not None and left > 0 and left == total:
            self._note("publish", rule.kind, "budget_exhausted", total)
        return granted

    def budget_left(self, place: int, year: int) -> int | None:
        """Return what a subsidy may still spend in a year, fen; None for any amount."""
        rule = self.rules[place]
        assert isinstance(rule, MeasureSubsidy)
        left = None if rule.budget is None else max(0, rule.budget - self._spent.get((place, year), 0))
        if not rule.from_fund:
            return left
        cash = int(self._office.market.registry.cash[self.funds["abatement_fund"]])
        return cash if left is None else min(left, cash)

    def cap_left(self, place: int) -> Int64 | None:
        """Return what each firm may still get by a subsidy, fen; None for any amount."""
        rule = self.rules[place]
        assert isinstance(rule, MeasureSubsidy)
        return None if rule.cap is None else np.asarray(np.maximum(rule.cap - self._received[place], 0), np.int64)

    def credit(self, year: int, profit_fen: Int64) -> Int64:
        """Set credits against the tax on profits of a month, and return the tax saved, fen, shape (n_firms,)."""
        rates = [rule.profit_tax for _, rule in self.of(MeasureSubsidy) if rule.form == "tax_credit"]
        if not rates or not self.credit_fen.any():
            return np.zeros_like(self.credit_fen)
        rate = Fraction(max(rates))
        tax = np.maximum(profit_fen, 0) * rate.numerator // rate.denominator
        saved: Int64 = np.minimum(self.credit_fen, tax)
        self.credit_fen = self.credit_fen - saved
        registry = self._office.market.registry
        registry.deposit(GOVERNMENT_ACCOUNT, int(saved.sum()))
        registry.pay(GOVERNMENT_ACCOUNT, self._office.accounts, saved)
        self.count(Flow(year, "tax_credit", ""), -saved)
        self._note_each("publish", "measure_subsidy", "tax_credited", saved)
        return saved

    # -- revenue

    def recycle(self, year: int, output: Sequence[Fraction], use: Mapping[str, Int64], covered: Bools) -> Int64:
        """Share out what the government took in since the last time: auctions, fines, fees and charges.

        What the exchange takes for trading is its own.

        Parameters
        ----------
        year : int
        output : sequence of Fraction
            Output of each firm in the year.
        use : mapping of str to ndarray of int64, shape (n_firms,)
            Use of each right in the year, lots.
        covered : ndarray of bool, shape (n_firms,)
            Firms that share in equal parts.

        Returns
        -------
        ndarray of int64, shape (n_firms,)
            What firms got back by output, fen.
        """
        rebate = np.zeros(len(self._office.accounts), np.int64)
        registry = self._office.market.registry
        for _, rule in self.of(RevenueRecycling):
            pot = int(registry.cash[GOVERNMENT_ACCOUNT]) - self._budget_cash
            if pot <= 0:
                continue
            parts = rule.parts(pot)
            for purpose, account in self.funds.items():
                registry.pay(GOVERNMENT_ACCOUNT, account, parts.get(purpose, 0))
            if parts.get("output_rebate"):
                rebate = rule.rebates(parts["output_rebate"], output, use[str(rule.right)], self._office.firms.sectors)
                parts = self._give_back(year, "output_rebate", rebate, parts)
            if parts.get("equal"):
                parts = self._give_back(year, "equal", rule.equal(parts["equal"], covered), parts)
            for purpose, fen in parts.items():
                self._note("year_close", rule.kind, "recycled", fen, purpose)
        self._budget_cash = int(registry.cash[GOVERNMENT_ACCOUNT])
        return rebate

    def _give_back(self, year: int, purpose: Purpose, fen: Int64, parts: Mapping[Purpose, int]) -> dict[Purpose, int]:
        """Pay firms their parts, and return all parts with what no firm could get added to the budget."""
        self._office.market.registry.pay(GOVERNMENT_ACCOUNT, self._office.accounts, fen)
        self.count(Flow(year, purpose, ""), -fen)
        self._note_each("year_close", "revenue_recycling", "returned", fen)
        paid = int(fen.sum())
        return {**parts, purpose: paid, "budget": parts["budget"] + parts[purpose] - paid}

    # -- records

    def count(self, flow: Flow, fen: Int64) -> None:
        """Add money to a flow, above 0 what firms pay."""
        self.flows[flow] = self.flows.get(flow, np.zeros(len(fen), np.int64)) + fen

    def _note(self, hook: Hook, rule: str, code: str, fen: int, note: str = "") -> None:
        day = self._office.market.registry.day
        self._office.market.events.append(Event(day, hook, rule, code, money_fen=fen, note=note))

    def _note_each(
        self, hook: Hook, rule: str, code: str, fen: Int64, instrument: int = -1, lots: Int64 | None = None
    ) -> None:
        day, accounts = self._office.market.registry.day, self._office.accounts
        for row in np.flatnonzero(fen).tolist():
            amount = 0 if lots is None else int(lots[row])
            self._office.market.events.append(
                Event(day, hook, rule, code, int(accounts[row]), instrument, lots=amount, money_fen=int(fen[row]))
            )

    def state(self) -> dict[str, Any]:
        """Return everything that changes, as plain arrays and numbers."""
        return {
            "flows": [(*flow, x.copy()) for flow, x in self.flows.items()],
            "unpaid_fen": self.unpaid_fen.copy(),
            "charged": [(*key, x.copy()) for key, x in self._charged.items()],
            "received": [(k, x.copy()) for k, x in self._received.items()],
            "spent": [(*key, n) for key, n in self._spent.items()],
            "credit_fen": self.credit_fen.copy(),
            "budget_cash": self._budget_cash,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back what `state` returned."""
        self.flows = {Flow(int(y), kind, right): np.array(x) for y, kind, right, x in state["flows"]}
        self.unpaid_fen, self.credit_fen = np.array(state["unpaid_fen"]), np.array(state["credit_fen"])
        self._charged = {(int(k), int(y)): np.array(x) for k, y, x in state["charged"]}
        for place, received in state["received"]:
            if int(place) in self._received:
                self._received[int(place)] = np.array(received)
        self._spent = {(int(k), int(y)): int(n) for k, y, n in state["spent"]}
        self._budget_cash = int(state["budget_cash"])
