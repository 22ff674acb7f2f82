"""What firms file about their use, and the chance that monitoring meets them with.

All draws come from streams named after purpose, right and period, from their start: a rule that is switched on moves
no draw of another, and nothing has to be saved.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from agents.streams import AUDIT, DISCLOSURE, MRV_NOISE, VERIFICATION
from agents.under_reporting import Prospects, best_under
from rights_market.authority.mrv.audits import AuditDraws
from rights_market.authority.mrv.dates import publication_dates
from rights_market.authority.mrv.monitoring import CheckDraws, Readings

if TYPE_CHECKING:
    from agents.model import RightsMarketModel
    from agents.progress import RightProgress
    from rights_market.authority.mrv.verifiers import Verifiers

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

FEN_PER_YUAN = 100.0


class Reporting:
    """Hands over to the authority what firms use and report.

    Parameters
    ----------
    model : RightsMarketModel
    """

    def __init__(self, model: RightsMarketModel) -> None:
        self.model = model
        self._markups: dict[tuple[int, int], Floats] = {}
        for progress in model.progress:
            if any(rule.needs_days for rule in progress.rules.measurement):
                for use in progress.uses:
                    use.keep_days()

    def report(self, progress: RightProgress, k: int, true_lots: Ints) -> None:
        """Have the use of a period measured, and let firms report it."""
        code, period = progress.rules.right.code, progress.uses[k].period
        measured = self.model.authority.measure(code, period, self._readings(progress, k, true_lots))
        self.model.authority.report(code, period, self._reports(progress, k, measured))

    def is_filed(self, progress: RightProgress, k: int) -> bool:
        """Return whether firms have reported; not so where nothing is monitored, or was not when reports were due."""
        key = progress.rules.right.code, progress.uses[k].period.name
        return progress.rules.is_monitored and key in self.model.authority.monitoring.files

    def audit(self, progress: RightProgress, k: int) -> None:
        """Have some firms audited."""
        use, code = progress.uses[k], progress.rules.right.code
        rng = self.model.streams.fresh(f"{AUDIT}.{code}.{use.period.name}")
        order, chance = self._order(progress, rng), rng.random(len(self.model.firms))
        made = np.rint(use.output.sum(axis=0)).astype(np.int64)
        self.model.authority.audit(code, use.period, AuditDraws(order, chance, made))

    def publish(self, progress: RightProgress, k: int) -> None:
        """Have the inventory published, and what firms must disclose once the delay of that has passed."""
        model, period = self.model, progress.uses[k].period
        last = publication_dates(progress.rules, period, model.calendar)[-1]
        due = model.calendar.days[model.day] >= last
        errors = self._disclosure_errors(progress, k)
        code = progress.rules.right.code
        model.authority.publish(code, period, errors, disclosure_due=due)
        known = model.authority.monitoring.publication.known_share(code)
        model.expectations.valuation.learn(progress.index, known)

    def answered(self, progress: RightProgress, k: int) -> Floats:
        """Return the share of its own use for which each firm expects to answer, before it has reported.

        A default factor is known from the guideline; beyond that a firm expects to get away with what it got away with
        in the last period.
        """
        if (progress.index, k) not in self._markups:
            self._markups[progress.index, k] = self._markup(progress, k)
        share = self._markups[progress.index, k]
        if k == 0:
            return share
        code, before = progress.rules.right.code, progress.uses[k - 1].period.name
        file = self.model.authority.monitoring.files.get((code, before))
        if file is None or not progress.verified[k - 1]:
            return share
        known = file.verified + file.found
        return share * np.divide(known, file.measured, out=np.ones(len(known)), where=file.measured > 0)

    def _markup(self, progress: RightProgress, k: int) -> Floats:
        """Return one and the markup of the default factor, where a firm has one."""
        firms = self.model.authority.firms
        share = np.ones(len(self.model.firms))
        for rule in progress.rules.measurement:
            rows = firms.meant_by(rule.where, progress.uses[k].period.vintage)
            share[rows] += float(rule.default_markup)
        return share

    def _readings(self, progress: RightProgress, k: int, true_lots: Ints) -> Readings:
        """Return true use and the errors of its measurement."""
        firms, streams = self.model.firms, self.model.streams
        use, code = progress.uses[k], progress.rules.right.code
        own = firms.normal(streams, f"{MRV_NOISE}.{code}.{use.period.name}", fresh=True)
        common = firms.normal(streams, f"{MRV_NOISE}.{use.period.vintage}", fresh=True)
        peak = None
        if use.days is not None:
            # A rule that was switched on after the use has seen no day of it.
            peak = use.days.peak() if use.days.rates else np.ones(len(firms))
        return Readings(firms.covered[:, progress.index], true_lots, own, common, peak)

    def _reports(self, progress: RightProgress, k: int, measured: Ints) -> Ints:
        """Return what firms report, shape (n_firms,)."""
        rule = progress.rules.reporting
        if rule is None:
            return measured
        most = rule.most_under(measured)
        if not most.any():
            return rule.reported(measured, most)
        right = progress.rules.right
        gain = self.model.values_yuan()[:, progress.index] * float(right.lot) * FEN_PER_YUAN
        return rule.reported(measured, best_under(measured, most, gain, self._prospects(progress, k, gain)))

    def _prospects(self, progress: RightProgress, k: int, gain_fen: Floats) -> Prospects:
        model, book, r = self.model, progress.rules, progress.index
        period = progress.uses[k].period
        audit = progress.history.on(period.audit or period.verify).audit  # As announced for the day of the audit.
        name = np.zeros(len(model.firms))
        seats = model.seats.of_right(r)
        rows = np.flatnonzero(model.expectations.is_firm[seats]) + seats.start
        harm = model.expectations.valuation.reputation_yuan[rows] * float(book.right.lot) * FEN_PER_YUAN
        name[model.seats.trader[rows]] = harm
        cut = 0.0 if audit is None else float(audit.allocation_cut)
        lost = cut * model.forecasts.expected_lots(progress, k) * gain_fen if cut else np.zeros(len(name))
        return Prospects(
            verification=book.verification,
            collusion=self._collusion(progress),
            audit=audit,
            price_fen=float(model.desk.last_price[r]) * book.right.tick_value_fen,
            name_fen=name,
            cut_fen=lost,
        )

    def _collusion(self, progress: RightProgress) -> Floats:
        """Return how likely each firm's verifier is to keep quiet, if it is chosen as the rule has it."""
        book = self.model.authority.monitoring.verifiers.get(progress.rules.right.code)
        n = len(self.model.firms)
        if book is None or not book.licensed.any():
            return np.ones(n)
        quiet = book.rule.collusion_of
        lenient = np.full(n, book.most_lenient())
        following = quiet[book.next_for(lenient)]
        if book.rule.paid_by == "firm":
            return following
        stays = book.next_for(book.last) == book.last
        return np.where(stays & (book.last >= 0), following, quiet[book.licensed].mean())

    def check_draws(self, progress: RightProgress, k: int) -> CheckDraws | None:
        """Return who is checked, what is noticed, and by whom; None without verification."""
        code, period = progress.rules.right.code, progress.uses[k].period.name
        book = self.model.authority.monitoring.verifiers.get(code)
        if book is None:
            return None
        rng = self.model.streams.fresh(f"{VERIFICATION}.{code}.{period}")
        order, chance = self._order(progress, rng), rng.random(len(self.model.firms))
        drawn = rng.integers(0, book.rule.verifiers, len(self.model.firms))
        return CheckDraws(
            order, chance, drawn if book.rule.paid_by == "authority" else self._wanted(book, code, period)
        )

    def _wanted(self, book: Verifiers, code: str, period: str) -> Ints:
        """Return whom firms choose: the most lenient if they have something to hide, else one of the list by turns."""
        file = self.model.authority.monitoring.files[code, period]
        turns = np.arange(len(file.measured)) % book.rule.verifiers
        hides = file.reported < file.measured
        return np.where(hides & book.licensed.any(), book.most_lenient(), turns)

    def _order(self, progress: RightProgress, rng: np.random.Generator) -> Ints:
        return rng.permutation(int(self.model.firms.covered[:, progress.index].sum())).astype(np.int64)

    def _disclosure_errors(self, progress: RightProgress, k: int) -> dict[str, Floats]:
        """Return standard normal errors of what is published, by item."""
        rule, use = progress.rules.disclosure, progress.uses[k]
        items = () if rule is None else rule.items
        stem = f"{DISCLOSURE}.{progress.rules.right.code}.{use.period.name}"
        return {i: self.model.firms.normal(self.model.streams, f"{stem}.{i}", fresh=True) for i in items}
