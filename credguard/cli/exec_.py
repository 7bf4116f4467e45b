"""`credguard exec NAME -- COMMAND`: a command with credentials in its environment, and in nothing else."""

from __future__ import annotations

import os
import re
import sys

import click

from credguard.cli.context import Context
from credguard.cli.help import Command
from credguard.domain.errors import CredGuardError
from credguard.domain.text import text

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}


@click.command(cls=Command, help="Run a command with the credentials of NAME in its environment.")
@click.option("--duration", default=None, help="How long they last: 900s, 45m, 12h.")
@click.option("--role", default=None, help="Take this role: its ARN, or its name in the same account.")
@click.argument("name")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@click.pass_obj
def command(
    context: Context, name: str, duration: str | None, role: str | None, command: tuple[str, ...]
) -> int:
    from credguard.workflows.taking import environment

    words = list(command)
    services = context.services
    target = services.target(name)
    given = services.take(target, role, _seconds(duration) if duration else None)
    prepared = environment(os.environ, given, services.region_of(target))
    context.close()
    return _run(words, prepared)


def _seconds(word: str) -> int:
    found = re.fullmatch(r"([0-9]{1,6})([smh]?)", word.strip().lower(), re.ASCII)
    if found is None:
        raise click.UsageError("A duration is a number of seconds, or like 45m or 12h.")
    return int(found[1]) * _UNITS[found[2]]


def _run(words: list[str], environ: dict[str, str]) -> int:
    """In our place, so that signals reach it and its exit code is ours; on Windows as a child."""
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        if sys.platform == "win32":
            import subprocess

            return subprocess.run(words, env=environ, check=False).returncode
        os.execvpe(words[0], words, environ)  # noqa: S606 the command that was asked for
    except OSError as error:
        raise CredGuardError(
            "no-such-command",
            text("{command} could not be started: {reason}.", command=words[0], reason=error.strerror or "?"),
            text("See that it is installed and spelled as you mean it."),
        ) from None
