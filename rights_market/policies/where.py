"""Which firms and years a rule is meant for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from rights_market.policies.rule import Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Where(Rule):
    """Narrows a block to sectors, unit classes and years; an empty list means all of them.

    Attributes
    ----------
    sectors, classes : tuple of str
        Names as the population uses them.
    years : tuple of int
        Compliance years.
    """

    sectors: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    years: tuple[int, ...] = ()

    def selects(self, sector: str, firm_class: str, year: int) -> bool:
        """Return whether the block applies to a firm in a year.

        Examples
        --------
        >>> Where(sectors=("power",)).selects("power", "class I", 2021)
        True
        """
        return (
            (not self.sectors or sector in self.sectors)
            and (not self.classes or firm_class in self.classes)
            and (not self.years or year in self.years)
        )

    def mask(self, sectors: Sequence[str], classes: Sequence[str], year: int) -> npt.NDArray[np.bool_]:
        """Return for each firm whether the block applies to it in `year`; shape (n_firms,)."""
        pairs = zip(sectors, classes, strict=True)
        return np.fromiter((self.selects(s, c, year) for s, c in pairs), np.bool_, len(sectors))

    def overlaps(self, other: Where) -> bool:
        """Return whether some firm and year could be meant by both blocks of an exclusive slot."""
        return all(
            not a or not b or not set(a).isdisjoint(b)
            for a, b in (
                (self.sectors, other.sectors),
                (self.classes, other.classes),
                (self.years, other.years),
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowed(Rule):
    """Base of the rules that stand in a list, each for the firms and years that its `where` names.

    Attributes
    ----------
    where : Where
        Whom the rule is meant for; everybody, if it says nothing.
    """

    where: Where = field(default_factory=Where)
