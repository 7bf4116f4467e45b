"""`credguard settings [KEY [VALUE]]`: made from the one table in settings.py."""

from __future__ import annotations

import time

import click

from credguard.cli.context import Context
from credguard.cli.help import Command
from credguard.cli.output import harmless
from credguard.cli.steps import StepLines
from credguard.settings import TABLE


@click.command(cls=Command, help="See and change what CredGuard does.")
@click.argument("key", required=False)
@click.argument("value", required=False)
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_obj
def command(context: Context, key: str | None, value: str | None, as_json: bool) -> int:
    settings = context.services.settings
    output = context.output(as_json)
    meanings = {s.name: s.meaning for s in TABLE if s.shown}
    if key is not None and key not in meanings:
        raise click.UsageError(f'No setting "{key}". All of them: credguard settings')
    if key is not None and value is not None:
        if key in {"store", "codes_store"}:
            with StepLines(output, time.monotonic) as tell:
                moved = context.services.move_store(key, value, tell)
            for name in moved.left if moved is not None else ():
                output.note(f"Left in the old store, because it differs there: {harmless(name)}")
        else:
            context.services.change_setting(key, value)
    names = [key] if key is not None else list(meanings)
    shown = {name: settings.get(name) for name in names}
    if as_json:
        output.document(shown)
        return 0
    output.table(
        [[name, harmless(str(shown[name])), output.words(meanings[name])] for name in names], indent=0
    )
    return 0
