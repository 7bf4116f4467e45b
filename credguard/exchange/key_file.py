"""The key in a KeePass key file. Source: the KeePass help page "Composite Master Key", KeePassXC's
`src/keys/FileKey.cpp`."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re

from credguard.domain.errors import CredGuardError
from credguard.domain.text import text

MAX_FILE = 8 << 20
_HEX = re.compile(rb"[0-9A-Fa-f]{64}")
_VERSION = re.compile(rb"<Version>\s*([0-9.]+)\s*</Version>")
_DATA = re.compile(rb"<Data(?:\s+Hash=\"([0-9A-Fa-f]{8})\")?\s*>([0-9A-Za-z+/=\s]*)</Data>")


def key_of(data: bytes) -> bytes:
    """32 bytes: of KeePass's XML (1 and 2), 32 raw bytes, 64 hexadecimal digits, or any file by its hash.

    Raises CredGuardError `key-file` for XML whose key is cut off or changed.
    """
    if b"<KeyFile" in data[:4096]:
        return _of_xml(data)
    if len(data) == 32:
        return data
    if len(data) == 64 and _HEX.fullmatch(data):
        return bytes.fromhex(data.decode())
    return hashlib.sha256(data).digest()


def _of_xml(data: bytes) -> bytes:
    version, found = _VERSION.search(data), _DATA.search(data)
    key = b""
    if version and found:
        words = b"".join(found[2].split())
        try:
            if version[1].startswith(b"2"):
                key = bytes.fromhex(words.decode())
                check = hashlib.sha256(key).digest()[:4]
                if found[1] is not None and not hmac.compare_digest(check, bytes.fromhex(found[1].decode())):
                    key = b""
            else:
                key = base64.b64decode(words, validate=True)
        except ValueError:
            key = b""
    if len(key) != 32:
        raise CredGuardError(
            "key-file",
            text("The key file is cut off or changed."),
            text("Use another copy of it. Nothing was imported."),
        )
    return key
