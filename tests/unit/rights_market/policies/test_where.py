from __future__ import annotations

from rights_market.policies.where import Where


def test_an_empty_block_selects_all() -> None:
    assert Where().selects("power", "class I", 2021)


def test_each_list_narrows_the_block() -> None:
    where = Where(sectors=("power", "heat"), classes=("I",), years=(2021,))
    assert where.selects("heat", "I", 2021)
    assert not where.selects("steel", "I", 2021)
    assert not where.selects("heat", "II", 2021)
    assert not where.selects("heat", "I", 2022)


def test_the_mask_has_one_entry_a_firm() -> None:
    where = Where(sectors=("power",), classes=("I",))
    assert where.mask(["power", "power", "steel"], ["I", "II", "I"], 2021).tolist() == [True, False, False]


def test_blocks_overlap_when_one_firm_and_year_fits_both() -> None:
    assert Where(sectors=("power",)).overlaps(Where(years=(2021,)))
    assert not Where(sectors=("power",)).overlaps(Where(sectors=("steel",)))
    assert not Where(years=(2021,)).overlaps(Where(sectors=("steel",), years=(2022,)))
