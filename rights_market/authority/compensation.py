"""Payments between zones along a river: from whom to whom, as far as the budgets of the zones go.

The budgets are those of local governments and stand outside the market: nothing of them is an account of the registry.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from rights_market.authority.claims import OTHERS, Claim, site
from rights_market.authority.office import Matter, Office
from rights_market.policies.zones import EcoCompensation

LAST_YEAR = 9999
"""Later than every year: such a claim gives way to every other."""


class Compensation:
    """Carries out the compensation of one right.

    Parameters
    ----------
    office : Office
    rule : EcoCompensation
    zones : sequence of str
    right : str
        Code of the right whose load is paid for.

    Attributes
    ----------
    budget_fen : dict of str to int
        Money of each zone, fen.
    """

    def __init__(self, office: Office, rule: EcoCompensation, zones: tuple[str, ...], right: str) -> None:
        self._office, self._rule, self._holder = office, rule, f"{rule.kind} of {right}"
        self.budget_fen = dict.fromkeys(zones, rule.fund_fen)
        for sink in rule.sinks:
            since = LAST_YEAR if sink.since is None else sink.since
            office.claims.enter(site(sink.site), Claim(since, OTHERS, self._holder))

    def pay(self, matter: Matter, measured: Mapping[str, Fraction]) -> None:
        """Let the zones of each pair pay each other for a year.

        Parameters
        ----------
        matter : Matter
        measured : mapping of str to Fraction
            Measured value of each zone; zones without one are missing.
        """
        year, counted = matter.period.vintage, set()
        for sink in self._rule.sinks:
            if not self._office.claims.is_held_by(site(sink.site), self._holder):
                words = f"sink {sink.site} is claimed already"
                self._office.note(matter, self._rule.kind, "double_claim", lots=sink.tonnes, note=words)
            elif sink.since is None or sink.since <= year:
                counted.add(sink.site)
        for pair in self._rule.pairs:
            tonnes = self._rule.sink_tonnes(pair.up, counted)
            due = self._rule.pay_fen(pair, measured.get(pair.up), tonnes)
            payer, payee = (pair.down, pair.up) if due >= 0 else (pair.up, pair.down)
            paid = min(abs(due), self.budget_fen[payer])
            self.budget_fen[payer] -= paid
            self.budget_fen[payee] += paid
            words = f"{payer} to {payee}"
            if paid:
                self._office.note(matter, self._rule.kind, "eco_payment", money_fen=paid, note=words)
            if paid < abs(due):
                self._office.note(matter, self._rule.kind, "rule_unmet", money_fen=abs(due) - paid, note=words)

    def state(self) -> dict[str, Any]:
        """Return what changes over time."""
        return {"budget_fen": sorted(self.budget_fen.items())}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back what `state` returned."""
        self.budget_fen = {zone: int(fen) for zone, fen in state["budget_fen"]}
