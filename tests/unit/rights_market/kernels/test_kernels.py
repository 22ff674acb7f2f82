"""Kernels against their slow twins, and the numbers that they share with the records."""

from fractions import Fraction

import numba
import pytest

from rights_market.kernels import codes, ops
from rights_market.kernels.compiling import FINGERPRINT
from rights_market.kernels.matching import match_orders
from rights_market.kernels.settlement import TO_NEAREST, UPWARD, fee
from rights_market.records import OrderKind, Reason
from rights_market.registry.journal import Op
from rights_market.units import PPM, ceil, half_up


@pytest.mark.parametrize("names", [OrderKind, Reason])
def test_codes_are_those_of_the_records(names):
    shared = {x.name: x.value for x in names if hasattr(codes, x.name)}
    assert shared == {name: getattr(codes, name) for name in shared}
    assert len(shared) >= len(OrderKind)


def test_every_kind_of_order_has_a_code():
    assert all(hasattr(codes, kind.name) for kind in OrderKind)


def test_operation_codes_are_those_of_the_journal():
    assert {x.name: x.value for x in Op} == {k: v for k, v in vars(ops).items() if k.isupper()}


@numba.njit
def both_fees(value, ppm, least):
    return fee(value, ppm, least, TO_NEAREST), fee(value, ppm, least, UPWARD)


@pytest.mark.parametrize("ppm", [0, 1, 3_000, 333_333, 999_999, PPM])
@pytest.mark.parametrize("value", [0, 1, 166, 167, 499_999, 500_000, 2**61, 2**61 - 1])
@pytest.mark.parametrize("least", [0, 50])
def test_fees_are_exact(value, ppm, least):
    exact, least_due = Fraction(value * ppm, PPM), least if value else 0
    assert both_fees(value, ppm, least) == (max(half_up(exact), least_due), max(ceil(exact), least_due))


def test_machine_code_is_kept_under_the_state_of_all_sources():
    assert match_orders.__qualname__ == f"match_orders_{FINGERPRINT}"
