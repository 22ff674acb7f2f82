"""A running market model in one file, to be continued later, elsewhere, to the same bits.

The file is a zip: ``state.json`` for numbers and words, and one ``.npy`` for each array.  Nothing in it is code, and
reading one runs none.  Equal states give equal bytes.
"""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from agents.config import MarketConfig
from agents.model import RightsMarketModel
from agents.objects import Participant

FORMAT = 1
KIND = "rights-market snapshot"
STATE = "state.json"
EXACT_IN_JSON = 1 << 53
"""From here on many readers of JSON round whole numbers, so they are written as text."""
MARK = "$"
"""First letter of the keys that stand for something JSON has no word for."""


def save(model: RightsMarketModel, path: str | os.PathLike[str]) -> None:
    """Write a model's state to a file, beside it first, so that a file is there in full or not at all.

    Raises
    ------
    ValueError
        If the state holds something that is no array, number, word, list or dict, or an object that trades has no
        ``state`` and ``restore``.
    """
    arrays: list[npt.NDArray[Any]] = []
    tree = {"kind": KIND, "format": FORMAT, "state": _packed(model.state(), arrays, "state")}
    target = Path(path)
    draft = target.with_name(f"{target.name}.{os.getpid()}.draft")
    try:
        with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file:
            file.writestr(_member(STATE), json.dumps(tree, ensure_ascii=False, allow_nan=False))
            for i, array in enumerate(arrays):
                with file.open(_member(f"{i}.npy"), "w", force_zip64=True) as entry:
                    np.lib.format.write_array(entry, array, allow_pickle=False)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def load(
    config: MarketConfig,
    path: str | os.PathLike[str],
    traders: Sequence[Participant] = (),
    *,
    other_rules: bool = False,
) -> RightsMarketModel:
    """Return a model of `config` that continues from a file; the seed comes from the file.

    Parameters
    ----------
    config : MarketConfig
        What the saved model was made of.
    path : path
        File that `save` wrote.
    traders : sequence of Participant
        Objects that traded in the saved model, in the same order.
    other_rules : bool
        Whether `config` may have other rules, costs and behaviour; see `RightsMarketModel.restore`.

    Raises
    ------
    ValueError
        If the file is no snapshot that this version reads, or one of a model of another config.
    """
    return RightsMarketModel.from_state(config, read_state(path), traders, other_rules=other_rules)


def read_state(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the state in a file, without building a model.

    Raises
    ------
    ValueError
        If the file is no snapshot that this version reads.
    """
    if not zipfile.is_zipfile(path):
        raise ValueError(f"{os.fspath(path)} is no snapshot: it is no zip file")
    with zipfile.ZipFile(path) as file:
        if STATE not in file.namelist():
            raise ValueError(f"{os.fspath(path)} is no snapshot: it has no {STATE}")
        tree = json.loads(file.read(STATE))
        if tree.get("kind") != KIND or tree.get("format") != FORMAT:
            raise ValueError(
                f"{os.fspath(path)} holds {tree.get('kind')!r} of format {tree.get('format')!r}, expected {KIND!r} of "
                f"format {FORMAT}"
            )
        state: dict[str, Any] = _unpacked(tree["state"], file)
    return state


def _member(name: str) -> zipfile.ZipInfo:
    """Return a zip entry without the time of day, which would make equal states unequal files."""
    entry = zipfile.ZipInfo(name)
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


def _packed(value: Any, arrays: list[npt.NDArray[Any]], where: str) -> Any:
    """Return a value as JSON has it, and put aside its arrays."""
    match value:
        case None | bool() | str():
            return value
        case np.bool_() | np.integer() | np.floating():
            return _packed(value.item(), arrays, where)
        case int():
            return value if abs(value) < EXACT_IN_JSON else {f"{MARK}int": str(value)}
        case float():
            return value if isfinite(value) else {f"{MARK}float": repr(value)}
        case np.ndarray() if not value.dtype.hasobject:
            arrays.append(value)
            return {f"{MARK}array": len(arrays) - 1}
        case list() | tuple():
            return [_packed(x, arrays, f"{where}[{i}]") for i, x in enumerate(value)]
        case Mapping() if all(isinstance(key, str) and not key.startswith(MARK) for key in value):
            # A dict has no order that means anything, and the same state may have come about in another order.
            return {key: _packed(value[key], arrays, f"{where}.{key}") for key in sorted(value)}
    raise ValueError(
        f"{where} cannot be saved: {type(value).__name__} is none of array, number, word, list and dict with words as "
        f"keys that do not begin with {MARK!r}"
    )


def _unpacked(value: Any, file: zipfile.ZipFile) -> Any:
    match value:
        case {"$array": int(i)}:
            with file.open(f"{i}.npy") as entry:
                return _array(entry)
        case {"$int": str(digits)}:
            return int(digits)
        case {"$float": str(word)}:
            return float(word)
        case dict():
            return {key: _unpacked(x, file) for key, x in value.items()}
        case list():
            return [_unpacked(x, file) for x in value]
    return value


def _array(entry: IO[bytes]) -> npt.NDArray[Any]:
    return np.asarray(np.lib.format.read_array(entry, allow_pickle=False))
