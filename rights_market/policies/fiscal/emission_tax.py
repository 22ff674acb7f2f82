"""A tax on use."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from annotated_types import Ge, Gt, MinLen, Unit

from rights_market.errors import PolicyError
from rights_market.policies.rule import Rule, Share
from rights_market.policies.where import Narrowed
from rights_market.units import exact, half_up

Int64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxedUse(Rule):
    """One right whose use is taxed.

    Attributes
    ----------
    right : str
    rate_fen : Decimal
        Tax on one equivalent, fen.
    equivalent : Decimal
        Units of the right that make one equivalent; 1 where the rate is for a unit.
    """

    right: str
    rate_fen: Annotated[Decimal, Ge(0), Unit("fen")]
    equivalent: Annotated[Decimal, Gt(0), Unit("units")] = Decimal(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Relief(Rule):
    """Lower tax for those who discharge at low concentration.

    Attributes
    ----------
    below : Decimal
        Share of the limit below which the concentration must lie.
    pay : Decimal
        Share of the tax that is then paid.
    """

    below: Share
    pay: Share


REDUCED = (Relief(below=Decimal("0.7"), pay=Decimal("0.75")), Relief(below=Decimal("0.5"), pay=Decimal("0.5")))


@dataclass(frozen=True, slots=True, kw_only=True)
class EmissionTax(Narrowed):
    """A tax on each unit that is used or emitted, charged quarterly.

    Beside a market both are due, unless the scope says otherwise.

    Attributes
    ----------
    uses : tuple of TaxedUse
        What is taxed, and at which rates.
    scope : str
        ``all`` use; ``uncovered_only``: of firms that need not hold the right; ``excess_over_rights``: what exceeds the
        lots that the firm holds or has surrendered for the year.
    relief : tuple of Relief
        The best one that a firm meets counts, never two.
    concentration : dict of str to Decimal
        Concentration of discharge by sector, as a share of its limit, for firms whose own is not known; of sectors that
        are not named, these get no relief.
    top_n : int
        Number of taxed uses of a firm that are charged, those with the most equivalents first.

    Raises
    ------
    PolicyError
        If a right is taxed twice.

    References
    ----------
    Environmental Protection Tax Law of China (2018), articles 6, 9 and 13 [known]; rates of 1.2 CNY for an equivalent
    of air pollutants and 1.4 of water pollutants in Jiangxi [known].
    """

    kind: Literal["emission_tax"] = "emission_tax"
    uses: Annotated[tuple[TaxedUse, ...], MinLen(1)]
    scope: Literal["all", "uncovered_only", "excess_over_rights"] = "all"
    relief: tuple[Relief, ...] = REDUCED
    concentration: dict[str, Annotated[Decimal, Ge(0)]] = field(default_factory=dict)
    top_n: Annotated[int, Ge(1)] = 3

    def check(self) -> None:
        """Refuse a right that stands twice."""
        rights = [use.right for use in self.uses]
        for right in rights:
            if rights.count(right) > 1:
                raise PolicyError(f"emission tax: uses has two rates for {right}")

    def taxed(self, lots: Int64, covered: Bools, held_lots: Int64) -> Int64:
        """Return the lots of one use that the scope taxes.

        Parameters
        ----------
        lots : ndarray of int64, shape (n_firms,)
            Lots used.
        covered : ndarray of bool, shape (n_firms,)
            Whether the firm must hold the right.
        held_lots : ndarray of int64, shape (n_firms,)
            Lots that it holds or has surrendered for the use.
        """
        if self.scope == "uncovered_only":
            return np.where(covered, 0, lots)
        return np.maximum(lots - held_lots, 0) if self.scope == "excess_over_rights" else lots

    def pay_share(self, sector: str, own: float = math.nan) -> Fraction:
        """Return the share of the tax that a firm of a sector pays.

        Parameters
        ----------
        sector : str
        own : float
            Concentration of its discharge as a share of the limit; NaN where it is not known.

        Examples
        --------
        >>> uses = (TaxedUse(right="SO2", rate_fen=Decimal(120), equivalent=Decimal("0.95")),)
        >>> EmissionTax(uses=uses, concentration={"power": Decimal("0.45")}).pay_share("power")
        Fraction(1, 2)
        """
        level = self.concentration.get(sector) if math.isnan(own) else Decimal(own)
        met = [exact(r.pay) for r in self.relief if level is not None and level < r.below]
        return min(met, default=Fraction(1))

    def tax(
        self,
        lots: Int64,
        lot_sizes: Sequence[Decimal],
        sectors: Sequence[str],
        concentration: Floats | None = None,
    ) -> Int64:
        """Return the tax on each use, fen, half up.

        Parameters
        ----------
        lots : ndarray of int64, shape (n_uses, n_firms)
            Taxed lots, in the order of `uses`.
        lot_sizes : sequence of Decimal
            Units in a lot of each use.
        sectors : sequence of str
            Sector of each firm.
        concentration : ndarray of float64, shape (n_uses, n_firms), or None
            Each firm's own, as a share of the limit; NaN where it is not known.

        Returns
        -------
        ndarray of int64, shape (n_uses, n_firms)

        Examples
        --------
        >>> uses = (TaxedUse(right="SO2", rate_fen=Decimal(120), equivalent=Decimal("0.95")),)
        >>> EmissionTax(uses=uses).tax(np.array([[950]]), [Decimal(1)], ["power"])
        array([[120000]])
        """
        per_lot = [exact(size) / exact(use.equivalent) for use, size in zip(self.uses, lot_sizes, strict=True)]
        fen = np.zeros_like(lots)
        own = np.full(lots.shape, np.nan) if concentration is None else concentration
        charged = self.charged_uses(lots * np.array([float(x) for x in per_lot])[:, np.newaxis])
        for i, (use, equivalents) in enumerate(zip(self.uses, per_lot, strict=True)):
            rate = exact(use.rate_fen) * equivalents
            for firm in np.flatnonzero(charged[i] & (lots[i] > 0)).tolist():
                share = self.pay_share(sectors[firm], float(own[i, firm]))
                fen[i, firm] = half_up(rate * int(lots[i, firm]) * share)
        return fen

    def charged_uses(self, equivalents: Floats) -> Bools:
        """Return which uses of each firm are among its `top_n`, both of shape (n_uses, n_firms)."""
        order = np.argsort(-equivalents, axis=0, kind="stable")
        charged = np.zeros(equivalents.shape, np.bool_)
        np.put_along_axis(charged, order[: self.top_n], values=True, axis=0)
        return charged

    def yuan_per_unit(self, use: TaxedUse, sector: str, own: float = math.nan) -> float:
        """Return what one more unit of a use costs a firm of a sector, CNY; `own` as in `pay_share`."""
        return float(exact(use.rate_fen) / exact(use.equivalent) * self.pay_share(sector, own)) / 100.0
