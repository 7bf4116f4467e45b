"""Slots and compartments: who opens what, before and after each change; the rules; the merge."""

from __future__ import annotations

from pathlib import Path

import pytest

from credguard.domain.errors import CredGuardError, Locked
from credguard.domain.secret import Secret
from credguard.vault.sealed import argon, rules
from credguard.vault.sealed import format as layout
from credguard.vault.sealed.credentials import Credential, KeychainKey, Passphrase, RecoveryCode
from credguard.vault.sealed.recovery import generate
from credguard.vault.sealed.slot_changes import SlotChanges
from credguard.vault.sealed.vault import SealedVault
from tests.support.stores import CHEAP, passphrase

WORDS = Passphrase(passphrase(), CHEAP)
OTHER = Passphrase(Secret("other words EXAMPLE"), CHEAP)


class Keychain:
    def __init__(self) -> None:
        self.items: dict[tuple[str, str], bytes] = {}

    def get(self, vault: str, slot: str) -> bytes | None:
        return self.items.get((vault, slot))

    def put(self, vault: str, slot: str, key: bytes) -> None:
        self.items[vault, slot] = key

    def remove(self, vault: str, slot: str) -> None:
        self.items.pop((vault, slot), None)


def _vault(folder: Path, compartments: tuple[str, ...] = ("keys", "codes")) -> SealedVault:
    vault = SealedVault(str(folder / "vault.cgv"))
    vault.create(passphrase(), CHEAP, compartments)
    if "keys" in compartments:
        vault.put("access-key/A", "one")
    vault.put("totp/x", "two")
    return vault


def _opens(vault: SealedVault, credential: Credential) -> tuple[str, ...] | str:
    """The names it opens in the file, or the code of the error."""
    again = SealedVault(vault.path)
    try:
        again.unlock(credential)
    except CredGuardError as error:
        return error.code
    return again.names()


def _code(call: object) -> str:
    with pytest.raises(CredGuardError) as caught:
        call()  # type: ignore[operator]
    return caught.value.code


def test_each_slot_opens_what_it_should(tmp_path: Path) -> None:
    vault, keychain = _vault(tmp_path), Keychain()
    code = generate()
    changes = SlotChanges(vault, keychain)
    changes.add(RecoveryCode(code), "paper")
    changes.add(OTHER, "codes alone", ["codes"])
    changes.add(KeychainKey(keychain), "this computer", ["keys"])
    assert _opens(vault, WORDS) == ("access-key/A", "totp/x")
    assert _opens(vault, RecoveryCode(Secret(code.reveal().lower()))) == ("access-key/A", "totp/x")
    assert _opens(vault, OTHER) == ("totp/x",)
    assert _opens(vault, KeychainKey(keychain)) == ("access-key/A",)
    assert _opens(vault, KeychainKey(Keychain())) == "no-keychain-slot"
    assert _opens(vault, RecoveryCode(generate())) == "wrong-recovery-code"
    assert [view.type for view in vault.slots()] == ["passphrase", "recovery", "passphrase", "keychain"]
    assert len(keychain.items) == 1
    assert len(next(iter(keychain.items.values()))) == 32


def test_keys_are_saved_while_codes_are_locked(tmp_path: Path) -> None:
    vault = _vault(tmp_path)
    SlotChanges(vault).add(OTHER, "", ["keys"])
    part = SealedVault(vault.path)
    part.unlock(OTHER)
    before = layout.read(Path(vault.path).read_bytes()).compartment("codes")
    part.put("access-key/B", "three")
    assert layout.read(Path(vault.path).read_bytes()).compartment("codes") == before
    with pytest.raises(Locked):
        part.put("totp/y", "no")
    with pytest.raises(Locked):
        part.get("totp/x")
    assert part.opened == ("keys",)
    part.unlock(WORDS)
    assert set(part.opened) == {"keys", "codes"}
    assert part.get("totp/x") == "two"
    assert vault.get("access-key/B") == "three"


def test_slots_change_only_with_all_that_they_open_unlocked(tmp_path: Path) -> None:
    vault = _vault(tmp_path)
    paper = SlotChanges(vault).add(RecoveryCode(generate()))
    SlotChanges(vault).add(OTHER, "", ["keys"])
    part = SealedVault(vault.path)
    part.unlock(OTHER)
    changes = SlotChanges(part)
    assert _code(lambda: changes.add(RecoveryCode(generate()))) == "compartment-locked"
    assert _code(lambda: changes.remove(paper.id)) == "compartment-locked"
    changes.add(RecoveryCode(generate()), "keys alone", ["keys"])
    changes.rename(paper.id, "the safe")
    assert [view.label for view in vault.slots()] == ["", "the safe", "", "keys alone"]


