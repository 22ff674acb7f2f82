"""How a result lies on disk: a folder that is complete or not there at all.

A folder is written beside its place under a hidden name, forced to disk, and renamed.  What stops the writing half-way
(a full disk, Ctrl-C) therefore leaves the old folder as it was and nothing new.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

MANIFEST = "manifest.json"
COMPRESSION = "zstd"


class ResultError(Exception):
    """A result that cannot be made, written or read; the message names the file and the reason."""


def manifest_bytes(manifest: Mapping[str, Any]) -> bytes:
    """Return a manifest as UTF-8 JSON, keys in the order given: a rule book is read in the order it was written."""
    return (json.dumps(manifest, ensure_ascii=False, indent=1, allow_nan=False) + "\n").encode()


def table_bytes(name: str, table: pd.DataFrame) -> bytes:
    """Return a table as a Parquet file; equal tables give equal bytes.

    Raises
    ------
    ResultError
        If a column holds values that Parquet cannot store together, such as numbers among words.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    try:
        pq.write_table(pa.Table.from_pandas(table, preserve_index=False), sink, compression=COMPRESSION)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise ResultError(f"table `{name}` cannot be stored: {error}") from error
    return sink.getvalue().to_pybytes()


def _write_bytes(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """Force the names in a folder to disk; systems that cannot open a folder keep names in order by themselves."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _beside(path: Path, what: str) -> Path:
    return path.with_name(f".{path.name}.{what}-{uuid.uuid4().hex[:12]}")


@contextlib.contextmanager
def _clear_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise ResultError(f"cannot write {path}: {reason}; nothing was changed there") from error


def write_file(path: Path, data: bytes) -> None:
    """Write one file in full or not at all; a file of that name is replaced.

    Raises
    ------
    ResultError
        If the system refuses (no space, no permission); an older file is then still there.
    """
    draft = _beside(path, "draft")
    with _clear_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            _write_bytes(draft, data)
            os.replace(draft, path)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)


def write_folder(
    folder: Path, files: Iterator[tuple[str, bytes]], manifest: Mapping[str, Any], *, overwrite: bool
) -> None:
    """Write the files and, last, the manifest with the size and SHA-256 of each.

    Parameters
    ----------
    folder : Path
        Place of the result; parents are made.
    files : iterator of (str, bytes)
        Name and content, taken one at a time so that only one is in memory.
    manifest : mapping
        Plain JSON values; the key ``files`` is added on disk.
    overwrite : bool
        Replace an older result in that place.

    Raises
    ------
    ResultError
        If something is there and `overwrite` is false, if what is there is no result, or if the system refuses.
    """
    folder = Path(os.path.realpath(folder))
    _check_place(folder, overwrite)
    draft = _beside(folder, "draft")
    with _clear_errors(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        try:
            draft.mkdir()
            listing = {}
            for name, data in files:
                _write_bytes(draft / name, data)
                listing[name] = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
            _write_bytes(draft / MANIFEST, manifest_bytes({**manifest, "files": listing}))
            _sync_folder(draft)
            _move_into_place(draft, folder)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise
        _sync_folder(folder.parent)


def _check_place(folder: Path, overwrite: bool) -> None:
    if not os.path.lexists(folder):
        return
    if not overwrite:
        raise ResultError(f"{folder} exists already; choose another folder or ask for overwriting")
    if not (folder / MANIFEST).is_file():
        raise ResultError(f"{folder} is not a result (it has no {MANIFEST}), so it is not overwritten")


def _move_into_place(draft: Path, folder: Path) -> None:
    """Rename the draft; an older result steps aside first and comes back if that fails."""
    if not os.path.lexists(folder):
        os.rename(draft, folder)
        return
    older = _beside(folder, "older")
    try:
        os.rename(folder, older)
        os.rename(draft, folder)
    except BaseException:
        if os.path.lexists(older) and not os.path.lexists(folder):
            os.rename(older, folder)
        raise
    finally:
        if os.path.lexists(folder):
            shutil.rmtree(older, ignore_errors=True)


def read_folder(folder: Path) -> tuple[dict[str, Any], dict[str, pd.DataFrame]]:
    """Read a manifest and its tables, each checked against the size and SHA-256 that were written.

    Raises
    ------
    ResultError
        If the folder holds no result, or a file of it is missing or was changed.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ResultError(f"{folder} holds no result: {MANIFEST} is missing") from None
    except (OSError, ValueError) as error:
        raise ResultError(f"cannot read {folder / MANIFEST}: {error}") from error
    listing = manifest.pop("files", None) if isinstance(manifest, dict) else None
    if not isinstance(listing, dict):
        raise ResultError(f"{folder / MANIFEST} does not list the files of a result")
    return manifest, {Path(name).stem: _read_table(folder, name, entry) for name, entry in listing.items()}


def _read_table(folder: Path, name: str, entry: Mapping[str, Any]) -> pd.DataFrame:
    import pyarrow as pa
    import pyarrow.parquet as pq

    if Path(name).name != name or not name.endswith(".parquet"):
        raise ResultError(f"{folder / MANIFEST} lists `{name}`, which is not the name of a table")
    try:
        data = (folder / name).read_bytes()
    except OSError as error:
        raise ResultError(f"cannot read {folder / name}: {error.strerror}") from error
    if hashlib.sha256(data).hexdigest() != entry.get("sha256"):
        raise ResultError(f"{folder / name} is not the file that was written: its SHA-256 differs from {MANIFEST}")
    return pq.read_table(pa.BufferReader(data)).to_pandas()
