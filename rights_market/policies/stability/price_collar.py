"""A floor and a ceiling at which the government itself buys and sells in the secondary market."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, NamedTuple

from annotated_types import Ge, Le

from rights_market.errors import PolicyError
from rights_market.policies.rule import Fen, Lots, Rule, Ticks


class CollarPrices(NamedTuple):
    """Floor and ceiling of a year, ticks."""

    floor: int
    ceiling: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CollarStep(Rule):
    """Floor and ceiling from a year on.

    Attributes
    ----------
    from_year : int
        Calendar year.
    floor, ceiling : int
        Ticks.
    """

    from_year: Annotated[int, Ge(1900), Le(2200)]
    floor: Ticks
    ceiling: Ticks


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceCollar(Rule):
    """The government sells at a ceiling and buys at a floor, behind all private orders of the same price.

    Soft: with a reserve of units and of cash; once these are gone the price may pass.  Hard: orders beyond it are
    refused, and what is missing at the ceiling is created outside the cap.

    Attributes
    ----------
    floor, ceiling : int
        Prices until the first step, ticks.
    steps : tuple of CollarStep
        Later prices, by calendar year; they change at the beginning of a year only.
    mode : str
        ``soft`` or ``hard``.
    reserve : int or None
        Units for sale at the ceiling: needed by a soft collar; a hard one has none and creates them.
    buy_cash : int or None
        What may be spent at the floor, fees included; None: without limit.
    eligible : str
        Who may trade with the government: accounts with a duty (``compliance``), or ``all``.
    bought : str
        Whether units bought at the floor go to the ``reserve`` or are ``cancel``-led.

    Raises
    ------
    PolicyError
        If a floor is not below its ceiling, years do not rise, or `mode` and `reserve` contradict each other.

    References
    ----------
    Roberts and Spence 1976; Pizer 2002; Fell, Burtraw, Morgenstern and Palmer 2012 on soft and hard collars [known].
    """

    kind: Literal["price_collar"] = "price_collar"
    floor: Ticks
    ceiling: Ticks
    steps: tuple[CollarStep, ...] = ()
    mode: Literal["soft", "hard"] = "soft"
    reserve: Lots | None = None
    buy_cash: Fen | None = None
    eligible: Literal["compliance", "all"] = "compliance"
    bought: Literal["reserve", "cancel"] = "reserve"

    def check(self) -> None:
        """Refuse a collar without room, and a mode without what it needs."""
        given = [("", self.floor, self.ceiling)]
        given += [(f"steps[{i}].", step.floor, step.ceiling) for i, step in enumerate(self.steps)]
        for at, low, high in given:
            if low >= high:
                raise PolicyError(f"E_COLLAR: {at}floor is {low} and {at}ceiling {high}, expected floor below ceiling")
        years = [step.from_year for step in self.steps]
        if years != sorted(set(years)):
            raise PolicyError(f"price collar: steps have from_year {years}, expected each later than the one before")
        if (self.mode == "soft") != (self.reserve is not None):
            raise PolicyError(
                f"price collar: mode is {self.mode} and reserve {self.reserve}; a soft collar needs a reserve, "
                "a hard one creates what is missing"
            )

    def prices(self, year: int) -> CollarPrices:
        """Return the floor and the ceiling of a calendar year.

        Examples
        --------
        >>> later = CollarStep(from_year=2026, floor=42, ceiling=63)
        >>> collar = PriceCollar(floor=40, ceiling=60, reserve=5, steps=(later,))
        >>> collar.prices(2025), collar.prices(2027)
        (CollarPrices(floor=40, ceiling=60), CollarPrices(floor=42, ceiling=63))
        """
        last = [step for step in self.steps if step.from_year <= year]
        return CollarPrices(last[-1].floor, last[-1].ceiling) if last else CollarPrices(self.floor, self.ceiling)
