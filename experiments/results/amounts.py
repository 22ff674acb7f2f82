"""Quantities and money as people read them: scaled, rounded and with their unit.

English scales by thousands (kt, Mt; million CNY), Chinese by ten-thousands (万吨, 亿吨; 万元, 亿元).
"""

from __future__ import annotations

import math

from experiments.results.words import CURRENCIES, Words

# Units that take a metric prefix; others are counted in words ("thousand units").
PREFIXED = {"t", "tce", "tCO2", "Wh"}
PREFIXES = ((1e9, "G"), (1e6, "M"), (1e3, "k"))
ENGLISH = ((1e9, "billion "), (1e6, "million "), (1e3, "thousand "))
CHINESE = ((1e8, "亿"), (1e4, "万"))
COUNTS = {"days", "firms", "trades", "accounts", "%", ""}


def unit_name(unit: str, words: Words) -> str:
    """Return a unit in a language; a price such as ``CNY/t`` is translated part by part.

    ``CNY`` stands for the money of the vocabulary, whichever that is.

    Examples
    --------
    >>> unit_name("CNY/t", Words("zh")), unit_name("m3", Words("zh")), unit_name("CNY/t", Words("en", "EUR"))
    ('元/吨', 'm3', 'EUR/t')
    """
    unit = in_currency(unit, words.currency)
    whole = words.name("unit", unit)
    if whole != unit or "/" not in unit:
        return whole
    return "/".join(words.name("unit", part) for part in unit.split("/"))


def in_currency(unit: str, currency: str) -> str:
    """Return a unit with another money in the place of ``CNY``.

    Examples
    --------
    >>> in_currency("%/million CNY", "EUR"), in_currency("t", "EUR")
    ('%/million EUR', 't')
    """
    return unit.replace("CNY", currency)


def is_price(unit: str) -> bool:
    """Return whether a unit is money for a unit of something.

    Examples
    --------
    >>> is_price("CNY/t"), is_price("EUR/t"), is_price("CNY"), is_price("%/million CNY")
    (True, True, False, False)
    """
    money, slash, _ = unit.partition("/")
    return bool(slash) and money in CURRENCIES


def scaled(largest: float, unit: str, words: Words) -> tuple[float, str]:
    """Choose one scale for an axis or a column.

    Parameters
    ----------
    largest : float
        Largest absolute value that is shown.
    unit : str
        Unit of the values, such as ``t`` or ``CNY``.

    Returns
    -------
    (float, str)
        What to divide by, and the label of the scaled unit.

    Examples
    --------
    >>> scaled(5e6, "t", Words("en")), scaled(5e6, "t", Words("zh")), scaled(2e9, "CNY", Words("en"))
    ((1000000.0, 'Mt'), (10000.0, '万吨'), (1000000000.0, 'billion CNY'))
    """
    plain = unit_name(unit, words)
    if unit in COUNTS or "/" in unit or not math.isfinite(largest):
        return 1.0, plain
    for size, prefix in _steps(unit, words):
        if abs(largest) >= size:
            return size, f"{prefix}{plain}"
    return 1.0, plain


def _steps(unit: str, words: Words) -> tuple[tuple[float, str], ...]:
    if words.lang == "zh":
        return CHINESE
    return PREFIXES if unit in PREFIXED else ENGLISH


def digits(value: float) -> str:
    """Write a number with the decimals that matter: about three significant digits below 1,000, none above.

    Examples
    --------
    >>> [digits(x) for x in (61.527, 7.6612, 0.04211, 12345.6, 100.0, -0.5, 0.0, -1e-9)]
    ['61.5', '7.66', '0.042', '12,346', '100', '-0.5', '0', '0']
    """
    if not math.isfinite(value):
        return "–"
    size = abs(value)
    if size >= 100 or size == 0:
        return f"{value:z,.0f}"
    places = 1 if size >= 10 else 2 if size >= 0.1 else 3
    text = f"{value:z.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def show(value: float, unit: str, words: Words) -> str:
    """Write one figure with its unit.

    Examples
    --------
    >>> show(5_926_275, "t", Words("en")), show(5_926_275, "t", Words("zh")), show(68.154, "CNY/t", Words("en"))
    ('5.93 Mt', '593万吨', '68.15 CNY/t')
    """
    if not math.isfinite(value):
        return "–"
    divisor, label = scaled(value, unit, words)
    if is_price(unit):
        number = f"{value:z,.2f}" if abs(value) < 1000 else f"{value:,.0f}"
    elif unit in COUNTS - {"%", ""}:
        number = f"{value:z,.0f}"
    elif unit == "%" and 99 < value < 100:
        number = f"{value:.2f}"
    else:
        number = digits(value / divisor)
    gap = "" if words.lang == "zh" or not label else " "
    return f"{number}{gap}{label}"
