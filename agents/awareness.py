"""Which firms consider which abatement equipment: knowledge of it spreads from those who use it to their contacts.

Equipment of one name is one technology, in whatever sector.  Only contacts to whom it is open count, as users and as
those who might be.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from agents.abatement import Measures, MeasureStatus
from agents.contact_network import ContactNetwork
from agents.information_spec import Bass, Threshold

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]
Bools = npt.NDArray[np.bool_]


class Awareness:
    """Spreads knowledge of measures over a network.

    Parameters
    ----------
    spec : Threshold or Bass
    network : ContactNetwork
    names : sequence of str
        Name of each measure.

    Attributes
    ----------
    technologies : list of str
        Names, each once, in the order of the first measure that bears it.
    technology : ndarray of intp, shape (n_measures,)
        Which of them each measure is.
    """

    def __init__(self, spec: Threshold | Bass, network: ContactNetwork, names: Sequence[str]) -> None:
        self.spec = spec
        self._network = network
        self.technologies = list(dict.fromkeys(names))
        at = {name: k for k, name in enumerate(self.technologies)}
        self.technology: Rows = np.array([at[name] for name in names], dtype=np.intp)

    def at_start(self, rng: np.random.Generator) -> Bools:
        """Return which measures are considered by their firm from the start, shape (n_measures,)."""
        if isinstance(self.spec, Bass):
            return np.zeros(len(self.technology), dtype=np.bool_)
        return rng.random(len(self.technology)) < self.spec.innovators

    def heard(self, measures: Measures, working: Bools, years: float, rng: np.random.Generator) -> Bools:
        """Return of which measures firms hear in a step, shape (n_measures,).

        Parameters
        ----------
        measures : Measures
            Those that are built or run are in use.
        working : ndarray of bool, shape (n_firms,)
            Firms that are at work.
        years : float
            Length of the step.
        rng : numpy.random.Generator
            Draws of a hazard, one for each measure whether or not it matters.
        """
        share = self.share_of_users(measures, working)
        at_work = working[measures.firm]
        if isinstance(self.spec, Threshold):
            return at_work & (share >= self.spec.share)
        hazard = self.spec.innovation + self.spec.imitation * share
        return np.asarray(at_work & (rng.random(len(share)) < -np.expm1(-hazard * years)))

    def share_of_users(self, measures: Measures, working: Bools) -> Floats:
        """Return for each measure which share of its firm's contacts uses it, shape (n_measures,)."""
        share = np.zeros(len(self.technology))
        uses = np.isin(measures.status, (MeasureStatus.BUILDING, MeasureStatus.RUNNING))
        for k in range(len(self.technologies)):
            rows = np.flatnonzero(self.technology == k)
            is_open, is_user = np.zeros((2, len(working)), dtype=np.bool_)
            is_open[measures.firm[rows]] = True
            is_user[measures.firm[rows[uses[rows]]]] = True
            is_open &= working
            share[rows] = self._network.share_of_contacts(is_user & working, is_open)[measures.firm[rows]]
        return share
