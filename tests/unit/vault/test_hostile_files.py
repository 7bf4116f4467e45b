"""Vault files and backups that somebody made to do harm: each is one sentence, soon, and opens nothing.

A backup's maker knows its passphrase, so what is inside the seal is looked at as carefully as the outside.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from credguard.domain.errors import CredGuardError
from credguard.domain.secret import Secret
from credguard.vault.sealed import argon, body
from credguard.vault.sealed import format as layout
from credguard.vault.sealed.backup import Line, read_backup, write_backup
from credguard.vault.sealed.credentials import Credential, Passphrase, RecoveryCode
from credguard.vault.sealed.peek import peek
from credguard.vault.sealed.recovery import generate
from credguard.vault.sealed.sealing import seal
from credguard.vault.sealed.vault import SealedVault
from tests.support.program import run, sealed_home
from tests.support.stores import CHEAP

WORDS = Passphrase(Secret("six random words EXAMPLE"), CHEAP)
CODE = RecoveryCode(generate())
LINE = Line("ab" * 16, 1)


def _code(call: Callable[[], object]) -> str:
    with pytest.raises(CredGuardError) as caught:
        call()
    return caught.value.code


# ── inside the seal ──────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    "plain",
    [
        b"[" * 200_000,
        b"[]",
        b"{}",
        b'{"items":7}',
        b'{"items":[7]}',
        b'{"items":[{"name":"a","value":"b","changed":1' + b"0" * 400 + b"}]}",
        b'{"items":[{"name":"a","value":"b","changed":1e999}]}',
        b'{"items":[{"name":"a","value":"b","changed":NaN}]}',
        b'{"items":[{"name":"a","value":"b","changed":"x"}]}',
        b"\xff",
    ],
)
def test_content_that_nobody_of_ours_wrote(monkeypatch: pytest.MonkeyPatch, plain: bytes) -> None:
    def sealed(key: bytes, vault: str, name: str, generation: int, items: body.Items) -> bytes:
        return seal(key, "compartment", layout.pad(plain), f"{vault}/{name}/{generation}".encode())

    monkeypatch.setattr(body, "seal_items", sealed)
    data = write_backup({}, {}, [CODE], line=LINE, now=1.0)
    assert _code(lambda: read_backup(data, CODE)) == "backup-changed"


# ── the header, which needs no key to be changed where the checksum is mended ────────────────────
@pytest.fixture(scope="module")
def data() -> bytes:
    return write_backup({"totp/u": ("{}", 1.0)}, {}, [WORDS, CODE], line=LINE, now=1.0)


def _with(data: bytes, change: Callable[[dict[str, Any]], object]) -> bytes:
    length = int.from_bytes(data[12:16], "big")
    header = json.loads(data[16 : 16 + length])
    change(header)
    return _around(json.dumps(header, sort_keys=True).encode(), data[16 + length : -32])


def _around(header: bytes, rest: bytes) -> bytes:
    changed = struct.pack(">8sHHI", layout.MAGIC, 1, 0, len(header)) + header + rest
    return changed + hashlib.sha256(changed).digest()


def _each_slot(field: str, value: object) -> Callable[[dict[str, Any]], object]:
    return lambda header: [slot.update({field: value}) for slot in header["slots"]]


@pytest.mark.parametrize("key", [WORDS, CODE])
@pytest.mark.parametrize(
    "change",
    [
        _each_slot("id", "\ud800"),
        _each_slot("type", "\ud800"),
        _each_slot("opens", ["\ud800"]),
        _each_slot("label", "\ud800"),
        lambda header: header.update(vault="\ud800"),
        lambda header: header.update(created="\udfff"),
    ],
)
def test_half_a_surrogate_pair(
    data: bytes, tmp_path: Path, key: Credential, change: Callable[[dict[str, Any]], object]
) -> None:
    harmed = _with(data, change)
    assert _code(lambda: read_backup(harmed, key)) == "backup-changed"
    (tmp_path / "vault.cgv").write_bytes(harmed)
    assert _code(lambda: SealedVault(str(tmp_path / "vault.cgv")).slots()) == "vault-changed"


@pytest.mark.parametrize(
    "header", [b"[" * 200_000, b'{"vault":"a","generation":Infinity}', b"{}", b"7", b"\xff" * 9]
)
def test_a_header_is_peeked_at_in_peace(data: bytes, tmp_path: Path, header: bytes) -> None:
    path = tmp_path / "vault.cgv"
    path.write_bytes(_around(header, data[16 + int.from_bytes(data[12:16], "big") : -32]))
    assert peek(str(path)) is None
    assert _code(lambda: SealedVault(str(path)).slots()) == "vault-changed"


def test_thousands_of_passphrases_are_not_all_tried(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    """Each slot alone asks for no more than one of ours may; together they would take days."""
    tried = []

    def derive(words: Secret, salt: bytes, cost: argon.Cost) -> bytes:
        tried.append(cost.memory * cost.passes)
        return bytes(32)

    monkeypatch.setattr(argon, "derive", derive)

    def many(header: dict[str, Any]) -> None:
        slot = next(s for s in header["slots"] if s["type"] == "passphrase")
        slot["argon2id"] |= {"m": argon.MOST_MEMORY, "t": argon.MOST_WORK // argon.MOST_MEMORY}
        header["slots"] = [{**slot, "id": str(n)} for n in range(1000)]

    harmed = _with(data, many)
    assert len(harmed) < layout.MAX_HEADER
    assert _code(lambda: read_backup(harmed, WORDS)) == "backup-changed"
    assert 0 < sum(tried) <= argon.MOST_WORK_OF_ALL


# ── every position ───────────────────────────────────────────────────────────────────────────────
def test_every_cut_and_every_flipped_byte_of_a_backup_with_a_mended_checksum(data: bytes) -> None:
    """None opens and none is a traceback; that the unmended ones are noticed is in test_backup_file.py."""
    said = set()
    for at in range(len(data) - 32):
        cut = data[:at] + hashlib.sha256(data[:at]).digest()
        said.add(_code(lambda cut=cut: read_backup(cut, CODE)))  # type: ignore[misc]
        flipped = bytearray(data[:-32])
        flipped[at] ^= 1 << (at % 8)
        mended = bytes(flipped) + hashlib.sha256(flipped).digest()
        said.add(_code(lambda mended=mended: read_backup(mended, CODE)))  # type: ignore[misc]
    assert said == {
        "backup-changed", "backup-damaged", "backup-newer", "not-a-backup", "backup-other-key",
        "wrong-recovery-code",
    }  # fmt: skip


def test_every_flipped_byte_of_a_header_while_locked(data: bytes, tmp_path: Path) -> None:
    """What is read without any key: the ways in, the compartments, the generation."""
    path = tmp_path / "vault.cgv"
    path.write_bytes(data)
    vault = SealedVault(str(path))
    for at in range(16 + int.from_bytes(data[12:16], "big")):
        for bit in (0x01, 0x20, 0x80):
            flipped = bytearray(data[:-32])
            flipped[at] ^= bit
            path.write_bytes(bytes(flipped) + hashlib.sha256(flipped).digest())
            peek(str(path))
            with contextlib.suppress(CredGuardError):  # or it is read, as nobody proved it
                vault.slots()
                vault.compartments()


# ── as a person meets them ───────────────────────────────────────────────────────────────────────
def test_the_list_of_ways_in_sends_nothing_to_the_terminal(tmp_path: Path) -> None:
    home = sealed_home(tmp_path)
    path = Path(home["CREDGUARD_HOME"]) / "vault.cgv"
    escape = "\x1b]0;x\x07"

    def change(header: dict[str, Any]) -> None:
        for slot in header["slots"]:
            slot.update(id=escape, label=escape, created=escape, proved=escape)
            slot["opens"] = [*slot["opens"], escape]
        header["compartments"][0]["name"] = escape

    path.write_bytes(_with(path.read_bytes(), change))
    ran = run(home, "vault", "slots", code=0)
    assert "\x1b" not in ran.stdout + ran.stderr
    assert "\\u001b" in ran.stdout
