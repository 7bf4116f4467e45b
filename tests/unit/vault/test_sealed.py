"""The sealed vault: damage, tampering, kills while writing, two writers."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from credguard.domain.errors import CredGuardError, Locked
from credguard.domain.secret import Secret
from credguard.vault.choose import chosen, open_store
from credguard.vault.sealed import argon
from credguard.vault.sealed import format as layout
from credguard.vault.sealed.backend import SealedBackend, read_passphrase_file
from credguard.vault.sealed.sealing import Damaged, WrongKey, seal, unseal
from credguard.vault.sealed.vault import SealedVault
from tests.support.stores import CHEAP, passphrase

ERRORS = {"vault-damaged", "vault-changed", "vault-newer", "not-a-vault", "wrong-passphrase"}


def _vault(folder: Path) -> SealedVault:
    vault = SealedVault(str(folder / "vault.cgv"))
    vault.create(passphrase(), CHEAP)
    vault.put("access-key/A", "one")
    vault.put("totp/x", "two")
    return vault


def _reopened(path: Path) -> SealedVault:
    vault = SealedVault(str(path))
    vault.open(passphrase())
    return vault


def test_sealing_tells_a_wrong_key_from_damage() -> None:
    sealed = seal(b"k" * 32, "p", b"content", b"ad")
    assert unseal(b"k" * 32, "p", sealed, b"ad") == b"content"
    with pytest.raises(WrongKey):
        unseal(b"x" * 32, "p", sealed, b"ad")
    with pytest.raises(WrongKey):
        unseal(b"k" * 32, "q", sealed, b"ad")
    with pytest.raises(Damaged):
        unseal(b"k" * 32, "p", sealed, b"other place")
    with pytest.raises(Damaged):
        unseal(b"k" * 32, "p", sealed[:-1], b"ad")


def test_sealing_is_the_written_layout() -> None:
    """A fixed vector: a change of layout cannot slip in."""
    sealed = seal(bytes(range(32)), "compartment", b"credguard", b"v/keys/1", salt=bytes(32))
    assert len(sealed) == 32 + 32 + 9 + 16
    assert hashlib.sha256(sealed).hexdigest() == (
        "7ff35b1f66e3a921f174edf9d22859b617df441a5c2f107f90f7d8a8588cedaa"
    )


def test_a_wrong_passphrase_is_a_sentence(tmp_path: Path) -> None:
    _vault(tmp_path)
    with pytest.raises(CredGuardError) as caught:
        SealedVault(str(tmp_path / "vault.cgv")).open(Secret("another"))
    assert caught.value.code == "wrong-passphrase"


def test_unicode_forms_of_a_passphrase_are_one(tmp_path: Path) -> None:
    vault = SealedVault(str(tmp_path / "v"))
    vault.create(Secret("caf\u00e9"), CHEAP)
    SealedVault(str(tmp_path / "v")).open(Secret("cafe\u0301"))


def test_nothing_readable_lies_in_the_file(tmp_path: Path) -> None:
    vault = _vault(tmp_path)
    vault.put("access-key/AKIAEXAMPLE", "wJalrXUtnFEMIEXAMPLE")
    data = (tmp_path / "vault.cgv").read_bytes()
    assert b"wJalr" not in data
    assert b"AKIAEXAMPLE" not in data
    assert (tmp_path / "vault.cgv").stat().st_mode & 0o777 == 0o600


def test_every_cut_and_every_flipped_byte_is_noticed(tmp_path: Path) -> None:
    """Also with the unkeyed checksum mended by whoever changed the file."""
    vault = _vault(tmp_path)
    path = tmp_path / "vault.cgv"
    data = path.read_bytes()
    head = vault._loaded.bundle.head  # type: ignore[union-attr]
    bundle = vault._loaded.bundle  # type: ignore[union-attr]
    reader = SealedVault(str(path))

    def opens(changed: bytes) -> bool:
        """As `open`, without paying for Argon2id each time."""
        try:
            file = layout.read(changed)
            layout.verify(changed, head)
            reader._parse(changed, bundle)
            return file is not None
        except CredGuardError as error:
            return error.code not in ERRORS

    assert opens(data)
    for length in range(0, len(data), 1 if len(data) < 4000 else 7):
        assert not opens(data[:length])
    for at in range(len(data)):
        flipped = bytearray(data)
        flipped[at] ^= 0x01
        assert not opens(bytes(flipped))
        if at < len(data) - 32 and (at < 2500 or at % 11 == 0):
            body = bytes(flipped[:-32])
            assert not opens(body + hashlib.sha256(body).digest())


@pytest.mark.parametrize(
    "tick", ["keep-previous", "create", "write", "sync", "read-back", "rename", "sync-folder"]
)
def test_a_kill_at_each_step_of_writing_leaves_a_whole_vault(tmp_path: Path, tick: str) -> None:
    class Killed(BaseException):
        pass

    _vault(tmp_path)

    def fault(reached: str) -> None:
        if reached == tick:
            raise Killed

    vault = SealedVault(str(tmp_path / "vault.cgv"), fault=fault)
    vault.open(passphrase())
    with pytest.raises(Killed):
        vault.put("access-key/A", "changed")
    after = _reopened(tmp_path / "vault.cgv")
    assert after.get("totp/x") == "two"
    assert after.get("access-key/A") in {"one", "changed"}
    after.put("access-key/B", "works")
    assert _reopened(tmp_path / "vault.cgv").get("access-key/B") == "works"


def test_two_writers_never_lose_each_others_change(tmp_path: Path) -> None:
    one = _vault(tmp_path)
    two = _reopened(tmp_path / "vault.cgv")
    for number in range(20):
        (one if number % 2 else two).put(f"access-key/{number}", str(number))
    for vault in (one, two, _reopened(tmp_path / "vault.cgv")):
        assert all(vault.get(f"access-key/{n}") == str(n) for n in range(20))


def test_the_other_compartment_is_copied_byte_for_byte(tmp_path: Path) -> None:
    vault = _vault(tmp_path)
    before = layout.read((tmp_path / "vault.cgv").read_bytes())
    vault.put("access-key/C", "three")
    after = layout.read((tmp_path / "vault.cgv").read_bytes())
    assert before.compartment("codes") == after.compartment("codes")
    assert before.compartment("keys") != after.compartment("keys")
    assert after.generation == before.generation + 1


def test_the_copy_before_and_the_copy_of_the_day_are_kept(tmp_path: Path) -> None:
    vault = _vault(tmp_path)
    vault.put("access-key/A", "newer")
    previous = _reopened(tmp_path / "vault.cgv.prev")
    assert previous.get("access-key/A") == "one"
    assert len(list(tmp_path.glob("vault.cgv.day-*"))) == 1


def test_a_newer_major_is_left_alone(tmp_path: Path) -> None:
    _vault(tmp_path)
    data = bytearray((tmp_path / "vault.cgv").read_bytes())
    data[9] = 2
    data[-32:] = hashlib.sha256(bytes(data[:-32])).digest()
    with pytest.raises(CredGuardError) as caught:
        layout.read(bytes(data))
    assert caught.value.code == "vault-newer"


def test_unknown_header_fields_of_a_newer_minor_stay(tmp_path: Path) -> None:
    vault = _vault(tmp_path)
    loaded = vault._loaded
    assert loaded is not None
    from dataclasses import replace

    newer = replace(loaded.file, extra={"future": {"x": 1}}, minor=3)
    (tmp_path / "vault.cgv").write_bytes(layout.write(newer, loaded.bundle.head))
    again = _reopened(tmp_path / "vault.cgv")
    again.put("access-key/Z", "z")
    file = layout.read((tmp_path / "vault.cgv").read_bytes())
    assert file.extra["future"] == {"x": 1}
    assert file.minor == 3


@pytest.mark.parametrize(("mode", "ok"), [(0o600, True), (0o400, True), (0o640, False), (0o604, False)])
def test_a_passphrase_file_only_its_owner_reads(tmp_path: Path, mode: int, ok: bool) -> None:
    path = tmp_path / "pass"
    path.write_text("words EXAMPLE\nsecond line\n")
    path.chmod(mode)
    if ok:
        assert read_passphrase_file(str(path)) == Secret("words EXAMPLE")
    else:
        with pytest.raises(CredGuardError) as caught:
            read_passphrase_file(str(path))
        assert "chmod 600" in str(caught.value.next)


def test_nobody_to_ask_is_locked(tmp_path: Path) -> None:
    _vault(tmp_path)
    backend = SealedBackend(SealedVault(str(tmp_path / "vault.cgv")), None)
    with pytest.raises(Locked):
        backend.get_password("credguard", "access-key/A")


def test_an_empty_passphrase_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CredGuardError) as caught:
        SealedVault(str(tmp_path / "v")).create(Secret(""), CHEAP)
    assert caught.value.code == "passphrase-empty"
    assert not os.path.exists(tmp_path / "v")


def test_the_cost_never_falls_below_the_floor() -> None:
    slow = argon.calibrate(lambda cost: 5.0, lambda: 8 << 30)
    assert slow == argon.FLOOR
    fast = argon.calibrate(lambda cost: 0.05, lambda: 8 << 30)
    assert fast.memory > argon.FLOOR.memory
    little = argon.calibrate(lambda cost: 0.05, lambda: 256 << 20)
    assert little.memory == argon.FLOOR.memory
    assert little.passes > argon.FLOOR.passes


class Pins(dict):  # type: ignore[type-arg]
    def set(self, name: str, value: object) -> None:
        self[name] = value


def test_the_choice_is_pinned_by_the_first_write(tmp_path: Path) -> None:
    from contextlib import nullcontext

    pins = Pins()
    secret_file = tmp_path / "pass"
    secret_file.write_text("words EXAMPLE")
    secret_file.chmod(0o600)
    env = {"CREDGUARD_STORE": "sealed", "CREDGUARD_PASSPHRASE_FILE": str(secret_file)}
    store = open_store(
        pins,
        vault_path=str(tmp_path / "vault.cgv"),
        alone=lambda name: nullcontext(),
        environ=env,
        cost=CHEAP,
    )
    assert store.kind == "sealed"
    assert store.read("profile/x") is None
    assert pins.get("store") is None
    store.write("profile/x", {"v": 1})
    assert pins.get("store") == "sealed"
    assert chosen(pins, {}) == "sealed"
    with pytest.raises(CredGuardError) as caught:
        chosen(pins, {"CREDGUARD_STORE": "keychain"})
    assert caught.value.code == "store-pinned"
    with pytest.raises(CredGuardError):
        chosen(pins, {"CREDGUARD_STORE": "other"})
