"""The authority: carries out the compliance year by the rule book of each right."""

from rights_market.authority.authority import Authority
from rights_market.authority.fines import fine_per_lot, lump_fine_fen, mean_price_fen
from rights_market.authority.office import Covered
from rights_market.authority.zones import ZonesOfRight

__all__ = ["Authority", "Covered", "ZonesOfRight", "fine_per_lot", "lump_fine_fen", "mean_price_fen"]
