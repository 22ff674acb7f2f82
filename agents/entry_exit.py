"""Firms that come and go: new plants apply, wait, are built and begin to work; others close and settle what they owe.

Populations are not copied: a new plant is a row from the start, and a closed firm stays one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from agents.planning import LAST_DAYS, URGENT_DAYS
from agents.region_review import RegionReview
from agents.reserve_trade import serve_strategic
from agents.streams import CLOSURES
from rights_market.authority.projects import Project

if TYPE_CHECKING:
    from agents.model import RightsMarketModel
    from agents.progress import RightProgress

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

MONTHS = 12


class EntryExit:
    """Entry and exit of firms, day by day.

    Parameters
    ----------
    model : RightsMarketModel
    """

    def __init__(self, model: RightsMarketModel) -> None:
        self.model = model
        spec = model.config.population
        self._row = {name: i for i, name in enumerate(model.firms.names)}
        new = np.flatnonzero(model.firms.is_project).tolist()
        self._project = dict(zip(new, spec.projects, strict=True))
        self._closes = {self._row[c.firm]: c.on for c in spec.closures}
        self._rates = np.array([s.closure_rate for s in model.firms.sectors])
        self._starts: dict[int, date] = {}
        self._duties: list[tuple[date, str, int]] = []
        self._applied: set[int] = set()
        self._reviews = RegionReview(model)

    def begin(self) -> None:
        """Begin the lists of covered firms: by sector, and by past use where a right has a threshold."""
        model = self.model
        year = model.calendar.days[0].year
        for progress in model.progress:
            r, code, rule = progress.index, progress.rules.right.code, progress.rules.entry_exit
            listed = model.firms.covered[:, r].copy()
            if rule is not None:
                before = range(year - max(rule.lag_years, rule.exit_years), year)
                past = {y: self._past_lots(progress, y) for y in before}
                for y, lots in past.items():
                    model.authority.coverage.report_use(code, y, lots)
                listed &= rule.covered(year, past, np.zeros_like(listed))
            model.firms.covered[:, r] = listed
            model.authority.coverage.begin(code, listed)
        self._reviews.begin()

    def _past_lots(self, progress: RightProgress, year: int) -> Ints:
        model = self.model
        units = model.firms.past_output(year, model.streams) * model.operations.intensity[:, progress.index]
        return progress.lots_of(units)

    def open_year(self) -> None:
        """Renew the lists on the first trading day of a year."""
        model, today, before = self.model, self._today(), self._yesterday()
        if before is None or before.year == today.year:
            return
        model.authority.projects.end_year()
        model.authority.shortfalls.write_off_closed()
        for progress in model.progress:
            front = progress.front(model.day)
            if front is not None:
                subject = model.firms.subject[:, progress.index] & model.firms.working
                period = progress.rules.periods[front]
                model.authority.access.open_year(progress.rules.right.code, period, today.year, subject)
                self._read_list(progress)

    def serve(self) -> None:
        """Let firms come and go today."""
        self._reviews.serve(self._yesterday())
        self._close_firms()
        self._settle_closed()
        self._apply()
        serve_strategic(self.model, before_projects=True)
        self._approve()
        for row in [row for row, start in self._starts.items() if start <= self._today()]:
            del self._starts[row]
            self._start(row)

    def pending_units(self, progress: RightProgress) -> Floats | None:
        """Return the units that waiting projects have to bring, shape (n_firms,); None where nobody waits."""
        waiting = self._waiting()
        if not waiting:
            return None
        units, lot = np.zeros(len(self.model.firms)), float(progress.rules.right.lot)
        for row in waiting:
            units[row] = self.model.authority.projects.pending_lots(row).get(progress.rules.right.code, 0) * lot
        return units

    def press(self) -> None:
        """Let waiting projects buy in time for their own last day, which no deadline of the right knows of."""
        model, seats = self.model, self.model.seats
        for row in self._waiting():
            last = model.authority.projects.last_day(row)
            left = 0 if last is None else model.calendar.days_left(model.day, last)
            rows = np.flatnonzero(seats.trader == row)
            rows = rows[seats.wish_lots[rows] > 0]
            wish = np.ceil(seats.wish_lots[rows]).astype(np.int64)
            today = -(-2 * wish // (left + 1)) if left > LAST_DAYS else wish
            seats.quota[rows] = np.minimum(wish, np.maximum(seats.quota[rows], today))
            seats.urgency[rows] = np.maximum(seats.urgency[rows], 1.0 - min(1.0, left / URGENT_DAYS))

    def _waiting(self) -> list[int]:
        return [row for row in sorted(self._applied) if self.model.authority.projects.pending_lots(row)]

    # -- closing

    def _close_firms(self) -> None:
        today = self._today()
        due = [row for row, on in self._closes.items() if on <= today]
        for row in (*due, *self._draw_closures()):
            self._closes.pop(row, None)
            self._close(row)

    def _draw_closures(self) -> Iterator[int]:
        """Yield the firms that close by chance, drawn on the first trading day of each month."""
        model, before = self.model, self._yesterday()
        if not self._rates.any() or before is None or before.month == self._today().month:
            return
        for code, rate, members in zip(model.firms.sector_codes, self._rates, model.firms.members, strict=True):
            if rate > 0:
                drawn = model.streams[f"{CLOSURES}.{code}"].random(len(members))
                chance = 1.0 - (1.0 - rate) ** (1.0 / MONTHS)
                yield from members[(drawn < chance) & model.firms.working[members]].tolist()

    def _close(self, row: int) -> None:
        model, today = self.model, self._today()
        if not model.firms.working[row]:
            return
        model.firms.working[row] = False
        for code, on in model.authority.access.close(row, today).items():
            self._duties.append((on, code, row))
        self._hear_all()

    def _settle_closed(self) -> None:
        """Settle the duties of closed firms that fall due today, in every period that is not over."""
        today = self._today()
        due = [duty for duty in self._duties if duty[0] <= today]
        self._duties = [duty for duty in self._duties if duty[0] > today]
        for _, code, row in due:
            progress = self.model.progress[self.model.right_codes.index(code)]
            for k, use in enumerate(progress.uses):
                if self.model.day < progress.deadline_day[k] and use.period.use_from <= today:
                    self._settle_period(progress, k, row)

    def _settle_period(self, progress: RightProgress, k: int, row: int) -> None:
        model, use, code = self.model, progress.uses[k], progress.rules.right.code
        used = int(progress.lots_of(use.use)[row])
        final: int | None = None
        if not progress.plans[k].settled and model.authority.entitlements[code].follows_output(use.years[-1])[row]:
            final = int(model.forecasts.final_lots(progress, k)[row])
        progress.issued_lots[k][row] += model.authority.access.settle_closed(code, use.period, row, used, final)
        model.expectations.hear(progress.index)

    def settled(self, right: str) -> npt.NDArray[np.bool_]:
        """Return the firms that have closed and owe nothing of a right any more, shape (n_firms,)."""
        model = self.model
        closed = np.zeros(len(model.firms), dtype=np.bool_)
        if model.progress[model.right_codes.index(right)].rules.entry_exit is not None:
            closed[list(model.authority.coverage.closed_on)] = True
            closed[[row for _, code, row in self._duties if code == right]] = False
        return closed

    # -- entering

    def _apply(self) -> None:
        model, today = self.model, self._today()
        for row, spec in self._project.items():
            if row in self._applied or spec.applies > today:
                continue
            self._applied.add(row)
            replaced = self._row[spec.replaces] if spec.replaces else -1
            if replaced >= 0:
                self._close(replaced)
            need = {
                p.rules.right.code: int(p.lots_of(self._yearly_units(p))[row])
                for p in model.progress
                if model.firms.subject[row, p.index]
            }
            model.authority.projects.apply(Project(row, today, need, replaced))

    def _approve(self) -> None:
        unsettled = {row for _, _, row in self._duties}
        for row in self.model.authority.projects.review(self._today(), unsettled):
            self._starts[row] = self._today() + timedelta(self._project[row].build_days)

    def _start(self, row: int) -> None:
        """Let a new plant begin to work: it is covered, and granted what a reserve has for it."""
        model = self.model
        model.firms.working[row] = True
        for progress in model.progress:
            front = progress.front(model.day)
            if not model.firms.subject[row, progress.index] or front is None:
                continue
            k = next((i for i, u in enumerate(progress.uses) if u.covers(self._today())), front)
            lots = int(progress.lots_of(self._yearly_units(progress))[row])
            capacity = int(np.rint(model.firms.output[row]))
            code, period = progress.rules.right.code, progress.rules.periods[k]
            progress.issued_lots[k] += model.authority.access.admit(code, period, row, lots, capacity)
            self._read_list(progress)
        self._hear_all()

    def _yearly_units(self, progress: RightProgress) -> Floats:
        model = self.model
        return np.asarray(model.firms.output * model.operations.intensity[:, progress.index])

    # -- helpers

    def _read_list(self, progress: RightProgress) -> None:
        model, code = self.model, progress.rules.right.code
        model.firms.covered[:, progress.index] = model.authority.coverage.listed(code)
        model.expectations.hear(progress.index)

    def _hear_all(self) -> None:
        self.model.rates = self.model.operations.rates()
        for progress in self.model.progress:
            self.model.expectations.hear(progress.index)

    def _today(self) -> date:
        return self.model.calendar.days[self.model.day]

    def _yesterday(self) -> date | None:
        return self.model.calendar.days[self.model.day - 1] if self.model.day > 0 else None

    def state(self) -> dict[str, Any]:
        """Return who is still to close, to apply, to start and to settle, and the reviews."""
        return {
            "closes": [(row, on.isoformat()) for row, on in self._closes.items()],
            "starts": [(row, on.isoformat()) for row, on in self._starts.items()],
            "duties": [(on.isoformat(), code, row) for on, code, row in self._duties],
            "applied": sorted(self._applied),
            "reviews": self._reviews.state(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back what `state` returned."""
        self._closes = {int(row): date.fromisoformat(on) for row, on in state["closes"]}
        self._starts = {int(row): date.fromisoformat(on) for row, on in state["starts"]}
        self._duties = [(date.fromisoformat(on), code, int(row)) for on, code, row in state["duties"]]
        self._applied = {int(row) for row in state["applied"]}
        self._reviews.restore(state["reviews"])
