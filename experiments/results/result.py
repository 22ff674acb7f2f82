"""The value that a run returns: tidy tables and a manifest that says where they come from.

Later questions (metrics, plots, reports, comparisons) read a result and never a live model, so a result can be
stored, sent and read without the simulator.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from experiments.results.store import ResultError, read_folder, table_bytes, write_folder

if TYPE_CHECKING:
    import pandas as pd

FORMAT = 1


def plain(value: Any, where: str = "manifest") -> Any:
    """Return a value as JSON knows it: dates as ISO text, decimals and numpy numbers as numbers, tuples as lists.

    Parameters
    ----------
    value : object
        Nested mappings, sequences and scalars.
    where : str
        Name of the value in messages.

    Raises
    ------
    ResultError
        If a number is not finite or a value has no JSON form.

    Examples
    --------
    >>> plain({"rate": Decimal("0.10"), "days": (date(2024, 1, 2),)})
    {'rate': 0.1, 'days': ['2024-01-02']}
    """
    if isinstance(value, Mapping):
        return {str(key): plain(item, f"{where}.{key}") for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item, f"{where}[{i}]") for i, item in enumerate(value)]
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        value = int(value) if value == value.to_integral_value() else float(value)
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        raise ResultError(f"{where} is {value}: only finite numbers can be stored")
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    raise ResultError(f"{where} is a {type(value).__name__}, which a manifest cannot hold")


@dataclass(frozen=True, eq=False)
class Result:
    """What a run found out.

    Attributes
    ----------
    manifest : dict
        Scenario, seed, versions, names, sources and checks, as plain JSON values (converted when the result is made).
    tables : dict of DataFrame
        Tidy tables by name: `prices`, `days`, `trades`, `firms`, `compliance`, `auctions`, `events`, `kpis`, `journal`,
        `benchmark` and, where there are observations, `reality`; where use is monitored, `mrv`, `inventory`, `targets`
        and `disclosure`; where firms hear from each other, `beliefs` and `diffusion`.  Money in `currency`, quantities
        in the right's unit.

    Raises
    ------
    ResultError
        If the manifest has another format, or a table has an index of its own (it would be lost on disk).

    Examples
    --------
    >>> import tempfile, pandas as pd
    >>> table = pd.DataFrame({"metric": ["mean_price"], "value": [61.5]})
    >>> with tempfile.TemporaryDirectory() as parent:
    ...     Result({"format": 1, "name": "demo"}, {"kpis": table}).save(f"{parent}/demo")
    ...     again = Result.load(f"{parent}/demo")
    >>> again.manifest["name"], again.tables["kpis"].value.item()
    ('demo', 61.5)
    """

    manifest: dict[str, Any]
    tables: dict[str, pd.DataFrame] = field(repr=False)

    def __post_init__(self) -> None:
        import pandas as pd

        manifest = plain(self.manifest)
        if manifest.get("format") != FORMAT:
            raise ResultError(f"manifest has format {manifest.get('format')!r}, this version reads {FORMAT}")
        if "files" in manifest:
            raise ResultError("the manifest key `files` is kept for the list of files on disk")
        for name, table in self.tables.items():
            if not name.isidentifier():
                raise ResultError(f"{name!r} is not a name for a table")
            if not table.index.equals(pd.RangeIndex(len(table))):
                raise ResultError(f"table `{name}` has an index of its own; use reset_index()")
        object.__setattr__(self, "manifest", manifest)
        object.__setattr__(self, "tables", dict(self.tables))

    @property
    def currency(self) -> str:
        """Money that all amounts are in."""
        return str(self.manifest.get("currency", "CNY"))

    def save(self, folder: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Write the result into a folder, in full or not at all.

        Parameters
        ----------
        folder : path
            Place of the result; it must not exist yet, unless it holds an older result and `overwrite` is true.
        overwrite : bool
            Replace an older result, with everything in its folder.

        Raises
        ------
        ResultError
            If the place is taken or the system refuses; what was there is then unchanged.
        """
        write_folder(Path(folder), self._files(), self.manifest, overwrite=overwrite)

    def _files(self) -> Iterator[tuple[str, bytes]]:
        for name in sorted(self.tables):
            yield f"{name}.parquet", table_bytes(name, self.tables[name])

    @classmethod
    def load(cls, folder: str | os.PathLike[str]) -> Self:
        """Read a result that `save` wrote.

        Raises
        ------
        ResultError
            If the folder holds no result, or a file of it is missing or was changed.
        """
        return cls(*read_folder(Path(folder)))
