"""What credits do to the price of allowances, under the same seeds."""

from decimal import Decimal

import numpy as np
import pytest

from tests.credit_market import credit_model


def mean_price(seed: int, **more) -> float:
    model, prices = credit_model(seed=seed, **more), []
    while model.running:
        model.step()
        prices.append(model.prices_yuan["CEA"])
    return float(np.mean(prices))


@pytest.mark.parametrize("seed", [1, 2, 4])
def test_credits_lower_the_price_of_allowances_and_more_so_the_more_are_accepted(seed: int) -> None:
    without, some = mean_price(seed, share=None), mean_price(seed)
    many = mean_price(seed, share=Decimal("0.1"), lots=3_000_000)
    assert many < some < without
