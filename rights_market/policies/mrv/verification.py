"""Who checks reports, and how likely a false one is noticed."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from annotated_types import Ge, Gt, MinLen, Unit

from rights_market.errors import PolicyError
from rights_market.policies.rule import Fen, Rule, Share
from rights_market.units import exact, half_up

Int64 = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

NO_VERIFIER = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification(Rule):
    """Has reports checked by verifiers who may collude with the firm that they check.

    Attributes
    ----------
    coverage : Decimal
        Share of the firms that are checked in a year.
    materiality : Decimal
        Misses up to this share of the report stand.
    power : Decimal
        How fast detection rises with the miss beyond that, kappa in 1 - exp(-kappa x).
    verifiers : int
        Number of licensed verifiers at the start.
    collusion : tuple of Decimal
        Probability that a verifier keeps quiet about what it found: one number for all, or one for each.
    paid_by : str
        ``firm``: firms choose their verifier and pay it.  ``authority``: it is drawn for them and paid by the public.
    rotate_years : int
        Verifications after which a firm must change its verifier, if there is another.
    cost : int
        Price of a verification, fen.

    Raises
    ------
    PolicyError
        If `collusion` has neither one number nor one for each of the `verifiers`.

    References
    ----------
    Materiality 5 %, 2 % above 500 kt: Regulation (EU) 2018/2067, article 23 [known].  Who pays and who chooses: Duflo,
    Greenstone, Pande and Ryan (2013, QJE 128:1499) [known].  Form of the detection probability [approx].
    """

    kind: Literal["verification"] = "verification"
    coverage: Share = Decimal(1)
    materiality: Share = Decimal("0.05")
    power: Annotated[Decimal, Gt(0)] = Decimal(40)
    verifiers: Annotated[int, Ge(1)] = 1
    collusion: Annotated[tuple[Share, ...], MinLen(1)] = (Decimal(0),)
    paid_by: Literal["firm", "authority"] = "firm"
    rotate_years: Annotated[int, Ge(1), Unit("years")] = 3
    cost: Fen = 0

    def check(self) -> None:
        """Refuse a list of collusion that does not fit the verifiers."""
        if len(self.collusion) not in (1, self.verifiers):
            raise PolicyError(
                f"verification: collusion has {len(self.collusion)} numbers but verifiers is {self.verifiers}; "
                "give one for all or one for each"
            )

    @property
    def collusion_of(self) -> Floats:
        """Probability that each verifier keeps quiet, shape (verifiers,)."""
        return np.array(np.broadcast_to(np.array(self.collusion, np.float64), self.verifiers))

    def checked(self, n_firms: int) -> int:
        """Return how many of the firms are checked in a year, half up."""
        return half_up(exact(self.coverage) * n_firms)

    def assign(self, before: Int64, years: Int64, licensed: Bools, preferred: Int64) -> Int64:
        """Return the verifier of each firm.

        A firm keeps its verifier for `rotate_years` years, then it must change.  A firm that changes goes to the one
        that is preferred, or from there to the next that is licensed and not its last one.

        Parameters
        ----------
        before : ndarray of int64, shape (n_firms,)
            Last verifier, -1 for none.
        years : ndarray of int64, shape (n_firms,)
            Verifications in a row by that one.
        licensed : ndarray of bool, shape (verifiers,)
        preferred : ndarray of int64, shape (n_firms,)
            Whom the firm chooses, or who was drawn for it.

        Returns
        -------
        ndarray of int64, shape (n_firms,)
            -1 where nobody is licensed.
        """
        if not licensed.any():
            return np.full_like(before, NO_VERIFIER)
        stays = (before >= 0) & (years < self.rotate_years) & licensed[before]
        leaves = np.where(licensed.sum() > 1, before, NO_VERIFIER)
        found, open_ = before.copy(), ~stays
        for step in range(self.verifiers):
            candidate = (preferred + step) % self.verifiers
            fits = open_ & licensed[candidate] & (candidate != leaves)
            found[fits] = candidate[fits]
            open_ = open_ & ~fits
        return found

    def detection(self, measured: Int64, reported: Int64) -> Floats:
        """Return the probability that an honest verifier notices the miss of each report.

        Examples
        --------
        >>> Verification().detection(np.array([1000, 960, 5]), np.array([930, 1000, 0])).round(5).tolist()
        [0.63606, 0.0, 1.0]
        """
        miss = np.abs(measured - reported).astype(np.float64)
        filed = reported.astype(np.float64)
        over = np.maximum(0.0, miss - float(self.materiality) * filed)
        x = np.divide(over, filed, out=np.zeros_like(over), where=filed > 0)
        noticed = 1.0 - np.exp(-float(self.power) * x)
        return np.where(reported > 0, noticed, np.where(measured > 0, 1.0, 0.0))
