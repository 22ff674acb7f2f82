"""New projects bring the rights that they will need, and somewhat more, from those who have them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from annotated_types import Ge, Gt

from rights_market.policies.rule import Days, Rule
from rights_market.units import ceil

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewProjectReplacement(Rule):
    """Approval of a new project only once it holds the rights it needs, times a replacement ratio.

    A project that needs n lots a year must bring ``ratio x n``, rounded up.  It keeps n; the rest is cancelled.  Until
    all its rights are covered, what it has brought is frozen; if it lapses, it gets that back.  Where the zone of the
    project missed its standard, lots of a closed plant and of the reserve must come from inside it.

    Attributes
    ----------
    ratio : Decimal
        Lots to bring for a lot needed, at least 1.
    ratio_if_missed : Decimal
        The same where the region missed its standard last year.
    sector_factor : dict of str to Decimal
        Factor on the ratio by sector; 1 for those not named.
    sources : tuple of str
        Where the lots may come from: bought on the ``market``, from the ``own_closure`` of a plant that it replaces, or
        sold from the government's ``reserve``.
    min_validity : int
        Days from the application for which lots must be valid to count.
    deadline_days : int
        Days from the application after which a project that is not covered lapses.
    cancel_excess : bool
        Whether what is brought beyond the need is cancelled; else it goes to the government.

    References
    ----------
    环发[2014]197: 1:1, and 2:1 where the standard was missed [known].  Replacement of capacity (ministry of industry,
    2021): 1.5:1 and 2:1 [known].  Implementing opinion of Jiangxi, 2022: equal or reduced replacement [seen].
    """

    kind: Literal["new_project_replacement"] = "new_project_replacement"
    ratio: Annotated[Decimal, Ge(1)] = Decimal(1)
    ratio_if_missed: Annotated[Decimal, Ge(1)] = Decimal(2)
    sector_factor: dict[str, Annotated[Decimal, Gt(0)]] = field(default_factory=dict)
    sources: tuple[Literal["market", "own_closure", "reserve"], ...] = ("market", "own_closure")
    min_validity: Days = 365
    deadline_days: Days = 180
    cancel_excess: bool = True

    def required(self, need_lots: int, sector: str, *, missed: bool) -> int:
        """Return the lots that a project has to bring.

        Parameters
        ----------
        need_lots : int
            Lots that it needs a year.
        sector : str
        missed : bool
            Whether its region missed its standard last year.

        Examples
        --------
        >>> NewProjectReplacement(ratio=Decimal("1.5")).required(7, "steel", missed=False)
        11
        """
        ratio = self.ratio_if_missed if missed else self.ratio
        return ceil(Fraction(ratio) * Fraction(self.sector_factor.get(sector, Decimal(1))) * need_lots)

    def counts(self, valid_until: date | None, applied: date) -> bool:
        """Return whether lots that are valid until a date (None: for good) may serve as replacement."""
        return valid_until is None or valid_until >= applied + timedelta(self.min_validity)

    def last_day(self, applied: date) -> date:
        """Return the last day on which the lots may be brought."""
        return applied + timedelta(self.deadline_days)