def test_a_removed_slot_opens_nothing_any_more(tmp_path: Path) -> None:
    vault, keychain = _vault(tmp_path), Keychain()
    code = generate()
    changes = SlotChanges(vault, keychain)
    changes.add(RecoveryCode(code))
    view = changes.add(KeychainKey(keychain), "", ["keys"])
    kept = dict(keychain.items)
    file = layout.read(Path(vault.path).read_bytes())
    changes.remove(view.id)
    assert keychain.items == {}
    keychain.items = kept
    assert _opens(vault, KeychainKey(keychain)) == "no-such-slot"
    # The old bundle, put back by whoever had the slot, opens nothing: the keys are others.
    old = next(slot for slot in file.slots if slot["id"] == view.id)
    from credguard.vault.sealed.sealing import derive
    from credguard.vault.sealed.slots import open_slot

    bundle = open_slot(file.vault, old, derive(kept[file.vault, view.id], "keychain"))
    data = Path(vault.path).read_bytes()
    assert _code(lambda: layout.verify(data, bundle.head)) == "vault-changed"
    assert all(key not in data for key in bundle.compartments.values())
    assert _opens(vault, WORDS) == _opens(vault, RecoveryCode(code)) == ("access-key/A", "totp/x")
    assert {copy.read_bytes() for copy in tmp_path.glob("vault.cgv.*")} == {data}


def test_a_process_that_holds_the_old_keys_is_locked_and_goes_on(tmp_path: Path) -> None:
    vault = _vault(tmp_path)
    other = SealedVault(vault.path)
    other.open(passphrase())
    changes = SlotChanges(vault)
    changes.remove(changes.add(RecoveryCode(generate())).id)
    assert _code(lambda: other.put("access-key/B", "x")) == "vault-rekeyed"
    assert not other.is_open
    other.open(passphrase())
    other.put("access-key/B", "x")
    assert vault.get("access-key/B") == "x"


def test_the_last_way_in_stays(tmp_path: Path) -> None:
    vault, keychain = _vault(tmp_path), Keychain()
    changes = SlotChanges(vault, keychain)
    first = vault.slots()[0].id
    assert _code(lambda: changes.remove(first)) == "slot-last"
    changes.add(KeychainKey(keychain))
    assert _code(lambda: changes.remove(first)) == "slot-last"
    changes.add(OTHER, "", ["keys"])
    assert _code(lambda: changes.remove(first)) == "slot-last"
    assert _code(lambda: changes.remove("nobody")) == "no-such-slot"


def _slots(*kinds: str) -> list[dict[str, object]]:
    return [{"type": kind, "opens": ["codes"]} for kind in kinds]


@pytest.mark.parametrize(
    ("kinds", "code"),
    [
        ((), "slot-last"),
        (("keychain",), "slot-last"),
        (("fido2",), "slot-few"),
        (("fido2", "keychain"), "slot-few"),
        (("fido2", "fido2"), None),
        (("fido2", "recovery"), None),
        (("fido2", "passphrase"), None),
        (("passphrase",), None),
        (("recovery",), None),
    ],
)
def test_the_rule(kinds: tuple[str, ...], code: str | None) -> None:
    if code is None:
        rules.check(_slots(*kinds), ["codes"])
    else:
        assert _code(lambda: rules.check(_slots(*kinds), ["codes"])) == code


def test_the_advice_counts_to_three() -> None:
    assert rules.advice(_slots("passphrase")) is None
    assert "1 of 3" in str(rules.advice(_slots("fido2", "recovery")))
    assert "2 of 3" in str(rules.advice(_slots("fido2", "fido2")))
    assert rules.advice(_slots("fido2", "fido2", "fido2")) is None


def test_a_proof_opens_with_that_very_slot_and_notes_the_day(tmp_path: Path) -> None:
    vault = _vault(tmp_path)
    changes = SlotChanges(vault)
    code = generate()
    paper = changes.add(RecoveryCode(code))
    assert paper.proved is None
    assert _code(lambda: changes.prove(paper.id, RecoveryCode(generate()))) == "wrong-recovery-code"
    assert _code(lambda: changes.prove(paper.id, WORDS)) == "no-such-slot"
    assert changes.prove(paper.id, RecoveryCode(code)).proved is not None
    assert vault.slots()[0].proved is None


@pytest.mark.parametrize("known", [False, True])
def test_another_passphrase(tmp_path: Path, known: bool) -> None:
    vault = _vault(tmp_path)
    changes = SlotChanges(vault)
    code = generate()
    changes.add(RecoveryCode(code))
    head = vault.loaded().bundle.head
    changes.change_passphrase(vault.slots()[0].id, OTHER, known)
    assert _opens(vault, WORDS) == "wrong-passphrase"
    assert _opens(vault, OTHER) == _opens(vault, RecoveryCode(code)) == ("access-key/A", "totp/x")
    assert (vault.loaded().bundle.head != head) is known
    present = Path(vault.path).read_bytes()
    assert ({copy.read_bytes() for copy in tmp_path.glob("vault.cgv.*")} == {present}) is known


def test_a_cheap_passphrase_is_strengthened(tmp_path: Path) -> None:
    vault = _vault(tmp_path)
    slot = vault.slots()[0]
    assert slot.weak
    changes = SlotChanges(vault)
    assert _code(lambda: changes.strengthen(slot.id, OTHER)) == "wrong-passphrase"
    stronger = argon.Cost(16384, 2)
    changes.strengthen(slot.id, Passphrase(passphrase(), stronger))
    file = layout.read(Path(vault.path).read_bytes())
    assert (file.slots[0]["argon2id"]["m"], file.slots[0]["argon2id"]["t"]) == (16384, 2)
    assert _opens(vault, WORDS) == ("access-key/A", "totp/x")


