"""Who takes part: the strategy of every firm, the institutions, and the seat of each trader in each right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from agents.firms import Firms
from agents.objects import OBJECT, Participant
from agents.seats import Seats
from agents.spec import PopulationSpec
from agents.streams import Streams
from rights_market.rulebook import RuleBook

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

SHARE_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Roster:
    """Traders in row order, firms first.

    Attributes
    ----------
    strategy : list of str
        Strategy of each trader.
    institution_names : list of str
    trades : ndarray of bool, shape (n_traders, n_rights)
        Which trader has a seat in which right.
    institution_cash_fen : ndarray of int64, shape (n_institutions,)
    limit_units : ndarray of float64, shape (n_traders,)
        Largest position of a trader without obligations, units of a right; 0 for firms.
    """

    strategy: list[str]
    institution_names: list[str]
    trades: Bools
    institution_cash_fen: Ints
    limit_units: npt.NDArray[np.float64]

    def seats(self, accounts: Ints) -> Seats:
        """Return a seat for each pair of trader and right, by right and then by trader."""
        right, trader = np.nonzero(self.trades.T)
        return Seats(right, trader, accounts[trader])

    def cash_fen(self, firms: Firms) -> Ints:
        """Return the cash of each trader at the start, fen."""
        return np.concatenate([firms.start_cash_fen(), self.institution_cash_fen])

    def position_lots(self, books: Sequence[RuleBook], seats: Seats) -> Ints:
        """Return the largest position of each seat, lots, at least one."""
        lot = np.array([float(b.right.lot) for b in books])
        return np.maximum(1, np.rint(self.limit_units[seats.trader] / lot[seats.right])).astype(np.int64)


def draw_roster(
    spec: PopulationSpec,
    firms: Firms,
    participants: Sequence[Participant],
    rights: list[str],
    streams: Streams,
    tradable: Sequence[bool] | None = None,
) -> Roster:
    """Draw the strategy of each firm, and line up institutions and then single objects behind the firms.

    Nobody has a seat in a right that is not `tradable`; without it, all are.

    Raises
    ------
    ValueError
        If the shares of strategies of some sector do not add up to 1, or a right does not exist.
    """
    strategy = _firm_strategies(spec, firms, streams)
    names: list[str] = []
    cash: list[int] = []
    limits = [0.0] * len(firms)
    seats = [firms.subject]
    for group in spec.institutions:
        traded = np.array([group.rights is None or code in group.rights for code in rights])
        for _ in range(group.count):
            names.append(f"{group.strategy}-{len(names) + 1:03d}")
            strategy.append(group.strategy)
            cash.append(round(group.cash_yuan * 100))
            limits.append(group.position_limit)
            seats.append(traded[np.newaxis, :])
    for one in participants:
        unknown = set(one.rights or ()) - set(rights)
        if unknown:
            raise ValueError(f"no right {sorted(unknown)}; this market has {rights}")
        names.append(one.name or f"{type(one.trader).__name__}-{len(names) + 1:03d}")
        strategy.append(OBJECT)
        cash.append(round(one.cash_yuan * 100))
        limits.append(0.0)
        seats.append(np.array([[one.rights is None or code in one.rights for code in rights]]))
    return Roster(
        strategy=strategy,
        institution_names=names,
        trades=np.concatenate(seats) & (True if tradable is None else np.array(tradable, np.bool_)),
        institution_cash_fen=np.array(cash, dtype=np.int64),
        limit_units=np.array(limits),
    )


def _firm_strategies(spec: PopulationSpec, firms: Firms, streams: Streams) -> list[str]:
    chosen = [""] * len(firms)
    for code, rows in zip(firms.sector_codes, firms.members, strict=True):
        shares = [(x.strategy, x.share) for x in spec.strategies if x.sectors is None or code in x.sectors]
        total = sum(share for _, share in shares)
        if abs(total - 1.0) > SHARE_TOLERANCE:
            raise ValueError(f"strategies of sector {code} have shares that add up to {total}, expected 1")
        bounds = np.cumsum([share for _, share in shares])
        draws = streams[f"roster.{code}"].random(len(rows))
        places = np.minimum(np.searchsorted(bounds, draws, side="right"), len(shares) - 1)
        for row, at in zip(rows.tolist(), places.tolist(), strict=True):
            chosen[row] = shares[at][0]
    return chosen
