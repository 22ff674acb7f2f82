"""What becomes of the money that the government takes in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal, get_args

import numpy as np
import numpy.typing as npt
from annotated_types import MinLen

from rights_market.errors import PolicyError
from rights_market.policies.rule import Rule, Share
from rights_market.units import exact, largest_remainder

Int64 = npt.NDArray[np.int64]

Purpose = Literal["abatement_fund", "output_rebate", "equal", "eco_compensation", "loan_risk_fund", "budget"]
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)


@dataclass(frozen=True, slots=True, kw_only=True)
class RevenueRecycling(Rule):
    """Once a year what the government took in goes to funds, back to firms, and to the budget.

    Attributes
    ----------
    shares : dict of str to Decimal
        Share of each purpose; what they leave goes to the ``budget``.  ``abatement_fund`` pays subsidies that ask for
        it; ``output_rebate`` goes to firms by output; ``equal`` to all firms alike; ``eco_compensation`` and
        ``loan_risk_fund`` are kept for those purposes.
    right : str or None
        Right by whose verified use the rebate is shared between sectors, whose outputs do not add up; within a sector
        it goes by output.  Needed by ``output_rebate``.

    Raises
    ------
    PolicyError
        If the shares add up to more than 1 (``E_SHARES``), or ``output_rebate`` has no `right`.

    References
    ----------
    Directive 2003/87/EC, article 10(3) [known]; use of proceeds by RGGI [seen]; Fischer and Fox (2007), Land Economics
    83:575 [known]: rebates by output.
    """

    kind: Literal["revenue_recycling"] = "revenue_recycling"
    shares: Annotated[dict[Purpose, Share], MinLen(1)]
    right: str | None = None

    def check(self) -> None:
        """Refuse more than there is, and a rebate that cannot be shared."""
        total = sum((exact(x) for x in self.shares.values()), Fraction(0))
        if total > 1:
            raise PolicyError(f"E_SHARES: shares {', '.join(self.shares)} add up to {float(total):g}, more than 1")
        if self.shares.get("output_rebate", Decimal(0)) > 0 and self.right is None:
            raise PolicyError("revenue recycling: shares has an output_rebate but right is missing")

    def parts(self, pot_fen: int) -> dict[Purpose, int]:
        """Return what each purpose gets of the pot, fen; together exactly the pot.

        Examples
        --------
        >>> shares = {"abatement_fund": Decimal("0.5"), "equal": Decimal("0.3"), "loan_risk_fund": Decimal("0.2")}
        >>> list(RevenueRecycling(shares=shares).parts(100_001).values())
        [50001, 30000, 20000, 0]
        """
        weights = {p: exact(self.shares.get(p, 0)) for p in PURPOSES}
        weights["budget"] = 1 - sum((w for p, w in weights.items() if p != "budget"), Fraction(0))
        named: list[Purpose] = [p for p in PURPOSES if p in self.shares or p == "budget"]
        return dict(zip(named, largest_remainder(pot_fen, [weights[p] for p in named]), strict=True))

    def rebates(self, fen: int, output: Sequence[Fraction], use: Int64, sectors: Sequence[str]) -> Int64:
        """Return the rebate of each firm: between sectors by verified use, within a sector by output.

        Returns
        -------
        ndarray of int64, shape (n_firms,)
            All 0 if nobody used anything.
        """
        rebates = np.zeros(len(use), np.int64)
        codes = sorted(set(sectors))
        rows = [np.array([i for i, s in enumerate(sectors) if s == code], np.intp) for code in codes]
        made = [sum((output[i] for i in of), Fraction(0)) for of in rows]
        weights = [int(use[of].sum()) if total > 0 else 0 for of, total in zip(rows, made, strict=True)]
        for of, part in zip(rows, largest_remainder(fen, weights), strict=True):
            rebates[of] = largest_remainder(part, [output[i] for i in of])
        return rebates

    def equal(self, fen: int, sharing: npt.NDArray[np.bool_]) -> Int64:
        """Return the same part for each firm that shares, to the fen; all 0 if none does; both of shape (n_firms,)."""
        return np.array(largest_remainder(fen, sharing.astype(int).tolist()), np.int64)
