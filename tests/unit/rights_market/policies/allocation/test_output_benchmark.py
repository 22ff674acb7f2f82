from __future__ import annotations

from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rights_market.errors import PolicyError
from rights_market.policies.allocation import (
    Activity,
    Benchmark,
    Factors,
    LoadFactor,
    LoadPiece,
    OutputBenchmark,
    Product,
)

# Benchmarks of the plan of 2021-22, t/MWh supplied and t/GJ [seen].
CLASS_I = Product(
    name="class I",
    output=Benchmark(table={2021: Decimal("0.8218"), 2022: Decimal("0.8177")}),
    heat=Benchmark(table={2021: Decimal("0.1111"), 2022: Decimal("0.1105")}),
)
GAS = Product(
    name="class IV",
    output=Benchmark(table={2021: Decimal("0.3920"), 2022: Decimal("0.3901")}),
    heat=Benchmark(table={2021: Decimal("0.0560"), 2022: Decimal("0.0557")}),
    corrections=("cooling", "heat"),
)
CLINKER = Product(name="clinker", output=Benchmark(b0=Decimal("0.8534"), base_year=2024, tighten=Decimal("0.01")))
RULE = OutputBenchmark(products=(CLASS_I, GAS, CLINKER))


def one(**columns: int) -> Activity:
    return Activity.of(**columns)  # type: ignore[arg-type]


def test_the_worked_case_of_an_air_cooled_plant() -> None:
    plant = Activity.of(0, 1000, heat_units=400, heat_share=2000, load=8200, is_air_cooled=True)
    assert RULE.allocate(plant, 2021) == [873]
    exact = 1000 * Decimal("0.8218") * Decimal("1.05") * Decimal("0.956") * Decimal("1.0042") + 400 * Decimal("0.1111")
    assert RULE.allocate(plant, 2021, lot=Decimal("1e-9")) == [int(exact.scaleb(9))]
    assert round(exact, 4) == Decimal("872.8275")


def test_the_named_unit_of_2021_at_full_size() -> None:
    plant = one(product=0, output_units=3_000_000, heat_units=1_500_000, heat_share=1000, load=7200)
    assert RULE.allocate(plant, 2021) == [2_635_939]
    assert RULE.allocate(plant, 2021, lot=Decimal("0.001")) == [2_635_938_956]
    assert 3_400_000 - 2_635_939 == 764_061


@pytest.mark.parametrize(
    ("load", "factor"),
    [
        (10_000, "1"),
        (8_500, "1"),
        (8_499, "1.000014"),
        (8_200, "1.0042"),
        (8_000, "1.007"),
        (7_999, "1.007016"),
        (7_500, "1.015"),
        (7_200, "1.0241078"),
        (5_000, "1.0934433"),
    ],
)
def test_the_load_factor_follows_its_pieces(load: int, factor: str) -> None:
    assert LoadFactor().value(load) == pytest.approx(Decimal(factor), abs=Decimal("5e-8"))


def test_the_load_factor_joins_at_75_per_cent() -> None:
    below, at = LoadFactor().value(7_499), LoadFactor().value(7_500)
    assert at == Decimal("1.015")
    assert 0 < below - at < Decimal("0.0001")


def test_a_power_has_28_digits_whatever_the_callers_precision() -> None:
    _ = LoadFactor().value(7_311)
    with localcontext() as context:
        context.prec = 5
        other = LoadFactor(base=Decimal("1.01500")).value(7_311)
    assert other == LoadFactor().value(7_311)
    assert len(other.as_tuple().digits) == 28


def test_without_output_there_are_no_lots_whatever_the_load() -> None:
    """Heat share and load of a plant that stood still are not defined, and read as 0."""
    still = Activity.of(0, 0, heat_units=0, heat_share=0, load=0, is_air_cooled=True)
    assert RULE.allocate(still, 2021) == [0]


def test_gas_has_no_load_factor() -> None:
    assert RULE.allocate(one(product=1, output_units=1000, load=5000), 2022) == [390]


def test_a_product_without_heat_or_load_is_output_times_benchmark() -> None:
    steel = Activity.of(2, [100, 200, 0])
    assert RULE.allocate(steel, 2024) == [85, 171, 0]
    assert RULE.allocate(steel, 2026) == [84, 167, 0]  # 0.8534 x 0.99^2 = 0.83641734


def test_a_firm_is_rounded_once_over_its_plants() -> None:
    rule = OutputBenchmark(products=(Product(name="p", output=Benchmark(table={2024: Decimal("0.5")})),))
    apart = Activity.of(0, [1, 1, 1])
    together = Activity.of(0, [1, 1, 1], firm=[0, 0, 0])
    assert rule.allocate(apart, 2024) == [1, 1, 1]
    assert rule.allocate(together, 2024) == [2]


def test_firms_without_a_row_get_nothing() -> None:
    assert RULE.allocate(Activity.of(2, [100], firm=[1], n_firms=3), 2024) == [0, 85, 0]


