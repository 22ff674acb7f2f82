"""What zones along a river pay each other for the quality of its water, and for carbon that forests upstream store."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal

from annotated_types import Ge, Gt, MinLen

from rights_market.errors import PolicyError
from rights_market.policies.rule import Fen, Rule, Share
from rights_market.units import half_up


@dataclass(frozen=True, slots=True, kw_only=True)
class CompensationPair(Rule):
    """Two neighbours along a river, and what is at stake between them.

    Attributes
    ----------
    up, down : str
        Names of zones.
    base_pay_fen : int
        Largest yearly payment for quality, fen.
    reference : Decimal
        Measured value at which nobody pays (``linear``), or up to which the downstream zone pays (``step``); in a run
        it is the yearly load of the upstream zone, lots.
    form : str
        ``linear`` in the distance from the reference, or all or nothing in a ``step``.
    cap_fen : int or None
        Largest payment of a year, sinks included, fen.
    """

    up: str
    down: str
    base_pay_fen: Fen
    reference: Annotated[Decimal, Gt(0)]
    form: Literal["linear", "step"] = "linear"
    cap_fen: Fen | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sink(Rule):
    """A forest or wetland whose uptake is counted.

    Attributes
    ----------
    site : str
        Name of the place.  Its tonnes are claimed once: who counts it first keeps it.
    zone : str
    tonnes : int
        Verified uptake a year, t.
    since : int or None
        First year in which it is counted here: credits for the same place from a later year on are refused.  None:
        credits for the place always exclude it here.
    """

    site: str
    zone: str
    tonnes: Annotated[int, Ge(0)]
    since: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EcoCompensation(Rule):
    """Downstream zones pay those upstream for clean water and stored carbon, and are paid for water that is not clean.

    Attributes
    ----------
    pairs : tuple of CompensationPair
    sinks : tuple of Sink
    sink_price_fen : int
        Price of a tonne of carbon dioxide that sinks upstream took up, fen.
    sink_share : Decimal
        Share of that price which the downstream zone pays.
    fund_fen : int
        Budget of each zone at the start, fen.

    Raises
    ------
    PolicyError
        If a pair is one zone, or stands there twice.

    References
    ----------
    Agreement on the Xin'an river between Anhui and Zhejiang, 2012: a step [known].  Implementing opinion of Jiangxi,
    2022, 8(1): count sinks in compensation [seen].  The linear form is an assumption [approx].

    Examples
    --------
    >>> pair = CompensationPair(up="a", down="b", base_pay_fen=100_000_000, reference=Decimal(20))
    >>> EcoCompensation(pairs=(pair,)).pay_fen(pair, Fraction(18))
    10000000
    """

    kind: Literal["eco_compensation"] = "eco_compensation"
    pairs: Annotated[tuple[CompensationPair, ...], MinLen(1)]
    sinks: tuple[Sink, ...] = ()
    sink_price_fen: Fen = 0
    sink_share: Share = Decimal(1)
    fund_fen: Annotated[int, Ge(0)] = 0

    def check(self) -> None:
        """Refuse a zone that compensates itself, and what stands there twice."""
        sites = [s.site for s in self.sinks]
        if len(set(sites)) != len(sites):
            raise PolicyError(f"eco_compensation: sinks are {sites}, expected each once")
        pairs = [(p.up, p.down) for p in self.pairs]
        if len(set(pairs)) != len(pairs):
            raise PolicyError(f"eco_compensation: pairs are {pairs}, expected each once")
        for up, down in pairs:
            if up == down:
                raise PolicyError(f"eco_compensation: a pair has up {up} and down {down}, expected two zones")

    def pay_fen(self, pair: CompensationPair, measured: Fraction | None, sink_tonnes: int = 0) -> int:
        """Return what the downstream zone pays in a year, fen; below 0 it is paid.

        Parameters
        ----------
        measured : Fraction or None
            Measured value (the less, the cleaner); None where nothing was measured, which costs nobody anything.
        sink_tonnes : int
            Verified uptake upstream that is counted here, t.
        """
        pay = half_up(self._quality(pair, measured) * pair.base_pay_fen)
        pay += half_up(Fraction(self.sink_share) * self.sink_price_fen * sink_tonnes)
        return pay if pair.cap_fen is None else max(-pair.cap_fen, min(pair.cap_fen, pay))

    def sink_tonnes(self, zone: str, sites: Container[str]) -> int:
        """Return the uptake in a zone of the sites that are counted, t."""
        return sum(s.tonnes for s in self.sinks if s.zone == zone and s.site in sites)

    def _quality(self, pair: CompensationPair, measured: Fraction | None) -> Fraction:
        """Return the share of the base payment that quality earns the zone upstream, between -1 and 1."""
        if measured is None:
            return Fraction(0)
        if pair.form == "step":
            return Fraction(1 if measured <= pair.reference else -1)
        reference = Fraction(pair.reference)
        return max(Fraction(-1), min(Fraction(1), (reference - measured) / reference))
