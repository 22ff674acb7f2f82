"""Free lots that match verified emissions, but for a bonus or malus within a band around them."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from annotated_types import Ge, Gt

from rights_market.errors import PolicyError
from rights_market.policies.allocation.observed import AllocationRule, Observed
from rights_market.policies.rule import Share
from rights_market.units import half_up

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class EmissionMatchingBand(AllocationRule):
    """Free lots of verified use, raised or cut a little by how a firm's intensity compares with its class.

    With ``x = (reference - intensity) / reference`` a firm with use E is given ``E (1 + r)``, ``r = slope x`` within
    ``-band`` and ``band``; rounded half up.  The reference is the mean intensity of the class in the year, weighted by
    output, unless `balance_value` has one.

    Attributes
    ----------
    slope : Decimal
        Rise of the adjustment with the relative distance from the reference.
    band : Decimal
        Largest adjustment either way, as a share of use; 0: everyone is given its use.
    balance_value : dict of str to dict of int to Decimal
        Published references by class and year, units of the right for a unit of product; they win over the mean.
    exempt_classes : tuple of str
        Classes that are given their use.

    References
    ----------
    Allocation plan of the Chinese ministry of ecology and environment for steel, cement and aluminium, November 2025:
    method and exemptions [seen], slope and band [known].
    """

    follows_output: ClassVar[bool] = True
    reports_balance: ClassVar[bool] = True
    kind: Literal["emission_matching_band"] = "emission_matching_band"
    slope: Annotated[Decimal, Ge(0)] = Decimal("0.15")
    band: Share = Decimal("0.03")
    balance_value: dict[str, dict[int, Annotated[Decimal, Gt(0)]]] = field(default_factory=dict)
    exempt_classes: tuple[str, ...] = ()

    def check(self) -> None:
        """Refuse a reference of a class that needs none."""
        both = sorted(set(self.exempt_classes) & self.balance_value.keys())
        if both:
            raise PolicyError(f"emission matching band: {both} stand in exempt_classes and in balance_value")

    def claims(self, observed: Observed) -> Int64:
        """Return the lots of each firm by its use and output of the year; its use where it made nothing."""
        firms = zip(observed.use_lots.tolist(), self.adjustments(observed), strict=True)
        return np.array([half_up(use * (1 + r)) for use, r in firms], np.int64)

    def adjustments(self, observed: Observed) -> list[Fraction]:
        """Return the adjustment of each firm as a share of its use, within the band."""
        slope, band = Fraction(self.slope), Fraction(self.band)
        return [min(max(slope * x, -band), band) for x in self._distances(observed)]

    @property
    def credits_use(self) -> bool:
        """Always: lots follow use."""
        return True

    def credit_for_use(self, observed: Observed, yearly_rate: float) -> npt.NDArray[np.float64]:
        """Return what one more unit of use is given: the whole unit, less what the worse intensity costs.

        ``d[E (1 + r)] / dE`` at given output is ``1 + slope (1 - 2 I / reference)`` inside the band, and ``1 + r`` at
        its edge.  So a unit saved is worth `slope` of the price to a firm at the reference, and not the whole of it.
        """
        slope, band = float(self.slope), float(self.band)
        x = np.array([float(v) for v in self._distances(observed)])
        inside = np.abs(slope * x) < band
        credit = np.where(inside, 1.0 + slope * (2.0 * x - 1.0), 1.0 + np.clip(slope * x, -band, band))
        measured = (observed.output_units > 0) & (observed.use_lots > 0) & ~self._is_exempt(observed)
        return np.where(measured, credit, 1.0)

    def _is_exempt(self, observed: Observed) -> npt.NDArray[np.bool_]:
        return np.array([c in self.exempt_classes for c in observed.classes], np.bool_)

    def _distances(self, observed: Observed) -> list[Fraction]:
        """Return by what share of the reference each firm's intensity lies below it; 0 where there is none."""
        reference = {c: self._reference(observed, c) for c in set(observed.classes) - set(self.exempt_classes)}
        found = []
        for c, use, output in zip(
            observed.classes, observed.use_lots.tolist(), observed.output_units.tolist(), strict=True
        ):
            level = reference.get(c)
            found.append(1 - Fraction(use, output) / level if level and output else Fraction(0))
        return found

    def _reference(self, observed: Observed, name: str) -> Fraction | None:
        """Return lots per unit of product at which a class is given its use; None where it used or made nothing."""
        published = self.balance_value.get(name, {}).get(observed.year)
        if published is not None:
            return Fraction(published) / Fraction(observed.lot)
        own = np.array([c == name for c in observed.classes], np.bool_)
        use, output = int(observed.use_lots[own].sum()), int(observed.output_units[own].sum())
        return Fraction(use, output) if use and output else None
