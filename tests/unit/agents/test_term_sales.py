"""Who sells lots a year to whom, by hand."""

import numpy as np

from agents.term_sales import TermSale, term_sales


def sales(quota, use, worth, saleable=None) -> list[TermSale]:
    quota = np.array(quota)
    saleable = quota if saleable is None else np.array(saleable)
    return list(term_sales(quota, saleable, np.array(use, float), np.array(worth, float)))


def test_the_dearest_need_is_served_by_the_cheapest_lots() -> None:
    """A and B have 5 and 6 to spare beyond a twentieth of their use, C and D lack 3 and 9."""
    found = sales([10, 10, 0, 0], [4, 3, 3, 9], [100, 200, 300, 400])
    assert found == [TermSale(0, 3, 5, 250), TermSale(1, 3, 4, 300), TermSale(1, 2, 2, 250)]


def test_nobody_sells_for_less_than_a_lot_is_worth_to_it() -> None:
    assert sales([10, 0], [4, 3], [300, 300]) == sales([10, 0], [4, 3], [300, 200]) == []


def test_a_firm_that_uses_nothing_sells_all_that_it_can() -> None:
    assert sales([10, 0], [0, 20], [0, 9], saleable=[8, 0]) == [TermSale(0, 1, 8, 5)]
