"""What an offender has to bear beside money and lots."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal

from annotated_types import Ge, MinLen

from rights_market.errors import PolicyError
from rights_market.policies.rule import Days, Rule, Share
from rights_market.units import Exact

DAYS_IN_YEAR = 365


@dataclass(frozen=True, slots=True, kw_only=True)
class SanctionStep(Rule):
    """What follows an offence, by how many there were.

    Attributes
    ----------
    from_offence : int
        Number of the offence from which the step holds, until a later step begins.
    publish : bool
        Whether the firm is named.
    suspend_trading : str or None
        ``buys_only``: the firm may not sell.  ``all``: nor may it buy more than it owes and does not hold; to buy for
        cover is always allowed.  The government's own auctions are no trade and stay open to it.
    suspend_days : int
        Calendar days for which trading is suspended.
    cut_share, cut_days : Decimal, int
        Share of output that is shut down, and for how many days.
    ban_credits_years : int
        Compliance years after this one in which its credits are not accepted.
    ban_subsidies_years : int
        Calendar years after this one in which it gets no subsidy that excludes those who are banned.
    credit_mark : bool
        Whether the offence is entered in the public credit record.

    Raises
    ------
    PolicyError
        If of `cut_share` and `cut_days`, or of `suspend_trading` and `suspend_days`, only one is given.
    """

    from_offence: Annotated[int, Ge(1)] = 1
    publish: bool = False
    suspend_trading: Literal["buys_only", "all"] | None = None
    suspend_days: Days = 0
    cut_share: Share = Decimal(0)
    cut_days: Annotated[int, Ge(0)] = 0
    ban_credits_years: Annotated[int, Ge(0)] = 0
    ban_subsidies_years: Annotated[int, Ge(0)] = 0
    credit_mark: bool = False

    def check(self) -> None:
        """Refuse a cut or a suspension without its length, or the reverse."""
        if (self.suspend_trading is not None) != (self.suspend_days > 0):
            raise PolicyError(
                f"sanction: suspend_trading is {self.suspend_trading or 'not given'} but suspend_days is "
                f"{self.suspend_days}; give both"
            )
        if (self.cut_share > 0) != (self.cut_days > 0):
            raise PolicyError(f"sanction: cut_share is {self.cut_share} but cut_days is {self.cut_days}; give both")
        if self.cut_days > DAYS_IN_YEAR:
            raise PolicyError(f"sanction: cut_days is {self.cut_days}, expected at most {DAYS_IN_YEAR}")

    @property
    def output_factor(self) -> Exact:
        """Factor on the output of the year of the cut.

        Examples
        --------
        >>> float(SanctionStep(cut_share=Decimal("0.5"), cut_days=30).output_factor)
        0.958904109589041
        """
        return 1 - Fraction(self.cut_share) * self.cut_days / DAYS_IN_YEAR


@dataclass(frozen=True, slots=True, kw_only=True)
class Sanctions(Rule):
    """Offenders are named, suspended, shut down in part, or refused credits and subsidies, the more the oftener.

    Attributes
    ----------
    steps : tuple of SanctionStep
        The first for the first offence that counts, each later one for more.
    lookback_years : int
        Years in which offences add up.

    Raises
    ------
    PolicyError
        If the steps do not begin with a rising number of offences.

    References
    ----------
    State Council Decree 775: suspension of production until the duty is met [known].  Directive 2003/87/EC, article
    16(2): names [known].  Lengths and shares are those of experiments [approx].
    """

    kind: Literal["sanctions"] = "sanctions"
    steps: Annotated[tuple[SanctionStep, ...], MinLen(1)]
    lookback_years: Annotated[int, Ge(1)] = 3

    def check(self) -> None:
        """Refuse steps out of order."""
        starts = [step.from_offence for step in self.steps]
        if sorted(set(starts)) != starts:
            raise PolicyError(f"sanctions: steps have from_offence {starts}, expected each above the one before")

    def step(self, offences: int) -> SanctionStep | None:
        """Return what follows when there were so many offences, this one included; None if nothing does."""
        reached = [step for step in self.steps if step.from_offence <= offences]
        return reached[-1] if reached else None

    def counts(self, offence: date, on: date) -> bool:
        """Return whether an offence of an earlier day still counts."""
        return offence > on - timedelta(DAYS_IN_YEAR * self.lookback_years)
