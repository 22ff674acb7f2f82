"""Operation codes of the registry journal as plain integers, so that kernels can write journal rows.

`rights_market.registry.journal.Op` gives them names for people.
"""

from __future__ import annotations

from typing import Final

ISSUE: Final = 0
TRANSFER: Final = 1
FREEZE: Final = 2
RELEASE: Final = 3
PLEDGE: Final = 4
REDEEM: Final = 5
SURRENDER: Final = 6
CANCEL: Final = 7
EXPIRE: Final = 8
CARRY_OUT: Final = 9
CARRY_IN: Final = 10
CONVERT_OUT: Final = 11
CONVERT_IN: Final = 12
DEPOSIT: Final = 13
WITHDRAW: Final = 14
PAY: Final = 15
FREEZE_CASH: Final = 16
RELEASE_CASH: Final = 17
DELIVER: Final = 18
FEE_FROZEN: Final = 19
FEE: Final = 20
UNLOCK: Final = 21
