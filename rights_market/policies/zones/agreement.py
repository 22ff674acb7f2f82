"""What the rules of zones of one right must agree on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rights_market.policies.zones.eco_compensation import EcoCompensation
from rights_market.policies.zones.hot_spot_guard import HotSpotGuard
from rights_market.policies.zones.trading_ratio import TradingRatio
from rights_market.policies.zones.zonal_call import ZonalCall
from rights_market.policies.zones.zone_permission import ZonePermission


def contradiction(
    permission: ZonePermission | None,
    ratio: TradingRatio | None,
    call: ZonalCall | None,
    hot_spot: HotSpotGuard | None,
    compensation: EcoCompensation | None,
) -> str | None:
    """Return in which fields rules of zones contradict each other, None where they do not."""
    given = {"ratio": ratio, "zonal_call": call, "hot_spot": hot_spot, "compensation": compensation}
    if permission is None:
        lone = next((name for name, rule in given.items() if rule is not None), None)
        return None if lone is None else f"`{lone}` needs a `permission`, which names the zones"
    for field, zone in _zones_named(ratio, compensation):
        if zone not in permission.zones:
            return f"{field} names the zone {zone!r}, but permission.zones are {list(permission.zones)}"
    if ratio is not None:
        for x in ratio.tau:
            if x.tau > 0 and not permission.admits(x.seller, x.buyer):
                return f"ratio.tau leads from {x.seller} to {x.buyer}, but permission.edges do not"
    if hot_spot is not None and (ratio is None or set(ratio.standards) != set(permission.zones)):
        return "`hot_spot` compares loads with ratio.standards, which must name every zone of permission.zones"
    return None


def _zones_named(ratio: TradingRatio | None, compensation: EcoCompensation | None) -> Iterator[tuple[str, str]]:
    if ratio is not None:
        yield from _each("ratio.tau", (zone for x in ratio.tau for zone in (x.seller, x.buyer)))
        yield from _each("ratio.standards", ratio.standards)
    if compensation is not None:
        yield from _each("compensation.pairs", (zone for p in compensation.pairs for zone in (p.up, p.down)))
        yield from _each("compensation.sinks", (s.zone for s in compensation.sinks))


def _each(field: str, zones: Iterable[str]) -> Iterator[tuple[str, str]]:
    for zone in zones:
        yield field, zone
