"""Every word exists in both languages, with the same blanks."""

import string

import pytest

from experiments.results.kpis import METRICS
from experiments.results.words import Words


def blanks(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_both_languages_have_the_same_words_and_blanks() -> None:
    english, chinese = Words("en").all(), Words("zh").all()
    assert set(english) == set(chinese)
    assert {key for key in english if blanks(english[key]) != blanks(chinese[key])} == set()
    assert all(english.values()) and all(chinese.values())


def test_english_words_hold_no_chinese() -> None:
    assert {key for key, text in Words("en").all().items() if not text.replace("·", "").isascii()} == set()


def test_every_measure_has_a_name() -> None:
    assert {metric for metric in METRICS if f"metric.{metric}" not in Words("en").all()} == set()


def test_an_unknown_key_is_an_error_but_an_unknown_code_is_shown() -> None:
    with pytest.raises(KeyError):
        Words("en")("fig.nonsense")
    assert Words("zh").name("strategy", "my_own_rule") == "my_own_rule"


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(ValueError, match="'fr'"):
        Words("fr")


@pytest.mark.parametrize(
    ("label", "expected"),
    [({"en": "Steel", "zh": "钢铁"}, "钢铁"), ({"en": "Steel"}, "Steel"), ("Steel", "Steel"), (None, "S"), ({}, "S")],
)
def test_names_fall_back_to_what_there_is(label: object, expected: str) -> None:
    assert Words("zh").pick(label, "S") == expected
