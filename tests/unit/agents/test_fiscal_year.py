"""Taxes, standards, surcharges and grants as firms of the small province live them, and links in a running model."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agents.config import MarketConfig
from agents.model import RightsMarketModel
from agents.snapshot import load, save
from agents.spec import ConcentrationSpec
from rights_market.policies.fiscal import (
    DifferentialPowerPrice,
    EmissionStandard,
    EmissionTax,
    MeasureSubsidy,
    PowerTier,
    RevenueRecycling,
    TaxedUse,
)
from rights_market.policies.links import ExchangePair, MarketLink, PowerPassThrough, PriceSeries, RightExchangeRate
from rights_market.policies.where import Where
from rights_market.registry.replay import replay
from tests.compliance_market import fingerprint
from tests.province import FIRST, config, province, run, sectors, sulphur_book

SO2 = TaxedUse(right="SO2", rate_fen=Decimal(120), equivalent=Decimal("0.95"))
TAX = EmissionTax(uses=(SO2,), concentration={"steel": Decimal("0.6")})
LINK = MarketLink(
    right="CEA",
    price=PriceSeries(prices={date(2025, 1, 1): Decimal(60), date(2026, 3, 1): Decimal(75)}),
    fee=Decimal("0.02"),
    quota_in=20_000,
    quota_out=5_000,
    depth=2_000,
    steps=5,
)
PASSED = PowerPassThrough(right="CEA", regime="regulated", net_of_free=True)
TIERS = DifferentialPowerPrice(
    classes={"steel": Decimal("0.01")},
    tiers=(PowerTier(over=Decimal(0), add=Decimal("0.02")),),
    limit={"steel": Decimal("1.5")},
    right="SO2",
)
EVERYTHING: dict[str, Any] = {
    "links": (
        LINK,
        PASSED,
        RightExchangeRate(pairs=(ExchangePair(source="SO2", target="CEA", rate=Decimal("0.1"), reserve=500),)),
    ),
    "fiscal": (
        TAX,
        EmissionStandard(right="CEA", charge=500, limit={"power": Decimal("0.8")}),
        MeasureSubsidy(share=Decimal("0.5"), budget=10**6, from_fund=True, exclude_short=True),
        MeasureSubsidy(form="tax_credit", share=Decimal("0.1")),
        TIERS,
        RevenueRecycling(
            shares={"abatement_fund": Decimal("0.2"), "output_rebate": Decimal("0.3"), "equal": Decimal("0.1")},
            right="CEA",
        ),
    ),
}


def with_power(**changes: Any) -> MarketConfig:
    """The province, whose steel buys power and whose generators sell it."""
    given = sectors()
    people = {
        "power": replace(given["power"], power_sold_mwh=1.0),
        "steel": replace(given["steel"], power_bought_mwh=0.5),
    }
    base = config()
    return replace(base, population=replace(base.population, sectors=people), **changes)


def model_of(seed: int = 9, **changes: Any) -> RightsMarketModel:
    return RightsMarketModel(with_power(**changes), seed=seed)


@pytest.fixture(scope="module")
def full() -> RightsMarketModel:
    """The province with every link and charge, run to its end."""
    return run(model_of(**EVERYTHING))


def amounts(model: RightsMarketModel, kind: str, year: int) -> np.ndarray:
    found = [x for flow, x in model.authority.treasury.flows.items() if (flow.kind, flow.year) == (kind, year)]
    return np.asarray(sum(found, np.zeros(len(model.firms), np.int64)))


def test_everything_acts_and_the_books_stay_true(full: RightsMarketModel) -> None:
    seen = {e.code for e in full.market.events}
    charges = {"pass_through", "tax_charged", "standard_breached", "surcharge"}
    assert charges | {"link_trade", "converted", "recycled", "returned"} <= seen
    full.market.audit()
    again = replay(full.market.registry.journal, len(full.market.accounts), len(full.market.instruments))
    for ours, theirs in zip(again, full.market.registry.ledger(), strict=True):
        assert np.array_equal(ours, theirs)
    gates = full.market.accounts.names.index("gateway CEA: sales")
    assert full.market.registry.free[:, gates : gates + 2].sum() == 0


@pytest.mark.parametrize(("days", "batches"), [(17, None), (21, 1), (40, 2)])
def test_a_restored_run_with_all_of_it_ends_in_the_same_bits(
    days: int, batches: int | None, full: RightsMarketModel, tmp_path: Path
) -> None:
    model = run(model_of(**EVERYTHING), days)
    if batches is not None:
        model.open_day()
        for _ in range(batches):
            model.trade_batch()
    save(model, tmp_path / "saved")
    again = load(with_power(**EVERYTHING), tmp_path / "saved")
    assert fingerprint(again.state()) == fingerprint(model.state())
    if batches is not None:
        for _ in range(again.config.batches_per_day - batches):
            again.trade_batch()
        again.close_day()
    run(again)
    assert again.market.events == full.market.events
    assert fingerprint(again.authority.state()) == fingerprint(full.authority.state())
    assert fingerprint(again.fiscal_year.state()) == fingerprint(full.fiscal_year.state())


def test_without_such_rules_nothing_is_charged_or_kept() -> None:
    model = run(province(), 40)
    assert model.fiscal_year.is_idle and not model.authority.treasury.flows
    assert not model.fiscal_year.used.any() and not model.fiscal_year.per_unit.any()


def test_a_quarter_is_taxed_on_its_last_trading_day() -> None:
    model = run(model_of(fiscal=(TAX,)))
    days = model.calendar.days
    charged = sorted({e.day for e in model.market.events if e.code == "tax_charged"})
    ends = [k for k, d in enumerate(days) if k + 1 == len(days) or (days[k + 1].month - 1) // 3 != (d.month - 1) // 3]
    assert charged == ends
    # 1.20 CNY for 0.95 kg, three quarters of it for steel; lots are of 10 kg and rounded up once a year.
    use = sum(u.use for u in model.progress[1].uses[1:2])
    lots = amounts(model, "tax", FIRST + 1) / np.where(model.firms.sector == 1, 90.0, 120.0) * 0.95 / 10
    assert (np.abs(lots * 10 / use - 1) < 0.2).all()  # the period begins and ends a month earlier than the year


def test_firms_weigh_a_tax_as_what_one_more_unit_costs() -> None:
    model = run(model_of(fiscal=(TAX,)), 1)
    steel = model.firms.sector == 1
    np.testing.assert_allclose(model.fiscal_year.per_unit[steel, 1], 1.2 / 0.95 * 0.75)
    np.testing.assert_allclose(model.fiscal_year.per_unit[~steel, 1], 1.2 / 0.95)
    assert not model.fiscal_year.per_unit[:, 0].any()
    only = EmissionTax(uses=(SO2,), where=Where(sectors=("steel",), years=(FIRST,)), scope="uncovered_only")
    assert not run(model_of(fiscal=(only,)), 1).fiscal_year.per_unit.any()


def test_rights_that_are_held_lift_the_tax_on_excess() -> None:
    rule = EmissionTax(uses=(SO2,), scope="excess_over_rights")
    model = run(model_of(fiscal=(rule,)), 4)
    used = model.rates.use[:, 1] / 10
    held = model.market.registry.free[model.progress[1].instruments[0], model.accounts_of[:14]]
    model.fiscal_year.weigh_taxes()
    assert ((model.fiscal_year.per_unit[:, 1] > 0) == (np.ceil(used) > held)).all()
    assert (model.fiscal_year.per_unit[:, 1] > 0).any() and (model.fiscal_year.per_unit[:, 1] == 0).any()


def test_a_standard_asks_for_what_the_last_unit_to_the_limit_costs() -> None:
    limit, charge = {"power": Decimal("0.75")}, 10**5
    book = replace(
        config().rule_books[0], tradable=False, allocation=(), upfront=None, cap=None, auction=None, penalties=(),
        make_good=None, band=None,
    )  # fmt: skip
    rules = {
        "rule_books": (book, sulphur_book()),
        "fiscal": (EmissionStandard(right="CEA", charge=charge, limit=limit),),
    }
    model = run(model_of(**rules), 1)
    power = model.firms.sector == 0
    wanted = 1.0 - 0.75 * model.rates.output / model.rates.need[:, 0]
    curves = model.firms.curves
    share = np.clip(wanted, 0.0, None)
    by_hand = share * (curves.a[:, 0] + curves.b[:, 0] * share)
    # Shares have moved a step since: measures of other rights shift what is left by little.
    np.testing.assert_allclose(
        model.fiscal_year.per_unit[power, 0], np.clip(by_hand, 0.0, charge / 100)[power], rtol=0.05, atol=1.0
    )
    assert not model.fiscal_year.per_unit[~power, 0].any()
    assert len(model.seats.of_right(0).indices(len(model.seats))) == 3
    assert model.seats.of_right(0) == slice(0, 0)  # nobody trades the right
    run(model)
    assert amounts(model, "standard", FIRST)[power].sum() > 0
    assert [p["duty"].sum() for p in model.recorder.periods if p["right"] == "CEA"] == [0, 0]
    assert all(p["emissions"].sum() > 0 for p in model.recorder.periods)


def test_users_pay_and_generators_earn_what_is_passed_on() -> None:
    rule = PowerPassThrough(right="CEA", regime="regulated", phi=Decimal("0.4"), grid_factor=Decimal("0.5"))
    model = model_of(links=(rule,))
    model.open_day()
    assert model.fiscal_year._power_price(rule) == 0  # no carbon was traded yet
    model.close_day()
    days = model.calendar.days
    run(model, next(k for k in range(15, 30) if days[k + 1].month != days[k].month) - 1)
    model.open_day()
    made = model.fiscal_year.made_this_month.copy()
    model.trade_batch()
    model.close_day()
    delta = 0.4 * 0.5 * model.desk.last_price[0] * 0.01
    bill = model.fiscal_year.power_bill_fen
    mwh = made * np.where(model.firms.sector == 1, 0.5, -1.0)
    np.testing.assert_allclose(bill, 100 * delta * mwh, atol=0.51)
    assert not model.fiscal_year.made_this_month.any()
    before = model.fiscal_year.take_power_bills()
    assert np.array_equal(before, bill) and not model.fiscal_year.power_bill_fen.any()


def test_steps_of_the_surcharge_follow_verified_use() -> None:
    model = model_of(fiscal=(TIERS,))
    adds = model.fiscal_year._tier_adds[0]
    intensity = model.operations.intensity[:, 1]
    steel = model.firms.sector == 1
    assert [bool(x) for x in adds] == (steel & (intensity > 1.5)).tolist()
    run(model)
    use = model.progress[1].uses[-1]
    verified = model.market.obligations.verified_lots("SO2", use.period.name)[model.accounts_of[:14]]
    now = use.use / use.output.sum(axis=0)
    assert verified.sum() > 0
    assert [bool(x) for x in model.fiscal_year._tier_adds[0]] == (steel & (now > 1.5)).tolist()
    assert (amounts(model, "surcharge", FIRST)[steel] > 0).all() and not amounts(model, "surcharge", FIRST)[
        ~steel
    ].any()


def test_without_output_the_step_of_the_year_before_stays() -> None:
    model = run(model_of(fiscal=(TIERS,)))
    progress, fiscal = model.progress[1], model.fiscal_year
    use, dear = progress.uses[-1], np.flatnonzero([bool(x) for x in fiscal._tier_adds[0]])
    use.output[:, dear] = 0.0
    use.use[dear] = 0.0
    fiscal.verify(progress, len(progress.uses) - 1)
    assert len(dear) and all(fiscal._tier_adds[0][row] > 0 for row in dear)
    use.output[:, dear] = 1e9
    fiscal.verify(progress, len(progress.uses) - 1)
    assert not any(fiscal._tier_adds[0][row] for row in dear)


def test_revenue_is_shared_at_the_end_of_each_year(full: RightsMarketModel) -> None:
    shared = [e for e in full.market.events if e.code == "recycled"]
    days = full.calendar.days
    assert {days[e.day].year for e in shared} == {FIRST, FIRST + 1}
    assert all(e.day + 1 == len(days) or days[e.day + 1].year > days[e.day].year for e in shared)
    for year in (FIRST, FIRST + 1):
        parts = {e.note: e.money_fen for e in shared if days[e.day].year == year}
        pot = sum(parts.values())
        assert abs(parts["output_rebate"] - 0.3 * pot) <= 1 and abs(parts["equal"] - 0.1 * pot) <= 1
        assert -amounts(full, "output_rebate", year).sum() == parts["output_rebate"]


def test_a_link_follows_the_outside_price_as_news() -> None:
    model = run(model_of(links=(LINK,)))
    moved = [e.day for e in model.market.events if e.code == "link_trade"]
    assert moved
    used = {2025: 0, 2026: 0}
    for e in model.market.events:
        if e.code == "link_trade" and e.note.startswith("in"):
            used[model.calendar.days[e.day].year] += e.lots
    assert max(used.values()) <= 20_000
    bought = sum(int(p["bought"].sum()) - int(p["sold"].sum()) for p in model.recorder.periods if p["right"] == "CEA")
    assert bought != 0  # what crossed was counted as bought by firms


def test_those_a_sanction_bans_count_on_no_grant() -> None:
    asks, ignores = (MeasureSubsidy(share=Decimal("0.5"), exclude_banned=x) for x in (True, False))
    granted = []
    for rule in (asks, ignores):
        model = run(model_of(fiscal=(rule,)), 1)
        banned = model.operations.measures.firm[0]
        model.authority.sanctions.no_subsidies_to[banned] = FIRST
        granted.append(model.fiscal_year.help_fen()[0])
    mine = model.operations.measures.firm == banned
    assert mine.any() and (~mine).any()
    assert granted[1].all()
    assert np.array_equal(granted[0], np.where(mine, 0, granted[1]))


def test_relief_follows_what_each_firm_discharges_and_abates() -> None:
    given = sectors()
    levels = {"power": ConcentrationSpec(mean=0.7, sigma=0.2), "steel": ConcentrationSpec(mean=0.45, sigma=0.0)}
    people = {code: replace(s, concentration={"SO2": levels[code]}) for code, s in given.items()}
    base = config()
    market = replace(
        base, population=replace(base.population, sectors=people), fiscal=(replace(TAX, concentration={}),)
    )
    model = RightsMarketModel(market, seed=9)
    level = model.firms.concentration
    assert np.isnan(level[:, 0]).all()
    np.testing.assert_allclose(level[model.firms.sector == 1, 1], 0.45)
    assert len(np.unique(level[model.firms.sector == 0, 1])) == (model.firms.sector == 0).sum()
    run(model, 1)
    now = level[:, 1] * (1.0 - model.operations.share[:, 1])
    pays = np.where(now < 0.5, 0.5, np.where(now < 0.7, 0.75, 1.0))
    np.testing.assert_allclose(model.fiscal_year.per_unit[:, 1], 1.2 / 0.95 * pays)
    assert len(set(pays.tolist())) > 1
    # The same firms as without such figures: they are drawn from streams of their own.
    plain = RightsMarketModel(replace(base, fiscal=(TAX,)), seed=9)
    assert np.array_equal(plain.firms.output, model.firms.output)
    assert np.array_equal(plain.firms.curves.a, model.firms.curves.a)
    assert np.isnan(plain.firms.concentration).all()
