"""`credguard backup FILE`: everything in one encrypted file."""

from __future__ import annotations

import click

from credguard.cli.context import Context, is_interactive
from credguard.cli.help import Command
from credguard.cli.output import Output, harmless
from credguard.cli.passwords import OPTION_HELP, new_password, password
from credguard.domain.secret import Secret


@click.command(cls=Command, help="Write keys, codes, accounts and profiles into one encrypted file.")
@click.argument("file")
@click.option("--password-file", default=None, metavar="FILE", help=OPTION_HELP)
@click.option("--recovery", is_flag=True, help="Also a recovery code for paper, shown once.")
@click.option("--replace", "replace_it", is_flag=True, help="Replace an older backup that holds more.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_obj
def command(
    context: Context, file: str, password_file: str | None, recovery: bool, replace_it: bool, as_json: bool
) -> int:  # fmt: skip
    output = context.output(as_json)
    chosen = new_password(context, output, "A passphrase for the backup", password_file)
    code = _on_paper(context, output) if recovery else None
    made = context.services.backup(file, chosen, code, replace_it)
    if as_json:
        output.document(
            {
                "file": made.path,
                "keys": made.keys,
                "codes": made.codes,
                "accounts": made.accounts,
                "generation": made.generation,
                "bytes": made.size,
                "security_keys": made.security_keys,
            }
        )
        return 0
    keys = f"{made.keys} key{'' if made.keys == 1 else 's'}"
    codes = f"{made.codes} code{'' if made.codes == 1 else 's'}"
    output.line(
        f"{output.paint('✓', 'green')} {keys} and {codes} in {harmless(made.path)}, opened and compared"
    )
    if made.security_keys:
        count = f"{made.security_keys} security key{'' if made.security_keys == 1 else 's'}"
        output.line(f"It also opens with the {count} of the vault: credguard restore --security-key")
    output.line("Without its passphrase nobody can open it, you included. Keep it apart from this computer.")
    return 0


def _on_paper(context: Context, output: Output) -> Secret:
    """A recovery code, shown on the terminal and asked back in full before anything relies on it."""
    if not is_interactive():
        raise click.UsageError("A recovery code is shown on a terminal only. Run it in one.")
    code = context.services.recovery_code()
    output.note(f"\nThe recovery code. Write it down; it is not shown again:\n\n  {code.reveal()}\n")
    while not context.services.is_same_code(password(context, "Type it from the paper", None), code):
        output.note("It differs from the one above.")
    return code
