"""Units of a firms file, in English and Chinese, and how they turn into those of the scenario."""

from __future__ import annotations

import re
import unicodedata

# Each family is measured in its first unit.
_FAMILIES: tuple[dict[str, float], ...] = (
    {
        "t": 1.0,
        "kg": 1e-3,
        "kt": 1e3,
        "Mt": 1e6,
        "吨": 1.0,
        "千克": 1e-3,
        "公斤": 1e-3,
        "千吨": 1e3,
        "万吨": 1e4,
        "百万吨": 1e6,
    }
    | {"tCO2": 1.0, "tCO2e": 1.0, "万tCO2": 1e4, "吨CO2": 1.0, "万吨CO2": 1e4, "吨二氧化碳": 1.0, "万吨二氧化碳": 1e4},
    {"tce": 1.0, "kgce": 1e-3, "ktce": 1e3, "Mtce": 1e6, "吨标准煤": 1.0, "吨标煤": 1.0, "万tce": 1e4}
    | {"千克标准煤": 1e-3, "万吨标准煤": 1e4, "万吨标煤": 1e4},
    {"MWh": 1.0, "kWh": 1e-3, "GWh": 1e3, "TWh": 1e6, "千瓦时": 1e-3, "度": 1e-3, "兆瓦时": 1.0, "万千瓦时": 10.0}
    | {"万度": 10.0, "亿千瓦时": 1e5},
    {"GJ": 1.0, "MJ": 1e-3, "TJ": 1e3, "吉焦": 1.0, "太焦": 1e3},
    {"1": 1.0, "%": 0.01},
    {"m3": 1.0, "立方米": 1.0, "万立方米": 1e4, "万m3": 1e4},
    {"m2": 1.0, "thousandm2": 1e3, "平方米": 1.0, "万平方米": 1e4, "万m2": 1e4},
    {
        "CNY": 1.0,
        "yuan": 1.0,
        "元": 1.0,
        "kCNY": 1e3,
        "千元": 1e3,
        "万元": 1e4,
        "百万元": 1e6,
        "MCNY": 1e6,
        "亿元": 1e8,
    },
)
_KNOWN = {name.casefold(): (family, factor) for family, units in enumerate(_FAMILIES) for name, factor in units.items()}
_KNOWN |= {"mt": (0, 1e6), "mj": (3, 1e-3)}
_YEARLY = re.compile(r"(/(yr|a|year|年)|per year)$", re.IGNORECASE)
_IN_HEADER = re.compile(r"(?:[(（\[【]\s*(?P<inside>[^()（）\[\]【】]+?)\s*[)）\]】]|[_,，:：]\s*(?P<tail>\S+?))\s*$")


def known_units() -> list[str]:
    """Return the units that can be written, in groups of one kind."""
    return [name for units in _FAMILIES for name in units]


def factor(unit: str, target: str) -> float | None:
    """Return how many `target` one `unit` is; None where they do not measure the same.

    Parameters
    ----------
    unit, target : str
        Units, or ratios of two with a slash.  A closing ``/yr`` is passed over: all amounts are yearly.

    Examples
    --------
    >>> factor("万吨", "t"), factor("kg/t", "t/t"), factor("GWh", "MWh"), factor("t", "MWh")
    (10000.0, 0.001, 1000.0, None)
    """
    one, other = _bare(unit), _bare(target)
    if one.casefold() == other.casefold():
        return 1.0
    if "/" in one or "/" in other:
        above, _, below = one.partition("/")
        target_above, _, target_below = other.partition("/")
        over, under = factor(above, target_above), factor(below, target_below)
        return None if over is None or under is None else over / under
    if one.casefold() not in _KNOWN or other.casefold() not in _KNOWN:
        return None
    (family, size), (target_family, target_size) = _KNOWN[one.casefold()], _KNOWN[other.casefold()]
    return size / target_size if family == target_family else None


def unit_in_header(header: str) -> str | None:
    """Return the unit that a header names at its end, if it is a known one.

    Examples
    --------
    >>> unit_in_header("产量（万吨）"), unit_in_header("SO2_kg"), unit_in_header("output (2022)")
    ('万吨', 'kg', None)
    """
    found = _IN_HEADER.search(unicodedata.normalize("NFKC", header))
    if found is None:
        return None
    unit = found["inside"] or found["tail"]
    parts = _bare(unit).split("/")
    return unit if all(p.casefold() in _KNOWN for p in parts) and len(parts) <= 2 else None


def _bare(unit: str) -> str:
    return _YEARLY.sub("", unicodedata.normalize("NFKC", unit).replace(" ", ""))
