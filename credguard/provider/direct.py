"""Reads one item straight from the keychain, without keyring: Linux, macOS, Windows.

Raises Unavailable for anything but a plain answer: then the full program takes over.
"""

from __future__ import annotations

import sys
from time import monotonic

from credguard.provider.dbus import (
    ROOT,
    SERVICE,
    Connection,
    Unavailable,
    attributes,
    read_bytes,
    read_paths,
    read_string,
    string,
)
from credguard.wire import items

TYPE_CHECKING = False  # typing itself costs more than all of this
if TYPE_CHECKING:
    from credguard.provider.native import MacKeychain, WindowsCredentials

SECONDS = 2.0


class SecretService:
    """The Linux keychain, searched by the attributes that keyring writes."""

    def __init__(self) -> None:
        self._bus = Connection(monotonic() + SECONDS)
        # OpenSession("plain", variant of an empty string) → (variant, session path)
        body = string("plain")
        body += b"\x01s\0"
        body += bytes(-len(body) % 4) + string("")
        _, answer = self._bus.call(SERVICE, ROOT, "org.freedesktop.Secret.Service", "OpenSession", "sv", body)
        self._session = _session_path(answer)

    def read(self, name: str) -> str | None:
        """The value of the item `name`; None where there is none. Raises Unavailable, also when locked."""
        pairs = (("service", items.SERVICE), ("username", name))
        _, answer = self._bus.call(
            SERVICE, ROOT, "org.freedesktop.Secret.Service", "SearchItems", "a{ss}", attributes(pairs)
        )
        unlocked, at = read_paths(answer, 0)
        locked, _ = read_paths(answer, at)
        if len(unlocked) + len(locked) > 1:
            # keyring writes into one collection; which of these is that one, the full program knows.
            raise Unavailable("several")
        if locked:
            raise Unavailable("locked")
        if not unlocked:
            return None
        _, answer = self._bus.call(
            SERVICE, unlocked[0], "org.freedesktop.Secret.Item", "GetSecret", "o", string(self._session)
        )
        _, at = read_string(answer, 0)
        _, at = read_bytes(answer, at)
        value, _ = read_bytes(answer, at)
        return value.decode()

    def close(self) -> None:
        self._bus.close()


def _session_path(answer: bytes) -> str:
    # A variant (here of an empty string), then the path.
    length = answer[0]
    kind = answer[1 : 1 + length].decode()
    if kind != "s":
        raise Unavailable("session")
    _, at = read_string(answer, length + 2)
    path, _ = read_string(answer, at)
    return path


def open_keychain() -> SecretService | MacKeychain | WindowsCredentials:
    """The keychain of this computer. Raises Unavailable."""
    if sys.platform.startswith("linux"):
        return SecretService()
    from credguard.provider import native

    return native.open_keychain()
