"""Flat JSON objects, read and written without the json package (which doubles the provider's start).

Only what our items are: one object of strings, whole numbers, true, false and null. Anything else is a
ValueError, and the caller leaves the work to the full program.
"""

from __future__ import annotations

from _json import encode_basestring_ascii as quoted
from _json import scanstring

_WORDS = {"null": None, "true": True, "false": False}
_SPACE = " \t\r\n"


def decode(value: str) -> dict[str, object]:
    """The object in `value`. Raises ValueError for anything that is not flat."""
    at = _skip(value, 0)
    if value[at : at + 1] != "{":
        raise ValueError("not a flat object")
    found: dict[str, object] = {}
    at = _skip(value, at + 1)
    if value[at : at + 1] == "}":
        return found
    while True:
        if value[at : at + 1] != '"':
            raise ValueError("not a flat object")
        name, at = scanstring(value, at + 1, True)
        at = _skip(value, at)
        if value[at : at + 1] != ":":
            raise ValueError("not a flat object")
        found[name], at = _value(value, _skip(value, at + 1))
        at = _skip(value, at)
        mark = value[at : at + 1]
        at = _skip(value, at + 1)
        if mark == "}" and at == len(value):
            return found
        if mark != ",":
            raise ValueError("not a flat object")


def _value(value: str, at: int) -> tuple[object, int]:
    if value[at : at + 1] == '"':
        text, at = scanstring(value, at + 1, True)
        return text, at
    end = at
    while end < len(value) and value[end] not in ",}" + _SPACE:
        end += 1
    word = value[at:end]
    if word in _WORDS:
        return _WORDS[word], end
    if word.lstrip("-").isdigit():
        return int(word), end
    if word and all(c in "0123456789.eE+-" for c in word):
        return float(word), end
    raise ValueError("not a flat object")


def _skip(value: str, at: int) -> int:
    while at < len(value) and value[at] in _SPACE:
        at += 1
    return at


def encode(pairs: list[tuple[str, str | int]]) -> str:
    """A compact object in the given order."""
    return "{" + ",".join(f"{quoted(k)}:{quoted(v) if isinstance(v, str) else v}" for k, v in pairs) + "}"
