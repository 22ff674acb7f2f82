"""Runs of a small market with each kind of auction and each reserve: the rule acts, is seen, and the books add up."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from agents.snapshot import load, save
from agents.spec import InstitutionSpec
from experiments.studies.tables import AUCTION_COLUMNS
from experiments.studies.tables import auctions as auction_table
from rights_market.policies.allocation import Grandfathering, Where
from rights_market.policies.auction import (
    AscendingClock,
    AuctionLimits,
    Consignment,
    DescendingClock,
    ForwardVintages,
    PayAsBid,
    PricePath,
    SealedUniform,
)
from rights_market.policies.cap import AbsolutePath
from rights_market.policies.stability import (
    CostContainmentReserve,
    EmissionsContainmentReserve,
    MarketStabilityReserve,
    PriceIndexedSupply,
    PriceTriggerRelease,
    ReserveTier,
    Size,
    TieredPriceReserve,
)
from tests.auction_market import DAYS, FIRST, QUARTERLY, RESERVE, auctions, events, market, rules, run


def tier(ticks: int, lots: int, growth: str = "0") -> ReserveTier:
    return ReserveTier(trigger=PricePath(r0=ticks, start_year=FIRST, growth=Decimal(growth)), size=Size(lots=lots))


KINDS = (
    SealedUniform(schedule=QUARTERLY, reserve=RESERVE),
    PayAsBid(schedule=QUARTERLY, reserve=RESERVE),
    AscendingClock(schedule=QUARTERLY, reserve=RESERVE, step=20, max_rounds=1000),
    DescendingClock(schedule=QUARTERLY, reserve=RESERVE, start=20_000, step=20),
)


@pytest.mark.parametrize("auction", KINDS, ids=lambda a: a.kind)
def test_a_market_runs_with_each_kind_of_auction(auction) -> None:
    model = run(market(rules(auction=auction)))
    table = auction_table(model)
    assert list(table.columns) == AUCTION_COLUMNS and len(table) == 8
    assert set(table["kind"]) == {auction.kind}
    sold = table[table["sold"] > 0]
    assert len(sold) == 8 and (sold["price"] >= RESERVE / 100).all()
    assert (sold["lowest"] <= sold["mean"] + 1e-9).all() and (sold["mean"] <= sold["highest"] + 1e-9).all()
    has_one_price = auction.kind in ("sealed_uniform", "ascending_clock")
    assert (sold["lowest"] == sold["highest"]).all() == has_one_price
    assert np.allclose(sold["mean"] * sold["sold"], sold["revenue_yuan"])
    if has_one_price:
        assert np.allclose(sold["price"], sold["mean"])


def test_limits_keep_large_bidders_down() -> None:
    limits = AuctionLimits(purchase_share={"cheap": Decimal("0.05"), "other": Decimal("0.25")})
    model = run(market(rules(auction=SealedUniform(schedule=QUARTERLY, reserve=RESERVE, limits=limits))))
    assert {e.note for e in events(model, "bid_trimmed")} == {"purchase"}
    free, limited = run(market(rules())), model
    cheap = model.accounts_of[:6]
    bought = [m.market.registry.journal.table() for m in (free, limited)]
    day = auctions(model)[0]["day"]
    first = [
        int(t["lots"][np.isin(t["counterparty"], cheap) & (t["day"] == day) & (t["account"] == 0)].sum())
        for t in bought
    ]
    assert first[1] <= 6 * (auctions(limited)[0]["offered"] // 20) and first[0] > first[1]


def test_trigger_prices_of_a_containment_reserve_rise_by_chained_cents() -> None:
    """RGGI's 7 % a year on 60.01: 64.21 (of 64.2107) in the second year; a reserve that is not used up sells at it."""
    rule = CostContainmentReserve(tiers=(tier(6001, 3000, "0.07"),))
    model = run(market(rules(stability=(rule,)), seed=6))
    released = [(r["day"] // DAYS, r["price_ticks"], r["released"]) for r in auctions(model) if r["released"]]
    assert {year for year, *_ in released} == {0, 1}
    assert {(year, price) for year, price, _ in released} == {(0, 6001), (1, 6421)}
    given = sum(lots for _, _, lots in released)
    assert model.market.registry.total("issued").sum() == 2 * 9000 + given - unsold(model)


def unsold(model) -> int:
    return model.authority.supplies["CEA"].volumes.plan.unsold


def test_an_emissions_containment_reserve_cancels_what_nobody_wants() -> None:
    rule = EmissionsContainmentReserve(trigger=PricePath(r0=4600, start_year=FIRST), size=Size(lots=1500))
    model = run(market(rules(cap=11_500, stability=(rule,))))
    withheld = sum(r["withheld"] for r in auctions(model))
    assert 0 < withheld <= 3000
    assert model.market.registry.total("cancelled").sum() == withheld
    assert sum(e.lots for e in events(model, "ecr_withheld")) == withheld
    left = {0: 1500, 1: 1500}
    for row in auctions(model):
        year = row["day"] // DAYS
        left[year] -= row["withheld"]
        if row["withheld"] and row["code"] == "auction_cleared":
            assert row["price_ticks"] == 4600 if left[year] else row["price_ticks"] < 4600
    assert min(left.values()) >= 0


def test_a_tiered_reserve_sells_after_auctions_and_before_the_deadline() -> None:
    ceiling = PricePath(r0=12_000, start_year=FIRST)
    rule = TieredPriceReserve(tiers=(tier(4000, 300), tier(6000, 300)), ceiling=ceiling)
    model = run(market(rules(cap=8500, stability=(rule,))))
    sales = [r for r in auctions(model) if r["kind"] == "tiered_price_reserve"]
    assert {r["price_ticks"] for r in sales if r["sold"]} >= {4000, 6000}
    tiers = sum(r["sold"] for r in sales if r["code"] == "reserve_sale")
    at_ceiling = sum(r["sold"] for r in sales if r["code"] == "ceiling_sale")
    assert tiers == 600 and at_ceiling > 0
    assert sum(e.lots for e in events(model, "ceiling_sale")) == at_ceiling
    assert model.market.registry.total("issued").sum() == 2 * 8500 - unsold(model) + at_ceiling
    assert "reserve_sale" in set(auction_table(model)["code"])


SURPLUS = AbsolutePath(table={FIRST: 14_500, FIRST + 1: 9500, FIRST + 2: 9000, FIRST + 3: 8500})
GIVEN = (
    Grandfathering(base_years=(FIRST - 1,), total=13_000, where=Where(years=(FIRST,))),
    Grandfathering(base_years=(FIRST - 1,), total=3000, where=Where(years=(FIRST + 1, FIRST + 2, FIRST + 3))),
)
MSR = MarketStabilityReserve(
    upper=800, lower=300, buffer_top=1200, rate=Decimal("0.24"), release=300, early_release=300, hold_at_most=100
)


def surplus(**more):
    """Four years, of which the first gives far too much."""
    low = SealedUniform(schedule=QUARTERLY, reserve=100)
    return replace(rules(cap=99_999, years=4, allocation=GIVEN, auction=low, **more), cap=SURPLUS)


def test_the_stability_reserve_takes_a_surplus_in_and_gives_it_back() -> None:
    model = run(market(surplus(stability=(MSR,))))
    published = [e.lots for e in events(model, "circulation_published")]
    assert len(published) == 3 and published[0] > 1200 and min(published) < 300
    (intake,) = [e.lots for e in events(model, "msr_intake")]
    assert intake == (24 * published[0] + 50) // 100
    lost = sum(e.lots for e in events(model, "msr_invalidated"))
    cut = sum(e.lots for e in events(model, "supply_adjusted") if e.note == "cut")
    back = sum(r["released"] for r in auctions(model))
    pot = model.authority.supplies["CEA"].reserves.stability.pot
    assert cut == intake and pot.lots == intake - lost - back
    assert model.market.registry.total("cancelled").sum() == lost > 0


def test_what_a_reserve_holds_is_not_in_the_market() -> None:
    """The table of days counts units outside the government's accounts."""
    model = run(market(surplus(stability=(replace(MSR, start_fill=5000, hold_at_most=9000),))))
    registry, kinds = model.market.registry, model.market.accounts.kinds
    outside = registry.outstanding.sum() - registry.free[:, kinds == 0].sum()
    assert model.recorder.days[-1][0][6] == outside
    assert registry.free[:, kinds == 0].sum() >= 5000 - 600


def test_supply_follows_the_price_in_a_run() -> None:
    rule = PriceIndexedSupply(target=4400, elasticity=Decimal(1), window=6, start_fill=500)
    given = (Grandfathering(base_years=(FIRST - 1,), total=6000, where=Where(sectors=("cheap",))),)
    model = run(market(rules(allocation=given, stability=(rule,))))
    adjusted = [(e.note, e.lots) for e in events(model, "supply_adjusted")]
    assert {note for note, _ in adjusted} == {"added", "cut"}
    cut = sum(lots for note, lots in adjusted if note == "cut")
    used = sum(r["released"] for r in auctions(model))
    assert model.authority.supplies["CEA"].reserves.indexed.lots == 500 + cut - used


def test_a_price_trigger_brings_next_years_lots_forward() -> None:
    """Caps that fall by a third after two years make prices rise; one month is compared with the six before."""
    caps = AbsolutePath(table={FIRST: 11_000, FIRST + 1: 10_500, FIRST + 2: 7500, FIRST + 3: 7500})
    given = (Grandfathering(base_years=(FIRST - 1,), total=5000, where=Where(sectors=("cheap",))),)
    rule = PriceTriggerRelease(short=1, long=6, multiple=Decimal("1.02"), qty=400, source="next_year", spread=6)
    model = run(market(replace(rules(cap=99_999, years=4, allocation=given, stability=(rule,)), cap=caps)))
    assert events(model, "price_trigger")
    notes = {e.note for e in events(model, "supply_adjusted")}
    assert notes == {"added", "cut"}
    added = sum(r["released"] for r in auctions(model))
    cut = sum(e.lots for e in events(model, "supply_adjusted") if e.note == "cut")
    assert 0 < added <= 400 * len(events(model, "price_trigger")) and cut > 0


def test_consigned_lots_come_back_as_money_or_as_lots() -> None:
    model = run(market(rules(free=5000, consignment=Consignment(share=Decimal("0.5")))))
    consigned = sum(e.lots for e in events(model, "consigned"))
    sold = sum(r["consigned_sold"] for r in auctions(model))
    returned = sum(e.lots for e in events(model, "consign_returned"))
    assert consigned > 4900 and sold + returned == consigned
    assert (
        sum(e.money_fen for e in events(model, "consign_paid")) == sum(r["consignors_fen"] for r in auctions(model)) > 0
    )
    assert model.market.registry.free[:, 1].sum() == 0


def test_firms_buy_next_years_units_in_advance_at_a_discount() -> None:
    model = run(market(rules(forward_vintages=ForwardVintages(ahead=1, advance_share=Decimal("0.1")))))
    first_year = [r for r in auctions(model) if r["day"] < DAYS]
    own, later = ([r for r in first_year if r["vintage"] == y] for y in (FIRST, FIRST + 1))
    assert [r["offered"] for r in later] == [225] * 4 and sum(r["sold"] for r in later) > 500
    value = {r["day"]: r["price_ticks"] for r in own}
    assert later[0]["price_ticks"] < 1.06 * value[later[0]["day"]]
    assert sum(r["sold"] for r in auctions(model)) + unsold(model) == 2 * 6000


def test_a_run_with_all_reserves_can_be_saved_and_continued(tmp_path) -> None:
    book = surplus(
        stability=(
            MSR,
            CostContainmentReserve(tiers=(tier(6000, 200),)),
            TieredPriceReserve(tiers=(tier(8000, 100),)),
            PriceIndexedSupply(target=4000, start_fill=100),
            PriceTriggerRelease(short=1, long=6, multiple=Decimal("1.1"), qty=100, source="msr", decision="authority"),
        ),
        consignment=Consignment(share=Decimal("0.2")),
    )
    model = market(book)
    for _ in range(2 * DAYS - 2):
        model.step()
    save(model, tmp_path / "x")
    again = load(model.config, tmp_path / "x")
    for m in (model, again):
        run(m)
    assert auctions(again) == auctions(model)
    assert [(e.day, e.code, e.lots) for e in again.authority.events] == [
        (e.day, e.code, e.lots) for e in model.authority.events
    ]
    assert (again.market.registry.free == model.market.registry.free).all()


def test_lots_delivered_later_and_bidders_without_a_duty(tmp_path) -> None:
    """Two trading days lie between auction and delivery; a speculator and a market maker bid beside the firms."""
    terms = SealedUniform(
        schedule=QUARTERLY, reserve=RESERVE, delivery_days=2, eligible="all",
        limits=AuctionLimits(purchase_share={"institution": Decimal("0.1")}, guarantee=Decimal("0.2")),
    )  # fmt: skip
    institutions = [
        InstitutionSpec("fundamental", 1, 1e6, position_limit=2000.0),
        InstitutionSpec("market_maker", 1, 1e6, position_limit=2000.0),
    ]
    model = market(rules(auction=terms), seed=6, institutions=institutions)
    deliveries = model.authority.supplies["CEA"].auctions.deliveries
    while not deliveries.awaited_lots(FIRST)[model.accounts_of[-2:]].any():
        model.step()
    row, awaited = auctions(model)[-1], deliveries.awaited_lots(FIRST)
    assert awaited.sum() == row["sold"] > 0 and model.market.registry.cash_frozen.sum() > 0
    assert 0 < awaited[model.accounts_of[-2:]].max() <= row["offered"] // 10
    save(model, tmp_path / "x")
    again = load(model.config, tmp_path / "x")
    for m in (model, again):
        run(m)
    assert auctions(again) == auctions(model)
    assert not deliveries.waiting and not model.market.registry.cash_frozen.any()
    delivered = {e.day for e in events(model, "auction_delivered")}
    assert delivered == {r["day"] + 2 for r in auctions(model) if r["sold"]}
    assert not events(model, "payment_failed")
    sold = {y: sum(r["sold"] for r in auctions(model) if r["vintage"] == y) for y in (FIRST, FIRST + 1)}
    assert all(model.authority.supplies["CEA"].auctions.sold_lots(y) == lots > 0 for y, lots in sold.items())
