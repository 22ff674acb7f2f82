"""The page is complete, safe, and in one language; what is missing in the result is missing on the page."""

import base64
import re
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
from sample_result import make_laboratory, make_result

from experiments.results.kpis import kpi_table
from experiments.results.report import render, write_report
from experiments.results.result import Result
from experiments.results.store import ResultError

MARKET = make_result(1)
KPIS = kpi_table(MARKET)
VOID = {"meta", "img", "br", "hr", "link", "input"}


class Page(HTMLParser):
    """Checks that tags are balanced and gathers what the tests look at."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.words.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module")
def english() -> Page:
    return Page(render(MARKET, "en"))


@pytest.fixture(scope="module")
def chinese() -> Page:
    return Page(render(MARKET, "zh"))


SECTIONS = ["short", "asked", "price", "emissions", "abatement", "network", "holdings", "cost", "compliance",
            "benchmark", "reality", "auctions", "events", "kpis", "provenance"]  # fmt: skip


def test_every_section_is_there_in_order_and_linked(english: Page) -> None:
    anchors = [attrs["id"] for attrs in english.all("h2") if "id" in attrs]
    assert anchors == ["contents", *SECTIONS]
    assert [attrs["href"] for attrs in english.all("a")] == ["#short", *(f"#{anchor}" for anchor in SECTIONS)]


def test_the_language_is_declared_and_kept(english: Page, chinese: Page) -> None:
    assert english.all("html") == [{"lang": "en"}]
    assert chinese.all("html") == [{"lang": "zh-CN"}]
    assert re.search(r"[\u4e00-\u9fff]", english.text) is None
    for label in ("碳排放配额（CEA）", "火力发电", "临期购买", "已核实", "均价", "价格与成交量", "总量"):
        assert label in chinese.text
    for label in ("Mean price", "Who abated", "late buyer", "Power generation", "seen"):
        assert label not in chinese.text


def test_headline_figures_and_reality(english: Page) -> None:
    assert "69.08 CNY/t" in english.text
    assert re.search(r"2023 Volume 212 Mt 61\.7\d? Mt -70\.9 % exchange-2023", english.text)


def test_figures_have_words_and_tables_have_headers(english: Page) -> None:
    images = english.all("img")
    assert len(images) == 9
    assert all(len(image["alt"] or "") > 40 for image in images)
    assert all(attrs.get("scope") in ("col", "row") for attrs in english.all("th"))
    assert len(english.all("caption")) >= 10


def test_nothing_outside_is_loaded(english: Page) -> None:
    assert all((image["src"] or "").startswith("data:image/svg+xml;base64,") for image in english.all("img"))
    assert not {"script", "link", "iframe", "object", "embed"} & {tag for tag, _ in english.tags}
    (policy,) = (attrs["content"] for attrs in english.all("meta") if attrs.get("http-equiv"))
    assert policy == "default-src 'none'; img-src data:; style-src 'unsafe-inline'; font-src data:"
    html = render(make_laboratory())
    assert "http://" not in html
    assert "https://" not in html


def test_equal_results_make_equal_pages() -> None:
    assert render(make_laboratory(), "zh") == render(make_laboratory(), "zh")


HOSTILE = '</title><script>alert(\'x\')</script>" onload="y" $\\frac{ {{ 7*7 }} 𠀀'


def hostile(value):
    """Put the hostile text into every text of a nested value, except the codes that tables refer to."""
    if isinstance(value, dict):
        kept = {"code", "right", "kind", "unit", "deadline", "announce", "period"}
        return {key: item if key in kept else hostile(item) for key, item in value.items()}
    if isinstance(value, list):
        return [hostile(item) for item in value]
    return HOSTILE if isinstance(value, str) else value


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_whatever_a_scenario_says_is_text(lang: str) -> None:
    manifest = hostile(MARKET.manifest) | {"periods": MARKET.manifest["periods"]}
    manifest["scenario"]["rights"]["CEA"] = {f"<b>{HOSTILE}": {HOSTILE: [HOSTILE]}}
    manifest["checks"] = {HOSTILE: False}
    tables = {name: MARKET.tables[name] for name in ("compliance", "firms", "reality", "events")}
    tables["firms"] = tables["firms"].assign(strategy=HOSTILE, name=HOSTILE)
    tables["reality"] = tables["reality"].assign(source=HOSTILE, mark=HOSTILE)
    tables["events"] = tables["events"].assign(code=HOSTILE)
    html = render(Result(manifest, tables), lang)
    page = Page(html)
    assert "<script" not in html.lower()
    assert page.all("b") == []
    assert "{{ 7*7 }}" in page.text
    assert page.text.count("alert('x')") > 10
    assert not any(key.startswith("on") for _, attrs in page.tags for key in attrs)
    for image in page.all("img"):
        svg = base64.b64decode((image["src"] or "").partition(",")[2]).decode()
        assert "<script" not in svg


def test_a_failed_check_and_a_missing_glyph_are_said_first() -> None:
    manifest = {**MARKET.manifest, "checks": {"audit": False}}
    manifest["sectors"] = [{"code": "power", "name": {"en": "𠀀 works", "zh": "𠀀"}, "firms": 3}]
    page = Page(render(Result(manifest, {"compliance": MARKET.tables["compliance"]})))
    assert [attrs["id"] for attrs in page.all("h2") if "id" in attrs][0] == "warnings"
    assert "Do not rely on these results" in page.text
    assert "appear as boxes there: 𠀀" in page.text


def test_a_page_without_warnings_has_no_warning_box(english: Page) -> None:
    assert all(attrs.get("class") != "warning" for attrs in english.all("section"))


@pytest.mark.parametrize("table", sorted(MARKET.tables))
def test_any_table_may_be_missing_or_empty(table: str) -> None:
    Page(render(Result(MARKET.manifest, {table: MARKET.tables[table].iloc[:0]})))


def test_all_tables_may_be_empty() -> None:
    page = Page(render(Result(MARKET.manifest, {name: table.iloc[:0] for name, table in MARKET.tables.items()})))
    assert page.all("img") == []


def test_a_result_of_nothing_is_still_a_page() -> None:
    page = Page(render(Result(MARKET.manifest, {})))
    assert page.all("img") == []
    assert "A made-up province" in page.text


def test_the_laboratory_has_its_own_figures() -> None:
    page = Page(render(make_laboratory(), "en"))
    anchors = [attrs["id"] for attrs in page.all("h2") if "id" in attrs]
    assert anchors == ["contents", "short", "asked", "laboratory", "network", "kpis", "provenance"]
    assert "Allocative efficiency 97 %" in page.text
    assert "values of the buyers, CNY 60.0, 55.0" in page.text


def test_events_of_one_kind_are_summed() -> None:
    events = pd.DataFrame(
        {"date": pd.Timestamp("2022-12-30"), "day": 1, "right": "CEA", "rule": "surrender", "code": "shortfall",
         "quantity": [100.0, 250.0], "money_yuan": [2e4, 3e4]}
    )  # fmt: skip
    page = Page(render(Result(MARKET.manifest, {"events": events})))
    assert "2022 CEA Shortfall at the deadline 2 350 t 50 thousand CNY" in page.text


def test_the_page_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    result = make_laboratory()
    write_report(result, tmp_path / "report.html", "zh")
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == render(result, "zh")
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(ResultError, match=r"report\.html"):
        write_report(result, tmp_path / "file" / "report.html")
    with pytest.raises(ValueError, match="'fr'"):
        write_report(result, tmp_path / "other.html", "fr")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "report.html"]


def test_a_saved_result_makes_the_same_page(tmp_path: Path) -> None:
    result = make_laboratory()
    result.save(tmp_path / "run")
    assert render(Result.load(tmp_path / "run")) == render(result)


def test_many_rights_are_compared_in_one_table_instead_of_cards() -> None:
    manifest = {**MARKET.manifest, "rights": MARKET.manifest["rights"] * 2}
    page = Page(render(Result(manifest, {"benchmark": MARKET.tables["benchmark"].iloc[:0], "kpis": KPIS})))
    assert page.all("dl") == []
    assert "Measure CEA SO2 CEA SO2 Mean price 69.08 CNY/t 3,622 CNY/t" in page.text


def test_rights_with_the_same_rules_share_a_table(english: Page) -> None:
    assert english.text.count("Price limits width: 0.1") == 1
    assert "Rules for Carbon emission allowance (CEA), Sulphur dioxide right (SO2)" in english.text


def test_chinese_text_brings_its_font_along() -> None:
    for lang, fonts in (("en", 0), ("zh", 1)):
        page = render(make_laboratory(), lang)
        assert page.count("@font-face") == fonts
        assert "/* font of the page */" not in page


def test_a_page_names_the_money_of_its_scenario_only() -> None:
    abroad = Result({**MARKET.manifest, "currency": "EUR"}, {k: v for k, v in MARKET.tables.items() if k != "kpis"})
    assert "EUR/t" in set(kpi_table(abroad)["unit"])
    for lang, own, other in (("en", "EUR/t", "CNY"), ("zh", "欧元/吨", "人民币")):
        text = Page(render(abroad, lang)).text
        assert own in text
        assert other not in text
