"""Questions on the terminal: nothing is asked when a flag answers it."""

from __future__ import annotations

import sys

import click

from credguard.cli.context import is_interactive
from credguard.cli.output import Output


def confirm(output: Output, question: str, flag: str) -> bool:
    """Yes or no; without a terminal a question is a refusal that names the flag (exit 2)."""
    if not is_interactive():
        raise click.UsageError(f"This needs an answer, and there is nobody to ask. Add {flag}.")
    output.note()
    answer = _read(f"{question} [y/N] ").strip().casefold()
    return answer in {"y", "yes"}


def choose(output: Output, question: str, flag: str) -> str:
    """One line typed by the person."""
    if not is_interactive():
        raise click.UsageError(f"This needs an answer, and there is nobody to ask. Add {flag}.")
    output.note()
    return _read(f"{question} ").strip()


def typed(output: Output, word: str, consequence: str) -> bool:
    """A typed confirmation. It has no flag; a line piped in counts as typed."""
    return _read(f"{consequence}\n\nType {word} to go on, anything else changes nothing: ").strip() == word


def _read(prompt: str) -> str:
    sys.stderr.write(prompt)
    sys.stderr.flush()
    line = sys.stdin.readline() if sys.stdin is not None else ""
    if not line.endswith("\n"):
        sys.stderr.write("\n")
    return line
