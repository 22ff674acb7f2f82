"""The laboratory permit market as its experimenter sets it up: firms, their endowments, rounds and enforcement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Gt, Le

from agents.enforcement import Enforcement


@dataclass(frozen=True, slots=True)
class PermitFirm:
    """One firm of the experiment, with the marginal abatement cost ``alpha + beta a`` up to its whole baseline.

    Attributes
    ----------
    baseline : int
        Permits that it needs without abatement.
    alpha, beta : float
        Cost of the first unit abated, CNY; its rise a unit.
    endowment : int
        Permits that it is given in each round.
    """

    baseline: Annotated[int, Gt(0)]
    alpha: Annotated[float, Ge(0)]
    beta: Annotated[float, Gt(0)]
    endowment: Annotated[int, Ge(0)]


@dataclass(frozen=True, slots=True)
class PermitSpec:
    """A laboratory permit market.

    Attributes
    ----------
    firms : tuple of PermitFirm
        The kinds of firms.
    copies : int
        Firms of each kind in a session.
    sessions : int
        Groups of such firms side by side, each with a market of its own.
    rounds, days, batches_per_day : int
        Endowments are given out `rounds` times, each time for so many trading days.
    first_belief : float
        Median price that firms expect at the start, CNY.
    belief_sd : float
        Log standard deviation of these first beliefs.
    learning : float
        Share of the distance to the day's mean price by which a belief moves.
    imbalance_speed : float
        How strongly beliefs follow the share of unfilled buying less selling; it falls with each change of its sign.
    price_high : float
        Highest price that can be quoted, CNY.
    enforcement : Enforcement or None
        None: every unit without a permit is abated.

    Raises
    ------
    ValueError
        If the endowments are empty.
    """

    firms: tuple[PermitFirm, ...]
    copies: Annotated[int, Ge(1)] = 1
    sessions: Annotated[int, Ge(1), Le(200)] = 1
    rounds: Annotated[int, Ge(1)] = 20
    days: Annotated[int, Ge(1)] = 60
    batches_per_day: Annotated[int, Ge(1)] = 2
    first_belief: Annotated[float, Gt(0)] = 50.0
    belief_sd: Annotated[float, Ge(0)] = 0.1
    learning: Annotated[float, Ge(0), Le(1)] = 0.2
    imbalance_speed: Annotated[float, Ge(0)] = 0.1
    price_high: Annotated[float, Gt(0)] = 2000.0
    enforcement: Enforcement | None = None

    def __post_init__(self) -> None:
        if sum(f.endowment for f in self.firms) <= 0:
            raise ValueError("no firm is given a permit: there is nothing to trade")
