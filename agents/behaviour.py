"""How firms form values, doubts and plans: the parameters, each with its meaning and limits.

The defaults are assumptions that a prototype of this market was measured with; none is an estimate.  `frictionless`
switches every friction off, and the market must then give the shared solver's price.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from annotated_types import Ge, Gt, Le

Share = Annotated[float, Ge(0), Le(1)]
NotNegative = Annotated[float, Ge(0)]


Delay = Annotated[int, Ge(0), Le(1000)]


@dataclass(frozen=True, slots=True)
class ReactionDelay:
    """Batches after which news of prices and of the book reaches a trader of each class, within a day.

    Attributes
    ----------
    compliance, institution, market_maker : int
        Firms with a duty; traders without one; those of them who make a market.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    compliance: Delay = 0
    institution: Delay = 0
    market_maker: Delay = 0


@dataclass(frozen=True, slots=True)
class Behaviour:
    """Parameters of the firms' expectations, caution and planning.

    Attributes
    ----------
    forward_weight : float
        Weight of the solver's price in a firm's belief; the rest follows its slow mean of traded prices.
    belief_sd : float
        Log standard deviation of lasting differences in belief between firms.
    figures_share : float
        Share of the variance of these differences that comes from not knowing what others emit and hold, half from
        each: what disclosure takes away of that doubt, it takes from the differences.
    anchor : float
        Weight of the last traded price in what a firm asks or bids.
    anchor_days : float
        Days over which the slow mean of traded prices forgets.
    trust : float
        Factor on the value of a unit kept for later: 1 minus the doubt that it stays usable.
    discount_rate, hurdle_rate : float
        Rate at which the public path of prices grows; rate that an investment must earn.
    solver_years : int
        Horizon of the shared solver.
    tightening : float
        Yearly tightening of the balance (allocation less emissions, as a share of emissions) that the public expects
        beyond what is announced.
    doubt_before_plan, doubt_before_verification, doubt_factor : float
        Standard deviation of a firm's doubt about its position, as a share of yearly use, before the plan is known and
        until verification; how many of them it holds back.
    buffer_years, buffer_doubt, buffer_sd, buffer_release : float
        Years of own need that a surplus holder keeps, standard deviations of doubt about next year's rule, their size,
        and the price rise (as a share of own value) at which all of it is for sale.
    lead_days, lead_sigma : float
        Median and log standard deviation of the trading days before a deadline at which a buyer starts.
    urgency_power, overbid : float
        Shape of the rise from belief to ceiling, and how far above its own belief a buyer bids into the book.
    reputation_yuan : float
        Median cost of being named as late, CNY per unit of shortfall, lognormal with log sd 1.
    distressed_small, distressed_large, distress_rate, cost_of_funds : float
        Share of smaller and larger firms short of funds, their cost of funds a year, and that of the others.
    news_sd, news_half_life_days : float
        Daily standard deviation of a belief shock common to all, and how long it lasts.
    seller_activity, sale_share : float
        Share of days on which a holder of surplus looks at the market far from a deadline (nearer to it the share
        rises to 1, as it does for buyers), and the share of the surplus offered then.
    concession : float
        Share of its own value that a holder gives up in the end on units that a limit on carry-over would make lapse.
    max_order_units : float
        Largest single order, in units of the right.
    imbalance_speed : float
        How strongly beliefs follow unfilled buying less unfilled selling (0: not at all).
    block_search : float
        Chance that a buyer of a large lot asks around for a block on the last day before a deadline, or a firm makes an
        offer over the counter; with n days more to go it is divided by n + 1.  At most one a day, so a number above 1
        means that it asks on each of the last.
    group_days, group_discount : int, float
        Trading days at the end of a calendar year in which groups even out their positions, and how far below the last
        price, as a share.
    abatement_adjustment : float
        Share of the distance to the planned abatement covered in a month.
    reaction_delay : ReactionDelay
        How late news of prices and of the book comes, by class of trader.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    forward_weight: Share = 0.7
    belief_sd: NotNegative = 0.20
    figures_share: Share = 0.5
    anchor: Annotated[float, Ge(0), Le(0.99)] = 0.8
    anchor_days: Annotated[float, Gt(0)] = 60.0
    trust: Annotated[float, Gt(0), Le(1)] = 0.95
    discount_rate: NotNegative = 0.08
    hurdle_rate: NotNegative = 0.12
    solver_years: Annotated[int, Ge(1), Le(50)] = 10
    tightening: Annotated[float, Ge(-0.2), Le(0.2)] = 0.0
    doubt_before_plan: NotNegative = 0.04
    doubt_before_verification: NotNegative = 0.01
    doubt_factor: NotNegative = 2.0
    buffer_years: NotNegative = 3.0
    buffer_doubt: NotNegative = 1.3
    buffer_sd: NotNegative = 0.02
    buffer_release: Annotated[float, Gt(0)] = 0.5
    lead_days: Annotated[float, Gt(0)] = 30.0
    lead_sigma: NotNegative = 0.7
    urgency_power: Annotated[float, Gt(0)] = 3.0
    overbid: NotNegative = 0.05
    reputation_yuan: NotNegative = 20.0
    distressed_small: Share = 0.45
    distressed_large: Share = 0.20
    distress_rate: NotNegative = 0.7
    cost_of_funds: NotNegative = 0.08
    news_sd: NotNegative = 0.012
    news_half_life_days: Annotated[float, Gt(0)] = 69.0
    seller_activity: Annotated[float, Gt(0), Le(1)] = 0.1
    sale_share: Annotated[float, Gt(0), Le(1)] = 0.1
    concession: Share = 0.5
    max_order_units: Annotated[float, Gt(0)] = 99_999.0
    imbalance_speed: NotNegative = 0.0
    block_search: NotNegative = 1.5
    group_days: Annotated[int, Ge(0)] = 25
    group_discount: Annotated[float, Ge(0), Le(0.25)] = 0.03
    abatement_adjustment: Annotated[float, Gt(0), Le(1)] = 0.4
    reaction_delay: ReactionDelay = ReactionDelay()

    @classmethod
    def frictionless(cls, **changes: Any) -> Behaviour:
        """Return parameters with every friction switched off."""
        off: dict[str, Any] = {
            "forward_weight": 1.0,
            "belief_sd": 0.0,
            "anchor": 0.0,
            "trust": 1.0,
            "doubt_before_plan": 0.0,
            "doubt_before_verification": 0.0,
            "buffer_years": 0.0,
            "buffer_doubt": 0.0,
            "lead_days": 10_000.0,
            "lead_sigma": 0.0,
            "reputation_yuan": 0.0,
            "distressed_small": 0.0,
            "distressed_large": 0.0,
            "news_sd": 0.0,
            "seller_activity": 1.0,
            "concession": 0.0,
            "abatement_adjustment": 1.0,
        }
        return cls(**(off | changes))
