"""How a command opens the vault: what it asks, of whom, and only when it needs it."""

from __future__ import annotations

from pathlib import Path

import pytest

from credguard.domain.errors import CredGuardError
from credguard.domain.secret import Secret
from credguard.vault.keychain_slots import KeychainSlots, SeenInBoth, SeenInKeychain
from credguard.vault.sealed.backend import SealedBackend, Ways
from credguard.vault.sealed.credentials import KeychainKey, Passphrase, RecoveryCode, SecurityKey
from credguard.vault.sealed.recovery import generate
from credguard.vault.sealed.slot_changes import SlotChanges
from credguard.vault.sealed.vault import SealedVault
from credguard.vault.security_key import UsbSecurityKeys
from credguard.vault.store import SecretStore
from tests.support.authenticator import SoftwareKey
from tests.support.stores import CHEAP, PASSPHRASE, memory_store, passphrase

OTHER = "other words EXAMPLE"


class Hands:
    def touch(self) -> None:
        pass

    def pin(self, tries_left: int | None) -> Secret | None:
        return None


class Asked:
    """Answers in order; notes the questions."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.questions: list[str] = []

    def __call__(self, question: str) -> str | None:
        self.questions.append(question)
        return self.answers.pop(0) if self.answers else None


@pytest.fixture
def vault(tmp_path: Path) -> SealedVault:
    made = SealedVault(str(tmp_path / "vault.cgv"))
    made.create(passphrase(), CHEAP)
    made.put("access-key/A", "one")
    made.put("totp/x", "two")
    return made


def _backend(vault: SealedVault, ask: Asked, **named: object) -> SealedBackend:
    return SealedBackend(SealedVault(vault.path), ask, cost=CHEAP, ways=Ways(**named))  # type: ignore[arg-type]


def _get(backend: SealedBackend, name: str) -> str | None:
    return backend.get_password("credguard", name)


def test_codes_are_asked_for_when_a_code_is_wanted(vault: SealedVault) -> None:
    changes = SlotChanges(vault)
    changes.add(Passphrase(Secret(OTHER), CHEAP), "", ["keys"])
    ask = Asked(OTHER, PASSPHRASE)
    backend = _backend(vault, ask)
    assert _get(backend, "access-key/A") == "one"
    assert len(ask.questions) == 1
    assert backend.names("access-key/") == ("access-key/A",)
    assert len(ask.questions) == 1, "what is open is not asked for again"
    assert backend.names("totp/") == ("access-key/A", "totp/x")
    assert len(ask.questions) == 2
    assert _get(backend, "totp/x") == "two"


def test_a_passphrase_that_does_not_open_the_codes_is_said(vault: SealedVault) -> None:
    SlotChanges(vault).add(Passphrase(Secret(OTHER), CHEAP), "", ["keys"])
    with pytest.raises(CredGuardError) as caught:
        _get(_backend(vault, Asked(OTHER)), "totp/x")
    assert caught.value.code == "compartment-locked"


def test_the_recovery_code_is_typed_at_the_same_question(vault: SealedVault) -> None:
    code = generate()
    SlotChanges(vault).add(RecoveryCode(code))
    ask = Asked(code.reveal()[:-1] + ("Q" if code.reveal()[-1] != "Q" else "P"), code.reveal().lower())
    assert _get(_backend(vault, ask), "totp/x") == "two"
    assert "looks wrong" in ask.questions[1]
    assert code.reveal() not in "".join(ask.questions)


@pytest.mark.parametrize("start", ["cg1 ", "CG1-", " cg1"])
def test_a_passphrase_that_looks_like_a_code_opens(tmp_path: Path, start: str) -> None:
    words = f"{start}is how my passphrase begins"
    made = SealedVault(str(tmp_path / "vault.cgv"))
    made.create(Secret(words), CHEAP)
    made.put("totp/x", "two")
    code = generate()
    SlotChanges(made).add(RecoveryCode(code))
    assert _get(_backend(made, Asked(words)), "totp/x") == "two"
    wrong = code.reveal().replace(code.reveal()[7], "B")
    ask = Asked(wrong, code.reveal())
    assert _get(_backend(made, ask), "totp/x") == "two"
    assert "recovery code look" in ask.questions[1], "which group is still said"


def test_a_code_without_its_beginning_opens(vault: SealedVault) -> None:
    code = generate()
    SlotChanges(vault).add(RecoveryCode(code))
    typed = code.reveal().removeprefix("CG1-").lower().replace("-", " ")
    assert _get(_backend(vault, Asked(typed)), "totp/x") == "two"


def test_a_security_key_is_touched_instead_of_typing(vault: SealedVault) -> None:
    device = SoftwareKey()

    def keys() -> UsbSecurityKeys:
        return UsbSecurityKeys(Hands(), lambda: [device])

    changes = SlotChanges(vault)
    changes.add(SecurityKey(keys()))
    ask = Asked("")
    assert _get(_backend(vault, ask, keys=keys), "totp/x") == "two"
    assert "security key" in ask.questions[0]
    changes.add(RecoveryCode(generate()))
    changes.remove(vault.slots()[0].id)
    ask = Asked("")
    assert _get(_backend(vault, ask, keys=keys), "totp/x") == "two"
    assert ask.questions[0].startswith("Recovery code")


def test_the_keychain_opens_without_a_question(vault: SealedVault) -> None:
    keychain = KeychainSlots(lambda: memory)
    memory, backend = memory_store()
    SlotChanges(vault, keychain).add(KeychainKey(keychain), "", ["keys"])
    ask = Asked(PASSPHRASE)
    opened = _backend(vault, ask, keychain=keychain)
    assert _get(opened, "access-key/A") == "one"
    assert ask.questions == []
    assert _get(opened, "totp/x") == "two"
    assert len(ask.questions) == 1
    # The item is where vault-format says, and holds 32 bytes.
    (name,) = (n for n in backend.items if n.startswith("vault/"))
    assert name == f"vault/{vault.loaded().file.vault}/{vault.slots()[1].id}"
    # A keychain that is gone asks for the passphrase again.
    backend.items.clear()
    ask = Asked(PASSPHRASE)
    assert _get(_backend(vault, ask, keychain=keychain), "access-key/A") == "one"
    assert len(ask.questions) == 1
    silent = KeychainSlots(lambda: None)
    assert _get(_backend(vault, Asked(PASSPHRASE), keychain=silent), "access-key/A") == "one"


def test_a_removed_slot_elsewhere_asks_once_more_and_goes_on(vault: SealedVault) -> None:
    ask = Asked(PASSPHRASE, PASSPHRASE)
    backend = _backend(vault, ask)
    assert _get(backend, "totp/x") == "two"
    changes = SlotChanges(vault)
    changes.remove(changes.add(RecoveryCode(generate())).id)
    backend.set_password("credguard", "access-key/B", "three")
    assert len(ask.questions) == 2
    assert vault.get("access-key/B") == "three"


@pytest.mark.parametrize("kept", [True, False])
def test_a_new_vault_offers_a_recovery_code(tmp_path: Path, kept: bool) -> None:
    shown: list[Secret] = []

    def keeps(code: Secret) -> bool:
        shown.append(code)
        return kept

    new = SealedVault(str(tmp_path / "vault.cgv"))
    backend = SealedBackend(new, Asked(PASSPHRASE, PASSPHRASE), cost=CHEAP, ways=Ways(keeps_code=keeps))
    backend.set_password("credguard", "totp/x", "two")
    backend.set_password("credguard", "totp/y", "three")
    assert len(shown) == 1
    assert [slot.type for slot in new.slots()] == ["passphrase", *(["recovery"] if kept else [])]
    if kept:
        again = SealedVault(new.path)
        again.unlock(RecoveryCode(shown[0]))
        assert again.names() == ("totp/x", "totp/y")
        assert shown[0].reveal().encode() not in Path(new.path).read_bytes()


# ── what was seen ────────────────────────────────────────────────────────────────────────────────
class Notes:
    def __init__(self) -> None:
        self.noted: dict[str, tuple[int, str]] = {}

    def get(self, vault: str) -> tuple[int, str] | None:
        return self.noted.get(vault)

    def note(self, vault: str, generation: int, checksum: str, accept: bool = False) -> None:
        if accept or vault not in self.noted or generation > self.noted[vault][0]:
            self.noted[vault] = (generation, checksum)

    def any(self) -> bool:
        return bool(self.noted)


def _codes(vault: SealedVault) -> list[str]:
    return [notice.code for notice in vault.notices()]


def test_an_older_file_is_noticed_by_the_keychain_alone(tmp_path: Path) -> None:
    """The whole state folder was rolled back, with the catalog in it."""
    memory, _ = memory_store()
    path = str(tmp_path / "vault.cgv")

    def opened(catalog: Notes, keychain: SecretStore | None) -> SealedVault:
        made = SealedVault(path, seen=lambda: SeenInBoth(catalog, SeenInKeychain(lambda: keychain)))
        if made.exists:
            made.open(passphrase())
        return made

    vault = opened(Notes(), memory)
    vault.create(passphrase(), CHEAP)
    vault.put("totp/x", "old")
    old = Path(path).read_bytes()
    vault.put("totp/x", "new")
    assert _codes(vault) == []
    Path(path).write_bytes(old)
    assert _codes(opened(Notes(), memory)) == ["rolled-back"]
    assert _codes(opened(Notes(), None)) == [], "nobody remembers"
    again = opened(Notes(), memory)
    again.accept()
    assert _codes(again) == []
    assert _codes(opened(Notes(), memory)) == []


def test_two_branches_are_merged_by_the_time_of_change(tmp_path: Path) -> None:
    from credguard.vault.sealed.merge import merge
    from tests.support.clock import FakeClock

    clock, notes = FakeClock(), Notes()
    path = tmp_path / "vault.cgv"
    vault = SealedVault(str(path), clock=clock, seen=lambda: notes)
    vault.create(passphrase(), CHEAP)
    vault.put("totp/both", "old")
    vault.put("access-key/mine", "old")
    start = path.read_bytes()
    clock.sleep(10)
    vault.put("totp/here", "1")
    vault.put("access-key/mine", "newest")
    here = path.read_bytes()
    path.write_bytes(start)
    elsewhere = SealedVault(str(path), clock=clock)
    elsewhere.open(passphrase())
    clock.sleep(10)
    elsewhere.put("totp/both", "newer")
    elsewhere.put("totp/there", "2")
    there = path.read_bytes()
    path.write_bytes(here)
    vault.get("totp/here")
    path.write_bytes(there)
    vault.get("totp/here")
    assert _codes(vault) == ["other-branch"]
    told = merge(vault, here)
    assert told.added == ("totp/here",)
    assert told.replaced == ("access-key/mine",)
    assert told.kept == ("totp/both",)
    assert _codes(vault) == []
    found = {name: vault.get(name) for name in vault.names()}
    assert found == {
        "totp/both": "newer", "totp/here": "1", "totp/there": "2", "access-key/mine": "newest"
    }  # fmt: skip
    other = SealedVault(str(tmp_path / "other.cgv"))
    other.create(passphrase(), CHEAP)
    with pytest.raises(CredGuardError) as caught:
        merge(vault, (tmp_path / "other.cgv").read_bytes())
    assert caught.value.code == "other-vault"
