"""Unused units lapse."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from rights_market.policies.banking.carry import BankingRule, ends_a_phase


@dataclass(frozen=True, slots=True, kw_only=True)
class NoBanking(BankingRule):
    """Unused units lapse.

    Attributes
    ----------
    phase_end : tuple of date
        Dates of banking close on which units lapse; on others they stay valid.  Empty: on every one.

    References
    ----------
    European Union, end of phase 1 in 2007 [known]; the price of 0.01 EUR in that year [seen] is what it does.
    """

    kind: Literal["none"] = "none"
    phase_end: tuple[date, ...] = ()

    def bites(self, on: date | None) -> bool:
        """Return whether the phase ends at a banking close on this date."""
        return ends_a_phase(self.phase_end, on)
