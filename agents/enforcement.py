"""Enforcement in a laboratory of permits: what a risk-neutral firm leaves without a permit, and what it is fined.

Of all that a firm is, only the price of a permit enters its violation: it leaves units uncovered until the expected
fine of one more reaches the price (Malik 1990, JEEM 18:97; Stranlund and Dhanda 1999, JEEM 38:267).  Once trade is over
the price is what one more permit would have been worth to the firm itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
import numpy.typing as npt
from annotated_types import Ge, Le

from agents.under_reporting import marginal_best

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Enforcement:
    """Audits at the end of a round, and a fine of phi u + gamma u^2 / 2 for u units without a permit.

    Attributes
    ----------
    probability : float
        Chance of a firm to be audited; an audit finds all.
    first_yuan, rise_yuan : float
        Fine for the first unit, phi, and its rise with each further one, gamma, CNY.
    """

    probability: Annotated[float, Ge(0), Le(1)]
    first_yuan: Annotated[float, Ge(0)]
    rise_yuan: Annotated[float, Ge(0)]

    def violation(self, price_yuan: Floats, most: Ints) -> Floats:
        """Return what it pays each firm to leave uncovered at a price, at most so many units.

        Examples
        --------
        >>> Enforcement(0.35, 20.0, 5.0).violation(np.array([9.0811, 7.0]), np.array([20, 20])).round(4).tolist()
        [1.1892, 0.0]
        """
        first = np.full(len(price_yuan), self.first_yuan)
        return marginal_best(price_yuan, self.probability, first, self.rise_yuan, most)

    def left_uncovered(self, missing: Floats | Ints, alpha: Floats, beta: Floats) -> Floats:
        """Return which part of the units without a permit each firm does not abate, its marginal cost alpha + beta a.

        The last unit abated costs what the last one left uncovered does: alpha + beta (m - v) = pi (phi + gamma v).

        Examples
        --------
        >>> rule, two = Enforcement(0.5, 4.0, 2.0), np.array([1.0, 1.0])
        >>> rule.left_uncovered(np.array([5.0, 1.0]), 0.0 * two, two).tolist()
        [1.5, 0.0]
        """
        due = self.probability * self.first_yuan
        wanted = (alpha + beta * missing - due) / (beta + self.probability * self.rise_yuan)
        return np.asarray(np.clip(wanted, 0.0, np.maximum(missing, 0)))

    def fine_yuan(self, violated: Ints) -> Floats:
        """Return the fine of each firm, if it is audited, CNY."""
        return np.asarray(self.first_yuan * violated + self.rise_yuan * violated.astype(np.float64) ** 2 / 2.0)
