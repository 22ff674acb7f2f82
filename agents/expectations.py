"""What traders expect and want today: values, ceilings, wishes and urgency of all seats.

Formed once a day before the session, from public news and each firm's own books.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from agents.cover import share_left, still_needed
from agents.duties import Duties, conceded
from agents.planning import Clock, Standing, buffer_lots, daily_lots, held_back, urgency, wish_lots
from agents.public_prices import PublicPrices
from agents.strategies import STRATEGIES
from agents.valuation import Valuation, worth_of_a_lack
from rights_market.authority import fine_per_lot, lump_fine_fen

if TYPE_CHECKING:
    from agents.model import RightsMarketModel
    from agents.progress import RightProgress

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

AtHand = list[tuple["RightProgress", int]]
"""Rights that have a period at hand, with its position."""
LAPSE_DAYS = 10
"""Trading days before a deadline over which units that cannot be kept lose their value to holders."""


class Expectations:
    """Forms what every seat believes and wants.

    Parameters
    ----------
    model : RightsMarketModel
        The model; read only, but for the columns of `seats` and `desk` that hold beliefs and wishes.
    """

    def __init__(self, model: RightsMarketModel) -> None:
        self.model = model
        firms, seats = model.firms, model.seats
        books = model.config.rule_books
        self.behaviour = model.config.behaviour
        self.tick_yuan = np.array([float(b.right.tick_yuan) for b in books])
        self.lot = np.array([float(b.right.lot) for b in books])
        self._bankable = np.array([p.rules.bankable for p in model.progress], dtype=np.bool_)
        opening = np.array([b.opening_price_ticks for b in books], dtype=np.float64)
        self.is_firm = seats.trader < len(firms)
        size = np.zeros(len(seats))
        need = model.operations.need()
        size[self.is_firm] = need[seats.trader[self.is_firm], seats.right[self.is_firm]]
        self.valuation: Valuation = Valuation(seats, firms, size, self.behaviour, model.streams, opening)
        self.duties = Duties(model, self)
        self.public_prices = PublicPrices(model, self.duties)
        self._anew = np.zeros(len(books), dtype=np.bool_)
        self.cover_left: Floats = np.ones(len(books))
        self._year_price: Floats = opening.copy()
        # Where the year's holdings count, nobody can afford to wait.
        self._is_yearly = np.array([p.is_yearly for p in model.progress], dtype=np.bool_)
        self.imbalance: Floats = np.zeros(len(books))
        self._unanswered: Floats = np.zeros(len(books))
        early = np.array([_trait(name, "starts_early") for name in model.strategy_of], dtype=np.bool_)
        factor = np.array([_trait(name, "buffer_factor") for name in model.strategy_of], dtype=np.float64)
        early[: len(firms)] |= firms.is_project
        self.starts_early, self.buffer_factor = early[seats.trader], factor[seats.trader]

    def hear(self, right: int) -> None:
        """Note that there is public news of a right: the solver runs again before the next session."""
        self.public_prices.hear(right)

    def hear_rules(self, right: int) -> None:
        """Note that other rules of a right are announced or in force."""
        self.public_prices.hear(right)
        self._read_rules()

    def _read_rules(self) -> None:
        """Look up anew what follows from the rules in force and announced."""
        self.duties.read_rules()
        self._bankable[:] = [p.rules.bankable for p in self.model.progress]

    def start_anew(self, right: int) -> None:
        """Note that a new vintage of a right that cannot be kept begins, whose price owes nothing to the last one's."""
        self.public_prices.hear(right)
        self._anew[right] = True

    def form(self) -> None:
        """Form values, ceilings, wishes and urgency of all seats for today."""
        model, seats = self.model, self.model.seats
        if self.behaviour.news_sd > 0:
            self.valuation.hear_news(model.streams["news"])
        self.public_prices.look_ahead()
        at_hand = [(p, front) for p in model.progress if p.rules.tradable and (front := p.front(model.day)) is not None]
        self._look_at_cover(at_hand)
        self._announce_guide_prices()
        self._restate_prices(at_hand)
        fundamental = self.public_prices.yuan / self.tick_yuan
        model.desk.fundamental[:] = fundamental * self.cover_left
        seats.value[:] = self.valuation.values(fundamental) * self.cover_left[seats.right]
        model.zone_trade.price_values(seats.value)
        seats.wish_lots[:] = 0.0
        seats.quota[:] = 0
        seats.active[:] = False
        draw = model.streams["activity"].random(len(seats))
        self._form_wishes(at_hand, draw)

    def _look_at_cover(self, at_hand: AtHand) -> None:
        """Note for what part of the period at hand a unit counts that is bought today."""
        self.cover_left[:] = 1.0
        for progress, front in at_hand:
            self.cover_left[progress.index] = share_left(self.model, progress, front)

    def _announce_guide_prices(self) -> None:
        """Begin each new vintage that cannot be kept at the solver's price, which all can work out."""
        for progress in self.model.progress:
            r, front = progress.index, progress.front(self.model.day)
            if self._anew[r] and front is not None:
                top = progress.rules.right.max_price_ticks
                ticks = min(max(1, round(self.public_prices.yuan[r] / self.tick_yuan[r])), top)
                self.model.market.guide_price(progress.instruments[front], ticks)
                self.model.desk.refresh()
                self.valuation.slow_price[r] = self._year_price[r] = float(ticks)
        self._anew[:] = False

    def _restate_prices(self, at_hand: AtHand) -> None:
        """Bring the last price of a right whose holdings must cover the year down to what is left of the year."""
        market = self.model.market
        for progress, front in at_hand:
            instrument, r = progress.instruments[front], progress.index
            if progress.is_yearly:
                ticks = max(1, round(self._year_price[r] * self.cover_left[r]))
                if ticks != market.reference[instrument]:
                    market.restate_price(instrument, ticks)
                    self.model.desk.refresh()

    def year_price_fen(self, progress: RightProgress) -> int:
        """Return the last price of a lot of a right, fen, as it would be with all of its period still to come."""
        return round(self._year_price[progress.index]) * progress.rules.right.tick_value_fen

    def _form_wishes(self, at_hand: AtHand, draw: Floats) -> None:
        """Form wishes, quotas, urgency, ceilings and kept values of the firms in all rights with a period at hand."""
        model, seats, b = self.model, self.model.seats, self.behaviour
        is_at_hand = np.zeros(len(self.lot), dtype=np.bool_)
        is_at_hand[[p.index for p, _ in at_hand]] = True
        rows = np.flatnonzero(self.is_firm & is_at_hand[seats.right])
        clock = self._clock(at_hand, seats.right[rows])
        standing = self.standing(at_hand, rows)
        lead = self.valuation.lead_days[rows]
        worth = b.trust * seats.value[rows]
        tempted = np.clip((model.desk.last_price[seats.right[rows]] / worth - 1.0) / b.buffer_release, 0.0, 1.0)
        kept = buffer_lots(b, standing, self.buffer_factor[rows]) * (1.0 - tempted)
        kept[~self._bankable[seats.right[rows]]] = 0.0
        standing = self.duties.plan_to_borrow(at_hand, rows, standing)
        to_sell = self.duties.lots_to_sell(at_hand, rows, standing.net - held_back(b, clock, standing))
        early = self.starts_early[rows] | self._is_yearly[seats.right[rows]]
        wish = wish_lots(b, clock, standing, kept, early, lead, to_sell)
        pressed = urgency(clock, lead)
        today = np.abs(daily_lots(b, clock, wish, standing.yearly, tempted))
        seats.wish_lots[rows] = wish
        seats.urgency[rows] = pressed
        seats.quota[rows] = np.where(wish > 0, np.ceil(today), np.floor(today)).astype(np.int64)
        attention = b.seller_activity + (1.0 - b.seller_activity) * np.maximum(pressed, tempted)
        sells = (wish < 0) & (draw[rows] < attention) & ~model.authority.sanctions.is_barred[seats.trader[rows]]
        seats.active[rows] = (wish > 0) | sells
        seats.ceiling[rows] = self._ceiling(at_hand, rows, standing)
        model.desk.must_sell[rows] = to_sell > 0
        model.desk.kept_value[rows] = self._kept_value(clock, rows) * conceded(
            b.concession, clock.days_left, to_sell > 0
        )

    def _clock(self, at_hand: AtHand, right: npt.NDArray[np.intp]) -> Clock:
        """Return where the day stands in the period of each of the seats, whose rights are given."""
        days_left, years = np.zeros((2, len(self.lot)))
        announced, verified = np.zeros((2, len(self.lot)), dtype=np.bool_)
        for progress, front in at_hand:
            r = progress.index
            days_left[r] = max(0, progress.deadline_day[front] - self.model.day)
            years[r] = max(1, len(progress.uses[front].years))
            announced[r], verified[r] = progress.plans[front].announced, progress.verified[front]
        return Clock(days_left[right], years[right], announced[right], verified[right])

    def standing(self, at_hand: AtHand, rows: npt.NDArray[np.intp]) -> Standing:
        """Return what the firm of each seat holds, expects and owes, in lots."""
        model, course = self.model, self.model.forecasts
        accounts = model.accounts_of[: len(model.firms)]
        years = np.ones(len(self.lot))
        given, to_come, used, owed = np.zeros((4, len(self.lot), len(model.firms)))
        for progress, front in at_hand:
            r, period, plan = progress.index, progress.rules.periods[front], progress.plans[front]
            years[r] = max(1, len(progress.uses[front].years))
            given[r] = course.expected_lots(progress, front)
            if not plan.settled:
                np.maximum(given[r] - progress.issued_lots[front], 0.0, out=to_come[r])
            to_come[r] += model.primary_market.to_receive(progress, front)
            used[r] = course.expected_use(progress, front) / self.lot[r]
            forgiven = self.duties.forgiven(progress, front, used[r], given[r])
            debts = model.market.obligations.debt_lots(progress.rules.right.code, period.name)[accounts]
            offset = model.credit_trade.usable_lots(progress, used[r] - forgiven)
            owed[r] = used[r] - forgiven - offset + debts
            if progress.is_yearly:
                waiting = self._waiting_lots(progress)
                owed[r] = still_needed(model, progress, front, owed[r] - waiting, self.cover_left[r]) + waiting
        firm, right = model.seats.trader[rows], model.seats.right[rows]
        held = (model.desk.free_lots(rows) + model.desk.frozen_lots(rows)).astype(np.float64)
        yearly = (np.maximum(model.rates.use, 0.0) / self.lot)[firm, right]
        over, whole = (given - used)[right, firm], years[right] * yearly
        margin = np.divide(over, whole, out=np.zeros(len(rows)), where=yearly > 0)
        return Standing(held, to_come[right, firm], owed[right, firm], yearly, margin)

    def _waiting_lots(self, progress: RightProgress) -> Floats:
        """Return the lots that projects which wait for approval must bring, whatever is left of the year, by firm."""
        waiting = self.model.entry_exit.pending_units(progress)
        return np.zeros(len(self.model.firms)) if waiting is None else waiting / self.lot[progress.index]

    def net_lots(self, progress: RightProgress, rows: npt.NDArray[np.intp]) -> Floats:
        """Return what each seat of a firm expects to have left over (below 0: to lack) at the deadline at hand."""
        front = progress.front(self.model.day)
        assert front is not None
        return self.standing([(progress, front)], rows).net

    def _ceiling(self, at_hand: AtHand, rows: npt.NDArray[np.intp], standing: Standing) -> Floats:
        """Return the most that each buyer would rationally pay, in ticks: its cheapest legal way out."""
        return np.minimum(self.refusal(at_hand, rows, standing), self._own_cost(at_hand, rows, standing))

    def refusal(self, at_hand: AtHand, rows: npt.NDArray[np.intp], standing: Standing) -> Floats:
        """Return what it costs each seat not to comply, for a unit missing, ticks.

        It is the fine, the harm to its name, and (where missing units must be made good) a unit of next year,
        discounted at the firm's own cost of funds.
        """
        model, seats = self.model, self.model.seats
        fine, lump = np.zeros((2, len(self.lot), len(model.firms)))
        tick_fen, factor = np.ones(len(self.lot)), np.zeros(len(self.lot))
        for progress, front in at_hand:
            r, right = progress.index, progress.rules.right
            tick_fen[r] = right.tick_value_fen
            make_good = self.duties.book(progress, front).make_good
            if make_good is not None:
                factor[r] = float(make_good.factor)
            price_fen = float(model.desk.last_price[r]) / self.cover_left[r] * right.tick_value_fen
            for rule, who in self.duties.penalties(right.code, progress.rules.periods[front]):
                fine[r, who] += fine_per_lot([rule], price_fen)
                lump[r, who] += lump_fine_fen([rule])
        firm, of = seats.trader[rows], seats.right[rows]
        left = self.cover_left[of]
        reputation = self.valuation.reputation_yuan[rows] * self.lot[of] * 100.0
        fen = (fine[of, firm] + reputation) * left + lump[of, firm] / np.maximum(-standing.net, 1.0)
        growth = 1.0 + self.behaviour.discount_rate
        later = factor[of] * seats.value[rows] * growth * np.exp(-self.valuation.funds_rate[rows])
        return np.asarray(later + fen / tick_fen[of])

    def _own_cost(self, at_hand: AtHand, rows: npt.NDArray[np.intp], standing: Standing) -> Floats:
        """Return the marginal cost of closing the gap by own abatement in the time left, ticks; inf if it cannot."""
        model, curves = self.model, self.model.firms.curves
        today = model.production.counted_to
        rest = np.zeros(len(self.lot))
        for progress, front in at_hand:
            if not progress.verified[front]:
                rest[progress.index] = progress.uses[front].rest_of_window(today)
        firm, right = model.seats.trader[rows], model.seats.right[rows]
        need = np.maximum((model.rates.need / self.lot * rest)[firm, right], 1e-9)
        left = self.cover_left[right]
        share = model.operations.share[firm, right] + np.maximum(-standing.net, 0.0) * left / need
        charge = model.fiscal_year.per_unit[firm, right]
        # What abatement saves in charges pays for a part of it; where it pays for all, a unit is worth nothing.
        net = np.maximum(share * (curves.a[firm, right] + curves.b[firm, right] * share) - charge, 0.0)
        cost = net * left / self.tick_yuan[right]
        return np.where((rest[right] > 0.0) & (share <= curves.limit[firm, right]), cost, np.inf)

    def _kept_value(self, clock: Clock, rows: npt.NDArray[np.intp]) -> Floats:
        """Return what a unit kept past the deadline is worth to its holder, in ticks."""
        seats = self.model.seats
        left = np.where(self._bankable[seats.right[rows]], 1.0, np.minimum(1.0, clock.days_left / LAPSE_DAYS))
        return np.asarray(self.behaviour.trust * seats.value[rows] * left)

    def note_imbalance(self) -> None:
        """Measure unfilled buying less unfilled selling, between -1 and 1, and note bids that nobody answers."""
        seats, n = self.model.seats, len(self.imbalance)
        desk = self.model.desk
        self._unanswered = np.where(desk.best_ask > 0, 0.0, desk.best_bid)
        left = np.where(seats.active, np.maximum(seats.quota, 0), 0).astype(np.float64)
        buys = np.bincount(seats.right, np.where(seats.wish_lots > 0, left, 0.0), n)
        sells = np.bincount(seats.right, np.where(seats.wish_lots < 0, left, 0.0), n)
        traded = desk.by_right(self.model.market.tape.today["lots"])
        total = buys + sells + traded
        self.imbalance = np.divide(buys - sells, total, out=np.zeros(n), where=total > 0)

    def learn(self) -> None:
        """Follow the day's closing prices and imbalance.

        A bid above the mean that nobody answers is a price as well, the least that a unit costs: a market in which all
        are short would else never learn that units are scarce.
        """
        desk = self.model.desk
        self.model.zone_trade.learn()
        traded = self.model.recorder.lots_by_right() > 0
        waiting = ~traded & (self._unanswered / self.cover_left > self.valuation.slow_price)
        seen = np.where(waiting, self._unanswered, desk.last_price) / self.cover_left
        self.valuation.follow(seen, traded | waiting)
        self._year_price[:] = np.where(traded | waiting, seen, self._year_price)
        if self.behaviour.imbalance_speed > 0:
            self.valuation.follow_imbalance(self.imbalance)

    def shadow_prices_yuan(self) -> Floats:
        """Return the price at which each firm weighs its own measures, CNY, 0 where it need not hold the right.

        Its value of a unit; for a firm that lacks units and finds them dearer than that, what it expects to pay, up to
        the cost of closing the gap itself.
        """
        model, seats = self.model, self.model.seats
        table = self.values_yuan()
        rows = np.flatnonzero(self.is_firm & (seats.wish_lots > 0))
        right = seats.right[rows]
        value = table[seats.trader[rows], right] / self.tick_yuan[right]
        left = self.cover_left[right]
        market = np.maximum(model.desk.last_price, model.desk.reference())[right] / left
        price = worth_of_a_lack(value, market, seats.ceiling[rows] / left, self.behaviour.anchor)
        table[seats.trader[rows], right] = price * self.tick_yuan[right]
        return table

    def values_yuan(self) -> Floats:
        """Return what a unit of each right is worth to each firm, CNY, 0 where it need not hold it."""
        model, seats = self.model, self.model.seats
        table = np.zeros((len(model.firms), len(self.lot)))
        value = self.valuation.values(self.public_prices.yuan / self.tick_yuan)
        model.zone_trade.price_values(value)
        rows = np.flatnonzero(self.is_firm)
        table[seats.trader[rows], seats.right[rows]] = value[rows] * self.tick_yuan[seats.right[rows]]
        return table

    def state(self) -> dict[str, Any]:
        """Return what changes over time."""
        return {
            "valuation": self.valuation.state(),
            "public_prices": self.public_prices.state(),
            "anew": self._anew.copy(),
            "cover_left": self.cover_left.copy(),
            "year_price": self._year_price.copy(),
            "imbalance": self.imbalance.copy(),
            "unanswered": self._unanswered.copy(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Put back what `state` returned."""
        self._read_rules()
        self.valuation.restore(state["valuation"])
        self.public_prices.restore(state["public_prices"])
        self._anew = np.array(state["anew"])
        self.cover_left, self._year_price = np.array(state["cover_left"]), np.array(state["year_price"])
        self.imbalance = np.array(state["imbalance"])
        self._unanswered = np.array(state["unanswered"])


def _trait(strategy: str, name: str) -> float:
    return float(getattr(STRATEGIES[strategy], name)) if strategy in STRATEGIES else 1.0
