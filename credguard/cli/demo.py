"""`credguard demo`: the same with invented companies; nothing of the person's is touched."""

from __future__ import annotations

import importlib

import click

from credguard.cli.context import Context
from credguard.cli.display import has_display
from credguard.cli.help import Command


@click.command(cls=Command, help="The same with invented companies. Nothing of yours is touched.")
@click.option("--tour", is_flag=True, help="The main job in the terminal, from beginning to end.")
@click.option(
    "--pictures", "folder", type=click.Path(file_okay=False), help="With --tour: draw the window here."
)
@click.option("--reset", is_flag=True, help="Begin anew: throw the invented computer away.")
@click.pass_obj
def command(context: Context, tour: bool, folder: str | None, reset: bool) -> int:
    if folder and not tour:
        raise click.UsageError("--pictures goes with --tour.")
    if reset:
        from credguard.services import demo_session

        demo_session().reset()
        context.output().line("The invented computer is gone. The next --demo makes a new one.")
        return 0
    if tour or not has_display():
        from credguard.cli.tour import run

        return run(context.output(), folder)
    return int(importlib.import_module("credguard.gui.app").main(["--demo"]))
