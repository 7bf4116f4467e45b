"""The codes of a KeePass database; access keys in it are for `credguard import`."""

from __future__ import annotations

from credguard.domain.errors import CredGuardError
from credguard.domain.otp import Noted, notes_of
from credguard.domain.secret import Secret
from credguard.exchange.keepass import read_codes
from credguard.exchange.parsed import Collector, Parsed, needs_password

FORMAT, PROGRAM = "kdbx", "KeePass"


def read(data: bytes, password: Secret | None = None, key_file: bytes | None = None) -> Parsed:
    """Raises CredGuardError `codes-password`, and as `read_kdbx`."""
    if password is None and key_file is None:
        raise needs_password(PROGRAM)
    found = Collector(FORMAT, PROGRAM)
    for number, (where, code) in enumerate(read_codes(data, password, key_file), 1):
        if isinstance(code, CredGuardError):
            found.skip(number, where, code.what)
        else:
            noted = Noted(code, notes_of(code))
            found.add(number, where, lambda noted=noted: noted)  # type: ignore[misc]
    return found.done(encrypted=True)
