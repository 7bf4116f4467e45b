"""`credguard totp export FILE`: the codes for another program, encrypted unless a person types otherwise."""

from __future__ import annotations

import click

from credguard.cli.context import Context
from credguard.cli.help import Command
from credguard.cli.output import harmless
from credguard.cli.passwords import OPTION_HELP, new_password
from credguard.cli.questions import typed

_SHAPES = ("aegis", "uris", "kdbx", "google-qr")
_PLAIN = {"uris", "google-qr"}


@click.command(cls=Command, help="Write the codes for another program. Nothing is taken out.")
@click.argument("file")
@click.option("--format", "shape", type=click.Choice(_SHAPES), default="aegis", show_default=True)
@click.option("--password-file", default=None, metavar="FILE", help=OPTION_HELP)
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_obj
def command(context: Context, file: str, shape: str, password_file: str | None, as_json: bool) -> int:
    output = context.output(as_json)
    if file == "-":
        raise click.UsageError("Secrets are never written to the terminal or a pipe. Name a file.")
    services = context.services
    services.check_free(file)
    if shape in _PLAIN:
        consequence = (
            f"Write the secret of every code in plaintext into {harmless(file)}.\n"
            "Any program, backup or person that reads the file can then make your codes."
        )
        if not typed(output, "plaintext", consequence):
            output.note("Nothing was written.")
            return 1
        done = services.export_codes(file, shape, None)
    else:
        password = new_password(context, output, "A password for the new file", password_file)
        done = services.export_codes(file, shape, password)
    if as_json:
        output.document(
            {
                "files": [*done.paths],
                "format": shape,
                "codes": done.codes,
                "left_out": [{"name": name, "reason": reason} for name, reason in done.left_out],
            }
        )
    else:
        where = ", ".join(harmless(path) for path in done.paths)
        codes = f"{done.codes} code{'' if done.codes == 1 else 's'}"
        output.line(f"{output.paint('✓', 'green')} {codes} in {where}")
    for name, reason in done.left_out:
        output.note(f"! {harmless(name)} is left out: {reason}.")
    return 3 if done.left_out else 0
