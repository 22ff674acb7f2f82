"""What follows a shortfall: fines, sanctions, and lots that stay owed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from rights_market.authority.coverage import Coverage
from rights_market.authority.fines import Fines
from rights_market.authority.mrv.offences import Offences
from rights_market.authority.office import Matter, Office
from rights_market.authority.sanctions import SanctionList
from rights_market.authority.surrender import hand_in
from rights_market.exchange.calendar import Period
from rights_market.policies.compliance import MakeGood, Penalty
from rights_market.registry.obligations import Debt

Int64 = npt.NDArray[np.int64]


class Shortfalls:
    """Charges those who missed lots, and asks for the lots.

    Parameters
    ----------
    office : Office
    coverage : Coverage
    fines : Fines
    offences : Offences
    sanctions : SanctionList
    """

    def __init__(
        self, office: Office, coverage: Coverage, fines: Fines, offences: Offences, sanctions: SanctionList
    ) -> None:
        self._office = office
        self._coverage = coverage
        self._fines = fines
        self._offences = offences
        self._sanctions = sanctions

    def penalise(
        self,
        right: str,
        period: Period,
        prices_fen: Mapping[int, Fraction],
        draws: npt.NDArray[np.float64] | None = None,
    ) -> Int64:
        """Fine those who miss lots; what they cannot pay stays owed.

        Parameters
        ----------
        prices_fen : mapping of int to Fraction
            Mean market price up to the deadline, fen a lot, by the calendar days of its window (`price_windows`).
        draws : ndarray of float64, or None
            Where between the bounds of a lump sum each firm lies, 0 to 1; None: in the middle.

        Returns
        -------
        ndarray of int64
            Fines, fen.

        Raises
        ------
        ExchangeError
            If the period was fined before.
        """
        return self._fines.charge(self._office.matter("penalty", right, period), prices_fen, draws)

    def collect(self, calendar_days: int) -> Int64:
        """Let days pass since the last call, then take what cash there is for unpaid fines and their late fees.

        Returns
        -------
        ndarray of int64
            What was paid, fen.
        """
        return self._fines.collect(calendar_days) + self._offences.collect()

    def penalties_of(self, right: str, period: Period) -> list[tuple[Penalty, npt.NDArray[np.intp]]]:
        """Return the penalty rules of a period, as announced so far, each with the firms that it concerns."""
        book = self._office.histories[right].on(period.penalty or period.deadline)
        return [(rule, rows) for _, rule, rows in self._fines.rules_of(book, period.vintage)]

    def sanction(self, right: str, period: Period, on: date) -> None:
        """Let follow what the rules say to those who missed lots at the deadline, today."""
        missing = self._office.market.obligations.shortfall(right, period.name)[self._office.accounts]
        self._sanctions.offend(self._office.matter("penalty", right, period), np.flatnonzero(missing), on)

    def price_windows(self, right: str, period: Period) -> set[int]:
        """Return over how many calendar days before the deadline the fines of a period need the mean price."""
        rules = self._fines.rules_of(self._office.books[right], period.vintage)
        return {rule.price_window for _, rule, _ in rules if rule.form == "multiple"}

    def write_off_closed(self) -> Int64:
        """Give up the fines that closed firms have not paid, and return them, fen: the public's loss."""
        rows = np.array(list(self._coverage.closed_on), np.intp)
        given_up = self._fines.write_off(rows)
        for row in np.flatnonzero(given_up).tolist():
            self._office.note_firm("year_open", "entry_exit", "written_off", row, money_fen=int(given_up[row]))
        return given_up

    def make_good(self, right: str, period: Period, following: Period | None) -> None:
        """Ask for what is missing: at once where the rule has a date of its own, and from the next period.

        Where no period follows, what is left is written down as `rule_unmet`: there is no duty to add it to.
        """
        rule = self._office.books[right].make_good
        if rule is None:
            return
        matter = self._office.matter("make_good", right, period)
        obligations, accounts = self._office.market.obligations, self._office.accounts
        due = rule.due(
            obligations.shortfall(right, period.name)[accounts], obligations.forgiven_lots(right, period.name)[accounts]
        )
        if not due.any():
            return
        self._office.note_each(matter, rule.kind, "make_good_due", self._office.accounts, due)
        if rule.deadline is not None:
            due = hand_in(self._office, matter, self._office.books[right].surrender, due)
        self._owe(matter, rule, due, following)

    def _owe(self, matter: Matter, rule: MakeGood, due: Int64, following: Period | None) -> None:
        if following is not None:
            self._office.market.obligations.add_debt(
                matter.right, following.name, Debt.MAKE_GOOD, due, self._office.accounts
            )
        elif due.any():
            self._office.note(matter, rule.kind, "rule_unmet", lots=int(due.sum()), note="no next period")
