"""Our font draws every word we use, and only inside `use_language`."""

import base64
import io
import warnings
from importlib.resources import files

import matplotlib
import pytest
from fontTools.ttLib import TTFont
from matplotlib.figure import Figure

from experiments.results.fonts import FAMILY, FILE, missing, use_language, woff_of
from experiments.results.words import LANGUAGES, Words


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_word_is_drawn_without_a_missing_glyph(lang: str) -> None:
    words = [*Words(lang).all().values()]
    with warnings.catch_warnings(), use_language(lang):
        warnings.simplefilter("error")
        figure = Figure(figsize=(4, 4))
        for i, word in enumerate(words):
            figure.text(0, i / len(words), word, fontsize=2)
        figure.savefig(io.BytesIO(), format="svg")


def test_the_check_sees_a_missing_glyph() -> None:
    with warnings.catch_warnings(), use_language("zh"):
        warnings.simplefilter("error")
        figure = Figure(figsize=(1, 1))
        figure.text(0, 0, "𠀀")
        with pytest.raises(UserWarning, match="missing from font"):
            figure.savefig(io.BytesIO(), format="svg")


def test_missing_characters_are_listed_once() -> None:
    assert missing("赣州市鄱阳县 SO₂ ≤ 5 万吨\n") == ""
    assert missing("𠀀钢𠀁𠀀") == "𠀀𠀁"


def test_settings_come_back() -> None:
    before = dict(matplotlib.rcParams)
    with use_language("zh") as words:
        assert words.lang == "zh"
        assert matplotlib.rcParams["font.family"] == [FAMILY, "DejaVu Sans"]
    assert dict(matplotlib.rcParams) == before


def test_dollar_signs_are_no_formula() -> None:
    with use_language("en"):
        figure = Figure(figsize=(1, 1))
        figure.text(0, 0, r"$\frac{")
        figure.savefig(io.BytesIO(), format="svg")


def test_the_font_carries_our_name_and_its_licence() -> None:
    folder = files("experiments.results") / "fonts_data"
    font = TTFont(str(folder / FILE))
    assert {str(font["name"].getName(i, 3, 1, 0x409)) for i in (1, 4)} == {FAMILY}
    assert "SIL Open Font License" in str(font["name"].getName(13, 3, 1, 0x409))
    assert "noto" not in " ".join(str(font["name"].getName(i, 3, 1, 0x409)) for i in (1, 3, 4, 6)).lower()
    assert "SIL OPEN FONT LICENSE Version 1.1" in (folder / "OFL.txt").read_text(encoding="utf-8")


def test_a_page_brings_the_glyphs_that_it_shows_and_no_others() -> None:
    font = TTFont(io.BytesIO(base64.b64decode(woff_of("CEA 钢铁，100 万吨 𠀀"))))
    assert set(map(chr, font.getBestCmap())) == set("钢铁，万吨")
    assert font.flavor == "woff"


def test_equal_texts_give_equal_fonts_and_latin_text_none() -> None:
    assert woff_of("铁钢") == woff_of("钢 铁 钢")
    assert woff_of("Steel, 100 kt") == ""
