"""Fines: what a shortfall costs, what was paid, and what late payment adds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rights_market.authority.office import Matter, Office
from rights_market.errors import ExchangeError
from rights_market.policies.compliance import Penalty
from rights_market.registry.accounts import GOVERNMENT_ACCOUNT
from rights_market.rulebook import RuleBook
from rights_market.units import floor, half_up

Int64 = npt.NDArray[np.int64]
Rows = npt.NDArray[np.intp]
Key = tuple[str, str]


class Arrears(NamedTuple):
    """Fines by one rule that were not paid at once.

    Attributes
    ----------
    right, period : str
        What they were charged for.
    version, entry : int
        Rule book in force when they were charged, and position of the rule in its penalty slot.
    unpaid_fen : ndarray of int64, shape (n_firms,)
        Fines still to be paid, without late fees.
    days : int
        Calendar days since they were charged.
    """

    right: str
    period: str
    version: int
    entry: int
    unpaid_fen: Int64
    days: int


class Fines:
    """Charges fines, and collects what was not paid at once.

    Parameters
    ----------
    office : Office

    Attributes
    ----------
    charged_fen : dict of (str, str) to ndarray of int64, shape (n_firms,)
        Fines by right and period.
    arrears : list of Arrears
        In the order in which they were charged.

    Notes
    -----
    A late payment settles a part of a fine together with the late fee on that part, so that the fee never depends on
    how a payment is split.
    """

    def __init__(self, office: Office) -> None:
        self._office = office
        self.charged_fen: dict[Key, Int64] = {}
        self.arrears: list[Arrears] = []

    @property
    def unpaid_fen(self) -> Int64:
        """Fines that are not paid, without late fees, shape (n_firms,)."""
        total = np.zeros(len(self._office.accounts), np.int64)
        for row in self.arrears:
            total += row.unpaid_fen
        return total

    def rules_of(self, book: RuleBook, year: int) -> list[tuple[int, Penalty, Rows]]:
        """Return the penalties of a year: position in the slot, rule, and the firms that it concerns."""
        found = []
        for position, rule in enumerate(book.penalties):
            rows = self._office.firms.meant_by(rule.where, year)
            if len(rows):
                found.append((position, rule, rows))
        return found

    def charge(
        self, matter: Matter, prices_fen: Mapping[int, Fraction], draws: npt.NDArray[np.float64] | None
    ) -> Int64:
        """Fine the shortfalls of a period, take what cash there is, and return the fines, shape (n_firms,).

        Parameters
        ----------
        prices_fen : mapping of int to Fraction
            Mean market price by the length of the window, fen a lot; the lengths of `Penalty.price_window`.
        draws : ndarray of float64, shape (n_firms,), or None
            Where between the bounds of a lump sum each firm lies; None: in the middle.

        Raises
        ------
        ExchangeError
            If the period was fined before.
        """
        if matter.key in self.charged_fen:
            raise ExchangeError(f"shortfalls of {matter.right} {matter.period.name} were fined before")
        office, obligations = self._office, self._office.market.obligations
        missing = obligations.shortfall(*matter.key)[office.accounts]
        # The share that is missing is of the year's own obligation: debts from before are no part of it.
        use = obligations.obligation_lots(*matter.key)[office.accounts]
        total, unpaid = np.zeros_like(missing), np.zeros_like(missing)
        version = office.histories[matter.right].version
        for position, rule, rows in self.rules_of(office.books[matter.right], matter.period.vintage):
            fines = np.zeros_like(missing)
            fines[rows] = rule.fine(
                missing[rows], use[rows], prices_fen.get(rule.price_window), None if draws is None else draws[rows]
            )
            left = fines - self._pay(np.minimum(fines, office.market.registry.cash[office.accounts]))
            if left.any():
                self.arrears.append(Arrears(*matter.key, version, position, left, 0))
            total += fines
            unpaid += left
        self.charged_fen[matter.key] = total
        office.note_each(matter, "penalty", "fined", office.accounts, np.where(total > 0, missing, 0), total)
        office.note_each(matter, "penalty", "fine_unpaid", office.accounts, money_fen=unpaid)
        return total

    def collect(self, calendar_days: int) -> Int64:
        """Let `calendar_days` pass, then take what cash there is for fines and late fees, the oldest fine first.

        Returns
        -------
        ndarray of int64, shape (n_firms,)
            What was paid, fen.
        """
        paid, left_over = np.zeros(len(self._office.accounts), np.int64), []
        for row in self.arrears:
            rule = self._rule_of(row)
            days = row.days + calendar_days
            cash = self._office.market.registry.cash[self._office.accounts]
            who = np.flatnonzero((row.unpaid_fen > 0) & (cash > 0))
            settled, fen = np.zeros_like(cash), np.zeros_like(cash)
            settled[who] = _settled(rule, row.unpaid_fen[who], cash[who], days)
            fen[who] = settled[who] + rule.accrued(settled[who], days)
            paid += self._pay(fen)
            if (row.unpaid_fen > settled).any():
                left_over.append(row._replace(unpaid_fen=row.unpaid_fen - settled, days=days))
        self.arrears = left_over
        return paid

    def write_off(self, rows: Rows) -> Int64:
        """Give up what some firms have not paid of their fines, and return it, fen, shape (n_firms,)."""
        given_up = np.zeros(len(self._office.accounts), np.int64)
        kept = []
        for arrears in self.arrears:
            unpaid = arrears.unpaid_fen.copy()
            given_up[rows] += unpaid[rows]
            unpaid[rows] = 0
            if unpaid.any():
                kept.append(arrears._replace(unpaid_fen=unpaid))
        self.arrears = kept
        return given_up

    def late_fees_fen(self) -> Int64:
        """Return the late fees on what is unpaid, fen, shape (n_firms,)."""
        total = np.zeros(len(self._office.accounts), np.int64)
        for row in self.arrears:
            total += self._rule_of(row).accrued(row.unpaid_fen, row.days)
        return total

    def _pay(self, fen: Int64) -> Int64:
        rows = np.flatnonzero(fen)
        self._office.market.registry.pay(self._office.accounts[rows], GOVERNMENT_ACCOUNT, fen[rows])
        return fen

    def _rule_of(self, row: Arrears) -> Penalty:
        return self._office.histories[row.right].books[row.version].penalties[row.entry]

    def state(self) -> dict[str, Any]:
        """Return everything that changes, as plain arrays and numbers."""
        return {
            "charged_fen": [(*key, x.copy()) for key, x in self.charged_fen.items()],
            "arrears": [tuple(row._replace(unpaid_fen=row.unpaid_fen.copy())) for row in self.arrears],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back what `state` returned."""
        self.charged_fen = {(right, period): np.array(x) for right, period, x in state["charged_fen"]}
        self.arrears = [Arrears(r, p, int(v), int(e), np.array(x), int(d)) for r, p, v, e, x, d in state["arrears"]]


