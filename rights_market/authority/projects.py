"""New projects: applications, what they bring, regions that hold them up, and approval."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import IntEnum
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from rights_market.authority.office import Office
from rights_market.authority.reserve import Reserve
from rights_market.authority.zones import Zones
from rights_market.policies.access import NewProjectReplacement
from rights_market.policies.cap import EnergyDualControl, RegionState
from rights_market.policies.lots import take_in_order
from rights_market.registry.accounts import GOVERNMENT_ACCOUNT
from rights_market.units import ceil, floor

Int64 = npt.NDArray[np.int64]


class Stage(IntEnum):
    """How far a project has come."""

    PENDING = 0
    APPROVED = 1
    LAPSED = 2


@dataclass(frozen=True, slots=True)
class Project:
    """A new plant that has applied.

    Attributes
    ----------
    row : int
        Its row among the firms.
    applied : date
    need_lots : dict of str to int
        Lots that it needs a year, by code of the right.
    replaces : int
        Row of the firm whose closure makes room for it, -1 for none.
    """

    row: int
    applied: date
    need_lots: Mapping[str, int] = field(default_factory=dict)
    replaces: int = -1


@dataclass(slots=True)
class _File:
    """A project, its stage, and why it waits."""

    project: Project
    stage: Stage = Stage.PENDING
    reason: str = ""
    moved_lots: dict[str, int] = field(default_factory=dict)
    frozen_lots: dict[str, list[int]] = field(default_factory=dict)
    """Lots that wait for the decision, by right and instrument of it: neither sold nor surrendered meanwhile."""
    required_lots: dict[tuple[str, int, bool], int] = field(default_factory=dict, compare=False)
    """What was worked out of the lots to bring, by right, rule and whether the region missed its standard."""


class Projects:
    """Decides on new projects.

    Parameters
    ----------
    office : Office
    zones : Zones
        Zones of rights: what a project brings from another zone counts for its trading ratio.
    reserve : Reserve
        What the government sells to projects.

    Attributes
    ----------
    region_states : dict of (str, str) to RegionState
        How regions stand, by code of the right and region, where energy is under dual control.
    missed : set of str
        Regions that missed their standard last year.
    """

    def __init__(self, office: Office, zones: Zones, reserve: Reserve) -> None:
        self._office, self._zones, self._reserve = office, zones, reserve
        self.region_states: dict[tuple[str, str], RegionState] = {}
        self.missed: set[str] = set()
        self._files: dict[int, _File] = {}

    # -- regions

    def review_region(
        self, right: str, region: str, year: int, counted_lots: int, start: Fraction, now: Fraction
    ) -> RegionState:
        """Judge a region by its use and intensity; see `EnergyDualControl.state`."""
        rule = self._office.books[right].cap
        assert isinstance(rule, EnergyDualControl)
        state = rule.state(region, year, counted_lots, start, now)
        if self.region_states.get((right, region)) != state:
            self.region_states[right, region] = state
            self._office.note_firm(
                "publish",
                rule.kind,
                "region_status",
                right=right,
                lots=counted_lots,
                note=f"{region}: {state.name.lower()}",
            )
        return state

    def end_year(self) -> None:
        """Let regions that are red at the end of a year count as having missed their standard in the next."""
        self.missed = {region for (_, region), state in self.region_states.items() if state == RegionState.RED}

    # -- applications

    def apply(self, project: Project) -> None:
        """Take an application."""
        self._files[project.row] = _File(project)
        self._wait(self._files[project.row], "applied")

    def stage(self, row: int) -> Stage | None:
        """Return how far a project has come, None for a firm that never applied."""
        return self._files[row].stage if row in self._files else None

    def pending_lots(self, row: int) -> dict[str, int]:
        """Return the lots that a pending project has to bring, by right; nothing for others."""
        file = self._files.get(row)
        if file is None or file.stage != Stage.PENDING:
            return {}
        return {code: self._required(file, code) for code in file.project.need_lots if self._rule(code) is not None}

    def last_day(self, row: int) -> date | None:
        """Return the last day on which a project may bring what it needs, None where nothing is asked of it."""
        project = self._files[row].project
        rules = [rule for code in project.need_lots if (rule := self._rule(code)) is not None]
        return min((rule.last_day(project.applied) for rule in rules), default=None)

    def review(self, today: date, unsettled: Collection[int] = ()) -> list[int]:
        """Look at all pending projects, in the order of their applications, and return the rows approved today.

        Parameters
        ----------
        unsettled : collection of int
            Rows of closed firms that still owe; what they hold serves their duty before it serves a successor.
        """
        approved = []
        for file in self._files.values():
            if file.stage == Stage.PENDING and self._decide(file, today, unsettled):
                approved.append(file.project.row)
        return approved

    def _decide(self, file: _File, today: date, unsettled: Collection[int]) -> bool:
        if file.project.replaces not in unsettled:
            self._move_own(file)
        self._buy_from_reserve(file)
        for code in file.project.need_lots:
            self._freeze(file, code)
        short = {code: n for code in file.project.need_lots if (n := self._short(file, code))}
        if short and self._is_late(file, today):
            file.stage = Stage.LAPSED
            self._release(file)
            missing = ", ".join(f"{n} lots of {code}" for code, n in short.items())
            self._note(file, "new_project_replacement", "project_lapsed", note=f"misses {missing}")
            return False
        hold = self._held_up(file, today)
        if hold or short:
            self._wait(file, hold or "not covered")
            return False
        self._release(file)
        for code in file.project.need_lots:
            self._book(file, code)
        file.stage = Stage.APPROVED
        self._note(file, "new_project_replacement", "project_approved")
        return True

    def _held_up(self, file: _File, today: date) -> str:
        """Return why the region holds a project up today, or nothing."""
        region = self._region(file)
        for code, lots in file.project.need_lots.items():
            rule = self._office.books[code].cap
            if isinstance(rule, EnergyDualControl):
                state = self.region_states.get((code, region), RegionState.GREEN)
                days = rule.extra_days(state, lots)
                if days is None:
                    return f"{region} is red for {code}"
                if today < file.project.applied + timedelta(days):
                    return f"{region} is {state.name.lower()} for {code}: {days} days more"
        return ""

    def _rule(self, code: str) -> NewProjectReplacement | None:
        return self._office.books[code].replacement

    def _region(self, file: _File) -> str:
        regions = self._office.firms.regions
        return regions[file.project.row] if regions else ""

    def _required(self, file: _File, code: str) -> int:
        rule = self._rule(code)
        if rule is None:
            return 0
        sector, missed = self._office.firms.sectors[file.project.row], self._region(file) in self.missed
        # Asked for by everybody all day long, and the same until the rule or the region's standing changes.
        key = code, id(rule), missed
        if key not in file.required_lots:
            file.required_lots[key] = rule.required(file.project.need_lots[code], sector, missed=missed)
        return file.required_lots[key]

    def _short(self, file: _File, code: str) -> int:
        return max(0, self._required(file, code) - int(self._brought(file, code).sum()))

    def _brought(self, file: _File, code: str) -> Int64:
        """Return the lots of a project that count as replacement, by instrument of the right."""
        rule, registry = self._rule(code), self._office.market.registry
        shelf = self._office.shelf(code)
        if rule is None:
            return np.zeros(len(shelf.instruments), np.int64)
        book = self._office.books[code]
        valid = [
            book.outlives(p) or rule.counts(p.banking_close or p.deadline, file.project.applied) for p in book.periods
        ]
        held = registry.free[shelf.instruments, self._account(file.project.row)] + self._frozen(file, code)
        held = held * np.array(valid)
        if "market" in rule.sources:
            return np.asarray(held, np.int64)
        limit = np.array([file.moved_lots.get(code, 0)])
        return take_in_order(limit, held[:, np.newaxis])[:, 0]

    def _frozen(self, file: _File, code: str) -> Int64:
        """Return the lots that are frozen for a project, by instrument of the right.

        Lots that have lapsed or were carried over meanwhile have left their place.
        """
        shelf, registry = self._office.shelf(code), self._office.market.registry
        kept = np.array(file.frozen_lots.get(code, [0] * len(shelf.instruments)), np.int64)
        return np.asarray(np.minimum(kept, registry.frozen[shelf.instruments, self._account(file.project.row)]))

    def _freeze(self, file: _File, code: str) -> None:
        """Freeze what a project has brought, as far as it needs it; what was bought today follows tomorrow."""
        if self._rule(code) is None:
            return
        account, shelf, registry = (
            self._account(file.project.row),
            self._office.shelf(code),
            self._office.market.registry,
        )
        frozen = self._frozen(file, code)
        saleable = registry.free[shelf.instruments, account] - registry.locked[shelf.instruments, account]
        more = np.minimum(self._brought(file, code) - frozen, saleable)
        wanted = max(0, self._required(file, code) - int(frozen.sum()))
        lots = take_in_order(np.array([wanted]), np.maximum(more, 0)[:, np.newaxis])[:, 0]
        rows = np.flatnonzero(lots)
        registry.freeze(shelf.instruments[rows], account, lots[rows])
        file.frozen_lots[code] = (frozen + lots).tolist()
        if rows.size:
            self._note(file, "new_project_replacement", "replacement_frozen", right=code, lots=int(lots.sum()))

    def _release(self, file: _File) -> None:
        """Give a project the lots back that were frozen for it."""
        account, registry = self._account(file.project.row), self._office.market.registry
        for code in file.frozen_lots:
            lots, shelf = self._frozen(file, code), self._office.shelf(code)
            rows = np.flatnonzero(lots)
            registry.release(shelf.instruments[rows], account, lots[rows])
        file.frozen_lots = {}

    def _move_own(self, file: _File) -> None:
        """Move lots of the plant that a project replaces to it, as far as it still needs them."""
        giver = file.project.replaces
        if giver < 0:
            return
        registry, missed = self._office.market.registry, self._region(file) in self.missed
        for code in file.project.need_lots:
            rule, shelf = self._rule(code), self._office.shelf(code)
            short = self._short(file, code)
            if rule is None or "own_closure" not in rule.sources or not short:
                continue
            account, stock = self._account(file.project.row), registry.free[shelf.instruments, self._account(giver)]
            ratio = self._zones.replacement_ratio(code, self._account(giver), account, missed=missed)
            credited = min(short, floor(ratio * int(stock.sum())))
            if not credited:
                continue
            take = take_in_order(np.array([ceil(credited / ratio)]), np.array(stock[:, np.newaxis]))[:, 0]
            rows = np.flatnonzero(take)
            registry.transfer(shelf.instruments[rows], self._account(giver), account, take[rows])
            lost = take_in_order(np.array([int(take.sum()) - credited]), take[:, np.newaxis])[:, 0]
            if lost.any():
                registry.cancel(shelf.instruments, account, lost)
            file.moved_lots[code] = file.moved_lots.get(code, 0) + credited
            self._note(file, rule.kind, "replacement_moved", right=code, lots=credited)

    def _buy_from_reserve(self, file: _File) -> None:
        """Sell a project what it lacks from the government's reserve, where the rule names it as a source."""
        account, missed = self._account(file.project.row), self._region(file) in self.missed
        for code in file.project.need_lots:
            rule, short = self._rule(code), self._short(file, code)
            reserve = self._reserve.rights.get(code)
            if rule is None or "reserve" not in rule.sources or reserve is None:
                continue
            if "new_project" not in reserve.priority:
                continue
            wanted = min(short, self._reserve.available_lots(code, account, missed=missed))
            if wanted:
                given = self._reserve.release_to(code, account, wanted, missed=missed)
                file.moved_lots[code] = file.moved_lots.get(code, 0) + given

    def _book(self, file: _File, code: str) -> None:
        """Let a project keep what it needs, and cancel what it brought beyond that (or hand it to the government)."""
        rule = self._rule(code)
        if rule is None:
            return
        account, shelf = self._account(file.project.row), self._office.shelf(code)
        excess = self._required(file, code) - file.project.need_lots[code]
        take = take_in_order(np.array([max(0, excess)]), self._brought(file, code)[:, np.newaxis])[:, 0]
        rows = np.flatnonzero(take)
        if not rows.size:
            return
        registry = self._office.market.registry
        if rule.cancel_excess:
            registry.cancel(shelf.instruments[rows], account, take[rows])
        else:
            registry.transfer(shelf.instruments[rows], account, GOVERNMENT_ACCOUNT, take[rows])
        self._note(file, rule.kind, "cancelled" if rule.cancel_excess else "reserved", right=code, lots=int(take.sum()))

    def _is_late(self, file: _File, today: date) -> bool:
        last = self.last_day(file.project.row)
        return last is not None and today > last

    def _wait(self, file: _File, reason: str) -> None:
        if file.reason != reason:
            file.reason = reason
            self._note(file, "new_project_replacement", "project_pending", note=reason)

    def _account(self, row: int) -> int:
        return int(self._office.accounts[row])

    def _note(
        self, file: _File, kind: str, code: str, *, right: str | None = None, lots: int = 0, note: str = ""
    ) -> None:
        self._office.note_firm("firm_entry", kind, code, file.project.row, right=right, lots=lots, note=note)

    # -- records

    def state(self) -> dict[str, Any]:
        """Return the applications and the state of regions."""
        return {
            "regions": [(*key, int(x)) for key, x in self.region_states.items()],
            "missed": sorted(self.missed),
            "files": [
                {
                    "row": f.project.row,
                    "applied": f.project.applied.isoformat(),
                    "need": dict(f.project.need_lots),
                    "replaces": f.project.replaces,
                    "stage": int(f.stage),
                    "reason": f.reason,
                    "moved": dict(f.moved_lots),
                    "frozen": {code: list(lots) for code, lots in f.frozen_lots.items()},
                }
                for f in self._files.values()
            ],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back what `state` returned."""
        self.region_states = {(right, region): RegionState(x) for right, region, x in state["regions"]}
        self.missed = set(state["missed"])
        self._files = {}
        for saved in state["files"]:
            applied = date.fromisoformat(saved["applied"])
            project = Project(int(saved["row"]), applied, dict(saved["need"]), int(saved["replaces"]))
            frozen = {code: [int(n) for n in lots] for code, lots in saved["frozen"].items()}
            self._files[project.row] = _File(
                project, Stage(saved["stage"]), saved["reason"], dict(saved["moved"]), frozen
            )
