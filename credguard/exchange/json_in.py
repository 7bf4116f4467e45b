"""JSON of others, bounded before Python's parser, which goes one call deeper for each bracket, sees it."""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import Any, NoReturn

from credguard.domain.text import text
from credguard.exchange import limits
from credguard.exchange.parsed import damaged

#: One that never ends goes to the end: each character is then looked at once.
_STRING = re.compile(r'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_NO_BRACKET = re.compile(r"[^\[\]{}]++")


def decoded(data: bytes) -> str | None:
    """The text in a file: UTF-8, or UTF-16 with its byte order mark; None for anything else."""
    try:
        if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
            return data.decode("utf-16")
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


def parse(words: str) -> Any:
    """The document in `words`. Raises `codes-cost` where it is nested too deeply, `codes-damaged`."""
    if not _is_flat(words):
        raise limits.too_costly(
            text("The file is nested more than {n} levels deep; refused.", n=limits.MAX_NESTING)
        )
    try:
        return json.loads(words, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise damaged() from None


def _is_flat(words: str) -> bool:
    """Whether no bracket stands deeper than the limit, of those outside strings."""
    brackets = _NO_BRACKET.sub("", _STRING.sub("", words)).replace("{", "[").replace("}", "]")
    for _ in range(limits.MAX_NESTING):
        inner = brackets.replace("[]", "")  # the innermost level
        if len(inner) == len(brackets):
            break
        brackets = inner
    # What is left then was never closed: damaged, and shallow.
    return "[]" not in brackets and len(brackets) <= limits.MAX_NESTING


def _no_number(word: str) -> NoReturn:
    raise ValueError(word)


def unb64(value: object, length: int | None = None) -> bytes:
    """Base64, strictly; of `length` bytes where it is given. Raises `codes-damaged`."""
    try:
        found = base64.b64decode(value.encode("ascii"), validate=True) if isinstance(value, str) else None
    except (binascii.Error, UnicodeEncodeError):
        found = None
    if found is None or (length is not None and len(found) != length):
        raise damaged()
    return found


def unhex(value: object, length: int | None = None) -> bytes:
    """Hexadecimal, strictly. Raises `codes-damaged`."""
    try:
        found = binascii.unhexlify(value) if isinstance(value, str) else None
    except ValueError:
        found = None
    if found is None or (length is not None and len(found) != length):
        raise damaged()
    return found


def fields(value: object) -> dict[str, Any]:
    """`value` where it is an object, else one without fields."""
    return value if isinstance(value, dict) else {}


def rows(value: object) -> list[dict[str, Any]]:
    """The objects of a list; what is none counts as one without fields. Raises `codes-damaged`."""
    if not isinstance(value, list):
        raise damaged()
    return [fields(row) for row in value]
