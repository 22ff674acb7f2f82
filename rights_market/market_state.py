"""The state of a market: its departments, what can be read there, how it is saved and restored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from rights_market.credit import Credit
from rights_market.dealing import OneWay, Otc
from rights_market.dealing.terms import Floor
from rights_market.exchange.call_auction import CallAuction
from rights_market.exchange.charges import WAYS, Charge
from rights_market.exchange.commitments import Commitments
from rights_market.exchange.funding import Funding
from rights_market.exchange.gate import Room
from rights_market.exchange.limits import Limits
from rights_market.exchange.order_book import OrderBook, SelfTrade
from rights_market.exchange.tape import Tape
from rights_market.kernels.settlement import BUYER_LEAST, TAX_PPM
from rights_market.negotiation import Negotiation
from rights_market.policies.trading import CallAuctionTerms, Fees
from rights_market.records import Event, Mode, Reason, Trades
from rights_market.reference_prices import ReferencePrices
from rights_market.registry.accounts import CLEARING_ACCOUNT, GOVERNMENT_ACCOUNT, Accounts
from rights_market.registry.balances import Registry
from rights_market.registry.journal import Journal
from rights_market.registry.obligations import Obligations
from rights_market.rights import Instruments
from rights_market.rulebook import RuleBook
from rights_market.supervision import Due, Supervision
from rights_market.units import PPM, Side

Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Keep:
    """What a market remembers beyond balances and daily bars.

    Attributes
    ----------
    trades, quotes, journal : bool
        Every trade, the quotes after every batch, every operation of the registry.
    """

    trades: bool = True
    quotes: bool = False
    journal: bool = True


class MarketState:
    """Registry and exchange for a set of rights, and what can be read in them.

    Parameters
    ----------
    rule_books : sequence of RuleBook
        One a right, as on the first day; they give the instruments (one for each period), bands, fees and settlement.
    accounts : Accounts
        Who may own and trade; may grow while the market is in use.
    keep : Keep
        What to remember.
    credits : sequence of Credit
        Credits that are traded beside the rights.

    Attributes
    ----------
    instruments, accounts, registry, obligations, book, limits, tape
        The departments; each is the sole writer of its own state.
    commitments : Commitments
        What stands behind offers beside the books.
    otc : Otc
        Offers over the counter, for rights that have a rule for them.
    one_way : OneWay
        Auctions of one seller or buyer, for rights that have a rule for them.
    events : list of Event
        What happened in this market besides orders and trades, in order.
    is_open : ndarray of bool, shape (n_instruments,)
        Whether each instrument takes orders now.
    day : int
        Trading day, -1 before the first.
    batch : int
        Batches matched today.
    rejected : ndarray of int64, shape (n_reasons,)
        Orders refused so far, by `Reason`.
    """

    def __init__(
        self,
        rule_books: Sequence[RuleBook],
        accounts: Accounts,
        keep: Keep | None = None,
        credits: Sequence[Credit] = (),
    ) -> None:
        keep = keep or Keep()
        self.rule_books, self.credits = tuple(rule_books), tuple(credits)
        allowances = [(book.right, p.vintage) for book in self.rule_books for p in book.periods]
        self.instruments = Instruments([*allowances, *((c.right, v) for c in self.credits for v in c.vintages)])
        self.accounts = accounts
        self.registry = Registry(accounts, self.instruments, journal=Journal(keep=keep.journal))
        self.events: list[Event] = []
        self._obligations = Obligations(len(accounts))
        self._book_of: list[RuleBook | Credit] = [book for book in self.rule_books for _ in book.periods]
        self._book_of += [credit for credit in self.credits for _ in credit.vintages]
        self._on: date | None = None
        max_price = [x.right.max_price_ticks for x in self.instruments]
        self.limits = Limits(max_price)
        self.limits.charges.make_room(len(accounts))
        for i, rules in enumerate(self._book_of):
            self._set_terms(i, rules)
        self.book = OrderBook(len(max_price), np.array(max_price, dtype=np.int64), self_trade=SelfTrade.CANCEL_RESTING)
        self._references = ReferencePrices(self._book_of, self.limits)
        self.tape = Tape(
            self.instruments, self._references.price_ticks, keep_trades=keep.trades, keep_quotes=keep.quotes
        )
        self.is_open = np.zeros(len(self.instruments), dtype=np.bool_)
        self._has_book = np.array([getattr(b, "permission", None) is None for b in self._book_of], dtype=np.bool_)
        # Instruments of zones are open to auctions over zones only: their books take no orders.
        self._takes_orders = self.is_open if self._has_book.all() else self.is_open.copy()
        self.day = -1
        self.batch = 0
        self.rejected: Int64 = np.zeros(len(Reason), dtype=np.int64)
        self._in_session = False
        self._keeps_quotes = keep.quotes
        self._tick_value = np.array([x.right.tick_value_fen for x in self.instruments], dtype=np.int64)
        self._call = self._call_terms()
        self._funded: Funding | None = None
        self.commitments = Commitments(self.registry)
        self._supervision = Supervision(
            self._book_of,
            self.registry,
            self.book,
            self.limits,
            self.tape,
            self._tick_value,
            lambda: self.obligations,
            self.events,
            self.commitments,
        )
        self._negotiation = Negotiation(
            self._book_of,
            self.registry,
            self.book,
            self.limits,
            self.tape,
            self._tick_value,
            self.is_open,
            self._supervision,
            self._funding,
            self._print,
            self.commitments,
        )
        floor = self._floor()
        self.otc, self.one_way = Otc(floor), OneWay(floor)

    def _floor(self) -> Floor:
        """Return what deals beside the books need of this market."""
        return Floor(
            rules_of=self._book_of,
            registry=self.registry,
            limits=self.limits,
            tape=self.tape,
            commitments=self.commitments,
            tick_value_fen=self._tick_value,
            is_open=self.is_open,
            supervision=self._supervision,
            events=self.events,
            rejected=self.rejected,
            write=self._print,
        )

    def _call_terms(self) -> CallAuction:
        """Return how calls are held in each instrument."""
        terms = [rules.call or CallAuctionTerms() for rules in self._book_of]
        return CallAuction(
            tuple("midpoint" if t.tie == "midpoint" else "reference" for t in terms), tuple(t.ration for t in terms)
        )

    @property
    def obligations(self) -> Obligations:
        """What accounts owe and have done, with room for every account opened so far."""
        if len(self._obligations) < len(self.accounts):
            self._obligations.resize(len(self.accounts))
        return self._obligations

    @property
    def best_bid(self) -> Int64:
        """Best bid of each instrument, ticks, 0 where there is none; the government's at a price floor counts."""
        return self._best()[0]

    @property
    def best_ask(self) -> Int64:
        """Best ask of each instrument, ticks, 0 where there is none; the government's at a price ceiling counts."""
        return self._best()[1]

    def _best(self) -> tuple[Int64, Int64]:
        return self._supervision.government_quotes(self.book.best_bid, self.book.best_ask)

    @property
    def last_price(self) -> Int64:
        """Latest trade price of each instrument, ticks; the previous close before the first trade."""
        return self.tape.last_price

    @property
    def price_low(self) -> Int64:
        """Lowest price that may be quoted today, ticks."""
        return self.limits.band_low

    @property
    def price_high(self) -> Int64:
        """Highest price that may be quoted today, ticks."""
        return self.limits.band_high

    def inside_collar(self, instrument: int) -> tuple[int, int]:
        """Return lowest and highest price that may be quoted today and lies inside a collar, soft ones included."""
        low, high = int(self.price_low[instrument]), int(self.price_high[instrument])
        return self._supervision.inside_collar(instrument, low, high)

    @property
    def reference(self) -> Int64:
        """Price around which today's limits of each instrument stand, ticks."""
        return self._references.price_ticks

    def buyer_fee_share(self, instrument: npt.NDArray[np.intp]) -> npt.NDArray[np.float64]:
        """Return the buyer's fee as a share of the traded value."""
        return np.asarray(self.limits.buyer_ppm[instrument] / PPM)

    def least_fee_of_buyers(self, instrument: npt.NDArray[np.intp]) -> Int64:
        """Return the least that a bid which trades is charged in the book, fen."""
        return np.asarray(self.limits.charges.tables["book"][instrument, BUYER_LEAST])

    def tax_share(self, instrument: npt.NDArray[np.intp]) -> npt.NDArray[np.float64]:
        """Return the tax on sellers as a share of the traded value."""
        return np.asarray(self.limits.charges.tables["book"][instrument, TAX_PPM] / PPM)

    def traded(self, instruments: npt.ArrayLike, days: int, last_day: int | None = None) -> tuple[int, int]:
        """Return the value in fen and the lots traded in some instruments on closed days, in all modes.

        Parameters
        ----------
        instruments : array_like of int
        days : int
            Number of trading days.
        last_day : int, optional
            Last of them; without it the day before today, or today once it is closed.
        """
        bars = self.tape.bars
        last = self.day - self._in_session if last_day is None else last_day
        chosen = (bars["day"] > last - days) & (bars["day"] <= last) & np.isin(bars["instrument"], instruments)
        return int(bars["value_fen"][chosen].sum()), int(bars["lots"][chosen].sum())

    @property
    def is_supervised(self) -> bool:
        """Whether orders may be turned away before the book: a right has such a rule, or someone is suspended."""
        return self._supervision.watches

    def may_enter(self, account: Int64, instrument: Int64, side: npt.NDArray[np.int8]) -> Bool:
        """Return whether accounts are admitted today to enter orders of a side in instruments."""
        return self._supervision.may_enter(account, instrument, side)

    def largest_order(self, instrument: npt.NDArray[np.intp]) -> Int64:
        """Return the largest order that may be entered in instruments, lots; very many where no rule limits it."""
        return self._supervision.largest_order(instrument)

    def headroom(self, account: Int64, instrument: Int64) -> Int64:
        """Return the lots that accounts may still buy in instruments; very many where no rule limits them."""
        return self._supervision.headroom(account, instrument)

    def rooms(self) -> list[Room]:
        """Return what accounts may still buy under each limit."""
        return self._supervision.rooms()

    def due(self) -> list[Due]:
        """Return what accounts hold beyond a limit and have to sell, and by when."""
        return self._supervision.due()

    def widest_spread(self, account: Int64, instrument: Int64) -> npt.NDArray[np.float64]:
        """Return how far apart quotes of accounts may be as a share of their middle; infinite without a duty."""
        return self._supervision.widest_spread(account, instrument)

    def cash_behind(self, order_ids: Int64) -> Int64:
        """Return the cash frozen behind live buy orders, fen; 0 for ids that are not live bids."""
        return self.book.cash_behind(order_ids, self._funding())

    def is_paused(self, instrument: int) -> bool:
        """Return whether a circuit breaker holds up the matching of an instrument now."""
        return bool(self._supervision.rests(np.array([instrument]))[0])

    def audit(self) -> None:
        """Prove that nothing was created or lost.

        Raises
        ------
        RegistryError
            If an instrument or the cash does not add up.
        """
        self.registry.audit()

    def state(self) -> dict[str, Any]:
        """Return everything that changes, as plain arrays and numbers."""
        return {
            "accounts": self.accounts.state(),
            "registry": self.registry.state(),
            "journal": self.registry.journal.state(),
            "obligations": self.obligations.state(),
            "book": self.book.state(),
            **self._references.state(),
            "tape": self.tape.state(),
            "is_open": self.is_open.copy(),
            "in_session": self._in_session,
            "day": self.day,
            "batch": self.batch,
            "rejected": self.rejected.copy(),
            "otc": self.otc.state(),
            "one_way": self.one_way.state(),
            "charges": self.limits.charges.state(),
            "on": "" if self._on is None else self._on.isoformat(),
            "supervision": self._supervision.state(),
            "events": [tuple(getattr(e, f) for f in Event.__slots__) for e in self.events],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back what `state` returned."""
        self.accounts.restore(state["accounts"])
        self.registry.restore(state["registry"])
        self.registry.journal.restore(state["journal"])
        self._obligations.restore(state["obligations"])
        self.book.restore(state["book"])
        self._references.restore(state)
        self.tape.restore(state["tape"])
        self.is_open[:] = state["is_open"]
        self._open_books()
        self.day, self.batch = int(state["day"]), int(state["batch"])
        self.rejected[:] = state["rejected"]
        self.limits.charges.restore(state["charges"])
        self._begin_date(date.fromisoformat(state["on"]) if state["on"] else None)
        self._in_session = bool(state["in_session"])
        self.commitments.clear()
        self.otc.restore(state["otc"])
        self.one_way.restore(state["one_way"])
        self.events[:] = [Event(*row) for row in state["events"]]
        self._supervision.restore(state["supervision"])
        self._funded = None

    def _set_terms(self, instrument: int, rules: RuleBook | Credit) -> None:
        self._set_charges(instrument, rules.fees)
        self.limits.set_resale_ban(instrument, rules.settlement.units_lag_days > 0)
        self.limits.set_cash_lag(instrument, rules.settlement.cash_lag_days)

    def _set_charges(self, instrument: int, fees: Fees) -> None:
        receiver = GOVERNMENT_ACCOUNT if fees.receiver == "government" else CLEARING_ACCOUNT
        is_waived = self._on is not None and fees.is_waived(self._on)
        for way in WAYS:
            own, charge = fees.of_mode(way), Charge(receiver=receiver)
            if not is_waived:
                buyer, seller = Side.BID, Side.ASK
                charge = Charge(
                    own.ppm(buyer), own.ppm(seller), own.least(buyer), own.least(seller), fees.tax_ppm, receiver
                )
            self.limits.charges.set(instrument, way, charge)

    def _begin_date(self, on: date | None) -> None:
        """Begin a date, on which charges may be waived."""
        self._on = on
        for i, rules in enumerate(self._book_of):
            if rules.fees.waive:
                self._set_charges(i, rules.fees)

    def _open_books(self) -> None:
        if self._takes_orders is not self.is_open:
            self._takes_orders[:] = self.is_open & self._has_book

    def _funding(self) -> Funding:
        """Return what the book settles with; made anew when the day or the number of accounts changes."""
        ledger = self.registry.ledger()
        if self._funded is None or self._funded.ledger is not ledger or self._funded.day != self.day:
            self._funded = Funding(
                ledger=ledger,
                due=self.registry.due(),
                journal=self.registry.journal,
                tick_value_fen=self._tick_value,
                charges=self.limits.charges.tables["book"],
                unpaid=self.limits.charges.make_room(len(self.accounts)),
                lock_bought=self.limits.lock_bought.astype(np.bool_),
                cash_lag=self.limits.cash_lag,
                is_open=self._takes_orders,
                band_low=self.limits.band_low,
                band_high=self.limits.band_high,
                day=self.day,
            )
        return self._funded

    def _print(self, mode: Mode, trades: Trades, delay_days: int = 0) -> None:
        """Write trades made outside the book on the tape.

        Blocks stay unknown for as long as their rule says; what the public sees counts others so many days later.
        """
        if not len(trades):
            return
        block = self._book_of[int(trades.instrument[0])].block
        withheld = mode in (Mode.BLOCK, Mode.BLOCK_RELATED) and block is not None and block.publish == "after_close"
        public_from = self.day + delay_days
        self.tape.add_trades(self.day, self.batch, mode, trades, withheld=withheld, public_from=public_from)
