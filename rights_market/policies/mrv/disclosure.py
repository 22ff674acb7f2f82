"""What firms must make public, and what outsiders make of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Annotated, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from annotated_types import Ge, Le, MinLen, Unit

from rights_market.errors import PolicyError
from rights_market.policies.rule import Days, Rule

Floats = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]

Level = Annotated[int, Ge(0), Le(3)]
Item = Literal["emissions", "holdings"]
ITEMS: tuple[Item, ...] = ("emissions", "holdings")
NOTHING, COARSE, FINE, EXACT = range(4)


class Belief(NamedTuple):
    """What outsiders believe of a figure of each firm.

    Attributes
    ----------
    mean, variance : ndarray of float64, shape (n_firms,)
    """

    mean: Floats
    variance: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosure(Rule):
    """Makes firms publish figures, by level from nothing (0) to the exact number (3).

    Attributes
    ----------
    who : str
        ``firms``.  Banks publish what they lend and hold in pledge once rules of credit let them lend: until then
        ``banks`` is refused, because there is nothing of theirs to show.
    items : tuple of str
        Which figures: ``emissions``, ``holdings``.
    level : int
        How closely: 0 nothing, 1 and 2 with an error, 3 the exact number.
    coarse_sd : Decimal
        Standard deviation of the published value at level 1, as a share of the value.
    fine_sd : Decimal
        The same at level 2.
    delay : int
        Calendar days after the period's date of publication.
    assure : bool
        Whether what is published is the verified figure; if not, it is the firm's own report.
    ban_years : int
        Years for which outsiders take nothing from a firm that was found to have published a false figure.
    rate_discount : dict of int to int
        What a lender may take off the rate of interest at each level, basis points.

    Raises
    ------
    PolicyError
        If `who` is banks, `fine_sd` is above `coarse_sd`, or `rate_discount` knows a level that does not exist.

    References
    ----------
    Jiangxi opinion on disclosure of 2022, article 9(5) [seen]; guideline of the People's Bank of China on environmental
    information of financial institutions (2021) [known].  Belief: normal prior, normal error [known].
    """

    kind: Literal["disclosure"] = "disclosure"
    who: Literal["firms", "banks"] = "firms"
    items: Annotated[tuple[Item, ...], MinLen(1)] = ("emissions",)
    level: Level = EXACT
    coarse_sd: Annotated[Decimal, Ge(0), Unit("share")] = Decimal("0.2")
    fine_sd: Annotated[Decimal, Ge(0), Unit("share")] = Decimal("0.1")
    delay: Days = 0
    assure: bool = True
    ban_years: Annotated[int, Ge(0), Unit("years")] = 2
    rate_discount: dict[int, Annotated[int, Ge(0), Unit("basis points")]] = field(default_factory=dict)

    def check(self) -> None:
        """Refuse what nobody could publish, a closer level with the larger error, and discounts for no level."""
        if self.who == "banks":
            raise PolicyError(
                "disclosure: who is banks, but no bank lends or holds anything yet: loans come with the rules of credit"
            )
        if self.fine_sd > self.coarse_sd:
            raise PolicyError(f"disclosure: fine_sd {self.fine_sd} is above coarse_sd {self.coarse_sd}")
        if odd := sorted(set(self.rate_discount) - set(range(NOTHING, EXACT + 1))):
            raise PolicyError(f"disclosure: rate_discount names the levels {odd}, but level is at most {EXACT}")

    def noise_sd(self, values: Floats) -> Floats:
        """Return the standard deviation of what is published of each value."""
        share = {COARSE: self.coarse_sd, FINE: self.fine_sd}.get(self.level, Decimal(0))
        return np.asarray(float(share) * np.abs(values))

    def published(self, values: Floats, error: Floats) -> Floats:
        """Return what is published of each value, with standard normal errors of shape (n_firms,)."""
        return np.asarray(values + self.noise_sd(values) * error)

    def known_share(self, prior_variance: Floats, posterior_variance: Floats) -> float:
        """Return the share of the doubt about the sum of all figures that publication takes away, 0 to 1.

        The figures are independent of each other, so that their variances add up.
        """
        before = float(prior_variance.sum())
        return 1.0 - float(posterior_variance.sum()) / before if before > 0 else 0.0

    def belief(self, group: Int64, published: Floats, silent: npt.NDArray[np.bool_]) -> Belief:
        """Return what outsiders believe of each firm's figure.

        Before anything is published they know the mean and variance of its class.  The published value enters by its
        precision; of a firm that is silent they keep believing in its class.

        Parameters
        ----------
        group : ndarray of int64, shape (n_firms,)
            Number of the class, from 0.
        published : ndarray of float64, shape (n_firms,)
        silent : ndarray of bool, shape (n_firms,)
            Who publishes nothing, or is not believed.
        """
        n = int(group.max(initial=-1)) + 1
        size = np.maximum(np.bincount(group, minlength=n), 1)
        mean = (np.bincount(group, published, n) / size)[group]
        variance = (np.bincount(group, (published - mean) ** 2, n) / size)[group]
        if self.level == NOTHING:
            return Belief(mean, variance)
        weight = weight_of(variance, self.noise_sd(published) ** 2)
        weight = np.where(silent, 0.0, weight)
        return Belief(mean + weight * (published - mean), variance * (1.0 - weight))

    def discount_bp(self, silent: npt.NDArray[np.bool_]) -> Int64:
        """Return what a lender may take off each firm's rate of interest, basis points, shape (n_firms,)."""
        named, unknown = self.rate_discount.get(self.level, 0), self.rate_discount.get(NOTHING, 0)
        return np.where(silent, unknown, named).astype(np.int64)


def weight_of(prior_variance: Floats, error_variance: Floats) -> Floats:
    """Return the weight of a published value in a belief; 1 where it has no error.

    Examples
    --------
    >>> weight_of(np.array([400.0, 400.0]), np.array([100.0, 0.0]))
    array([0.8, 1. ])
    """
    total = prior_variance + error_variance
    return np.divide(prior_variance, total, out=np.ones_like(total), where=error_variance > 0)
