"""A vault of each minor version, kept as a file: a change of the layout cannot slip in.

`tests/vectors/vault-1.0.cgv` has a slot of each type. It was written once; it is only ever read here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import pytest

from credguard.domain.errors import CredGuardError
from credguard.domain.secret import Secret
from credguard.vault.sealed import format as layout
from credguard.vault.sealed.credentials import (
    Credential,
    KeychainKey,
    KnownKey,
    Passphrase,
    RecoveryCode,
    SecurityKey,
    Touched,
)
from credguard.vault.sealed.recovery import printed
from credguard.vault.sealed.vault import SealedVault

VECTOR = Path(__file__).parents[2] / "vectors" / "vault-1.0.cgv"
ERRORS = {"vault-damaged", "vault-changed", "vault-newer", "not-a-vault"}


class FixedKey:
    """A security key that always gives the same 32 bytes."""

    def enrol(self, vault: str, known: Sequence[bytes], salt: bytes) -> Touched:
        return Touched(b"credential EXAMPLE", b"\x07" * 32, True)

    def ask(self, known: Sequence[KnownKey]) -> Touched:
        return Touched(known[0].credential, b"\x07" * 32, True)


class FixedKeychain:
    def get(self, vault: str, slot: str) -> bytes | None:
        return b"\x09" * 32

    def put(self, vault: str, slot: str, key: bytes) -> None:
        raise AssertionError

    def remove(self, vault: str, slot: str) -> None:
        raise AssertionError


WAYS: list[tuple[Credential, tuple[str, ...]]] = [
    (Passphrase(Secret("caf\u00e9 words EXAMPLE")), ("access-key/AKIAIOSFODNN7EXAMPLE", "totp/1")),
    (RecoveryCode(printed(bytes(range(16)))), ("access-key/AKIAIOSFODNN7EXAMPLE", "totp/1")),
    (KeychainKey(FixedKeychain()), ("access-key/AKIAIOSFODNN7EXAMPLE",)),
    (SecurityKey(FixedKey()), ("totp/1",)),
]


@pytest.mark.parametrize("way", range(4))
def test_a_vault_of_1_0_opens(tmp_path: Path, way: int) -> None:
    path = tmp_path / "vault.cgv"
    path.write_bytes(VECTOR.read_bytes())
    credential, names = WAYS[way]
    vault = SealedVault(str(path))
    vault.unlock(credential)
    assert vault.names() == names
    if "totp/1" in names:
        assert vault.get("totp/1") == '{"v":1,"name":"Zoë"}'
    assert layout.read(VECTOR.read_bytes()).minor == 0


def test_every_cut_and_every_flipped_byte_of_all_slot_types_is_noticed(tmp_path: Path) -> None:
    """Also with the unkeyed checksum mended. None opens, and each is one of four sentences."""
    data = VECTOR.read_bytes()
    path = tmp_path / "vault.cgv"
    path.write_bytes(data)
    vault = SealedVault(str(path))
    vault.unlock(WAYS[0][0])
    bundle = vault.loaded().bundle

    said: set[str] = set()

    def opens(changed: bytes) -> bool:
        try:
            layout.read(changed)
            layout.verify(changed, bundle.head)
            vault.read_other(changed, vault.loaded())
        except CredGuardError as error:
            said.add(error.code)
            return False
        return True

    assert opens(data)
    cases = 0
    for at in range(len(data)):
        assert not opens(data[:at])
        if at <= len(data) - 32:
            assert not opens(data[:at] + hashlib.sha256(data[:at]).digest()) or at == len(data) - 32
        flipped = bytearray(data)
        flipped[at] ^= 0x20
        assert not opens(bytes(flipped))
        if at < len(data) - 32:
            body = bytes(flipped[:-32])
            assert not opens(body + hashlib.sha256(body).digest())
        cases += 4
    assert cases > 20_000
    assert said <= ERRORS


def test_two_writers_two_hundred_times(tmp_path: Path) -> None:
    import random

    path = tmp_path / "vault.cgv"
    path.write_bytes(VECTOR.read_bytes())
    writers = [SealedVault(str(path)) for _ in range(2)]
    for writer in writers:
        writer.unlock(WAYS[0][0])
    chosen, expected = random.Random(1), {}
    for number in range(200):
        name = f"profile/{chosen.randrange(20)}"
        writer = chosen.choice(writers)
        if chosen.random() < 0.2:
            writer.remove(name)
            expected.pop(name, None)
        else:
            writer.put(name, str(number))
            expected[name] = str(number)
    for writer in writers:
        assert {n: writer.get(n) for n in writer.names() if n.startswith("profile/")} == expected
