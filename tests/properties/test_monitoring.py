"""Whatever firms report and whoever looks: what counts is measured or reported, and nothing found is lost."""

from decimal import Decimal

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rights_market.authority.mrv.audits import AuditDraws
from rights_market.authority.mrv.monitoring import CheckDraws, Readings
from rights_market.policies.mrv import Audit, FalseDataFine, Measurement, SelfReport, Verification
from tests.compliance_market import assert_journal_replays, market_of, period, rule_book

N = 6
PERIODS = (period(2024), period(2025), period(2026))
shares = st.integers(0, 10).map(lambda n: Decimal(n) / 10)
chances = st.lists(st.floats(0, 1, exclude_max=True), min_size=N, max_size=N).map(np.array)
years = st.tuples(
    st.lists(st.integers(0, 5000), min_size=N, max_size=N).map(np.array),
    st.lists(st.integers(-30, 100), min_size=N, max_size=N).map(np.array),
    chances,
    chances,
    st.booleans(),
)


@st.composite
def books(draw):
    """A rule book with all of monitoring."""
    verifiers = draw(st.integers(1, 3))
    return rule_book(
        periods=PERIODS,
        measurement=(Measurement(bias=draw(shares) / 10, sd=draw(shares) / 10),),
        reporting=SelfReport(max_under=Decimal(1)),
        verification=Verification(
            coverage=draw(shares),
            materiality=draw(shares) / 10,
            verifiers=verifiers,
            collusion=tuple(draw(shares) for _ in range(verifiers)),
            rotate_years=draw(st.integers(1, 2)),
        ),
        audit=Audit(
            share=draw(shares),
            sampling=draw(st.sampled_from(["srs", "risk"])),
            accuracy=draw(shares),
            fine=FalseDataFine(form="per_lot", fen_per_lot=draw(st.integers(0, 50))),
            lookback=draw(st.integers(1, 3)),
            allocation_cut=draw(shares),
        ),
    )


@given(book=books(), lived=st.tuples(years, years, years), data=st.data())
@settings(max_examples=60, deadline=None)
def test_what_counts_and_what_is_found(book, lived, data) -> None:
    market, authority, firms = market_of(book, N)
    market.registry.deposit(firms, 20_000)
    for when, (true, percent, noticed, sharp, late) in zip(PERIODS, lived, strict=True):
        order = np.array(data.draw(st.permutations(range(N))))
        preferred = np.arange(N) % book.verification.verifiers
        authority.plans.preallocate("CEA", when, np.full(N, 100))
        last = market.obligations.verified_lots("CEA", str(when.vintage - 1))[firms]
        measured = authority.measure("CEA", when, Readings(np.ones(N, bool), true, noticed, sharp))
        reported = book.reporting.reported(measured, measured * percent // 100)
        authority.report("CEA", when, reported)
        authority.check("CEA", when, CheckDraws(order, noticed, preferred))
        file = authority.monitoring.files["CEA", when.name]
        unchecked = np.maximum(reported, last)
        checked = file.verifier >= 0
        assert ((file.verified == measured) | (file.verified == reported))[checked].all()
        assert (file.verified == unchecked)[~checked].all()
        assert checked.sum() <= book.verification.checked(N)
        before = file.verified.copy()
        if late:
            authority.surrender("CEA", when)
        authority.audit("CEA", when, AuditDraws(order, sharp, np.full(N, 7)))
        assert file.audited.sum() == book.audit.count(N)
        assert ((file.found == 0) | (file.verified + file.found == file.measured)).all()
        # Found before the last surrender it joins the period's duty, found after it leaves the period as it was.
        counts = market.obligations.verified_lots("CEA", when.name)[firms]
        assert counts.tolist() == (before if late else file.verified + file.found).tolist()
        if not late:
            authority.surrender("CEA", when)
    files = authority.monitoring.files.values()
    assert all((f.verified >= 0).all() and (f.found >= 0).all() for f in files)
    fined = sum(int(f.fine_fen.sum()) for f in files)
    assert fined == sum(int(f.found.sum()) for f in files) * (book.audit.fine.fen_per_lot or 0)
    paid = 20_000 * N - int(market.registry.cash[firms].sum())
    assert paid + int(authority.unpaid_fines_fen.sum()) == fined
    market.audit()
    assert_journal_replays(market)