def test_codes_alone(tmp_path: Path) -> None:
    vault = _vault(tmp_path, ("codes",))
    assert vault.compartments() == ("codes",)
    assert _code(lambda: vault.put("access-key/A", "x")) == "no-compartment"
    assert vault.get("access-key/A") is None
    changes = SlotChanges(vault)
    code = generate()
    changes.add(RecoveryCode(code))
    changes.add_compartment("keys")
    vault.put("access-key/A", "one")
    assert _opens(vault, WORDS) == _opens(vault, RecoveryCode(code)) == ("access-key/A", "totp/x")
    assert _code(lambda: changes.drop_compartment("keys")) == "not-empty"
    vault.remove("access-key/A")
    changes.drop_compartment("keys")
    assert vault.compartments() == ("codes",)
    assert _opens(vault, RecoveryCode(code)) == ("totp/x",)
    assert _code(vault.destroy) == "not-empty"
    vault.remove("totp/x")
    vault.destroy()
    assert not list(tmp_path.glob("vault.cgv*"))


def test_a_label_is_short_and_visible(tmp_path: Path) -> None:
    changes = SlotChanges(_vault(tmp_path))
    for label in ("x" * 61, "a\x1b[31m", "a\u202eb"):
        assert _code(lambda label=label: changes.add(RecoveryCode(generate()), label)) == "label"
    assert changes.add(RecoveryCode(generate()), "  in the safe ").label == "in the safe"


@pytest.mark.parametrize("at", range(12))
def test_a_kill_while_a_slot_is_removed_leaves_a_vault_that_opens(tmp_path: Path, at: int) -> None:
    class Killed(BaseException):
        pass

    vault = _vault(tmp_path)
    code = generate()
    paper = SlotChanges(vault).add(RecoveryCode(code))
    left = [at]

    def fault(tick: str) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise Killed

    dying = SealedVault(vault.path, fault=fault)
    dying.open(passphrase())
    try:
        SlotChanges(dying).remove(paper.id)
    except Killed:
        assert at < 8
    assert _opens(vault, WORDS) == ("access-key/A", "totp/x")
    found = _opens(vault, RecoveryCode(code))
    assert found in {("access-key/A", "totp/x"), "no-such-slot"}
    if found == "no-such-slot":
        # Whoever opens the vault next finishes the removal: no copy beside it opens with the code either.
        files = [path for path in tmp_path.iterdir() if path.name.startswith(("vault.cgv", ".vault.cgv"))]
        assert {_opens(SealedVault(str(path)), RecoveryCode(code)) for path in files} == {"no-such-slot"}
        assert {_opens(SealedVault(str(path)), WORDS) for path in files} == {("access-key/A", "totp/x")}
        assert len(files) > 1, "today's copy is kept"


def test_copies_of_the_same_keys_and_of_another_vault_stay(tmp_path: Path) -> None:
    """Only what a removed slot opens is deleted: not a newer branch, nor what cannot be told."""
    vault = _vault(tmp_path)
    other = tmp_path / "other"
    other.mkdir(mode=0o700)
    foreign = Path(_vault(other).path).read_bytes()
    previous, day = (next(tmp_path.glob(f"vault.cgv.{kind}*")) for kind in ("prev", "day"))
    before = previous.read_bytes()
    for copy in (foreign, before[:-1], before[:99], b""):
        day.write_bytes(copy)
        assert _opens(vault, WORDS) == ("access-key/A", "totp/x")
        assert (previous.read_bytes(), day.read_bytes()) == (before, copy)
    old = Path(vault.path).read_bytes()
    SlotChanges(vault).change_passphrase(vault.slots()[0].id, OTHER, known_to_others=True)
    newer = Path(vault.path).read_bytes()
    day.unlink()  # it is another name of the vault's own file
    day.write_bytes(newer)
    Path(vault.path).write_bytes(old)  # put back from elsewhere: what lies beside it is newer
    assert _opens(vault, WORDS) == ("access-key/A", "totp/x")
    assert day.read_bytes() == newer


@pytest.mark.parametrize("dies", ["create", "write", "rename", "sync-folder"])
def test_a_keychain_slot_that_stopped_half_way_has_its_key_or_is_not_there(tmp_path: Path, dies: str) -> None:
    class Stopped(BaseException):
        pass

    def fault(tick: str) -> None:
        if tick == dies:
            raise Stopped

    keychain = Keychain()
    vault = SealedVault(_vault(tmp_path).path, fault=fault)
    vault.open(passphrase())
    with pytest.raises(Stopped):
        SlotChanges(vault, keychain).add(KeychainKey(keychain), "", ["keys"])
    there = [slot.id for slot in SealedVault(vault.path).slots() if slot.type == "keychain"]
    assert [slot for _, slot in keychain.items] == there
    assert _opens(vault, KeychainKey(keychain)) == (("access-key/A",) if there else "no-such-slot")
