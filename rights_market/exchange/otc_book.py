"""Offers to one partner that stand: who made them to whom, and when they lapse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, dataclass
from typing import Any

from rights_market.exchange.commitments import Commitments
from rights_market.units import Side


@dataclass(frozen=True, slots=True)
class Offer:
    """One offer.

    Attributes
    ----------
    number : int
        By which it is named.
    account, partner : int
        Who made it, and whom it is made to.
    instrument : int
    side : Side
        Side of the one who made it.
    price_ticks, lots : int
    counters_left : int
        Counter-offers that may still follow.
    lapses : int
        Batch, in the count of all batches, with which it lapses.
    cash_fen : int
        Cash frozen behind it, fen; 0 for an offer to sell.
    """

    number: int
    account: int
    partner: int
    instrument: int
    side: Side
    price_ticks: int
    lots: int
    counters_left: int
    lapses: int
    cash_fen: int


class OtcBook:
    """All offers that stand, each with what it needs frozen.

    Parameters
    ----------
    commitments : Commitments
        Where that is frozen and counted.

    Attributes
    ----------
    batch : int
        Batches counted so far.
    """

    def __init__(self, commitments: Commitments) -> None:
        self._commitments = commitments
        self._offers: dict[int, Offer] = {}
        self._made = 0
        self.batch = 0

    @property
    def standing(self) -> list[Offer]:
        """Offers that stand, the oldest first."""
        return list(self._offers.values())

    def find(self, number: int) -> Offer | None:
        """Return an offer that stands, None where there is no such offer any more."""
        return self._offers.get(number)

    def put(
        self,
        account: int,
        partner: int,
        instrument: int,
        side: Side,
        price_ticks: int,
        lots: int,
        *,
        counters_left: int,
        expiry: int,
        cash_fen: int,
    ) -> Offer:
        """Freeze what an offer needs, and let it stand.

        Raises
        ------
        InsufficientHoldings, InsufficientCash
            If its maker lacks that; nothing has been done then.
        """
        if side is Side.ASK:
            self._commitments.freeze_lots(instrument, account, lots)
        else:
            self._commitments.freeze_cash(account, cash_fen)
            self._commitments.want(instrument, account, lots)
        number, lapses = self._made, self.batch + expiry
        offer = Offer(number, account, partner, instrument, side, price_ticks, lots, counters_left, lapses, cash_fen)
        self._made += 1
        self._offers[number] = offer
        return offer

    def end(self, offer: Offer) -> None:
        """Take an offer away and release what stood behind it."""
        del self._offers[offer.number]
        if offer.side is Side.ASK:
            self._commitments.release_lots(offer.instrument, offer.account, offer.lots)
        else:
            self._commitments.release_cash(offer.account, offer.cash_fen)
            self._commitments.want(offer.instrument, offer.account, -offer.lots)

    def count_batch(self) -> list[Offer]:
        """Count a batch, and return the offers that lapse with it; they stand until they are ended."""
        self.batch += 1
        return [offer for offer in self._offers.values() if offer.lapses <= self.batch]

    def state(self) -> dict[str, Any]:
        """Return the offers and the counts."""
        return {"offers": [[*map(int, astuple(o))] for o in self.standing], "made": self._made, "batch": self.batch}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back what `state` returned, and count what stands behind the offers."""
        self._made, self.batch, self._offers = int(state["made"]), int(state["batch"]), {}
        for number, account, partner, instrument, side, *rest in state["offers"]:
            offer = Offer(int(number), int(account), int(partner), int(instrument), Side(side), *map(int, rest))
            self._offers[offer.number] = offer
            if offer.side is Side.ASK:
                self._commitments.count_lots(offer.instrument, offer.account, offer.lots)
            else:
                self._commitments.count_cash(offer.account, offer.cash_fen)
                self._commitments.want(offer.instrument, offer.account, offer.lots)
