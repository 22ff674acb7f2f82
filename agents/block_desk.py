"""Who looks for a block when: large firms, and groups that even out their positions at the end of the year.

A buyer of a large lot asks those whom it knows, on few days far from the deadline and on every one near it.  Whoever of
them has enough to spare answers with what a kept unit is worth to it.  The listed market is the way out of both: they
share what lies between the seller's answer and the last price, and only a buyer whose limit is higher pays more than
that, just what the seller asks.  At the end of the calendar year firms of one group pass surplus on to
those of the group that are short, at a discount on the last price and without waiting for certainty: a mistake inside a
group can be put right inside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from agents.partner_search import chance, days_left, firm_rows, on_offer
from agents.planning import LAST_DAYS
from agents.relations import Relations
from agents.seats import Rows
from agents.strategies.compliance import buyer_limit, seller_reserve
from agents.streams import BLOCK_SEARCH
from rights_market.exchange.block_trades import BlockInterests
from rights_market.policies.trading import BlockAgreement

if TYPE_CHECKING:
    from agents.model import RightsMarketModel
    from agents.progress import RightProgress

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


class BlockDesk:
    """Brings together those who would trade large lots, where a right has a rule for blocks.

    Parameters
    ----------
    model : RightsMarketModel
        Read only, but for the columns of `seats` that hold wishes.
    relations : Relations or None
        Who knows whom.

    Attributes
    ----------
    relations : Relations or None
        Who knows whom; None where no right has a rule for blocks.
    """

    def __init__(self, model: RightsMarketModel, relations: Relations | None) -> None:
        self.model = model
        self._rules: dict[int, BlockAgreement] = {
            p.index: p.rules.block for p in model.progress if p.rules.block is not None
        }
        self.relations = relations if self._rules else None

    def hold_back(self) -> None:
        """Keep large lots out of the listed market while there is time to look for somebody who takes them whole."""
        if self.relations is None:
            return
        known, seats = self.relations.knows_anybody(), self.model.seats
        for progress, rule, rows in self._markets():
            if days_left(self.model, progress) > LAST_DAYS:
                waits = known[seats.trader[rows]] & (np.abs(seats.wish_lots[rows]) >= rule.min_lots)
                seats.quota[rows[waits]] = 0

    def negotiate(self, batches: int) -> None:
        """Let those who look for a block today agree with those whom they know, where so many batches are awaited."""
        last = self.model.config.batches_per_day
        due = [] if self.relations is None else [r for r, x in self._rules.items() if x.begins_after(last) == batches]
        if not due:
            return
        draw = self.model.streams[BLOCK_SEARCH].random(len(self.model.seats))
        for progress, rule, rows in self._markets():
            if progress.index not in due:
                continue
            self._even_out_groups(progress, rule, rows, draw[rows])
            self._look_for_blocks(progress, rule, rows, draw[rows])

    def _markets(self) -> list[tuple[RightProgress, BlockAgreement, Rows]]:
        """Return the rights with blocks that are traded today, their rules, and the seats of firms in them."""
        model = self.model
        found = []
        for r, rule in self._rules.items():
            if model.desk.usable[r]:
                found.append((model.progress[r], rule, firm_rows(model, r)))
        return found

    def _look_for_blocks(self, progress: RightProgress, rule: BlockAgreement, rows: Rows, draw: Floats) -> None:
        """Let buyers of large lots ask around."""
        seats, desk = self.model.seats, self.model.desk
        wish = seats.wish_lots[rows]
        buyers = rows[(wish >= rule.min_lots) & (draw < chance(self.model, days_left(self.model, progress)))]
        if not len(buyers):
            return
        sellers = rows[wish <= -rule.min_lots]
        self._trade(progress, rule, buyers, sellers, buyer_limit(desk, buyers), seller_reserve(desk, sellers))

    def _even_out_groups(self, progress: RightProgress, rule: BlockAgreement, rows: Rows, draw: Floats) -> None:
        """Let groups even out their positions in the last weeks of the calendar year."""
        model = self.model
        relations, b = self.relations, model.behaviour
        assert relations is not None
        year = model.calendar.days_of_year(model.calendar.days[model.day].year)
        left = year.stop - 1 - model.day
        if left >= b.group_days:
            return
        mine = (relations.group[model.seats.trader[rows]] >= 0).nonzero()[0]
        rows, draw = rows[mine], draw[mine]
        net = model.expectations.net_lots(progress, rows)
        buyers = rows[(net <= -rule.min_lots) & (draw < chance(self.model, left))]
        sellers = rows[net >= rule.min_lots]
        if not len(buyers) or not len(sellers):
            return
        paid = model.desk.last_price[progress.index]
        # Half a gain on each side: at an even split the price is the last one less the discount.
        limit, least = np.full(len(buyers), paid), np.full(len(sellers), paid * (1.0 - 2.0 * b.group_discount))
        wanted = np.zeros(len(model.seats))
        wanted[rows] = -net
        before = model.seats.wish_lots[rows].copy()
        model.seats.wish_lots[rows] = wanted[rows]
        self._trade(progress, rule, buyers, sellers, limit, least, inside=True)
        done = model.seats.wish_lots[rows] - wanted[rows]
        # What the group gave or took counts against what the firm wanted from the market, at most down to nothing.
        after = before + done
        model.seats.wish_lots[rows] = np.where(before > 0, np.maximum(after, 0.0), np.minimum(after, 0.0))

    def _trade(
        self,
        progress: RightProgress,
        rule: BlockAgreement,
        buyers: Rows,
        sellers: Rows,
        limit: Floats,
        least: Floats,
        *,
        inside: bool = False,
    ) -> None:
        """Hand the wishes of seats and their relations to the exchange, and book what was agreed."""
        model, seats, relations = self.model, self.model.seats, self.relations
        assert relations is not None
        instrument, offered = on_offer(model, progress, sellers)
        keep = offered >= rule.min_lots
        sellers, least, instrument, offered = sellers[keep], least[keep], instrument[keep], offered[keep]
        buyer, seller, related = relations.pairs(seats.trader[buyers], seats.trader[sellers])
        if inside:
            buyer, seller, related = buyer[related], seller[related], related[related]
        if not len(buyer):
            return
        top, asked = progress.rules.right.max_price_ticks, least[seller]
        # A buyer talks as if it could buy at the last price; who is asked for more gives just that, up to its limit.
        given = np.minimum(limit[buyer], np.maximum(asked, model.desk.last_price[progress.index]))
        trades = model.market.agree_blocks(
            BlockInterests(
                seller=seats.account[sellers].astype(np.int64),
                instrument=instrument,
                offered=offered,
                buyer=seats.account[buyers].astype(np.int64),
                wanted=np.floor(seats.wish_lots[buyers]).astype(np.int64),
                seller_row=seller,
                buyer_row=buyer,
                least_ticks=_ticks(asked, top),
                most_ticks=_ticks(given, top),
                related=related,
            )
        )
        model.desk.book(trades)
        model.floor.count(trades)


def _ticks(price: Floats, top: int) -> Ints:
    """Return the nearest whole ticks that can be quoted; rounded apart, traders of one mind would never meet."""
    return np.clip(np.rint(price), 1, top).astype(np.int64)
