"""The words of figures and reports, in English and Chinese.

A word is found by its key in ``translations/<language>.json``.  Names that a scenario brings itself (rights, sectors,
titles) come as ``{en, zh}`` pairs and are chosen by the same language.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

LANGUAGES = ("en", "zh")
CURRENCIES = ("CNY", "EUR", "USD", "KRW")


@functools.cache
def _translations(lang: str) -> dict[str, str]:
    path = files("experiments.results") / "translations" / f"{lang}.json"
    words: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return words


@dataclass(frozen=True)
class Words:
    """The vocabulary of one language.

    Parameters
    ----------
    lang : str
        ``en`` or ``zh``.
    currency : str
        Money that amounts are in, shown wherever a unit says ``CNY``; nothing is converted.

    Raises
    ------
    ValueError
        If there is no such language or currency.

    Examples
    --------
    >>> Words("en")("fig.price_axis", unit="CNY/t"), Words("zh")("fig.price_axis", unit="元/吨")
    ('Price (CNY/t)', '价格（元/吨）')
    >>> Words("zh").pick({"en": "Steel", "zh": "钢铁"})
    '钢铁'
    """

    lang: str = "en"
    currency: str = "CNY"

    def __post_init__(self) -> None:
        if self.lang not in LANGUAGES:
            raise ValueError(f"there is no language {self.lang!r}; choose from {', '.join(LANGUAGES)}")
        if self.currency not in CURRENCIES:
            raise ValueError(f"there is no currency {self.currency!r}; choose from {', '.join(CURRENCIES)}")

    def __call__(self, key: str, /, **values: object) -> str:
        """Return the word of a key, with its blanks filled in; an unknown key is a KeyError."""
        return _translations(self.lang)[key].format(**values)

    def name(self, family: str, code: str) -> str:
        """Return the word for a code of a scenario or event, or the code as it is written if we have no word for it."""
        return _translations(self.lang).get(f"{family}.{code}", code)

    def pick(self, label: Mapping[str, Any] | str | None, otherwise: str = "") -> str:
        """Choose the language of a name; a name that lacks it is shown in the other language."""
        if isinstance(label, Mapping):
            label = label.get(self.lang) or label.get("en") or label.get("zh")
        return str(label) if label else otherwise

    def all(self) -> dict[str, str]:
        """Return every word by key, blanks unfilled."""
        return dict(_translations(self.lang))
