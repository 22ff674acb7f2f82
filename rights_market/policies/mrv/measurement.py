"""What an instrument, or a calculation, says of a firm's use."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from annotated_types import Ge, Gt, Unit

from rights_market.errors import PolicyError
from rights_market.policies.lots import half_up_parts
from rights_market.policies.rule import Share
from rights_market.policies.where import Narrowed

Int64 = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
NotNegative = Annotated[Decimal, Ge(0), Unit("share")]

BILLION = 1_000_000_000
"""Parts into which the factor between true and measured use is divided, so that lots follow from whole numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement(Narrowed):
    """Measures use with an instrument, a measured factor or a default factor.

    Attributes
    ----------
    method : str
        ``cems``: continuous monitoring.  ``measured_factor``: fuel times a factor from the firm's own laboratory.
        ``default_factor``: fuel times a factor of the guideline, which is set high on purpose.
    bias : Decimal
        Mean of the relative error; with a default factor, that of the fuel meter.
    sd : Decimal
        Standard deviation of the relative error.
    common : Decimal
        Share of the variance of the error that a firm's measurements of all rights have in common in a year.
    missing_days : Decimal
        Share of the days without data.
    fill : str
        What stands in for a missing day: the ``mean`` of the firm's other days, or their 90th percentile ``p90``.
    default_markup : Decimal
        By how much the default factor lies above the truth, as a share.

    Raises
    ------
    PolicyError
        If `default_markup` is given for another method, or `missing_days` for the default factor.

    References
    ----------
    Monitoring tiers and substitution of missing data: Regulation (EU) 2018/2066, articles 26, 41 and 45 [known].  High
    default factors: guideline on accounting for power plants (Ministry of Ecology and Environment 2022) [known].
    Sizes [approx]; one common draw stands for a whole matrix of correlations [approx].
    """

    kind: Literal["measurement"] = "measurement"
    method: Literal["cems", "measured_factor", "default_factor"] = "cems"
    bias: Annotated[Decimal, Gt(-1), Unit("share")] = Decimal(0)
    sd: NotNegative = Decimal(0)
    common: Share = Decimal(0)
    missing_days: Share = Decimal(0)
    fill: Literal["mean", "p90"] = "mean"
    default_markup: NotNegative = Decimal(0)

    def check(self) -> None:
        """Refuse numbers that the method does not use."""
        if self.default_markup and self.method != "default_factor":
            raise PolicyError(f"measurement: default_markup is {self.default_markup} but method is {self.method}")
        if self.missing_days and self.method == "default_factor":
            raise PolicyError(
                f"measurement: missing_days is {self.missing_days} but method is default_factor: fuel is booked, "
                "not measured by the day"
            )

    @property
    def needs_days(self) -> bool:
        """Whether the rule asks how much was used on a firm's largest days."""
        return self.fill == "p90" and self.missing_days > 0

    def error(self, own: Floats, common: Floats) -> Floats:
        """Return standard normal errors of one right from draws of its own and draws that all rights share."""
        shared = float(self.common)
        return np.asarray(np.sqrt(1.0 - shared) * own + np.sqrt(shared) * common)

    def measured(self, true_lots: Int64, error: Floats, peak: Floats | None = None) -> Int64:
        """Return measured use, half up to the lot.

        Parameters
        ----------
        true_lots : ndarray of int64, shape (n_firms,)
            True use of the period.
        error : ndarray of float64, shape (n_firms,)
            Standard normal draws.
        peak : ndarray of float64, shape (n_firms,), or None
            90th percentile of the days over their mean; needed where `needs_days`.

        Returns
        -------
        ndarray of int64, shape (n_firms,)
            True use times a factor that is rounded to the billionth; never below 0.

        Raises
        ------
        PolicyError
            If `peak` is needed and missing.

        Examples
        --------
        >>> rule = Measurement(bias=Decimal("0.02"), sd=Decimal("0.05"))
        >>> rule.measured(np.array([1000]), np.array([-0.1]))
        array([1015])
        """
        if self.needs_days and peak is None:
            raise PolicyError("measurement: fill is p90 but the largest days of the firms are missing")
        factor = (1.0 + float(self.bias) + float(self.sd) * error) * (1.0 + float(self.default_markup))
        if self.needs_days and peak is not None:
            factor = factor * (1.0 + float(self.missing_days) * (peak - 1.0))
        parts = np.rint(np.maximum(factor, 0.0) * BILLION).astype(np.int64)
        return half_up_parts(true_lots, parts, BILLION)
