import numpy as np
import pytest

from agents.firms import DAYS_PER_YEAR, OUTPUT_NOISE_OF_THE_PAST, Firms
from agents.spec import CostCurve, FirmRow, Label, PopulationSpec, SectorSpec, ShockSpec, StrategyShare
from agents.streams import Streams

RIGHTS = ["CEA", "SO2"]


def sector(**changes) -> SectorSpec:
    given = {
        "name": Label("Power", "发电"),
        "firms": 40,
        "mean_output": 250.0,
        "output_unit": "MWh",
        "intensity": {"CEA": 0.8, "SO2": 0.1},
        "abatement": {"CEA": CostCurve(a=1200.0, b=8000.0, limit=0.25)},
        "product_price_yuan": 400.0,
        "cash_share": 0.1,
    }
    return SectorSpec(**given | changes)


def firms(*sectors: SectorSpec, seed: int = 1, rows: tuple[FirmRow, ...] = (), **shocks: float) -> Firms:
    named = {f"s{i}": s for i, s in enumerate(sectors or (sector(),))}
    spec = PopulationSpec(named, [StrategyShare("hedger", 1.0)], rows=rows, shocks=ShockSpec(**shocks))
    return Firms(spec, RIGHTS, Streams(seed))


def test_sector_totals_are_the_published_ones_to_the_unit() -> None:
    """Sizes and intensities are drawn, but mean output and output-weighted mean intensity of a sector are stated."""
    found = firms(sector(output_sigma=1.4), sector(firms=7, mean_output=31.0, intensity={"CEA": 2.0}))
    for s, rows, output, carbon in ((0, 40, 250.0, 0.8), (1, 7, 31.0, 2.0)):
        own = found.sector == s
        assert own.sum() == rows
        assert found.output[own].mean() == pytest.approx(output, rel=1e-12)
        assert found.output[own].std() > 0.5 * output
        intensity = found.intensity(2025)[own, 0]
        assert np.average(intensity, weights=found.output[own]) == pytest.approx(carbon, rel=1e-12)
        assert 0.05 < np.log(intensity).std() < 0.2
    assert (found.intensity(2025)[40:, 1] == 0).all()


@pytest.mark.parametrize(("year", "mean"), [(2018, 0.9), (2019, 0.9), (2020, 0.9), (2021, 0.82), (2030, 0.82)])
def test_a_table_of_intensities_is_read_at_the_latest_year_not_after(year: int, mean: float) -> None:
    found = firms(sector(intensity={"CEA": {2019: 0.9, 2021: 0.82}}, intensity_sigma=0.0))
    assert found.intensity(year)[:, 0] == pytest.approx(mean)


def test_differences_between_firms_last_as_long_as_stated() -> None:
    """A year keeps rho of the old difference and adds sqrt(1 - rho^2) of a new one."""
    found = firms(sector(firms=4000, intensity_persistence=0.9))
    before = found.spread.copy()
    streams = Streams(2)
    found.intensity(2026, streams)
    drawn = np.stack([Streams(2)[f"intensity.{code}.s0"].standard_normal(4000) for code in RIGHTS], axis=1)
    assert found.spread == pytest.approx(0.9 * before + np.sqrt(0.19) * drawn)
    assert found.spread.std() == pytest.approx(1.0, abs=0.03)
    kept = firms(sector(intensity_persistence=1.0))
    old = kept.intensity(2025)
    assert kept.intensity(2025, streams) == pytest.approx(old)


def test_asking_without_streams_changes_nothing() -> None:
    found = firms()
    assert np.array_equal(found.intensity(2025), found.intensity(2025))


def test_rows_of_a_file_are_taken_as_they_are() -> None:
    """What the file says of a firm holds in every year relative to its sector; what was filled in is drawn."""
    table = {"CEA": {2019: 0.8, 2021: 0.6}, "SO2": 0.1}
    rows = (
        FirmRow("甲厂", "s1", 120.0, "南昌", intensity={"CEA": 1.0}, cash_yuan=7.07),
        FirmRow("B", "s0", 80.0, intensity={"CEA": 0.8, "SO2": 0.1}, filled=("SO2",)),
        FirmRow("C", "s1", 50.0),
    )
    found = firms(sector(intensity=table), sector(intensity=table), rows=rows)
    assert (found.names, found.regions) == (["甲厂", "B", "C"], ["南昌", "", ""])
    assert found.sector.tolist() == [1, 0, 1] and found.output.tolist() == [120.0, 80.0, 50.0]
    assert found.intensity(2019)[:2, 0] == pytest.approx([1.0, 0.8])
    assert found.intensity(2022)[:2, 0] == pytest.approx([0.75, 0.6])
    assert np.isnan(found.file_factor[1, 1]) and np.isnan(found.file_factor[2]).all()
    assert found.start_cash_fen().tolist() == [707, 80 * 40 * 100, 50 * 40 * 100]


