"""`credguard uninstall`: everything back as it was, and CredGuard's items and folder gone."""

from __future__ import annotations

import click

from credguard.cli.context import Context
from credguard.cli.help import Command
from credguard.cli.output import harmless
from credguard.cli.questions import typed


@click.command(
    cls=Command, help="Put all keys back in their files, after typing plaintext, and take CredGuard out."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_obj
def command(context: Context, as_json: bool) -> int:
    services = context.services
    output = context.output(as_json)
    plan = services.uninstall_plan()
    lines = [f"  {harmless(line)}" for line in plan.lines()]
    if plan.stranded:
        output.note("These secrets are in CredGuard alone and in no file that could take them back:")
        for name in plan.stranded:
            output.note(f"  {harmless(name)}")
        output.note("Rotate or delete those keys first, or: credguard remove NAME")
        return 1
    consequence = "\n".join(["This takes CredGuard out of this computer:", *lines])
    if not typed(output, "plaintext", consequence):
        output.note("Nothing was changed.")
        return 1
    stays = services.uninstall(plan)
    if as_json:
        output.document({"restored": [*plan.paths], "removed_items": plan.items, "stays": [*map(str, stays)]})
        return 0
    for line in stays:
        output.note(f"{output.paint('!', 'yellow', err=True)} {output.words(line)}")
    left = "." if stays else " Nothing of CredGuard is left but the program itself."
    output.line(f"Everything is back in its files{left if stays else '.' + left}")
    return 0
