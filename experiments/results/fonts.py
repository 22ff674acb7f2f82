"""Fonts of figures and pages: Chinese text appears on a machine that has no Chinese font.

The package brings its own cut of Noto Sans CJK SC (see ``fonts_data/README.md`` for how it was made and its licence).
"""

from __future__ import annotations

import base64
import contextlib
import functools
import io
from collections.abc import Iterator
from importlib.resources import as_file, files
from typing import Any

import matplotlib
from matplotlib import font_manager
from matplotlib.ft2font import FT2Font

from experiments.results.words import Words

FAMILY = "Rights Market Sans SC"
FILE = "RightsMarketSansSC-Regular.otf"
LATIN = "DejaVu Sans"
FIRST_IDEOGRAPHIC = 0x2E80
"""Where Unicode's Chinese characters and their punctuation begin."""


@functools.cache
def register() -> str:
    """Make our font known to matplotlib, once a process; return its family name."""
    with as_file(files("experiments.results") / "fonts_data" / FILE) as path:
        font_manager.fontManager.addfont(path)
    return FAMILY


@contextlib.contextmanager
def use_language(lang: str, currency: str = "CNY") -> Iterator[Words]:
    """Draw with fonts for a language; matplotlib's settings come back afterwards.

    Parameters
    ----------
    lang : str
        ``en`` or ``zh``.
    currency : str
        Money that amounts are in.

    Yields
    ------
    Words
        The vocabulary of the language.

    Notes
    -----
    Names in a scenario may hold dollar signs, which matplotlib would read as formulas; inside they are plain text.
    Chinese characters are drawn in both languages, since a firm may be called by its Chinese name in an English report.
    """
    words = Words(lang, currency)
    family = [LATIN, register()] if lang == "en" else [register(), LATIN]
    settings: dict[Any, Any] = {"font.family": family, "text.parse_math": False, "axes.unicode_minus": False}
    with matplotlib.rc_context(settings):
        yield words


@functools.cache
def _covered() -> frozenset[int]:
    return _ours() | frozenset(FT2Font(font_manager.findfont(LATIN)).get_charmap())


def woff_of(text: str) -> str:
    """Return our font, cut to the Chinese characters of a text, as WOFF in base64; empty if it has none of them.

    A page that brings it along reads well in a browser without a Chinese font.
    """
    from fontTools import subset
    from fontTools.ttLib import TTFont

    characters = {ord(c) for c in text if ord(c) >= FIRST_IDEOGRAPHIC} & _ours()
    if not characters:
        return ""
    options = subset.Options(flavor="woff", hinting=False, layout_features=[], notdef_outline=True)
    cutter, data = subset.Subsetter(options), io.BytesIO()
    cutter.populate(unicodes=characters)
    with as_file(files("experiments.results") / "fonts_data" / FILE) as path, TTFont(str(path)) as font:
        # The date in the file stays: equal texts give equal fonts.
        font.recalcTimestamp = False
        cutter.subset(font)
        subset.save_font(font, data, options)
    return base64.b64encode(data.getvalue()).decode("ascii")


@functools.cache
def _ours() -> frozenset[int]:
    with as_file(files("experiments.results") / "fonts_data" / FILE) as path:
        return frozenset(FT2Font(str(path)).get_charmap())


def missing(text: str) -> str:
    """Return the characters of a text that no font of ours can draw, each once, in order.

    Examples
    --------
    >>> missing("碳排放权 CEA, 60 CNY/t")
    ''
    """
    return "".join(dict.fromkeys(c for c in text if c.isprintable() and not c.isspace() and ord(c) not in _covered()))
