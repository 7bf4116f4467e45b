"""Passwords of files: asked on the terminal, or the first line of a file that only its owner can read."""

from __future__ import annotations

from credguard.cli.context import Context, ask_passphrase
from credguard.cli.output import Output
from credguard.domain.errors import CredGuardError, Locked
from credguard.domain.secret import Secret
from credguard.domain.text import text

OPTION_HELP = "Its first line is the passphrase; a file that others can read is refused."


def password(context: Context, question: str, file: str | None) -> Secret:
    """Raises Locked where there is neither a file nor anybody to ask (exit code 4)."""
    if file is not None:
        return context.services.password_file(file)
    answer = ask_passphrase(question)
    if answer is None:
        raise Locked(
            "password-needed",
            text("This needs a passphrase, and there is nobody to ask."),
            text("Run it in a terminal, or put the passphrase into a file and add --password-file FILE."),
        )
    if not answer:
        raise CredGuardError(
            "passphrase-empty",
            text("An empty passphrase protects nothing."),
            text("Type one. Nothing was changed."),
        )
    return Secret(answer)


def new_password(context: Context, output: Output, question: str, file: str | None) -> Secret:
    """The same, typed twice on a terminal; says so when it is a weak one."""
    chosen = password(context, question, file)
    if file is None and password(context, "The same once more", None) != chosen:
        raise CredGuardError(
            "passphrases-differ", text("The two passphrases differ."), text("Try again. Nothing was written.")
        )
    advice = context.services.passphrase_advice(chosen)
    if advice is not None:
        output.note(f"{output.paint('!', 'yellow', err=True)} {output.words(advice)}")
    return chosen
