"""What the things of a result are called, in the language of the reader."""

from __future__ import annotations

from typing import Any

import pandas as pd

from experiments.results.result import Result
from experiments.results.words import Words


def right_of(result: Result, code: str) -> dict[str, Any]:
    """Return the entry of a right in the manifest."""
    for right in result.manifest["rights"]:
        if right["code"] == code:
            return dict(right)
    raise KeyError(f"the result has no right {code!r}")


def right_name(result: Result, code: str, words: Words) -> str:
    """Return the name of a right with its code, as in ``Carbon emission allowance (CEA)``."""
    name = words.pick(right_of(result, code).get("name"), code)
    if name == code:
        return code
    return f"{name}（{code}）" if words.lang == "zh" else f"{name} ({code})"


def sector_name(result: Result, code: str, words: Words) -> str:
    """Return the name of a sector; accounts without one are traders."""
    if not code:
        return words("fig.no_sector")
    for sector in result.manifest["sectors"]:
        if sector["code"] == code:
            return words.pick(sector.get("name"), code)
    return code


def sectors_of(result: Result) -> pd.Series:
    """Return the sector code of each account, empty for accounts that the firm table does not place in a sector."""
    firms = result.tables.get("firms")
    if firms is None:
        return pd.Series(dtype=object)
    return firms.set_index("account")["sector"].fillna("").astype(object)


def short(text: str, length: int = 24) -> str:
    """Cut a long name for a label of a figure.

    Examples
    --------
    >>> short("Manufacture of non-metallic mineral products")
    'Manufacture of non-metal…'
    """
    return text if len(text) <= length + 1 else text[:length].rstrip() + "…"
