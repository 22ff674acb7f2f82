"""Audits after verification: whom they find, and what follows for the firm, its verifier and the verifier's clients."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from rights_market.authority.fines import mean_price_fen
from rights_market.authority.mrv.files import UseFile
from rights_market.authority.office import Matter, Office
from rights_market.exchange.calendar import Period
from rights_market.policies.mrv import Audit
from rights_market.registry.obligations import Debt

if TYPE_CHECKING:
    from rights_market.authority.mrv.monitoring import Monitoring

Int64 = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

YEAR = 243
"""Trading days over whose mean price the gain from false data is valued: about a year."""

IsSettled = Callable[[str, Period], bool]
"""Whether the last surrender of a period is over."""


class AuditDraws(NamedTuple):
    """Chance in an audit, and what firms made.

    Attributes
    ----------
    order : ndarray of int64, shape (n_subject,)
        Permutation of those who must hold the right.
    chance : ndarray of float64, shape (n_firms,)
        Uniform on 0 to 1: an audit finds what is there where it lies below its accuracy.
    output : ndarray of int64, shape (n_firms,)
        Output of the period, whole units.
    """

    order: Int64
    chance: Floats
    output: Int64


def audit(office: Office, monitoring: Monitoring, matter: Matter, draws: AuditDraws, settled: IsSettled) -> None:
    """Audit some firms for a period and those that the rule looks back to."""
    rule = office.books[matter.right].audit
    if rule is None:
        return
    file = monitoring.files[matter.key]
    chosen = _chosen(office, rule, file, draws)
    file.audited[chosen] = True
    office.note_each(matter, rule.kind, "audited", office.accounts, file.audited.astype(np.int64))
    sharp = chosen[draws.chance[chosen] < float(rule.accuracy)]
    periods = [p for p in office.books[matter.right].periods if p.vintage <= matter.period.vintage]
    for period in periods[-rule.lookback :]:
        then = office.matter(matter.hook, matter.right, period)
        if then.key in monitoring.files:
            _sanction(office, monitoring, rule, then, sharp, settled)


def _chosen(office: Office, rule: Audit, file: UseFile, draws: AuditDraws) -> Int64:
    rows = np.flatnonzero(file.subject)
    scores = None
    if rule.sampling == "risk":
        classes = office.firms.classes or office.firms.sectors
        group = np.unique(np.array(classes), return_inverse=True)[1][rows]
        scores = rule.scores(file.verified[rows], draws.output[rows], group)
    return rule.select(rows, draws.order, scores)


def _sanction(
    office: Office, monitoring: Monitoring, rule: Audit, matter: Matter, rows: Int64, settled: IsSettled
) -> None:
    """Act on what was left out of the reports of some firms."""
    file = monitoring.files[matter.key]
    found = np.zeros_like(file.found)
    found[rows] = file.left_out()[rows]
    if not found.any():
        return
    office.note_each(matter, rule.kind, "false_data", office.accounts, found)
    market = office.market
    value, lots = market.traded(office.shelf(matter.right).instruments, YEAR)
    price = mean_price_fen(office.books[matter.right], value, lots, int(market.tape.last_close[matter.instrument]))
    fines = rule.fine.fine(found, price)
    file.fine_fen += fines
    monitoring.offences.fine(matter, rule.kind, fines)
    file.found += found
    if rule.adds_duty:
        _add_duty(office, matter, found, settled)
    monitoring.offences.cut_next(matter, found > 0)
    disclosure = office.books[matter.right].disclosure
    if disclosure is not None:
        monitoring.offences.bar(found > 0, matter.period.vintage + disclosure.ban_years)
    _end_licences(office, monitoring, matter, file, found, settled)


def _end_licences(
    office: Office, monitoring: Monitoring, matter: Matter, file: UseFile, found: Int64, settled: IsSettled
) -> None:
    """End the licences of verifiers that kept quiet, and have their other clients verified again."""
    guilty = np.unique(file.verifier[(found > 0) & file.connived])
    if not guilty.size:
        return
    monitoring.verifiers[matter.right].licensed[guilty] = False
    for one in guilty.tolist():
        office.note(matter, "verification", "licence_ended", note=f"verifier {one + 1}")
    again = file.connived & np.isin(file.verifier, guilty)
    missed = np.where(again, file.left_out(), 0)
    file.connived[again] = False
    file.verified += missed
    file.corrected += missed
    office.note_each(matter, "verification", "corrected", office.accounts, missed)
    _add_duty(office, matter, missed, settled)


def _add_duty(office: Office, matter: Matter, lots: Int64, settled: IsSettled) -> None:
    """Add lots to the duty of a period, or once its surrender is over to that of the next one."""
    obligations, accounts = office.market.obligations, office.accounts
    if not settled(matter.right, matter.period):
        obligations.verify(*matter.key, obligations.verified_lots(*matter.key)[accounts] + lots, accounts)
        return
    following = office.following(matter.right, matter.period)
    if following is not None:
        obligations.add_debt(matter.right, following.name, Debt.MAKE_GOOD, lots, accounts)
    elif lots.any():
        office.note(matter, "audit", "rule_unmet", lots=int(lots.sum()), note="no next period")
