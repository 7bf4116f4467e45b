"""Vault id, generation, checksum and ancestors of a vault file, without opening it or loading OpenSSL.

Enough to compare the file with what was noted while the agent, which proved it, holds it open.
"""

from __future__ import annotations

import json
import os

from credguard.vault.sealed.lineage import Lineage, lineage_of

_START = 16  # magic, major, minor, length of the header (format.py)
_TRAILER = 32
_MOST = 1 << 20


def peek(path: str) -> tuple[str, int, str, Lineage] | None:
    """None where there is no file, or none that reads as a vault."""
    try:
        with open(path, "rb") as file:
            start = file.read(_START)
            length = int.from_bytes(start[12:16], "big")
            if start[:8] != b"CREDGV\r\n" or length > _MOST:
                return None
            header = json.loads(file.read(length))
            file.seek(-_TRAILER, os.SEEK_END)
            trailer = file.read(_TRAILER)
        return str(header["vault"]), int(header["generation"]), trailer.hex(), lineage_of(header)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        return None