def test_a_published_table_wins_over_the_tightening() -> None:
    gas = Benchmark(table={2022: Decimal("0.3901")}, b0=Decimal("0.3920"), base_year=2021, tighten=Decimal("0.005"))
    assert gas.value(2022) == Decimal("0.3901")
    assert gas.value(2023) == Decimal("0.3920") * Decimal("0.995") ** 2


def test_tightening_half_a_per_cent_gives_five_of_the_six_published_benchmarks() -> None:
    published = {
        "0.8218": "0.8177",
        "0.8773": "0.8729",
        "0.9350": "0.9303",
        "0.3920": "0.3901",
        "0.1111": "0.1105",
        "0.0560": "0.0557",
    }
    tightened = {
        b0: Benchmark(b0=Decimal(b0), base_year=2021, tighten=Decimal("0.005")).value(2022).quantize(Decimal("0.0001"))
        for b0 in published
    }
    assert [b0 for b0, value in published.items() if tightened[b0] != Decimal(value)] == ["0.3920"]
    assert tightened["0.3920"] == Decimal("0.3900")


def test_an_exempt_product_is_given_its_verified_use() -> None:
    rule = OutputBenchmark(products=(CLASS_I, CLINKER), exempt=("clinker",))
    lines = Activity.of([1, 0], [500, 1000], verified_units=[417, 9999], firm=[0, 0])
    assert rule.allocate(lines, 2021) == [417 + 822]


def test_positions_of_names() -> None:
    assert RULE.positions(["clinker", "class I"]).tolist() == [2, 0]
    with pytest.raises(PolicyError, match="no product .'class V'."):
        RULE.positions(["class V"])


def test_a_missing_year_and_a_missing_product_are_refused() -> None:
    with pytest.raises(PolicyError, match="class I: table has no year 2030"):
        RULE.allocate(one(product=0, output_units=1), 2030)
    with pytest.raises(PolicyError, match="product 3, products end at 2"):
        RULE.allocate(one(product=3, output_units=1), 2021)


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"product": 0, "output_units": -1}, "output_units is -1"),
        ({"product": 0, "output_units": 1, "heat_share": 10_001}, "heat_share is 10001 in row 0, expected at most"),
        ({"product": 0, "output_units": 1.5}, "whole units"),
        ({"product": 0, "output_units": [1], "firm": [2], "n_firms": 2}, "firm is 2 in row 0, expected at most 1"),
    ],
)
def test_activity_out_of_range_is_refused(columns: dict[str, object], words: str) -> None:
    with pytest.raises(PolicyError, match=words):
        Activity.of(**columns)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Benchmark(), "neither table nor b0"),
        (lambda: Benchmark(b0=Decimal(1)), "b0 is 1 but base_year is None"),
        (lambda: Benchmark(table={2020: Decimal(-1)}), "at least 0"),
        (lambda: OutputBenchmark(products=(CLINKER, CLINKER)), "expected each once"),
        (lambda: OutputBenchmark(products=(CLINKER,), exempt=("lime",)), "exempt names .'lime'."),
        (lambda: Factors(heat_coef=Decimal(2)), "heat_coef is 2, expected at most 1"),
        (lambda: LoadFactor(pieces=tuple(reversed(LoadFactor().pieces))), "out of order"),
        (lambda: LoadFactor(pieces=()), "pieces is empty"),
        (
            lambda: LoadPiece(above=Decimal(2), top=Decimal(1), start=Decimal(1), slope=Decimal(0)),
            "above is 2, expected at most 1",
        ),
    ],
)
def test_contradictions_name_both_fields(make: object, words: str) -> None:
    with pytest.raises(PolicyError, match=words):
        make()  # type: ignore[operator]


@given(
    output=st.integers(0, 10**8),
    heat=st.integers(0, 10**7),
    share=st.integers(0, 10_000),
    load=st.integers(0, 10_000),
    air=st.booleans(),
)
def test_allocation_agrees_with_the_formula_in_floating_point(
    output: int, heat: int, share: int, load: int, air: bool
) -> None:
    x = load / 10_000
    if x >= 0.85:
        factor = 1.0
    elif x >= 0.80:
        factor = 1 + 0.0014 * (85 - 100 * x)
    elif x >= 0.75:
        factor = 1.007 + 0.0016 * (80 - 100 * x)
    else:
        factor = 1.015 ** (16 - 20 * x)
    expected = output * 0.8218 * (1.05 if air else 1) * (1 - 0.22 * share / 10_000) * factor + heat * 0.1111
    plant = Activity.of(0, output, heat_units=heat, heat_share=share, load=load, is_air_cooled=air)
    assert abs(RULE.allocate(plant, 2021)[0] - expected) <= 0.5 + 1e-6


def test_the_order_of_rows_does_not_matter() -> None:
    rng = np.random.default_rng(1)
    n = 60
    columns = {
        "product": rng.integers(0, 2, n),
        "output_units": rng.integers(0, 10**7, n),
        "load": rng.integers(4_000, 10_000, n),
        "firm": rng.integers(0, 9, n),
    }
    order = rng.permutation(n)
    shuffled = {name: column[order] for name, column in columns.items()}
    assert RULE.allocate(Activity.of(**columns, n_firms=9), 2021) == RULE.allocate(
        Activity.of(**shuffled, n_firms=9), 2021
    )
