"""What counts when a region's use of energy is looked at, and who is held up by what is found."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from agents.model import RightsMarketModel
from rights_market.policies.allocation import Grandfathering
from rights_market.policies.cap import EnergyDualControl, RegionState
from tests.province import DAYS, FIRST, carbon_book, population, province, run, sectors, sulphur_book

UNCOUNTED = {"new_renewable": 0.4, "feedstock": 0.3}


def reviewed(rule: EnergyDualControl) -> RightsMarketModel:
    """The province, all of it in the north, after its first quarter; seven tenths of its use are of kinds apart."""
    people = {c: replace(s, regions={"north": 1.0}, uncounted=UNCOUNTED) for c, s in sectors().items()}
    book = carbon_book(cap=rule, auction=None, allocation=(Grandfathering(base_years=(FIRST - 1,)),))
    model = province(rule_books=(book, sulphur_book()), population=population(sectors=people))
    return run(model, DAYS // 4 + 3)


def control(total: int, **changes: object) -> EnergyDualControl:
    """Control of quantity alone: no reduction of intensity is due."""
    return EnergyDualControl(total={"north": total}, start_year=FIRST - 1, target=Decimal(0), **changes)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def gross() -> int:
    """Lots of carbon that the province uses in a year, as it goes in its first quarter."""
    return int(np.rint(reviewed(control(10**9)).rates.use[:, 0].sum()))


@pytest.mark.parametrize(
    ("kinds", "share", "state"),
    [
        (("new_renewable", "feedstock"), "0.45", RegionState.GREEN),  # 0.3 of the use counts
        (("new_renewable", "feedstock"), "0.15", RegionState.RED),
        (("feedstock",), "0.45", RegionState.RED),  # 0.7 of it
        (("feedstock",), "0.85", RegionState.GREEN),
        ((), "0.85", RegionState.RED),
    ],
)
def test_new_renewables_and_feedstock_do_not_count_where_the_rule_leaves_them_out(
    gross: int, kinds: tuple[str, ...], share: str, state: RegionState
) -> None:
    model = reviewed(control(int(Decimal(share) * gross), exclude=kinds))
    assert model.authority.projects.region_states["CEA", "north"] == state
