"""What firms hear from each other: price beliefs that draw near, and knowledge of equipment that spreads.

Both go over one network of contacts, which is drawn once with the population.  A step is taken every so many trading
days, in the morning; in between nobody talks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from agents.abatement import MeasureStatus
from agents.awareness import Awareness
from agents.contact_network import ContactNetwork, Places, draw_network
from agents.information_spec import Information
from agents.relations import group_names, group_of
from agents.streams import CONTACTS, INNOVATORS, RELATIONS, WORD_OF_MOUTH, Streams

if TYPE_CHECKING:
    from agents.model import RightsMarketModel

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]
Bools = npt.NDArray[np.bool_]

DAYS_PER_YEAR = 365.0


class InformationExchange:
    """Lets firms hear from their contacts, where a scenario has an information network.

    Parameters
    ----------
    model : RightsMarketModel
        Read only, but for the beliefs of `expectations.valuation` and the measures considered in `operations`.
    people : Streams
        Draws of the network and of innovators: those of the population.

    Attributes
    ----------
    network : ContactNetwork or None
        None where the scenario has no such network.
    awareness : Awareness or None
        None where every firm considers every measure.
    beliefs : list of tuple
        Day, right and standard deviation of the lasting beliefs of firms at work, after each step.
    diffusion : list of tuple
        Day, name of a measure, and to how many firms at work it is open, how many consider it and how many use it.
    """

    def __init__(self, model: RightsMarketModel, people: Streams) -> None:
        self.model = model
        self.network: ContactNetwork | None = None
        self.awareness: Awareness | None = None
        self.beliefs: list[tuple[int, int, float]] = []
        self.diffusion: list[tuple[int, str, int, int, int]] = []
        spec = model.config.information
        if spec is None:
            return
        self.network = draw_network(spec.network, _places(model, people), people.fresh(CONTACTS))
        self._first: Floats = model.expectations.valuation.belief_error.copy()
        if spec.technology is not None:
            self.awareness = Awareness(spec.technology, self.network, model.operations.measure_names)
            model.operations.considered = self.awareness.at_start(people.fresh(INNOVATORS))

    def exchange(self) -> None:
        """Take a step, if it is time, and write down how things stand; on the first day only the latter."""
        spec, day = self.model.config.information, self.model.day
        if spec is None or day % spec.interval_days:
            return
        if day > 0:
            self._exchange_beliefs(spec)
            self._spread_word(spec)
        self._record()

    def _exchange_beliefs(self, spec: Information) -> None:
        """Move the lasting beliefs of firms at work towards those of their contacts, right by right."""
        rule, network, belief = spec.beliefs, self.network, self.model.expectations.valuation.belief_error
        if rule is None or network is None:
            return
        for r in range(len(self.model.right_codes)):
            rows, firm, counts = self._speakers(r)
            own = np.zeros(len(counts))
            own[firm] = belief[rows]
            heard = network.mean_of_contacts(own, counts, rule.bound)[firm]
            moved = belief[rows] + rule.weight * (heard - belief[rows])
            moved = rule.stubbornness * self._first[rows] + (1.0 - rule.stubbornness) * moved
            belief[rows] = np.where(counts[firm], moved, belief[rows])

    def _speakers(self, right: int) -> tuple[Rows, Rows, Bools]:
        """Return the seats of firms in a right, their firms, and which firms are at work and have one."""
        model = self.model
        seats = model.seats.of_right(right)
        rows = np.flatnonzero(model.expectations.is_firm[seats]) + seats.start
        firm = model.seats.trader[rows]
        counts = np.zeros(len(model.firms), dtype=np.bool_)
        counts[firm] = model.firms.working[firm]
        return rows, firm, counts

    def _spread_word(self, spec: Information) -> None:
        """Let firms hear of the measures that their contacts use."""
        if self.awareness is None:
            return
        model, days = self.model, self.model.calendar.days
        years = (days[model.day] - days[model.day - spec.interval_days]).days / DAYS_PER_YEAR
        heard = self.awareness.heard(
            model.operations.measures, model.firms.working, years, model.streams[WORD_OF_MOUTH]
        )
        model.operations.considered |= heard

    def _record(self) -> None:
        """Write down how far beliefs lie apart, and how far each technology has come."""
        model = self.model
        belief = model.expectations.valuation.belief_error
        for r in range(len(model.right_codes)):
            rows, firm, counts = self._speakers(r)
            heard = belief[rows[counts[firm]]]
            if len(heard):
                self.beliefs.append((model.day, r, float(heard.std())))
        if self.awareness is None:
            return
        measures, considered = model.operations.measures, model.operations.considered
        at_work = model.firms.working[measures.firm]
        uses = np.isin(measures.status, (MeasureStatus.BUILDING, MeasureStatus.RUNNING))
        for k, name in enumerate(self.awareness.technologies):
            its = at_work & (self.awareness.technology == k)
            is_open, known, used = (int(x.sum()) for x in (its, its & considered, its & uses))
            self.diffusion.append((model.day, name, is_open, known, used))

    def state(self) -> dict[str, Any]:
        """Return what was written down; beliefs and what is considered are part of other states."""
        return {"beliefs": list(self.beliefs), "diffusion": list(self.diffusion)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back what `state` returned."""
        self.beliefs = [(int(day), int(r), float(sd)) for day, r, sd in state["beliefs"]]
        self.diffusion = [(int(day), str(name), int(a), int(b), int(c)) for day, name, a, b, c in state["diffusion"]]


def _places(model: RightsMarketModel, people: Streams) -> Places:
    """Return what decides who comes to know whom; groups are those among which blocks are agreed."""
    firms, spec = model.firms, model.config.population
    known = {name: i for i, name in enumerate(sorted(set(firms.regions) - {""}))}
    return Places(
        names=firms.names,
        group=group_of(group_names(spec.rows, len(firms)), spec.relations, people.fresh(RELATIONS)),
        prefecture=np.array([known.get(name, -1) for name in firms.regions], dtype=np.intp),
        sector=firms.sector,
        size=firms.output * firms.product_price_yuan,
    )
