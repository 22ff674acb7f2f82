"""The laboratory permit market: firms with given costs of abatement trade an endowment of permits, round after round.

Montgomery (1972, Journal of Economic Theory 5:395): the competitive market reaches least cost, whoever is given the
permits.  The market, seats, desk and strategy are those of the firms; what differs is that costs, needs and endowments
come from an experimenter, that what a firm does not hold at the end of a round it abates, and that each round starts
anew while beliefs are kept.

Each firm plans its whole net trade at the price that it expects.  In the evening all see what was traded at which mean
price and what was wanted in vain, and follow both: the unfilled quantities are the market's excess demand, so that the
traders do together what an auctioneer would do.  They follow quantities, not numbers of quotes: the longer side would
shout the louder, the more traders there are.

With `enforcement` a firm may also leave units without a permit; how many, it plans at the same price.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import mesa
import numpy as np
import numpy.typing as npt

from agents.abatement import CostCurves
from agents.behaviour import Behaviour
from agents.desk import Desk
from agents.permit_spec import PermitSpec
from agents.price_search import one_period_price
from agents.seats import Seats
from agents.strategies import Quotes
from agents.strategies.planner import Planner
from agents.streams import ARRIVALS, AUDIT, BELIEFS, Streams
from agents.views import release_from_mesa
from rights_market import AccountKind, Accounts, Right, RuleBook
from rights_market.exchange.calendar import Period
from rights_market.market import Keep, Market
from rights_market.policies.compliance import Surrender
from rights_market.policies.trading import SettlementCycle
from rights_market.registry.accounts import GOVERNMENT_ACCOUNT

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

YEAR = 2000
"""Vintage of laboratory permits; a round is no year, so that it says nothing."""
TICK_YUAN = Decimal("0.01")
TICKS = float(1 / TICK_YUAN)
BISECTIONS = 60


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
    abated, violated : ndarray of int64, shape (rounds, sessions, firms)
        Units abated by each firm, and left without a permit.
    fines : ndarray of float64, shape (rounds, sessions)
        What firms were fined, CNY.

    Examples
    --------
    >>> from agents.permit_spec import PermitFirm
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
        self.fines: Floats = np.zeros(shape)
        self.abated: Ints = np.zeros((*shape, n), dtype=np.int64)
        self.violated: Ints = np.zeros((*shape, n), dtype=np.int64)
        release_from_mesa(self)

    def _find_benchmark(self, n: int) -> None:
        curves = CostCurves.linear(self.alpha[:n], self.beta[:n], self.baseline[:n])
        need = self.baseline[:n].astype(np.float64)
        self.price = self._competitive_price(curves, need, n)
        self.least_cost = float((need * curves.cost(curves.share_at(self.price))).sum())

    def _competitive_price(self, curves: CostCurves, need: Floats, n: int) -> float:
        """Return the price at which abatement, and violations where there may be any, make up for what is missing."""
        given, rule = float(self.endowment[:n].sum()), self.spec.enforcement
        if rule is None:
            return one_period_price(curves, need, given)
        low, high = 0.0, one_period_price(curves, need, given)
        for _ in range(BISECTIONS):
            middle = (low + high) / 2.0
            left = rule.violation(np.full(n, middle), self.baseline[:n])
            short = float((need * curves.share_at(middle) + left).sum()) < need.sum() - given
            low, high = (middle, high) if short else (low, middle)
        return high

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

    def _left_uncovered(self, missing: Ints) -> Floats:
        """Return which part of the units without a permit firms do not abate."""
        rule = self.spec.enforcement
        return np.zeros(len(missing)) if rule is None else rule.left_uncovered(missing, self.alpha, self.beta)

    def _marginal_cost(self, missing: Ints) -> Floats:
        """Return what one more permit would save a firm that lacks so many, ticks."""
        abated = np.maximum(missing, 0) - self._left_uncovered(missing)
        return np.asarray((self.alpha + self.beta * abated) * TICKS)

    def _plan(self, days_left: int) -> None:
        """Plan the net trade at the expected price, and do an even part of it today."""
        seats = self.seats
        wanted = np.clip((self.belief / TICKS - self.alpha) / self.beta, 0.0, self.baseline)
        if self.spec.enforcement is not None:
            left = self.spec.enforcement.violation(self.belief / TICKS, self.baseline)
            wanted = np.minimum(wanted + left, self.baseline)
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
        """Let firms abate or leave uncovered what they do not hold, fine some, take in permits and pay out the cash."""
        registry, right, accounts = self.market.registry, self.seats.right, self.accounts_of
        held = self._held()
        missing = np.maximum(self.baseline - held, 0)
        violated = np.rint(self._left_uncovered(missing)).astype(np.int64)
        abated = missing - violated
        used = np.minimum(held, self.baseline)
        cost = abated * (self.alpha + self.beta * abated / 2.0)
        now, shape = self.round, (self.spec.sessions, -1)
        self.abated[now], self.cost[now] = abated.reshape(shape), cost.reshape(shape).sum(axis=1)
        self.violated[now], self.fines[now] = violated.reshape(shape), self._fine(violated).reshape(shape).sum(axis=1)
        some, over = np.flatnonzero(used > 0), np.flatnonzero(held > used)
        registry.surrender(right[some], accounts[some], used[some])
        registry.expire(right[over], accounts[over], (held - used)[over])
        registry.withdraw(accounts, registry.cash[accounts])

    def _fine(self, violated: Ints) -> Floats:
        """Audit some firms by chance, take what those owe that left units uncovered, and return it, CNY."""
        rule, registry = self.spec.enforcement, self.market.registry
        if rule is None:
            return np.zeros(len(violated))
        audited = self.streams[AUDIT].random(len(violated)) < rule.probability
        fines = np.where(audited, rule.fine_yuan(violated), 0.0)
        owed = np.rint(fines * self.desk.tick_value[0] * TICKS).astype(np.int64)
        paying = np.flatnonzero(owed > 0)
        registry.pay(self.accounts_of[paying], GOVERNMENT_ACCOUNT, owed[paying])
        return fines

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
            "kept": [x.copy() for x in self._kept()],
        }

    def _kept(self) -> list[Floats | Ints]:
        """Return what is written down of each round."""
        return [self.volume, self._value, self.cost, self.fines, self.abated, self.violated]

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continue from a `state` of a model of the same spec; the continuation is the same to the bit."""
        self.day, self.steps = int(state["day"]), int(state["steps"])
        self.market.restore(state["market"])
        self.seats.restore(state["seats"])
        self.desk.restore(state["desk"])
        self.streams.restore(state["streams"])
        self.belief, self._sign, self._changes = (np.array(x) for x in state["learned"])
        for kept, saved in zip(self._kept(), state["kept"], strict=True):
            kept[:] = saved
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
