"""What firms answer when the government would buy their idle rights, and when its reserve is on offer.

Strategic firms that lack units are served before all others, at any time; new projects come to the reserve with their
applications.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from agents.partner_search import firm_rows
from agents.strategies.compliance import buyer_limit
from rights_market.authority.reserve import MONTH
from rights_market.policies.government_reserve import GovernmentReserve

if TYPE_CHECKING:
    from agents.model import RightsMarketModel


def serve_strategic(model: RightsMarketModel, *, before_projects: bool) -> None:
    """Sell from the reserve to strategic firms that lack units and would pay its price.

    Parameters
    ----------
    before_projects : bool
        Whether this is the time before new projects are served, or the one after; each rule has its own.
    """
    reserve, seats = model.authority.reserve, model.seats
    for code, rule in reserve.rights.items():
        if "strategic" not in rule.priority or before_projects != _come_first(rule):
            continue
        progress = model.progress[model.right_codes.index(code)]
        rows = firm_rows(model, progress.index)
        names = np.array(model.firms.names)[seats.trader[rows]]
        rows = rows[np.isin(names, rule.strategic) & (seats.wish_lots[rows] >= 1.0)]
        rows = rows[buyer_limit(model.desk, rows) >= rule.sale_price_ticks]
        for seat in rows.tolist():
            account = int(seats.account[seat])
            lots = min(int(seats.wish_lots[seat]), reserve.available_lots(code, account))
            if lots:
                seats.wish_lots[seat] -= reserve.release_to(code, account, lots)
                seats.quota[seat] = min(int(seats.quota[seat]), int(seats.wish_lots[seat]))


def _come_first(rule: GovernmentReserve) -> bool:
    """Return whether strategic firms are served before new projects."""
    return rule.priority[0] == "strategic"


def offer_reserve(model: RightsMarketModel) -> None:
    """Put the reserve of each right on sale where last month was dear, once those with priority are served."""
    reserve = model.authority.reserve
    serve_strategic(model, before_projects=False)
    for code in reserve.rights:
        progress = model.progress[model.right_codes.index(code)]
        value, lots = model.recorder.window(progress.instruments, model.day - 1, MONTH)
        if lots:
            reserve.offer(code, Fraction(value, lots * progress.rules.right.tick_value_fen))


def sell_idle_rights(model: RightsMarketModel) -> None:
    """Let the government buy back at the end of a year: firms sell what pays more than keeping it.

    What firms have left that have closed and settled all they owed is idle as a whole.
    """
    reserve = model.authority.reserve
    if not reserve.rights:
        return
    reserve.settle_sales()
    days, today = model.calendar.days, model.calendar.days[model.day]
    is_last = model.day + 1 == len(days) or days[model.day + 1].year != today.year
    for code in reserve.rights if is_last else ():
        accepts = _accepts(model, code, reserve.price_fen(code, today))
        reserve.buy_back(code, today, accepts, model.entry_exit.settled(code))


def _accepts(model: RightsMarketModel, code: str, price_fen: int) -> npt.NDArray[np.bool_]:
    """Return which firms value a unit at no more than is paid for it."""
    r = model.right_codes.index(code)
    right = model.progress[r].rules.right
    worth_fen = model.values_yuan()[:, r] / float(right.tick_yuan) * right.tick_value_fen
    return np.asarray(worth_fen <= price_fen)
