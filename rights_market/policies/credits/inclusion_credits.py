"""Credits for what households do, collected into whole lots by an aggregator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal

from annotated_types import Ge, Gt, MinLen

from rights_market.errors import PolicyError
from rights_market.policies.rule import Fen, Rule
from rights_market.units import floor


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity(Rule):
    """Something that people do and a scheme counts.

    Attributes
    ----------
    name : str
    factor : Decimal
        Tonnes that one act saves.
    acts_per_month : int
        Acts that are reported each month.
    people : int or None
        Number of people who take part; needed where there is a cap.
    cap_per_person : int or None
        Largest number of acts of a person that count in a month.
    """

    name: str
    factor: Annotated[Decimal, Gt(0)]
    acts_per_month: Annotated[int, Ge(0)] = 0
    people: Annotated[int, Ge(0)] | None = None
    cap_per_person: Annotated[int, Ge(0)] | None = None

    def check(self) -> None:
        """Refuse a cap on nobody knows how many."""
        if self.cap_per_person is not None and self.people is None:
            raise PolicyError(f"activity {self.name}: cap_per_person is {self.cap_per_person} but people is missing")

    def counted(self, acts: int) -> int:
        """Return the acts that count."""
        if self.cap_per_person is None or self.people is None:
            return acts
        return min(acts, self.cap_per_person * self.people)


@dataclass(frozen=True, slots=True, kw_only=True)
class InclusionCredits(Rule):
    """Credits for small acts of many people, issued to an aggregator in whole lots; the rest waits for the next month.

    Attributes
    ----------
    name : str
        Name of the aggregator's account.
    credit : str
        Code of the credit that is issued.
    activities : tuple of Activity
    min_batch : int
        Smallest number of lots issued at once.
    price_floor_fen : int
        Lowest price at which the aggregator sells, fen a lot.

    Raises
    ------
    PolicyError
        If an activity stands there twice.

    References
    ----------
    Implementing opinion of Jiangxi, 2022, 5(4) and 10(3): carbon points and accounts [seen].  Jiangxi carbon neutral
    platform: 2 kg for 0.1 CNY [seen].

    Examples
    --------
    >>> walk = Activity(name="walk", factor=Decimal("0.0034"))
    >>> scheme = InclusionCredits(name="points", credit="PHCER", activities=(walk,))
    >>> scheme.collect({"walk": 12345}, Fraction(0))
    (41, Fraction(973, 1000))
    """

    kind: Literal["inclusion_credits"] = "inclusion_credits"
    name: str
    credit: str
    activities: Annotated[tuple[Activity, ...], MinLen(1)]
    min_batch: Annotated[int, Ge(1)] = 1
    price_floor_fen: Fen = 0

    def check(self) -> None:
        """Refuse an activity that stands there twice."""
        names = [a.name for a in self.activities]
        if len(set(names)) != len(names):
            raise PolicyError(f"inclusion_credits {self.name}: activities are {names}, expected each once")

    def collect(self, acts: Mapping[str, int], rest: Fraction) -> tuple[int, Fraction]:
        """Return the lots that a month earns, and what is left for the next one, exactly.

        Parameters
        ----------
        acts : mapping of str to int
            Acts by activity; those that are missing count 0.
        rest : Fraction
            What was left the month before, lots.
        """
        tonnes = rest + sum((Fraction(a.factor) * a.counted(acts.get(a.name, 0)) for a in self.activities), Fraction(0))
        lots = floor(tonnes)
        return (lots, tonnes - lots) if lots >= self.min_batch else (0, tonnes)

    def offers(self, lots: int) -> list[tuple[int, int]]:
        """Return lots by the least price for them, fen."""
        return [(lots, max(1, self.price_floor_fen))] if lots else []
