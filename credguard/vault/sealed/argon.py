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
SALT = 16
#: What libsodium takes at the least, and what a vault file may ask for at the most.
LEAST_MEMORY = 8192
MOST_MEMORY = 2048 * MIB
MOST_WORK = 16 * 1024 * MIB  # memory × passes
#: All passphrase slots of a file together: about a minute.
MOST_WORK_OF_ALL = 4 * MOST_WORK


def derive(passphrase: Secret, salt: bytes, cost: Cost) -> bytes:
    """32 bytes from a passphrase (NFC, UTF-8, not trimmed).

    Raises CredGuardError `passphrase-empty`, `vault-cost` for a cost that no vault of ours has, or
    `memory-full`.
    """
    from nacl import exceptions, pwhash

    words = unicodedata.normalize("NFC", passphrase.reveal()).encode("utf-8", "surrogatepass")
    if not words:
        raise CredGuardError(
            "passphrase-empty",
            text("An empty passphrase protects nothing."),
            text("Choose one. Six random words are good."),
        )
    reasonable = LEAST_MEMORY <= cost.memory <= MOST_MEMORY and cost.passes >= 1
    if not reasonable or cost.passes * cost.memory > MOST_WORK:
        raise too_dear()
    try:
        key: bytes = pwhash.argon2id.kdf(32, words, salt, opslimit=cost.passes, memlimit=cost.memory)
    except (exceptions.CryptoError, MemoryError):
        raise CredGuardError(
            "memory-full",
            text("Opening the vault takes {n} MiB of memory, which is not free now.", n=cost.memory // MIB),
            text("Close other programs, then try again. Nothing was changed."),
            retry=True,
        ) from None
    return key


def too_dear() -> CredGuardError:
    """What to say of a file that asks for too much."""
    return CredGuardError(
        "vault-cost",
        text("The vault file asks for work that no vault of CredGuard’s does: it was changed."),
        text("It was not opened. Restore a backup of it."),
    )


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
