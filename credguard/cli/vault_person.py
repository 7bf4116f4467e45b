"""Somebody before a terminal: touches a security key, types its PIN, writes a recovery code down."""

from __future__ import annotations

import sys

from credguard.cli.terminal import hidden, is_interactive
from credguard.domain.errors import CredGuardError, Locked
from credguard.domain.secret import Secret
from credguard.domain.text import text

SKIP = "skip"


class AtTerminal:
    """vault/security_key.py, Person; and what `workflows/vault_care.py` asks for (`Given`). Passphrases come
    from `file` where one is named."""

    def __init__(self, file: str | None = None) -> None:
        self._file = file

    def touch(self) -> None:
        _say("Touch the security key while it blinks.")

    def pin(self, tries_left: int | None) -> Secret | None:
        left = f" ({tries_left} tries left)" if tries_left is not None and tries_left < 8 else ""
        typed = hidden(f"PIN of the security key{left}")
        return Secret(typed) if typed else None

    def passphrase(self, question: str) -> Secret:
        if self._file is not None:
            return from_file(self._file)
        return Secret(_wanted(hidden(question)))

    def recovery_code(self) -> Secret:
        return Secret(_wanted(hidden("Recovery code")))


def from_file(path: str) -> Secret:
    """The first line of a file that only its owner can read. Raises CredGuardError `passphrase-file`."""
    from credguard.vault.sealed.backend import read_passphrase_file

    return read_passphrase_file(path)


def new_passphrase(question: str, file: str | None = None) -> Secret:
    """A passphrase typed twice, or read. Raises CredGuardError `passphrases-differ`, Locked."""
    if file is not None:
        return from_file(file)
    first = Secret(_wanted(hidden(question)))
    if Secret(_wanted(hidden("The same once more"))) != first:
        raise CredGuardError(
            "passphrases-differ",
            text("The two passphrases differ."),
            text("Try again. Nothing was changed."),
        )
    return first


def keeps_code(code: Secret) -> bool:
    """Show a new recovery code once, ask two random groups back; False where it was skipped.

    Without a terminal no code is shown, and none is made.
    """
    if not is_interactive():
        return False
    from credguard.vault.sealed.recovery import asked_back, groups, is_group

    first = groups(code)
    _say("")
    _say("Recovery code: it opens this vault when the passphrase or a security key is lost.")
    _say("Without it, a forgotten passphrase closes the vault for good. Nobody can help then.")
    _say("")
    _say("    CG1-" + "-".join(first[:4]) + "-")
    _say("        " + "-".join(first[4:]))
    _say("")
    _say("Write it on paper with today’s date, and keep it away from this computer. It is shown once.")
    for number in asked_back():
        while True:
            typed = _line(f"Group {number} of the code (or {SKIP}): ")
            if typed is None or typed.strip().casefold() == SKIP:
                _say("No recovery code was made. Make one later: credguard vault recovery")
                return False
            if is_group(code, number, typed):
                break
            _say("That is another one. Look at the paper.")
    return True


def _wanted(typed: str | None) -> str:
    if typed is None:
        raise Locked(
            "vault-locked",
            text("This needs somebody to type, and there is nobody to ask."),
            text("Run the command in a terminal. Nothing was changed."),
        )
    return typed


def _line(prompt: str) -> str | None:
    sys.stderr.write(prompt)
    sys.stderr.flush()
    line = sys.stdin.readline()
    return line if line else None


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()
