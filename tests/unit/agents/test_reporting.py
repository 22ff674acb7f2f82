"""Monitoring as firms live it, in the small province: noise, false reports, checks, and what becomes of the truth."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agents.model import RightsMarketModel
from agents.snapshot import load, save
from rights_market.exchange.uniform_calendar import UniformCalendar
from rights_market.policies.allocation import Where
from rights_market.policies.mrv import (
    Audit,
    Disclosure,
    FalseDataFine,
    InventoryTargets,
    Measurement,
    SelfReport,
    Target,
    Verification,
)
from rights_market.registry.ledger import Ledger
from rights_market.registry.replay import replay
from rights_market.rule_change import RuleChange
from tests.province import FIRST, carbon_book, config, periods, population, province, run, sectors, sulphur_book

FIRMS = slice(0, 14)
REPORT, VERIFY, AUDIT = date(FIRST, 12, 3), date(FIRST, 12, 5), date(FIRST, 12, 8)


def dated_periods() -> tuple[Any, ...]:
    """The periods of the province with a date for every step of monitoring."""
    found = []
    for p in periods():
        year = p.vintage
        found.append(replace(p, report=date(year, 12, 3), audit=date(year, 12, 8), publish=date(year, 12, 27)))
    return tuple(found)


def monitored_book(**changes: Any) -> Any:
    """Carbon with every rule of monitoring; lots that are found are fined at twice the price, and nobody else pays."""
    given: dict[str, Any] = {
        "periods": dated_periods(),
        "measurement": (
            Measurement(sd=Decimal("0.02"), missing_days=Decimal("0.1"), fill="p90", where=Where(sectors=("power",))),
            Measurement(method="default_factor", default_markup=Decimal("0.1"), where=Where(sectors=("steel",))),
        ),
        "reporting": SelfReport(),
        "verification": Verification(verifiers=3, collusion=(Decimal("0.9"), Decimal(0), Decimal(0)), cost=100_000),
        "audit": Audit(share=Decimal("0.2"), fine=FalseDataFine(multiple=Decimal(2), gain_threshold=0)),
        "disclosure": Disclosure(level=2, items=("emissions", "holdings")),
        "inventory": InventoryTargets(
            uncovered_ratio=Decimal("0.2"),
            targets=(Target(prefecture="Yichun", year=FIRST, base=900_000, target=600_000),),
        ),
    }
    return carbon_book(**given | changes)


def monitored(seed: int = 9, **changes: Any) -> RightsMarketModel:
    """The province with monitored carbon; sulphur is known as it is."""
    kinds = {code: replace(s, regions={"Ji'an": 0.5, "Yichun": 0.5}) for code, s in sectors().items()}
    books = (monitored_book(**changes), sulphur_book())
    return province(seed, rule_books=books, population=population(sectors=kinds))


@pytest.fixture(scope="module")
def done() -> RightsMarketModel:
    return run(monitored())


def test_books_balance_with_every_rule_on(done: RightsMarketModel) -> None:
    registry = done.market.registry
    done.market.audit()
    again = replay(registry.journal, len(done.market.accounts), len(done.market.instruments))
    for name, there, here in zip(Ledger._fields, again, registry.ledger(), strict=True):
        assert np.array_equal(there, here), name


def test_truth_stays_apart_from_what_is_known(done: RightsMarketModel) -> None:
    file = done.authority.monitoring.files["CEA", str(FIRST)]
    use = done.progress[0].uses[0].use
    assert file.true.tolist() == np.ceil(use - 1e-9).astype(int).tolist()
    power, steel = slice(0, 8), slice(8, 14)
    assert file.measured[steel].tolist() == np.floor(1.1 * file.true[steel] + 0.5).astype(int).tolist()
    error = file.measured[power] / file.true[power] - 1
    assert (error != 0).all() and abs(error).max() < 0.1
    assert (file.reported < file.measured).any()
    verified = done.market.obligations.verified_lots("CEA", str(FIRST))[done.accounts_of[FIRMS]]
    assert verified.tolist() == (file.verified + file.found).tolist()
    assert "SO2" not in {right for right, _ in done.authority.monitoring.files}


def test_duties_follow_what_was_verified(done: RightsMarketModel) -> None:
    firms, obligations = done.accounts_of[FIRMS], done.market.obligations
    duty = obligations.duty_lots("CEA", str(FIRST))[firms]
    assert duty.tolist() == obligations.verified_lots("CEA", str(FIRST))[firms].tolist()


def test_steps_happen_on_their_dates_and_in_order(done: RightsMarketModel) -> None:
    hooks = ("report_due", "verification", "audit", "trueup", "surrender_deadline", "publish")
    first = [done.agenda_days(hook, "CEA", str(FIRST))[0] for hook in hooks]
    assert first == sorted(first)
    days = done.calendar.days
    for hook, when in (("report_due", REPORT), ("verification", VERIFY), ("audit", AUDIT)):
        assert days[done.agenda_days(hook, "CEA", str(FIRST))[0]] >= when
    codes = [e.code for e in done.market.events if e.code in ("measured", "reported", "verified", "inventory")]
    assert codes[:3] == ["measured", "reported", "verified"] and "inventory" in codes


def test_between_report_and_verification_firms_expect_what_they_reported() -> None:
    model = run(monitored(), 27)
    file, progress = model.authority.monitoring.files.get(("CEA", str(FIRST))), model.progress[0]
    while file is None or not progress.verified[0]:
        expected = model.forecasts.expected_use(progress, 0)
        if file is not None:
            assert expected.tolist() == file.reported.tolist()
        model.step()
        file = model.authority.monitoring.files.get(("CEA", str(FIRST)))
    assert file.reported.sum() < file.true.sum()


def test_before_they_report_firms_reckon_with_the_default_and_with_what_they_got_away_with() -> None:
    """Steel answers for 10 % more than it uses; unchecked, all reckon with their last report after that."""
    model, plain = monitored(verification=None, audit=None), province()
    for one in (model, plain):
        one.open_day()
    course, before = model.forecasts, plain.forecasts.expected_use(plain.progress[0], 0)
    ratio = course.expected_use(model.progress[0], 0) / before
    assert ratio[:8] == pytest.approx(1.0) and ratio[8:] == pytest.approx(1.1)
    model.close_day()
    run(model, 31)
    file = model.authority.monitoring.files["CEA", str(FIRST)]
    use, today = model.progress[0].uses[1], model.calendar.days[model.day]
    whole = use.use + use.rest_of_window(today) * model.rates.use[:, 0]
    share = (file.verified + file.found) / file.measured * np.where(np.arange(14) < 8, 1.0, 1.1)
    assert share.max() < 0.8
    assert course.expected_use(model.progress[0], 1) == pytest.approx(whole * share)


def test_firms_that_hide_something_choose_the_lenient_verifier(done: RightsMarketModel) -> None:
    file = done.authority.monitoring.files["CEA", str(FIRST)]
    hides = file.reported < file.measured
    assert (file.verifier[hides] == 0).all()
    assert set(file.verifier[~hides]) <= {0, 1, 2}


def test_where_the_authority_pays_verifiers_are_drawn() -> None:
    rule = Verification(verifiers=3, collusion=(Decimal("0.9"), Decimal(0), Decimal(0)), paid_by="authority", cost=7)
    model = run(monitored(verification=rule), 30)
    file = model.authority.monitoring.files["CEA", str(FIRST)]
    assert len(set(file.verifier.tolist())) == 3
    paid = [e.money_fen for e in model.market.events if e.code == "verification_paid"]
    assert paid == [7 * 14]


def test_inventory_adds_up_and_the_prefecture_is_scored(done: RightsMarketModel) -> None:
    public = done.authority.monitoring.publication
    lines = public.inventories["CEA", str(FIRST)]
    verified = int(done.market.obligations.verified_lots("CEA", str(FIRST)).sum())
    assert sum(x.lots for x in lines) == verified + (2 * verified + 5) // 10
    assert {x.prefecture for x in lines} == {"Ji'an", "Yichun"}
    assert [x.prefecture for x in public.scores] == ["Yichun"]
    here = sum(x.lots for x in lines if x.prefecture == "Yichun")
    assert public.scores[0].result == here
    assert public.scores[0].score == pytest.approx(min(max((900_000 - here) / 3000, 0), 120))


def test_regions_are_drawn_apart_from_all_else() -> None:
    plain, placed = province(), monitored()
    assert set(plain.firms.regions) == {""} and set(placed.firms.regions) == {"Ji'an", "Yichun"}
    assert plain.firms.output.tolist() == placed.firms.output.tolist()


def test_rules_that_change_nothing_leave_the_market_as_it_is() -> None:
    """A perfect instrument, true reports and no audit: the same trades as without monitoring."""
    rules = {"measurement": (Measurement(),), "reporting": SelfReport(allow=False), "verification": Verification()}
    off = {"audit": None, "disclosure": None, "inventory": None}
    watched, plain = run(monitored(**rules, **off)), run(province())
    for name in ("price_ticks", "lots", "buyer", "seller"):
        assert np.array_equal(watched.market.tape.trades[name], plain.market.tape.trades[name])


@pytest.mark.parametrize(("days", "on_file"), [(10, {"2025", "2026"}), (29, {"2026"})])
def test_monitoring_may_begin_on_the_way(days: int, on_file: set[str], tmp_path: Path) -> None:
    """Switched on before reports are due, or after verification: then nothing of the first period is on file."""
    save(run(province(), days), tmp_path / "plain")
    books = (monitored_book(), sulphur_book())
    model = run(load(replace(config(), rule_books=books), tmp_path / "plain", other_rules=True))
    assert {period for _, period in model.authority.monitoring.files} == on_file
    unmet = [e.hook for e in model.market.events if e.note == "use of this period is not on file"]
    assert unmet == ([] if "2025" in on_file else ["publish"])
    model.market.audit()


def test_monitoring_may_change_on_the_way(done: RightsMarketModel, tmp_path: Path) -> None:
    """With other verifiers these begin with a licence and without clients; without any, their record is closed."""
    save(done, tmp_path / "watched")
    for rule in (Verification(verifiers=2), None):
        books = (monitored_book(verification=rule), sulphur_book())
        kinds = {code: replace(s, regions={"Ji'an": 0.5, "Yichun": 0.5}) for code, s in sectors().items()}
        made = replace(config(), rule_books=books, population=population(sectors=kinds))
        model = load(made, tmp_path / "watched", other_rules=True)
        found = {code: x.licensed.tolist() for code, x in model.authority.monitoring.verifiers.items()}
        assert found == ({} if rule is None else {"CEA": [True, True]})
        assert model.authority.monitoring.files.keys() == done.authority.monitoring.files.keys()


def test_errors_that_rights_have_in_common() -> None:
    """Both rights measured with the same common error, and with errors of their own."""

    def errors(common: str) -> list[np.ndarray]:
        rule = (Measurement(sd=Decimal("0.05"), common=Decimal(common)),)
        model = run(province(rule_books=(carbon_book(measurement=rule), sulphur_book(measurement=rule))), 31)
        return [f.measured / f.true - 1.0 for f in model.authority.monitoring.files.values()]

    first, second = errors("1")
    assert first == pytest.approx(second, abs=2e-3)  # lots of sulphur are few
    first, second = errors("0")
    assert abs(first - second).max() > 0.02


def test_a_run_continues_from_a_file_to_the_same_bits(done: RightsMarketModel, tmp_path: Path) -> None:
    kinds = {code: replace(s, regions={"Ji'an": 0.5, "Yichun": 0.5}) for code, s in sectors().items()}
    made = replace(config(), rule_books=(monitored_book(), sulphur_book()), population=population(sectors=kinds))
    for days in (5, 31):
        save(run(monitored(), days), tmp_path / "state")
        save(run(load(made, tmp_path / "state")), tmp_path / "continued")
        save(done, tmp_path / "straight")
        assert (tmp_path / "continued").read_bytes() == (tmp_path / "straight").read_bytes()


@pytest.mark.parametrize(("announce", "is_honest"), [(date(FIRST, 12, 1), True), (date(FIRST, 12, 6), False)])
def test_firms_reckon_with_the_audits_that_are_announced_for_the_day_they_come(announce: date, is_honest: bool) -> None:
    """All will be audited two days before the audit; firms that know it when they report hide nothing."""
    fine = FalseDataFine(multiple=Decimal(5), gain_threshold=0)
    few = Audit(share=Decimal("0.05"), fine=fine)
    book = carbon_book(periods=dated_periods(), reporting=SelfReport(), audit=few)
    all_of_them = RuleChange(
        right="CEA", announce=announce, start=date(FIRST, 12, 6), slots={"audit": replace(few, share=Decimal(1))}
    )
    close = UniformCalendar(FIRST, 1, 120)
    model = run(province(rule_books=(book, sulphur_book()), rule_changes=(all_of_them,), calendar=close))
    file = model.authority.monitoring.files["CEA", str(FIRST)]
    assert file.audited.sum() == file.subject.sum()
    assert (file.reported == file.measured).all() == is_honest
