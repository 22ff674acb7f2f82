"""The command that tells where the units of an instrument are, or what became of one of them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click


def print_serials(folder: Path, instrument: str | None, number: int | None, until: datetime | None, lang: str) -> None:
    """Print the instruments of a result, the blocks of one instrument, or the life of one unit."""
    from experiments.results.result import Result
    from experiments.studies.serials import blocks_table, instruments_of, life_table

    result = Result.load(folder)
    if instrument is None:
        for code in instruments_of(result):
            click.echo(code)
        return
    if number is None:
        table = blocks_table(result, instrument, None if until is None else until.date())
    else:
        table = life_table(result, instrument, number)
    click.echo(table.rename(columns=_ZH if lang == "zh" else {}).to_string(index=False))


_ZH = {
    "first": "起始编号",
    "last": "终止编号",
    "lots": "手数",
    "account": "账户",
    "state": "状态",
    "date": "日期",
    "operation": "操作",
}
