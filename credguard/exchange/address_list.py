"""Lists of addresses, one a line, as Aegis, Stratum and Ente write them, also Google's; and back."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from credguard.domain import otp
from credguard.domain.errors import CredGuardError
from credguard.domain.otp import Noted, OtpEntry, parameters, read_address, unquoted
from credguard.domain.secret import Secret
from credguard.domain.text import text
from credguard.exchange import migration
from credguard.exchange.json_in import decoded, fields, parse
from credguard.exchange.limits import MAX_LINE
from credguard.exchange.parsed import Collector, Parsed, damaged

FORMAT, PROGRAM = "uris", "a list of addresses"
#: Not str.splitlines, which also cuts at characters that may stand unencoded in a label.
_LINE_END = re.compile("\r\n|\n|\r")


def read(data: bytes, password: Secret | None = None) -> Parsed:
    """Raises CredGuardError `codes-damaged` where the file is no text; a bad line is skipped by number."""
    words = decoded(data)
    if words is None:
        raise damaged()
    return read_lines(words, Collector(FORMAT, PROGRAM, "line")).done()


def read_lines(words: str, found: Collector) -> Collector:
    """All lines of a text into `found`."""
    for number, line in enumerate(_LINE_END.split(words.replace("\0", "")), 1):
        line = line.strip(" \t\ufeff")
        if not line or line.startswith("#"):
            continue
        if len(line) > MAX_LINE:
            found.skip(number, "", text("The line is longer than {n} characters.", n=MAX_LINE))
        else:
            one(line, number, found)
    return found


def one(address: str, number: int, found: Collector) -> None:
    """One address of either kind into `found`."""
    if address.lower().startswith("otpauth-migration:"):
        try:
            migration.read_address(address, number, found)
        except CredGuardError as error:
            if error.code == "codes-cost":
                raise
            whole = error.code not in {"codes-damaged", "code-unreadable"}
            damage = text("This address of Google Authenticator is damaged.")
            found.skip(number, "", error.what if whole else damage)
        return
    trash = _trashed(address)
    if trash is not None:
        found.skip(number, trash, text("It was in the trash."))
        return
    found.add(number, "", _reader(address))


def _reader(address: str) -> Callable[[], Noted]:
    return lambda: read_address(address)


def _trashed(address: str) -> str | None:
    """The label of an entry that Ente keeps in its trash (`codeDisplay` says so); None for all others."""
    label, _, query = address.partition("?")
    if "codedisplay" not in query.lower():
        return None
    try:
        shown: Any = fields(parse(unquoted(parameters(query).get("codedisplay", ""))))
        return unquoted(label.rpartition("/")[2]) if shown.get("trashed") is True else None
    except CredGuardError:
        return None  # what is shown beside a code never stands between a person and the code


def write(entries: Sequence[OtpEntry]) -> bytes:
    """One address a line, in plaintext."""
    return "".join(otp.address(entry).reveal() + "\n" for entry in entries).encode()
