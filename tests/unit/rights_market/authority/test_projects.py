"""New projects, by hand."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from rights_market.authority import Authority, Covered
from rights_market.authority.projects import Project, Stage
from rights_market.market import Market
from rights_market.policies.access import NewProjectReplacement
from rights_market.policies.banking import NoBanking
from rights_market.policies.cap import EnergyDualControl, RegionState
from rights_market.policies.government_reserve import GovernmentReserve
from rights_market.policies.zones import Edge, Ratio, TradingRatio, ZonePermission
from rights_market.registry.accounts import GOVERNMENT_ACCOUNT, AccountKind, Accounts
from rights_market.rights import Right
from tests.compliance_market import assert_journal_replays, codes, fingerprint, rule_book

OLD, NEW = 0, 1
APPLIED = date(2024, 3, 1)
REPLACE = NewProjectReplacement(ratio=Decimal("1.5"))
SO2 = Right("SO2", "sulphur", "硫", "t", Decimal(1), Decimal("0.01"), max_price_ticks=20_000)
DUAL = EnergyDualControl(total={"north": 100}, start_year=2020, min_project=5)


def market(*books):
    accounts = Accounts()
    firms = accounts.open_many(AccountKind.COMPLIANCE, ["old", "new"])
    made = Market(books, accounts)
    authority = Authority(made, Covered(firms, ("steel", "steel"), regions=("south", "north")))
    return made, authority.projects, firms


def test_a_project_is_approved_once_it_brings_enough_and_the_rest_is_cancelled():
    made, projects, firms = market(rule_book(replacement=REPLACE))
    projects.apply(Project(NEW, APPLIED, {"CEA": 7}))
    assert projects.pending_lots(NEW) == {"CEA": 11}
    made.registry.issue(0, firms[NEW], 10)
    assert projects.review(date(2024, 3, 2)) == []
    made.registry.issue(1, firms[NEW], 1)
    assert projects.review(date(2024, 3, 3)) == [NEW]
    assert made.registry.free[:, firms[NEW]].tolist() == [6, 1]
    assert projects.stage(NEW) == Stage.APPROVED
    assert projects.pending_lots(NEW) == {}
    assert projects.review(date(2024, 3, 4)) == []
    assert [c[0] for c in codes(made, "project_pending", "project_approved", "cancelled")] == [
        "project_pending",
        "project_pending",
        "cancelled",
        "project_approved",
    ]
    assert_journal_replays(made)


def test_a_region_that_missed_its_standard_asks_for_twice_as_much():
    made, projects, firms = market(rule_book(replacement=REPLACE))
    projects.missed = {"north"}
    projects.apply(Project(NEW, APPLIED, {"CEA": 7}))
    assert projects.pending_lots(NEW) == {"CEA": 14}
    made.registry.issue(0, firms[NEW], 20)
    projects.review(APPLIED)
    assert made.registry.free[0, firms[NEW]] == 13
    assert codes(made, "cancelled")[0][3] == 7


def test_what_is_brought_beyond_the_need_may_go_to_the_government():
    made, projects, firms = market(rule_book(replacement=replace(REPLACE, cancel_excess=False)))
    projects.apply(Project(NEW, APPLIED, {"CEA": 7}))
    made.registry.issue(0, firms[NEW], 11)
    projects.review(APPLIED)
    assert made.registry.free[0, [firms[NEW], GOVERNMENT_ACCOUNT]].tolist() == [7, 4]


def test_a_project_that_is_short_at_the_end_of_its_time_lapses_and_keeps_its_lots():
    made, projects, firms = market(rule_book(replacement=REPLACE))
    projects.apply(Project(NEW, APPLIED, {"CEA": 7}))
    made.registry.issue(0, firms[NEW], 10)
    assert projects.review(date(2024, 8, 28)) == []
    assert projects.stage(NEW) == Stage.PENDING
    assert projects.review(date(2024, 8, 29)) == []
    assert projects.stage(NEW) == Stage.LAPSED
    assert made.registry.free[0, firms[NEW]] == 10
    assert [e.note for e in made.events if e.code == "project_lapsed"] == ["misses 1 lots of CEA"]


def test_a_project_without_need_is_approved_at_once():
    _, projects, _ = market(rule_book(replacement=REPLACE))
    projects.apply(Project(NEW, APPLIED, {"CEA": 0}))
    assert projects.review(APPLIED) == [NEW]


def test_a_right_without_such_a_rule_asks_for_nothing():
    _, projects, _ = market(rule_book())
    projects.apply(Project(NEW, APPLIED, {"CEA": 7}))
    assert projects.pending_lots(NEW) == {}
    assert projects.review(APPLIED) == [NEW]


def test_nothing_is_booked_before_all_rights_are_covered():
    made, projects, firms = market(rule_book(replacement=REPLACE), rule_book(right=SO2, replacement=REPLACE))
    projects.apply(Project(NEW, APPLIED, {"CEA": 7, "SO2": 2}))
    made.registry.issue(0, firms[NEW], 11)
    assert projects.review(APPLIED) == []
    assert (made.registry.free[0, firms[NEW]], made.registry.frozen[0, firms[NEW]]) == (0, 11)
    assert made.registry.total("cancelled")[0] == 0
    made.registry.issue(2, firms[NEW], 3)
    assert projects.review(APPLIED) == [NEW]
    assert made.registry.free[[0, 2], firms[NEW]].tolist() == [7, 2]


def test_lots_that_lapse_too_soon_do_not_count():
    # Without banking vintage 2024 lapses after its deadline on 31 December 2025, vintage 2025 a year later.
    made, projects, firms = market(rule_book(replacement=replace(REPLACE, min_validity=700), banking=NoBanking()))
    projects.apply(Project(NEW, APPLIED, {"CEA": 7}))
    made.registry.issue(0, firms[NEW], 11)
    assert projects.review(APPLIED) == []
    made.registry.issue(1, firms[NEW], 11)
    assert projects.review(APPLIED) == [NEW]


class TestOwnClosure:
    def start(self, *sources):
        made, projects, firms = market(rule_book(replacement=replace(REPLACE, sources=sources)))
        projects.apply(Project(NEW, APPLIED, {"CEA": 7}, replaces=OLD))
        made.registry.issue(0, firms[OLD], 30)
        return made, projects, firms

    def test_a_plant_that_is_replaced_hands_over_what_is_needed(self):
        made, projects, firms = self.start("market", "own_closure")
        assert projects.review(APPLIED) == [NEW]
        assert made.registry.free[0, firms].tolist() == [19, 7]
        assert codes(made, "replacement_moved") == [("replacement_moved", firms[NEW], 0, 11, 0)]

    def test_its_own_duty_comes_first(self):
        made, projects, firms = self.start("market", "own_closure")
        assert projects.review(APPLIED, {OLD}) == []
        assert made.registry.free[0, firms].tolist() == [30, 0]
        assert projects.review(APPLIED) == [NEW]

    def test_only_where_the_rule_admits_it(self):
        made, projects, firms = self.start("market")
        assert projects.review(APPLIED) == []
        assert made.registry.free[0, firms].tolist() == [30, 0]

    def test_bought_lots_do_not_count_where_only_own_closures_do(self):
        made, projects, firms = market(rule_book(replacement=replace(REPLACE, sources=("own_closure",))))
        projects.apply(Project(NEW, APPLIED, {"CEA": 7}, replaces=OLD))
        made.registry.issue(0, firms, [10, 50])
        assert projects.review(APPLIED) == []
        made.registry.issue(0, firms[OLD], 1)
        assert projects.review(APPLIED) == [NEW]


class TestRegions:
    def start(self, state, need=7):
        made, projects, firms = market(rule_book(cap=DUAL, replacement=NewProjectReplacement()))
        projects.region_states["CEA", "north"] = state
        projects.apply(Project(NEW, APPLIED, {"CEA": need}))
        made.registry.issue(0, firms[NEW], need)
        return made, projects

    def test_a_red_region_holds_a_project_up_although_it_is_covered(self):
        made, projects = self.start(RegionState.RED)
        assert projects.review(date(2024, 12, 31)) == []
        assert [e.note for e in made.events if e.code == "project_pending"][-1] == "north is red for CEA"
        projects.region_states["CEA", "north"] = RegionState.GREEN
        assert projects.review(date(2025, 1, 2)) == [NEW]

    def test_an_amber_region_takes_its_time(self):
        _, projects = self.start(RegionState.AMBER)
        assert projects.review(date(2024, 5, 29)) == []
        assert projects.review(date(2024, 5, 30)) == [NEW]

    def test_a_project_that_was_approved_stays_so_when_the_region_turns_red(self):
        made, projects = self.start(RegionState.GREEN)
        assert projects.review(APPLIED) == [NEW]
        projects.region_states["CEA", "north"] = RegionState.RED
        assert projects.review(date(2024, 6, 3)) == []
        assert projects.stage(NEW) == Stage.APPROVED
        assert [e.note for e in made.events if e.code == "project_pending"] == ["applied"]

    def test_small_projects_do_not_wait(self):
        _, projects = self.start(RegionState.RED, need=4)
        assert projects.review(APPLIED) == [NEW]

    def test_a_plant_that_was_approved_before_stays_so(self):
        _, projects = self.start(RegionState.GREEN)
        assert projects.review(APPLIED) == [NEW]
        projects.region_states["CEA", "north"] = RegionState.RED
        assert projects.review(date(2024, 6, 3)) == []
        assert projects.stage(NEW) == Stage.APPROVED

    def test_a_change_of_state_is_written_down_once(self):
        made, projects, _ = market(rule_book(cap=DUAL))
        start = Fraction("0.5")
        for now in ("0.5", "0.5", "0.4"):
            projects.review_region("CEA", "north", 2022, 90, start, Fraction(now))
        notes = [e.note for e in made.events if e.code == "region_status"]
        assert notes == ["north: red", "north: green"]

    def test_who_is_red_at_the_end_of_the_year_has_missed_its_standard(self):
        _, projects, _ = market(rule_book(cap=DUAL))
        projects.review_region("CEA", "north", 2022, 101, Fraction(1), Fraction("0.1"))
        assert projects.missed == set()
        projects.end_year()
        assert projects.missed == {"north"}


class TestFrozen:
    """Lots brought for a project wait with it."""

    def start(self, lots: int, **rules):
        made, projects, firms = market(rule_book(replacement=replace(REPLACE, **rules)))
        projects.apply(Project(NEW, APPLIED, {"CEA": 7}))
        made.registry.issue(0, firms[NEW], lots)
        projects.review(APPLIED)
        return made, projects, int(firms[NEW])

    def test_they_are_neither_sold_nor_surrendered_until_it_is_decided(self):
        made, projects, new = self.start(10)
        assert (made.registry.free[0, new], made.registry.frozen[0, new]) == (0, 10)
        assert codes(made, "replacement_frozen") == [("replacement_frozen", new, 0, 10, 0)]
        made.registry.issue(0, new, 4)
        assert projects.review(date(2024, 3, 4)) == [NEW]
        assert (made.registry.free[0, new], made.registry.frozen[0, new]) == (10, 0)
        assert_journal_replays(made)

    def test_no_more_than_it_must_bring(self):
        """A red region holds it up although 11 of its 15 lots cover it: 4 stay free."""
        made, projects, firms = market(rule_book(cap=DUAL, replacement=REPLACE))
        projects.region_states["CEA", "north"] = RegionState.RED
        projects.apply(Project(NEW, APPLIED, {"CEA": 7}))
        made.registry.issue(0, firms[NEW], 15)
        for day in (2, 3):
            assert projects.review(date(2024, 3, day)) == []
            assert (made.registry.free[0, firms[NEW]], made.registry.frozen[0, firms[NEW]]) == (4, 11)

    def test_a_project_that_lapses_gets_them_back(self):
        made, projects, new = self.start(10)
        projects.review(date(2024, 8, 29))
        assert projects.stage(NEW) == Stage.LAPSED
        assert (made.registry.free[0, new], made.registry.frozen[0, new]) == (10, 0)
        assert_journal_replays(made)

    def test_what_was_bought_today_follows_tomorrow(self):
        made, projects, new = self.start(3)
        seller = int(made.accounts.open(AccountKind.COMPLIANCE, "seller"))
        made.registry.issue(0, seller, 2)
        made.registry.freeze(0, seller, 2)
        made.registry.deliver(0, seller, new, 2, 0, lock_bought=True)
        projects.review(date(2024, 3, 4))
        assert (made.registry.free[0, new], made.registry.frozen[0, new]) == (2, 3)
        made.registry.unlock()
        projects.review(date(2024, 3, 5))
        assert (made.registry.free[0, new], made.registry.frozen[0, new]) == (0, 5)

    def test_lots_that_lapse_meanwhile_are_gone(self):
        made, projects, new = self.start(10)
        made.registry.lapse(0, new, 10)
        made.registry.issue(1, new, 11)
        assert projects.pending_lots(NEW) == {"CEA": 11}
        assert projects.review(date(2024, 3, 4)) == [NEW]
        assert made.registry.free[:, new].tolist() == [0, 7]
        assert not made.registry.frozen.any()


@pytest.mark.parametrize("approved", [False, True])
def test_a_state_gives_everything_back(approved):
    made, projects, firms = market(rule_book(cap=DUAL, replacement=REPLACE))
    projects.region_states["CEA", "north"] = RegionState.GREEN
    projects.missed = {"south"}
    projects.apply(Project(NEW, APPLIED, {"CEA": 7}, replaces=OLD))
    made.registry.issue(0, firms[NEW], 11 if approved else 1)
    projects.review(APPLIED)
    _, copy, _ = market(rule_book(cap=DUAL, replacement=REPLACE))
    copy.restore(projects.state())
    assert fingerprint(copy.state()) == fingerprint(projects.state())
    assert copy.stage(NEW) == (Stage.APPROVED if approved else Stage.PENDING)


RIVER = ZonePermission(zones=("south", "north"), edges=(Edge(seller="south", buyer="north"),))
TAU = TradingRatio(tau=(Ratio(seller="south", buyer="north", tau=Decimal("0.8")),))


def test_what_an_old_plant_gives_to_another_zone_counts_for_its_ratio():
    # 7 lots in the north take 9 of the south (8.75): two are cancelled.
    made, projects, firms = market(rule_book(replacement=NewProjectReplacement(), permission=RIVER, ratio=TAU))
    made.registry.issue(0, firms[OLD], 20)
    projects.apply(Project(NEW, APPLIED, {"CEA": 7}, replaces=OLD))
    assert projects.review(date(2024, 3, 2)) == [NEW]
    assert made.registry.free[0, firms].tolist() == [11, 7]
    assert made.registry.total("cancelled")[0] == 2
    assert_journal_replays(made)


@pytest.mark.parametrize("by", ["ban", "standard"])
def test_into_a_zone_that_missed_its_standard_replacement_comes_from_inside_it(by):
    """The old plant lies in the south, the new one in the north; ten more lots have left the north this year."""
    river = replace(RIVER, no_net_import=("north",)) if by == "ban" else RIVER
    rules = {
        "replacement": NewProjectReplacement(ratio_if_missed=Decimal(1), sources=("own_closure", "reserve")),
        "government_reserve": GovernmentReserve(guide_fen=1),
    }
    made, projects, firms = market(rule_book(permission=river, ratio=TAU, **rules))
    projects._zones.of["CEA"].moved[2024, 1] = [0, 10]
    if by == "standard":
        projects.missed = {"north"}
    made.registry.issue(0, firms[OLD], 20)
    made.registry.issue(0, GOVERNMENT_ACCOUNT, 16)
    projects._reserve.stock["CEA", 0, 0] = 9
    projects.apply(Project(NEW, APPLIED, {"CEA": 7}, replaces=OLD))
    assert projects.review(date(2024, 3, 2)) == []
    assert made.registry.free[0, [firms[OLD], firms[NEW]]].tolist() == [20, 0]
    projects._reserve.stock["CEA", 0, 1] = 7
    assert projects.review(date(2024, 3, 3)) == [NEW]
    assert projects._reserve.stock == {("CEA", 0, 0): 9, ("CEA", 0, 1): 0}


def test_nothing_is_brought_upstream():
    against = {"permission": ZonePermission(zones=("south", "north"), edges=(Edge(seller="north", buyer="south"),))}
    made, projects, firms = market(rule_book(replacement=NewProjectReplacement(), **against))
    made.registry.issue(0, firms[OLD], 20)
    projects.apply(Project(NEW, APPLIED, {"CEA": 7}, replaces=OLD))
    assert projects.review(date(2024, 3, 2)) == []
    assert made.registry.free[0, firms].tolist() == [20, 0]


def test_a_project_buys_what_it_lacks_from_the_reserve():
    rules = {
        "replacement": NewProjectReplacement(sources=("market", "reserve")),
        "government_reserve": GovernmentReserve(guide_fen=1, release_price_ticks=500),
    }
    made, projects, firms = market(rule_book(**rules))
    made.registry.issue(0, GOVERNMENT_ACCOUNT, 5)
    projects._reserve.stock["CEA", 0, -1] = 5
    made.registry.issue(0, firms[NEW], 3)
    made.registry.deposit(firms[NEW], 10_000)
    projects.apply(Project(NEW, APPLIED, {"CEA": 7}))
    assert projects.review(date(2024, 3, 2)) == [NEW]
    assert made.registry.free[0, [GOVERNMENT_ACCOUNT, firms[NEW]]].tolist() == [1, 7]
    assert made.registry.cash[firms[NEW]] == 10_000 - 4 * 500
    assert_journal_replays(made)


def test_the_way_the_ratio_and_the_replacement_all_add_to_what_is_brought():
    """Two lots are asked for one, 14 for 7; at 0.8 a lot they take 18 of the zone upstream."""
    rules = {"replacement": NewProjectReplacement(ratio=Decimal(2)), "permission": RIVER, "ratio": TAU}
    made, projects, firms = market(rule_book(**rules))
    made.registry.issue(0, firms[OLD], 20)
    projects.apply(Project(NEW, APPLIED, {"CEA": 7}, replaces=OLD))
    assert projects.review(date(2024, 3, 2)) == [NEW]
    assert made.registry.free[0, firms].tolist() == [20 - 18, 7]
    # 4 for the ratio (18 x 0.8 = 14.4 count as 14), and 7 beyond the need.
    assert made.registry.total("cancelled")[0] == 4 + 7
    assert_journal_replays(made)
