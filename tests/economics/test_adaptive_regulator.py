"""What an authority that adapts its rules does to a market: the same firms and shocks, with it and without."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from agents.config import MarketConfig, small_market
from agents.model import RightsMarketModel
from rights_market.policies.banking import NetSales
from rights_market.policies.feedback import FeedbackRule
from rights_market.policies.mrv import Audit, FalseDataFine, SelfReport
from tests.banking_market import closes, column, exceeds_zero, mean_price, runs, summed, years

SEEDS = range(4)
Floats = npt.NDArray[np.float64]


def market(firms: int, tightness: float, length: int, **rules: Any) -> MarketConfig:
    config = replace(small_market(firms, tightness, length, 30), batches_per_day=2)
    return replace(config, rule_books=(replace(config.rule_books[0], **rules),))


def announced(model: RightsMarketModel) -> list[int]:
    """Days on which the authority announced that it moves a number."""
    return [e.day for e in model.market.events if e.code == "rule_announced"]


# -- audits

AUDITS = FeedbackRule(
    watch="false_report_share",
    field="audit.share",
    low=Decimal("0.01"),
    if_low=Decimal("-0.02"),
    high=Decimal("0.1"),
    if_high=Decimal("0.1"),
    minimum=Decimal("0.05"),
    maximum=Decimal("0.6"),
    review="publish",
    notice=1,
)


@pytest.fixture(scope="module")
def audited() -> tuple[list[RightsMarketModel], list[RightsMarketModel]]:
    """Six years in which one firm of twenty is audited at first: with an authority that adapts, and without."""
    audit = Audit(share=Decimal("0.05"), fine=FalseDataFine(multiple=Decimal(3), gain_threshold=0))

    def six_years(*regulator: FeedbackRule) -> list[RightsMarketModel]:
        return runs(market(20, 0.04, 6, reporting=SelfReport(), audit=audit, regulator=regulator), SEEDS)

    return six_years(AUDITS), six_years()


def left_out(model: RightsMarketModel) -> list[float]:
    """Share of measured use that firms left out of their reports, by period."""
    files = model.authority.monitoring.files.values()
    return [float((f.measured - f.reported).sum() / f.measured.sum()) for f in files]


def test_audits_rise_until_hardly_anybody_hides_anything(
    audited: tuple[list[RightsMarketModel], list[RightsMarketModel]],
) -> None:
    adaptive, fixed = audited
    for model in adaptive:
        shares = [float(book.audit.share) for book in model.authority.rules("CEA").books if book.audit is not None]
        top = int(np.argmax(shares))
        assert shares[: top + 1] == sorted(shares[: top + 1])
        assert 0.3 < shares[top] <= 0.6
        assert left_out(model)[0] > 0.29 and left_out(model)[-1] < 0.01
    for model in fixed:
        assert len(model.authority.rules("CEA").books) == 1
        assert min(left_out(model)) > 0.2


def test_audits_fall_again_once_they_find_nothing(
    audited: tuple[list[RightsMarketModel], list[RightsMarketModel]],
) -> None:
    for model in audited[0]:
        shares = [book.audit.share for book in model.authority.rules("CEA").books if book.audit is not None]
        assert shares[-1] < max(shares)


def test_where_audits_rise_units_are_dearer(audited: tuple[list[RightsMarketModel], list[RightsMarketModel]]) -> None:
    """What cannot be hidden has to be covered, and what is verified is in the public outlook."""
    adaptive, fixed = audited
    last = [[column(m, "fundamental")[years(m)[-1]].mean() for m in models] for models in (adaptive, fixed)]
    assert exceeds_zero(np.subtract(*last))


# -- the bank

TIGHTENS = FeedbackRule(
    watch="bank_share",
    field="allocation.0.cut",
    high=Decimal("0.05"),
    if_high=Decimal("0.01"),
    minimum=Decimal("0"),
    maximum=Decimal("0.08"),
    notice=1,
)


@pytest.fixture(scope="module")
def banked() -> tuple[list[RightsMarketModel], list[RightsMarketModel]]:
    """Five loose years in which a bank grows: with an authority that tightens the allocation after it, and without."""
    return runs(market(30, 0.01, 5, regulator=(TIGHTENS,)), SEEDS), runs(market(30, 0.01, 5), SEEDS)


def test_a_large_bank_tightens_the_allocation(
    banked: tuple[list[RightsMarketModel], list[RightsMarketModel]],
) -> None:
    adaptive, fixed = banked
    assert all(announced(m) for m in adaptive)
    given = [[summed(m, "allocation")[-1] for m in models] for models in banked]
    assert exceeds_zero(np.subtract(given[1], given[0]))
    bank = [[summed(m, "holdings_after")[-1] / summed(m, "duty")[-1] for m in models] for models in banked]
    assert exceeds_zero(np.subtract(bank[1], bank[0]))


def test_the_price_is_higher_than_without(banked: tuple[list[RightsMarketModel], list[RightsMarketModel]]) -> None:
    price = [[mean_price(m)[-1] for m in models] for models in banked]
    assert exceeds_zero(np.log(price[0]) - np.log(price[1]))


def test_nobody_foresees_what_the_authority_will_do(
    banked: tuple[list[RightsMarketModel], list[RightsMarketModel]],
) -> None:
    """To the last bit the same prices until the first announcement, and others afterwards."""
    for adaptive, fixed in zip(*banked, strict=True):
        told = announced(adaptive)[0]
        ours, theirs = closes(adaptive), closes(fixed)
        assert ours[: told + 1].tobytes() == theirs[: told + 1].tobytes()
        assert ours[told + 1 :].tobytes() != theirs[told + 1 :].tobytes()


# -- carry-over

CARRIES = FeedbackRule(
    watch="bank_share",
    field="banking.factor",
    high=Decimal("0.02"),
    if_high=Decimal("-1"),
    minimum=Decimal("0"),
    maximum=Decimal("3"),
    notice=1,
)


def test_a_carry_over_factor_that_falls_with_the_bank_lets_more_lapse() -> None:
    """Firms sell more as less may be kept, but what nobody needs lapses."""
    carry = NetSales(base=1000, factor=Decimal(3))
    adaptive, fixed = (runs(market(30, 0.01, 4, banking=carry, regulator=rules), SEEDS) for rules in ((CARRIES,), ()))
    for model in adaptive:
        factors = [getattr(book.banking, "factor", None) for book in model.authority.rules("CEA").books]
        assert factors == [3 - k for k in range(len(factors))] and len(factors) > 1

    def lapsed(models: list[RightsMarketModel]) -> Floats:
        return np.array([float(m.market.registry.total("expired").sum()) for m in models])

    assert exceeds_zero(lapsed(adaptive) - lapsed(fixed))
