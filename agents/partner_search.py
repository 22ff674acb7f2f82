"""How firms look for partners outside the books: who they know, how often they ask, and what sellers have to offer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from agents.relations import Relations
from agents.seats import Rows
from agents.streams import RELATIONS, Streams

if TYPE_CHECKING:
    from agents.model import RightsMarketModel
    from agents.progress import RightProgress

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

LARGE = 2.0
"""Yearly use, as a multiple of the smallest block, from which on a firm may come to have a block to trade."""


def draw_relations(model: RightsMarketModel, people: Streams) -> Relations | None:
    """Return who knows whom, None where no right is traded between firms that know each other.

    For blocks large firms stand in the graph, for offers over the counter all that need the right.

    Parameters
    ----------
    model : RightsMarketModel
    people : Streams
        Draws of acquaintances: those of the population, after those of its groups.
    """
    blocks = {p.index: p.rules.block.min_lots for p in model.progress if p.rules.block is not None}
    otc = [p.index for p in model.progress if ever_has(p, "otc")]
    if not blocks and not otc:
        return None
    lot = np.array([float(b.right.lot) for b in model.config.rule_books])
    need = np.where(model.firms.covered, model.operations.need(), 0.0) / lot
    # Firms are known by their size: in blocks, or beside the mean of those that need the right.
    sizes = [need[:, r] / min_lots for r, min_lots in blocks.items()]
    stands = np.max(sizes, axis=0) >= LARGE if sizes else np.zeros(len(need), dtype=np.bool_)
    for r in otc:
        needs = need[:, r] > 0
        sizes.append(need[:, r] / max(float(need[needs, r].mean()), 1.0) if needs.any() else need[:, r])
        stands |= needs
    known = model.config.population.relations.acquaintances
    return Relations(model.groups, np.max(sizes, axis=0), stands, known, people[RELATIONS])


def ever_has(progress: RightProgress, slot: str) -> bool:
    """Return whether a right has a rule in a slot, now or after a dated change."""
    return any(getattr(book, slot) is not None for book in progress.history.books)


def firm_rows(model: RightsMarketModel, right: int) -> Rows:
    """Return the seats of firms in a right that is traded today; none where it is not."""
    if not model.desk.usable[right]:
        return np.empty(0, dtype=np.intp)
    where = model.seats.of_right(right)
    rows = np.arange(where.start, where.stop)
    return rows[model.expectations.is_firm[rows]]


def days_left(model: RightsMarketModel, progress: RightProgress) -> int:
    """Return the trading days to the deadline at hand of a right that is traded today."""
    front = progress.front(model.day)
    assert front is not None
    return progress.deadline_day[front] - model.day


def chance(model: RightsMarketModel, left: int) -> float:
    """Return the probability of asking around on a day: it rises towards the deadline."""
    return min(1.0, model.behaviour.block_search / (left + 1.0))


def on_offer(model: RightsMarketModel, progress: RightProgress, sellers: Rows) -> tuple[Ints, Ints]:
    """Return the vintage that each seller offers, the one of which it can deliver most, and the lots."""
    usable, account = model.desk.usable[progress.index], model.seats.account[sellers]
    there = np.array([model.desk.saleable(i, account) for i in usable], dtype=np.int64).reshape(len(usable), -1)
    most = there.argmax(axis=0)
    wanted = np.floor(-model.seats.wish_lots[sellers]).astype(np.int64)
    offered = np.minimum(there[most, np.arange(len(sellers))], wanted)
    return np.array(usable, dtype=np.int64)[most], offered
