"""A rule that changes the rules: the authority looks at a figure and moves a number of the rule book by a step."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal, NamedTuple

from annotated_types import Ge, Unit

from rights_market.errors import PolicyError
from rights_market.policies.fields import Number
from rights_market.policies.rule import Rule
from rights_market.units import exact

Watch = Literal["mean_price", "compliance_rate", "bank_share", "late_trade_share", "false_report_share"]
Code = Literal["within_band", "limit_reached", "moved"]


class Review(NamedTuple):
    """What comes of a look at a figure.

    Attributes
    ----------
    value : int or Decimal
        The number from now on.
    code : str
        ``within_band``, ``moved``, or ``limit_reached`` where it could not be moved, or not by the whole step.
    why : str
        The figure beside the bound that it passed.
    """

    value: Number
    code: Code
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackRule(Rule):
    """Moves a number of the rule book by a step when a published figure leaves its band.

    The authority sees the tape, its registry and verified data, nothing else.  What it decides is announced on the day
    of the review and in force `notice` days later; until then nobody reckons with it.

    Attributes
    ----------
    watch : str
        ``mean_price``: CNY per unit, over the last `window` days.  ``compliance_rate``: share of the duty of the last
        period that was met.  ``bank_share``: units left over from closed periods, as a share of a year's verified use.
        ``late_trade_share``: share of the volume between two deadlines in the last `window` days before the second.
        ``false_report_share``: share of the last audited firms that had left something out.
    low, high : Decimal or None
        Band in which nothing is done; None: open on that side.
    field : str
        Dotted path of the number in the rules of the right, such as ``audit.share`` or ``allocation.0.cut``.
    if_low, if_high : Decimal or None
        Step, with its sign, below and above the band; None on a side that is open.
    minimum, maximum : Decimal
        Limits of the number.
    review : str
        ``publish``: when results of a period are published; ``year_close``: on the last trading day of each year;
        ``month_close``: on that of each month.
    notice : int
        Calendar days from the announcement until the new number holds.
    window : int
        Calendar days for figures of a stretch of time.

    Raises
    ------
    PolicyError
        If `low` is not below `high`, `minimum` not below `maximum`, a bound and its step do not go together, or a step
        is larger than the room between the limits.

    References
    ----------
    Audits after findings: Harrington (1988, J Public Econ 37:29) [known].  Supply after the bank: Decision (EU)
    2015/1814 is such a rule for auctions [seen].  Rules for an instrument: Taylor (1993) [known].  Choice of figures
    [approx].
    """

    kind: Literal["feedback"] = "feedback"
    watch: Watch
    field: str
    minimum: Decimal
    maximum: Decimal
    low: Decimal | None = None
    high: Decimal | None = None
    if_low: Decimal | None = None
    if_high: Decimal | None = None
    review: Literal["publish", "year_close", "month_close"] = "year_close"
    notice: Annotated[int, Ge(1), Unit("days")] = 30
    window: Annotated[int, Ge(1), Unit("days")] = 60

    def check(self) -> None:
        """Refuse bands and limits without room, and bounds without a step."""
        if self.low is None and self.high is None:
            raise PolicyError("feedback: neither low nor high is given, so that the figure could never leave its band")
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise PolicyError(f"feedback: low {self.low} is not below high {self.high}")
        if self.minimum >= self.maximum:
            raise PolicyError(f"feedback: minimum {self.minimum} is not below maximum {self.maximum}")
        for bound, step in (("low", "if_low"), ("high", "if_high")):
            if (getattr(self, bound) is None) != (getattr(self, step) is None):
                given = f"{bound} is {getattr(self, bound)} and {step} {getattr(self, step)}"
                raise PolicyError(f"feedback: {given}; give both or neither")
            if getattr(self, step) == 0:
                raise PolicyError(f"feedback: {step} is 0, so that leaving the band at {bound} would change nothing")
            if abs(getattr(self, step) or 0) > self.maximum - self.minimum:
                room = f"from minimum {self.minimum} to maximum {self.maximum}"
                raise PolicyError(f"feedback: {step} {getattr(self, step)} is more than all the way {room}")

    def decide(self, observed: Fraction, current: Number) -> Review:
        """Return the number that follows from a figure, and why.

        Parameters
        ----------
        observed : Fraction
            The figure, not rounded.
        current : int or Decimal
            The number as it was last announced.

        Examples
        --------
        >>> rule = FeedbackRule(
        ...     watch="false_report_share", high=Decimal("0.1"), field="audit.share", if_high=Decimal("0.15"),
        ...     minimum=Decimal("0.05"), maximum=Decimal("0.3"),
        ... )
        >>> rule.decide(Fraction(1, 4), Decimal("0.05")).value, rule.decide(Fraction(1, 4), Decimal("0.2")).value
        (Decimal('0.20'), Decimal('0.3'))
        >>> rule.decide(Fraction(1, 10), Decimal("0.2")).code
        'within_band'
        """
        step = self._step(observed)
        seen = f"{self.watch} {float(observed):.4g}"
        if step is None:
            return Review(current, "within_band", f"{seen} within {self._band()}")
        wanted = Decimal(current) + step
        value = min(max(wanted, self.minimum), self.maximum)
        is_low = self.low is not None and observed < exact(self.low)
        side = f"below low {self.low}" if is_low else f"above high {self.high}"
        code: Code = "moved" if value == wanted else "limit_reached"
        return Review(int(value) if isinstance(current, int) else value, code, f"{seen} {side}")

    def _step(self, observed: Fraction) -> Decimal | None:
        if self.low is not None and observed < exact(self.low):
            return self.if_low
        if self.high is not None and observed > exact(self.high):
            return self.if_high
        return None

    def _band(self) -> str:
        low, high = ("" if x is None else str(x) for x in (self.low, self.high))
        return f"{low}..{high}"

    def refuse_start(self, current: Number) -> None:
        """Refuse a number that lies outside the limits, or a whole one that would be moved by parts.

        Raises
        ------
        PolicyError
            Naming both fields.
        """
        if not self.minimum <= current <= self.maximum:
            raise PolicyError(
                f"feedback: {self.field} is {current}, outside minimum {self.minimum} to maximum {self.maximum}"
            )
        parts = {name: getattr(self, name) for name in ("if_low", "if_high", "minimum", "maximum")}
        for name, x in parts.items():
            if isinstance(current, int) and x is not None and x != x.to_integral_value():
                raise PolicyError(f"feedback: {self.field} is a whole number, so {name} cannot be {x}")
