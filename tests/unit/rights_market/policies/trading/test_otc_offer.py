"""Numbers of the rule for offers over the counter."""

from decimal import Decimal

import pytest

from rights_market.errors import PolicyError
from rights_market.policies.trading import OtcOffer


def test_the_band_stands_around_the_previous_close() -> None:
    assert OtcOffer(band=Decimal("0.3")).range(6000)[:2] == (4200, 7800)
    assert OtcOffer().range(6000, max_price_ticks=9000)[:2] == (1, 9000)


@pytest.mark.parametrize(
    ("field", "value"), [("expiry", 0), ("band", Decimal(2)), ("counter", -1), ("publish_delay", -1)]
)
def test_numbers_out_of_range_are_refused(field: str, value: object) -> None:
    with pytest.raises(PolicyError, match=field):
        OtcOffer(**{field: value})
