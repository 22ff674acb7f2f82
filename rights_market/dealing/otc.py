"""The door to trading over the counter: offer, accept, refuse, counter, withdraw."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from rights_market.dealing.terms import Floor
from rights_market.errors import ExchangeError
from rights_market.exchange.otc_book import Offer, OtcBook
from rights_market.policies.trading import OtcOffer
from rights_market.records import Event, Mode, Reason, Trades
from rights_market.units import Side

NO_OFFER = -1
KIND = "otc_offer"


class Otc:
    """Carries out the rule of offers over the counter, for models, classrooms and scripts alike.

    Every call says what came of it, and leaves an event: ``otc_offer``, ``otc_counter``, ``otc_accept``,
    ``otc_reject``, ``otc_withdraw``, ``otc_expire``, ``otc_release``, or ``otc_refused`` with the reason.

    Parameters
    ----------
    floor : Floor
        Departments of the market.
    """

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._book = OtcBook(floor.commitments)
        self._day = -1

    @property
    def standing(self) -> list[Offer]:
        """Offers that stand, the oldest first."""
        return self._book.standing

    def rule(self, instrument: int) -> OtcOffer | None:
        """Return the rule of an instrument, None where there is none."""
        return self._floor.rules_of[instrument].otc

    # -- what those who trade may do

    def offer(
        self, account: int, partner: int, instrument: int, side: Side, price_ticks: int, lots: int
    ) -> tuple[Reason, int]:
        """Offer a partner to sell it lots (`Side.ASK`) or to buy them, and freeze what that needs.

        Returns
        -------
        reason : Reason
            Why it was refused, else `Reason.ACCEPTED`.
        number : int
            By which the offer is named, `NO_OFFER` if there is none.

        Raises
        ------
        ExchangeError
            If the right has no rule for offers, or the instrument does not exist.
        """
        counters = self._rule(instrument).counter
        return self._put("otc_offer", account, partner, instrument, side, price_ticks, lots, counters)

    def counter(self, account: int, number: int, price_ticks: int, lots: int) -> tuple[Reason, int]:
        """Answer an offer with one of the same kind from the other side, which takes its place."""
        offer, reason = self._addressed(account, number)
        if offer is None or reason is not Reason.ACCEPTED:
            return self._refused(reason, account, offer), NO_OFFER
        if not offer.counters_left:
            return self._refused(Reason.NO_COUNTER, account, offer), NO_OFFER
        side = Side.ASK if offer.side is Side.BID else Side.BID
        made = self._put(
            "otc_counter", account, offer.account, offer.instrument, side, price_ticks, lots, offer.counters_left - 1
        )
        if made[0] is Reason.ACCEPTED:
            self._book.end(offer)
        return made

    def accept(self, account: int, number: int) -> tuple[Reason, Trades]:
        """Take the whole of an offer and settle with it at once; without cover the offer counts as refused.

        The offer stands on where the market rests, or the one who accepts may not trade now.
        """
        offer, reason = self._addressed(account, number)
        if offer is None or reason is not Reason.ACCEPTED:
            return self._refused(reason, account, offer), Trades.none()
        reason = self._refuse_deal(offer)
        if reason is not Reason.ACCEPTED:
            return self._refused(reason, account, offer), Trades.none()
        self._book.end(offer)
        reason = self._refuse_cover(offer)
        if reason is not Reason.ACCEPTED:
            self._floor.rejected[reason] += 1
            self._note("otc_reject", offer, "uncovered")
            return reason, Trades.none()
        return Reason.ACCEPTED, self._settle(offer)

    def reject(self, account: int, number: int) -> Reason:
        """Refuse an offer; what stood behind it is released."""
        offer, reason = self._addressed(account, number)
        if offer is None or reason is not Reason.ACCEPTED:
            return self._refused(reason, account, offer)
        self._end("otc_reject", offer)
        return reason

    def withdraw(self, account: int, number: int) -> Reason:
        """Take an own offer back."""
        offer = self._book.find(number)
        if offer is None or offer.account != account:
            return self._refused(Reason.UNKNOWN_ORDER if offer is None else Reason.NOT_OWNER, account, offer)
        self._end("otc_withdraw", offer)
        return Reason.ACCEPTED

    # -- what the market does

    def begin_day(self, day: int, traded: Collection[int]) -> None:
        """Begin a day; offers in what is not traded any more are released."""
        self._day = day
        for offer in self.standing:
            if offer.instrument not in traded:
                self._end("otc_release", offer, "not traded any more")

    def count_batch(self) -> None:
        """Count a batch, and let the offers lapse whose time is over."""
        for offer in self._book.count_batch():
            self._end("otc_expire", offer)

    def release(self, accounts: npt.ArrayLike, why: str) -> None:
        """Release the offers that accounts made or were made, as when they leave the market."""
        who = set(np.atleast_1d(np.asarray(accounts)).tolist())
        for offer in self.standing:
            if {offer.account, offer.partner} & who:
                self._end("otc_release", offer, why)

    def release_asks(self, accounts: npt.ArrayLike, instrument: int) -> None:
        """Release what accounts offer to sell of an instrument, by order of the registrar."""
        who = set(np.atleast_1d(np.asarray(accounts)).tolist())
        for offer in self.standing:
            if offer.side is Side.ASK and offer.instrument == instrument and offer.account in who:
                self._end("otc_release", offer, "by the registrar")

    def release_all(self, instruments: Collection[int], why: str) -> None:
        """Release all offers in some instruments."""
        for offer in self.standing:
            if offer.instrument in instruments:
                self._end("otc_release", offer, why)

    def state(self) -> dict[str, Any]:
        """Return the offers that stand."""
        return self._book.state() | {"day": self._day}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back what `state` returned; offers for which there is no rule here are released."""
        self._book.restore(state)
        self._day = int(state["day"])
        self.release_all([i for i in range(len(self._floor.rules_of)) if self.rule(i) is None], "no rule any more")

    # -- parts

    def _rule(self, instrument: int) -> OtcOffer:
        if not 0 <= instrument < len(self._floor.rules_of):
            raise ExchangeError(f"no instrument {instrument}, there are {len(self._floor.rules_of)}")
        rule = self.rule(instrument)
        if rule is None:
            raise ExchangeError(f"{self._floor.rules_of[instrument].right.code}: no rule for offers over the counter")
        return rule

    def _put(
        self, code: str, account: int, partner: int, instrument: int, side: Side, price: int, lots: int, counters: int
    ) -> tuple[Reason, int]:
        """Let an offer stand if rules and cover allow it."""
        rule, floor = self._rule(instrument), self._floor
        reason = self._refuse_terms(account, partner, instrument, side, price, lots)
        cash = floor.cost_fen("otc", instrument, price, lots) if side is Side.BID and reason is Reason.ACCEPTED else 0
        if reason is Reason.ACCEPTED and side is Side.ASK:
            reason = floor.refuse_cover(instrument, account, lots)
        elif reason is Reason.ACCEPTED and floor.registry.cash[account] < cash:
            reason = Reason.INSUFFICIENT_CASH
        event = Event(self._day, "session", rule.kind, "otc_refused", account, instrument, lots, price, cash)
        if reason is not Reason.ACCEPTED:
            return floor.refuse(reason, event), NO_OFFER
        offer = self._book.put(
            account, partner, instrument, side, price, lots, counters_left=counters, expiry=rule.expiry, cash_fen=cash
        )
        self._note(code, offer, f"to account {partner}")
        return reason, offer.number

    def _refuse_terms(self, account: int, partner: int, instrument: int, side: Side, price: int, lots: int) -> Reason:
        floor, other = self._floor, Side.ASK if side is Side.BID else Side.BID
        if account == partner:
            return Reason.SELF_TRADE
        if lots < 1:
            return Reason.OFF_LOT
        # What the partner may hold shows when it accepts; that it may trade at all is known before.
        reasons = (
            self._refuse_now(instrument, price),
            floor.refuse_party("otc", account, instrument, side, lots),
            floor.refuse_party("otc", partner, instrument, other, 0),
        )
        return next((r for r in reasons if r is not Reason.ACCEPTED), Reason.ACCEPTED)

    def _refuse_now(self, instrument: int, price: int) -> Reason:
        """Return why nobody can deal in an instrument at a price now, or ACCEPTED."""
        floor, rule = self._floor, self._rule(instrument)
        if not floor.is_open[instrument] or floor.is_paused(instrument):
            return Reason.MARKET_CLOSED
        top = floor.rules_of[instrument].right.max_price_ticks
        allowed = rule.range(int(floor.tape.last_close[instrument]), max_price_ticks=top)
        return floor.refuse_price(instrument, price, allowed)

    def _refuse_deal(self, offer: Offer) -> Reason:
        """Return why an offer cannot be accepted now, or ACCEPTED."""
        reason, side = self._refuse_now(offer.instrument, offer.price_ticks), Side(1 - offer.side)
        if reason is Reason.ACCEPTED:
            reason = self._floor.refuse_party("otc", offer.partner, offer.instrument, side, offer.lots)
        if reason is Reason.ACCEPTED:
            reason = self._floor.refuse_party("otc", offer.account, offer.instrument, offer.side, 0)
        return reason

    def _refuse_cover(self, offer: Offer) -> Reason:
        """Return which side of an offer that has just been ended lacks cover, or ACCEPTED."""
        floor, (seller, buyer) = self._floor, _sides(offer)
        reason = floor.refuse_cover(offer.instrument, seller, offer.lots)
        if reason is not Reason.ACCEPTED:
            return reason
        cost = floor.cost_fen("otc", offer.instrument, offer.price_ticks, offer.lots)
        return Reason.ACCEPTED if floor.registry.cash[buyer] >= cost else Reason.INSUFFICIENT_CASH

    def _settle(self, offer: Offer) -> Trades:
        seller, buyer = (np.array([x], np.int64) for x in _sides(offer))
        price, lots = np.array([offer.price_ticks], np.int64), np.array([offer.lots], np.int64)
        trades = self._floor.settle("otc", offer.instrument, seller, buyer, price, lots)
        trades = replace(trades, taker_side=np.full(1, 1 - offer.side, np.int8))
        self._floor.write(Mode.OTC, trades, self._rule(offer.instrument).publish_delay)
        self._note("otc_accept", offer)
        return trades

    def _addressed(self, account: int, number: int) -> tuple[Offer | None, Reason]:
        """Return an offer that stands, and why an account may not answer it, or ACCEPTED."""
        offer = self._book.find(number)
        if offer is None:
            return None, Reason.UNKNOWN_ORDER
        return offer, Reason.ACCEPTED if offer.partner == account else Reason.NOT_OWNER

    def _refused(self, reason: Reason, account: int, offer: Offer | None) -> Reason:
        instrument = -1 if offer is None else offer.instrument
        return self._floor.refuse(reason, Event(self._day, "session", KIND, "otc_refused", account, instrument))

    def _end(self, code: str, offer: Offer, why: str = "") -> None:
        self._book.end(offer)
        self._note(code, offer, why)

    def _note(self, code: str, offer: Offer, why: str = "") -> None:
        sells = "sale" if offer.side is Side.ASK else "purchase"
        words = f"{sells} offered by account {offer.account}" if not why else f"{sells}, {why}"
        who = offer.partner if code in ("otc_accept", "otc_reject") else offer.account
        self._floor.events.append(
            Event(self._day, "session", KIND, code, who, offer.instrument, offer.lots, offer.price_ticks, note=words)
        )


def _sides(offer: Offer) -> tuple[int, int]:
    """Return seller and buyer."""
    return (offer.account, offer.partner) if offer.side is Side.ASK else (offer.partner, offer.account)
