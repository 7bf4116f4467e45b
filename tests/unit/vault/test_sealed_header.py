"""Headers that an attacker wrote, checksum and all: told apart from damage, never a traceback."""

from __future__ import annotations

import hashlib
import json
import struct
from typing import Any

import pytest

from credguard.domain.errors import CredGuardError
from credguard.vault.sealed import format as layout
from credguard.vault.sealed.format import Compartment, VaultFile

BODY = b"body"
GOOD: dict[str, Any] = {
    "vault": "00" * 16,
    "generation": 1,
    "created_by": "x",
    "slots": [{"id": "s", "type": "passphrase", "opens": ["keys"]}],
    "admin": "AAAA",
    "compartments": [
        {"name": "keys", "generation": 1, "length": len(BODY), "sha256": hashlib.sha256(BODY).hexdigest()}
    ],
}


def _file(header: bytes, body: bytes = BODY, major: int = 1, length: int | None = None) -> bytes:
    """With a right checksum, which needs no key."""
    size = len(header) if length is None else length
    data = struct.pack(">8sHHI", b"CREDGV\r\n", major, 0, size) + header + bytes(32) + body
    return data + hashlib.sha256(data).digest()


def _header(**changes: Any) -> bytes:
    return json.dumps({**GOOD, **changes}).encode()


def _part(**changes: Any) -> bytes:
    return _header(compartments=[{**GOOD["compartments"][0], **changes}])


def test_the_good_one_is_read() -> None:
    assert layout.read(_file(_header())).compartment("keys") == Compartment("keys", 1, BODY)


@pytest.mark.parametrize(
    "header",
    [
        b"\xff\xfe", b"[]", b"null", b"{}", b"{", b"[" * 100_000, b'{"vault":1,"vault":2}',
        _header(vault=1), _header(generation="1"), _header(generation=-1), _header(generation=True),
        _header(generation=1.0), _header(generation=2**63), _header(created_by=[]), _header(admin=7),
        _header(admin="not base64!"), _header(slots="abc"), _header(slots=[1]), _header(slots={"a": 1}),
        _header(slots=[{"id": "s", "type": "passphrase", "opens": "keys"}]),
        _header(slots=[{"id": 1, "type": "passphrase", "opens": []}]),
        _header(slots=[{"id": "s", "type": "passphrase", "opens": [1]}]),
        _header(compartments=7), _header(compartments=[7]), _header(compartments=[]),
        _header(compartments=GOOD["compartments"] * 2), _part(length=5), _part(length=3), _part(length=-1),
        _part(length=10**30), _part(sha256="x"), _part(sha256=None), _part(name=None), _part(generation=None),
        b'{"generation": ' + b"9" * 5000 + b"}",
    ],
    ids=lambda header: header[:12].decode("latin-1"),
)  # fmt: skip
def test_a_header_that_nobody_of_ours_wrote(header: bytes) -> None:
    with pytest.raises(CredGuardError) as caught:
        layout.read(_file(header))
    assert caught.value.code == "vault-changed"


def test_lengths_out_of_all_proportion() -> None:
    for length in (1 << 20, (1 << 20) + 1, 2**32 - 1, len(_header()) + 1000):
        with pytest.raises(CredGuardError) as caught:
            layout.read(_file(_header(), length=length))
        assert caught.value.code == "vault-damaged"


def test_what_does_not_fit_into_a_vault_is_said_before_it_is_written() -> None:
    file = VaultFile("00" * 16, 1, "x", (), b"", (Compartment("keys", 1, bytes(layout.MAX_FILE)),))
    with pytest.raises(CredGuardError) as caught:
        layout.write(file, bytes(32))
    assert caught.value.code == "vault-full"


@pytest.mark.parametrize("padded", [b"", b"\0\0\0", b"\0\0\0\5abcd", b"\xff\xff\xff\xff" + bytes(99)])
def test_a_body_with_a_wrong_length(padded: bytes) -> None:
    with pytest.raises(CredGuardError) as caught:
        layout.unpad(padded)
    assert caught.value.code == "vault-changed"
