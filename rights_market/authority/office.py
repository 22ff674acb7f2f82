"""What every hand of the authority works with: the market, the firms, the rule books, and the record of events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rights_market.authority.claims import Claims
from rights_market.authority.primary_sales import PrimarySales
from rights_market.exchange.calendar import Hook, Period
from rights_market.market import Market
from rights_market.policies.where import Where
from rights_market.records import Event
from rights_market.rule_change import Change, RuleChange
from rights_market.rule_history import RuleHistory
from rights_market.rulebook import RuleBook

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Covered:
    """Who is regulated.

    Attributes
    ----------
    accounts : ndarray of int64, shape (n,)
    sectors, classes : tuple of str
        What `where` of a rule looks at; without classes, the sector is the class.
    regions : tuple of str
        Region (prefecture) of each firm; without them nobody knows where a firm is.
    owners : tuple of str
        Owner of each firm, empty for one that belongs to nobody else; without owners, no firm has one.
    """

    accounts: Int64
    sectors: tuple[str, ...]
    classes: tuple[str, ...] = field(default=())
    regions: tuple[str, ...] = field(default=())
    owners: tuple[str, ...] = field(default=())
    _meant: dict[tuple[Where, int], npt.NDArray[np.intp]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def meant_by(self, where: Where, year: int) -> npt.NDArray[np.intp]:
        """Return the positions of the firms that a rule concerns in a year, read-only; looked up once."""
        if (where, year) not in self._meant:
            rows = np.flatnonzero(where.mask(self.sectors, self.classes or self.sectors, year))
            rows.flags.writeable = False
            self._meant[where, year] = rows
        return self._meant[where, year]


class Shelf(NamedTuple):
    """The instruments of one right, oldest vintage first.

    Attributes
    ----------
    instruments, vintages : ndarray of int64, shape (n_instruments,)
    """

    instruments: Int64
    vintages: Int64


class Matter(NamedTuple):
    """One duty at hand: a hook of a period of a right.

    Attributes
    ----------
    hook : Hook
    right : str
        Code of the right.
    period : Period
    instrument : int
        Registry index of the period's vintage.
    """

    hook: Hook
    right: str
    period: Period
    instrument: int

    @property
    def key(self) -> tuple[str, str]:
        """Right and name of the period, as obligations are filed."""
        return self.right, self.period.name


class Office:
    """The market that the authority acts on, and its pen.

    Parameters
    ----------
    market : Market
    firms : Covered
    changes : sequence of RuleChange
        Dated changes of the rules.

    Attributes
    ----------
    histories : dict of str to RuleHistory
        Rules in time by code of the right.
    books : dict of str to RuleBook
        Rule books in force by code of the right.
    primary : PrimarySales
        What was bought from the government today.
    claims : Claims
        Who may claim the tonnes of which place.
    """

    def __init__(self, market: Market, firms: Covered, changes: Sequence[RuleChange] = ()) -> None:
        self.market = market
        if firms.owners:
            market.accounts.set_owners(firms.accounts, firms.owners)
        self.firms = firms
        self.histories = {b.right.code: RuleHistory(b, changes) for b in market.rule_books}
        self.books: dict[str, RuleBook] = {code: history.book for code, history in self.histories.items()}
        self.primary = PrimarySales()
        self.claims = Claims()
        self._shelves = {code: _shelf(market, code) for code in self.books}

    def adopt(self, right: str) -> None:
        """Take up the rule book of a right that is in force."""
        self.books[right] = self.histories[right].book

    @property
    def accounts(self) -> Int64:
        """Accounts of the regulated firms."""
        return self.firms.accounts

    def shelf(self, right: str) -> Shelf:
        """Return the instruments of a right."""
        return self._shelves[right]

    def matter(self, hook: Hook, right: str, period: Period) -> Matter:
        """Return the record of a duty at hand."""
        return Matter(hook, right, period, self.market.instruments.of(right, period.vintage).index)

    def following(self, right: str, period: Period) -> Period | None:
        """Return the period after this one, None after the last."""
        return next((p for p in self.books[right].periods if p.vintage > period.vintage), None)

    def previous(self, right: str, period: Period) -> Period | None:
        """Return the period before this one, None before the first."""
        return next((p for p in reversed(self.books[right].periods) if p.vintage < period.vintage), None)

    def note(
        self,
        matter: Matter,
        rule: str,
        code: str,
        *,
        instrument: int | None = None,
        account: int = -1,
        lots: int = 0,
        price_ticks: int = 0,
        money_fen: int = 0,
        note: str = "",
    ) -> None:
        """Write down what happened to all firms together or to one account, by default in the period's vintage."""
        which = matter.instrument if instrument is None else instrument
        day = self.market.registry.day
        self.market.events.append(
            Event(day, matter.hook, rule, code, account, which, lots, price_ticks, money_fen, note)
        )

    def note_rules(self, right: str, code: str, change: Change) -> None:
        """Write down that a change of the rules was announced or came into force."""
        words = f"{right}: {', '.join(change.slots)}, from {change.start}"
        words += f"; {change.reason}" if change.reason else ""
        self.market.events.append(Event(self.market.registry.day, "rule_change", "rule_change", code, note=words))

    def note_each(
        self,
        matter: Matter,
        rule: str,
        code: str,
        accounts: Int64,
        lots: Int64 | None = None,
        money_fen: Int64 | None = None,
        *,
        instrument: int | None = None,
    ) -> None:
        """Write down a row for each account whose amount is not 0."""
        amounts = lots if lots is not None else money_fen
        if amounts is None:
            raise ValueError(f"event {code} has neither lots nor money")
        day, hook = self.market.registry.day, matter.hook
        which = matter.instrument if instrument is None else instrument
        rows = np.flatnonzero(amounts)
        whole = np.zeros(len(rows), np.int64)
        columns = (
            accounts[rows],
            whole if lots is None else lots[rows],
            whole if money_fen is None else money_fen[rows],
        )
        self.market.events.extend(
            Event(day, hook, rule, code, account, which, lots=n, money_fen=fen)
            for account, n, fen in zip(*(x.tolist() for x in columns), strict=True)
        )

    def at_hand(self, right: str) -> int:
        """Return the registry index of the youngest vintage of a right that was issued, the first one before any."""
        instruments = self._shelves[right].instruments
        issued = np.flatnonzero(self.market.registry.total("issued")[instruments])
        return int(instruments[issued[-1] if issued.size else 0])

    def note_firm(
        self,
        hook: Hook,
        rule: str,
        code: str,
        row: int | None = None,
        *,
        right: str | None = None,
        lots: int = 0,
        money_fen: int = 0,
        note: str = "",
    ) -> None:
        """Write down what happened to one firm (or to none in particular) apart from any period."""
        account = -1 if row is None else int(self.accounts[row])
        which = -1 if right is None else self.at_hand(right)
        day = self.market.registry.day
        self.market.events.append(
            Event(day, hook, rule, code, account, which, lots=lots, money_fen=money_fen, note=note)
        )

    def withdraw_asks(self, matter: Matter, rule: str, instruments: Int64, accounts: Int64) -> bool:
        """Cancel sell orders and offers of accounts in some instruments, and return whether there were any."""
        any_order = False
        for i in instruments.tolist():
            frozen = self.market.registry.frozen[i, accounts].copy()
            if not frozen.any():
                continue
            self.market.cancel_asks(accounts[frozen > 0], i)
            lots = frozen - self.market.registry.frozen[i, accounts]
            if lots.any():
                any_order = True
                self.note_each(matter, rule, "order_cancelled_by_registrar", accounts, lots, instrument=i)
        return any_order


def _shelf(market: Market, right: str) -> Shelf:
    found = market.instruments.of_right(right)
    return Shelf(np.array([x.index for x in found], np.int64), np.array([x.vintage for x in found], np.int64))
