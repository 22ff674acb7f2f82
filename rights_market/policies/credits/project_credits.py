"""Credits of one project: what its reductions earn, when they are issued, and what a reversal takes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal, NamedTuple

from annotated_types import Ge, Gt, Le

from rights_market.errors import PolicyError
from rights_market.policies.rule import Fen, Lots, Rule, Share
from rights_market.units import ceil, floor, largest_remainder

Month = Annotated[int, Ge(1), Le(12)]
SINKS = ("forest", "wetland", "grassland")
"""Types whose reductions can be undone, by fire or felling."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CostStep(Rule):
    """A part of what a project can sell, and the least it takes for it.

    Attributes
    ----------
    share : Decimal
        Share of each year's credits.
    cost_fen : int
        Cost of a lot, fen.
    """

    share: Share
    cost_fen: Fen


class Issuance(NamedTuple):
    """What a monitored period earns, lots.

    Attributes
    ----------
    net, buffer, issued : int
        Reductions less uncertainty, the part held back against reversals, and the part for the owner.
    loss : int
        Increase carried against the next period, at least 0.
    """

    net: int
    buffer: int
    issued: int
    loss: int


class Reversal(NamedTuple):
    """Who bears the reversal of some lots.

    Attributes
    ----------
    from_pool, from_owner, owed : int
        Lots cancelled from the buffer and from the owner's free credits, and lots that the owner owes.
    """

    from_pool: int
    from_owner: int
    owed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectCredits(Rule):
    """Credits for a project's verified reductions, issued after a delay, less a buffer where they can be undone.

    Attributes
    ----------
    name : str
        Name of the project; its owner's account bears it.
    credit : str
        Code of the credit that is issued.
    type : str
        Kind of project; the buffer and reversals concern sinks only.
    site : str
        Name of the place or plant, by which a second claim to the same tonnes is found; empty: the project's name.
    yearly_lots : int
        Reductions a year before deductions, lots.
    first_year : int
        First year of reductions.
    period_years : int
        Length of the crediting period.
    monitor_years : int
        Years from one monitoring to the next.
    lag_months : int
        Months from the end of a monitored period to the first issue.
    uncertainty : Decimal
        Share taken off for uncertainty of measurement.
    buffer : Decimal
        Share of net reductions of sinks that is held back until the crediting period ends.
    pool : str
        Whether the buffer stands for its own ``project`` or, with those of others, in ``common``.
    season : dict of int to Decimal
        Weight of each month in which issues are asked for; empty: all at once when the delay ends.
    reversal_probability : Decimal
        Probability of a reversal in a year.
    reversal_share : Decimal
        Share of what was ever credited that a reversal undoes.
    marginal_cost : tuple of CostStep
        What the owner takes at least; the shares add up to 1.
    last_issue : date or None
        Last date on which the method is valid: later monitored periods earn nothing, credits already issued live on.

    Raises
    ------
    PolicyError
        If shares of costs do not add up to 1, or weights of months to more than 0.

    References
    ----------
    Measures for voluntary greenhouse gas emission reduction trading (trial), 2023 [known].  Afforestation project of
    Jishui county, 740 t a year from 2020 to 2040 [seen].  Buffers of 10 to 20 % in voluntary markets [approx].

    Examples
    --------
    >>> ProjectCredits(name="Jishui", credit="CCER", type="forest", yearly_lots=740, first_year=2020).earn(7400)
    Issuance(net=7030, buffer=1055, issued=5975, loss=0)
    """

    kind: Literal["project_credits"] = "project_credits"
    name: str
    credit: str
    type: Literal["forest", "wetland", "grassland", "wind", "solar", "methane", "efficiency"]
    yearly_lots: Lots
    first_year: int
    site: str = ""
    period_years: Annotated[int, Ge(1), Le(60)] = 20
    monitor_years: Annotated[int, Ge(1), Le(10)] = 1
    lag_months: Annotated[int, Ge(0), Le(60)] = 18
    uncertainty: Share = Decimal("0.05")
    buffer: Share = Decimal("0.15")
    pool: Literal["project", "common"] = "project"
    season: dict[Month, Annotated[Decimal, Ge(0)]] = field(default_factory=dict)
    reversal_probability: Share = Decimal(0)
    reversal_share: Annotated[Decimal, Gt(0), Le(1)] = Decimal("0.2")
    marginal_cost: tuple[CostStep, ...] = ()
    last_issue: date | None = None

    def check(self) -> None:
        """Refuse shares that do not add up."""
        if self.marginal_cost and sum(step.share for step in self.marginal_cost) != 1:
            raise PolicyError(
                f"project_credits {self.name}: marginal_cost has shares "
                f"{[str(s.share) for s in self.marginal_cost]}, expected to add up to 1"
            )
        if self.season and not sum(self.season.values()) > 0:
            raise PolicyError(f"project_credits {self.name}: season gives every month the weight 0")
        for month in self.season:
            if not 1 <= month <= 12:
                raise PolicyError(f"project_credits {self.name}: season names the month {month}, expected 1 to 12")

    @property
    def is_sink(self) -> bool:
        """Whether the reductions can be undone."""
        return self.type in SINKS

    @property
    def claims(self) -> str:
        """The place whose tonnes are claimed."""
        return self.site or self.name

    @property
    def last_year(self) -> int:
        """Last year of reductions that earn credits."""
        return self.first_year + self.period_years - 1

    def monitored_years(self, year: int) -> tuple[int, ...]:
        """Return the years whose reductions are monitored at the end of a year, none if there is no monitoring."""
        if not self.first_year <= year <= self.last_year:
            return ()
        done = year - self.first_year + 1
        if done % self.monitor_years and year != self.last_year:
            return ()
        since = (done - 1) // self.monitor_years * self.monitor_years
        return tuple(range(self.first_year + since, year + 1))

    def earn(self, gross_lots: int, loss_lots: int = 0) -> Issuance:
        """Return what monitored reductions earn.

        Parameters
        ----------
        gross_lots : int
            Reductions, lots; below 0 where more was emitted.
        loss_lots : int
            Increase carried over from the period before.
        """
        net = floor(gross_lots * (1 - Fraction(self.uncertainty))) - loss_lots
        if net <= 0:
            return Issuance(0, 0, 0, -net)
        held = ceil(Fraction(self.buffer) * net) if self.is_sink else 0
        return Issuance(net, held, net - held, 0)

    def issues(self, lots: int, monitored: date) -> list[tuple[date, int]]:
        """Return the dates on which credits are issued, and how many; the first of each month.

        The months of the year after the delay, by the weights of the season.

        Parameters
        ----------
        lots : int
        monitored : date
            End of the monitored period.
        """
        first = monitored.year * 12 + monitored.month + self.lag_months
        months = [first + i for i in range(12 if self.season else 1)]
        weights = [self.season.get(m % 12 + 1, Decimal(0)) for m in months] if self.season else [Decimal(1)]
        parts = largest_remainder(lots, weights)
        return [(date(m // 12, m % 12 + 1, 1), part) for m, part in zip(months, parts, strict=True) if part]

    def reverse(self, lots: int, pool_lots: int, owner_lots: int) -> Reversal:
        """Return who bears a reversal: the buffer, then the owner's free credits, then the owner's debt.

        Credits that were sold stay valid.

        Examples
        --------
        >>> rule = ProjectCredits(name="Jishui", credit="CCER", type="forest", yearly_lots=740, first_year=2020)
        >>> rule.reverse(1200, 1055, 0)
        Reversal(from_pool=1055, from_owner=0, owed=145)
        """
        from_pool = min(lots, pool_lots)
        from_owner = min(lots - from_pool, owner_lots)
        return Reversal(from_pool, from_owner, lots - from_pool - from_owner)

    def undone(self, credited_lots: int, draw: float) -> int:
        """Return the lots that a year undoes of what was ever credited.

        Parameters
        ----------
        draw : float
            Uniform between 0 and 1.
        """
        if not self.is_sink or draw >= float(self.reversal_probability):
            return 0
        return ceil(Fraction(self.reversal_share) * credited_lots)

    def offers(self, lots: int) -> list[tuple[int, int]]:
        """Return lots by the least price for them, fen, at least 1, the cheapest first."""
        steps = sorted(self.marginal_cost, key=lambda s: s.cost_fen) or [CostStep(share=Decimal(1), cost_fen=0)]
        parts = largest_remainder(lots, [s.share for s in steps])
        return [(part, max(1, s.cost_fen)) for part, s in zip(parts, steps, strict=True) if part]
