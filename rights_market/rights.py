"""Rights and their tradable form: a right to emit, use or discharge, and its instruments by vintage."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from rights_market.errors import RightsError
from rights_market.units import FEN_PER_YUAN, Exact, half_up

MAX_PRICE_TICKS = 1 << 22


@dataclass(frozen=True, slots=True)
class Right:
    """One kind of environmental right and the units in which it is counted and priced.

    Attributes
    ----------
    code : str
        Short name, such as ``CEA`` or ``SO2``.
    name_en, name_zh : str
        Names for people.
    unit : str
        Physical unit, such as ``t`` or ``tce``.
    lot : Decimal
        Units in one lot.
    tick_yuan : Decimal
        Smallest price step, CNY per unit.
    max_price_ticks : int
        Highest price that can be quoted, in ticks.

    Raises
    ------
    RightsError
        If one lot at one tick is not a whole number of fen: money could then not be exact.
    """

    code: str
    name_en: str
    name_zh: str
    unit: str
    lot: Decimal
    tick_yuan: Decimal
    max_price_ticks: int = 200_000
    _tick_value_fen: int = field(init=False, repr=False, compare=False, default=0)

    def __post_init__(self) -> None:
        value = Fraction(self.lot) * Fraction(self.tick_yuan) * FEN_PER_YUAN
        if value <= 0 or value.denominator != 1:
            raise RightsError(
                f"{self.code}: one lot ({self.lot} {self.unit}) at one tick ({self.tick_yuan} CNY) is {value} fen; "
                "choose lot and tick so that it is a whole number of fen"
            )
        if not 0 < self.max_price_ticks <= MAX_PRICE_TICKS:
            raise RightsError(
                f"{self.code}: max_price_ticks is {self.max_price_ticks}, expected 1 to {MAX_PRICE_TICKS}"
            )

        # Asked for in every session: worked out once.
        object.__setattr__(self, "_tick_value_fen", int(value))

    @property
    def tick_value_fen(self) -> int:
        """Money value of one lot at one tick, fen."""
        return self._tick_value_fen

    def ticks(self, yuan: Exact) -> int:
        """Nearest tick to a price in CNY per unit."""
        return half_up(Fraction(yuan) / Fraction(self.tick_yuan))


@dataclass(frozen=True, slots=True)
class Instrument:
    """A right of one vintage: a column of the registry and one order book.

    Attributes
    ----------
    index : int
        Column in the registry.
    right : Right
        What it is a right to.
    vintage : int
        Compliance year from which it may be surrendered.
    """

    index: int
    right: Right
    vintage: int

    @property
    def code(self) -> str:
        """Name of the instrument, such as ``CEA-2023``."""
        return f"{self.right.code}-{self.vintage}"


class Instruments:
    """All instruments of a market, in registry order.

    Parameters
    ----------
    pairs : iterable of (Right, int)
        Right and vintage of each instrument.
    """

    def __init__(self, pairs: Iterable[tuple[Right, int]]) -> None:
        self._items = tuple(Instrument(i, right, vintage) for i, (right, vintage) in enumerate(pairs))
        self._by_key = {(x.right.code, x.vintage): x for x in self._items}
        if len(self._by_key) != len(self._items):
            raise RightsError("two instruments have the same right and vintage")

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Instrument]:
        return iter(self._items)

    def __getitem__(self, index: int) -> Instrument:
        return self._items[index]

    def of(self, right_code: str, vintage: int) -> Instrument:
        """Return the instrument of a right and vintage."""
        try:
            return self._by_key[right_code, vintage]
        except KeyError:
            raise RightsError(f"no instrument {right_code}-{vintage}") from None

    def of_right(self, right_code: str) -> tuple[Instrument, ...]:
        """Return the instruments of a right, oldest vintage first."""
        return tuple(sorted((x for x in self._items if x.right.code == right_code), key=lambda x: x.vintage))
