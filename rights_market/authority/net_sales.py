"""Net sales: lots sold less bought in the windows of the rules of carry-over."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt

from rights_market.authority.office import Office
from rights_market.policies.banking import NetSales
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
        self._rules: dict[Key, NetSales] = {
            (right, number): rule
            for right, history in office.histories.items()
            for number, rule in enumerate(
                dict.fromkeys(_counting(b.banking) for b in history.books if isinstance(b.banking, NetSales))
            )
        }
        self._lots: dict[Key, Int64] = {}
        if self._rules:
            office.market.tape.watch_sales()

    def count(self, on: date) -> None:
        """Count the trades of the day that has ended."""
        market = self._office.market
        for key, rule in self._rules.items():
            if rule.counts_on(on):
                shelf = self._office.shelf(key[0])
                sold = market.tape.net_sold(market.day, modes_of(rule), len(market.accounts))
                counted = sold[shelf.instruments[rule.concerns(shelf.vintages)]].sum(axis=0)
                self._lots[key] = self._filled(key) + counted

    def lots(self, right: str, rule: NetSales) -> Int64:
        """Return lots sold less bought so far in the window of a rule, shape (n_accounts,)."""
        wanted = _counting(rule)
        key = next(key for key, counted in self._rules.items() if key[0] == right and counted == wanted)
        return self._filled(key)

    def start_anew(self, right: str) -> None:
        """Forget what was sold by a right for rules that look at one compliance year, once it is closed."""
        for key, rule in self._rules.items():
            if key[0] == right and rule.window is None:
                self._lots.pop(key, None)

    def state(self) -> list[tuple[str, int, Int64]]:
        """Return all counts."""
        return [(*key, lots.copy()) for key, lots in self._lots.items()]

    def restore(self, state: list[Any]) -> None:
        """Put back what `state` returned."""
        self._lots = {(right, int(version)): np.array(lots) for right, version, lots in state}

    def _filled(self, key: Key) -> Int64:
        """Return a count with room for every account opened so far."""
        lots = np.zeros(len(self._office.market.accounts), np.int64)
        known = self._lots.get(key)
        if known is not None:
            lots[: len(known)] = known
        return lots


def _counting(rule: NetSales) -> NetSales:
    """Return a rule with what it counts alone; how much may be carried over by the count is set to nothing."""
    return replace(rule, base=0, factor=Decimal(0), to_vintage=None, floor_zero=True)


def modes_of(rule: NetSales) -> list[Mode]:
    """Return the modes of trading that a rule counts; the government's auctions are none of them."""
    found: list[Mode] = []
    for mode in Mode:
        name = mode.name.lower()
        is_related = name.endswith("_related")
        if mode is not Mode.AUCTION and (not rule.count or name.removesuffix("_related") in rule.count):
            found += [mode] if rule.related or not is_related else []
    return found
