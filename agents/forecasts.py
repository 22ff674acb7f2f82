"""What firms and the public may expect of a period: output, use, free lots, and what is issued in all.

Firms know the plan once it is out, and their own books; the public knows caps, plans and what is published.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from agents.model import RightsMarketModel
    from agents.progress import RightProgress

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class Forecasts:
    """Works out what may be expected today.

    Parameters
    ----------
    model : RightsMarketModel
        The model; read only.
    """

    def __init__(self, model: RightsMarketModel) -> None:
        self.model = model

    def expected_output(self, progress: RightProgress, k: int) -> Floats:
        """Return output by year of a period: what was made, and the rest at today's rate."""
        use = progress.uses[k]
        output = use.output.copy()
        output[-1] += use.rest_of_window(self.model.production.counted_to) * self.model.rates.output
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
        expected = (
            use.use + use.rest_of_window(self.model.production.counted_to) * self.model.rates.use[:, progress.index]
        )
        if progress.rules.is_monitored:
            expected = expected * self.model.reporting.answered(progress, k)
        return np.asarray(expected)

    def verified_units(self, progress: RightProgress, k: int) -> Floats:
        """Return verified use, units of the right, shape (n_firms,)."""
        return np.asarray(self.verified_lots(progress, k) * float(progress.rules.right.lot))

    def verified_lots(self, progress: RightProgress, k: int) -> Ints:
        """Return verified use, lots, shape (n_firms,)."""
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
            use.baseline
            + use.rest_of_window(self.model.production.counted_to) * self.model.rates.baseline[:, progress.index]
        )

    def free_lots(self, progress: RightProgress, k: int) -> Ints:
        """Return the lots that the rules give each firm free for a period, at standard output, shape (n_firms,)."""
        lots = sum(
            (self.formula(progress, year)[0] for year in progress.uses[k].years), np.zeros(len(self.model.firms))
        )
        return self.covered(progress, np.asarray(lots, dtype=np.int64), progress.uses[k].years[-1])

    def auction_lots(self, progress: RightProgress, k: int) -> int:
        """Return the lots of a period that are left for auction after what is set aside and given free."""
        entitlement, lots = self.model.authority.entitlements[progress.rules.right.code], 0
        for year in progress.uses[k].years:
            _, output, units = self.formula(progress, year)
            claims = self.covered(progress, entitlement.claims(year, output, progress.lots_of(units)), year)
            cap = self.model.cap_course.lots(progress, year)
            # What goes into the government's reserve is set aside only when the cap is set.
            kept = 0 if year in entitlement.cap_lots else cap - self.model.cap_course.lots_to_market(progress, year)
            lots += max(0, entitlement.auction_lots(year, claims, cap) - kept)
        return lots

    def formula(self, progress: RightProgress, year: int) -> tuple[Ints, Ints, Floats]:
        """Return lots, output and use of each firm in a year at its smooth, public output."""
        firms = self.model.firms
        output = np.maximum(1, np.rint(firms.output * firms.trend())).astype(np.int64)
        units = output * firms.intensity(year)[:, progress.index]
        entitlement = self.model.authority.entitlements[progress.rules.right.code]
        return entitlement.lots(year, output, progress.lots_of(units)), output, units

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
            return float(sum(self.model.cap_course.lots_to_market(progress, y) for y in use.years) + changed)
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

    def quota_claims(self, progress: RightProgress, year: int) -> Ints:
        """Return the lots that covered firms are given for a year at their smooth, public output."""
        return self.covered(progress, self.formula(progress, year)[0], year)

    def final_lots(self, progress: RightProgress, k: int) -> Ints:
        """Return the allocation of a period at what firms have made and used so far; at verified use once there is."""
        use = progress.uses[k]
        n = len(use.years)
        entitlement = self.model.authority.entitlements[progress.rules.right.code]
        # A firm's use of one of several years is an even part of the whole, rounded up.
        whole = self.verified_lots(progress, k) if progress.verified[k] else progress.lots_of(use.use)
        final = np.zeros(len(self.model.firms), dtype=np.int64)
        for i, year in enumerate(use.years):
            final += entitlement.lots(year, np.rint(use.output[i]).astype(np.int64), -(-whole // n))
        return self.covered(progress, final, use.years[-1])

    def output_of(self, progress: RightProgress, year: int) -> Floats:
        """Return a firm's output of a year: recorded in a period of this right, else from before the market."""
        for use in progress.uses:
            if year in use.years:
                return np.asarray(use.output[use.years.index(year)])
        return self.model.firms.past_output(year, self.model.streams)

    def covered(self, progress: RightProgress, lots: Ints, year: int) -> Ints:
        """Return lots of the firms that are covered in a compliance year, 0 for the others."""
        return np.where(self.model.authority.coverage.listed(progress.rules.right.code, year), lots, 0)
