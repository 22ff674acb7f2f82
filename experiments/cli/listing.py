"""The commands that look at scenarios without running them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from experiments.scenarios.catalogue import titles
from experiments.scenarios.load import load_scenario

if TYPE_CHECKING:
    from experiments.scenarios.schema import LaboratoryScenario, MarketScenario

_SOUND = {
    "en": "{name}: no problem found ({rights} right(s), {days} trading days)",
    "zh": "{name}：未发现问题（{rights} 种权利，{days} 个交易日）",
}


def list_scenarios(lang: str) -> None:
    """Print name and title of each shipped scenario."""
    for name, title in titles(lang).items():
        click.echo(f"{name:<20} {title}")


def show_scenario(name: str, overrides: tuple[str, ...], resolved: bool) -> None:
    """Print a scenario as written, or in full.

    Raises
    ------
    ScenarioError
        If it is not sound.
    """
    scenario = load_scenario(name, overrides=overrides)
    if resolved:
        click.echo(json.dumps(scenario.resolved(), ensure_ascii=False, indent=2))
    else:
        click.echo(scenario.text.rstrip("\n"))


def check_scenario(name: str, overrides: tuple[str, ...], lang: str) -> None:
    """Print that a scenario is sound, with its notes.

    Raises
    ------
    ScenarioError
        If it is not sound.
    """
    from experiments.cli.console import note_lines

    scenario = load_scenario(name, overrides=overrides)
    note_lines(scenario.notes, lang)
    click.echo(_SOUND[lang].format(name=scenario.name, rights=len(scenario.rule_books()), days=_days(scenario)))


def _days(scenario: MarketScenario | LaboratoryScenario) -> int:
    from experiments.scenarios.schema import LaboratoryScenario

    if isinstance(scenario, LaboratoryScenario):
        return scenario.population.days
    return len(scenario.trading_calendar())


def print_schema() -> None:
    """Print the JSON Schema of scenario files."""
    from experiments.scenarios.schema import json_schema

    click.echo(json.dumps(json_schema(), ensure_ascii=False, indent=2))
