"""Benchmarks of products, and the factors by which a power plant's benchmark is corrected.

All numbers stay exact decimals.  The one exception is a power with a fractional exponent (load below 75 %), which is
computed to 28 digits, rounded half even, on every machine alike.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow
from functools import lru_cache
from typing import Annotated, Literal

from annotated_types import Ge, Gt

from rights_market.errors import PolicyError
from rights_market.policies.allocation.activity import TEN_THOUSAND
from rights_market.policies.rule import Rule, Share

# Sums and products of decimals are exact here; a digit lost would raise and not round.
EXACT = Context(prec=500, traps=[Inexact, InvalidOperation, DivisionByZero, Overflow])
_POWER = Context(prec=28, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation, DivisionByZero, Overflow])

NotNegative = Annotated[Decimal, Ge(0)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark(Rule):
    """Units of the right that one unit of a product is given, by year.

    Attributes
    ----------
    table : dict of int to Decimal
        Published values; they win over `b0` and `tighten`.
    b0 : Decimal or None
        Value of `base_year`.
    base_year : int or None
    tighten : Decimal
        Share by which `b0` falls each year after `base_year`.

    Raises
    ------
    PolicyError
        If `b0` and `base_year` are not given together, or if neither `table` nor `b0` is given.
    """

    table: dict[int, NotNegative] = field(default_factory=dict)
    b0: NotNegative | None = None
    base_year: int | None = None
    tighten: Share = Decimal(0)

    def check(self) -> None:
        """Refuse a benchmark without a number."""
        if (self.b0 is None) != (self.base_year is None):
            raise PolicyError(f"benchmark: b0 is {self.b0} but base_year is {self.base_year}; give both or neither")
        if self.b0 is None and not self.table:
            raise PolicyError("benchmark: neither table nor b0 is given")

    def reaches(self, year: int) -> bool:
        """Return whether there is a value for a year."""
        return year in self.table or (self.b0 is not None and self.base_year is not None and year >= self.base_year)

    def value(self, year: int, name: str = "benchmark") -> Decimal:
        """Return the benchmark of a year, not rounded; `name` says in an error what it is for.

        Raises
        ------
        PolicyError
            If `table` lacks the year and `b0` does not reach it.

        Examples
        --------
        >>> Benchmark(b0=Decimal("0.8218"), base_year=2021, tighten=Decimal("0.005")).value(2022)
        Decimal('0.8176910')
        """
        if year in self.table:
            return self.table[year]
        if self.b0 is None or self.base_year is None or not self.reaches(year):
            raise PolicyError(f"{name}: table has no year {year} and b0 starts in {self.base_year}")
        kept = EXACT.power(EXACT.subtract(Decimal(1), self.tighten), year - self.base_year)
        return EXACT.multiply(self.b0, kept)


@dataclass(frozen=True, slots=True, kw_only=True)
class Product(Rule):
    """A product or unit class with its benchmarks.

    Attributes
    ----------
    name : str
        Name of the product or class, such as ``class I`` or ``clinker``.
    output : Benchmark
        For a unit of output.
    heat : Benchmark or None
        For a GJ of heat delivered; None where heat is not allocated for.
    corrections : tuple of str
        Factors that apply to the output of this product; none of them changes a product without heat share, load and
        air cooling.
    """

    name: str
    output: Benchmark
    heat: Benchmark | None = None
    corrections: tuple[Literal["cooling", "heat", "load"], ...] = ("cooling", "heat", "load")

    def reaches(self, year: int) -> bool:
        """Return whether all its benchmarks have a value for a year."""
        return self.output.reaches(year) and (self.heat is None or self.heat.reaches(year))


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadPiece(Rule):
    """Straight piece of the load factor: ``start + slope (top - load)``, with both loads in per cent.

    Attributes
    ----------
    above : Decimal
        Lowest load of the piece.
    top : Decimal
        Load at which the factor is `start`.
    start, slope : Decimal
        Factor at `top`, and its rise for each percentage point of load below.
    """

    above: Share
    top: Share
    start: NotNegative
    slope: NotNegative


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadFactor(Rule):
    """More for a plant that runs at part load: straight pieces, and a power below the lowest of them.

    Below the lowest piece the factor is ``base ** (offset - scale * load)``.

    Attributes
    ----------
    pieces : tuple of LoadPiece
        Highest loads first; the factor is 1 above the first.
    base, offset, scale : Decimal

    Raises
    ------
    PolicyError
        If the loads of the pieces do not fall.

    References
    ----------
    Allocation plans of the ministry of ecology and environment for 2019-20 and 2021-22, formula [seen], digits [known].
    """

    pieces: tuple[LoadPiece, ...] = (
        LoadPiece(above=Decimal("0.80"), top=Decimal("0.85"), start=Decimal(1), slope=Decimal("0.0014")),
        LoadPiece(above=Decimal("0.75"), top=Decimal("0.80"), start=Decimal("1.007"), slope=Decimal("0.0016")),
    )
    base: Annotated[Decimal, Gt(0)] = Decimal("1.015")
    offset: Decimal = Decimal(16)
    scale: Decimal = Decimal(20)

    def check(self) -> None:
        """Refuse pieces out of order."""
        if not self.pieces:
            raise PolicyError("load factor: pieces is empty; leave `load` out of a product's corrections instead")
        for piece, upper in zip(self.pieces, (None, *self.pieces), strict=False):
            if piece.above >= piece.top or (upper is not None and piece.top > upper.above):
                raise PolicyError(f"load factor: piece from above {piece.above} to top {piece.top} is out of order")

    def value(self, load: int) -> Decimal:
        """Return the factor at a load in ten-thousandths.

        Examples
        --------
        >>> [float(LoadFactor().value(load)) for load in (9000, 8200, 7500)]
        [1.0, 1.0042, 1.015]
        """
        return _load_factor(self, load)


@dataclass(frozen=True, slots=True, kw_only=True)
class Factors(Rule):
    """How a plant's benchmark is corrected for cooling, heat and load.

    Attributes
    ----------
    air_cooling : Decimal
        Factor of an air-cooled plant; water cooling has 1.
    heat_coef : Decimal
        Reduction for each unit of heat share.
    load : LoadFactor
    """

    air_cooling: NotNegative = Decimal("1.05")
    heat_coef: Share = Decimal("0.22")
    load: LoadFactor = field(default_factory=LoadFactor)

    def value(self, product: Product, is_air_cooled: bool, heat_share: int, load: int) -> Decimal:
        """Return the factor on a plant's output benchmark; `heat_share` and `load` in ten-thousandths."""
        factor = Decimal(1)
        if is_air_cooled and "cooling" in product.corrections:
            factor = self.air_cooling
        if heat_share and "heat" in product.corrections:
            loss = EXACT.multiply(self.heat_coef, _share(heat_share))
            factor = EXACT.multiply(factor, EXACT.subtract(Decimal(1), loss))
        if load < TEN_THOUSAND and "load" in product.corrections:
            factor = EXACT.multiply(factor, self.load.value(load))
        return factor


def _share(ten_thousandths: int) -> Decimal:
    return EXACT.scaleb(Decimal(ten_thousandths), -4)


@lru_cache(maxsize=4 * TEN_THOUSAND)
def _load_factor(rule: LoadFactor, load: int) -> Decimal:
    x = _share(load)
    if x >= rule.pieces[0].top:
        return Decimal(1)
    for piece in rule.pieces:
        if x >= piece.above:
            points = EXACT.multiply(Decimal(100), EXACT.subtract(piece.top, x))
            return EXACT.fma(piece.slope, points, piece.start)
    exponent = EXACT.subtract(rule.offset, EXACT.multiply(rule.scale, x))
    return _POWER.power(rule.base, exponent)
