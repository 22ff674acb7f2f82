"""A limit that each firm must keep by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from annotated_types import Ge, Unit

from rights_market.errors import PolicyError
from rights_market.policies.rule import Fen
from rights_market.policies.where import Narrowed
from rights_market.units import exact, floor

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class EmissionStandard(Narrowed):
    """A limit on the use of each firm, with a charge for what lies over it; nothing can be bought.

    Attributes
    ----------
    right : str
        Right whose use is limited.
    charge : int
        Charge for each lot over the limit, fen.
    form : str
        ``intensity``: the limit is for a unit of output.  ``absolute``: for a year.
    limit : dict of str to Decimal
        Limit by sector, units of the right; sectors that are not named have none.
    share_of_base : Decimal or None
        In place of `limit`: share of what the firm used in `base_year`, for a unit of output or in all.
    base_year : int or None
        Year before the market.

    Raises
    ------
    PolicyError
        If neither or both of `limit` and `share_of_base` are given, or `base_year` without the share or reversed.

    References
    ----------
    Goulder, Long, Lu and Morgenstern (2022), Journal of Environmental Economics and Management 111 [known]: standards
    against trade on the same firms.  Montgomery (1972), Journal of Economic Theory 5:395 [known].
    """

    kind: Literal["emission_standard"] = "emission_standard"
    right: str
    charge: Fen
    form: Literal["intensity", "absolute"] = "intensity"
    limit: dict[str, Annotated[Decimal, Ge(0)]] = field(default_factory=dict)
    share_of_base: Annotated[Decimal, Ge(0), Unit("share")] | None = None
    base_year: int | None = None

    def check(self) -> None:
        """Refuse two limits, or none."""
        if (self.share_of_base is None) == (not self.limit):
            raise PolicyError(f"emission standard: give limit or share_of_base; {self.limit}, {self.share_of_base}")
        if (self.share_of_base is None) != (self.base_year is None):
            raise PolicyError(
                f"emission standard: share_of_base {self.share_of_base} needs base_year, which is {self.base_year}"
            )

    def limits(self, sectors: Sequence[str], base: Sequence[Fraction]) -> list[Fraction | None]:
        """Return the limit of each firm, units for a unit of output or for a year; None where it has none.

        Parameters
        ----------
        sectors : sequence of str
            Sector of each firm.
        base : sequence of Fraction
            What each firm used in the base year, units for a unit of output or in all, as `form` has it.
        """
        if self.share_of_base is not None:
            return [exact(self.share_of_base) * x for x in base]
        return [exact(self.limit[s]) if s in self.limit else None for s in sectors]

    def excess(self, used: Int64, output: Int64, limits: Sequence[Fraction | None], lot: Decimal) -> Int64:
        """Return the lots that each firm used over its limit, which is rounded down.

        Parameters
        ----------
        used, output : ndarray of int64, shape (n_firms,)
            Verified lots, and units of output.
        limits : sequence of Fraction or None
            From `limits`; for a period of several years, `output` and limits are those of all of them.
        lot : Decimal
            Units in a lot.

        Examples
        --------
        >>> rule = EmissionStandard(right="CEA", charge=6800, limit={"power": Decimal("0.8")})
        >>> over = rule.excess(np.array([850]), np.array([1000]), rule.limits(["power"], []), Decimal(1))
        >>> over, rule.charges(over)
        (array([50]), array([340000]))
        """
        allowed = [
            None if x is None else floor((x * q if self.form == "intensity" else x) / exact(lot))
            for x, q in zip(limits, output.tolist(), strict=True)
        ]
        over = [0 if a is None else max(0, n - a) for n, a in zip(used.tolist(), allowed, strict=True)]
        return np.array(over, np.int64)

    def charges(self, excess: Int64) -> Int64:
        """Return what is charged for lots over the limit, fen."""
        return excess * self.charge
