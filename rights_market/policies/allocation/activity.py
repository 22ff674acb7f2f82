"""What firms made in a year, as an output-based allocation reads it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Self

import numpy as np
import numpy.typing as npt

from rights_market.errors import PolicyError

TEN_THOUSAND = 10_000

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Activity:
    """Output of firms by product, one row for each product (or unit class) of each firm.

    Shares are counted in ten-thousandths, so that they are exact.

    Attributes
    ----------
    n_firms : int
        Firms that are allocated to, with or without a row here.
    firm : ndarray of int64, shape (n,)
        Firm of each row, 0 to ``n_firms - 1``.
    product : ndarray of int64, shape (n,)
        Position of the product in the rule's `products`.
    output_units : ndarray of int64, shape (n,)
        Output, in whole units of the product: MWh of power, t of steel or clinker.
    heat_units : ndarray of int64, shape (n,)
        Heat delivered, GJ; 0 where the product has none.
    heat_share : ndarray of int64, shape (n,)
        Share of fuel that goes into heat, ten-thousandths.
    load : ndarray of int64, shape (n,)
        Mean load while running, ten-thousandths; 10,000 where load has no meaning.
    is_air_cooled : ndarray of bool, shape (n,)
    verified_units : ndarray of int64, shape (n,)
        Verified use, in units of the right; read for exempt products only.

    Raises
    ------
    PolicyError
        If a column has another length, or holds a number outside its range.
    """

    n_firms: int
    firm: Int64
    product: Int64
    output_units: Int64
    heat_units: Int64
    heat_share: Int64
    load: Int64
    is_air_cooled: npt.NDArray[np.bool_]
    verified_units: Int64

    def __post_init__(self) -> None:
        n = len(self.firm)
        limits = {"firm": self.n_firms - 1, "heat_share": TEN_THOUSAND}
        for f in fields(self)[1:]:
            column = getattr(self, f.name)
            if column.shape != (n,):
                raise PolicyError(f"activity: column {f.name} has shape {column.shape}, expected ({n},) as firm")
            if column.min(initial=0) < 0:
                raise PolicyError(f"activity: {f.name} is {column.min()} in row {column.argmin()}, expected at least 0")
            if f.name in limits and column.max(initial=0) > limits[f.name]:
                raise PolicyError(
                    f"activity: {f.name} is {column.max()} in row {column.argmax()}, expected at most {limits[f.name]}"
                )

    def __len__(self) -> int:
        return len(self.firm)

    @classmethod
    def of(
        cls,
        product: npt.ArrayLike,
        output_units: npt.ArrayLike,
        *,
        heat_units: npt.ArrayLike = 0,
        heat_share: npt.ArrayLike = 0,
        load: npt.ArrayLike = TEN_THOUSAND,
        is_air_cooled: npt.ArrayLike = False,
        verified_units: npt.ArrayLike = 0,
        firm: npt.ArrayLike | None = None,
        n_firms: int | None = None,
    ) -> Self:
        """Build the table, repeating scalars; without `firm` every row is a firm of its own.

        Examples
        --------
        >>> len(Activity.of(product=0, output_units=[1000, 2000], heat_share=2000))
        2
        """
        integers = (product, output_units, heat_units, heat_share, load, verified_units)
        columns = [np.atleast_1d(_whole(x)) for x in integers]
        cooled = np.atleast_1d(np.asarray(is_air_cooled, np.bool_))
        n = max(len(c) for c in (*columns, cooled))
        rows = np.arange(n) if firm is None else _whole(firm)
        made, out, heat, share, loaded, verified = (np.broadcast_to(c, (n,)) for c in columns)
        count = n_firms if n_firms is not None else int(rows.max(initial=-1)) + 1
        return cls(count, rows, made, out, heat, share, loaded, np.broadcast_to(cooled, (n,)), verified)


def _whole(values: npt.ArrayLike) -> Int64:
    array = np.asarray(values)
    if array.dtype.kind not in "iub" and array.size:
        raise PolicyError(f"activity: columns hold whole units, got numbers of type {array.dtype}")
    return array.astype(np.int64)
