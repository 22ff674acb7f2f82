"""What a command does when something goes wrong: one message and an exit code, never half a result."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

import click

from experiments.results.store import ResultError
from experiments.scenarios.errors import ScenarioError
from rights_market.errors import PolicyError

FAILED = 1
WRONG_INPUT = 2
INTERRUPTED = 130

_STOPPED = {"en": "Stopped; nothing is left half-written.", "zh": "已中断，没有留下不完整的文件。"}
_COUNT = {"en": "{n} problem(s) found; nothing was run or written.", "zh": "发现 {n} 处问题，未运行，也未写入文件。"}


@contextlib.contextmanager
def guarded(lang: str = "en") -> Iterator[None]:
    """Turn mistakes of people and refusals of the machine into messages on the error stream and exit codes.

    Errors of the program itself pass through with their traceback.
    """
    try:
        yield
    except ScenarioError as error:
        click.echo(str(error), err=True)
        click.echo(_COUNT[lang].format(n=len(error.problems)), err=True)
        sys.exit(WRONG_INPUT)
    except KeyboardInterrupt:
        click.echo(_STOPPED[lang], err=True)
        sys.exit(INTERRUPTED)
    except (PolicyError, ResultError) as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(FAILED)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        click.echo(f"error: {where}{error.strerror or error}", err=True)
        sys.exit(FAILED)
