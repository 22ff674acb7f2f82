"""Free allocation: what is issued, what debts it serves, and what is taken back."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import numpy.typing as npt

from rights_market.authority.fines import mean_price_fen
from rights_market.authority.office import Matter, Office
from rights_market.entitlement import Entitlement
from rights_market.policies.allocation import UpfrontTrueUp
from rights_market.registry.accounts import GOVERNMENT_ACCOUNT
from rights_market.registry.obligations import Debt
from rights_market.rulebook import RuleBook
from rights_market.units import floor, half_up

Int64 = npt.NDArray[np.int64]

MONTH = 21
"""Trading days whose mean price values lots that are paid for in place of being given back."""

_RULE_OF = {
    Debt.MAKE_GOOD: "make_good",
    Debt.BORROWED: "borrowing",
    Debt.ALLOCATION: "upfront_true_up",
    Debt.CUT: "audit",
}


def publish_cuts(office: Office, matter: Matter, entitlement: Entitlement, year: int, claims: Int64 | None) -> None:
    """Write down who has no rule, and by which factor claims are cut in a year."""
    book = office.books[matter.right]
    if book.mix:
        unserved = entitlement.served(year) & entitlement.outside_mix(year)
        if unserved.any():
            office.note(matter, "mix", "no_allocation_rule", note=f"{int(unserved.sum())} firms in {year}")
    if claims is None or book.scaling is None or year not in entitlement.cap_lots:
        return
    scaled, kind = entitlement.scaled(year, claims), book.scaling.kind
    if scaled.missing:
        office.note(matter, kind, "budget_negative", lots=scaled.missing, note=f"{year}")
    if scaled.factor < 1:
        words = f"{year}: {scaled.budget} of {scaled.claimed} claimed"
        office.note(matter, kind, "scaled", lots=scaled.claimed - scaled.budget, note=words)


def issue(office: Office, matter: Matter, lots: Int64, code: str) -> Int64:
    """Issue an allocation, less the debts that it has to serve, and return what was issued, shape (n_firms,).

    Notes
    -----
    Debts are deducted from what the scaling to the cap has left of a claim.  Were they deducted from the claims, what
    one firm must make good would be shared out among the others: the budget would still be issued to the last lot, and
    the use that nothing covered would never be made up for.  Chinese plans deduct from the allocation of the next year
    as computed [known].
    """
    obligations, accounts = office.market.obligations, office.accounts
    served = obligations.take_debt(*matter.key, lots, accounts, served_by_allocation(office.books[matter.right]))
    for kind in Debt:
        if served[kind].any():
            office.note(matter, _RULE_OF[kind], "deducted", lots=int(served[kind].sum()))
    issued: Int64 = lots - served.sum(axis=0)
    rows = np.flatnonzero(issued)
    office.market.registry.issue(matter.instrument, accounts[rows], issued[rows])
    office.note(matter, "allocation", code, lots=int(issued.sum()))
    return issued


def served_by_allocation(book: RuleBook) -> tuple[Debt, ...]:
    """Return the kinds of debt that an allocation serves; the others are added to the duty at once."""
    kinds = [Debt.BORROWED, Debt.CUT]
    if book.make_good is not None and book.make_good.mode == "deduct_allocation":
        kinds.append(Debt.MAKE_GOOD)
    if book.upfront is not None and book.upfront.unrecovered == "next_allocation":
        kinds.append(Debt.ALLOCATION)
    return tuple(sorted(kinds))


def claw_back(office: Office, matter: Matter, owed: Int64) -> Int64:
    """Take back what was issued too much, and return the lots taken, shape (n_firms,)."""
    rule = office.books[matter.right].upfront
    if not owed.any():
        return np.zeros_like(owed)
    if rule is None:
        office.note(matter, "allocation", "rule_unmet", lots=int(owed.sum()), note="no rule takes lots back")
        return np.zeros_like(owed)
    registry, shelf, accounts = office.market.registry, office.shelf(matter.right), office.accounts
    vintage = matter.period.vintage
    usable = shelf.vintages == vintage if rule.recover_from == "same_vintage" else shelf.vintages <= vintage
    if rule.cancel_orders:
        office.withdraw_asks(matter, rule.kind, shelf.instruments[usable], accounts[owed > 0])
    free = registry.free[np.ix_(shelf.instruments, accounts)]
    take, debt = rule.recover(owed, free, shelf.vintages, vintage)
    for i, lots in zip(shelf.instruments.tolist(), take, strict=True):
        rows = np.flatnonzero(lots)
        if rows.size:
            registry.cancel(i, accounts[rows], lots[rows])
            office.note(matter, rule.kind, "clawed_back", instrument=i, lots=int(lots.sum()))
    if debt.any():
        _book_debt(office, matter, rule, debt)
    return np.asarray(take.sum(axis=0), np.int64)


def settle_one(office: Office, matter: Matter, row: int, final_lots: int) -> int:
    """Settle the allocation of one firm, and return the lots issued (below 0: taken back)."""
    obligations, account = office.market.obligations, office.accounts[[row]]
    before = int(obligations.preallocated_lots(*matter.key)[account][0])
    # What is settled now is up front for the settlement of all firms, which then finds nothing left to do.
    for up_front in (True, False):
        obligations.set_allocation(*matter.key, [final_lots], account, up_front=up_front)
    difference = np.zeros(len(office.accounts), np.int64)
    difference[row] = final_lots - before
    issued = issue(office, matter, np.maximum(difference, 0), "trued_up")
    return int((issued - claw_back(office, matter, np.maximum(-difference, 0)))[row])


def cancel_free(office: Office, matter: Matter, row: int, kind: str) -> None:
    """Cancel all free lots of a right that a firm holds."""
    registry, account = office.market.registry, int(office.accounts[row])
    for i in office.shelf(matter.right).instruments.tolist():
        lots = int(registry.free[i, account])
        if lots:
            registry.cancel(i, account, lots)
            office.note(matter, kind, "cancelled", instrument=i, lots=lots, note="closed firm")


def _book_debt(office: Office, matter: Matter, rule: UpfrontTrueUp, debt: Int64) -> None:
    """Write down lots that could not be taken back, where the rule wants them."""
    obligations, accounts = office.market.obligations, office.accounts
    if rule.unrecovered == "cash":
        debt = debt - _collect_price(office, matter, rule, debt)
    office.note_each(matter, rule.kind, "allocation_debt", accounts, debt)
    if rule.unrecovered != "next_allocation":
        obligations.add_debt(*matter.key, Debt.ALLOCATION, debt, accounts)
        return
    following = office.following(matter.right, matter.period)
    if following is None:
        office.note(matter, rule.kind, "rule_unmet", lots=int(debt.sum()), note="no next allocation")
    else:
        obligations.add_debt(matter.right, following.name, Debt.ALLOCATION, debt, accounts)


def _collect_price(office: Office, matter: Matter, rule: UpfrontTrueUp, debt: Int64) -> Int64:
    """Let firms pay for lots at last month's mean price as far as their cash goes, and return the lots paid for."""
    registry, accounts = office.market.registry, office.accounts
    price = _month_price_fen(office, matter)
    cash = registry.cash[accounts].tolist()
    lots = np.array([min(n, floor(fen / price)) for n, fen in zip(debt.tolist(), cash, strict=True)], np.int64)
    fen = np.array([half_up(n * price) for n in lots.tolist()], np.int64)
    rows = np.flatnonzero(fen)
    registry.pay(accounts[rows], GOVERNMENT_ACCOUNT, fen[rows])
    office.note_each(matter, rule.kind, "allocation_debt_paid", accounts, lots, fen)
    return lots


def _month_price_fen(office: Office, matter: Matter) -> Fraction:
    market, book = office.market, office.books[matter.right]
    value, lots = market.traded(office.shelf(matter.right).instruments, MONTH)
    return mean_price_fen(book, value, lots, int(market.tape.last_close[matter.instrument]))
