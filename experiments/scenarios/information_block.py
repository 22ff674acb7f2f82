"""The information network as a scenario file states it."""

from __future__ import annotations

from typing import Annotated, Literal

from annotated_types import Ge
from pydantic import Field

from agents.information_spec import (
    Bass,
    BeliefExchange,
    Communities,
    EdgeList,
    Information,
    ScaleFree,
    SmallWorld,
    Threshold,
)
from experiments.scenarios.blocks import Block


class EdgeListBlock(Block):
    """Contacts as they are known: pairs of firms, in the scenario or in a file."""

    kind: Literal["edge_list"]
    edges: list[tuple[str, str]] = []
    """Names of two firms each."""
    file: str | None = None
    """CSV or XLSX with the columns `from` and `to`, in place of `edges`."""


class InformationBlock(Block):
    """Who hears from whom, and what spreads that way: price beliefs, knowledge of measures, or both."""

    network: Annotated[SmallWorld | ScaleFree | Communities | EdgeListBlock, Field(discriminator="kind")]
    beliefs: BeliefExchange | None = None
    """none: beliefs do not spread."""
    technology: Annotated[Threshold | Bass, Field(discriminator="kind")] | None = None
    """none: every firm considers every measure that is open to it from the start."""
    interval_days: Annotated[int, Ge(1)] = 20
    """Trading days between two steps."""

    def spec(self, edges: tuple[tuple[str, str], ...]) -> Information:
        """Return the record that a model is built from.

        Parameters
        ----------
        edges : tuple of (str, str)
            Pairs of a file, if one is named.

        Raises
        ------
        ValueError
            If nothing spreads.
        """
        network = self.network
        return Information(
            network=EdgeList(edges or tuple(network.edges)) if isinstance(network, EdgeListBlock) else network,
            beliefs=self.beliefs,
            technology=self.technology,
            interval_days=self.interval_days,
        )
