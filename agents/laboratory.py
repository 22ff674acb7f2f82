"""The laboratory market: traders with values given by an experimenter, in a continuous double auction (Smith 1962).

It trades through the same market, seats, desk and strategies as the firms do; what differs is where values come from.
On every day sellers are issued the same units and buyers given the same cash; in the evening buyers redeem their units
at their values, what is unsold lapses, and all cash is paid out.  What strategies have learned is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import mesa
import numpy as np
import numpy.typing as npt

from agents.behaviour import Behaviour
from agents.desk import Desk
from agents.laboratory_kernels import choose_kinds, take_next_units
from agents.laboratory_recorder import LaboratoryRecorder
from agents.objects import ObjectTrader, ObjectTraders, Participant
from agents.schedules import Schedule, laboratory_rule_book, smith_1962
from agents.seats import NO_ORDER, Rows, Seats
from agents.spec import InducedSpec
from agents.strategies import STRATEGIES, Quotes
from agents.streams import ARRIVALS, Streams
from agents.views import Trader, release_from_mesa
from rights_market import AccountKind, Accounts, ExchangeError, OrderKind, Orders, Receipt, Side
from rights_market.market import Keep, Market

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

OWN_CODE = "object"
ROLES = ("buyer", "seller")


class LaboratoryModel(mesa.Model):
    """A laboratory market; one step is one day.

    Parameters
    ----------
    spec : InducedSpec, optional
        Values, costs and rules; without it, the first test of Smith (1962) with ZIP traders.
    subjects : mapping of int to ObjectTrader
        Traders, by their row, that an object of yours plays instead of the strategy.  Its state is its own.
    keep : Keep, optional
        What the market remembers.
    seed, rng : int, optional
        Seed of all random draws; give one of them.

    Attributes
    ----------
    market, seats, desk, strategy
        As in the market of firms.  Each session has a right of its own, so that nothing joins them but the clock.
    schedule : Schedule
        The traders of a session in ticks; row = session * traders + position, buyers first.
    recorder : LaboratoryRecorder
        Efficiency, alpha and prices by day and session.
    datacollector : mesa.DataCollector
        Model reporters, one row a day: means over the sessions.

    Examples
    --------
    >>> model = LaboratoryModel(seed=1)
    >>> model.step()
    >>> int(model.recorder.lots[0, 0]), model.schedule.equilibrium.lots
    (6, 6)
    """

    def __init__(
        self,
        spec: InducedSpec | None = None,
        subjects: Mapping[int, ObjectTrader] | None = None,
        keep: Keep | None = None,
        seed: int | None = None,
        rng: int | None = None,
    ) -> None:
        if seed is not None and rng is not None:
            raise ValueError("give either seed or rng, not both")
        chosen = seed if seed is not None else rng
        root = int(np.random.SeedSequence().entropy % 2**63) if chosen is None else int(chosen)  # type: ignore[operator]
        super().__init__(rng=root)
        self.spec = spec or smith_1962()
        self.root_seed = root
        self.streams = Streams(root)
        self.day = -1
        self.running = True
        self.schedule = Schedule.of(self.spec)
        self._build(dict(subjects or {}), keep)
        self.datacollector = mesa.DataCollector(
            model_reporters={
                name: name for name in ("day", "lots_today", "mean_price_yuan", "alpha_today", "efficiency_today")
            }
        )

    def _build(self, subjects: dict[int, ObjectTrader], keep: Keep | None) -> None:
        spec, schedule = self.spec, self.schedule
        n, sessions = len(schedule), spec.sessions
        books = [laboratory_rule_book(spec, s) for s in range(sessions)]
        accounts = Accounts()
        # Two strings for all: the number of an account tells whose it is, and `Subject.name` says it in words.
        roles = [ROLES[side] for side in schedule.side.tolist()] * sessions
        self.accounts_of: Ints = accounts.open_many(AccountKind.INDIVIDUAL, roles)
        self.market = Market(books, accounts, keep)
        rows = np.arange(n * sessions)
        self.seats = Seats(np.repeat(np.arange(sessions), n), rows, self.accounts_of)
        self.buys: Bools = np.tile(schedule.side == Side.BID, sessions)
        self.ticks: Ints = np.tile(schedule.ticks, sessions)
        self.seats.value[:] = self.ticks
        self.seats.ceiling[:] = self.ticks
        self.seats.active[:] = True
        limit = np.broadcast_to(np.int64(spec.units), rows.shape)
        self.desk = Desk(self.market, self.seats, sessions, Behaviour(), limit)
        unknown = sorted(set(subjects) - set(rows.tolist()))
        if unknown:
            raise ValueError(f"subjects names the rows {unknown}; there are rows 0 to {len(rows) - 1}")
        self._played: Bools = np.zeros(len(rows), dtype=np.bool_)
        self._played[list(subjects)] = True
        name = spec.strategy
        self.strategy = STRATEGIES[name](np.flatnonzero(~self._played), self.streams[f"strategy.{name}"])
        played = sorted(subjects)
        self.object_traders = ObjectTraders(
            [Participant(subjects[row], 0.0) for row in played],
            [int(self.accounts_of[row]) for row in played],
            self.desk,
            self.seats,
            [book.right for book in books],
        )
        self.recorder = LaboratoryRecorder(spec.days, sessions, schedule.equilibrium)
        self._trading: Rows = np.empty(0, dtype=np.intp)
        self._traders_shown = False

    # -- the day

    def step(self) -> None:
        """Run one day: until every trader has been drawn `turns_per_trader` times on average, or nobody can trade."""
        self.open_day()
        batches = -(-self.spec.turns_per_trader * len(self.schedule) // min(self.spec.batch, len(self.schedule)))
        for _ in range(batches):
            if not len(self._trading):
                break
            self.trade_batch()
        self.close_day()

    def open_day(self) -> None:
        """Give out units and cash, and open the market.

        Raises
        ------
        ValueError
            If all days have been run.
        """
        if self.day + 1 >= self.spec.days:
            raise ValueError(f"the experiment has {self.spec.days} days, and day {self.day} was the last")
        self.day += 1
        sessions, schedule, seats = range(self.spec.sessions), self.schedule, self.seats
        self.market.open_day(self.day, sessions)
        for s in sessions:
            self.market.limits.set_band(s, schedule.price_low, schedule.price_high)
        registry, units = self.market.registry, self.spec.units
        sells = ~self.buys
        registry.issue(seats.right[sells], self.accounts_of[sells], units)
        # Enough for any price of the range: a value limits what a buyer gains, not what it can pay.
        cash = units * schedule.price_high * self.desk.tick_value[seats.right[self.buys]]
        registry.deposit(self.accounts_of[self.buys], cash)
        seats.wish_lots[:] = np.where(self.buys, units, -units)
        seats.quota[:] = 1
        self.desk.open_day([[s] for s in sessions])
        self.object_traders.board.day = self.day
        self.strategy.open_day(self.desk)
        self._trading = self._find_trading()

    def trade_batch(self) -> Receipt:
        """Let the traders who are drawn quote one unit each, in random order, and match what they send.

        Raises
        ------
        ExchangeError
            If no day is open.
        """
        if not self.market.is_open.any():
            raise ExchangeError("trade_batch: no day is open; call open_day first")
        quotes = self._improving(self._quotes(self._drawn()))
        kind: npt.ArrayLike = OrderKind.REQUOTE
        if self.spec.batch > 1:
            # Who quotes its last unit must not trade it twice, should its former quote have traded within this batch.
            kinds, seats = np.empty(len(quotes.seat), dtype=np.int8), self.seats
            replace, requote = int(OrderKind.REPLACE), int(OrderKind.REQUOTE)
            choose_kinds(quotes.seat, quotes.side, seats.wish_lots, seats.order_id, requote, replace, kinds)
            kind = kinds
        sent, receipt = self.desk.submit(quotes, kind=kind)
        if len(receipt.trades):
            self._note_trades(receipt)
        self.strategy.observe(self.desk, sent, receipt)
        return receipt

    def close_day(self) -> None:
        """Close the market, redeem what was bought, let lapse what was not sold, and pay all cash out."""
        self.market.close_day()
        self.desk.close_day()
        registry, right = self.market.registry, self.seats.right
        held = registry.free[right, self.accounts_of]
        bought, unsold = np.flatnonzero(self.buys & (held > 0)), np.flatnonzero(~self.buys & (held > 0))
        registry.surrender(right[bought], self.accounts_of[bought], held[bought])
        worth = held[bought] * self.ticks[bought] * self.desk.tick_value[right[bought]]
        registry.deposit(self.accounts_of[bought], worth)
        registry.expire(right[unsold], self.accounts_of[unsold], held[unsold])
        registry.withdraw(self.accounts_of, registry.cash[self.accounts_of])
        self.recorder.days_closed = self.day + 1
        self.datacollector.collect(self)
        self.running = self.day + 1 < self.spec.days

    def _find_trading(self) -> Rows:
        """Return the rows that may trade: those with units left, in sessions where both sides have some.

        Traders who never quote at a loss and learn nothing are sent home as soon as no pair of them can gain.
        """
        n = len(self.schedule)
        left = (self.seats.quota > 0).reshape(-1, n)
        buys = self.schedule.side == Side.BID
        if self.spec.strategy == "zi_c" and not self._played.any():
            ticks = self.schedule.ticks
            best = np.where(left & buys, ticks, -1).max(axis=1)
            lowest = np.where(left & ~buys, ticks, best.max(initial=0) + 1).min(axis=1)
            open_sessions = best > lowest
        else:
            open_sessions = (left & buys).any(axis=1) & (left & ~buys).any(axis=1)
        return np.flatnonzero(left & open_sessions[:, np.newaxis])

    def _drawn(self) -> Rows:
        """Draw `batch` traders of each session without repetition, in random order."""
        rows, rng, n = self._trading, self.streams[ARRIVALS], len(self.schedule)
        if self.spec.batch >= n:
            return rng.permutation(rows)
        key = rng.random(len(rows))
        if self.spec.sessions == 1:
            return rows[np.argsort(key, kind="stable")[: self.spec.batch]]
        order = np.lexsort((key, self.seats.right[rows]))
        right = self.seats.right[rows]
        place = np.arange(len(rows)) - np.searchsorted(right, right)
        drawn = order[place < self.spec.batch]
        return rows[drawn]

    def _quotes(self, rows: Rows) -> Quotes:
        if not self._played.any():
            return self.strategy.quote(self.desk, rows)
        played = self._played[rows]
        if played.all():
            return self.object_traders.quotes(rows)
        own = self.object_traders.quotes(rows[played])
        joined = Quotes.join([self.strategy.quote(self.desk, rows[~played]), own])
        return joined.take(self.streams[ARRIVALS].permutation(len(joined.seat)))

    def _improving(self, quotes: Quotes) -> Quotes:
        """Drop quotes that do not beat the best on their side, where the rule asks for it."""
        if not self.spec.improvement_rule:
            return quotes
        right = self.seats.right[quotes.seat]
        bid, ask = self.desk.best_bid[right], self.desk.best_ask[right]
        beats_ask = (ask == 0) | (quotes.price_ticks < ask)
        return quotes.take(np.where(quotes.side == Side.BID, quotes.price_ticks > bid, beats_ask))

    def _note_trades(self, receipt: Receipt) -> None:
        """Write down trades, and take the traders' next unit in hand."""
        trades, seats, first = receipt.trades, self.seats, self.accounts_of[0]
        buyer, seller = trades.buyer - first, trades.seller - first
        gain = self.ticks[buyer] - self.ticks[seller]
        self.recorder.count_trades(self.day, seats.right[buyer], trades.price_ticks, trades.lots, gain)
        if take_next_units(buyer, seller, trades.maker, trades.taker, seats.wish_lots, seats.quota, seats.order_id):
            self._trading = self._find_trading()
        if self.spec.clear_after_trade:
            self._clear(np.unique(seats.right[buyer]))

    def _clear(self, sessions: npt.NDArray[np.intp]) -> None:
        """Withdraw every quote of the sessions in which a trade was made."""
        seats = self.seats
        rests = (seats.order_id != NO_ORDER) & np.isin(seats.right, sessions)[:, np.newaxis]
        row, side = np.nonzero(rests)
        target = seats.order_id[row, side]
        n = len(row)
        none, kind = np.zeros(n, dtype=np.int64), np.full(n, OrderKind.CANCEL, dtype=np.int8)
        instrument = seats.right[row].astype(np.int32)
        self.market.submit(Orders(seats.account[row], instrument, side.astype(np.int8), kind, none, none, target))
        seats.order_id[row, side] = NO_ORDER
        self.desk.refresh()

    # -- what others read

    @property
    def agents(self) -> mesa.agent.AgentSet:
        """The traders as Mesa agents; the views are made when first asked for."""
        self._show_traders()
        return super().agents

    @property
    def agents_by_type(self) -> dict[type[mesa.Agent], mesa.agent.AgentSet]:
        """The traders as Mesa agents, by type."""
        self._show_traders()
        return super().agents_by_type

    def _show_traders(self) -> None:
        if not self._traders_shown:
            self._traders_shown = True
            for row in range(len(self.accounts_of)):
                Subject(self, row)
            release_from_mesa(self)

    @property
    def strategy_of(self) -> list[str]:
        """Name of the strategy of each trader."""
        return np.where(self._played, OWN_CODE, self.spec.strategy).tolist()

    @property
    def lots_today(self) -> float:
        """Units traded today, mean over the sessions."""
        return float(self.recorder.lots[self.day].mean())

    @property
    def mean_price_yuan(self) -> float:
        """Mean price of today's trades, CNY, nan without any."""
        recorder = self.recorder
        lots = int(recorder.lots[self.day].sum())
        tick = float(self.market.instruments[0].right.tick_yuan)
        return float(recorder.price_sum[self.day].sum()) * tick / lots if lots else float("nan")

    @property
    def alpha_today(self) -> float:
        """Smith's alpha of today, %, mean over the sessions with trade."""
        return _mean(self.recorder.alpha[self.day])

    @property
    def efficiency_today(self) -> float:
        """Allocative efficiency of today, %, mean over the sessions."""
        return _mean(self.recorder.efficiency[self.day])

    def state(self) -> dict[str, Any]:
        """Return everything that changes, as plain arrays and numbers; also in the middle of a day."""
        return {
            "day": self.day,
            "steps": self.steps,
            "market": self.market.state(),
            "seats": self.seats.state(),
            "desk": self.desk.state(),
            "strategy": self.strategy.state(),
            "streams": self.streams.state(),
            "recorder": self.recorder.state(),
            "collected": {name: list(values) for name, values in self.datacollector.model_vars.items()},
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continue from a `state` of a model of the same spec; the continuation is the same to the bit."""
        self.day, self.steps = int(state["day"]), int(state["steps"])
        self.market.restore(state["market"])
        self.seats.restore(state["seats"])
        self.desk.restore(state["desk"])
        self.strategy.restore(state["strategy"])
        self.streams.restore(state["streams"])
        self.recorder.restore(state["recorder"])
        self.datacollector.model_vars = {name: list(values) for name, values in state["collected"].items()}
        self.object_traders.board.day = self.day
        self.running = self.recorder.days_closed < self.spec.days
        self._trading = self._find_trading()


class Subject(Trader):
    """A trader of the laboratory."""

    model: LaboratoryModel

    @property
    def name(self) -> str:
        """Its role and number, such as ``buyer 3``, with the session where there are several."""
        session, position = divmod(self.row, len(self.model.schedule))
        name = f"{ROLES[self.model.schedule.side[position]]} {position}"
        return f"{name} of session {session}" if self.model.spec.sessions > 1 else name

    @property
    def value_yuan(self) -> float:
        """Value of a unit to a buyer, or cost to a seller, CNY."""
        return float(self.model.ticks[self.row]) * float(self.model.market.instruments[0].right.tick_yuan)

    @property
    def units_left(self) -> int:
        """Units that it may still trade today."""
        return int(abs(self.model.seats.wish_lots[self.row]))


def _mean(values: npt.NDArray[np.float64]) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")
