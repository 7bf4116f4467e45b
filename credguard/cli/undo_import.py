"""`credguard undo-import`: put the plaintext back, after typing `plaintext`."""

from __future__ import annotations

import click

from credguard.cli.context import Context
from credguard.cli.help import Command
from credguard.cli.output import harmless
from credguard.cli.questions import typed


@click.command(cls=Command, help="Put the plaintext back from the sealed copy, after typing plaintext.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_obj
def command(context: Context, as_json: bool) -> int:
    services = context.services
    output = context.output(as_json)
    plan = services.undo_import_plan()
    files = ", ".join(harmless(p) for p in plan.paths)
    lines = plan.count - plan.plain
    consequence = ""
    if plan.plain:
        keys = f"{plan.plain} key{'' if plan.plain == 1 else 's'}"
        consequence = f"Put {keys} back in plaintext into {files}.\nAny program can then read them. "
    if lines:
        profiles = f"{lines} profile{'' if lines == 1 else 's'}"
        consequence += f"Put the lines of {profiles} in {files} back as they were. "
    if not typed(output, "plaintext", f"{consequence}The stored keys stay in CredGuard."):
        output.note("Nothing was changed.")
        return 1
    done = services.undo_import()
    if as_json:
        output.document({"restored": [*done.paths]})
    else:
        for path in done.paths:
            output.line(f"{output.paint('✓', 'green')} {harmless(path)} is as it was")
    return 0
