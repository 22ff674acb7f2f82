"""Net sales: lots sold less bought in the windows of the rules of carry-over."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from rights_market.authority.office import Office
from rights_market.policies.banking import BankingRule, CountedSales
from rights_market.records import Mode

Int64 = npt.NDArray[np.int64]
Key = tuple[str, int]


class SalesCount:
    """Counts trades for every rule book of a right that may ever ask, whether it is in force, announced or neither.

    So trades count in the window of the rule in force at the banking close, also those made before it was announced.
    Rules that differ only in what follows from a count share it.

    Parameters
    ----------
    office : Office
    """

    def __init__(self, office: Office) -> None:
        self._office = office
        asked = {
            (right, version): book.banking.counted_sales
            for right, history in office.histories.items()
            for version, book in enumerate(history.books)
        }
        self._asked: dict[Key, CountedSales] = {key: sales for key, sales in asked.items() if sales is not None}
        self._lots: dict[Key, Int64] = {}
        if self._asked:
            office.market.tape.watch_sales()

    def count(self, on: date) -> None:
        """Count the trades of the day that has ended."""
        market = self._office.market
        primary = self._office.primary.take()
        for key, asked in self._asked.items():
            if asked.counts_on(on):
                shelf = self._office.shelf(key[0])
                mine = shelf.instruments[asked.concerns(shelf.vintages)]
                sold = market.tape.net_sold(market.day, modes_of(asked), len(market.accounts))
                counted = self._filled(key) + sold[mine].sum(axis=0)
                for instrument, accounts, lots in primary if asked.primary else ():
                    if instrument in mine:
                        np.add.at(counted, accounts, lots)
                self._lots[key] = counted

    def lots(self, right: str, rule: BankingRule) -> Int64:
        """Return lots sold less bought so far in the window of a rule, shape (n_accounts,)."""
        asked = rule.counted_sales
        return self._filled(next(key for key, known in self._asked.items() if key[0] == right and known == asked))

    def start_anew(self, right: str) -> None:
        """Forget what was sold by a right for rules that look at one compliance year, once it is closed."""
        for key, asked in self._asked.items():
            if key[0] == right and asked.window is None:
                self._lots.pop(key, None)

    def state(self) -> dict[str, Any]:
        """Return all counts, and what was sold by the government today."""
        return {
            "lots": [(*key, lots.copy()) for key, lots in self._lots.items()],
            "primary": self._office.primary.state(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back what `state` returned."""
        self._lots = {(right, int(version)): np.array(lots) for right, version, lots in state["lots"]}
        self._office.primary.restore(state["primary"])

    def _filled(self, key: Key) -> Int64:
        """Return a count with room for every account opened so far."""
        lots = np.zeros(len(self._office.market.accounts), np.int64)
        known = self._lots.get(key)
        if known is not None:
            lots[: len(known)] = known
        return lots


def modes_of(asked: CountedSales) -> list[Mode]:
    """Return the modes of trading between accounts that count."""
    names = {mode: mode.name.lower() for mode in Mode}
    return [
        mode
        for mode, name in names.items()
        if asked.counts(name.removesuffix("_related"), related=name.endswith("_related"))
    ]
