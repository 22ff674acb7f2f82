"""The institution: rights, who owns them, where they are traded, and the rules that hold.

This front door offers the names that other packages use.  Each is loaded when it is first asked for, so that
`import rights_market` costs nothing; the table says where each is defined.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rights_market.authority import Authority as Authority
    from rights_market.errors import ExchangeError as ExchangeError
    from rights_market.errors import InsufficientCash as InsufficientCash
    from rights_market.errors import InsufficientHoldings as InsufficientHoldings
    from rights_market.errors import PolicyError as PolicyError
    from rights_market.errors import RegistryError as RegistryError
    from rights_market.errors import RightsError as RightsError
    from rights_market.errors import RightsMarketError as RightsMarketError
    from rights_market.exchange.calendar import Period as Period
    from rights_market.exchange.calendar import TradingCalendar as TradingCalendar
    from rights_market.market import Market as Market
    from rights_market.records import Event as Event
    from rights_market.records import Mode as Mode
    from rights_market.records import OrderKind as OrderKind
    from rights_market.records import Orders as Orders
    from rights_market.records import Reason as Reason
    from rights_market.records import Receipt as Receipt
    from rights_market.records import Rejection as Rejection
    from rights_market.records import Trades as Trades
    from rights_market.registry.accounts import AccountKind as AccountKind
    from rights_market.registry.accounts import Accounts as Accounts
    from rights_market.registry.balances import Registry as Registry
    from rights_market.registry.obligations import Obligations as Obligations
    from rights_market.rights import Instrument as Instrument
    from rights_market.rights import Instruments as Instruments
    from rights_market.rights import Right as Right
    from rights_market.rule_change import RuleChange as RuleChange
    from rights_market.rulebook import RuleBook as RuleBook
    from rights_market.units import FEN_PER_YUAN as FEN_PER_YUAN
    from rights_market.units import Side as Side

_NAMES = {
    "authority": ("Authority",),
    "errors": (
        "ExchangeError",
        "InsufficientCash",
        "InsufficientHoldings",
        "PolicyError",
        "RegistryError",
        "RightsError",
        "RightsMarketError",
    ),
    "exchange.calendar": ("Period", "TradingCalendar"),
    "market": ("Market",),
    "records": ("Event", "Mode", "OrderKind", "Orders", "Reason", "Receipt", "Rejection", "Trades"),
    "registry.accounts": ("AccountKind", "Accounts"),
    "registry.balances": ("Registry",),
    "registry.obligations": ("Obligations",),
    "rights": ("Instrument", "Instruments", "Right"),
    "rule_change": ("RuleChange",),
    "rulebook": ("RuleBook",),
    "units": ("FEN_PER_YUAN", "Side"),
}
_HOME = {name: module for module, names in _NAMES.items() for name in names}

__all__ = sorted(_HOME)

if not TYPE_CHECKING:

    def __getattr__(name):
        from importlib import import_module

        if name not in _HOME:
            raise AttributeError(f"module 'rights_market' has no attribute {name!r}")
        return getattr(import_module(f"rights_market.{_HOME[name]}"), name)

    def __dir__():
        return sorted({*globals(), *_HOME})
