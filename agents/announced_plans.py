"""What announced rules will change in plans that are not out yet: all can work it out from the day of the announcement.

Of plans to come the public expects the balance of the last one, tightened.  Where other rules are announced for them,
it adds the difference that those rules make at today's smooth output.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rights_market.rulebook import RuleBook

if TYPE_CHECKING:
    from agents.model import RightsMarketModel
    from agents.progress import RightProgress

SLOTS = ("allocation", "mix", "scaling", "cap")
"""What decides how much is given free."""


def reckon_with_announced(model: RightsMarketModel, progress: RightProgress) -> None:
    """Note by how much the balance of each plan to come differs from that of the one before, by what is announced."""
    progress.announced_shift = {}
    if progress.rules.paid_use is not None:
        return  # A quota is fixed for its term.
    before = _last_planned(model, progress)
    for use, plan in zip(progress.uses, progress.plans, strict=True):
        if plan.announced:
            continue
        after, year = progress.history.on(use.period.announce), use.years[0]
        if any(getattr(before, slot) is not getattr(after, slot) for slot in SLOTS):
            shares = [_balance(model, progress, book, year) for book in (before, after)]
            if shares[0] is not None and shares[1] is not None:
                progress.announced_shift[year] = shares[1] - shares[0]
        before = after


def _last_planned(model: RightsMarketModel, progress: RightProgress) -> RuleBook:
    """Return the rules of the last plan that is out, those of the first day before any."""
    entitlement = model.authority.entitlements[progress.rules.right.code]
    years = [use.years[-1] for use, plan in zip(progress.uses, progress.plans, strict=True) if plan.announced]
    return entitlement.book_of(max(years)) if years else progress.history.books[0]


def _balance(model: RightsMarketModel, progress: RightProgress, book: RuleBook, year: int) -> float | None:
    """Return what a rule book gives covered firms in a year, as a share of use; None where it cannot be told yet."""
    firms, code = model.firms, book.right.code
    entitlement = model.authority.entitlements[code].under(book)
    if not entitlement.is_known(year):
        return None
    output = np.maximum(1, np.rint(firms.output * firms.trend())).astype(np.int64)
    units = output * firms.intensity(year)[:, progress.index]
    cap = None if book.cap is None or book.cap.needs_activity else book.cap.cap(year)
    lots = entitlement.scaled(year, entitlement.claims(year, output, progress.lots_of(units)), cap).lots
    covered = firms.covered[:, progress.index]
    used = float(units[covered].sum())
    return float(lots[covered].sum()) * float(book.right.lot) / used if used > 0 else None
