"""What is known about the firms that an allocation rule serves, and what every such rule can be asked."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import ClassVar, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from rights_market.errors import PolicyError
from rights_market.policies.where import Narrowed

Int64 = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """Observed figures of some firms, in the order of the firms.

    Attributes
    ----------
    right : str
        Code of the right.
    year : int
        Year that is allocated.
    classes : tuple of str
        Class (or sector) of each firm.
    output_units : ndarray of int64, shape (n,)
        Output of the year, whole units of product.
    use_lots : ndarray of int64, shape (n,)
        Use of the year, lots.
    lot : Decimal
        Units of the right in one lot.
    past_use_lots, past_output_units : dict of int to ndarray of int64, shape (n,)
        Use and output by year, as far as they were reported.
    first_year : ndarray of int64, shape (n,)
        Year in which each firm began to work; 0 where it worked before anything was reported.
    """

    right: str
    year: int
    classes: tuple[str, ...]
    output_units: Int64
    use_lots: Int64
    lot: Decimal = Decimal(1)
    past_use_lots: Mapping[int, Int64] = field(default_factory=dict)
    past_output_units: Mapping[int, Int64] = field(default_factory=dict)
    first_year: Int64 | None = None

    def __len__(self) -> int:
        return len(self.output_units)

    def of(self, rows: npt.NDArray[np.intp]) -> Self:
        """Return the figures of some firms."""
        return type(self)(
            right=self.right,
            year=self.year,
            classes=tuple(self.classes[i] for i in rows.tolist()),
            output_units=self.output_units[rows],
            use_lots=self.use_lots[rows],
            lot=self.lot,
            past_use_lots={y: x[rows] for y, x in self.past_use_lots.items()},
            past_output_units={y: x[rows] for y, x in self.past_output_units.items()},
            first_year=None if self.first_year is None else self.first_year[rows],
        )

    def use_in(self, years: Sequence[int]) -> list[list[int | None]]:
        """Return the use of each firm in some years; None before it began to work.

        Raises
        ------
        PolicyError
            If a year was never reported.
        """
        missing = [y for y in years if y not in self.past_use_lots]
        if missing:
            raise PolicyError(f"{self.right}: no use was reported for the base years {missing}")
        table: list[list[int | None]] = np.stack([self.past_use_lots[y] for y in years], axis=1).tolist()
        if self.first_year is not None:
            for i, first in enumerate(self.first_year.tolist()):
                if first > years[0]:
                    table[i] = [None if y < first else use for y, use in zip(years, table[i], strict=True)]
        return table


class Remark(NamedTuple):
    """Something about an allocation that people should read.

    Attributes
    ----------
    code : str
    lots : int
        Amount, which may be below 0.
    note : str
    """

    code: str
    lots: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocationRule(Narrowed, ABC):
    """Base of the rules that give firms lots: what each may claim, and what that depends on."""

    follows_output: ClassVar[bool] = False
    """Whether a firm is given more when it makes more, so that only verified data settle the allocation."""

    reports_balance: ClassVar[bool] = False
    """Whether the difference between all that is given and all that is used should be published."""

    @property
    def credits_use(self) -> bool:
        """Whether use of a year earns free units, now or later, so that `credit_for_use` is not 0 for all."""
        return False

    @abstractmethod
    def claims(self, observed: Observed) -> Int64:
        """Return the lots that each firm may claim for the year, shape (n,)."""

    def base_years_of(self, year: int) -> tuple[int, ...]:
        """Return the earlier years whose reports the claims of a year rest on."""
        return ()

    def is_known(self, year: int, classes: Collection[str], reported: Collection[int]) -> bool:
        """Return whether the claims of a year follow from what is published and reported by now.

        Parameters
        ----------
        year : int
            Year that is allocated.
        classes : collection of str
            Classes of the firms that are served.
        reported : collection of int
            Years whose use was reported.
        """
        return all(base in reported for base in self.base_years_of(year))

    def has_base(self, observed: Observed) -> npt.NDArray[np.bool_]:
        """Return which firms the rule can serve at all; the others are new entrants to it."""
        return np.ones(len(observed), np.bool_)

    def refuse_classes(self, classes: Collection[str]) -> None:
        """Refuse classes of firms that the rule has no number for.

        Raises
        ------
        PolicyError
            Naming them.
        """

    def credit_for_use(self, observed: Observed, yearly_rate: float) -> Floats:
        """Return what one more unit of use earns in free units of this year and of later ones, shape (n,).

        Output is held fixed; later units count at their present value at `yearly_rate`.  It is what a firm loses in
        free units when it uses one unit less.
        """
        return np.zeros(len(observed))

    def remarks(self, observed: Observed) -> list[Remark]:
        """Return what people should read about the plan of a year; use and output of the year are not known yet."""
        return []
