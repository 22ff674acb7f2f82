"""Order books by pytest-benchmark; `python -m benchmarks.bench_matching` prints the ratios."""

import pytest

from benchmarks.bench_matching import WAYS, Cases


@pytest.fixture(scope="module")
def cases():
    """One short stream for all ways."""
    return Cases(20_000)


@pytest.mark.benchmark(group="matching")
@pytest.mark.parametrize("way", WAYS)
def test_matching(benchmark, cases, way):
    """Time one way, having compared its trades."""
    assert not cases.differs(way)
    benchmark(getattr(cases, way))
