"""Credits in the making: what projects earn, when it is issued, the buffers behind it, and what reversals take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rights_market.authority.claims import CREDITS, Claim, site
from rights_market.authority.office import Office
from rights_market.policies.credits import InclusionCredits, ProjectCredits
from rights_market.records import Event
from rights_market.registry.accounts import GOVERNMENT_ACCOUNT, AccountKind
from rights_market.units import largest_remainder

Floats = npt.NDArray[np.float64]
Source = ProjectCredits | InclusionCredits


class Due(NamedTuple):
    """An issue that is still to come.

    Attributes
    ----------
    on : date
    source : int
        Position among the sources.
    vintage : int
        Year of the reductions.
    lots, buffer : int
        Lots for the owner, and lots that are held back.
    """

    on: date
    source: int
    vintage: int
    lots: int
    buffer: int


@dataclass(slots=True)
class _Account:
    """What is on record about a source."""

    loss: int = 0
    credited: int = 0
    owed: int = 0
    rest: Fraction = Fraction(0)
    pool: dict[int, int] = field(default_factory=dict)


class CreditOffice:
    """Issues the credits of all sources.

    Parameters
    ----------
    office : Office
    sources : sequence of ProjectCredits or InclusionCredits
        In the order in which they were registered; each has an account of its name.

    Attributes
    ----------
    sources : tuple of ProjectCredits or InclusionCredits
    owners : tuple of int
        Account of each.
    pipeline : list of Due
        Issues to come, in the order in which they were decided.
    """

    def __init__(self, office: Office, sources: Sequence[Source] = ()) -> None:
        self._office, self.sources = office, tuple(sources)
        accounts = office.market.accounts
        names = {accounts.name(int(a)): int(a) for a in accounts.of_kind(AccountKind.PROJECT)}
        self.owners = tuple(names[s.name] for s in self.sources)
        self.pipeline: list[Due] = []
        self._books = [_Account() for _ in self.sources]
        self._refused: set[tuple[int, str]] = set()
        self._until: date | None = None
        for source in self.sources:
            since = source.first_year if isinstance(source, ProjectCredits) else 0
            for what in _claimed(source):
                office.claims.enter(what, Claim(since, CREDITS, source.name))

    def draws_needed(self, on: date) -> int:
        """Return how many uniform draws `serve` needs on a date: one a source for each year that has ended."""
        years = 0 if self._until is None else on.year - self._until.year
        return years * len(self.sources)

    def serve(self, on: date, draws: Floats) -> None:
        """Do what is due up to a date: monitor ended years, reverse, collect ended months, issue.

        Reductions before the first date count if their issue falls after it; what was issued before was sold elsewhere.

        Parameters
        ----------
        on : date
        draws : ndarray of float64, shape (draws_needed(on),)
            Uniform between 0 and 1: whether each source suffers a reversal in each ended year.
        """
        if not self.sources:
            return
        if self._until is None:
            self._begin(on)
        else:
            self._pass_years(on, draws)
            self._pass_months(on)
        self._until = on
        ripe = [due for due in self.pipeline if due.on <= on]
        self.pipeline = [due for due in self.pipeline if due.on > on]
        for due in ripe:
            self._issue(due)
        self._release_pools(on)

    # -- time that passes

    def _begin(self, on: date) -> None:
        for k, source in enumerate(self.sources):
            for what in _claimed(source):
                self._may_claim(k, what)
        for k, source in enumerate(self.sources):
            if isinstance(source, ProjectCredits):
                for year in range(source.first_year, on.year):
                    self._monitor(k, source, year)
        self.pipeline = [due for due in self.pipeline if due.on >= on]

    def _pass_years(self, on: date, draws: Floats) -> None:
        assert self._until is not None
        for i, year in enumerate(range(self._until.year, on.year)):
            for k, source in enumerate(self.sources):
                if isinstance(source, ProjectCredits):
                    self._monitor(k, source, year)
                    self._reverse(k, source, float(draws[i * len(self.sources) + k]))

    def _pass_months(self, on: date) -> None:
        assert self._until is not None
        first, last = self._until.year * 12 + self._until.month - 1, on.year * 12 + on.month - 1
        for month in range(first, last):
            for k, source in enumerate(self.sources):
                if isinstance(source, InclusionCredits):
                    self._collect(k, source, month // 12, date((month + 1) // 12, (month + 1) % 12 + 1, 1))

    def _monitor(self, k: int, source: ProjectCredits, year: int) -> None:
        years = source.monitored_years(year)
        end = date(year, 12, 31)
        if not years or (source.last_issue is not None and end > source.last_issue):
            return
        if not self._may_claim(k, site(source.claims)):
            return
        book = self._books[k]
        earned = source.earn(source.yearly_lots * len(years), book.loss)
        book.loss = earned.loss
        held = largest_remainder(earned.buffer, [1] * len(years))
        for vintage, lots, buffer in zip(years, largest_remainder(earned.issued, [1] * len(years)), held, strict=True):
            for n, (on, part) in enumerate(source.issues(lots, end)):
                self.pipeline.append(Due(on, k, vintage, part, 0 if n else buffer))

    def _collect(self, k: int, source: InclusionCredits, vintage: int, on: date) -> None:
        book = self._books[k]
        acts = {a.name: a.acts_per_month for a in source.activities if self._may_claim(k, _act(a.name))}
        lots, book.rest = source.collect(acts, book.rest)
        if lots:
            self.pipeline.append(Due(on, k, vintage, lots, 0))

    def _may_claim(self, k: int, what: str) -> bool:
        """Return whether a source has the first claim to a place or an act, and write down once that it has not."""
        source = self.sources[k]
        if self._office.claims.is_held_by(what, source.name):
            return True
        if (k, what) not in self._refused:
            self._refused.add((k, what))
            self._note(source.kind, "double_claim", note=f"{source.name}: {what} is claimed already")
        return False

    # -- credits

    def _instrument(self, k: int, vintage: int) -> int | None:
        code = self.sources[k].credit
        found = [x for x in self._office.market.instruments.of_right(code) if x.vintage == vintage]
        return found[0].index if found else None

    def _issue(self, due: Due) -> None:
        source, book, registry = self.sources[due.source], self._books[due.source], self._office.market.registry
        i = self._instrument(due.source, due.vintage)
        if i is None:
            words = f"{due.lots + due.buffer} lots: {source.credit} has no vintage {due.vintage}"
            self._note(source.kind, "rule_unmet", lots=due.lots + due.buffer, note=words)
            return
        served = min(book.owed, due.lots)
        book.owed -= served
        book.credited += due.lots + due.buffer
        owner = self.owners[due.source]
        if due.lots - served:
            registry.issue(i, owner, due.lots - served)
            self._note(source.kind, "credit_issued", lots=due.lots - served, account=owner, instrument=i)
        if served:
            self._note(source.kind, "reversal_served", lots=served, account=owner, instrument=i)
        if due.buffer:
            registry.issue(i, GOVERNMENT_ACCOUNT, due.buffer)
            book.pool[i] = book.pool.get(i, 0) + due.buffer
            self._note(source.kind, "buffer_held", lots=due.buffer, account=owner, instrument=i)

    def _reverse(self, k: int, source: ProjectCredits, draw: float) -> None:
        """Cancel what a reversal undoes: from the buffer, from the owner's free credits; the rest is owed."""
        book, owner, market = self._books[k], self.owners[k], self._office.market
        lots = source.undone(book.credited, draw)
        if not lots:
            return
        own = [x.index for x in market.instruments.of_right(source.credit)]
        for i in own:
            market.cancel_asks(np.array([owner]), i)
        free = {i: int(market.registry.free[i, owner]) for i in own}
        pools = self._pools(k, source)
        split = source.reverse(lots, sum(n for pool in pools for n in pool.values()), sum(free.values()))
        self._note(source.kind, "reversal", lots=lots, account=owner)
        self._draw(pools, split.from_pool, source.kind, owner)
        left = split.from_owner
        for i, lots_free in free.items():
            part = min(left, lots_free)
            if part:
                market.registry.cancel(i, owner, part)
                self._note(source.kind, "cancelled", lots=part, account=owner, instrument=i)
                left -= part
        book.owed += split.owed
        book.credited = max(0, book.credited - lots)
        if split.owed:
            self._note(source.kind, "reversal_owed", lots=split.owed, account=owner)

    def _pools(self, k: int, source: ProjectCredits) -> list[dict[int, int]]:
        """Return the buffers that stand behind a project, its own first."""
        if source.pool == "project":
            return [self._books[k].pool]
        common = [
            self._books[j].pool
            for j, other in enumerate(self.sources)
            if j != k and isinstance(other, ProjectCredits) and (other.pool, other.credit) == ("common", source.credit)
        ]
        return [self._books[k].pool, *common]

    def _draw(self, pools: list[dict[int, int]], lots: int, kind: str, owner: int) -> None:
        for pool in pools:
            for i in sorted(pool):
                part = min(lots, pool[i])
                if part:
                    self._office.market.registry.cancel(i, GOVERNMENT_ACCOUNT, part)
                    pool[i] -= part
                    lots -= part
                    self._note(kind, "buffer_drawn", lots=part, account=owner, instrument=i)

    def _release_pools(self, on: date) -> None:
        """Give the buffer to the owner once the crediting period is over and nothing is to come."""
        waiting = {due.source for due in self.pipeline}
        for k, source in enumerate(self.sources):
            if not isinstance(source, ProjectCredits) or on.year <= source.last_year or k in waiting:
                continue
            pool, owner = self._books[k].pool, self.owners[k]
            for i, lots in pool.items():
                if lots:
                    self._office.market.registry.transfer(i, GOVERNMENT_ACCOUNT, owner, lots)
                    self._note(source.kind, "buffer_released", lots=lots, account=owner, instrument=i)
            pool.clear()

    def _note(
        self, kind: str, code: str, *, lots: int = 0, account: int = -1, instrument: int = -1, note: str = ""
    ) -> None:
        market = self._office.market
        market.events.append(Event(market.day, "year_open", kind, code, account, instrument, lots, note=note))

    # -- records

    def state(self) -> dict[str, Any]:
        """Return what changes over time."""
        return {
            "until": None if self._until is None else self._until.isoformat(),
            "refused": sorted(self._refused),
            "pipeline": [[due.on.isoformat(), *due[1:]] for due in self.pipeline],
            "books": [
                {
                    "loss": b.loss,
                    "credited": b.credited,
                    "owed": b.owed,
                    "rest": [b.rest.numerator, b.rest.denominator],
                    "pool": sorted(b.pool.items()),
                }
                for b in self._books
            ],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back what `state` returned."""
        until = state["until"]
        self._until = None if until is None else date.fromisoformat(until)
        self._refused = {(int(k), str(what)) for k, what in state["refused"]}
        self.pipeline = [Due(date.fromisoformat(on), *map(int, rest)) for on, *rest in state["pipeline"]]
        for book, saved in zip(self._books, state["books"], strict=True):
            book.loss, book.credited, book.owed = int(saved["loss"]), int(saved["credited"]), int(saved["owed"])
            book.rest = Fraction(int(saved["rest"][0]), int(saved["rest"][1]))
            book.pool = {int(i): int(n) for i, n in saved["pool"]}


def _act(name: str) -> str:
    """Return how an act of households is entered in the register of claims."""
    return f"act {name}"


def _claimed(source: Source) -> list[str]:
    """Return what a source claims."""
    if isinstance(source, ProjectCredits):
        return [site(source.claims)]
    return [_act(a.name) for a in source.activities]
