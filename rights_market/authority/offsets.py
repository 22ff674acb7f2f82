"""Credits handed in for a duty, up to the limit of the right that accepts them."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from rights_market.authority.office import Matter, Office
from rights_market.policies.compliance.offset_limit import Credits, OffsetLimit

Int64 = npt.NDArray[np.int64]
Key = tuple[str, str]


class Offsets:
    """Takes accepted credits, and remembers how many were used for a period.

    Parameters
    ----------
    office : Office
    """

    def __init__(self, office: Office) -> None:
        self._office = office
        self._used: dict[Key, Int64] = {}
        of = office.market.instruments.of
        kinds = [(of(credit.right.code, v), credit) for credit in office.market.credits for v in credit.vintages]
        self._instruments = np.array([x.index for x, _ in kinds], np.int64)
        self._expires = [credit.expires for _, credit in kinds]
        self._credits = Credits(
            [credit.type for _, credit in kinds],
            np.array([x.vintage for x, _ in kinds], np.int64),
            np.array([credit.is_local for _, credit in kinds], np.bool_),
        )

    def hand_in(self, matter: Matter, wanted: Int64, on: date, may_use: npt.NDArray[np.bool_]) -> Int64:
        """Take credits of those who may use them for a duty on a date, and return what is still wanted, by firm."""
        rule = self._office.books[matter.right].offset_limit
        if rule is None or not len(self._instruments) or not wanted.any():
            return wanted
        office, registry, accounts = self._office, self._office.market.registry, self._office.accounts
        usable = rule.accepts(self._credits) & np.array([d is None or on <= d for d in self._expires])
        if office.books[matter.right].surrender.cancel_orders:
            office.withdraw_asks(matter, rule.kind, self._instruments[usable], accounts[wanted > 0])
        stock = registry.free[np.ix_(self._instruments, accounts)] * (usable[:, np.newaxis] & may_use)
        used = self._used.get(matter.key, np.zeros_like(stock))
        take = rule.take(wanted, stock, used, self._credits, self._basis(matter, rule), matter.period.vintage)
        for i, lots in zip(self._instruments.tolist(), take, strict=True):
            rows = np.flatnonzero(lots)
            if rows.size:
                registry.surrender(i, accounts[rows], lots[rows])
                office.note(matter, rule.kind, "surrendered", instrument=i, lots=int(lots.sum()))
        self._used[matter.key] = used + take
        missing: Int64 = wanted - take.sum(axis=0)
        kept_out = np.minimum((stock - take).sum(axis=0), missing)
        office.note_each(matter, rule.kind, "offset_limited", accounts, kept_out)
        return missing

    def _basis(self, matter: Matter, rule: OffsetLimit) -> Int64:
        obligations = self._office.market.obligations
        read = obligations.verified_lots if rule.basis == "verified" else obligations.obligation_lots
        return read(*matter.key)[self._office.accounts]

    def state(self) -> list[tuple[str, str, Int64]]:
        """Return what was used by right and period."""
        return [(*key, lots.copy()) for key, lots in self._used.items()]

    def restore(self, state: list[Any]) -> None:
        """Put back what `state` returned."""
        self._used = {(right, period): np.array(lots) for right, period, lots in state}