def _settled(rule: Penalty, unpaid: Int64, cash: Int64, days: int) -> Int64:
    """Return how much of each fine the cash pays for, late fee on that part included, fen."""
    share = min(Fraction(1), Fraction(rule.late_fee) * days)
    # Half a fen more than there is may round down; the next step takes it back where it does not.
    most = [
        min(u, floor((c + Fraction(1, 2)) / (1 + share))) for u, c in zip(unpaid.tolist(), cash.tolist(), strict=True)
    ]
    settled = np.array(most, np.int64)
    return settled - (settled + rule.accrued(settled, days) > cash)


def mean_price_fen(book: RuleBook, value_fen: int, lots: int, last_close_ticks: int) -> Fraction:
    """Return the mean price of a window, fen a lot, not rounded; the last close where nothing traded."""
    if lots == 0:
        return Fraction(last_close_ticks * book.right.tick_value_fen)
    return Fraction(value_fen, lots)


def fine_per_lot(rules: Sequence[Penalty], price_fen: float) -> float:
    """Return about what one missing lot costs in fines, fen, at a market price; lump sums are not per lot."""
    total = 0.0
    for rule in rules:
        rate = float((rule.fen_per_lot or 0) * rule.index) + float(rule.low or 0) * price_fen
        total += rate if rule.cap is None else min(rate, float(rule.cap))
    return total


def lump_fine_fen(rules: Sequence[Penalty]) -> int:
    """Return the mean lump sum that any shortfall costs, fen."""
    return sum(half_up(Fraction((r.lump_low or 0) + (r.lump_high or 0), 2)) for r in rules if r.form == "lump")
