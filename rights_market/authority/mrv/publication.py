"""What becomes public: the inventory with the scores of prefectures, and what firms disclose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rights_market.authority.mrv.files import NO_REPORT, UseFile
from rights_market.authority.mrv.offences import Offences
from rights_market.authority.office import Matter, Office
from rights_market.policies.mrv import Disclosure, InventoryTargets
from rights_market.policies.mrv.disclosure import ITEMS
from rights_market.policies.mrv.inventory_targets import Line

Int64 = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Key = tuple[str, str]


class Shown(NamedTuple):
    """What one firm's figure looks like from outside; all arrays of shape (n_firms,), lots.

    Attributes
    ----------
    right, period, item : str
    published : ndarray of float64
        NaN for a firm that publishes nothing.
    belief, belief_sd : ndarray of float64
        Mean and standard deviation of what outsiders believe.
    """

    right: str
    period: str
    item: str
    published: Floats
    belief: Floats
    belief_sd: Floats


class Scored(NamedTuple):
    """How a prefecture did against its target.

    Attributes
    ----------
    right, period, prefecture : str
    base, target, result : int
        Lots.
    score : float
        0 to 120.
    grade : str
    """

    right: str
    period: str
    prefecture: str
    base: int
    target: int
    result: int
    score: float
    grade: str


class Publication:
    """Publishes, once a period each, the inventory and what firms have to disclose.

    Parameters
    ----------
    office : Office
    files : mapping of (str, str) to UseFile
    offences : Offences

    Attributes
    ----------
    inventories : dict of (str, str) to list of Line
    scores : list of Scored
    shown : list of Shown
    known : dict of (str, str) to float
        By right and item: share of the doubt about the sum over firms that the latest disclosure took away.
    """

    def __init__(self, office: Office, files: Mapping[Key, UseFile], offences: Offences) -> None:
        self._office = office
        self._files = files
        self._offences = offences
        self.inventories: dict[Key, list[Line]] = {}
        self.scores: list[Scored] = []
        self.shown: list[Shown] = []
        self.known: dict[Key, float] = {}
        self._disclosed: set[Key] = set()

    def publish(self, matter: Matter, errors: Mapping[str, Floats], *, disclosure_due: bool) -> None:
        """Publish what is due today and was not published before."""
        book = self._office.books[matter.right]
        if book.inventory is not None and matter.key not in self.inventories:
            self._take_inventory(matter, book.inventory)
        if book.disclosure is not None and disclosure_due and matter.key not in self._disclosed:
            self._disclosed.add(matter.key)
            for item in book.disclosure.items:
                self._disclose(matter, book.disclosure, item, errors[item])

    def known_share(self, right: str) -> float:
        """Return how much of the doubt about others' emissions and holdings disclosure has taken away, 0 to 1."""
        return sum(self.known.get((right, item), 0.0) for item in ITEMS) / len(ITEMS)

    def discount_bp(self, right: str, vintage: int) -> Int64:
        """Return what a lender may take off each firm's rate for what it discloses, basis points, shape (n_firms,)."""
        rule = self._office.books[right].disclosure
        n = len(self._office.accounts)
        return np.zeros(n, np.int64) if rule is None else rule.discount_bp(self._offences.barred_until > vintage)

    def _take_inventory(self, matter: Matter, rule: InventoryTargets) -> None:
        firms, file = self._office.firms, self._files[matter.key]
        regions = firms.regions or ("",) * len(firms.sectors)
        use = (file.verified + file.found).tolist()
        sums: dict[Key, int] = {}
        for row in np.flatnonzero(file.subject).tolist():
            key = regions[row], firms.sectors[row]
            sums[key] = sums.get(key, 0) + use[row]
        lines = rule.inventory(sums, matter.period.vintage)
        self.inventories[matter.key] = lines
        self._office.note(matter, rule.kind, "inventory", lots=sum(x.lots for x in lines))
        self._score(matter, rule, rule.results(lines))

    def _score(self, matter: Matter, rule: InventoryTargets, results: Mapping[str, int]) -> None:
        """Judge the prefectures that have a target for the period."""
        for goal in rule.targets:
            if goal.year != matter.period.vintage:
                continue
            if goal.prefecture not in results:
                note = f"no firm in {goal.prefecture}"
                self._office.note(matter, rule.kind, "rule_unmet", lots=goal.target, note=note)
                continue
            result = results[goal.prefecture]
            score = rule.score(goal, result)
            grade = rule.grade(score)
            self.scores.append(
                Scored(*matter.key, goal.prefecture, goal.base, goal.target, result, float(score), grade)
            )
            note = f"{goal.prefecture}: {float(score):.1f}, {grade}"
            self._office.note(matter, rule.kind, "target_scored", lots=result, note=note)

    def _disclose(self, matter: Matter, rule: Disclosure, item: str, error: Floats) -> None:
        """Publish one figure of every firm, and write down what outsiders make of it."""
        file, firms = self._files[matter.key], self._office.firms
        rows = np.flatnonzero(file.subject)
        classes = firms.classes or firms.sectors
        group = np.unique(np.array(classes)[rows], return_inverse=True)[1].astype(np.int64)
        values = self._figures(matter, rule, item)[rows].astype(np.float64)
        silent = self._offences.barred_until[rows] > matter.period.vintage
        published = rule.published(values, error[rows])
        belief = rule.belief(group, published, silent)
        nobody_speaks = rule.belief(group, published, np.ones(len(rows), np.bool_))
        self.known[matter.right, item] = rule.known_share(nobody_speaks.variance, belief.variance)
        shown = np.full((3, len(error)), np.nan)
        speaks = ~silent if rule.level else np.zeros(len(rows), np.bool_)
        shown[0, rows[speaks]] = published[speaks]
        shown[1, rows], shown[2, rows] = belief.mean, np.sqrt(belief.variance)
        self.shown.append(Shown(*matter.key, item, *shown))
        self._office.note(matter, rule.kind, "disclosed", note=f"{item} of {int(speaks.sum())} firms")

    def _figures(self, matter: Matter, rule: Disclosure, item: str) -> Int64:
        if item == "holdings":
            registry, at = self._office.market.registry, self._office.shelf(matter.right).instruments
            held = registry.free[at] + registry.frozen[at] + registry.pledged[at]
            return np.asarray(held[:, self._office.accounts].sum(axis=0), np.int64)
        file = self._files[matter.key]
        own = np.where(file.reported == NO_REPORT, file.verified, file.reported)
        return file.verified + file.found if rule.assure else own

    def state(self) -> dict[str, Any]:
        """Return everything that was published, as plain arrays and numbers."""
        return {
            "inventories": [(*key, [tuple(x) for x in lines]) for key, lines in self.inventories.items()],
            "scores": [tuple(x) for x in self.scores],
            "shown": [(*x[:3], *(a.copy() for a in x[3:])) for x in self.shown],
            "known": [(*key, share) for key, share in self.known.items()],
            "disclosed": sorted(self._disclosed),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back what `state` returned."""
        self.inventories = {(right, period): [Line(*x) for x in lines] for right, period, lines in state["inventories"]}
        self.scores = [Scored(*x) for x in state["scores"]]
        self.shown = [Shown(*x[:3], *(np.array(a) for a in x[3:])) for x in state["shown"]]
        self.known = {(right, item): float(share) for right, item, share in state["known"]}
        self._disclosed = {(right, period) for right, period in state["disclosed"]}
