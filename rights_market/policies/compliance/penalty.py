"""What a shortfall costs in money."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from annotated_types import Ge, Gt

from rights_market.errors import PolicyError
from rights_market.policies.rule import Fen, Share
from rights_market.policies.where import Narrowed
from rights_market.units import Exact, exact, half_up

Int64 = npt.NDArray[np.int64]
Multiple = Annotated[Decimal, Ge(0)]

_AMOUNTS = {"fixed": ("fen_per_lot",), "multiple": ("low", "high"), "lump": ("lump_low", "lump_high")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Penalty(Narrowed):
    """A fine for each missing lot, as a fixed amount, a multiple of the market price, or a lump sum.

    Attributes
    ----------
    form : str
        ``fixed``: `fen_per_lot` x `index`.  ``multiple``: `low` to `high` times the price.  ``lump``: once a firm and
        year, `lump_low` to `lump_high`.
    fen_per_lot : int or None
        Fine for a missing lot, fen.
    index : Decimal
        Factor on `fen_per_lot`, such as a price index.
    low, high : Decimal or None
        Multiples of the price.
    by : str
        ``flat``: always `low`.  ``gap_share``: from `low` up to `high` with the share of the duty that is missing.
    lump_low, lump_high : int or None
        Bounds of the lump sum, fen; their middle is charged unless it is drawn.
    price_window : int
        Calendar days before the deadline whose volume-weighted mean price counts, all modes of trading.
    cap : int or None
        Highest fine for a lot, fen.
    late_fee : Decimal
        Share of the fine that is added for each day it stays unpaid, in sum at most the fine.

    Raises
    ------
    PolicyError
        If a field that the `form` needs is missing, one that it does not use is given, or bounds are crossed.

    References
    ----------
    Interim regulations on carbon emission trading (State Council Decree 775), article 24: 5 to 10 times the mean of the
    month before the deadline [known].  Directive 2003/87/EC, article 16: 100 EUR, indexed [known].  Korea: three
    times the price, capped [seen].  Chinese measures of 2020, article 40: 20,000 to 30,000 CNY [known].
    """

    kind: Literal["penalty"] = "penalty"
    form: Literal["fixed", "multiple", "lump"]
    fen_per_lot: Fen | None = None
    index: Annotated[Decimal, Gt(0)] = Decimal(1)
    low: Multiple | None = None
    high: Multiple | None = None
    by: Literal["flat", "gap_share"] = "flat"
    lump_low: Fen | None = None
    lump_high: Fen | None = None
    price_window: Annotated[int, Ge(1)] = 30
    cap: Fen | None = None
    late_fee: Share = Decimal("0.0005")

    def check(self) -> None:
        """Refuse amounts that the form does not use, or lacks."""
        for form, names in _AMOUNTS.items():
            for name in names:
                given = getattr(self, name) is not None
                if given and form != self.form:
                    raise PolicyError(f"penalty: {name} is given but form is {self.form}, which does not use it")
                if not given and form == self.form and not (name == "high" and self.by == "flat"):
                    raise PolicyError(f"penalty: form is {self.form} but {name} is missing")
        if self.form == "lump" and self.cap is not None:
            raise PolicyError(f"penalty: cap {self.cap} is for a lot but form is lump")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise PolicyError(f"penalty: low {self.low} is above high {self.high}")
        if self.lump_low is not None and self.lump_high is not None and self.lump_low > self.lump_high:
            raise PolicyError(f"penalty: lump_low {self.lump_low} is above lump_high {self.lump_high}")

    def fine(
        self,
        shortfall: Int64,
        obligation: Int64,
        price_fen: Exact | None = None,
        draws: npt.NDArray[np.float64] | None = None,
    ) -> Int64:
        """Return the fine of each firm, fen.

        Parameters
        ----------
        shortfall : ndarray of int64, shape (n_firms,)
            Lots neither surrendered nor borrowed.
        obligation : ndarray of int64, shape (n_firms,)
            Lots due without debts; 0 where only debts were missed, which counts as a share of 1.
        price_fen : int, Decimal, Fraction or None
            Mean price of the window, fen a lot, not rounded; needed by form multiple.
        draws : ndarray of float64, shape (n_firms,), or None
            Where between the bounds of a lump sum each firm lies, 0 to 1; None: the middle.

        Returns
        -------
        ndarray of int64, shape (n_firms,)
            Half up to the fen; 0 without shortfall.

        Raises
        ------
        PolicyError
            If form multiple has no price.

        Examples
        --------
        >>> rule = Penalty(form="multiple", low=Decimal(5), high=Decimal(10), by="gap_share")
        >>> rule.fine(np.array([120, 0]), np.array([1000, 1000]), price_fen=6800)
        array([4569600,       0])
        """
        if self.form == "multiple" and price_fen is None:
            raise PolicyError("penalty: form is multiple but price_fen is missing")
        fines = np.zeros_like(shortfall)
        price = exact(0 if price_fen is None else price_fen)
        for i in np.flatnonzero(shortfall > 0).tolist():
            if self.form == "lump":
                fines[i] = self._lump(Fraction(1, 2) if draws is None else exact(float(draws[i])))
            else:
                missing = int(shortfall[i])
                fines[i] = half_up(missing * self._rate(missing, int(obligation[i]), price))
        return fines

    def accrued(self, fine: Int64, days_late: int) -> Int64:
        """Return what is added to unpaid fines after `days_late` calendar days, fen; at most the fine."""
        share = Fraction(self.late_fee) * days_late
        return np.array([min(f, half_up(f * share)) for f in fine.tolist()], np.int64)

    def _rate(self, shortfall: int, obligation: int, price: Fraction) -> Fraction:
        if self.fen_per_lot is not None:
            rate = self.fen_per_lot * Fraction(self.index)
        else:
            low, high = exact(self.low or 0), exact(self.high or 0)
            gap = min(Fraction(1), Fraction(shortfall, obligation)) if obligation > 0 else Fraction(1)
            rate = price * (low if self.by == "flat" else low + (high - low) * gap)
        return rate if self.cap is None else min(rate, Fraction(self.cap))

    def _lump(self, share: Fraction) -> int:
        low, high = self.lump_low or 0, self.lump_high or 0
        return low + half_up((high - low) * share)
