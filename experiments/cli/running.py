"""The commands that run a scenario and write its report."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from experiments.scenarios.errors import Problem, ScenarioError
from experiments.scenarios.load import load_scenario

if TYPE_CHECKING:
    from experiments.results.result import Result

REPORT = "report.html"
MANIFEST = "manifest.json"
_NO_REPORT = {
    "en": "The result is complete in {folder}; only its report is missing: rights-market report {folder}",
    "zh": "结果已完整写入 {folder}，仅缺报告：rights-market report {folder}",
}


def run_scenario(
    scenario: str,
    seed: int | None,
    out: Path | None,
    lang: str,
    overrides: tuple[str, ...],
    quiet: bool,
    overwrite: bool,
) -> None:
    """Run a scenario, write result and report, and print what came out.

    Raises
    ------
    ScenarioError
        If the scenario is wrong or the folder of the result is taken; nothing was run then.
    ResultError
        If the result cannot be written.
    """
    from experiments.cli.console import note_lines, progress_bar, summary

    loaded = load_scenario(scenario, overrides=overrides)
    chosen = loaded.run.seed if seed is None else seed
    folder = out or Path("results") / f"{loaded.name}-seed{chosen}"
    check_place(folder, overwrite)
    if not quiet:
        note_lines(loaded.notes, lang)

    from experiments.studies.run import run

    with progress_bar(lang, hidden=quiet) as progress:
        result = run(loaded, seed=chosen, progress=progress)
    path = save_with_report(result, folder, lang, overwrite=overwrite)
    if not quiet:
        summary(result, lang)
    click.echo(path)


def check_place(folder: Path, overwrite: bool) -> None:
    """Refuse a folder that cannot take the result, before a run is spent on it.

    Raises
    ------
    ScenarioError
        If something else is there, or the folder cannot be written.
    """

    def refuse(what: str, expected: str) -> ScenarioError:
        return ScenarioError(Problem("command line", 0, "--out", what, str(folder), expected))

    if os.path.lexists(folder):
        if not overwrite:
            raise refuse("exists already", "another folder, or --overwrite to replace the result in it")
        if not (folder / MANIFEST).is_file():
            raise refuse("is not a result, so it is not overwritten", "a folder that this program wrote")
    above = folder.absolute().parent
    while not above.exists():
        above = above.parent
    if not above.is_dir() or not os.access(above, os.W_OK):
        raise refuse(f"cannot be made: {above} is not a folder that may be written", "another folder")


def save_with_report(result: Result, folder: Path, lang: str, *, overwrite: bool) -> Path:
    """Write the result, complete or not at all, then its report; return the path of the report.

    What stops the report leaves the result, from which it can be written again.
    """
    from experiments.results.report import write_report

    result.save(folder, overwrite=overwrite)
    path = folder / REPORT
    try:
        write_report(result, path, lang=lang)
    except BaseException:
        click.echo(_NO_REPORT[lang].format(folder=folder), err=True)
        raise
    return path


def write_report_of(folder: Path, lang: str) -> Path:
    """Write the report of a stored result anew and return its path.

    Raises
    ------
    ResultError
        If the folder holds no result.
    """
    from experiments.results.report import write_report
    from experiments.results.result import Result

    write_report(Result.load(folder), folder / REPORT, lang=lang)
    return folder / REPORT
