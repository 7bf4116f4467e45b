"""A security key in software: CTAP 2.1 behind python-fido2's own client, no device needed.

Credentials are derived from one master secret, so that a reset makes them unknown, as on real keys. It
answers getInfo, makeCredential, getAssertion, clientPIN (protocols 1 and 2) and selection, with the
extensions hmac-secret and hmac-secret-mc. The knobs are fields.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2 import cbor
from fido2.cose import ES256
from fido2.ctap import STATUS, CtapDevice
from fido2.ctap2.pin import PinProtocolV1, PinProtocolV2
from fido2.hid import CAPABILITY
from fido2.webauthn import Aaguid, AttestedCredentialData, AuthenticatorData

_CURVE = ec.SECP256R1()
NO_CREDENTIALS, EXCLUDED, PIN_INVALID, PIN_BLOCKED = 0x2E, 0x19, 0x31, 0x32
PIN_AUTH_INVALID, PIN_AUTH_BLOCKED, PIN_NOT_SET, PUAT_REQUIRED = 0x33, 0x34, 0x35, 0x36
UNSUPPORTED_OPTION, INVALID_OPTION, CANCELLED, UNTOUCHED, TOO_LARGE = 0x2B, 0x2C, 0x2D, 0x2F, 0x39


class Status(Exception):
    """Ends a command with a status byte."""


@dataclass
class SoftwareKey(CtapDevice):
    """One key. `touch` is called when it blinks, with the caller's event, and says whether it was touched."""

    pin: str | None = None
    touch: Callable[[threading.Event], bool] = lambda event: True
    protocols: tuple[int, ...] = (2, 1)
    extensions: tuple[str, ...] = ("hmac-secret",)
    always_uv: bool = False
    unplugged: bool = False
    max_message: int = 1200
    non_canonical: bool = False
    retries: int = 8
    touches: int = 0
    commands: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.plug_in()
        self.reset()

    def reset(self) -> None:
        """Factory reset: every credential made before is unknown."""
        self.master = os.urandom(32)

    def plug_in(self) -> None:
        """Power: a new agreement key, a new token, and PIN tries again."""
        self.unplugged = False
        self._pair = ec.generate_private_key(_CURVE)
        self._token = os.urandom(32)
        self._permissions = 0
        self._wrong_in_a_row = 0

    # ── fido2.ctap.CtapDevice ────────────────────────────────────────────────────────────────────
    @property
    def capabilities(self) -> int:
        return int(CAPABILITY.CBOR)

    @classmethod
    def list_devices(cls) -> Iterator[CtapDevice]:
        return iter(())

    def call(
        self,
        cmd: int,
        data: bytes = b"",
        event: threading.Event | None = None,
        on_keepalive: Callable[[STATUS], None] | None = None,
    ) -> bytes:
        if self.unplugged:
            raise OSError("the device is gone")
        self.commands.append(data[0])
        if len(data) > self.max_message:
            return bytes([TOO_LARGE])
        request: Mapping[int, Any] = cbor.decode(data[1:]) if len(data) > 1 else {}
        self._event, self._keepalive = event or threading.Event(), on_keepalive
        handlers = {1: self._make, 2: self._assert, 4: self._info, 6: self._client_pin, 0x0B: self._select}
        try:
            answer = handlers[data[0]](request)
        except Status as status:
            return bytes([status.args[0]])
        encoded = cbor.encode(answer) if answer else b""
        if self.non_canonical and encoded[:1] and encoded[0] >> 5 == 5:
            encoded = bytes([0xB8, encoded[0] & 31]) + encoded[1:]  # a map's length in two bytes
        return b"\0" + encoded

    # ── commands ─────────────────────────────────────────────────────────────────────────────────
    def _info(self, request: Mapping[int, Any]) -> dict[int, Any]:
        options = {"rk": False, "up": True, "clientPin": self.pin is not None, "pinUvAuthToken": True}
        if self.always_uv:
            options["alwaysUv"] = True
        else:
            options["makeCredUvNotRqd"] = True
        return {
            1: ["FIDO_2_0", "FIDO_2_1"], 2: list(self.extensions), 3: bytes(Aaguid.NONE), 4: options,
            5: self.max_message, 6: list(self.protocols), 7: 8, 8: 96,
        }  # fmt: skip

    def _select(self, request: Mapping[int, Any]) -> None:
        self._wait_for_touch()

    def _make(self, request: Mapping[int, Any]) -> dict[int, Any]:
        rp = hashlib.sha256(request[2]["id"].encode()).digest()
        uv = self._verified(request, 1, 8, 9)
        if any(self._private(rp, one["id"]) for one in request.get(5) or ()):
            self._wait_for_touch()
            raise Status(EXCLUDED)
        self._wait_for_touch()
        nonce = os.urandom(32)
        credential = nonce + hmac.digest(self.master, b"id" + rp + nonce, "sha256")
        private = self._private(rp, credential)
        assert private is not None
        public = ES256.from_cryptography_key(private.public_key())
        given = request.get(6) or {}
        outputs: dict[str, Any] = {"hmac-secret": True} if given.get("hmac-secret") else {}
        if "hmac-secret-mc" in given:
            outputs["hmac-secret-mc"] = self._hmac_secret(given["hmac-secret-mc"], credential, uv)
        flags = 0x41 | (4 if uv else 0) | (0x80 if outputs else 0)
        attested = AttestedCredentialData.create(Aaguid.NONE, credential, public)
        data = AuthenticatorData.create(rp, flags, 1, attested, outputs or None)
        return {1: "none", 2: bytes(data), 3: {}}

    def _assert(self, request: Mapping[int, Any]) -> dict[int, Any]:
        rp = hashlib.sha256(request[1].encode()).digest()
        up = (request.get(5) or {}).get("up", True)
        uv = self._verified(request, 2, 6, 7)
        known = [one["id"] for one in request.get(3) or () if self._private(rp, one["id"])]
        if up:
            self._wait_for_touch()
        if not known:
            raise Status(NO_CREDENTIALS)
        private = self._private(rp, known[0])
        assert private is not None
        given = (request.get(4) or {}).get("hmac-secret")
        outputs = {"hmac-secret": self._hmac_secret(given, known[0], uv)} if given else None
        flags = (1 if up else 0) | (4 if uv else 0) | (0x80 if outputs else 0)
        data = AuthenticatorData.create(rp, flags, 2, extensions=outputs)
        signature = private.sign(bytes(data) + request[2], ec.ECDSA(hashes.SHA256()))
        return {1: {"id": known[0], "type": "public-key"}, 2: bytes(data), 3: signature}

    def _client_pin(self, request: Mapping[int, Any]) -> dict[int, Any]:
        command = request[2]
        if command == 1:
            return {3: self.retries, 4: self._wrong_in_a_row >= 3}
        if command == 2:
            return {1: self._public()}
        if command not in {5, 9}:
            raise Status(INVALID_OPTION)
        if self.pin is None:
            raise Status(PIN_NOT_SET)
        if self.retries == 0:
            raise Status(PIN_BLOCKED)
        if self._wrong_in_a_row >= 3:
            raise Status(PIN_AUTH_BLOCKED)
        protocol, secret = self._shared(request[1], request[3])
        self.retries -= 1
        given = protocol.decrypt(secret, request[6])
        if not hmac.compare_digest(given, hashlib.sha256(self.pin.encode()).digest()[:16]):
            self._pair = ec.generate_private_key(_CURVE)
            self._wrong_in_a_row += 1
            if self.retries == 0:
                raise Status(PIN_BLOCKED)
            raise Status(PIN_AUTH_BLOCKED if self._wrong_in_a_row >= 3 else PIN_INVALID)
        self.retries, self._wrong_in_a_row = 8, 0
        self._token = os.urandom(32)
        self._permissions = request.get(9, 3)
        return {2: protocol.encrypt(secret, self._token)}

    # ── inside ───────────────────────────────────────────────────────────────────────────────────
    def _wait_for_touch(self) -> None:
        if self._keepalive is not None:
            self._keepalive(STATUS.UPNEEDED)
        touched = self.touch(self._event)
        if self._event.is_set() and not touched:
            raise Status(CANCELLED)
        if not touched:
            raise Status(UNTOUCHED)
        if self.unplugged:
            raise OSError("the device is gone")
        self.touches += 1

    def _verified(self, request: Mapping[int, Any], permission: int, param: int, version: int) -> bool:
        if param not in request:
            if self.always_uv:
                raise Status(PUAT_REQUIRED)
            return False
        protocol = _protocol(request[version])
        expected = protocol.authenticate(self._token, request[1 if permission == 1 else 2])
        if not self._permissions & permission or not hmac.compare_digest(expected, request[param]):
            raise Status(PIN_AUTH_INVALID)
        return True

    def _private(self, rp: bytes, credential: bytes) -> ec.EllipticCurvePrivateKey | None:
        nonce, tag = credential[:32], credential[32:]
        if not hmac.compare_digest(tag, hmac.digest(self.master, b"id" + rp + nonce, "sha256")):
            return None
        seed = hmac.digest(self.master, b"key" + rp + nonce, "sha256")
        return ec.derive_private_key(int.from_bytes(seed, "big") % (1 << 255) + 1, _CURVE)

    def _hmac_secret(self, given: Mapping[int, Any], credential: bytes, uv: bool) -> bytes:
        """Two secrets for each credential: with and without user verification."""
        protocol, secret = self._shared(given.get(4, 1), given[1])
        if not hmac.compare_digest(protocol.authenticate(secret, given[2]), given[3]):
            raise Status(PIN_AUTH_INVALID)
        salts = protocol.decrypt(secret, given[2])
        random = hmac.digest(self.master, (b"uv" if uv else b"no") + credential, "sha256")
        parts = [salts[at : at + 32] for at in range(0, len(salts), 32)]
        return protocol.encrypt(secret, b"".join(hmac.digest(random, part, "sha256") for part in parts))

    def _public(self) -> dict[int, Any]:
        numbers = self._pair.public_key().public_numbers()
        return {1: 2, 3: -25, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}

    def _shared(self, version: int, theirs: Mapping[int, Any]) -> tuple[PinProtocolV1, bytes]:
        x, y = (int.from_bytes(theirs[at], "big") for at in (-2, -3))
        public = ec.EllipticCurvePublicNumbers(x, y, _CURVE).public_key()
        protocol = _protocol(version)
        return protocol, protocol.kdf(self._pair.exchange(ec.ECDH(), public))


def _protocol(version: int) -> PinProtocolV1:
    return PinProtocolV2() if version == 2 else PinProtocolV1()


def never(event: threading.Event) -> bool:
    """Nobody touches; the key gives up at once, as it does after half a minute."""
    return False


def until_called_off(event: threading.Event) -> bool:
    """Nobody touches, and the key waits until the program calls it off."""
    event.wait(10)
    return False
