"""The reserves of one right, as far as its rule book has them."""

from __future__ import annotations

from typing import NamedTuple, Self

from rights_market.authority.office import Office
from rights_market.authority.supply.circulation import StabilityReserve
from rights_market.authority.supply.consigned import Consigned
from rights_market.authority.supply.pots import Pot
from rights_market.authority.supply.reserve_sales import ReserveSales
from rights_market.policies.stability import MarketStabilityReserve, PriceIndexedSupply, TieredPriceReserve
from rights_market.rulebook import RuleBook


class Reserves(NamedTuple):
    """Where lots wait that are not planned for an auction; None for a reserve that the rule book does not have.

    Attributes
    ----------
    stability : StabilityReserve or None
    sales : ReserveSales or None
        The reserve that is sold in tiers.
    indexed : Pot or None
        What supply that follows the price has cut.
    consigned : Consigned or None
    """

    stability: StabilityReserve | None
    sales: ReserveSales | None
    indexed: Pot | None
    consigned: Consigned | None

    @classmethod
    def of(cls, office: Office, book: RuleBook) -> Self:
        """Open the accounts of the reserves that a rule book has."""
        code, stability, tiers = book.right.code, book.steady(MarketStabilityReserve), book.steady(TieredPriceReserve)
        return cls(
            stability=None if stability is None else StabilityReserve(office, code, stability),
            sales=None if tiers is None else ReserveSales(office, code, tiers),
            indexed=None if book.steady(PriceIndexedSupply) is None else Pot(office, code, "supply reserve"),
            consigned=None if book.consignment is None else Consigned(office, book.consignment),
        )
