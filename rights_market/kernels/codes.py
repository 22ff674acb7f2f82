"""Kinds of orders and reasons of refusal as plain integers, so that kernels can compare and write them.

`rights_market.records.OrderKind` and `rights_market.records.Reason` give them names for people.
"""

from __future__ import annotations

from typing import Final

LIMIT: Final = 0
MARKET: Final = 1
IOC: Final = 2
FOK: Final = 3
CANCEL: Final = 4
REPLACE: Final = 5
REQUOTE: Final = 6

ACCEPTED: Final = 0
INSUFFICIENT_CASH: Final = 1
INSUFFICIENT_HOLDINGS: Final = 2
RESALE_BAN: Final = 3
OFF_LOT: Final = 5
OUTSIDE_PRICE_LIMIT: Final = 6
OUTSIDE_PRICE_RANGE: Final = 7
UNKNOWN_ORDER: Final = 8
NOT_OWNER: Final = 9
NOT_FILLABLE: Final = 10
NO_COUNTERPARTY: Final = 11
SELF_TRADE: Final = 12
MARKET_CLOSED: Final = 13
UNKNOWN_INSTRUMENT: Final = 14
UNKNOWN_ACCOUNT: Final = 15
TOO_LARGE: Final = 16

# Reasons in the journal: of a delivery whose lots are locked, whose money is held back (they add up), and of a fee that
# is a tax.
LOCKED: Final = 1
HELD: Final = 2
TAX: Final = 1
