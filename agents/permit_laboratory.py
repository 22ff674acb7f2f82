"""The laboratory permit market: firms with given costs of abatement trade an endowment of permits, round after round.

Montgomery (1972, Journal of Economic Theory 5:395): the competitive market reaches least cost, whoever is given the
permits.  The market, seats, desk and strategy are those of the firms; what differs is that costs, needs and endowments
come from an experimenter, that what a firm does not hold at the end of a round it abates, and that each round starts
anew while beliefs are kept.

Each firm plans its whole net trade at the price that it expects.  In the evening all see what was traded at which mean
price and what was wanted in vain, and follow both: the unfilled quantities are the market's excess demand, so that the
traders do together what an auctioneer would do.  They follow quantities, not numbers of quotes: the longer side would
shout the louder, the more traders there are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

import mesa
import numpy as np
import numpy.typing as npt
from annotated_types import Ge, Gt, Le

from agents.abatement import CostCurves
from agents.behaviour import Behaviour
from agents.desk import Desk
from agents.price_search import one_period_price
from agents.seats import Seats
from agents.strategies import Quotes
from agents.strategies.planner import Planner
from agents.streams import ARRIVALS, BELIEFS, Streams
from agents.views import release_from_mesa
from rights_market import AccountKind, Accounts, Right, RuleBook
from rights_market.exchange.calendar import Period
from rights_market.market import Keep, Market
from rights_market.policies.compliance import Surrender
from rights_market.policies.trading import SettlementCycle

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

YEAR = 2000
"""Vintage of laboratory permits; a round is no year, so that it says nothing."""
TICK_YUAN = Decimal("0.01")
TICKS = float(1 / TICK_YUAN)


@dataclass(frozen=True, slots=True)
class PermitFirm:
    """One firm of the experiment, with the marginal abatement cost ``alpha + beta a`` up to its whole baseline.

    Attributes
    ----------
    baseline : int
        Permits that it needs without abatement.
    alpha, beta : float
        Cost of the first unit abated, CNY; its rise a unit.
    endowment : int
        Permits that it is given in each round.
    """

    baseline: Annotated[int, Gt(0)]
    alpha: Annotated[float, Ge(0)]
    beta: Annotated[float, Gt(0)]
    endowment: Annotated[int, Ge(0)]


@dataclass(frozen=True, slots=True)
class PermitSpec:
    """A laboratory permit market.

    Attributes
    ----------
    firms : tuple of PermitFirm
        The kinds of firms.
    copies : int
        Firms of each kind in a session.
    sessions : int
        Groups of such firms side by side, each with a market of its own.
    rounds, days, batches_per_day : int
        Endowments are given out `rounds` times, each time for so many trading days.
    first_belief : float
        Median price that firms expect at the start, CNY.
    belief_sd : float
        Log standard deviation of these first beliefs.
    learning : float
        Share of the distance to the day's mean price by which a belief moves.
    imbalance_speed : float
        How strongly beliefs follow the share of unfilled buying less selling; it falls with each change of its sign.
    price_high : float
        Highest price that can be quoted, CNY.

    Raises
    ------
    ValueError
        If the endowments are empty.
    """

    firms: tuple[PermitFirm, ...]
    copies: Annotated[int, Ge(1)] = 1
    sessions: Annotated[int, Ge(1), Le(200)] = 1
    rounds: Annotated[int, Ge(1)] = 20
    days: Annotated[int, Ge(1)] = 60
    batches_per_day: Annotated[int, Ge(1)] = 2
    first_belief: Annotated[float, Gt(0)] = 50.0
    belief_sd: Annotated[float, Ge(0)] = 0.1
    learning: Annotated[float, Ge(0), Le(1)] = 0.2
    imbalance_speed: Annotated[float, Ge(0)] = 0.1
    price_high: Annotated[float, Gt(0)] = 2000.0

    def __post_init__(self) -> None:
        if sum(f.endowment for f in self.firms) <= 0:
            raise ValueError("no firm is given a permit: there is nothing to trade")


class PermitLaboratory(mesa.Model):
    """A laboratory permit market; one step is one trading day.

    Parameters
    ----------
    spec : PermitSpec
        Firms and rules.
    seed : int
        Seed of all random draws.
    keep : Keep, optional
        What the market remembers.

    Attributes
    ----------
    market, seats, desk, strategy
        As in the market of firms; each session has a right of its own.
    belief : ndarray of float64, shape (n_seats,)
        Price that each firm expects, ticks.
    price : float
        Competitive price of a session, CNY.
    least_cost : float
        Cost of a session at that price, CNY a round.
    mean_price, cost, volume : ndarray of float64, shape (rounds, sessions)
        Mean price of a round, CNY; abatement cost, CNY; permits traded.
    abated : ndarray of int64, shape (rounds, sessions, firms)
        Units abated by each firm.

    Examples
    --------
    >>> firms = (PermitFirm(100, 0.0, 1.0, 60), PermitFirm(100, 0.0, 1.0, 100))
    >>> model = PermitLaboratory(PermitSpec(firms, copies=5, rounds=1, days=5), seed=1)
    >>> round(model.price, 6), round(model.least_cost, 6)
    (20.0, 2000.0)
    >>> model.run_model()
    >>> int(model.abated[0].sum())
    200
    """

    def __init__(self, spec: PermitSpec, seed: int, keep: Keep | None = None) -> None:
        super().__init__(rng=seed)
        self.spec = spec
        self.streams = Streams(seed)
        self.day = -1
        self.running = True
        kinds = [f for f in spec.firms for _ in range(spec.copies)]
        n, sessions = len(kinds), spec.sessions
        self.baseline: Ints = np.tile([f.baseline for f in kinds], sessions)
        self.alpha: Floats = np.tile([float(f.alpha) for f in kinds], sessions)
        self.beta: Floats = np.tile([float(f.beta) for f in kinds], sessions)
        self.endowment: Ints = np.tile([f.endowment for f in kinds], sessions)
        self._find_benchmark(n)
        self._open_market(n, keep)
        noise = self.streams[BELIEFS].standard_normal(n * sessions)
        self.belief: Floats = spec.first_belief * TICKS * np.exp(spec.belief_sd * noise)
        self._sign: Floats = np.zeros(sessions)
        self._changes: Ints = np.zeros(sessions, dtype=np.int64)
        shape = (spec.rounds, sessions)
        self.volume: Floats = np.zeros(shape)
        self._value: Floats = np.zeros(shape)
        self.cost: Floats = np.zeros(shape)
        self.abated: Ints = np.zeros((*shape, n), dtype=np.int64)
        release_from_mesa(self)

    def _find_benchmark(self, n: int) -> None:
        curves = CostCurves.linear(self.alpha[:n], self.beta[:n], self.baseline[:n])
        need = self.baseline[:n].astype(np.float64)
        self.price = one_period_price(curves, need, float(self.endowment[:n].sum()))
        self.least_cost = float((need * curves.cost(curves.share_at(self.price))).sum())

    def _open_market(self, n: int, keep: Keep | None) -> None:
        spec, sessions = self.spec, self.spec.sessions
        books = [_rule_book(spec, s) for s in range(sessions)]
        accounts = Accounts()
        self.accounts_of: Ints = accounts.open_many(AccountKind.COMPLIANCE, ["firm"] * (n * sessions))
        self.market = Market(books, accounts, keep or Keep(trades=False, journal=False))
        rows = np.arange(n * sessions)
        self.seats = Seats(np.repeat(np.arange(sessions), n), rows, self.accounts_of)
        self.seats.active[:] = True
        no_limit = np.full(len(rows), np.iinfo(np.int64).max)
        behaviour = Behaviour(max_order_units=float(self.baseline.sum()))
        self.desk = Desk(self.market, self.seats, sessions, behaviour, no_limit)
        self.strategy = Planner(rows, self.streams["strategy.planner"])

    # -- the round and the day

    @property
    def round(self) -> int:
        """The round at hand, counted from 0."""
        return max(0, self.day) // self.spec.days

    def step(self) -> None:
        """Run one trading day.

        Raises
        ------
        ValueError
            If all rounds have been run.
        """
        spec = self.spec
        if self.day + 1 >= spec.rounds * spec.days:
            raise ValueError(f"the experiment has {spec.rounds} rounds of {spec.days} days, and all have been run")
        self.day += 1
        days_left = spec.days - self.day % spec.days
        if days_left == spec.days:
            self._give_out()
        self.market.open_day(self.day, range(spec.sessions))
        self.desk.open_day([[s] for s in range(spec.sessions)])
        self._plan(days_left)
        for batch in range(spec.batches_per_day):
            self._trade_batch(spec.batches_per_day - batch if days_left == 1 else 0)
        self._learn()
        self.market.close_day()
        self.desk.close_day()
        if days_left == 1:
            self._end_round()
        self.running = self.day + 1 < spec.rounds * spec.days

    def _give_out(self) -> None:
        seats, given = self.seats, np.flatnonzero(self.endowment > 0)
        self.market.registry.issue(seats.right[given], self.accounts_of[given], self.endowment[given])
        # Enough for all permits at the price at which the firm would rather abate everything.
        dearest = self.alpha + self.beta * self.baseline
        cash = np.ceil(self.baseline * np.maximum(dearest * TICKS, self.belief.max())).astype(np.int64)
        self.market.registry.deposit(self.accounts_of, cash * self.desk.tick_value[0])

    def _held(self) -> Ints:
        registry, right = self.market.registry, self.seats.right
        return np.asarray((registry.free + registry.frozen)[right, self.accounts_of])

    def _marginal_cost(self, abated: Floats | Ints) -> Floats:
        """Return the marginal cost of abatement, ticks."""
        return np.asarray((self.alpha + self.beta * np.maximum(abated, 0)) * TICKS)

    def _plan(self, days_left: int) -> None:
        """Plan the net trade at the expected price, and do an even part of it today."""
        seats = self.seats
        wanted = np.clip((self.belief / TICKS - self.alpha) / self.beta, 0.0, self.baseline)
        plan = np.rint(self.baseline - wanted - self._held())
        seats.value[:] = self.belief
        seats.urgency[:] = float(days_left == 1)
        seats.wish_lots[:] = plan
        seats.quota[:] = np.ceil(np.abs(plan) / days_left)

    def _trade_batch(self, batches_left: int) -> None:
        """Let firms quote in random order; on the last day in as many slices as there are batches left."""
        seats, rng = self.seats, self.streams[ARRIVALS]
        if batches_left:
            self._concede(batches_left)
        rows = np.flatnonzero(seats.quota > 0)
        quotes: Quotes = self.strategy.quote(self.desk, rows)
        _, receipt = self.desk.submit(quotes.take(rng.permutation(len(quotes.seat))))
        trades = receipt.trades
        now = self.round
        np.add.at(self.volume[now], trades.instrument, trades.lots.astype(np.float64))
        np.add.at(self._value[now], trades.instrument, (trades.lots * trades.price_ticks).astype(np.float64))

    def _concede(self, batches_left: int) -> None:
        """Plan by holdings instead of the expected price: what the last unit of the next slice is worth."""
        seats = self.seats
        cost = self._marginal_cost(self.baseline - self._held())
        price = np.where(seats.wish_lots > 0, np.maximum(self.belief, cost), np.minimum(self.belief, cost))
        slices = np.ceil(np.abs(seats.wish_lots) / batches_left).astype(np.int64)
        seats.quota[:] = slices
        seats.ceiling[:] = price
        self.desk.kept_value[:] = np.maximum(price, 1.0)

    def _imbalance(self) -> Floats:
        """Return unfilled buying less unfilled selling of the day, by session, as a share of all that was wanted."""
        seats, sessions = self.seats, self.spec.sessions
        left = np.maximum(seats.quota, 0).astype(np.float64)
        buys = np.bincount(seats.right, np.where(seats.wish_lots > 0, left, 0.0), sessions)
        sells = np.bincount(seats.right, np.where(seats.wish_lots < 0, left, 0.0), sessions)
        total = buys + sells + self.market.tape.today["lots"]
        return np.divide(buys - sells, total, out=np.zeros(sessions), where=total > 0)

    def _learn(self) -> None:
        """Follow the day's mean price and what was wanted in vain, both of them public."""
        spec, session, today = self.spec, self.seats.right, self.market.tape.today
        imbalance = self._imbalance()
        sign = np.sign(imbalance)
        self._changes += sign * self._sign < 0
        self._sign = np.where(sign != 0, sign, self._sign)
        lots, value = today["lots"].astype(np.float64), today["value_fen"] / self.desk.tick_value
        mean = np.divide(value, lots, out=np.full(len(lots), np.nan), where=lots > 0)[session]
        self.belief += np.where(np.isnan(mean), 0.0, spec.learning * (mean - self.belief))
        speed = spec.imbalance_speed / np.sqrt(1.0 + self._changes)
        self.belief = np.clip(self.belief * np.exp(speed * imbalance)[session], 1.0, spec.price_high * TICKS)

    def _end_round(self) -> None:
        """Let firms abate what they do not hold, take in the permits and pay out the cash."""
        registry, right, accounts = self.market.registry, self.seats.right, self.accounts_of
        held = self._held()
        abated = np.maximum(self.baseline - held, 0)
        used = np.minimum(held, self.baseline)
        cost = abated * (self.alpha + self.beta * abated / 2.0)
        now, shape = self.round, (self.spec.sessions, -1)
        self.abated[now], self.cost[now] = abated.reshape(shape), cost.reshape(shape).sum(axis=1)
        some, over = np.flatnonzero(used > 0), np.flatnonzero(held > used)
        registry.surrender(right[some], accounts[some], used[some])
        registry.expire(right[over], accounts[over], (held - used)[over])
        registry.withdraw(accounts, registry.cash[accounts])

    # -- what others read

    @property
    def mean_price(self) -> Floats:
        """Mean price of each round and session, CNY, nan without trade."""
        ticks = np.divide(self._value, self.volume, out=np.full_like(self.volume, np.nan), where=self.volume > 0)
        return np.asarray(ticks / TICKS)

    @property
    def cost_excess(self) -> Floats:
        """Abatement cost of each round and session over the least, as a share of it."""
        return np.asarray(self.cost / self.least_cost - 1.0)

    def state(self) -> dict[str, Any]:
        """Return everything that changes, as plain arrays and numbers, between two days."""
        return {
            "day": self.day,
            "steps": self.steps,
            "market": self.market.state(),
            "seats": self.seats.state(),
            "desk": self.desk.state(),
            "streams": self.streams.state(),
            "learned": [self.belief.copy(), self._sign.copy(), self._changes.copy()],
            "kept": [self.volume.copy(), self._value.copy(), self.cost.copy(), self.abated.copy()],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continue from a `state` of a model of the same spec; the continuation is the same to the bit."""
        self.day, self.steps = int(state["day"]), int(state["steps"])
        self.market.restore(state["market"])
        self.seats.restore(state["seats"])
        self.desk.restore(state["desk"])
        self.streams.restore(state["streams"])
        self.belief, self._sign, self._changes = (np.array(x) for x in state["learned"])
        self.volume, self._value, self.cost, self.abated = (np.array(x) for x in state["kept"])
        self.running = self.day + 1 < self.spec.rounds * self.spec.days


def _rule_book(spec: PermitSpec, session: int) -> RuleBook:
    """Return the rules of a session's permit: no fees, and what was bought may be used at once."""
    first, last = date(YEAR, 1, 1), date(YEAR, 12, 31)
    period = Period(
        str(YEAR), YEAR, first, last, announce=first, preallocate=first, verify=last, true_up=last, deadline=last
    )
    top = round(spec.price_high * TICKS)
    return RuleBook(
        right=Right(f"PERMIT{session + 1}", "Laboratory permit", "实验许可", "unit", Decimal(1), TICK_YUAN, top),
        periods=(period,),
        opening_price_ticks=max(1, min(top, round(spec.first_belief * TICKS))),
        surrender=Surrender(),
        settlement=SettlementCycle(units_lag_days=0),
        opening_call=False,
    )
