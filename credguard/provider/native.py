"""The keychains of macOS and Windows, read through ctypes.

Written from the documentation of SecKeychainFindGenericPassword and CredReadW; run under Wine, never on
those systems (docs/windows.md). Anything unexpected raises Unavailable and the full program takes over.
"""

from __future__ import annotations

import ctypes
import sys
from typing import Any

from credguard.provider.dbus import Unavailable
from credguard.wire import items


def open_keychain() -> MacKeychain | WindowsCredentials:
    """The keychain of this system. Raises Unavailable."""
    if sys.platform == "darwin":
        return MacKeychain()
    if sys.platform == "win32":
        return WindowsCredentials()
    raise Unavailable("no keychain")


class MacKeychain:
    """Generic passwords, as keyring writes them."""

    _NOT_FOUND = -25300

    def __init__(self) -> None:
        try:
            self._security: Any = ctypes.CDLL("/System/Library/Frameworks/Security.framework/Security")
        except OSError:
            raise Unavailable("no Security framework") from None

    def read(self, name: str) -> str | None:
        service, account = items.SERVICE.encode(), name.encode()
        length, data = ctypes.c_uint32(), ctypes.c_void_p()
        status = self._security.SecKeychainFindGenericPassword(
            None, len(service), service, len(account), account,
            ctypes.byref(length), ctypes.byref(data), None,
        )  # fmt: skip
        if status == self._NOT_FOUND:
            return None
        if status != 0 or not data.value:
            raise Unavailable("keychain")
        try:
            return ctypes.string_at(data.value, length.value).decode()
        finally:
            self._security.SecKeychainItemFreeContent(None, data)

    def close(self) -> None:
        return None


class _Credential(ctypes.Structure):
    _fields_ = (
        ("Flags", ctypes.c_uint32),
        ("Type", ctypes.c_uint32),
        ("TargetName", ctypes.c_wchar_p),
        ("Comment", ctypes.c_wchar_p),
        ("LastWritten", ctypes.c_uint64),
        ("CredentialBlobSize", ctypes.c_uint32),
        ("CredentialBlob", ctypes.c_void_p),
        ("Persist", ctypes.c_uint32),
        ("AttributeCount", ctypes.c_uint32),
        ("Attributes", ctypes.c_void_p),
        ("TargetAlias", ctypes.c_wchar_p),
        ("UserName", ctypes.c_wchar_p),
    )


class WindowsCredentials:
    """Generic credentials. keyring names the newest `SERVICE` and moves others to `USER@SERVICE`."""

    def __init__(self) -> None:
        loader: Any = getattr(ctypes, "WinDLL", None)
        if loader is None:
            raise Unavailable("no advapi32")
        self._api: Any = loader("advapi32", use_last_error=True)

    def read(self, name: str) -> str | None:
        for target in (f"{name}@{items.SERVICE}", items.SERVICE):
            found = ctypes.POINTER(_Credential)()
            if not self._api.CredReadW(ctypes.c_wchar_p(target), 1, 0, ctypes.byref(found)):
                continue
            try:
                credential = found.contents
                if credential.UserName == name and credential.CredentialBlob:
                    blob = ctypes.string_at(credential.CredentialBlob, credential.CredentialBlobSize)
                    return blob.decode("utf-16-le")
            finally:
                self._api.CredFree(found)
        return None

    def close(self) -> None:
        return None
