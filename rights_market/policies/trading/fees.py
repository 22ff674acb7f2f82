"""What a trade costs each side, and who receives it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal

from annotated_types import Ge, Le, Unit

from rights_market.errors import PolicyError
from rights_market.policies.rule import Rule
from rights_market.policies.trading.admission import Mode
from rights_market.units import PPM, Side, ceil, half_up

FeeShare = Annotated[Decimal, Ge(0), Le(Decimal("0.05")), Unit("share")]
TaxShare = Annotated[Decimal, Ge(0), Le(Decimal("0.5")), Unit("share")]
LeastFee = Annotated[int, Ge(0), Le(1_000_000_000), Unit("fen")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModeFees(Rule):
    """Fees of one way of trading.

    Attributes
    ----------
    buyer, seller : Decimal
        Shares of the value, 0 to 0.05, in whole millionths.
    min_fen : int
        The least that an order which trades is charged, once, on each side that has a share; fen.

    Raises
    ------
    PolicyError
        If a share is not a whole number of millionths, or there is a least fee and no share.
    """

    buyer: FeeShare = Decimal(0)
    seller: FeeShare = Decimal(0)
    min_fen: LeastFee = 0

    def check(self) -> None:
        """Refuse shares that millionths cannot hold, and a least fee of nothing."""
        _refuse_parts(("buyer", self.buyer), ("seller", self.seller))
        if self.min_fen and not self.buyer and not self.seller:
            raise PolicyError(
                f"fees: min_fen is {self.min_fen}, but neither buyer nor seller has a share; the least fee is charged "
                "to sides that have one"
            )

    def ppm(self, side: Side) -> int:
        """Return the fee of a side, millionths of the value."""
        return int(Fraction(self.buyer if side is Side.BID else self.seller) * PPM)

    def least(self, side: Side) -> int:
        """Return the least that an order of a side is charged, fen."""
        return self.min_fen if self.ppm(side) else 0

    def total(self, side: Side, value_fen: int) -> int:
        """Return the fee of an order that has traded a value, fen, half up."""
        return max(half_up(Fraction(self.ppm(side) * value_fen, PPM)), self.least(side)) if value_fen else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fees(ModeFees):
    """Share of the value of a trade that each side pays for it, and a tax on sellers.

    Attributes
    ----------
    buyer, seller, min_fen : Decimal, Decimal, int
        Fees in the book: shares 0 to 0.05 in whole millionths, and the least that an order which trades is charged on
        each side that has a share, fen.
    block, otc, auction : ModeFees or None
        Fees of block agreements and of offers to one partner, each of which counts as one order, and of auctions of one
        holder or over zones; None: as in the book.
    tax : Decimal
        Share of the value that sellers pay to the government in every way of trading, in whole millionths.
    receiver : str
        Who receives the fees: the ``exchange``, or the ``government``, which may share them out again.
    waive : tuple of date
        Days on which neither fee nor tax is charged.

    Raises
    ------
    PolicyError
        If a share is not a whole number of millionths: the exchange counts in them.  If there is a least fee and no
        share.

    References
    ----------
    Shanxi: 1.5 %, half on each side [seen].  No rate is published for the national carbon market; 0.1 to 0.5 % a side
    is common in experiments [approx].
    """

    kind: Literal["fees"] = "fees"
    block: ModeFees | None = None
    otc: ModeFees | None = None
    auction: ModeFees | None = None
    tax: TaxShare = Decimal(0)
    receiver: Literal["exchange", "government"] = "exchange"
    waive: tuple[date, ...] = ()

    def check(self) -> None:
        """Refuse shares that millionths cannot hold, and a least fee of nothing."""
        ModeFees.check(self)
        _refuse_parts(("tax", self.tax))

    @property
    def buyer_ppm(self) -> int:
        """Buyer's fee in the book, millionths of the value."""
        return self.ppm(Side.BID)

    @property
    def seller_ppm(self) -> int:
        """Seller's fee in the book, millionths of the value."""
        return self.ppm(Side.ASK)

    @property
    def tax_ppm(self) -> int:
        """Tax on sellers, millionths of the value."""
        return int(Fraction(self.tax) * PPM)

    def of_mode(self, mode: Mode) -> ModeFees:
        """Return the fees of a way of trading."""
        own = {"block": self.block, "otc": self.otc, "auction": self.auction}.get(mode)
        return self if own is None else own

    def charge(self, side: Side, filled_fen: int, fill_fen: int, mode: Mode = "book") -> int:
        """Return the fee on the next fill of an order, fen.

        The running total is half up and at least the minimum, so that it does not depend on the number of fills.

        Parameters
        ----------
        side : Side
        filled_fen : int
            Value that the order traded before.
        fill_fen : int
            Value of this fill.
        mode : str

        Examples
        --------
        >>> fees = Fees(buyer=Decimal("0.003"))
        >>> fees.charge(Side.BID, 0, 150), fees.charge(Side.BID, 150, 170)
        (0, 1)
        >>> fees = Fees(seller=Decimal("0.003"), min_fen=500)
        >>> fees.charge(Side.ASK, 0, 100_000), fees.charge(Side.ASK, 100_000, 100_000)
        (500, 100)
        """
        fees = self.of_mode(mode)
        return fees.total(side, filled_fen + fill_fen) - fees.total(side, filled_fen)

    def taxed(self, filled_fen: int, fill_fen: int) -> int:
        """Return the tax on the next fill of a sell order, fen, by the same running total.

        Examples
        --------
        >>> Fees(tax=Decimal("0.01")).taxed(0, 14_950)
        150
        """
        before, after = (half_up(Fraction(self.tax_ppm * x, PPM)) for x in (filled_fen, filled_fen + fill_fen))
        return after - before

    def most(self, value_fen: int) -> int:
        """Return the buyer's fee that is frozen with a bid of this value, fen: rounded up, or the minimum."""
        return max(ceil(Fraction(self.buyer_ppm * value_fen, PPM)), self.least(Side.BID)) if value_fen else 0

    def is_waived(self, on: date) -> bool:
        """Return whether nothing is charged on a day."""
        return on in self.waive


def _refuse_parts(*shares: tuple[str, Decimal]) -> None:
    for name, share in shares:
        if (Fraction(share) * PPM).denominator != 1:
            raise PolicyError(f"fees: {name} is {share}, expected a whole number of millionths")