def test_numbered_names_count_by_sector() -> None:
    assert firms(sector(firms=2), sector(firms=1)).names == ["s0-0001", "s0-0002", "s1-0001"]


def test_coverage_is_by_intensity_unless_named() -> None:
    found = firms(sector(firms=1), sector(firms=1, covered=["SO2"]), sector(firms=1, intensity={"CEA": 1.0}))
    assert found.covered.tolist() == [[True, True], [False, True], [True, False]]


def test_cost_curves_and_rights_without_one() -> None:
    exact, spread = firms(sector(cost_sigma=0.0)), firms(sector(firms=4000, cost_sigma=0.5))
    assert (exact.curves.a[:, 0] == 1200.0).all() and (exact.curves.limit[:, 0] == 0.25).all()
    assert (exact.curves.limit[:, 1] == 0.0).all()
    factor = spread.curves.a[:, 0] / 1200.0
    assert np.log(factor).std() == pytest.approx(0.5, abs=0.02)
    assert spread.curves.b[:, 0] == pytest.approx(8000.0 * factor)


def test_one_unit_of_a_measure_saves_one_of_its_own_right_and_what_is_stated_of_others() -> None:
    found = firms(sector(co_benefits={"CEA": {"SO2": 0.2}, "SO2": {"CEA": -0.05}}))
    assert found.co_benefits.tolist() == [[[1.0, 0.2], [-0.05, 1.0]]]


def test_shocks_halve_in_their_half_life() -> None:
    found = firms(common_sd=0.0, sector_sd=0.0, firm_sd=0.0, half_life_days=30.0)
    for shock in (found.shocks.common, found.shocks.sector, found.shocks.firm):
        shock[:] = 1.0
    for _ in range(30):
        found.move_shocks(Streams(1))
    assert found.shocks.common == pytest.approx([0.5]) and found.shocks.firm == pytest.approx(np.full(40, 0.5))
    assert found.output_factor() == pytest.approx(np.exp(1.5))


def test_shocks_have_the_stated_spread_in_the_long_run() -> None:
    found, streams = firms(common_sd=0.2, sector_sd=0.3, firm_sd=0.1, half_life_days=2.0), Streams(3)
    seen = []
    for _ in range(8000):
        found.move_shocks(streams)
        seen.append([found.shocks.common[0], found.shocks.sector[0], found.shocks.firm[0], found.shocks.firm[1]])
    assert np.std(seen, axis=0) == pytest.approx([0.2, 0.3, 0.1, 0.1], rel=0.08)
    assert abs(np.corrcoef(np.array(seen)[1000:, 2:].T)[0, 1]) < 0.1


def test_output_grows_by_the_year() -> None:
    found = firms(sector(output_growth=0.03))
    found.years_passed = 2.0
    assert found.trend() == pytest.approx(1.0609) and found.output_factor() == pytest.approx(1.0609)


def test_the_past_is_the_same_whenever_it_is_asked_for() -> None:
    found, streams = firms(sector(firms=4000)), Streams(1)
    first = found.past_output(2020, streams)
    found.past_output(2019, streams)
    assert np.array_equal(found.past_output(2020, streams), first)
    noise = np.log(first / found.output)
    assert noise.std() == pytest.approx(OUTPUT_NOISE_OF_THE_PAST, rel=0.05)
    assert not np.array_equal(found.past_output(2019, streams), first)


def test_a_state_brings_back_shocks_growth_and_differences() -> None:
    found, streams = firms(), Streams(1)
    found.move_shocks(streams)
    found.years_passed = 1 / DAYS_PER_YEAR
    saved = found.state()
    expected = found.output_factor(), found.intensity(2025)
    found.move_shocks(streams)
    found.intensity(2026, streams)
    found.years_passed = 3.0
    found.restore(saved)
    assert np.array_equal(found.output_factor(), expected[0]) and np.array_equal(found.intensity(2025), expected[1])


def test_a_permit_is_what_the_file_says_or_a_share_of_expected_use() -> None:
    rows = (FirmRow("A", "s0", 100.0, permit={"SO2": 7.0}), FirmRow("B", "s0", 100.0))
    found = firms(sector(permit_share={"SO2": 1.2}), rows=rows)
    use = np.array([10.0, 10.0])
    assert found.permit_units(1, use).tolist() == [7.0, 12.0]
    assert found.permit_units(0, use).tolist() == [10.0, 10.0]
