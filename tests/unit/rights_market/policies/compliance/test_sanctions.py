from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from rights_market.errors import PolicyError
from rights_market.policies.compliance import Sanctions, SanctionStep


def test_half_of_output_for_30_days_leaves_959_of_a_thousand() -> None:
    factor = SanctionStep(cut_share=Decimal("0.5"), cut_days=30).output_factor
    assert factor == 1 - Fraction(15, 365)
    assert round(float(factor), 6) == 0.958904
    assert SanctionStep().output_factor == 1


def test_the_last_step_that_is_reached_holds() -> None:
    named, cut = SanctionStep(publish=True), SanctionStep(from_offence=3, cut_share=Decimal(1), cut_days=10)
    rule = Sanctions(steps=(named, cut))
    assert [rule.step(n) for n in (1, 2, 3, 9)] == [named, named, cut, cut]
    assert Sanctions(steps=(cut,)).step(2) is None


def test_offences_add_up_within_some_years() -> None:
    rule = Sanctions(steps=(SanctionStep(publish=True),), lookback_years=3)
    on = date(2025, 1, 2)
    assert rule.counts(date(2022, 1, 4), on)
    assert not rule.counts(date(2022, 1, 3), on)


def test_contradictions_are_refused() -> None:
    with pytest.raises(PolicyError, match="cut_share is 0.5 but cut_days is 0"):
        SanctionStep(cut_share=Decimal("0.5"))
    with pytest.raises(PolicyError, match="cut_share is 0 but cut_days is 3"):
        SanctionStep(cut_days=3)
    with pytest.raises(PolicyError, match="suspend_trading is all but suspend_days is 0"):
        SanctionStep(suspend_trading="all")
    with pytest.raises(PolicyError, match="suspend_trading is not given but suspend_days is 5"):
        SanctionStep(suspend_days=5)
    with pytest.raises(PolicyError, match="cut_days is 400"):
        SanctionStep(cut_share=Decimal(1), cut_days=400)
    with pytest.raises(PolicyError, match=r"steps have from_offence \[2, 1\]"):
        Sanctions(steps=(SanctionStep(from_offence=2), SanctionStep()))
    with pytest.raises(PolicyError, match="steps"):
        Sanctions(steps=())
