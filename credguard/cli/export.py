"""`credguard export FILE`: keys and codes for another program."""

from __future__ import annotations

import click

from credguard.cli.context import Context
from credguard.cli.help import Command
from credguard.cli.output import harmless
from credguard.cli.passwords import OPTION_HELP, new_password
from credguard.cli.questions import typed


@click.command(cls=Command, help="Write keys and codes for another program. Nothing is taken out.")
@click.argument("file")
@click.option("--format", "shape", type=click.Choice(["kdbx", "plain"]), default="kdbx", show_default=True)
@click.option("--password-file", default=None, metavar="FILE", help=OPTION_HELP)
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_obj
def command(context: Context, file: str, shape: str, password_file: str | None, as_json: bool) -> int:
    services = context.services
    output = context.output(as_json)
    if file == "-":
        raise click.UsageError("Secrets are never written to the terminal or a pipe. Name a file.")
    services.check_free(file)
    if shape == "plain":
        consequence = (
            f"Write every key and code in plaintext into {harmless(file)}.\n"
            "Any program, backup or person that reads the file can then use them."
        )
        if not typed(output, "plaintext", consequence):
            output.note("Nothing was written.")
            return 1
        done = services.export(file, None)
    else:
        done = services.export(
            file, new_password(context, output, "A password for the new file", password_file)
        )
    if as_json:
        output.document(
            {
                "file": done.path,
                "format": shape,
                "keys": done.keys,
                "codes": done.codes,
                "left_out": [*done.left_out],
            }
        )
    else:
        keys = f"{done.keys} key{'' if done.keys == 1 else 's'}"
        codes = f"{done.codes} code{'' if done.codes == 1 else 's'}"
        output.line(f"{output.paint('✓', 'green')} {keys} and {codes} in {harmless(done.path)}")
    for name in done.left_out:
        output.note(f"! {harmless(name)} cannot be read by this version and is left out.")
    return 3 if done.left_out else 0
