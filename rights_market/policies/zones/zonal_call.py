"""One auction for all zones of a right, in which units go where they are worth most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge

from rights_market.policies.rule import Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class ZonalCall(Rule):
    """Orders of all zones are cleared together: most surplus over admissible flows, one price a zone.

    Attributes
    ----------
    price : str
        Which price of a zone is taken where several would clear it: the ``mid`` of them, the lowest or the highest.
    every_days : int
        Trading days from one auction to the next.
    rounding : str
        Units that the optimum sends in parts: whole ones go, parts do not (``floor_flows``).

    References
    ----------
    Montgomery (1972), Markets in licenses and efficient pollution control programs, JET 5 [known].  The price of a zone
    is the dual of its balance; that of a seller is at least its trading ratio times that of any buyer [known].
    """

    kind: Literal["zonal_call"] = "zonal_call"
    price: Literal["mid", "lowest", "highest"] = "mid"
    every_days: Annotated[int, Ge(1)] = 1
    rounding: Literal["floor_flows"] = "floor_flows"

    def is_due(self, day: int) -> bool:
        """Return whether an auction is held on a trading day, counted from 0."""
        return day % self.every_days == 0
