"""Trade in credits: their owners sell what is worth more than it costs them, firms buy what they may hand in.

All credits are traded once a day in a call auction, in which owners ask their costs and firms bid what an allowance is
worth to them, less what a credit may lose: it is accepted up to a limit only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from agents.streams import CREDIT_ARRIVALS, REVERSALS
from rights_market import Orders, Side
from rights_market.policies.compliance.offset_limit import Credits

if TYPE_CHECKING:
    from agents.model import RightsMarketModel
    from agents.progress import RightProgress

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

DISCOUNT = 0.05
"""Share by which a credit is worth less to a firm than an allowance: it may not be accepted later [approx]."""
CASH_SHARE = 0.2
"""Share of its cash that a firm bids for credits on a day."""


class CreditTrade:
    """Issues of credits and their daily auction.

    Parameters
    ----------
    model : RightsMarketModel
    """

    def __init__(self, model: RightsMarketModel) -> None:
        self._model = model
        market = model.market
        of = market.instruments.of
        kinds = [(of(c.right.code, v), c) for c in market.credits for v in c.vintages]
        self._instruments: Ints = np.array([x.index for x, _ in kinds], dtype=np.int64)
        self._codes = [c.right.code for _, c in kinds]
        self._tick_fen: Ints = np.array([c.right.tick_value_fen for _, c in kinds], dtype=np.int64)
        self._credits = Credits(
            [c.type for _, c in kinds],
            np.array([x.vintage for x, _ in kinds], dtype=np.int64),
            np.array([c.is_local for _, c in kinds], dtype=np.bool_),
        )

    def open_now(self) -> list[int]:
        """Return the instruments of credits that anybody holds."""
        outstanding = self._model.market.registry.outstanding
        return [int(i) for i in self._instruments if outstanding[i] > 0]

    def issue(self) -> None:
        """Let the authority issue what is due today."""
        model, office = self._model, self._model.authority.credits
        if office.sources:
            today = model.calendar.days[model.day]
            draws = model.streams[REVERSALS].random(office.draws_needed(today))
            office.serve(today, draws)

    def usable_lots(self, progress: RightProgress, owed: Floats) -> Floats:
        """Return the lots of a duty that each firm will meet with credits it holds, shape (n_firms,)."""
        rule = progress.rules.offset_limit
        if rule is None or not len(self._instruments):
            return np.zeros(len(owed))
        return np.minimum(self._held(rule.accepts(self._credits)), self._room(progress, owed))

    def _held(self, accepted: npt.NDArray[np.bool_]) -> Floats:
        registry, accounts = self._model.market.registry, self._model.accounts_of[: len(self._model.firms)]
        at = np.ix_(self._instruments[accepted], accounts)
        return np.asarray((registry.free[at] + registry.frozen[at]).sum(axis=0), dtype=np.float64)

    def _room(self, progress: RightProgress, owed: Floats) -> Floats:
        rule, front = progress.rules.offset_limit, progress.front(self._model.day)
        assert rule is not None
        if front is None:
            return np.zeros(len(owed))
        share = float(rule.share_of(progress.rules.periods[front].vintage))
        return np.floor(share * np.maximum(owed, 0.0))

    # -- the day's auction

    def hold(self) -> None:
        """Hold the auction of all credits that are open today."""
        model = self._model
        is_open = {int(i) for i in self._instruments if model.market.is_open[i]}
        if not is_open:
            return
        rows = [row for row in (*self._asks(), *self._bids()) if row[1] in is_open]
        if not rows:
            return
        account, instrument, side, price, lots = (np.array(column) for column in zip(*rows, strict=True))
        order = model.streams[CREDIT_ARRIVALS].permutation(len(rows))
        orders = Orders.of(account, instrument, side, price, lots)
        model.market.call_auction(orders.take(order))

    def _asks(self) -> list[tuple[int, int, int, int, int]]:
        """Return what owners offer: each part of their stock at its cost."""
        office, market = self._model.authority.credits, self._model.market
        rows = []
        for source, owner in zip(office.sources, office.owners, strict=True):
            for k in self._of(source.credit):
                i, tick = int(self._instruments[k]), int(self._tick_fen[k])
                top = market.instruments[i].right.max_price_ticks
                for lots, cost_fen in source.offers(int(market.registry.free[i, owner])):
                    price = -(-cost_fen // tick)
                    if price <= top:
                        rows.append((owner, i, int(Side.ASK), max(1, price), lots))
        return rows

    def _of(self, code: str) -> list[int]:
        return [k for k, found in enumerate(self._codes) if found == code]

    def _bids(self) -> list[tuple[int, int, int, int, int]]:
        """Return what firms bid for the oldest credit on offer: up to the limit, spread over the days that are left."""
        model = self._model
        accounts = model.accounts_of[: len(model.firms)]
        values = model.values_yuan()
        rows: list[tuple[int, int, int, int, int]] = []
        for progress in model.progress:
            front, rule = progress.front(model.day), progress.rules.offset_limit
            if front is None or rule is None:
                continue
            accepted = np.flatnonzero(rule.accepts(self._credits))
            offered = [k for k in accepted.tolist() if model.market.is_open[self._instruments[k]]]
            if not offered:
                continue
            k = min(offered, key=lambda k: (self._credits.vintages[k], k))
            owed = model.forecasts.expected_use(progress, front) / float(progress.rules.right.lot)
            room = self._room(progress, owed) - self._held(rule.accepts(self._credits))
            days = max(0, progress.deadline_day[front] - model.day)
            wish = np.where(model.firms.covered[:, progress.index], room * min(1.0, 2.0 / (days + 1.0)), 0.0)
            i, tick = int(self._instruments[k]), int(self._tick_fen[k])
            worth_fen = values[:, progress.index] * float(progress.rules.right.lot) * 100.0 * (1.0 - DISCOUNT)
            top = model.market.instruments[i].right.max_price_ticks
            price = np.minimum(np.floor(worth_fen / tick), top).astype(np.int64)
            money = CASH_SHARE * model.market.registry.cash[accounts] / np.maximum(price * tick, 1)
            lots = np.floor(np.minimum(np.ceil(wish), money)).astype(np.int64)
            rows += [
                (int(accounts[f]), i, int(Side.BID), int(price[f]), int(lots[f]))
                for f in np.flatnonzero((lots > 0) & (price > 0)).tolist()
            ]
        return rows
