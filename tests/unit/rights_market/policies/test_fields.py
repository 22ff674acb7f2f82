"""Numbers by a dotted path."""

from __future__ import annotations

from decimal import Decimal

import pytest

from rights_market.errors import PolicyError
from rights_market.policies.allocation import Grandfathering
from rights_market.policies.cap import AbsolutePath
from rights_market.policies.compliance import Penalty
from rights_market.policies.fields import number_at, with_number
from rights_market.policies.mrv import Audit
from tests.compliance_market import rule_book

BOOK = rule_book(
    audit=Audit(),
    cap=AbsolutePath(table={2024: 100, 2025: 90}),
    allocation=(Grandfathering(base_years=(2023,), cut=Decimal("0.01")),),
    penalties=(Penalty(form="fixed", fen_per_lot=100), Penalty(form="lump", lump_low=1, lump_high=2)),
)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("audit.share", Decimal("0.05")),
        ("audit.fine.lump", 50_000_000),
        ("allocation.0.cut", Decimal("0.01")),
        ("penalties.1.lump_high", 2),
        ("cap.table.2025", 90),
    ],
)
def test_a_number_is_read_and_replaced_where_it_stands(path: str, value) -> None:
    assert number_at(BOOK, path) == value
    after = with_number(BOOK, path, value + 1 if isinstance(value, int) else value * 2)
    assert number_at(after, path) == (value + 1 if isinstance(value, int) else value * 2)
    assert number_at(BOOK, path) == value
    assert with_number(after, path, value) == BOOK


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("audit.sher", "audit.sher does not exist"),
        ("penalties.2.low", "penalties.2 does not exist"),
        ("cap.table.2026", "cap.table.2026 does not exist"),
        ("audit.adds_duty", "is True, which is no number"),
        ("audit.sampling", "is 'srs', which is no number"),
        ("make_good.factor", "make_good.factor does not exist"),
        ("audit", "which is no number"),
    ],
)
def test_what_is_no_number_is_refused(path: str, words: str) -> None:
    with pytest.raises(PolicyError, match=words):
        number_at(BOOK, path)


def test_every_record_on_the_way_checks_itself_anew() -> None:
    with pytest.raises(PolicyError, match="Audit.share is 2, expected at most 1"):
        with_number(BOOK, "audit.share", Decimal(2))
    with pytest.raises(PolicyError, match="Grandfathering.cut is 0.3"):
        with_number(BOOK, "allocation.0.cut", Decimal("0.3"))
