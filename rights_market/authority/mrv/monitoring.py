"""Measurement, reports, verification and audits, right by right and period by period."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rights_market.authority.mrv import audits
from rights_market.authority.mrv.files import METHODS, NO_REPORT, UseFile
from rights_market.authority.mrv.offences import Offences
from rights_market.authority.mrv.publication import Publication
from rights_market.authority.mrv.verifiers import Verifiers
from rights_market.authority.office import Matter, Office

Int64 = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


class Readings(NamedTuple):
    """What instruments are given to read; all of shape (n_firms,).

    Attributes
    ----------
    subject : ndarray of bool
        Who must hold the right.
    true_lots : ndarray of int64
    own, common : ndarray of float64
        Standard normal errors of this right, and those that all rights share.
    peak : ndarray of float64 or None
        90th percentile of a firm's days over their mean, where a rule asks for it.
    """

    subject: Bools
    true_lots: Int64
    own: Floats
    common: Floats
    peak: Floats | None = None


class CheckDraws(NamedTuple):
    """Chance and choice in a verification.

    Attributes
    ----------
    order : ndarray of int64, shape (n_subject,)
        Permutation of those who must hold the right: the first are checked.
    chance : ndarray of float64, shape (n_firms,)
        Uniform on 0 to 1: a miss is noticed where it lies below the probability of that.
    preferred : ndarray of int64, shape (n_firms,)
        Verifier whom each firm chooses, or that was drawn for it.
    """

    order: Int64
    chance: Floats
    preferred: Int64


class Monitoring:
    """Keeps the files on use, and the verifiers' and offenders' records.

    Parameters
    ----------
    office : Office

    Attributes
    ----------
    files : dict of (str, str) to UseFile
        By right and period.
    verifiers : dict of str to Verifiers
        By right, where it has a rule of verification.
    offences : Offences
    publication : Publication
    """

    def __init__(self, office: Office) -> None:
        self._office = office
        self.files: dict[tuple[str, str], UseFile] = {}
        n = len(office.accounts)
        rules = {code: book.verification for code, book in office.books.items()}
        self.verifiers = {code: Verifiers(rule, n) for code, rule in rules.items() if rule is not None}
        self.offences = Offences(office)
        self.publication = Publication(office, self.files, self.offences)

    def measure(self, matter: Matter, readings: Readings) -> Int64:
        """Open the file of a period, and return what was measured, shape (n_firms,)."""
        firms, book = self._office.firms, self._office.books[matter.right]
        file = UseFile.open(matter.period.vintage, readings.subject, readings.true_lots)
        for rule in book.measurement:
            rows = firms.meant_by(rule.where, matter.period.vintage)
            peak = None if readings.peak is None else readings.peak[rows]
            error = rule.error(readings.own[rows], readings.common[rows])
            file.measured[rows] = rule.measured(readings.true_lots[rows], error, peak)
            file.method[rows] = METHODS.index(rule.method)
        self.files[matter.key] = file
        self._office.note(matter, "measurement", "measured", lots=int(file.measured.sum()))
        return file.measured.copy()

    def report(self, matter: Matter, reported: Int64) -> None:
        """File the firms' reports; `NO_REPORT` stands for none, which is fined."""
        file, rule = self.files[matter.key], self._office.books[matter.right].reporting
        file.reported = np.where(file.subject, reported, 0)
        late = file.reported == NO_REPORT
        self._office.note(matter, "self_report", "reported", lots=int(file.reported[~late].sum()))
        if rule is not None and late.any():
            fines = np.where(late, rule.late_fee, 0).astype(np.int64)
            file.fine_fen += fines
            self._office.note_each(matter, rule.kind, "no_report", self._office.accounts, late.astype(np.int64))
            self.offences.fine(matter, rule.kind, fines)

    def verified(self, matter: Matter, draws: CheckDraws | None) -> Int64:
        """Have the reports checked where there is a rule, and return what counts as use, shape (n_firms,)."""
        file, rule = self.files[matter.key], self._office.books[matter.right].verification
        file.verified = self._counted(matter, file)
        if rule is not None and draws is not None:
            rows = np.flatnonzero(file.subject)
            checked = rows[draws.order[: rule.checked(len(rows))]]
            self._check(matter, file, np.sort(checked[file.reported[checked] != NO_REPORT]), draws)
        return file.verified.copy()

    def _counted(self, matter: Matter, file: UseFile) -> Int64:
        """Return what counts if nobody checks: the report, but no less than last time where checks are the rule."""
        office, late = self._office, file.reported == NO_REPORT
        before = office.previous(matter.right, matter.period)
        last = np.zeros_like(file.reported)
        if before is not None:
            last = office.market.obligations.verified_lots(matter.right, before.name)[office.accounts]
        checks = office.books[matter.right].verification is not None
        counted = np.maximum(file.reported, last) if checks else file.reported.copy()
        counted = np.where(
            late, office.books[matter.right].surrender.estimate(last), np.where(file.subject, counted, 0)
        )
        office.note_each(matter, "self_report", "estimated", office.accounts, np.where(late, counted, 0))
        return counted

    def _check(self, matter: Matter, file: UseFile, rows: Int64, draws: CheckDraws) -> None:
        book = self.verifiers[matter.right]
        who = book.engage(rows, draws.preferred)
        rows, who = rows[who >= 0], who[who >= 0]
        file.verifier[rows] = who
        if not book.licensed.any():
            self._office.note(matter, "verification", "rule_unmet", note="no verifier is licensed")
        measured, reported = file.measured[rows], file.reported[rows]
        chance, detection = draws.chance[rows], book.rule.detection(measured, reported)
        honest = chance < detection
        # Nothing reported where something was measured cannot be overlooked, not even on purpose.
        plain = (reported == 0) & (measured > 0)
        noticed = plain | (chance < detection * (1.0 - book.rule.collusion_of[who]))
        file.connived[rows] = honest & ~noticed
        file.verified[rows] = np.where(noticed, measured, reported)
        file.corrected[rows] = file.verified[rows] - reported
        self._office.note_each(matter, "verification", "corrected", self._office.accounts, file.corrected)

    def bills_fen(self, matter: Matter) -> Int64:
        """Return what firms owe their verifiers for a period, shape (n_firms,); 0 where the public pays."""
        rule, file = self._office.books[matter.right].verification, self.files[matter.key]
        costs = 0 if rule is None else rule.cost
        bills = np.where(file.verifier >= 0, costs, 0).astype(np.int64)
        if rule is not None and rule.paid_by == "authority":
            self._office.note(matter, rule.kind, "verification_paid", money_fen=int(bills.sum()))
            return np.zeros_like(bills)
        return bills

    def audit(self, matter: Matter, draws: audits.AuditDraws, settled: audits.IsSettled) -> None:
        """Audit some firms, and let what is found have its consequences."""
        if self.is_on_file(matter):
            audits.audit(self._office, self, matter, draws, settled)

    def is_on_file(self, matter: Matter) -> bool:
        """Return whether a period was measured; if not, because the rule is younger, say so."""
        if matter.key in self.files:
            return True
        self._office.note(matter, matter.hook, "rule_unmet", note="use of this period is not on file")
        return False

    def reported_lots(self, right: str, period: str) -> Int64 | None:
        """Return what firms have written in their reports, or None before they were filed."""
        file = self.files.get((right, period))
        return None if file is None else np.where(file.reported == NO_REPORT, file.measured, file.reported)

    def state(self) -> dict[str, Any]:
        """Return everything that changes, as plain arrays and numbers."""
        return {
            "files": [(*key, file.state()) for key, file in self.files.items()],
            "verifiers": {code: book.state() for code, book in self.verifiers.items()},
            "offences": self.offences.state(),
            "publication": self.publication.state(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back what `state` returned."""
        self.files.clear()
        self.files.update({(right, period): UseFile.from_state(x) for right, period, x in state["files"]})
        for code in self.verifiers.keys() & state["verifiers"].keys():
            self.verifiers[code].restore(state["verifiers"][code])
        self.offences.restore(state["offences"])
        self.publication.restore(state["publication"])
