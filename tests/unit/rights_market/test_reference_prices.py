"""Reference prices apart from the market: bands around them and where they go overnight."""

import pytest

from rights_market.errors import ExchangeError
from rights_market.exchange.limits import Limits
from rights_market.policies.trading import PriceBand
from rights_market.reference_prices import ReferencePrices
from tests.compliance_market import rule_book

BANDED = rule_book(opening_price_ticks=5000, band=PriceBand(first_day="none"))
FREE = rule_book(opening_price_ticks=600, band=None)


def prices_of(*books):
    limits = Limits([book.right.max_price_ticks for book in books])
    return ReferencePrices(books, limits), limits


def test_a_band_needs_a_rule_and_a_close():
    prices, limits = prices_of(BANDED, FREE)
    band, allowed = prices.set_band(0)
    assert (band.kind, allowed.code) == ("price_band", "no_band")
    assert prices.set_band(1) is None
    assert limits.band_high.tolist() == [BANDED.right.max_price_ticks, FREE.right.max_price_ticks]
    for i in (0, 1):
        prices.move(i, 5200, 3, 0, 0)
    assert prices.price_ticks.tolist() == [5200, 5200]
    assert prices.set_band(0)[1].code == ""
    assert (limits.band_low[0], limits.band_high[0]) == (4680, 5720)
    assert prices.set_band(1) is None


@pytest.mark.parametrize(
    ("bid", "ask", "reference"), [(5500, 0, 5500), (0, 4500, 4500), (5500, 5500, 5000), (5499, 0, 5000), (0, 0, 5000)]
)
def test_it_follows_the_side_that_waits_alone_at_the_limit(bid, ask, reference):
    prices, _ = prices_of(rule_book(opening_price_ticks=5000, band=PriceBand()))
    prices.set_band(0)
    prices.move(0, 5000, 0, bid, ask)
    assert prices.price_ticks.tolist() == [reference]


def test_guide_and_carried_prices_begin_anew_or_go_on():
    prices, limits = prices_of(BANDED, BANDED)
    prices.move(0, 5200, 3, 0, 0)
    prices.carry(0, 1)
    assert prices.set_band(1)[1].code == ""
    prices.begin_at(1, 8000)
    assert prices.set_band(1)[1].code == "no_band"
    assert prices.price_ticks.tolist() == [5200, 8000]
    prices.check_guide(1, BANDED.right.max_price_ticks)
    with pytest.raises(ExchangeError, match="guide price of 0 ticks"):
        prices.check_guide(1, 0)
    saved = prices.state()
    other, other_limits = prices_of(BANDED, BANDED)
    other.restore(saved)
    assert other_limits.band_low.tolist() == limits.band_low.tolist()
    prices.move(0, 1, 1, 0, 0)
    assert other.price_ticks.tolist() == [5200, 8000]
    assert [other.set_band(i)[1].code for i in (0, 1)] == ["", "no_band"]
