"""Argon2id through libsodium, and how its cost is chosen.

RFC 9106; parallelism is 1, which is all libsodium has. Memory is in bytes, `passes` is t.
"""

from __future__ import annotations

import os
import time
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from credguard.domain.errors import CredGuardError
from credguard.domain.secret import Secret
from credguard.domain.text import text

MIB = 1 << 20
_WANTED_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Cost:
    """Memory in bytes and passes."""

    memory: int
    passes: int


FLOOR = Cost(64 * MIB, 3)
MOST = Cost(2048 * MIB, 1_000_000)


def derive(passphrase: Secret, salt: bytes, cost: Cost) -> bytes:
    """32 bytes from a passphrase (NFC, UTF-8, not trimmed).

    Raises CredGuardError `passphrase-empty`, or `vault-damaged` for a cost no file of ours has.
    """
    from nacl import pwhash

    words = unicodedata.normalize("NFC", passphrase.reveal()).encode("utf-8")
    if not words:
        raise CredGuardError(
            "passphrase-empty",
            text("An empty passphrase protects nothing."),
            text("Choose one. Six random words are good."),
        )
    if cost.memory > MOST.memory or cost.passes * cost.memory > 16 * 1024 * MIB or cost.passes < 1:
        raise CredGuardError(
            "vault-damaged",
            text("The vault asks for more memory than any vault of CredGuard’s does."),
            text("It was changed or damaged. Restore a backup."),
        )
    key: bytes = pwhash.argon2id.kdf(32, words, salt, opslimit=cost.passes, memlimit=max(cost.memory, 8192))
    return key


def calibrate(measure: Callable[[Cost], float] | None = None, free: Callable[[], int] | None = None) -> Cost:
    """The cost for a new passphrase: about half a second here, never below the floor."""
    timed = (measure or _measure)(FLOOR)
    memory, passes = FLOOR.memory, FLOOR.passes
    most = min(1024 * MIB, (free or _free_memory)() // 4)
    per = timed / (memory * passes)
    while per * memory * 2 * passes < _WANTED_SECONDS and memory * 2 <= most:
        memory *= 2
    while per * memory * (passes + 1) < _WANTED_SECONDS and passes < 64:
        passes += 1
    return Cost(memory, passes)


def _measure(cost: Cost) -> float:
    began = time.perf_counter()
    derive(Secret("measure"), bytes(16), cost)
    return time.perf_counter() - began


def _free_memory() -> int:
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):
        return 1024 * MIB
