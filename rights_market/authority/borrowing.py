"""Borrowing: units of the next period, issued in advance for what is missing of this one."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rights_market.authority.office import Matter, Office
from rights_market.exchange.calendar import Period
from rights_market.policies.compliance import Borrowing
from rights_market.registry.obligations import Debt

Int64 = npt.NDArray[np.int64]


def lend(office: Office, matter: Matter, missing: Int64, asked: Int64 | None) -> Int64:
    """Let firms surrender units of the next period, book them as debt, and return what is borrowed.

    Parameters
    ----------
    missing : ndarray of int64, shape (n_firms,)
        Duty that no unit has met.
    asked : ndarray of int64, shape (n_firms,), or None
        Lots for which firms apply at most; None: all that they may borrow.
    """
    rule, nothing = office.books[matter.right].borrowing, np.zeros_like(missing)
    if rule is None or not rule.is_allowed(matter.period.vintage) or not missing.any():
        return nothing
    following = office.following(matter.right, matter.period)
    most = limit(office, matter, rule, missing, following)
    borrowed = most if asked is None else np.minimum(most, asked)
    if not borrowed.any():
        return nothing
    if following is None:
        office.note(matter, rule.kind, "rule_unmet", lots=int(borrowed.sum()), note="no next period to borrow from")
        return nothing
    registry, obligations, accounts = office.market.registry, office.market.obligations, office.accounts
    instrument = office.market.instruments.of(matter.right, following.vintage).index
    rows = np.flatnonzero(borrowed)
    registry.issue(instrument, accounts[rows], borrowed[rows])
    registry.surrender(instrument, accounts[rows], borrowed[rows])
    obligations.add_debt(matter.right, following.name, Debt.BORROWED, rule.owed(borrowed), accounts)
    office.note_each(matter, rule.kind, "borrowed", accounts, borrowed, instrument=instrument)
    return borrowed


def limit(office: Office, matter: Matter, rule: Borrowing, missing: Int64, following: Period | None) -> Int64:
    """Return the most that each firm may borrow, lots, shape (n_firms,)."""
    obligations, accounts = office.market.obligations, office.accounts
    allocated = obligations.allocated_lots(*matter.key)[accounts]
    coming = allocated
    if following is not None:
        known = obligations.allocated_lots(matter.right, following.name)[accounts]
        coming = known if known.any() else allocated
    return rule.limit(missing, obligations.obligation_lots(*matter.key)[accounts], allocated, coming)
