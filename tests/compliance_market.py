"""A small market with an authority, for tests of the compliance year."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import numpy as np

from rights_market.authority import Authority, Covered
from rights_market.exchange.calendar import Period
from rights_market.market import Keep, Market
from rights_market.policies.compliance import Surrender
from rights_market.records import Orders
from rights_market.registry.accounts import AccountKind, Accounts
from rights_market.registry.ledger import Ledger
from rights_market.registry.replay import replay
from rights_market.rights import Right
from rights_market.rulebook import RuleBook
from rights_market.units import Side

# One lot at one tick is one fen, so that prices in ticks are prices in fen.
CEA = Right("CEA", "carbon", "碳", "t", Decimal(1), Decimal("0.01"), max_price_ticks=20_000)


def period(year: int, **dates) -> Period:
    """A period of one calendar year that is settled in the year after."""
    given = {
        "name": str(year),
        "vintage": year,
        "use_from": date(year, 1, 1),
        "use_to": date(year, 12, 31),
        "announce": date(year, 2, 1),
        "preallocate": date(year, 3, 1),
        "verify": date(year + 1, 4, 30),
        "true_up": date(year + 1, 6, 30),
        "deadline": date(year + 1, 12, 31),
    }
    return Period(**given | dates)


def rule_book(*years: int, **rules) -> RuleBook:
    """A rule book that asks for surrender and nothing else, but for what is given."""
    given = {
        "right": CEA,
        "periods": tuple(period(y) for y in years or (2024, 2025)),
        "opening_price_ticks": 6800,
        "surrender": Surrender(),
    }
    return RuleBook(**given | rules)


def market_of(book: RuleBook, n_firms: int, keep: Keep | None = None) -> tuple[Market, Authority, np.ndarray]:
    """A market in which all firms are regulated; also their accounts."""
    accounts = Accounts()
    firms = accounts.open_many(AccountKind.COMPLIANCE, [f"firm {i}" for i in range(n_firms)])
    market = Market([book], accounts, keep)
    return market, Authority(market, Covered(firms, ("power",) * n_firms)), firms


def lots(*values: int) -> np.ndarray:
    """One number for each firm."""
    return np.array(values, np.int64)


def swap(market: Market, seller: int, buyer: int, instrument: int, n: int, price: int) -> None:
    """Let two accounts trade with each other in the session that is open."""
    market.submit(Orders.of([seller, buyer], instrument, [Side.ASK, Side.BID], price, n))


def codes(market: Market, *wanted: str) -> list[tuple]:
    """Events of some codes as (code, account, instrument, lots, money)."""
    found = [e for e in market.events if e.code in wanted]
    return [(e.code, e.account, e.instrument, e.lots, e.money_fen) for e in found]


def assert_journal_replays(market: Market) -> None:
    """Everything that moved is in the journal."""
    again = replay(market.registry.journal, len(market.accounts), len(market.instruments))
    for name, there, here in zip(Ledger._fields, again, market.registry.ledger(), strict=True):
        assert np.array_equal(there, here), name


def assert_orders_are_covered(market: Market) -> None:
    """What is frozen stands behind an order or an offer, and behind every order is what it may cost."""
    lots_behind = market.commitments.lots.copy()
    cash_behind = market.commitments.cash.copy()
    for i in range(len(market.instruments)):
        orders = market.book.resting(i)
        asks, bids = orders.side == Side.ASK, orders.side == Side.BID
        np.add.at(lots_behind[i], orders.account[asks], orders.lots[asks])
        np.add.at(cash_behind, orders.account[bids], market.cash_behind(orders.order_id[bids]))
    assert np.array_equal(lots_behind, market.registry.frozen)
    assert np.array_equal(cash_behind, market.registry.cash_frozen)


def fingerprint(state) -> object:
    """A state as nested tuples of bytes, equal only if every bit is."""
    if isinstance(state, dict):
        return tuple((key, fingerprint(state[key])) for key in sorted(state))
    if isinstance(state, np.ndarray):
        return state.dtype.str, state.shape, state.tobytes()
    if isinstance(state, Sequence) and not isinstance(state, str):
        return tuple(fingerprint(x) for x in state)
    return repr(state)
