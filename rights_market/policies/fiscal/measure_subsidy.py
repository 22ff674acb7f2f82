"""A grant for those who invest in measures."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from annotated_types import Ge, Unit

from rights_market.errors import PolicyError
from rights_market.policies.rule import Fen, Share
from rights_market.policies.where import Narrowed
from rights_market.units import exact, half_up, largest_remainder

Int64 = npt.NDArray[np.int64]

_AMOUNTS = {"capex_share": ("share",), "tax_credit": ("share",), "per_unit": ("fen_per_unit", "right")}


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureSubsidy(Narrowed):
    """A grant to firms that start a measure, first come first served while the yearly budget lasts.

    Attributes
    ----------
    measures : tuple of str
        English names of the measures that are supported; all if none is named.
    form : str
        ``capex_share``: a share of the investment.  ``per_unit``: an amount for each unit of `right` that the measure
        saves in a year.  ``tax_credit``: no grant; a share of the investment is set against the tax on profits.
    share : Decimal or None
        Share of the investment.
    fen_per_unit : Decimal or None
        Grant for each unit saved in a year, fen.
    right : str or None
        Right whose saving counts.
    cap : int or None
        Most that one firm gets in all, fen.
    budget : int or None
        Most that is spent in a calendar year, fen.
    profit_tax : Decimal
        Rate of the tax on profits, of which a credit is taken.
    from_fund : bool
        Whether it is paid from the fund for abatement that recycling fills, and only as far as that reaches.
    exclude_short : bool
        Whether firms that missed units in the last period that was settled get nothing.
    exclude_banned : bool
        Whether firms get nothing while a sanction bans them from subsidies.

    Raises
    ------
    PolicyError
        If a field that the `form` needs is missing, or one that it does not use is given.

    References
    ----------
    Enterprise Income Tax Law of China, article 34: 10 % of equipment that saves energy is credited [known]; grants by
    share of investment with a cap: design [approx].
    """

    kind: Literal["measure_subsidy"] = "measure_subsidy"
    form: Literal["capex_share", "per_unit", "tax_credit"] = "capex_share"
    measures: tuple[str, ...] = ()
    share: Share | None = None
    fen_per_unit: Annotated[Decimal, Ge(0), Unit("fen")] | None = None
    right: str | None = None
    cap: Fen | None = None
    budget: Fen | None = None
    profit_tax: Share = Decimal("0.25")
    from_fund: bool = False
    exclude_short: bool = False
    exclude_banned: bool = False

    def check(self) -> None:
        """Refuse amounts that the form does not use, or lacks."""
        for name in ("share", "fen_per_unit", "right"):
            if (getattr(self, name) is not None) != (name in _AMOUNTS[self.form]):
                state = "missing" if getattr(self, name) is None else "given"
                raise PolicyError(f"measure subsidy: form is {self.form} but {name} is {state}")
        if self.form == "tax_credit" and (self.from_fund or self.budget is not None):
            raise PolicyError("measure subsidy: form is tax_credit, which no budget and no from_fund pays for")

    def supports(self, measure: str) -> bool:
        """Return whether a measure is supported."""
        return not self.measures or measure in self.measures

    def claim(self, capex_fen: int, units_saved: float) -> int:
        """Return the grant that a measure asks for, fen, half up, before caps and budget."""
        if self.share is not None:
            return half_up(exact(self.share) * capex_fen)
        return half_up(exact(self.fen_per_unit or 0) * exact(max(0.0, units_saved)))

    def grants(self, claims: Int64, received: Int64, left: int | None) -> Int64:
        """Return what each firm gets of the claims of one day, fen.

        Parameters
        ----------
        claims, received : ndarray of int64, shape (n_firms,)
            Claims of the day, and what each firm got before.
        left : int or None
            What the budget leaves; where it does not reach, claims share it by the largest remainder.

        Examples
        --------
        >>> rule = MeasureSubsidy(share=Decimal("0.15"), cap=120_000)
        >>> rule.grants(np.array([rule.claim(1_000_000, 0.0)]), np.array([0]), None)
        array([120000])
        """
        most = claims if self.cap is None else np.minimum(claims, np.maximum(self.cap - received, 0))
        if left is None or int(most.sum()) <= left:
            return most
        return np.array(largest_remainder(left, most.tolist()), np.int64)
