"""Guessing what the headers of a firms file mean, in Chinese and English."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from experiments.scenarios.unit_factors import unit_in_header

# Words that make a header likely to be a field; the first field that claims a header gets it, in this order.
_WORDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("intensity.CEA", ("碳强度", "碳排放强度", "单位产品碳排放", "carbon intensity", "co2 intensity")),
    ("intensity.ENE", ("能耗强度", "单位产品能耗", "单耗", "energy intensity")),
    ("use.CEA", ("碳排放", "二氧化碳排放", "温室气体排放", "co2", "carbon", "emissions", "emission")),
    ("use.ENE", ("综合能耗", "能源消费", "能耗", "用能", "energy use", "energy consumption", "energy")),
    ("use.SO2", ("二氧化硫", "so2")),
    ("use.NOX", ("氮氧化物", "nox")),
    ("use.COD", ("化学需氧量", "cod")),
    ("use.NH3N", ("氨氮", "nh3-n", "nh3n", "ammonia nitrogen")),
    (
        "name",
        ("企业名称", "单位名称", "公司名称", "名称", "企业", "公司", "firm", "company", "name", "facility", "plant"),
    ),
    ("sector", ("所属行业", "行业类别", "行业", "部门", "sector", "industry", "branch")),
    ("output", ("产品产量", "年产量", "产量", "发电量", "output", "production")),
    ("region", ("设区市", "地市", "地区", "区域", "所在地", "城市", "region", "city", "prefecture", "province")),
    ("group", ("所属集团", "集团", "母公司", "group", "parent")),
    ("cash_yuan", ("货币资金", "资金", "现金", "cash")),
)
_EXACT_ONLY = frozenset({"name", "group", "plant", "cod", "firm", "energy", "carbon"})


def guess(headers: Sequence[str]) -> dict[str, str]:
    """Return field -> header for the headers that look like a field.

    Examples
    --------
    >>> guess(["企业名称", "所属行业", "产量（万吨）", "二氧化硫排放量_kg"])
    {'use.SO2': '二氧化硫排放量_kg', 'name': '企业名称', 'sector': '所属行业', 'output': '产量（万吨）'}
    """
    found: dict[str, str] = {}
    for field, words in _WORDS:
        free = [h for h in headers if h and h not in found.values() and headers.count(h) == 1]
        match = next((h for word in words for h in free if _means(h, word)), None)
        if match is not None and not (field.startswith("use.") and f"intensity.{field[4:]}" in found):
            found[field] = match
    return found


def _means(header: str, word: str) -> bool:
    text = unicodedata.normalize("NFKC", header).casefold().strip()
    unit = unit_in_header(header)
    if unit is not None:
        text = text[: text.rfind(unicodedata.normalize("NFKC", unit).casefold())].rstrip("(_[ ,:")
    return text == word or (word not in _EXACT_ONLY and word in text)
