"""Firms that come and go, in the small province, to the end of the books."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from agents.model import RightsMarketModel
from agents.spec import ClosureSpec, ProjectSpec
from rights_market.authority.projects import Stage
from rights_market.policies.access import EntryExit, NewEntrantReserve, NewProjectReplacement
from rights_market.policies.allocation import (
    CapScaling,
    FreeShare,
    Grandfathering,
    OutputBenchmark,
    Where,
)
from rights_market.policies.allocation.benchmarks import Benchmark, Product
from rights_market.policies.auction import Consignment
from rights_market.policies.cap import AbsolutePath, EnergyDualControl, IntensityTarget
from rights_market.policies.compliance import Surrender
from rights_market.policies.paid_use import PaidInitialUse
from rights_market.policies.stability import MarketStabilityReserve
from rights_market.units import half_up
from tests.compliance_market import assert_journal_replays, fingerprint
from tests.province import FIRST, carbon_book, periods, population, province, run, sectors, sulphur_book

POWER, STEEL = slice(0, 8), slice(8, 14)
NEW = 14
NORTH = 800_000
PLANT = ProjectSpec("new plant", "steel", 20_000.0, date(FIRST, 2, 1), region="south", cash_yuan=5e7)


def noted(model: RightsMarketModel, *codes: str) -> list[str]:
    return [e.code for e in model.authority.events if e.code in codes]


def account(model: RightsMarketModel, row: int) -> int:
    return int(model.accounts_of[row])


def finished(
    carbon: dict, sulphur: dict | None = None, seed: int = 9, days: int | None = None, **people
) -> RightsMarketModel:
    """The province run to its end under other rules, with other people; its books are in order."""
    books = (carbon_book(**carbon), sulphur_book(**(sulphur or {})))
    model = run(province(seed, rule_books=books, population=population(**people)), days)
    model.market.audit()
    assert_journal_replays(model.market)
    return model


@pytest.fixture(scope="module")
def approved() -> RightsMarketModel:
    """A plant in the south, which is red in the first year, and one in the north, which stays so.

    All use a tenth less for a unit of output from 2026 on, but those of the north still more than their total.
    """
    product = Product(name="power", output=Benchmark(table=dict.fromkeys(range(FIRST - 1, FIRST + 3), Decimal("1.1"))))
    carbon = {
        "cap": EnergyDualControl(total={"north": NORTH, "south": 10**9}, start_year=FIRST - 1, target=Decimal(0)),
        "auction": None,
        "allocation": (
            OutputBenchmark(products=(product,), where=Where(sectors=("power",))),
            Grandfathering(base_years=(FIRST - 1,), where=Where(sectors=("steel",))),
        ),
        "replacement": NewProjectReplacement(ratio=Decimal("1.5"), deadline_days=600, min_validity=0),
    }
    plant = replace(PLANT, output=2_000.0)
    north = replace(plant, name="plant in the north", region="north", applies=date(FIRST, 5, 1))
    cleaner = {
        code: replace(
            s,
            intensity={"CEA": {FIRST - 1: high, FIRST: low}, "SO2": s.intensity["SO2"]},
            regions={"north": 0.5, "south": 0.5},
        )
        for (code, s), high, low in zip(sectors().items(), (0.90, 2.0), (0.82, 1.8), strict=True)
    }
    return finished(carbon, projects=[plant, north], sectors=cleaner)


class TestProject:
    def test_it_waits_while_its_region_is_red_and_until_it_has_bought_what_it_must_bring(
        self, approved: RightsMarketModel
    ) -> None:
        assert approved.authority.projects.stage(NEW) == Stage.APPROVED
        own = [e for e in approved.authority.events if e.account == account(approved, NEW)]
        notes = [e.note for e in own if e.code == "project_pending"]
        assert notes[:4] == ["applied", "not covered", "south is red for CEA", "not covered"]

    def test_a_region_that_was_red_at_the_turn_of_the_year_asks_for_twice_the_need(
        self, approved: RightsMarketModel
    ) -> None:
        file = approved.authority.projects.state()["files"][0]
        (cancelled,) = [e.lots for e in approved.authority.events if e.code == "cancelled"]
        assert cancelled == file["need"]["CEA"] > 0

    def test_then_it_works_and_owes(self, approved: RightsMarketModel) -> None:
        duty = np.array([p["duty"][NEW] for p in approved.recorder.periods if p["right"] == "CEA"])
        assert duty[-1] > 0
        assert approved.firms.working[NEW]
        assert approved.firms.covered[NEW].all()

    def test_a_red_region_lets_nobody_in(self, approved: RightsMarketModel) -> None:
        assert approved.authority.projects.stage(NEW + 1) in (Stage.PENDING, Stage.LAPSED)
        assert not approved.firms.working[NEW + 1]
        assert approved.rates.output[NEW + 1] == 0.0
        assert "region_status" in noted(approved, "region_status")

    def test_the_firms_of_a_red_region_are_given_no_more_than_its_total(self, approved: RightsMarketModel) -> None:
        north = np.array([r == "north" for r in approved.firms.regions])
        given = next(p for p in approved.recorder.periods if p["right"] == "CEA")["allocation"]
        assert given[north].sum() == NORTH
        assert given[~north].sum() > 0


@pytest.fixture(scope="module")
def served() -> RightsMarketModel:
    reserve = NewEntrantReserve(share=Decimal("0.02"), benchmark={"steel": Decimal("1.6")})
    return finished({"entrant_reserve": reserve}, projects=[PLANT])


class TestEntrant:
    def test_it_is_served_from_the_reserve_first(self, served: RightsMarketModel) -> None:
        granted = served.authority.entrants.granted_lots("CEA", "2025")
        # 1.6 x 20,000 x 0.8 = 25,600 asked for; 2 % of 1,240,000 are 24,800.
        assert granted[NEW] == 24_800
        assert not granted[:NEW].any()
        assert noted(served, "ner_granted", "reserve_exhausted")[:2] == ["reserve_exhausted", "ner_granted"]

    def test_it_keeps_its_whole_duty(self, served: RightsMarketModel) -> None:
        first = next(p for p in served.recorder.periods if p["right"] == "CEA")
        assert first["emissions"][NEW] > 0
        assert first["allocation"][NEW] == 24_800

    def test_new_plants_change_nobody_elses_shocks(self, served: RightsMarketModel) -> None:
        alone = run(province())
        np.testing.assert_array_equal(served.firms.shocks.firm[:NEW], alone.firms.shocks.firm)
        np.testing.assert_array_equal(served.firms.output[:NEW], alone.firms.output)

    def test_what_is_set_aside_is_not_auctioned(self, served: RightsMarketModel) -> None:
        alone = run(province(), 10)
        offered = [r["offered"] for r in served.authority.supplies["CEA"].auctions.results[:1]]
        before = [r["offered"] for r in alone.authority.supplies["CEA"].auctions.results[:1]]
        assert offered[0] < before[0]


@pytest.fixture(scope="module")
def closed() -> RightsMarketModel:
    rules = {"entry_exit": EntryExit(threshold=0)}
    return finished(rules, closures=[ClosureSpec("power-0001", date(FIRST, 5, 1))])


class TestClosure:
    def test_it_makes_nothing_any_more(self, closed: RightsMarketModel) -> None:
        assert closed.rates.output[0] == 0.0
        assert closed.rates.use[0].sum() == 0.0
        use = closed.progress[0].uses[0].output[0]
        assert 0 < use[0] < 0.6 * closed.firms.output[0]

    def test_what_it_was_given_too_much_goes_back(self, closed: RightsMarketModel) -> None:
        first = next(p for p in closed.recorder.periods if p["right"] == "CEA")
        early = [e for e in closed.authority.events if e.hook == "firm_exit"]
        assert "clawed_back" in [e.code for e in early]
        assert first["allocation"][0] < first["preallocated"].sum()
        assert first["allocation"][0] == pytest.approx(0.76 * closed.progress[0].uses[0].output[0][0], abs=1.0)

    def test_its_duty_is_met_and_it_is_off_the_list_next_year(self, closed: RightsMarketModel) -> None:
        first = next(p for p in closed.recorder.periods if p["right"] == "CEA")
        assert first["emissions"][0] > 0
        assert first["duty"][0] >= first["emissions"][0]
        assert not closed.firms.covered[0, 0]
        assert noted(closed, "firm_closed", "firm_exited")[0] == "firm_closed"

    def test_it_is_given_nothing_in_the_next_year(self, closed: RightsMarketModel) -> None:
        second = [p for p in closed.recorder.periods if p["right"] == "CEA"][1]
        assert second["allocation"][0] == 0
        assert second["emissions"][0] == 0

    def test_it_sells_what_it_keeps(self, closed: RightsMarketModel) -> None:
        assert closed.recorder.periods[0]["sold"][0] + sum(p["sold"][0] for p in closed.recorder.periods) > 0


def test_closures_by_chance_are_drawn_from_a_stream_of_their_own() -> None:
    risky = sectors()
    risky["power"] = replace(risky["power"], closure_rate=0.6)
    model, alone = finished({}, days=40, sectors=risky), run(province(), 40)
    assert 0 < (~model.firms.working).sum() < 8
    np.testing.assert_array_equal(model.firms.shocks.firm, alone.firms.shocks.firm)


def test_a_threshold_decides_who_is_covered() -> None:
    model = finished({"entry_exit": EntryExit(threshold=80_000), "auction": None, "cap": None})
    covered = model.firms.covered[:, 0]
    assert 0 < covered.sum() < len(covered)
    last = [p for p in model.recorder.periods if p["right"] == "CEA"][-1]
    assert not last["duty"][~last["covered"]].any()
    assert (last["emissions"][last["covered"]] > 0).all()


def test_a_plant_that_replaces_another_takes_over_its_rights() -> None:
    plant = replace(PLANT, name="successor", replaces="steel-0001", applies=date(FIRST, 3, 1))
    rule = NewProjectReplacement(min_validity=0)
    model = finished({"replacement": rule}, {"replacement": rule}, days=30, projects=[plant])
    assert not model.firms.working[8]
    assert "replacement_moved" in noted(model, "replacement_moved")


@pytest.fixture(scope="module")
def sold() -> RightsMarketModel:
    poor = sectors()
    poor["steel"] = replace(poor["steel"], cash_share=0.0)
    rule = PaidInitialUse(fee=2_000, term_years=2, instalments=2)
    return finished({}, {"paid_use": rule, "surrender": Surrender(mode="cover")}, sectors=poor)


class TestPaidUse:
    def test_who_can_pay_is_given_its_quota_each_year(self, sold: RightsMarketModel) -> None:
        quota = np.array([p["allocation"][POWER] for p in sold.recorder.periods if p["right"] == "SO2"])
        assert (quota[0] > 0).all()
        np.testing.assert_array_equal(quota[0], quota[1])

    def test_the_money_goes_to_the_government(self, sold: RightsMarketModel) -> None:
        paid = [e.money_fen for e in sold.authority.events if e.code == "instalment_paid"]
        billed = [e.money_fen for e in sold.authority.events if e.code == "paid_use_billed" and e.lots]
        assert sum(paid[: len(billed)]) == pytest.approx(sum(billed) / 2, rel=0.01)

    def test_who_cannot_is_refused(self, sold: RightsMarketModel) -> None:
        first = next(p for p in sold.recorder.periods if p["right"] == "SO2")
        assert not first["allocation"][STEEL].any()
        assert len(noted(sold, "paid_use_refused")) == 6


def test_the_quota_may_be_what_the_permit_of_each_firm_allows() -> None:
    """Permits of nine tenths of expected use for steel, and of all of it for power; verified anew after a year."""
    low = sectors()
    low["steel"] = replace(low["steel"], permit_share={"SO2": 0.9})
    rule = PaidInitialUse(fee=1, term_years=1, quota="permit_level")
    model = finished({}, {"paid_use": rule, "allocation": (), "surrender": Surrender(mode="cover")}, sectors=low)
    progress = model.progress[1]
    given = np.array([p["allocation"] for p in model.recorder.periods if p["right"] == "SO2"])
    fresh = province(rule_books=tuple(p.rules for p in model.progress), population=population(sectors=low))
    expected = fresh.forecasts.formula(fresh.progress[1], FIRST)[2] / float(progress.rules.right.lot)
    share = np.where(np.arange(NEW) < 8, 1.0, 0.9)
    np.testing.assert_array_equal(given[0], np.floor(share * expected + 1e-9))
    assert noted(model, "expired") and given[1].any() and (given[1] != given[0]).any()


def test_lots_a_year_change_hands_in_mid_term() -> None:
    """Steel may discharge a fifth more than it does and power a fifth less; who closes sells all."""
    uneven = sectors()
    for code, share in (("steel", 1.2), ("power", 0.8)):
        uneven[code] = replace(uneven[code], permit_share={"SO2": share})
    rule = PaidInitialUse(fee=1, term_years=2, quota="permit_level", mid_term_sales=True)
    sulphur = {"paid_use": rule, "allocation": (), "surrender": Surrender(mode="cover")}
    model, plain = (
        finished({}, sulphur | {"paid_use": replace(rule, mid_term_sales=x)}, sectors=uneven) for x in (True, False)
    )
    bought = [e for e in model.authority.events if e.code == "right_bought"]
    assert bought and not noted(plain, "right_bought")
    assert sum(e.lots for e in bought) == sum(e.lots for e in model.authority.events if e.code == "right_sold")
    quota, before = (m.authority.paid_use.quota_lots("SO2") for m in (model, plain))
    assert quota.sum() == before.sum() and (quota[POWER] > before[POWER]).any()
    short = [next(p["shortfall"] for p in m.recorder.periods if p["right"] == "SO2").sum() for m in (model, plain)]
    assert short[0] < short[1]


def test_holders_decide_anew_when_the_term_is_over() -> None:
    rule = PaidInitialUse(fee=1, term_years=1)
    model = finished({}, {"paid_use": rule})
    assert noted(model, "expired")
    assert model.authority.paid_use.terms["SO2"].issued.year == FIRST + 1
    assert model.authority.paid_use.quota_lots("SO2").any()
    dear = finished({}, {"paid_use": replace(rule, fee_from={FIRST + 1: 10**9})})
    assert not dear.authority.paid_use.quota_lots("SO2").any()


def test_what_entrants_leave_may_be_auctioned_in_the_next_year() -> None:
    reserve = NewEntrantReserve(share=Decimal("0.1"), leftover="auction")
    kept, sold = (finished({"entrant_reserve": replace(reserve, leftover=x)}) for x in ("next_year", "auction"))
    offered = [
        sum(r["offered"] for r in m.authority.supplies["CEA"].auctions.results if r["vintage"] == FIRST + 1)
        for m in (kept, sold)
    ]
    assert "reserve_left" in noted(sold, "reserve_left")
    assert sold.authority.entrants.for_auction == {}
    assert offered[1] > offered[0]


def test_free_shares_and_the_cap_decide_what_is_auctioned() -> None:
    mix = (
        FreeShare(free_share=Decimal("0.2"), where=Where(sectors=("power",))),
        FreeShare(free_share=Decimal(1), where=Where(sectors=("steel",))),
    )
    scaling = CapScaling(min_auction_share=Decimal("0.6"))
    model = finished({"mix": mix, "scaling": scaling, "upfront": None})
    first = next(p for p in model.recorder.periods if p["right"] == "CEA")
    assert first["allocation"].sum() <= 0.4 * 1_240_000 + 1
    assert first["allocation"][POWER].sum() > 0
    assert "scaled" in noted(model, "scaled")
    offered = sum(r["offered"] - 0 for r in model.authority.supplies["CEA"].auctions.results if r["vintage"] == FIRST)
    assert offered >= 0.6 * 1_240_000


def test_a_cap_by_intensity_follows_what_firms_make() -> None:
    cap = IntensityTarget(i0=Decimal("0.9"), base_year=FIRST)
    model = finished({"cap": cap, "auction": None})
    assert noted(model, "cap_set", "intensity_correction")[:3] == ["cap_set", "intensity_correction", "cap_set"]
    first = model.authority.entitlements["CEA"].cap_lots[FIRST]
    made = model.firms.output.sum() * 0.9
    assert first == pytest.approx(made, rel=0.05)
    by_value = finished({"cap": replace(cap, i0=Decimal("0.001"), activity="output_value"), "auction": None}, days=1)
    worth = (by_value.firms.output * by_value.firms.product_price_yuan).sum()
    assert by_value.authority.entitlements["CEA"].cap_lots[FIRST] == pytest.approx(0.001 * worth, rel=0.05)


@pytest.mark.parametrize("day", [6, 20, 40])
def test_a_run_with_comers_and_goers_can_be_saved_and_continued(day: int) -> None:
    books = (
        carbon_book(
            cap=AbsolutePath(table=dict.fromkeys(range(FIRST, FIRST + 2), 1_240_000)),
            entrant_reserve=NewEntrantReserve(benchmark={"steel": Decimal("1.6")}),
            replacement=NewProjectReplacement(min_validity=0, deadline_days=300),
            entry_exit=EntryExit(threshold=50_000),
        ),
        sulphur_book(paid_use=PaidInitialUse(fee=200, term_years=1), periods=periods()),
    )
    people = population(projects=[PLANT], closures=[ClosureSpec("power-0001", date(FIRST, 6, 1))])
    whole = province(rule_books=books, population=people)
    run(whole, day)
    other = RightsMarketModel.from_state(whole.config, whole.state())
    run(whole)
    run(other)
    assert fingerprint(other.state()) == fingerprint(whole.state())


def test_who_is_off_the_list_still_answers_for_the_year_before() -> None:
    """Use of 2025 is verified in March 2026, when the firm that closed in May 2025 is on no list any more."""
    late = replace(
        periods()[0],
        use_from=date(FIRST, 1, 1),
        use_to=date(FIRST, 12, 31),
        announce=date(FIRST, 2, 1),
        preallocate=date(FIRST, 3, 1),
        verify=date(FIRST + 1, 3, 1),
        true_up=date(FIRST + 1, 4, 1),
        deadline=date(FIRST + 1, 6, 30),
    )
    rules = {
        "periods": (late,),
        "cap": None,
        "auction": None,
        "entry_exit": EntryExit(threshold=0, closure_obligation_days=300),
    }
    model = finished(rules, closures=[ClosureSpec("power-0001", date(FIRST, 5, 1))])
    (period,) = [p for p in model.recorder.periods if p["right"] == "CEA"]
    assert not model.firms.covered[0, 0]
    assert period["covered"][0]
    assert period["emissions"][0] > 0
    assert period["duty"][0] >= period["emissions"][0]
    assert period["allocation"][0] == pytest.approx(0.76 * model.progress[0].uses[0].output[0][0], abs=1.0)


def test_nothing_is_left_outside_reserves_and_auctions() -> None:
    """What is not claimed of the cap, or left by entrants, lies in reserves: the cap is whole at the end of a year."""
    mix = (FreeShare(free_share=Decimal("0.5"), where=Where(sectors=("power", "steel"))),)
    rules = {
        "mix": mix,
        "scaling": CapScaling(min_auction_share=Decimal("0.1"), leftover="reserve"),
        "entrant_reserve": NewEntrantReserve(share=Decimal("0.02"), leftover="msr"),
        "stability": (MarketStabilityReserve(hold_at_most=10**9),),
        "consignment": Consignment(share=Decimal("0.2")),
        "entry_exit": EntryExit(threshold=0),
    }
    model = finished(rules, closures=[ClosureSpec("power-0001", date(FIRST, 5, 1))])
    authority = model.authority
    kept = [e for e in authority.events if e.code == "unclaimed"]
    first = next(p for p in model.recorder.periods if p["right"] == "CEA")
    cap, share = model.cap_course.lots(model.progress[0], FIRST), Decimal("0.02")
    aside, auctioned = int(share * cap), half_up(Fraction(cap, 10))
    recycled = authority.entrants.recycled_lots.get(("CEA", first["period"]), 0)
    assert kept[0].lots == cap - aside - auctioned - int(first["allocation"].sum()) - recycled > 0
    volumes = authority.supplies["CEA"].volumes
    planned = zip(volumes.days, volumes.plan.planned, strict=True)
    assert sum(lots for (_, period), lots in planned if period.name == first["period"]) == auctioned
    left = [e.lots for e in authority.events if e.code == "reserve_left"]
    stability = authority.supplies["CEA"].reserves.stability
    assert stability is not None and stability.pot.lots == sum(left) > 0
    assert noted(model, "consigned", "consign_withdrawn")
