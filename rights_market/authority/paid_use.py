"""Rights that are paid for by term: bills, instalments, arrears, and the end of the term."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from rights_market.authority.office import Office
from rights_market.exchange.calendar import Hook
from rights_market.policies.paid_use import PaidInitialUse, rest_of_term_fen
from rights_market.registry.accounts import GOVERNMENT_ACCOUNT

Int64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(slots=True)
class Term:
    """The running term of a right.

    Attributes
    ----------
    issued : date
    quota_lots, bill_fen : ndarray of int64, shape (n_firms,)
        Lots a year, and what the term costs; 0 for firms that were refused.
    unpaid_fen : ndarray of int64, shape (n_instalments, n_firms)
        Instalments that are not paid.
    is_suspended : ndarray of bool, shape (n_firms,)
    custody_lots : ndarray of int64, shape (n_instruments, n_firms)
        Lots that the government holds for suspended firms.
    """

    issued: date
    quota_lots: Int64
    bill_fen: Int64
    unpaid_fen: Int64
    is_suspended: Bools
    custody_lots: Int64


class PaidUse:
    """Bills and collects for rights that are sold by term.

    Parameters
    ----------
    office : Office

    Attributes
    ----------
    terms : dict of str to Term
        Running terms by code of the right.
    """

    def __init__(self, office: Office) -> None:
        self._office = office
        self.terms: dict[str, Term] = {}

    def begin(
        self, right: str, quota_lots: Int64, on: date, *, is_free: bool = False, hook: Hook = "allocation_announced"
    ) -> None:
        """Bill a term and collect its first instalment; who cannot pay that gets no right.

        Parameters
        ----------
        quota_lots : ndarray of int64, shape (n_firms,)
            Lots a year; 0 for firms that take no term.
        is_free : bool
            Whether nothing is charged.
        """
        rule, office = self._rule(right), self._office
        bill = np.array([0 if is_free else rule.bill_fen(q, on.year) for q in quota_lots.tolist()], np.int64)
        parts = np.array([rule.instalment_fen(fen) for fen in bill.tolist()], np.int64).reshape(-1, rule.instalments).T
        refused = parts[0] > office.market.registry.cash[office.accounts]
        self._note_each(right, hook, "paid_use_billed", np.where(refused, 0, quota_lots), bill)
        self._note_each(right, hook, "paid_use_refused", np.where(refused, quota_lots, 0), bill)
        shelf = office.shelf(right).instruments
        self.terms[right] = Term(
            issued=on,
            quota_lots=np.where(refused, 0, quota_lots),
            bill_fen=np.where(refused, 0, bill),
            unpaid_fen=np.where(refused, 0, parts),
            is_suspended=np.zeros(len(bill), np.bool_),
            custody_lots=np.zeros((len(shelf), len(bill)), np.int64),
        )
        self._collect(right, on)

    def quota_lots(self, right: str) -> Int64:
        """Return the lots a year of each firm in the running term, shape (n_firms,)."""
        return self.terms[right].quota_lots.copy()

    def day(self, on: date) -> list[str]:
        """Collect what is due, deal with arrears, and return the rights whose term is over today."""
        over = []
        for right, term in self.terms.items():
            self._collect(right, on)
            self._chase(right, on)
            if on >= self._rule(right).ends_on(term.issued):
                over.append(right)
        return over

    def end(self, right: str) -> None:
        """Let the running term expire; lots in custody are cancelled."""
        term = self.terms.pop(right)
        self._note_each(right, "term_end", "expired", term.quota_lots)
        self._drop_custody(right, term, np.ones(len(term.custody_lots), np.bool_))

    def saleable_lots(self, right: str) -> Int64:
        """Return the lots a year that each firm could sell: with this year's free lots, and nothing overdue."""
        term, office = self.terms[right], self._office
        registry, instrument = office.market.registry, office.at_hand(right)
        free = registry.free[instrument, office.accounts] - registry.locked[instrument, office.accounts]
        return np.where(term.is_suspended, 0, np.minimum(term.quota_lots, free))

    def sell(self, right: str, seller: int, buyer: int, lots: int, price_fen: int, on: date) -> int:
        """Let one firm sell lots a year to another for the rest of the term, and return the lots that changed hands.

        Instalments stay with the firm that was billed.

        Parameters
        ----------
        seller, buyer : int
            Rows of the firms.
        lots : int
            At most what the seller can deliver.
        price_fen : int
            Price for a lot and year, fen.
        """
        rule, term, office = self._rule(right), self.terms[right], self._office
        moved = min(lots, int(self.saleable_lots(right)[seller]))
        fen = rest_of_term_fen(moved, price_fen, (rule.ends_on(term.issued) - on).days)
        payer, payee = int(office.accounts[buyer]), int(office.accounts[seller])
        if not moved or fen > office.market.registry.cash[payer]:
            return 0
        office.market.registry.pay(payer, payee, fen)
        office.market.registry.transfer(office.at_hand(right), payee, payer, moved)
        term.quota_lots[seller] -= moved
        term.quota_lots[buyer] += moved
        for row, code in ((seller, "right_sold"), (buyer, "right_bought")):
            office.note_firm("session", rule.kind, code, row, lots=moved, money_fen=fen, right=right)
        return moved

    def hold(self, right: str) -> None:
        """Take what suspended firms hold free into custody, such as a new year's lots."""
        term = self.terms[right]
        rows = np.flatnonzero(term.is_suspended)
        office, registry = self._office, self._office.market.registry
        for i, instrument in enumerate(office.shelf(right).instruments.tolist()):
            lots = registry.free[instrument, office.accounts[rows]].copy()
            registry.transfer(instrument, office.accounts[rows], GOVERNMENT_ACCOUNT, lots)
            term.custody_lots[i, rows] += lots

    def _collect(self, right: str, on: date) -> None:
        """Take the instalments that are due from those who can pay them, the oldest first."""
        rule, term, office = self._rule(right), self.terms[right], self._office
        for due, unpaid in zip(rule.due_on(term.issued), term.unpaid_fen, strict=True):
            rows = np.flatnonzero((unpaid > 0) & (unpaid <= office.market.registry.cash[office.accounts]))
            if due > on or not rows.size:
                continue
            fen = np.zeros_like(unpaid)
            fen[rows] = unpaid[rows]
            office.market.registry.pay(office.accounts[rows], GOVERNMENT_ACCOUNT, fen[rows])
            unpaid[rows] = 0
            self._note_each(right, "allocation_announced", "instalment_paid", money_fen=fen)
        self._release(right, on)

    def _overdue(self, right: str, on: date) -> Int64:
        """Return what each firm owes of instalments whose grace is over, fen."""
        rule, term = self._rule(right), self.terms[right]
        late = [rule.is_in_arrears(due, on) for due in rule.due_on(term.issued)]
        return np.asarray(term.unpaid_fen[late].sum(axis=0), np.int64)

    def _chase(self, right: str, on: date) -> None:
        """Suspend or cut the rights of firms whose instalments are overdue."""
        rule, term = self._rule(right), self.terms[right]
        late = self._overdue(right, on) > 0
        if rule.on_arrears == "cancel":
            self._cut(right, rule, np.flatnonzero(late))
            return
        new = late & ~term.is_suspended
        if new.any():
            term.is_suspended |= new
            self._note_each(right, "allocation_announced", "right_suspended", np.where(new, term.quota_lots, 0))
            self.hold(right)

    def _cut(self, right: str, rule: PaidInitialUse, rows: npt.NDArray[np.intp]) -> None:
        """Cancel the part of a quota that is not paid for, this year's lots included, and with it the bill."""
        term, office = self.terms[right], self._office
        lots = np.zeros_like(term.quota_lots)
        for row in rows.tolist():
            unpaid = int(term.unpaid_fen[:, row].sum())
            lots[row] = rule.cancelled_lots(int(term.quota_lots[row]), unpaid, int(term.bill_fen[row]))
        if not rows.size:
            return
        term.unpaid_fen[:, rows] = 0
        term.quota_lots -= lots
        self._note_each(right, "allocation_announced", "right_cancelled", lots)
        instrument = office.at_hand(right)
        taken = np.minimum(lots, office.market.registry.free[instrument, office.accounts])
        who = np.flatnonzero(taken)
        office.market.registry.cancel(instrument, office.accounts[who], taken[who])

    def _release(self, right: str, on: date) -> None:
        """Give firms that have paid what is overdue their lots back; lots that lapsed meanwhile are cancelled."""
        term, office = self.terms[right], self._office
        free = term.is_suspended & (self._overdue(right, on) == 0)
        if not free.any():
            return
        lapsed = np.array([(p.banking_close or p.deadline) < on for p in office.books[right].periods], np.bool_)
        self._drop_custody(right, term, lapsed & (not office.books[right].bankable))
        rows = np.flatnonzero(free)
        for i, instrument in enumerate(office.shelf(right).instruments.tolist()):
            lots = term.custody_lots[i, rows]
            office.market.registry.transfer(instrument, GOVERNMENT_ACCOUNT, office.accounts[rows], lots)
        self._note_each(right, "allocation_announced", "right_restored", np.where(free, term.quota_lots, 0))
        term.custody_lots[:, rows] = 0
        term.is_suspended &= ~free

    def _drop_custody(self, right: str, term: Term, which: Bools) -> None:
        """Cancel lots in custody of some vintages."""
        for i in np.flatnonzero(which).tolist():
            lots = int(term.custody_lots[i].sum())
            self._office.market.registry.cancel(int(self._office.shelf(right).instruments[i]), GOVERNMENT_ACCOUNT, lots)
            term.custody_lots[i] = 0

    def _rule(self, right: str) -> PaidInitialUse:
        rule = self._office.books[right].paid_use
        if rule is None:
            raise ValueError(f"{right} is not sold by term")
        return rule

    def _note_each(
        self, right: str, hook: Hook, code: str, lots: Int64 | None = None, money_fen: Int64 | None = None
    ) -> None:
        office, rule = self._office, self._rule(right)
        chosen = lots if lots is not None else money_fen
        for row in np.flatnonzero(chosen if chosen is not None else 0).tolist():
            office.note_firm(
                hook,
                rule.kind,
                code,
                row,
                lots=0 if lots is None else int(lots[row]),
                money_fen=0 if money_fen is None else int(money_fen[row]),
                right=right,
            )

    def state(self) -> dict[str, Any]:
        """Return the running terms."""
        return {
            code: {
                "issued": term.issued.isoformat(),
                **{f.name: getattr(term, f.name).copy() for f in fields(Term) if f.name != "issued"},
            }
            for code, term in self.terms.items()
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back what `state` returned."""
        self.terms = {
            code: Term(
                date.fromisoformat(saved["issued"]),
                **{name: np.array(x) for name, x in saved.items() if name != "issued"},
            )
            for code, saved in state.items()
        }
