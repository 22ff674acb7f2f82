"""Who hears from whom, and what spreads that way: the parameters of an information network.

Plain frozen records with their limits beside the fields, as in `agents.spec`.  The network is one of four kinds; along
it firms' price beliefs may draw near each other, and knowledge of abatement equipment may spread.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Gt, Le

FORBID: dict[str, Any] = {"extra": "forbid"}

Share = Annotated[float, Ge(0), Le(1)]
NotNegative = Annotated[float, Ge(0)]
Positive = Annotated[float, Gt(0)]


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallWorld:
    """Neighbours on a ring, some contacts rewired to anybody (Watts and Strogatz 1998, Nature 393:440).

    The ring runs from prefecture to prefecture, and in each from sector to sector: neighbours are near each other.

    Attributes
    ----------
    degree : int
        Contacts of each firm before any is rewired, an even number.
    rewiring : float
        Chance of a contact to be replaced by one with a firm drawn from all.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = FORBID

    kind: Literal["small_world"] = "small_world"
    degree: Annotated[int, Ge(2)] = 6
    rewiring: Share = 0.1

    def __post_init__(self) -> None:
        if self.degree % 2:
            raise ValueError(f"degree is {self.degree}, expected an even number: as many on each side of the ring")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleFree:
    """Few firms with very many contacts (Barabasi and Albert 1999, Science 286:509): the largest ones.

    Attributes
    ----------
    links : int
        Contacts that each firm makes with those before it, the more likely the more contacts they have.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = FORBID

    kind: Literal["scale_free"] = "scale_free"
    links: Annotated[int, Ge(1)] = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Communities:
    """Contacts mostly inside one's own group and prefecture (homophily; McPherson et al. 2001, Ann Rev Sociol 27:415).

    Attributes
    ----------
    degree : float
        Contacts of a firm, on average.
    group, prefecture : float
        Share of the contacts made inside the own group, and inside the own prefecture; the rest with anybody.  Where a
        firm has no group or nobody else is in it, that contact is with anybody as well.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = FORBID

    kind: Literal["communities"] = "communities"
    degree: Positive = 6.0
    group: Share = 0.4
    prefecture: Share = 0.4

    def __post_init__(self) -> None:
        if self.group + self.prefecture > 1.0:
            raise ValueError(f"group is {self.group} and prefecture {self.prefecture}; together they are at most 1")


@dataclass(frozen=True, slots=True)
class EdgeList:
    """Contacts as they are known: pairs of firms.

    Attributes
    ----------
    edges : tuple of (str, str)
        Names of two firms each.
    """

    edges: tuple[tuple[str, str], ...]
    kind: Literal["edge_list"] = "edge_list"


Network = SmallWorld | ScaleFree | Communities | EdgeList


@dataclass(frozen=True, slots=True)
class BeliefExchange:
    """Lasting price beliefs move towards those of contacts (DeGroot 1974, JASA 69:118).

    Attributes
    ----------
    weight : float
        Weight of the contacts' mean in a step; the rest stays the own belief.
    bound : float or None
        Only contacts whose belief lies within this distance, in logs, are listened to (Hegselmann and Krause 2002,
        JASSS 5(3)); None: all are.
    stubbornness : float
        Pull of the belief that a firm began with (Friedkin and Johnsen 1990, J Math Sociol 15:193): with any, some
        disagreement lasts.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = FORBID

    weight: Share = 0.3
    bound: NotNegative | None = None
    stubbornness: Share = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """A firm considers a measure once enough of its contacts use it (Granovetter 1978, Am J Sociol 83:1420).

    Attributes
    ----------
    share : float
        Share of the contacts to whom the measure is open that must use it, or be building it.
    innovators : float
        Share of the firms that consider it from the start.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = FORBID

    kind: Literal["threshold"] = "threshold"
    share: Annotated[float, Gt(0), Le(1)] = 0.25
    innovators: Share = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Bass:
    """A firm hears of a measure by chance, the sooner the more of its contacts use it (Bass 1969, Manag Sci 15:215).

    Attributes
    ----------
    innovation : float
        Chance to hear of it from outside, as a rate a year: the coefficient p.
    imitation : float
        What the contacts add when all of them use it, as a rate a year: the coefficient q.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = FORBID

    kind: Literal["bass"] = "bass"
    innovation: NotNegative = 0.03
    imitation: NotNegative = 0.38


@dataclass(frozen=True, slots=True)
class Information:
    """A network of contacts, and what spreads on it.

    Attributes
    ----------
    network : SmallWorld, ScaleFree, Communities or EdgeList
    beliefs : BeliefExchange or None
        None: beliefs do not spread.
    technology : Threshold, Bass or None
        None: every firm considers every measure that is open to it from the start.
    interval_days : int
        Trading days between two steps.

    Raises
    ------
    ValueError
        If nothing spreads.
    """

    network: Network
    beliefs: BeliefExchange | None = None
    technology: Threshold | Bass | None = None
    interval_days: Annotated[int, Ge(1)] = 20

    def __post_init__(self) -> None:
        if self.beliefs is None and self.technology is None:
            raise ValueError("information: neither `beliefs` nor `technology` is given, so that nothing would spread")
