"""The command line: arguments in, one function call, exit code out.

Nothing heavy is imported here, so that ``--help`` answers at once; each command imports what it needs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

EXIT_CODES = """\b
Exit codes:
  0    done
  1    the run failed, or its result could not be written (disk full)
  2    the arguments, the scenario or the firms file are wrong; nothing was written
  130  stopped with Ctrl-C; nothing is left half-written
"""

_LANG = click.option("--lang", type=click.Choice(["en", "zh"]), default="en", show_default=True, help="Language.")
_SET = click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="PATH=VALUE",
    help="Change one field, as in --set run.seed=7; repeatable.",
)


@click.group(epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="rights-market", message="rights-market %(version)s")
def main() -> None:
    """Simulate markets for emission, energy-use and pollutant discharge rights."""


@main.command(epilog=EXIT_CODES)
@click.argument("scenario")
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), help="Seed of all random draws; the scenario's if left out.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder of the result; results/NAME-seedSEED if left out.")
@_LANG
@_SET
@click.option("--quiet", is_flag=True, help="Print nothing but the path of the report.")
@click.option("--overwrite", is_flag=True, help="Replace an older result in that folder.")
def run(**options: Any) -> None:
    """Run SCENARIO (a shipped name or a YAML file) and write its result and report."""
    from experiments.cli.guard import guarded

    with guarded(options["lang"]):
        from experiments.cli.running import run_scenario

        run_scenario(**options)


@main.command(epilog=EXIT_CODES)
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@_LANG
def report(folder: Path, lang: str) -> None:
    """Write the report of the result in FOLDER anew."""
    from experiments.cli.guard import guarded
    from experiments.cli.running import write_report_of

    with guarded(lang):
        click.echo(write_report_of(folder, lang))


@main.command(epilog=EXIT_CODES)
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.argument("instrument", required=False)
@click.option("--number", type=click.IntRange(min=1), help="Tell the life of the unit with this serial number.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="Last day that counts; the last one if left out.")
@_LANG
def serials(**options: Any) -> None:
    """List the serial numbers of INSTRUMENT in the result in FOLDER by owner and state; or the instruments."""
    from experiments.cli.guard import guarded
    from experiments.cli.serial_listing import print_serials

    with guarded(options["lang"]):
        print_serials(**options)


@main.group(epilog=EXIT_CODES)
def scenarios() -> None:
    """List, show, check and make scenarios."""


@scenarios.command("list")
@_LANG
def list_(lang: str) -> None:
    """List the scenarios that ship with the package."""
    from experiments.cli.guard import guarded
    from experiments.cli.listing import list_scenarios

    with guarded(lang):
        list_scenarios(lang)


@scenarios.command()
@click.argument("scenario")
@_SET
@click.option("--resolved", is_flag=True, help="With defaults and everything that `extends` brings, as JSON.")
def show(scenario: str, overrides: tuple[str, ...], resolved: bool) -> None:
    """Print SCENARIO as written, or in full with --resolved."""
    from experiments.cli.guard import guarded
    from experiments.cli.listing import show_scenario

    with guarded():
        show_scenario(scenario, overrides, resolved)


@scenarios.command()
@click.argument("scenario")
@_SET
@_LANG
def check(scenario: str, overrides: tuple[str, ...], lang: str) -> None:
    """Say everything that is wrong with SCENARIO, without running it."""
    from experiments.cli.guard import guarded
    from experiments.cli.listing import check_scenario

    with guarded(lang):
        check_scenario(scenario, overrides, lang)


@scenarios.command()
@click.argument("name")
@click.option("--firms", type=click.Path(path_type=Path), help="CSV or XLSX with one row a firm.")
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path(), help="Folder of the new file; here if left out."
)
def new(name: str, firms: Path | None, out: Path) -> None:
    """Write a commented scenario NAME, around your own firms if you give a file of them."""
    from experiments.cli.guard import guarded
    from experiments.scenarios.new import write_new

    with guarded():
        click.echo(write_new(name, firms=firms, folder=out))


@scenarios.command()
def schema() -> None:
    """Print the JSON Schema of scenario files, for editors."""
    from experiments.cli.guard import guarded
    from experiments.cli.listing import print_schema

    with guarded():
        print_schema()


@main.command()
@click.argument("kind", required=False)
@click.option("--json", "as_json", is_flag=True, help="All rules with fields, limits, units and sources, for programs.")
def rules(kind: str | None, as_json: bool) -> None:
    """List the rules that a scenario may name, or tell all about one KIND of them."""
    from experiments.cli.rule_listing import list_rules, print_json, show_rule

    if as_json:
        print_json()
    elif kind is None:
        list_rules()
    else:
        show_rule(kind)


@main.command()
def info() -> None:
    """Print the versions, the machine, and whether compiled kernels are cached."""
    from experiments.cli.info import describe

    for name, value in describe():
        click.echo(f"{name:<16} {value}")


if __name__ == "__main__":
    main()
