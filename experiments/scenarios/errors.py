"""What is wrong with a scenario, where it was written, and what would be right."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

LONGEST_VALUE = 60


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a scenario.

    Attributes
    ----------
    file : str
        File (or option of the command line) in which the value was written.
    line : int
        Line in it, from 1; 0 where lines have no meaning.
    path : str
        Dotted path of the field, such as ``rights.CEA.allocation.0.cut``.
    what : str
        What is wrong.
    got : str
        The value as written; empty where nothing was.
    expected : str
        What would be right; empty where `what` says it.

    Examples
    --------
    >>> print(Problem("a.yaml", 3, "rights.CEA.lot", "is not above 0", "-1", "a number above 0"))
    a.yaml:3: rights.CEA.lot: is not above 0 (got -1); expected a number above 0
    """

    file: str
    line: int
    path: str
    what: str
    got: str = ""
    expected: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        got = f" (got {shorten(self.got)})" if self.got else ""
        expected = f"; expected {self.expected}" if self.expected else ""
        return f"{place}: {self.path}: {self.what}{got}{expected}"


class ScenarioError(Exception):
    """A scenario that cannot be used; the message lists every problem found, one a line.

    Attributes
    ----------
    problems : tuple of Problem
    """

    def __init__(self, problems: Iterable[Problem] | Problem) -> None:
        self.problems: tuple[Problem, ...] = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


def shorten(text: str) -> str:
    """Return a value on one line and not longer than a message can bear."""
    flat = " ".join(text.split())
    return flat if len(flat) <= LONGEST_VALUE else flat[: LONGEST_VALUE - 3] + "..."


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return what was probably meant by an unknown name.

    Examples
    --------
    >>> did_you_mean("intercpt", ["intercept", "slope"])
    "one of: intercept, slope; did you mean 'intercept'?"
    """
    names = list(known)
    folded = {n.casefold(): n for n in reversed(names)}
    close = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.6)
    listing = ", ".join(names) if names else "none"
    return f"one of: {listing}" + (f"; did you mean '{folded[close[0]]}'?" if close else "")
