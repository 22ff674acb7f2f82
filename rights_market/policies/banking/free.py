"""All unused units stay valid."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from rights_market.policies.banking.carry import BankingRule


@dataclass(frozen=True, slots=True, kw_only=True)
class FreeBanking(BankingRule):
    """All unused units stay valid.

    Attributes
    ----------
    relabel : str
        ``keep`` the vintage, or replace units by the ``new_vintage``.

    References
    ----------
    European Union since phase 2, with replacement at the end of a phase; Chinese plans for 2019 to 2022 [known].
    """

    kind: Literal["free"] = "free"
    relabel: Literal["keep", "new_vintage"] = "keep"

    def bites(self, on: date | None) -> bool:
        """Return that nothing ever lapses."""
        return False

    def replaced_by(self, following: int | None, on: date | None) -> int | None:
        """Return the next vintage, if carried units get it."""
        return following if self.relabel == "new_vintage" else None
