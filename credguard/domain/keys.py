"""Access keys: the anatomy of a key id, and a key's age.

Source: the AWS documentation on unique identifiers (prefixes), and the measurement recorded in the
project's AWS facts for the account number inside a key id.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

from credguard.domain.secret import Secret

KeyStatus: TypeAlias = Literal["active", "inactive", "unknown"]

#: A long-term or temporary access key id. Never hard-code a length of 20: the model allows 16–128.
KEY_ID = re.compile(r"(?:AKIA|ASIA)[A-Z0-9]{12,124}")

_NEW_GENERATION = frozenset("QRSTUVWXYZ234567")
_BASE32 = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class AccessKey:
    """What is known of one access key, without its secret. Times are seconds since 1970."""

    access_key_id: str
    account_id: str | None = None
    arn: str | None = None
    created: float | None = None
    status: KeyStatus = "unknown"
    store: Literal["keychain", "sealed"] = "keychain"
    last_used: float | None = None

    @property
    def is_root(self) -> bool:
        return bool(self.arn and self.arn.endswith(":root"))


def looks_like_key_id(value: str) -> bool:
    """Whether `value` has the shape of an access key id (nothing is asked of AWS)."""
    return KEY_ID.fullmatch(value) is not None


def is_temporary(access_key_id: str) -> bool:
    """Keys of STS sessions start with ASIA and need a session token."""
    return access_key_id.startswith("ASIA")


def account_of(access_key_id: str) -> str | None:
    """The 12-digit account id carried inside a key id, or None where the id does not carry it.

    Only ids of the new generation carry it (5th character Q–Z or 2–7). Older ids decode to a number
    too, a wrong one, so they are answered with None.
    """
    body = access_key_id[4:20]
    if len(body) < 16 or body[0] not in _NEW_GENERATION or not set(body) <= _BASE32:
        return None
    value = int.from_bytes(base64.b32decode(body)[:6], "big")
    return f"{(value & 0x7FFFFFFFFF80) >> 7:012d}"


def age_days(created: float, now: float) -> int:
    """Whole days since `created`; a clock that runs backwards gives 0."""
    return max(0, int((now - created) // DAY))


def masked(access_key_id: str) -> str:
    """The id shortened for places where it need not stand in full: `AKIATW5N…MPLE`."""
    return access_key_id if len(access_key_id) <= 12 else f"{access_key_id[:8]}…{access_key_id[-4:]}"


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a call to AWS is signed with. `expiration` is seconds since 1970, None for long-term keys."""

    access_key_id: str
    secret: Secret
    session_token: Secret | None = None
    expiration: float | None = None
    account_id: str | None = None
