"""Who may claim the tonnes of a place or an act: the instrument that was registered first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

CREDITS, OTHERS = 0, 1
"""Ranks of claims of one year: what is sold as a credit is counted nowhere else."""


class Claim(NamedTuple):
    """A claim to the tonnes of a place.

    Attributes
    ----------
    year : int
        Year from which it stands.
    rank : int
        Which of two claims of one year goes first, the lower; among equals the one entered first.
    holder : str
        Who claims.
    """

    year: int
    rank: int
    holder: str


class Claims:
    """The register of claims; each place has one holder at a time."""

    def __init__(self) -> None:
        self._held: dict[str, Claim] = {}

    def enter(self, what: str, claim: Claim) -> None:
        """Enter a claim to a place or an act; it stands unless an earlier one is or comes to be entered."""
        held = self._held.get(what)
        if held is None or claim[:2] < held[:2]:
            self._held[what] = claim

    def is_held_by(self, what: str, holder: str) -> bool:
        """Return whether a claim stands."""
        held = self._held.get(what)
        return held is not None and held.holder == holder

    def is_taken(self, what: str, year: int, holder: str) -> bool:
        """Return whether somebody else's claim to a place stands in a year."""
        held = self._held.get(what)
        return held is not None and held.year <= year and held.holder != holder

    def state(self) -> list[tuple[str, int, int, str]]:
        """Return all claims that stand."""
        return [(what, *claim) for what, claim in self._held.items()]

    def restore(self, state: Sequence[Sequence[Any]]) -> None:
        """Put back what `state` returned."""
        self._held = {str(what): Claim(int(year), int(rank), str(holder)) for what, year, rank, holder in state}


def site(name: str) -> str:
    """Return how a place is entered."""
    return f"site {name}"
