"""When what was bought or earned may be used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Le

from rights_market.policies.rule import Rule

UnitsLag = Annotated[int, Ge(0), Le(1)]
CashLag = Annotated[int, Ge(0), Le(10)]


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementCycle(Rule):
    """When bought units may be sold again, and when the money of a sale may be spent.

    Attributes
    ----------
    units_lag_days : int
        Trading days from purchase to resale, 0 or 1.  Surrender is not banned.
    cash_lag_days : int
        Trading days from sale to use of the money, 0 to 10; until then it pays for nothing, neither bids nor fines.
        Charges of the sale come out of it all the same.

    References
    ----------
    Carbon emission trading rules (trial), 2021: no resale on the day of purchase [seen].
    """

    kind: Literal["settlement_cycle"] = "settlement_cycle"
    units_lag_days: UnitsLag = 1
    cash_lag_days: CashLag = 0

    def usable_on(self, sold_on: int) -> int:
        """Return the trading day from which the money of a sale may be used.

        Examples
        --------
        >>> SettlementCycle().usable_on(5), SettlementCycle(cash_lag_days=2).usable_on(5)
        (5, 7)
        """
        return sold_on + self.cash_lag_days

    def sellable(self, free: int, bought_today: int) -> int:
        """Return the lots of an account that may be sold today.

        Examples
        --------
        >>> SettlementCycle().sellable(free=13, bought_today=10), SettlementCycle(units_lag_days=0).sellable(13, 10)
        (3, 13)
        """
        return free - bought_today if self.units_lag_days else free
