"""The file of a backup: every cut, every flipped bit, other passphrases, newer versions."""

from __future__ import annotations

import hashlib
import struct

import pytest

from credguard.domain.errors import CredGuardError
from credguard.domain.secret import Secret
from credguard.vault.sealed.backup import Backup, Line, advice, line_of, read_backup, write_backup
from credguard.vault.sealed.credentials import Credential, Passphrase, RecoveryCode
from credguard.vault.sealed.recovery import generate
from tests.support.stores import CHEAP

PASSPHRASE = Passphrase(Secret("six random words EXAMPLE"), CHEAP)
RECOVERY = RecoveryCode(generate())
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
ITEMS = {
    "access-key/AKIA1": (f'{{"v":1,"secret":"{SECRET}"}}', 5.0),
    "totp/u": ('{"v":1,"secret":"JBSW"}', 0.0),
}
CATALOG = {"accounts": '[{"account_id":"123456789012"}]'}
LINE = Line("ab" * 16, 3)


@pytest.fixture(scope="module")
def data() -> bytes:
    return write_backup(ITEMS, CATALOG, [PASSPHRASE, RECOVERY], line=LINE, now=1_800_000_000.0)


def _mended(data: bytes) -> bytes:
    """With the checksum that anybody can compute: what an attacker would hand over."""
    return data[:-32] + hashlib.sha256(data[:-32]).digest()


def _says(data: bytes, key: Credential = PASSPHRASE) -> str:
    with pytest.raises(CredGuardError) as caught:
        read_backup(data, key)
    assert SECRET not in str(caught.value)
    assert "vault" not in str(caught.value.what)  # it speaks of the file at hand
    return caught.value.code


def test_it_opens_as_it_was_written(data: bytes) -> None:
    assert read_backup(data, PASSPHRASE) == Backup(LINE, "2027-01-15T08:00:00Z", ITEMS, CATALOG)
    assert line_of(data) == LINE
    assert SECRET.encode() not in data


def test_every_cut_is_said(data: bytes) -> None:
    # Below six bytes nothing tells whose file it is.
    for length in range(len(data)):
        assert _says(data[:length]) in {"backup-damaged", "not-a-backup"}, length


def test_every_flipped_byte_is_said(data: bytes) -> None:
    changed = bytearray(data)
    for at in range(len(data)):
        changed[at] ^= 1 << (at % 8)
        code = _says(bytes(changed))
        assert code == "backup-damaged" or (at < 6 and code == "not-a-backup"), at
        changed[at] = data[at]


def test_a_flipped_byte_with_a_mended_checksum_is_said_too(data: bytes) -> None:
    end = 16 + struct.unpack(">I", data[12:16])[0] + 32
    places = [*range(end), *range(end, len(data) - 32, 61)]
    for at in places:
        changed = bytearray(data)
        changed[at] ^= 1 << (at % 8)
        code = _says(_mended(bytes(changed)))
        assert code in {
            "backup-changed", "backup-damaged", "backup-newer", "not-a-backup", "wrong-passphrase",
            "backup-other-key", "memory-full",
        }, at  # fmt: skip


def test_another_passphrase(data: bytes) -> None:
    with pytest.raises(CredGuardError) as caught:
        read_backup(data, Passphrase(Secret("another EXAMPLE")))
    assert (caught.value.code, caught.value.retry) == ("wrong-passphrase", True)
    assert str(caught.value.what) == "The passphrase is wrong, or the file was changed."


def test_a_newer_major_and_a_foreign_file(data: bytes) -> None:
    assert _says(_mended(data[:8] + struct.pack(">H", 2) + data[10:])) == "backup-newer"
    assert _says(b"-----BEGIN PGP MESSAGE-----" * 9) == "not-a-backup"
    assert line_of(b"") is None


def test_the_recovery_code_opens_it_too(data: bytes) -> None:
    assert read_backup(data, RECOVERY) == read_backup(data, PASSPHRASE)
    with pytest.raises(CredGuardError) as caught:
        read_backup(data, RecoveryCode(generate()))
    assert caught.value.code == "wrong-recovery-code"
    alone = write_backup(ITEMS, CATALOG, [RECOVERY], line=LINE, now=0.0)
    assert _says(alone) == "backup-other-key"


def test_an_empty_passphrase_is_refused() -> None:
    with pytest.raises(CredGuardError) as caught:
        write_backup(ITEMS, CATALOG, [Passphrase(Secret(""), CHEAP)], line=LINE, now=0.0)
    assert caught.value.code == "passphrase-empty"


@pytest.mark.parametrize(
    ("words", "good"),
    [
        ("hunter2", False),
        ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", False),
        ("abcdefghijklmnopqrstuvwxyz", False),
        ("12345678901234567890", False),
        ("plinth ordinal gusty maroon verb cask", True),
        ("Vq8#mT2!zR7@kL5$", True),
    ],
)
def test_the_advice(words: str, good: bool) -> None:
    assert (advice(Secret(words)) is None) == good
