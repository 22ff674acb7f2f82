"""The generated pages in docs/reference say what the code says now."""

import pytest

from scripts.reference import FOLDER, PAGES, main


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_up_to_date(name: str) -> None:
    written = (FOLDER / name).read_text(encoding="utf-8")
    assert written == PAGES[name](), "run `make docs` and commit the page"


def test_pages_are_written_where_they_are_looked_for(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("scripts.reference.FOLDER", tmp_path / "reference")
    main()
    assert sorted(p.name for p in (tmp_path / "reference").iterdir()) == sorted(PAGES)
