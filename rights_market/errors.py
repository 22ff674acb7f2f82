"""Mistakes: what must never happen, as opposed to market life, which is a record.

::

    RightsMarketError
    +-- RightsError          a right or instrument that cannot exist (also a ValueError)
    +-- RegistryError        an operation that would break conservation
    |   +-- InsufficientHoldings
    |   +-- InsufficientCash
    +-- ExchangeError        a call out of turn, an order table of the wrong shape
    +-- PolicyError          a rule whose numbers contradict each other (also a ValueError)

An order that cannot be covered, a shortfall or an undersubscribed auction is market life: see
`rights_market.records` for `Rejection` and `Event`.
"""


class RightsMarketError(Exception):
    """Base of all errors of this package."""


class RightsError(RightsMarketError, ValueError):
    """A right or instrument that cannot exist."""


class RegistryError(RightsMarketError):
    """An operation that would break conservation."""


class InsufficientHoldings(RegistryError):
    """An account was asked for more lots of an instrument than it holds."""


class InsufficientCash(RegistryError):
    """An account was asked for more cash than it has."""


class ExchangeError(RightsMarketError):
    """A call out of turn, or an order table of the wrong shape."""


class PolicyError(RightsMarketError, ValueError):
    """A rule whose numbers contradict each other."""
