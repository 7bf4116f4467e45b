"""Virtual MFA devices: one-time codes, checked as STS and IAM check them.

TOTP (RFC 6238): SHA-1, 6 digits, 30 s. The rules and their numbers are in the project's AWS facts:
±2 steps, each step once, unused neighbours in any order, nine tries in a 3-minute UTC window.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import struct
from dataclasses import dataclass, field
from typing import Literal

from credguard.demo.cloud.answers import Refusal

STEP = 30
REACH = 2
TRIES = 9
WINDOW = 180
ENROL_BACK, ENROL_AHEAD = -998, 1000

WRONG_CODE = "MultiFactorAuthentication failed with invalid MFA one time pass code. "
CANNOT_TELL = (
    "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number"
    " is valid and associated with this user."
)


def code_at(seed: str, step: int) -> str:
    """The code of a time step, for a Base32 seed."""
    key = base64.b32decode(seed + "=" * (-len(seed) % 8))
    digest = hmac.new(key, struct.pack(">Q", step), hashlib.sha1).digest()
    at = digest[-1] & 15
    number = struct.unpack(">I", digest[at : at + 4])[0] & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"


def wrong_code() -> Refusal:
    return Refusal("AccessDenied", WRONG_CODE, 403)


def cannot_tell() -> Refusal:
    return Refusal("AccessDenied", CANNOT_TELL, 403)


@dataclass
class Device:
    """`drift`: steps its clock is ahead, learnt at enrolment. `known_from`: when STS learns of it. `sent`:
    every code that STS was given, in order, for tests."""

    serial: str
    seed: str
    enabled: float | None = None
    known_from: float = 0.0
    drift: int = 0
    used: set[int] = field(default_factory=set)
    tries: dict[int, int] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    kind: Literal["virtual", "fido"] = "virtual"
    sent: list[str] = field(default_factory=list)

    def verify(self, code: str, now: float) -> None:
        """STS's check. Raises Refusal with one of AWS's two texts; each try counts. TOTP only."""
        if self.kind != "virtual":
            raise cannot_tell()
        self.sent.append(code)
        window = int(now // WINDOW)
        self.tries[window] = self.tries.get(window, 0) + 1
        if self.tries[window] > TRIES or now < self.known_from:
            raise cannot_tell()
        here = int(now // STEP) + self.drift
        for step in range(here - REACH, here + REACH + 1):
            if step not in self.used and hmac.compare_digest(code_at(self.seed, step), code):
                self.used.add(step)
                return
        raise wrong_code()

    def learn(self, first: str, second: str, now: float) -> None:
        """Two consecutive codes, at enrolment or resync. They may be used once more at STS.

        Raises Refusal `InvalidAuthenticationCode`.
        """
        here = int(now // STEP)
        for away in sorted(range(ENROL_BACK, ENROL_AHEAD + 1), key=abs):
            step = here + away
            if step > 0 and code_at(self.seed, step) == second and code_at(self.seed, step - 1) == first:
                self.drift = away if abs(away) > REACH else 0
                return
        raise Refusal(
            "InvalidAuthenticationCode", f"Authentication code for device {self.serial} is not valid.", 403
        )
