"""The Mesa model of a market: one step is one trading day, made of public steps that a clock or a person can drive.

::

    open_day     shocks; duties of the morning; monthly decisions; output, use; expectations; call auction
    trade_batch  quotes of those who look at the market, matched and settled; bids in one-way auctions
    negotiate    blocks and offers, agreed between firms that know each other
    close_day    bars, slow prices; duties of the evening: verify, true up, surrender, fine, bank

The order of a day and of a year is that of the rule book's hooks (`rights_market.exchange.calendar`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import mesa
import numpy as np
import numpy.typing as npt

from agents.behaviour import Behaviour
from agents.block_desk import BlockDesk
from agents.cap_course import CapCourse, cap_dates
from agents.compliance_year import ComplianceYear
from agents.config import MarketConfig, small_market
from agents.credit_trade import CreditTrade
from agents.desk import Desk
from agents.entry_exit import EntryExit
from agents.excess_sales import plan_excess_sales
from agents.expectations import Expectations
from agents.firms import Firms
from agents.fiscal_year import FiscalYear
from agents.forecasts import Forecasts
from agents.forward_trade import ForwardTrade
from agents.information import InformationExchange
from agents.links import Links
from agents.model_state import restore_to, state_of
from agents.named_choice import NamedChoice
from agents.objects import ObjectTraders, Participant
from agents.one_way_trade import OneWayTrade
from agents.operations import Operations, Rates
from agents.otc_trade import OtcTrade
from agents.paid_terms import PaidTerms
from agents.partner_search import draw_relations
from agents.primary_market import PrimaryMarket
from agents.production import Production
from agents.progress import RightProgress
from agents.recorder import Recorder
from agents.relations import NO_GROUP, group_names, group_of
from agents.reporting import Reporting
from agents.reserve_trade import offer_reserve, sell_idle_rights
from agents.roster import Roster, draw_roster
from agents.strategies.market_maker import MarketMaker
from agents.streams import RELATIONS, Streams
from agents.trading_floor import TradingFloor
from agents.use import day_weights
from agents.views import Firm, Institution, release_from_mesa
from agents.zone_trade import ZoneTrade
from rights_market import AccountKind, Accounts, Receipt
from rights_market.authority import Authority, Covered
from rights_market.authority.mrv import mrv_dates
from rights_market.authority.regulator import regulator_dates
from rights_market.authority.supply import supply_dates
from rights_market.exchange.calendar import HOOK_ORDER, Agenda, Hook
from rights_market.market import Market

Floats = npt.NDArray[np.float64]

SHARE_QUOTING = 0.5
"""Share of the traders at their desk who quote in a given batch."""

BEFORE_ENTRY = HOOK_ORDER[: HOOK_ORDER.index("firm_entry")]
"""Duties of a morning that come before firms enter and leave."""


class RightsMarketModel(mesa.Model):
    """A market for environmental rights.

    Parameters
    ----------
    config : MarketConfig, optional
        Rules, calendar and population.  Without it, a small carbon market is made of the plain numbers that follow.
    n_firms, tightness, years, days_per_year, hedger_share
        See `agents.config.small_market`.
    traders : sequence of Participant
        Objects of your own that trade beside the population.
    seed, rng : int, optional
        Seed of all random draws; give one of them.

    Attributes
    ----------
    market : Market
        Registry and exchange.
    authority : Authority
        Who carries out the rules.
    firms, operations, seats, desk, expectations, recorder
        The population, what it does, who trades, what it sees, what it believes, what is kept.
    datacollector : mesa.DataCollector
        Model reporters, one row a day.

    Examples
    --------
    >>> model = RightsMarketModel(n_firms=10, days_per_year=30, seed=1)
    >>> model.step()
    >>> model.day, len(model.agents)
    (0, 10)
    """

    def __init__(
        self,
        config: MarketConfig | None = None,
        n_firms: int = 50,
        tightness: float = 0.02,
        years: int = 2,
        days_per_year: int = 60,
        hedger_share: float = 0.2,
        traders: Sequence[Participant] = (),
        seed: int | None = None,
        rng: int | None = None,
    ) -> None:
        if seed is not None and rng is not None:
            raise ValueError("give either seed or rng, not both")
        chosen = seed if seed is not None else rng
        root = int(np.random.SeedSequence().entropy % 2**63) if chosen is None else int(chosen)  # type: ignore[operator]
        super().__init__(rng=root)
        self.config = config or small_market(n_firms, tightness, years, days_per_year, hedger_share)
        self.participants = tuple(traders)
        self.root_seed = root
        self.streams = Streams(root)
        self.day = -1
        self.running = True
        self._build(traders)
        self.datacollector = mesa.DataCollector(
            model_reporters={"day": "day", "price": "prices_yuan", "volume": "volumes", "use": "use_now"}
        )

    # -- construction

    def _build(self, traders: Sequence[Participant]) -> None:
        fixed = self.config.population.seed
        people = self.streams if fixed is None else Streams(fixed)
        self._gather(traders, people)
        self._open_market()
        self._plan_calendar()
        self.operations = Operations(self.firms, self.config.behaviour, people, self._history_start())
        self._set_to_work()
        self._open_desks(traders, people)
        self.market.registry.deposit(self.accounts_of, self.roster.cash_fen(self.firms))
        self.cash_start_fen = self.market.registry.cash.copy()
        self._weights = day_weights(list(self.calendar.days), self._day_before_start())
        self.rates: Rates = self.operations.rates()
        self.fronts: list[int | None] = [None] * len(self.progress)
        self.entry_exit.begin()
        self.production.fill_history()
        self.fiscal_year.begin()
        self._inform_objects()
        for row in range(len(self.firms)):
            Firm(self, row)
        for row in range(len(self.firms), len(self.accounts_of)):
            Institution(self, row)
        release_from_mesa(self)

    def _gather(self, traders: Sequence[Participant], people: Streams) -> None:
        """Draw the population and who trades, and open their accounts."""
        config = self.config
        self.right_codes = [b.right.code for b in config.rule_books]
        self.calendar = config.calendar
        self.firms = Firms(config.population, self.right_codes, people)
        tradable = [b.tradable for b in config.rule_books]
        self.roster: Roster = draw_roster(
            config.population, self.firms, traders, self.right_codes, self.streams, tradable
        )
        self.accounts = Accounts()
        firms = self.accounts.open_many(AccountKind.COMPLIANCE, self.firms.names)
        traits = zip(self.roster.institution_names, self.roster.strategy[len(firms) :], strict=True)
        others = [self.accounts.open(_kind_of(strategy), name) for name, strategy in traits]
        self.accounts_of = np.concatenate([firms, np.array(others, np.int64)])
        names = group_names(config.population.rows, len(firms))
        self.groups = group_of(names, config.population.relations, people[RELATIONS])
        self.seats = self.roster.seats(self.accounts_of)
        self.accounts.open_many(AccountKind.PROJECT, [source.name for source in config.credit_sources])

    def _open_market(self) -> None:
        """Open the market and its authority."""
        config = self.config
        self.market = Market(config.rule_books, self.accounts, config.keep, config.credits)
        sectors = tuple(self.firms.sector_codes[s] for s in self.firms.sector)
        owners = tuple("" if g == NO_GROUP else f"group {g + 1}" for g in self.groups.tolist())
        firms = self.accounts_of[: len(self.firms)]
        covered = Covered(firms, sectors, regions=tuple(self.firms.regions), owners=owners)
        self.authority = Authority(
            self.market,
            covered,
            self.calendar,
            config.rule_changes,
            credit_sources=config.credit_sources,
            links=config.links,
            fiscal=config.fiscal,
        )

    def _plan_calendar(self) -> None:
        """Enter the periods of all rights, and the other dates that their rules name, into the agenda."""
        books = self.config.rule_books
        self.progress: list[RightProgress] = []
        first = 0
        for index, book in enumerate(books):
            history = self.authority.rules(book.right.code)
            self.progress.append(RightProgress(index, history, self.calendar, len(self.firms), first))
            first += len(book.periods)
        duties = [
            dated
            for book in books
            for dated in (
                *supply_dates(book, self.calendar),
                *mrv_dates(book, self.calendar),
                *cap_dates(book),
                *regulator_dates(book, self.calendar),
            )
        ]
        duties += [dated for p in self.progress for dated in p.history.dates()]
        self.agenda = Agenda(self.calendar, {b.right.code: b.periods for b in books}, duties)

    def _set_to_work(self) -> None:
        """Set up what firms do apart from trading."""
        self.cap_course = CapCourse(self)
        self.production = Production(self)
        self.forecasts = Forecasts(self)
        self.reporting = Reporting(self)
        self.year_course = ComplianceYear(self)
        self.entry_exit = EntryExit(self)
        self.paid_terms = PaidTerms(self)
        self.fiscal_year = FiscalYear(self)
        self.links = Links(self)

    def _open_desks(self, traders: Sequence[Participant], people: Streams) -> None:
        """Set up how everybody trades, what they expect, and what is written down."""
        books, behaviour = self.config.rule_books, self.config.behaviour
        limits = self.roster.position_lots(books, self.seats)
        self.desk = Desk(self.market, self.seats, len(books), behaviour, limits)
        self.expectations = Expectations(self)
        relations = draw_relations(self, people)
        self.block_desk = BlockDesk(self, relations)
        self.otc_trade = OtcTrade(self, relations)
        self.one_way_trade = OneWayTrade(self)
        self.information = InformationExchange(self, people)
        self.floor = TradingFloor(self)
        self.named_choice = NamedChoice(self, people)
        own = [int(a) for a in self.accounts_of[len(self.accounts_of) - len(traders) :]]
        self.object_traders = ObjectTraders(traders, own, self.desk, self.seats, [b.right for b in books])
        self.recorder = Recorder(self)
        self.primary_market = PrimaryMarket(self)
        self.zone_trade = ZoneTrade(self)
        self.credit_trade = CreditTrade(self)
        self.forward_trade = ForwardTrade(self)

    def _history_start(self) -> int:
        first = min(p.use_from.year for b in self.config.rule_books for p in b.periods)
        return min(first, self.calendar.days[0].year)

    def _day_before_start(self) -> Any:
        return self.calendar.start.fromordinal(self.calendar.days[0].toordinal() - 1)

    @property
    def strategy_of(self) -> list[str]:
        """Name of the strategy of each trader."""
        return self.roster.strategy

    @property
    def behaviour(self) -> Behaviour:
        """How firms form values and plans."""
        return self.config.behaviour

    # -- the day

    def step(self) -> None:
        """Run one trading day; the model stops running after the last."""
        self.open_day()
        for done in range(1, self.config.batches_per_day + 1):
            self.trade_batch()
            self.negotiate(done)
        self.close_day()

    def open_day(self) -> None:
        """Begin the next trading day: what firms make and use, the morning's duties, what they expect."""
        if self.day + 1 >= len(self.calendar):
            raise ValueError(f"the calendar ends with day {self.day}; there is no further day to open")
        self.day += 1
        day = self.day
        usable = [self._tradable(p) for p in self.progress]
        self._carry_prices()
        others = (*self.credit_trade.open_now(), *self.forward_trade.open_now())
        traded = [*(i for instruments in usable for i in instruments), *others]
        self.market.open_day(day, traded, self.calendar.days[day])
        self.credit_trade.issue()
        self.desk.open_day(usable)
        self._inform_objects()
        self._move_on()
        self._serve_morning(day)
        self.links.hear_prices()
        self.links.convert()
        self.information.exchange()
        self._work()
        self.expectations.form()
        self.entry_exit.press()
        self.block_desk.hold_back()
        self.one_way_trade.open_day()
        plan_excess_sales(self)
        for strategy in self.floor.strategies:
            strategy.open_day(self.desk)
        self.links.quote()
        opening = [
            p.index for p in self.progress if p.rules.opening_call and p.rules.permission is None and usable[p.index]
        ]
        if opening:
            self.floor.trade(self.floor.quoting(np.isin(self.seats.right, opening)), call=True)
        self.zone_trade.hold(usable)
        self.credit_trade.hold()
        self.forward_trade.hold()
        offer_reserve(self)

    def _serve_morning(self, day: int) -> None:
        """Serve the duties before the session, with firms that come and go in their place among the hooks."""
        duties = self.agenda.before_session(day)
        self.entry_exit.open_year()
        self.year_course.serve(e for e in duties if e.hook in BEFORE_ENTRY)
        self.entry_exit.serve()
        self.paid_terms.serve()
        self.year_course.serve(e for e in duties if e.hook not in BEFORE_ENTRY)

    def day_weight(self) -> float:
        """Return the years for which today stands."""
        return float(self._weights[self.day])

    def trade_batch(self) -> Receipt:
        """Let those at their desks quote once, in random order, and match what they send."""
        self.links.quote()
        at_desk = self.streams["arrivals"].random(len(self.seats)) < SHARE_QUOTING
        receipt = self.floor.trade(self.floor.quoting(at_desk & self.zone_trade.in_books))
        self.one_way_trade.end_batch()
        return receipt

    def negotiate(self, batches: int | None = None) -> None:
        """Let firms agree on blocks where the rules say so after as many batches, by default after the last.

        Others make and answer offers once the day's batches are over.
        """
        self.block_desk.negotiate(self.config.batches_per_day if batches is None else batches)
        if batches is None or batches == self.config.batches_per_day:
            self.otc_trade.negotiate()

    def close_day(self) -> None:
        """End the trading day, serve the evening's duties and write down the day."""
        self.links.close_day()
        self.market.end_session()
        self.floor.learn_rest()
        self.expectations.note_imbalance()
        self.market.close_day()
        self.authority.count_day(self.calendar.days[self.day], self._days_to_next())
        self.desk.close_day()
        self.recorder.read_close()
        self.expectations.learn()
        self.year_course.serve(self.agenda.after_session(self.day))
        sell_idle_rights(self)
        self.fiscal_year.close_day()
        self.recorder.end_day()
        self.datacollector.collect(self)
        self.running = self.day + 1 < len(self.calendar)

    def _inform_objects(self) -> None:
        """Tell objects that trade what day it is, and how many trading days are left to each deadline."""
        board = self.object_traders.board
        board.day = self.day
        for p in self.progress:
            front = p.front(self.day)
            board.days_left[p.rules.right.code] = 0 if front is None else p.deadline_day[front] - self.day

    def _days_to_next(self) -> int:
        """Return the calendar days until the next trading day, 1 after the last."""
        days = self.calendar.days
        return (days[self.day + 1] - days[self.day]).days if self.day + 1 < len(days) else 1

    def _tradable(self, progress: RightProgress) -> list[int]:
        """Return the instruments of a right that are traded today: the front one, and older ones that anybody holds."""
        usable = progress.usable(self.day)
        outstanding = self.market.registry.outstanding
        return [i for i in usable if i == usable[-1] or outstanding[i] > 0]

    def _carry_prices(self) -> None:
        """Let a vintage that comes to the front begin at the price of the one before."""
        for p in self.progress:
            front, before = p.front(self.day), self.fronts[p.index]
            if before is not None and front is not None and front != before:
                if p.rules.bankable:
                    self.market.carry_price(p.instruments[before], p.instruments[front])
                else:
                    self.expectations.start_anew(p.index)
            self.fronts[p.index] = front

    def _move_on(self) -> None:
        """Let output move on by a day, and intensities on the first day of a year."""
        today = self.calendar.days[self.day]
        if self.day and today.year != self.calendar.days[self.day - 1].year:
            self.operations.begin_year(today.year, self.streams)
            self.operations.allowed = self.authority.sanctions.output_factor(today.year)
        self.firms.move_shocks(self.streams)
        self.firms.years_passed += float(self._weights[self.day])
        self.rates = self.operations.rates()

    def _work(self) -> None:
        """Decide on the first trading day of the run and of each month, on that day's news; work at the day's rates."""
        days = self.calendar.days
        if self.day == 0 or days[self.day].month != days[self.day - 1].month:
            self.fiscal_year.weigh_taxes()
            self.expectations.public_prices.look_ahead()
            self.production.decide()
            self.rates = self.operations.rates()
        self.production.work(days[self.day], float(self._weights[self.day]))
        self.fiscal_year.work(float(self._weights[self.day]))

    # -- what others read

    def agenda_days(self, hook: Hook, right_code: str, period_name: str) -> tuple[int, ...]:
        """Return the days on which a duty falls."""
        return self.agenda.days_of(hook, right_code, period_name)

    @property
    def prices_yuan(self) -> dict[str, float]:
        """Latest price of each right, CNY per unit."""
        return {
            code: float(self.desk.last_price[r]) * float(self.config.rule_books[r].right.tick_yuan)
            for r, code in enumerate(self.right_codes)
        }

    @property
    def volumes(self) -> dict[str, float]:
        """Units of each right traded on the last day."""
        return dict(zip(self.right_codes, self.recorder.volume_today, strict=True))

    @property
    def use_now(self) -> dict[str, float]:
        """Units of each right used a year at today's rate by the firms that must hold it."""
        use = (self.rates.use * self.firms.covered).sum(axis=0)
        return {code: float(u) for code, u in zip(self.right_codes, use, strict=True)}

    def values_yuan(self) -> Floats:
        """Return what a unit of each right is worth to each firm, CNY, 0 where it need not hold it."""
        return self.expectations.values_yuan()

    # -- saved and continued

    def state(self) -> dict[str, Any]:
        """Return everything that changes during a run, as plain arrays, numbers and strings.

        Of the `datacollector`, the rows of model reporters are kept.  What you give to single Mesa agents is not.

        Raises
        ------
        ValueError
            If an object that trades has no ``state`` and ``restore``.
        """
        return state_of(self)

    def restore(self, state: Mapping[str, Any], *, other_rules: bool = False) -> None:
        """Continue from a `state`, taken at the end of a day or between two batches, to the same bits.

        Parameters
        ----------
        state : mapping
            What `state` returned, here or in a model of the same config and seed.
        other_rules : bool
            Whether rules, costs and behaviour may differ from those of the saved run, to ask what a change would do
            from that day on.  Seed, instruments, trading days and traders must be the same in any case.

        Raises
        ------
        ValueError
            If the state was saved by a model that was made of something else.
        """
        restore_to(self, state, other_rules=other_rules)
        self._inform_objects()

    @classmethod
    def from_state(
        cls,
        config: MarketConfig,
        state: Mapping[str, Any],
        traders: Sequence[Participant] = (),
        *,
        other_rules: bool = False,
    ) -> Self:
        """Return a new model that continues from a `state`; see `restore`."""
        model = cls(config, traders=traders, seed=int(state["made_of"]["seed"]))
        model.restore(state, other_rules=other_rules)
        return model


def _kind_of(strategy: str) -> AccountKind:
    """Return the kind of account that a trader without obligations opens."""
    return AccountKind.MARKET_MAKER if strategy == MarketMaker.name else AccountKind.INSTITUTION
