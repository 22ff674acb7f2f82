"""What firms answer when the government would buy their idle rights, and when its reserve is on offer."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from rights_market.authority.reserve import MONTH

if TYPE_CHECKING:
    from agents.model import RightsMarketModel


def offer_reserve(model: RightsMarketModel) -> None:
    """Put the reserve of each right on sale for today where last month was dear."""
    reserve = model.authority.reserve
    for code in reserve.rights:
        progress = model.progress[model.right_codes.index(code)]
        value, lots = model.recorder.window(progress.instruments, model.day - 1, MONTH)
        if lots:
            reserve.offer(code, Fraction(value, lots * progress.rules.right.tick_value_fen))


def sell_idle_rights(model: RightsMarketModel) -> None:
    """Let the government buy back at the end of a year: firms sell what pays more than keeping it."""
    reserve = model.authority.reserve
    if not reserve.rights:
        return
    reserve.settle_sales()
    days, today = model.calendar.days, model.calendar.days[model.day]
    is_last = model.day + 1 == len(days) or days[model.day + 1].year != today.year
    for code in reserve.rights if is_last else ():
        reserve.buy_back(code, today, _accepts(model, code, reserve.price_fen(code, today)))


def _accepts(model: RightsMarketModel, code: str, price_fen: int) -> npt.NDArray[np.bool_]:
    """Return which firms value a unit at no more than is paid for it."""
    r = model.right_codes.index(code)
    right = model.progress[r].rules.right
    worth_fen = model.values_yuan()[:, r] / float(right.tick_yuan) * right.tick_value_fen
    return np.asarray(worth_fen <= price_fen)
