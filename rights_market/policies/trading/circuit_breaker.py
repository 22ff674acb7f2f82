"""A pause in trading when the price moves far within a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal, NamedTuple

from annotated_types import Ge, Gt, Le, MinLen, Unit

from rights_market.errors import PolicyError
from rights_market.policies.rule import Rule
from rights_market.units import ceil, floor

Move = Annotated[Decimal, Gt(0), Le(10), Unit("share")]


class Threshold(NamedTuple):
    """Prices at which a level is reached, ticks, and batches of pause, None for the rest of the day."""

    low: int
    high: int
    batches: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Level(Rule):
    """A move that stops trading, and for how long.

    Attributes
    ----------
    move : Decimal
        Share of the reference price.
    batches : int or None
        Batches for which nothing is matched; None: for the rest of the day.
    """

    move: Move
    batches: Annotated[int, Ge(1), Le(10_000)] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitBreaker(Rule):
    """Trading pauses when a trade lies far from a reference price, and resumes with a call auction.

    The trade that reaches a level stands.  What is left of its order and all that come during the pause wait for the
    call; orders can be withdrawn.  Block agreements and offers over the counter rest as well, auctions go on.

    Attributes
    ----------
    levels : tuple of Level
        Moves, each larger than the one before.
    reference : str
        Where moves begin: at the ``previous_close``, or at the mean price of a ``window`` of the latest trades in the
        book before an order, weighted by lots; before the first trade of a day the previous close.  A level that moves
        with the window can be reached again.
    window : int or None
        Trades in the window.
    reopen : str
        Whether the pause ends with a ``call`` auction, or orders simply meet again (``continue``).
    max_per_day : int
        Pauses of a day that moves can cause.
    authority_halt : tuple of date
        Days on which the authority lets nothing be traded.
    halt_auctions : bool
        Whether one-way auctions rest during a pause as well: no bid is taken and their clock stands still.  Auctions of
        new rights are held before the session, so that no pause meets them.

    Raises
    ------
    PolicyError
        If moves do not rise, or there is a window without its trades.

    References
    ----------
    Carbon emission trading rules (trial), 2021: the exchange may warn, adjust and halt [seen]; the numbers [approx].
    """

    kind: Literal["circuit_breaker"] = "circuit_breaker"
    levels: Annotated[tuple[Level, ...], MinLen(1)] = (Level(move=Decimal("0.08"), batches=2),)
    reference: Literal["previous_close", "window"] = "previous_close"
    window: Annotated[int, Ge(1), Le(100_000)] | None = None
    reopen: Literal["call", "continue"] = "call"
    max_per_day: Annotated[int, Ge(1), Le(1000)] = 2
    authority_halt: tuple[date, ...] = ()
    halt_auctions: bool = False

    def check(self) -> None:
        """Refuse levels that do not rise, and a window without its trades."""
        if (self.reference == "window") != (self.window is not None):
            raise PolicyError(
                f"circuit breaker: reference is {self.reference} and window {self.window}; a window alone has trades"
            )
        moves = [level.move for level in self.levels]
        if moves != sorted(set(moves)):
            found = ", ".join(map(str, moves))
            raise PolicyError(f"circuit breaker: levels have the moves {found}, expected each above the last")

    def thresholds(self, reference_ticks: int | Fraction) -> tuple[Threshold, ...]:
        """Return the prices at which each level is reached.

        Examples
        --------
        >>> CircuitBreaker().thresholds(5000)
        (Threshold(low=4600, high=5400, batches=2),)
        """
        return tuple(
            Threshold(
                floor(reference_ticks * (1 - Fraction(level.move))),
                ceil(reference_ticks * (1 + Fraction(level.move))),
                level.batches,
            )
            for level in self.levels
        )
