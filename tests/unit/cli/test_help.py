"""The examples that `COMMAND --help` shows work as they stand: each is parsed by its command."""

from __future__ import annotations

import importlib
import shlex

import click
import pytest

from credguard.cli.help import EXAMPLES, Command, Group
from credguard.cli.main import COMMANDS


def _command(words: str) -> click.Command:
    first, *rest = words.split()
    found: click.Command = importlib.import_module(f"credguard.cli.{COMMANDS[first].module}").command
    for word in rest:
        assert isinstance(found, click.Group)
        found = found.commands[word]
    return found


def _all() -> list[str]:
    names = []
    for name in COMMANDS:
        command = _command(name)
        names.append(name)
        if isinstance(command, click.Group):
            names += [f"{name} {inner}" for inner in command.commands]
    return names


@pytest.mark.parametrize("words", _all())
def test_every_command_has_examples_that_parse(words: str) -> None:
    assert isinstance(_command(words), Command | Group)
    assert len(EXAMPLES[words]) == 2
    for example in EXAMPLES[words]:
        typed = shlex.split(example)
        while typed and isinstance(command := _command(typed[0]), click.Group):
            typed = [f"{typed[0]} {typed[1]}", *typed[2:]]
            command = _command(typed[0])
            break
        # Raises for a flag that is not there, a choice that does not exist, a missing argument.
        command.make_context(typed[0], typed[1:])


def test_no_example_is_of_a_command_that_is_gone() -> None:
    assert set(EXAMPLES) == set(_all())
