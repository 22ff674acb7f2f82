"""Figures are scaled and rounded the way each language does."""

import pytest

from experiments.results.amounts import digits, scaled, show, unit_name
from experiments.results.words import Words

EN, ZH = Words("en"), Words("zh")


@pytest.mark.parametrize(
    ("value", "unit", "english", "chinese"),
    [
        (212e6, "t", "212 Mt", "2.12亿吨"),
        (999.0, "t", "999 t", "999吨"),
        (12_000, "tce", "12 ktce", "1.2万吨标准煤"),
        (7.661e9, "CNY", "7.66 billion CNY", "76.6亿元"),
        (409_385_600, "CNY", "409 million CNY", "4.09亿元"),
        (68.154, "CNY/t", "68.15 CNY/t", "68.15元/吨"),
        (2412.4, "CNY/t", "2,412 CNY/t", "2,412元/吨"),
        (99.876, "%", "99.88 %", "99.88%"),
        (100.0, "%", "100 %", "100%"),
        (1833, "firms", "1,833 firms", "1,833家"),
        (0.4196, "", "0.42", "0.42"),
        (float("nan"), "t", "–", "–"),
        (-2.5e6, "CNY", "-2.5 million CNY", "-250万元"),
    ],
)
def test_figures(value: float, unit: str, english: str, chinese: str) -> None:
    assert show(value, unit, EN) == english
    assert show(value, unit, ZH) == chinese


def test_a_scale_divides_to_its_label() -> None:
    divisor, label = scaled(3.2e7, "m3", EN)
    assert (3.2e7 / divisor, label) == (32.0, "million m3")
    assert scaled(3.2e7, "CNY/t", EN) == (1.0, "CNY/t")


def test_units_of_a_scenario_are_shown_as_they_are() -> None:
    assert unit_name("m3", ZH) == "m3"
    assert unit_name("CNY/m3", ZH) == "元/m3"


def test_digits_keep_what_matters() -> None:
    assert [digits(x) for x in (0.0004, 1.0, 99.96, 1e6)] == ["0", "1", "100", "1,000,000"]


@pytest.mark.parametrize(
    ("value", "unit", "english", "chinese"),
    [
        (7.661e9, "CNY", "7.66 billion EUR", "76.6亿欧元"),
        (68.154, "CNY/t", "68.15 EUR/t", "68.15欧元/吨"),
        (68.154, "EUR/t", "68.15 EUR/t", "68.15欧元/吨"),
        (0.25, "%/million CNY", "0.25 % per million EUR", "0.25%/百万欧元"),
    ],
)
def test_another_money_takes_the_place_of_the_yuan(value: float, unit: str, english: str, chinese: str) -> None:
    assert show(value, unit, Words("en", "EUR")) == english
    assert show(value, unit, Words("zh", "EUR")) == chinese


def test_a_currency_without_words_is_refused() -> None:
    with pytest.raises(ValueError, match="no currency 'XXX'"):
        Words("en", "XXX")
