"""A result survives the disk unchanged, and what interrupts its writing leaves nothing half-done."""

import errno
import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from experiments.results import store
from experiments.results.result import Result, plain
from experiments.results.store import ResultError


def small(value: float = 1.5) -> Result:
    prices = pd.DataFrame(
        {
            "date": pd.to_datetime(["2024-01-02", "2024-01-03"]),
            "right": ["CEA", "CEA"],
            "volume": np.array([7, 0], dtype=np.int64),
            "close": [value, np.nan],
        }
    )
    return Result({"format": 1, "title": {"en": "Demo", "zh": "示例"}}, {"prices": prices, "trades": prices.iloc[:0]})


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_round_trip_keeps_values_types_and_empty_tables(tmp_path: Path) -> None:
    result = small()
    result.save(tmp_path / "run")
    again = Result.load(tmp_path / "run")
    assert again.manifest == result.manifest
    assert set(again.tables) == {"prices", "trades"}
    for name, table in result.tables.items():
        pd.testing.assert_frame_equal(again.tables[name], table)


def test_equal_results_are_equal_bytes(tmp_path: Path) -> None:
    small().save(tmp_path / "a")
    Result.load(tmp_path / "a").save(tmp_path / "b")
    assert files(tmp_path / "a") == files(tmp_path / "b")
    small(1.25).save(tmp_path / "c")
    assert files(tmp_path / "a")["prices.parquet"] != files(tmp_path / "c")["prices.parquet"]


def test_the_manifest_is_readable_and_lists_the_files(tmp_path: Path) -> None:
    small().save(tmp_path / "run")
    text = (tmp_path / "run" / "manifest.json").read_text(encoding="utf-8")
    assert "示例" in text
    assert set(json.loads(text)["files"]) == {"prices.parquet", "trades.parquet"}


def test_an_existing_folder_is_never_overwritten_unasked(tmp_path: Path) -> None:
    small().save(tmp_path / "run")
    before = files(tmp_path / "run")
    with pytest.raises(ResultError, match="exists already"):
        small(9).save(tmp_path / "run")
    assert files(tmp_path / "run") == before


def test_overwriting_replaces_the_whole_folder(tmp_path: Path) -> None:
    small().save(tmp_path / "run")
    (tmp_path / "run" / "report.html").write_text("old", encoding="utf-8")
    small(9).save(tmp_path / "run", overwrite=True)
    assert Result.load(tmp_path / "run").tables["prices"].close[0] == 9
    assert not (tmp_path / "run" / "report.html").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_a_folder_that_is_no_result_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "dear.txt").write_text("keep", encoding="utf-8")
    with pytest.raises(ResultError, match="not a result"):
        small().save(tmp_path / "letters", overwrite=True)
    assert (tmp_path / "letters" / "dear.txt").read_text(encoding="utf-8") == "keep"


@pytest.mark.parametrize("fails_at", ["prices.parquet", "trades.parquet", "manifest.json"])
@pytest.mark.parametrize("older", [False, True])
@pytest.mark.parametrize(
    ("stop", "seen"),
    [(OSError(errno.ENOSPC, "No space left on device"), ResultError), (KeyboardInterrupt(), KeyboardInterrupt)],
)
def test_a_stop_while_writing_leaves_nothing_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails_at: str, older: bool, stop: BaseException, seen: type
) -> None:
    if older:
        small().save(tmp_path / "run")
    before = files(tmp_path / "run") if older else None
    honest = store._write_bytes

    def write(path: Path, data: bytes) -> None:
        if path.name == fails_at:
            path.write_bytes(data[: len(data) // 2])
            raise stop
        honest(path, data)

    monkeypatch.setattr(store, "_write_bytes", write)
    with pytest.raises(seen) as caught:
        small(9).save(tmp_path / "run", overwrite=True)
    if seen is ResultError:
        assert "run: No space left on device" in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == (["run"] if older else [])
    if older:
        assert files(tmp_path / "run") == before


@pytest.mark.parametrize("stop", [OSError(errno.EIO, "Input/output error"), KeyboardInterrupt()])
def test_the_older_result_comes_back_if_the_last_rename_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop: BaseException
) -> None:
    small().save(tmp_path / "run")
    before = files(tmp_path / "run")
    honest = store.os.rename

    def rename(source: Path, target: Path) -> None:
        if ".draft-" in Path(source).name:
            raise stop
        honest(source, target)

    monkeypatch.setattr(store.os, "rename", rename)
    with pytest.raises((ResultError, KeyboardInterrupt)):
        small(9).save(tmp_path / "run", overwrite=True)
    assert files(tmp_path / "run") == before
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_a_file_is_replaced_in_full_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store.write_file(tmp_path / "report.html", b"first")
    store.write_file(tmp_path / "report.html", b"second")
    assert files(tmp_path) == {"report.html": b"second"}

    def full(path: Path, data: bytes) -> None:
        path.write_bytes(data[:2])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(store, "_write_bytes", full)
    with pytest.raises(ResultError, match="No space left"):
        store.write_file(tmp_path / "report.html", b"third")
    assert files(tmp_path) == {"report.html": b"second"}


def test_a_changed_or_missing_table_is_refused(tmp_path: Path) -> None:
    small().save(tmp_path / "run")
    path = tmp_path / "run" / "prices.parquet"
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(ResultError, match="SHA-256"):
        Result.load(tmp_path / "run")
    path.unlink()
    with pytest.raises(ResultError, match="prices.parquet"):
        Result.load(tmp_path / "run")


def test_a_manifest_cannot_name_files_elsewhere(tmp_path: Path) -> None:
    small().save(tmp_path / "run")
    path = tmp_path / "run" / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    manifest["files"] = {"../other.parquet": {"sha256": ""}}
    path.write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(ResultError, match="not the name of a table"):
        Result.load(tmp_path / "run")


@pytest.mark.parametrize("text", [None, "{", "[]", "{}"])
def test_what_is_no_result_is_said_clearly(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "manifest.json").write_text(text, encoding="utf-8")
    with pytest.raises(ResultError, match="manifest.json"):
        Result.load(tmp_path)


def test_a_table_that_parquet_cannot_hold_is_named(tmp_path: Path) -> None:
    mixed = pd.DataFrame({"value": [1, "two", 3.0]}, dtype=object)
    with pytest.raises(ResultError, match="table `kpis`"):
        Result({"format": 1}, {"kpis": mixed}).save(tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        ({}, "format None"),
        ({"format": 2}, "format 2"),
        ({"format": 1, "files": {}}, "kept for the list"),
        ({"format": 1, "duration_s": {"total": float("nan")}}, "manifest.duration_s.total is nan"),
        ({"format": 1, "notes": [{1, 2}]}, r"manifest.notes\[0\] is a set"),
    ],
)
def test_a_manifest_that_cannot_be_stored_is_refused(manifest: dict, message: str) -> None:
    with pytest.raises(ResultError, match=message):
        Result(manifest, {})


def test_an_index_that_would_be_lost_is_refused() -> None:
    table = pd.DataFrame({"a": [1, 2]}, index=[3, 4])
    with pytest.raises(ResultError, match="index"):
        Result({"format": 1}, {"prices": table})


def test_plain_values() -> None:
    assert plain({1: np.int64(3), "share": Decimal("0.1"), "lot": Decimal("1.0"), "day": date(2024, 2, 29)}) == {
        "1": 3,
        "share": 0.1,
        "lot": 1,
        "day": "2024-02-29",
    }
