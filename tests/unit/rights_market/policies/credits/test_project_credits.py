"""What a project's reductions earn, when, and what a reversal takes."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from rights_market.errors import PolicyError
from rights_market.policies.credits import CostStep, Issuance, ProjectCredits, Reversal


def forest(**more: Any) -> ProjectCredits:
    given: dict[str, Any] = {"name": "Jishui", "credit": "CCER", "type": "forest", "yearly_lots": 740}
    return ProjectCredits(**given | {"first_year": 2020} | more)


def test_ten_years_of_a_forest_worked_by_hand() -> None:
    # 7,400 x 0.95 = 7,030; 15 % of it, rounded up, is 1,055.
    assert forest().earn(7_400) == Issuance(7_030, 1_055, 5_975, 0)


def test_what_cannot_be_undone_needs_no_buffer() -> None:
    assert forest(type="wind").earn(7_400) == Issuance(7_030, 0, 7_030, 0)


def test_a_loss_is_carried_against_the_next_period() -> None:
    lost = forest().earn(-100)
    assert lost == Issuance(0, 0, 0, 95)
    assert forest().earn(200, lost.loss).net == 190 - 95
    assert forest().earn(100, 95) == Issuance(0, 0, 0, 0)


def test_monitoring_falls_every_so_many_years_and_at_the_end() -> None:
    rule = forest(monitor_years=5, period_years=12)
    assert rule.monitored_years(2024) == (2020, 2021, 2022, 2023, 2024)
    assert rule.monitored_years(2025) == ()
    assert rule.monitored_years(2029) == (2025, 2026, 2027, 2028, 2029)
    assert rule.monitored_years(2031) == (2030, 2031)
    assert rule.monitored_years(2032) == ()


def test_credits_come_after_the_delay() -> None:
    assert forest(lag_months=18).issues(100, date(2023, 12, 31)) == [(date(2025, 7, 1), 100)]
    assert forest(lag_months=0).issues(100, date(2023, 12, 31)) == [(date(2024, 1, 1), 100)]


def test_requests_fall_into_months_by_their_weights() -> None:
    # 10 by weights 1 : 2 are 3 and 7 by largest remainders.
    rule = forest(lag_months=12, season={3: Decimal(1), 11: Decimal(2)})
    assert rule.issues(10, date(2023, 12, 31)) == [(date(2025, 3, 1), 3), (date(2025, 11, 1), 7)]


def test_a_fire_takes_the_buffer_and_the_rest_is_owed() -> None:
    assert forest().reverse(1_200, 1_055, 0) == Reversal(1_055, 0, 145)
    assert forest().reverse(1_200, 1_055, 100) == Reversal(1_055, 100, 45)
    assert forest().reverse(500, 1_055, 100) == Reversal(500, 0, 0)


def test_a_reversal_is_as_likely_as_the_rule_says() -> None:
    rule = forest(reversal_probability=Decimal("0.1"), reversal_share=Decimal("0.25"))
    assert rule.undone(1_001, 0.0999) == 251
    assert rule.undone(1_001, 0.1) == 0
    assert forest(type="methane", reversal_probability=Decimal(1)).undone(1_001, 0.0) == 0


def test_the_cheapest_part_is_offered_first() -> None:
    steps = (CostStep(share=Decimal("0.4"), cost_fen=6_000), CostStep(share=Decimal("0.6"), cost_fen=1_500))
    assert forest(marginal_cost=steps).offers(10) == [(6, 1_500), (4, 6_000)]
    assert forest().offers(10) == [(10, 1)]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"marginal_cost": (CostStep(share=Decimal("0.4"), cost_fen=1),)}, "shares .'0.4'., expected to add up to 1"),
        ({"season": {3: Decimal(0)}}, "season gives every month the weight 0"),
        ({"season": {13: Decimal(1)}}, "season names the month 13"),
    ],
)
def test_contradictions_are_refused(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(PolicyError, match=words):
        forest(**fields)
