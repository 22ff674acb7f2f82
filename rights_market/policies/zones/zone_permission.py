"""Between which zones a right may be traded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from annotated_types import MinLen

from rights_market.errors import PolicyError
from rights_market.policies.rule import Rule
from rights_market.policies.zones.graph import best_paths, closing_arcs

Int64 = npt.NDArray[np.int64]
NO_ZONE = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge(Rule):
    """Sellers of one zone may sell to buyers of another.

    Attributes
    ----------
    seller, buyer : str
        Names of zones; in water, the seller lies upstream.
    """

    seller: str
    buyer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wall(Rule):
    """Sectors that trade among themselves only.

    Attributes
    ----------
    sectors : tuple of str
    """

    sectors: Annotated[tuple[str, ...], MinLen(1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ZonePermission(Rule):
    """Trade only inside a zone and along the edges of a graph from seller zones to buyer zones.

    A unit is valid in the zone of its holder.

    Attributes
    ----------
    zones : tuple of str
        Names of all zones.
    regions : dict of str to str
        Zone of each region (prefecture) of the population.
    edges : tuple of Edge
        From which zone into which other units may be sold.
    transitive : bool
        Whether a path of edges admits trade as an edge does.
    within : bool
        Whether firms of one zone may trade with each other.
    no_net_import : tuple of str
        Zones that missed their standard: in a year no more units may come in than went out.
    walls : tuple of Wall
        Sectors that are kept apart from all others.
    cycle : str
        Whether edges that lead back to a zone are a mistake (``forbid``), as along a river, or meant (``allow``).

    Raises
    ------
    PolicyError
        If a zone does not exist, a firm's sector stands in two walls, or edges close a forbidden cycle.

    References
    ----------
    Guiding opinions of the State Council's General Office, 国办发[2014]38: water rights within one basin, no net import
    into areas that miss their standard, power plants apart from other sectors [known].

    Examples
    --------
    >>> rule = ZonePermission(zones=("up", "down"), edges=(Edge(seller="up", buyer="down"),))
    >>> rule.admits("up", "down"), rule.admits("down", "up")
    (True, False)
    """

    kind: Literal["zone_permission"] = "zone_permission"
    zones: Annotated[tuple[str, ...], MinLen(1)]
    regions: dict[str, str] = field(default_factory=dict)
    edges: tuple[Edge, ...] = ()
    transitive: bool = False
    within: bool = True
    no_net_import: tuple[str, ...] = ()
    walls: tuple[Wall, ...] = ()
    cycle: Literal["forbid", "allow"] = "forbid"

    def check(self) -> None:
        """Refuse zones that do not exist, and edges that contradict each other."""
        if len(set(self.zones)) != len(self.zones):
            raise PolicyError(f"zone_permission: zones are {list(self.zones)}, expected each once")
        for name, zone in self._named():
            if zone not in self.zones:
                raise PolicyError(f"zone_permission: {name} names the zone {zone!r}, but zones are {list(self.zones)}")
        for edge in self.edges:
            if edge.seller == edge.buyer:
                raise PolicyError(f"zone_permission: edges lead from {edge.seller} to itself; that is what within says")
        walled = [s for wall in self.walls for s in wall.sectors]
        if len(set(walled)) != len(walled):
            raise PolicyError(f"zone_permission: walls name the sectors {walled}, expected each in one wall")
        closing = closing_arcs(self.zones, [(e.seller, e.buyer) for e in self.edges])
        if self.cycle == "forbid" and closing is not None:
            first, last = (f"{seller} -> {buyer}" for seller, buyer in closing)
            raise PolicyError(f"zone_permission: edges {first} and {last} close a cycle, but cycle is forbid")

    def _named(self) -> list[tuple[str, str]]:
        return [
            *((f"regions.{region}", zone) for region, zone in self.regions.items()),
            *((f"edges[{i}]", zone) for i, e in enumerate(self.edges) for zone in (e.seller, e.buyer)),
            *(("no_net_import", zone) for zone in self.no_net_import),
        ]

    def admits(self, seller: str, buyer: str) -> bool:
        """Return whether units may go from one zone to another, or inside one."""
        return (seller, buyer) in self.arcs()

    def arcs(self) -> set[tuple[str, str]]:
        """Return all admissible pairs of seller zone and buyer zone."""
        direct = {(e.seller, e.buyer) for e in self.edges}
        if self.transitive:
            direct = set(best_paths(self.zones, dict.fromkeys(direct, Fraction(1))))
        return direct | ({(z, z) for z in self.zones} if self.within else set())

    def zone_of(self, regions: Sequence[str]) -> Int64:
        """Return the position in `zones` of each region, -1 for one that lies in none; shape (n,).

        A region that is itself named as a zone lies in it.
        """
        own = {zone: zone for zone in self.zones} | self.regions
        index = {zone: i for i, zone in enumerate(self.zones)}
        return np.array([index[own[r]] if r in own else NO_ZONE for r in regions], np.int64)

    def wall_of(self, sectors: Sequence[str]) -> Int64:
        """Return behind which wall each sector stands, 0 for those behind none; shape (n,)."""
        index = {sector: i + 1 for i, wall in enumerate(self.walls) for sector in wall.sectors}
        return np.array([index.get(s, 0) for s in sectors], np.int64)

    def import_room(self, zone: str, imported: int, exported: int) -> int | None:
        """Return how many lots may still come into a zone, None where nothing limits it.

        Examples
        --------
        >>> rule = ZonePermission(zones=("a", "c"), no_net_import=("c",))
        >>> rule.import_room("c", 0, 3), rule.import_room("a", 0, 3)
        (3, None)
        """
        return max(0, exported - imported) if zone in self.no_net_import else None
