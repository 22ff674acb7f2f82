"""Rights that firms buy from the government by term: who takes a term, and what the plan then gives them."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from agents.term_sales import term_sales

if TYPE_CHECKING:
    from agents.model import RightsMarketModel
    from agents.progress import RightProgress

Ints = npt.NDArray[np.int64]


class PaidTerms:
    """Joins firms to the sale of rights by term.

    Parameters
    ----------
    model : RightsMarketModel
    """

    def __init__(self, model: RightsMarketModel) -> None:
        self.model = model
        self._sold = [p for p in model.progress if p.rules.paid_use is not None]

    def quota_lots(self, progress: RightProgress, claims: Ints, year: int) -> Ints:
        """Return what a period gives each firm: its quota of the running term, which begins with the first plan.

        Parameters
        ----------
        claims : ndarray of int64, shape (n_firms,)
            What the rules of allocation give in the year of the plan.
        """
        model, code = self.model, progress.rules.right.code
        if code not in model.authority.paid_use.terms:
            quota = self._permit_lots(progress, year) if self._is_by_permit(progress) else claims
            model.authority.begin_term(code, quota, model.calendar.days[model.day], is_first=True)
        return model.authority.paid_use.quota_lots(code)

    def _verified(self, progress: RightProgress, year: int) -> Ints:
        """Return the lots a year for which a term may be taken that begins in a year, shape (n_firms,)."""
        if self._is_by_permit(progress):
            return self._permit_lots(progress, year)
        return self.model.forecasts.quota_claims(progress, year)

    def _permit_lots(self, progress: RightProgress, year: int) -> Ints:
        """Return what the permits of covered firms allow a year, rounded down to the lot."""
        forecasts, r = self.model.forecasts, progress.index
        units = self.model.firms.permit_units(r, forecasts.formula(progress, year)[2])
        lots = np.floor(units / float(progress.rules.right.lot) + 1e-9).astype(np.int64)
        return forecasts.covered(progress, lots, year)

    def _is_by_permit(self, progress: RightProgress) -> bool:
        rule = progress.rules.paid_use
        return rule is not None and rule.quota == "permit_level"

    def serve(self) -> None:
        """Pay what is due today, and offer a new term to the holders of one that is over."""
        if not self._sold:
            return
        model, today = self.model, self.model.calendar.days[self.model.day]
        for code in model.authority.paid_use.day(today):
            progress = model.progress[model.right_codes.index(code)]
            model.authority.paid_use.end(code)
            quota = self._verified(progress, today.year)
            model.authority.begin_term(code, np.where(self._wants(progress), quota, 0), today, is_first=False)
            model.expectations.hear(progress.index)
        self._sell(today)

    def _sell(self, today: date) -> None:
        """Let firms sell lots a year for the rest of the term, on the first trading day of a month."""
        model = self.model
        if model.day and model.calendar.days[model.day - 1].month == today.month:
            return
        paid = model.authority.paid_use
        for progress in self._sold:
            rule, code = progress.rules.paid_use, progress.rules.right.code
            if rule is None or not rule.mid_term_sales or code not in paid.terms:
                continue
            lot = float(progress.rules.right.lot)
            covered = model.firms.covered[:, progress.index] & model.firms.working
            use = np.where(covered, model.forecasts.formula(progress, today.year)[2] / lot, 0.0)
            worth = model.values_yuan()[:, progress.index] * lot * 100.0
            for sale in term_sales(paid.quota_lots(code), paid.saleable_lots(code), use, worth):
                paid.sell(code, *sale, today)

    def _wants(self, progress: RightProgress) -> npt.NDArray[np.bool_]:
        """Return which firms take a new term: those to whom a year's lot is worth at least its fee."""
        rule, r = progress.rules.paid_use, progress.index
        assert rule is not None
        year = self.model.calendar.days[self.model.day].year
        fen = self.model.values_yuan()[:, r] * float(progress.rules.right.lot) * 100.0
        return np.asarray((fen >= rule.fee_fen(year)) & self.model.firms.working)
