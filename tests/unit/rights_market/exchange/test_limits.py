from __future__ import annotations

import pytest

from rights_market.errors import ExchangeError
from rights_market.exchange.charges import Charge
from rights_market.exchange.limits import Limits


def test_at_first_every_price_is_allowed_and_nothing_is_charged() -> None:
    limits = Limits([200, 90])
    assert len(limits) == 2
    assert (limits.band_low.tolist(), limits.band_high.tolist()) == ([1, 1], [200, 90])
    assert not (limits.buyer_ppm.any() or limits.seller_ppm.any() or limits.lock_bought.any())


def test_a_holder_of_the_arrays_sees_later_changes() -> None:
    limits = Limits([200, 90])
    low, high, buyer, seller, lock = (
        limits.band_low,
        limits.band_high,
        limits.buyer_ppm,
        limits.seller_ppm,
        limits.lock_bought,
    )
    limits.set_band(1, 40, 60)
    limits.charges.set(0, "book", Charge(3000, 2000))
    limits.set_resale_ban(1, True)
    assert (low.tolist(), high.tolist()) == ([1, 40], [200, 60])
    assert (buyer.tolist(), seller.tolist(), lock.tolist()) == ([3000, 0], [2000, 0], [0, 1])
    limits.lift_band(1)
    limits.set_resale_ban(1, False)
    assert (low.tolist(), high.tolist(), lock.tolist()) == ([1, 1], [200, 90], [0, 0])


def test_the_arrays_cannot_be_written_by_others() -> None:
    with pytest.raises(ValueError, match="read-only"):
        Limits([200]).band_low[0] = 5


@pytest.mark.parametrize(("low", "high"), [(0, 5), (6, 5), (1, 201)])
def test_a_band_beyond_what_can_be_quoted_is_refused(low: int, high: int) -> None:
    with pytest.raises(ExchangeError, match=f"band {low} to {high} of instrument 0 must lie within 1 to 200"):
        Limits([200]).set_band(0, low, high)


@pytest.mark.parametrize("instrument", [-1, 1])
def test_an_unknown_instrument_is_refused(instrument: int) -> None:
    limits = Limits([200])
    for change in (
        lambda: limits.set_band(instrument, 1, 2),
        lambda: limits.lift_band(instrument),
        lambda: limits.charges.set(instrument, "book", Charge()),
        lambda: limits.set_resale_ban(instrument, True),
    ):
        with pytest.raises(ExchangeError, match=f"no instrument {instrument}"):
            change()


def test_an_instrument_without_a_price_is_refused() -> None:
    with pytest.raises(ExchangeError, match="max_price_ticks"):
        Limits([200, 0])
