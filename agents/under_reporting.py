"""How much a firm leaves out of its report, given how likely that is found and what it costs then.

A firm weighs what the lots are worth to it against the published rules: how sharply verifiers look, how many firms
are audited, what a false figure costs.  It does not know whom an audit will meet, nor its own draw in a verification.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rights_market.policies.mrv import Audit, Verification

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

STEPS = 50
"""Amounts between nothing and the most that a firm can leave out, which it weighs beside the ones that rules single
out."""


@dataclass(frozen=True, slots=True)
class Prospects:
    """What a firm that leaves something out has to reckon with; arrays of shape (n_firms,).

    Attributes
    ----------
    verification : Verification or None
    collusion : ndarray of float64
        Probability that the firm's verifier keeps quiet.
    audit : Audit or None
    price_fen : float
        Price at which a fine values a lot, fen.
    name_fen : ndarray of float64
        Harm to the firm's name for each lot that is found, fen.
    cut_fen : ndarray of float64
        What the part of the next allocation that an offender loses is worth, fen.
    """

    verification: Verification | None
    collusion: Floats
    audit: Audit | None
    price_fen: float
    name_fen: Floats
    cut_fen: Floats

    @property
    def audited(self) -> float:
        """Probability that an audit meets a firm and finds what is there."""
        return 0.0 if self.audit is None else float(self.audit.share * self.audit.accuracy)

    def noticed(self, measured: Ints, under: Ints) -> Floats:
        """Return the probability that verification corrects a report with `under` lots less than `measured`."""
        rule = self.verification
        if rule is None:
            return np.zeros(len(measured))
        reported = measured - under
        honest = np.where(reported > 0, 1.0 - self.collusion, 1.0)
        return np.asarray(float(rule.coverage) * honest * rule.detection(measured, reported))

    def profit(self, measured: Ints, under: Ints, gain_fen: Floats) -> Floats:
        """Return what leaving out `under` lots is expected to earn, fen; `gain_fen` is what a lot is worth."""
        kept = 1.0 - self.noticed(measured, under)
        lots = under.astype(np.float64)
        if self.audit is None:
            return kept * gain_fen * lots
        due = gain_fen if self.audit.adds_duty else 0.0
        loss = self.audit.fine.expected(lots, self.price_fen) + (self.name_fen + due) * lots
        loss = loss + np.where(under > 0, self.cut_fen, 0.0)
        return np.asarray(kept * (gain_fen * lots - self.audited * loss))

    def candidates(self, measured: Ints, most: Ints, gain_fen: Floats) -> Iterator[Ints]:
        """Yield amounts worth weighing: even steps, and those at which the rules have a kink or the best lies."""
        for step in range(1, STEPS + 1):
            yield most * step // STEPS
        if self.verification is not None:
            share = float(self.verification.materiality)
            yield np.minimum(most, np.floor(measured * (share / (1.0 + share))).astype(np.int64))
        if self.audit is None:
            return
        fine = self.audit.fine
        if fine.fen_per_lot is None:
            below = int(max(0.0, np.ceil(fine.gain_threshold / max(self.price_fen, 1e-9)) - 1))
            yield np.minimum(most, below)
            return
        first = fine.fen_per_lot + self.name_fen + (gain_fen if self.audit.adds_duty else 0.0)
        best = marginal_best(gain_fen, self.audited, first, float(fine.rise_fen or 0), most)
        yield np.floor(best).astype(np.int64)
        yield np.ceil(best).astype(np.int64)


def marginal_best(gain: Floats, probability: float, first: Floats, rise: float, most: Ints) -> Floats:
    """Return the violation at which the gain of a lot equals its expected fine: p = pi (phi + gamma u).

    Parameters
    ----------
    gain : ndarray of float64
        What a lot is worth, p.
    probability : float
        Probability of being found, pi.
    first, rise : ndarray of float64, float
        Fine for the first lot, phi, and its rise with each further lot, gamma.
    most : ndarray of int64
        Largest possible violation.

    Notes
    -----
    Of all that a firm is, only the price of a lot enters: violations do not depend on abatement cost (Malik 1990, JEEM
    18:97; Stranlund and Dhanda 1999, JEEM 38:267).

    Examples
    --------
    >>> marginal_best(np.array([10.0, 10.0]), 0.4, np.array([20.0, 25.0]), 5.0, np.array([9, 9]))
    array([1., 0.])
    """
    if probability * rise > 0.0:
        return np.clip((gain - probability * first) / (probability * rise), 0.0, most)
    return np.where(gain > probability * first, most, 0).astype(np.float64)


def best_under(measured: Ints, most: Ints, gain_fen: Floats, prospects: Prospects) -> Ints:
    """Return the lots that it pays each firm best to leave out, the fewest among equals; shape (n_firms,)."""
    best, earned = np.zeros_like(measured), np.zeros(len(measured))
    for under in prospects.candidates(measured, most, gain_fen):
        profit = prospects.profit(measured, under, gain_fen)
        better = (profit > earned) | ((profit == earned) & (under < best))
        best, earned = np.where(better, under, best), np.where(better, profit, earned)
    return best
