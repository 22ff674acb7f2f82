"""What a false figure costs in money."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from annotated_types import Gt

from rights_market.errors import PolicyError
from rights_market.policies.rule import Fen, Rule
from rights_market.units import Exact, exact, half_up

Int64 = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class FalseDataFine(Rule):
    """Fines lots that were left out of a report, by the gain or by a schedule in lots.

    Attributes
    ----------
    form : str
        ``gain``: `multiple` times what the lots were worth, or `lump` where that is below `gain_threshold`.
        ``per_lot``: `fen_per_lot` u + `rise_fen` u^2 / 2 for u lots.
    multiple : Decimal
        Multiple of the gain.
    gain_threshold : int
        Gain from which the multiple holds.
    lump : int
        Fine below that gain.
    fen_per_lot : int or None
        Fine for the first lot.
    rise_fen : int or None
        Rise of the fine with each further lot.

    Raises
    ------
    PolicyError
        If form per_lot lacks `fen_per_lot`, or form gain has it.

    References
    ----------
    State Council Decree 775, articles 21 to 23: 5 to 10 times the gain, 0.5 to 2 million CNY where that is less than
    500,000 CNY [known].  The schedule: Stranlund and Dhanda (1999, JEEM 38:267) [known].
    """

    form: Literal["gain", "per_lot"] = "gain"
    multiple: Annotated[Decimal, Gt(0)] = Decimal(5)
    gain_threshold: Fen = 50_000_000
    lump: Fen = 50_000_000
    fen_per_lot: Fen | None = None
    rise_fen: Fen | None = None

    def check(self) -> None:
        """Refuse a form without its numbers."""
        if self.form == "per_lot" and self.fen_per_lot is None:
            raise PolicyError("false-data fine: form is per_lot but fen_per_lot is missing")
        for name in ("fen_per_lot", "rise_fen"):
            if self.form == "gain" and getattr(self, name) is not None:
                raise PolicyError(f"false-data fine: {name} is given but form is gain, which does not use it")

    def fine(self, found: Int64, price_fen: Exact) -> Int64:
        """Return the fine of each firm, half up to the fen; 0 where nothing was found.

        Parameters
        ----------
        found : ndarray of int64, shape (n_firms,)
            Lots that were left out.
        price_fen : int, Decimal or Fraction
            Mean price of the year, fen a lot, not rounded.

        Examples
        --------
        >>> FalseDataFine(multiple=Decimal(7)).fine(np.array([70_000, 70, 0]), 6800)
        array([3332000000,   50000000,          0])
        """
        fines = np.zeros_like(found)
        price = exact(price_fen)
        for i in np.flatnonzero(found > 0).tolist():
            fines[i] = half_up(self._fine(int(found[i]), price))
        return fines

    def expected(self, under: Floats, price_fen: float) -> Floats:
        """Return about what being found with `under` lots costs, fen; for firms that weigh it."""
        if self.fen_per_lot is not None:
            return np.asarray(self.fen_per_lot * under + (self.rise_fen or 0) * under**2 / 2.0)
        gain = under * price_fen
        fines = np.where(gain >= self.gain_threshold, float(self.multiple) * gain, float(self.lump))
        return np.where(under > 0, fines, 0.0)

    def _fine(self, lots: int, price: Fraction) -> Fraction:
        if self.fen_per_lot is not None:
            return Fraction(self.fen_per_lot * lots) + Fraction((self.rise_fen or 0) * lots * lots, 2)
        gain = lots * price
        return exact(self.multiple) * gain if gain >= self.gain_threshold else Fraction(self.lump)
