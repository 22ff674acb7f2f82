from decimal import Decimal

import pytest

from agents.behaviour import Behaviour
from agents.config import small_market


def test_the_small_market_is_what_its_numbers_say() -> None:
    made = small_market(n_firms=7, tightness=0.03, years=3, days_per_year=20, hedger_share=0.25)
    (book,) = made.rule_books
    assert [p.name for p in book.periods] == ["2025", "2026", "2027"]
    assert len(made.calendar) == 60
    assert book.allocation[0].cut == Decimal("0.03")
    assert {k: s.firms for k, s in made.population.sectors.items()} == {"cheap": 3, "dear": 4}
    assert {s.strategy: s.share for s in made.population.strategies} == {"late_buyer": 0.75, "hedger": 0.25}
    assert made.behaviour.tightening == 0.03


@pytest.mark.parametrize(("share", "names"), [(0.0, ["late_buyer"]), (1.0, ["hedger"])])
def test_nobody_follows_a_strategy_with_no_share(share: float, names: list[str]) -> None:
    assert [s.strategy for s in small_market(hedger_share=share).population.strategies] == names


def test_behaviour_of_your_own_is_kept() -> None:
    own = Behaviour.frictionless(tightening=0.01)
    assert small_market(tightness=0.05, behaviour=own).behaviour is own


def test_frictionless_has_no_friction_and_takes_changes() -> None:
    free = Behaviour.frictionless(anchor_days=5.0)
    off = (free.belief_sd, free.anchor, free.news_sd, free.doubt_before_plan, free.buffer_years, free.lead_sigma)
    assert off == (0.0,) * 6
    assert (free.forward_weight, free.trust, free.abatement_adjustment, free.anchor_days) == (1.0, 1.0, 1.0, 5.0)
