"""Parts that need a security key: what opens them, what does not any more, and what keeps a person safe."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from credguard.domain.errors import CredGuardError
from credguard.domain.secret import Secret
from credguard.vault.sealed.credentials import Passphrase, RecoveryCode, SecurityKey
from credguard.vault.sealed.recovery import generate
from credguard.vault.sealed.slot_changes import SlotChanges
from credguard.vault.sealed.vault import SealedVault
from credguard.vault.security_key import UsbSecurityKeys
from tests.support.authenticator import SoftwareKey
from tests.support.stores import CHEAP, PASSPHRASE, passphrase

PARTS = ["keys", "codes"]


class _Person:
    def touch(self) -> None:
        return None

    def pin(self, tries_left: int | None) -> Secret | None:
        return None


def key(made: SoftwareKey) -> SecurityKey:
    return SecurityKey(UsbSecurityKeys(_Person(), lambda: [made]), None, False, CHEAP)


class Made:
    def __init__(self, path: str) -> None:
        self.path = path
        self.keys = [SoftwareKey(), SoftwareKey()]
        self.vault = SealedVault(path)
        self.vault.create(passphrase(), CHEAP)
        self.vault.put("access-key/AKIAIOSFODNN7EXAMPLE", "k")
        self.vault.put("totp/e-1", "c")
        self.changes = SlotChanges(self.vault)

    def add_keys(self, count: int) -> None:
        for number in range(count):
            self.changes.add(key(self.keys[number]), f"key {number}")

    def opened_by(self, credential: Passphrase | SecurityKey | RecoveryCode) -> tuple[str, ...]:
        vault = SealedVault(self.path)
        vault.unlock(credential)
        return tuple(part for part in PARTS if part in vault.opened)


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Made]:
    made = Made(str(tmp_path / "vault.cgv"))
    yield made
    made.vault.close()


@pytest.mark.parametrize("part", PARTS)
def test_the_passphrase_opens_the_rest_alone_and_keys_open_all(made: Made, part: str) -> None:
    made.add_keys(2)
    before = Path(made.path).read_bytes()
    made.changes.narrow(part, {"passphrase", "keychain"})
    rest = tuple(name for name in PARTS if name != part)
    assert made.opened_by(Passphrase(Secret(PASSPHRASE), CHEAP)) == rest
    for one in made.keys:
        assert set(made.opened_by(key(one))) == {"keys", "codes"}
    assert made.vault.get("totp/e-1") == "c", "what is open stays open"
    old = [name for name in os.listdir(os.path.dirname(made.path)) if ".prev" in name]
    assert old == [], "an older copy would open with the passphrase"
    assert Path(made.path).read_bytes() != before


@pytest.mark.parametrize(("count", "code"), [(0, "slot-last"), (1, "slot-few")])
def test_losing_one_key_must_never_lose_the_codes(made: Made, count: int, code: str) -> None:
    made.add_keys(count)
    before = Path(made.path).read_bytes()
    with pytest.raises(CredGuardError) as caught:
        made.changes.narrow("codes", {"passphrase", "keychain"})
    assert caught.value.code == code
    assert Path(made.path).read_bytes() == before
    assert made.opened_by(Passphrase(Secret(PASSPHRASE), CHEAP)) == ("keys", "codes")


def test_one_key_and_a_recovery_code_are_enough(made: Made) -> None:
    made.add_keys(1)
    code = generate()
    made.changes.add(RecoveryCode(code))
    made.changes.narrow("codes", {"passphrase", "keychain"})
    assert set(made.opened_by(RecoveryCode(code))) == {"keys", "codes"}


def test_it_is_taken_back_without_the_passphrase_at_hand(made: Made) -> None:
    made.add_keys(2)
    made.changes.narrow("codes", {"passphrase", "keychain"})
    made.vault.close()
    made.vault.unlock(key(made.keys[1]))
    made.changes.widen("codes", {"passphrase"})
    assert made.opened_by(Passphrase(Secret(PASSPHRASE), CHEAP)) == ("keys", "codes")


def test_who_has_only_the_keys_open_cannot_open_the_codes_to_the_passphrase(made: Made) -> None:
    made.add_keys(2)
    made.changes.narrow("codes", {"passphrase", "keychain"})
    made.vault.close()
    made.vault.unlock(Passphrase(Secret(PASSPHRASE), CHEAP))
    with pytest.raises(CredGuardError) as caught:
        made.changes.widen("codes", {"passphrase"})
    assert caught.value.code == "compartment-locked"
    with pytest.raises(CredGuardError):
        made.changes.narrow("keys", {"passphrase"})


def test_a_slot_that_would_open_nothing_goes(made: Made) -> None:
    made.add_keys(2)
    made.changes.narrow("codes", {"passphrase"})
    made.changes.narrow("keys", {"passphrase"})
    assert {slot.type for slot in made.vault.slots()} == {"fido2"}
    with pytest.raises(CredGuardError):
        made.opened_by(Passphrase(Secret(PASSPHRASE), CHEAP))
