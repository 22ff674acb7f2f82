"""Whatever the rules and the firms: a compliance year keeps the books, and treats accounts alike."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rights_market.authority import Authority, Covered
from rights_market.market import Market
from rights_market.policies.allocation import UpfrontTrueUp
from rights_market.policies.banking import BankCap, CappedBanking, FreeBanking, NoBanking
from rights_market.policies.compliance import Borrowing, MakeGood, Penalty, ShortfallCap, Stage, Surrender
from rights_market.policies.trading import Fees, PriceBand
from rights_market.records import Orders
from rights_market.registry.accounts import AccountKind, Accounts
from tests.compliance_market import assert_journal_replays, assert_orders_are_covered, period, rule_book

LOAN = Borrowing(premium=Decimal("0.1"))
YEARS = (2024, 2025, 2026)
BATCHES = 3
ORDERS = 6
DECIMALS = st.sampled_from([Decimal(x) for x in ("0", "0.3", "0.7", "1", "1.5", "3")])
SHARES = st.sampled_from([Decimal(x) for x in ("0", "0.25", "0.7", "1")])


@st.composite
def rule_books(draw):
    """A rule book of three years with any of the rules of compliance and banking."""
    mode = draw(st.sampled_from(["surrender", "surrender", "cover"]))
    stages = draw(st.sampled_from([(), (Stage(days_before=90, share=Decimal("0.3")),)])) if mode == "surrender" else ()
    days = tuple(timedelta(s.days_before) for s in stages)
    periods = tuple(period(y, stages=tuple(date(y + 1, 12, 31) - d for d in days)) for y in YEARS)
    caps = st.sampled_from([BankCap(basis="fixed", lots=40), BankCap(basis="obligation", share=Decimal("0.2"))])
    capped = st.builds(
        CappedBanking,
        cap=caps,
        lapse=st.sampled_from(["oldest", "newest"]),
        relabel=st.sampled_from(["keep", "new_vintage"]),
    )
    banking = draw(
        st.one_of(st.just(FreeBanking()), st.just(FreeBanking(relabel="new_vintage")), st.just(NoBanking()), capped)
    )
    penalty = st.sampled_from(
        [
            Penalty(form="fixed", fen_per_lot=9_000),
            Penalty(form="multiple", low=Decimal(5), high=Decimal(10), by="gap_share", cap=20_000),
            Penalty(form="lump", lump_low=10_000, lump_high=30_000),
        ]
    )
    make_good = st.builds(MakeGood, factor=DECIMALS, mode=st.sampled_from(["next_duty", "deduct_allocation"]))
    upfront = st.builds(
        UpfrontTrueUp,
        share=SHARES,
        recover_from=st.sampled_from(["same_vintage", "any_valid"]),
        unrecovered=st.sampled_from(["obligation", "next_allocation", "cash"]),
    )
    return rule_book(
        periods=periods,
        surrender=Surrender(mode=mode, stages=stages),
        banking=banking,
        make_good=draw(st.one_of(st.none(), make_good)),
        upfront=draw(st.one_of(st.none(), upfront)),
        shortfall_caps=draw(st.sampled_from([(), (ShortfallCap(),)])),
        borrowing=None if isinstance(banking, NoBanking) else draw(st.sampled_from([None, LOAN])),
        penalties=tuple(p for p in draw(st.lists(penalty, max_size=2))),
        band=draw(st.sampled_from([None, PriceBand()])),
        fees=draw(st.sampled_from([Fees(), Fees(buyer=Decimal("0.003"), seller=Decimal("0.001"))])),
    )


@dataclass
class Play:
    """What happens to some firms and a trader, by firm and not by account.

    Attributes
    ----------
    basis, final, use : list of list of int
        Lots by year and firm.
    cash : list of int
        Fen of each firm.
    pledged : list of int
        Lots that each firm tries to pledge after each pre-allocation.
    seed : int
        Of the orders.
    """

    basis: list
    final: list
    use: list
    cash: list
    pledged: list
    seed: int


@st.composite
def plays(draw):
    n = draw(st.integers(1, 4))

    def table(most):
        return draw(st.lists(st.lists(st.integers(0, most), min_size=n, max_size=n), min_size=3, max_size=3))

    row = st.lists(st.integers(0, 30), min_size=n, max_size=n)
    cash = st.lists(st.integers(0, 2_000_000), min_size=n, max_size=n)
    return Play(table(150), table(150), table(200), draw(cash), draw(row), draw(st.integers(0, 2**31)))


class Run:
    """One market that lives through a play; `order` says in which order the firms open their accounts."""

    def __init__(self, book, play, order):
        self.book, self.play, self.order = book, play, order
        accounts = Accounts()
        self.firms = accounts.open_many(AccountKind.COMPLIANCE, [f"firm {i}" for i in order])
        self.trader = accounts.open(AccountKind.INSTITUTION, "trader")
        self.market = Market([book], accounts)
        self.authority = Authority(self.market, Covered(self.firms, ("power",) * len(order)))
        # Account of each firm by its name in the play, then the trader's.
        self.account_of = np.append(self.firms[np.argsort(order)], self.trader)
        self.market.registry.deposit(self.account_of, [*play.cash, 3_000_000])
        self.rng = np.random.default_rng(play.seed)

    def check(self):
        market, obligations = self.market, self.market.obligations
        market.audit()
        assert_orders_are_covered(market)
        for p in self.book.periods:
            surrendered = obligations.surrendered_lots("CEA", p.name)
            assert (surrendered >= 0).all()
            assert (surrendered <= obligations.duty_lots("CEA", p.name)).all()
            assert (obligations.debt_lots("CEA", p.name) >= 0).all()
        if self.book.surrender.mode == "surrender":
            recorded = sum(obligations.surrendered_lots("CEA", p.name).sum() for p in self.book.periods)
            assert market.registry.total("surrendered").sum() == recorded
        else:
            assert market.registry.total("surrendered").sum() == 0

    def given(self, values):
        """A row of the play in the order of the accounts."""
        return np.array(values, np.int64)[self.order]

    def trade(self, *, close):
        """Random orders, the same for every order of accounts; hooks of the day follow before or after the close."""
        market, n = self.market, len(self.book.periods)
        market.open_day(market.day + 1, range(n))
        for _ in range(BATCHES):
            who, what = self.rng.integers(0, len(self.account_of), ORDERS), self.rng.integers(0, n, ORDERS)
            side, price = self.rng.integers(0, 2, ORDERS), self.rng.integers(6200, 7400, ORDERS)
            size = self.rng.integers(1, 40, ORDERS)
            market.submit(Orders.of(self.account_of[who], what, side, price, size))
        if close:
            market.close_day()

    def live(self):
        """Three years, hook by hook, each followed by a check."""
        periods, play, authority = self.book.periods, self.play, self.authority
        for k, p in enumerate(periods):
            following = periods[k + 1] if k + 1 < len(periods) else None
            last_hooks = (
                lambda p=p: authority.shortfalls.penalise("CEA", p, {30: Fraction(6800)}),
                lambda p=p, f=following: authority.shortfalls.make_good("CEA", p, f),
                lambda p=p, f=following: authority.close_banking("CEA", p, f, date(p.vintage + 2, 1, 4)),
                lambda: authority.shortfalls.collect(365),
            )
            hooks = (
                lambda p=p: authority.plans.announce("CEA", p),
                lambda p=p, k=k: authority.plans.preallocate("CEA", p, self.given(play.basis[k])),
                lambda p=p, k=k: self.pledge(k),
                lambda p=p: authority.count_day(p.use_from, 366),
                lambda p=p, k=k: authority.verify("CEA", p, self.given(play.use[k])),
                lambda p=p, k=k: authority.plans.true_up("CEA", p, self.given(play.final[k])),
                *(lambda p=p: self.surrender(p) for _ in range(1 + len(self.book.surrender.stages))),
                *last_hooks,
            )
            for hook in hooks:
                # Orders that still rest when the hook comes must not be hurt by it, nor hurt it.
                self.trade(close=False)
                hook()
                self.check()
                self.market.close_day()
                self.check()

    def pledge(self, vintage):
        registry = self.market.registry
        registry.pledge(
            vintage, self.firms, np.minimum(self.given(self.play.pledged), registry.free[vintage, self.firms])
        )

    def surrender(self, p):
        registry, usable = self.market.registry, [i for i, q in enumerate(self.book.periods) if q.vintage <= p.vintage]
        missing = self.authority.surrender("CEA", p)
        if self.book.surrender.mode == "surrender":
            # Who misses lots has no usable ones left, not even behind an order.
            short = self.firms[missing > 0]
            assert not registry.free[np.ix_(usable, short)].any()
            assert not registry.frozen[np.ix_(usable, short)].any()

    def outcome(self):
        """Everything that concerns a firm, in the order of the play."""
        market, obligations, account = self.market, self.market.obligations, self.account_of
        by_firm = np.argsort(self.order)
        registry = market.registry
        parts = [registry.free, registry.frozen, registry.pledged, registry.locked]
        figures = [part[:, account].tolist() for part in parts]
        figures += [registry.cash[account].tolist(), self.authority.unpaid_fines_fen[by_firm].tolist()]
        for p in self.book.periods:
            reads = (obligations.verified_lots, obligations.allocated_lots, obligations.duty_lots)
            reads += (obligations.surrendered_lots, obligations.debt_lots)
            figures += [read("CEA", p.name)[account].tolist() for read in reads]
        return figures


@settings(max_examples=40)
@given(rule_books(), plays())
def test_the_books_balance_after_every_hook_and_the_journal_tells_it_all(book, play):
    run = Run(book, play, np.arange(len(play.cash)))
    run.live()
    assert_journal_replays(run.market)


@settings(max_examples=30)
@given(rule_books(), plays(), st.randoms(use_true_random=False))
def test_other_account_numbers_give_the_same_firms_the_same_lots_and_fen(book, play, shuffle):
    order = list(range(len(play.cash)))
    first = Run(book, play, np.array(order))
    shuffle.shuffle(order)
    second = Run(book, play, np.array(order))
    first.live()
    second.live()
    assert first.outcome() == second.outcome()
