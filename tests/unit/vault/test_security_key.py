"""Security keys: python-fido2's real client against a key in software. Nothing here ran on a device."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from credguard.domain.errors import CredGuardError
from credguard.domain.secret import Secret
from credguard.vault.sealed import format as vault_format
from credguard.vault.sealed.backup import Line, holds_slots, read_backup, slots_to_copy, write_backup
from credguard.vault.sealed.credentials import KnownKey, Passphrase, RecoveryCode, SecurityKey
from credguard.vault.sealed.recovery import generate
from credguard.vault.sealed.slot_changes import SlotChanges
from credguard.vault.sealed.vault import SealedVault
from credguard.vault.security_key import UsbSecurityKeys
from tests.support.authenticator import SoftwareKey, never, until_called_off
from tests.support.stores import CHEAP, passphrase

PIN = "4711-EXAMPLE"
VAULT = "00112233445566778899aabbccddeeff"
SALT = b"s" * 32


class Hands:
    """Who touches and types."""

    def __init__(self, pin: str | None = PIN) -> None:
        self.typed = pin
        self.asked: list[int | None] = []
        self.blinked = 0

    def touch(self) -> None:
        self.blinked += 1

    def pin(self, tries_left: int | None) -> Secret | None:
        self.asked.append(tries_left)
        return None if self.typed is None else Secret(self.typed)


def _keys(*devices: SoftwareKey, hands: Hands | None = None, **named: object) -> UsbSecurityKeys:
    return UsbSecurityKeys(hands or Hands(), lambda: list(devices), **named)  # type: ignore[arg-type]


def _code(call: object) -> str:
    with pytest.raises(CredGuardError) as caught:
        call()  # type: ignore[operator]
    assert PIN not in str(caught.value)
    return caught.value.code


@pytest.mark.parametrize("protocols", [(2, 1), (1,), (2,)])
@pytest.mark.parametrize("pin", [None, PIN])
@pytest.mark.parametrize("extensions", [("hmac-secret",), ("hmac-secret", "hmac-secret-mc")])
def test_a_key_gives_the_same_secret_each_time(
    protocols: tuple[int, ...], pin: str | None, extensions: tuple[str, ...]
) -> None:
    device, hands = SoftwareKey(pin=pin, protocols=protocols, extensions=extensions), Hands()
    keys = _keys(device, hands=hands)
    made = keys.enrol(VAULT, [], SALT)
    assert made.uv is (pin is not None)
    assert len(made.output) == 32
    assert device.touches == (1 if "hmac-secret-mc" in extensions else 2)
    assert len(hands.asked) == (1 if pin else 0), "one question for the whole enrolment"
    again = keys.ask([KnownKey(made.credential, SALT, made.uv)])
    assert again == made
    other = keys.ask([KnownKey(made.credential, b"t" * 32, made.uv)])
    assert other.output != made.output


def test_the_secret_is_that_of_the_prf_extension() -> None:
    """PRF(x) = hmac-secret(SHA-256("WebAuthn PRF" ‖ 0 ‖ x)): the same on every system."""
    import hashlib
    import hmac

    device = SoftwareKey()
    made = _keys(device).enrol(VAULT, [], SALT)
    random = hmac.digest(device.master, b"no" + made.credential, "sha256")
    assert made.output == hmac.digest(random, hashlib.sha256(b"WebAuthn PRF\0" + SALT).digest(), "sha256")


def test_one_key_is_not_enrolled_twice() -> None:
    device = SoftwareKey()
    made = _keys(device).enrol(VAULT, [], SALT)
    assert _code(lambda: _keys(device).enrol(VAULT, [made.credential], SALT)) == "key-known"


def test_a_foreign_or_reset_key_is_named_without_a_touch() -> None:
    device = SoftwareKey()
    made = _keys(device).enrol(VAULT, [], SALT)
    known = [KnownKey(made.credential, SALT, made.uv)]
    stranger, hands = SoftwareKey(), Hands()
    assert _code(lambda: _keys(stranger, hands=hands).ask(known)) == "key-foreign"
    assert stranger.touches == hands.blinked == 0
    device.reset()
    assert _code(lambda: _keys(device).ask(known)) == "key-foreign"


def test_with_several_plugged_in_the_one_that_belongs_is_asked() -> None:
    mine, stranger = SoftwareKey(), SoftwareKey(touch=until_called_off)
    made = _keys(mine).enrol(VAULT, [], SALT)
    assert _keys(stranger, mine).ask([KnownKey(made.credential, SALT, False)]).output == made.output


@pytest.mark.parametrize("first", [0, 1])
def test_with_two_that_belong_the_first_touch_wins(first: int) -> None:
    devices = [SoftwareKey(pin=PIN), SoftwareKey(pin=PIN)]
    made = [_keys(device).enrol(VAULT, [], SALT) for device in devices]
    devices[1 - first].touch = until_called_off
    hands = Hands()
    got = _keys(*devices, hands=hands).ask([KnownKey(m.credential, SALT, True) for m in made])
    assert got == made[first]
    assert len(hands.asked) == 1, "only the touched key asks for its PIN"


def test_a_touch_that_never_comes() -> None:
    device = SoftwareKey()
    made = _keys(device).enrol(VAULT, [], SALT)
    known = [KnownKey(made.credential, SALT, False)]
    device.touch = never
    assert _code(lambda: _keys(device).ask(known)) == "key-untouched"
    device.touch = until_called_off
    assert _code(lambda: _keys(device, patience=0.01).ask(known)) == "key-untouched"


def test_a_late_touch_is_as_good() -> None:
    device = SoftwareKey()
    made = _keys(device).enrol(VAULT, [], SALT)
    device.touch = lambda event: not event.wait(0.12)
    assert _keys(device).ask([KnownKey(made.credential, SALT, False)]) == made


def test_called_off_by_the_person() -> None:
    device, cancel = SoftwareKey(), threading.Event()
    made = _keys(device).enrol(VAULT, [], SALT)

    def give_up(event: threading.Event) -> bool:
        cancel.set()
        return until_called_off(event)

    device.touch = give_up
    keys = _keys(device, cancel=cancel)
    assert _code(lambda: keys.ask([KnownKey(made.credential, SALT, False)])) == "key-cancelled"


def test_wrong_pins_are_counted_and_never_repeated() -> None:
    device = SoftwareKey(pin=PIN)
    made = _keys(device).enrol(VAULT, [], SALT)
    known = [KnownKey(made.credential, SALT, True)]
    hands = Hands("0000-wrong")
    keys = _keys(device, hands=hands)
    codes = [_code(lambda: keys.ask(known)) for _ in range(4)]
    assert codes == ["pin-wrong", "pin-wrong", "pin-paused", "pin-paused"]
    assert hands.asked == [8, 7, 6, 5]
    assert device.retries == 5, "no PIN was tried twice"
    device.plug_in()
    hands.typed = PIN
    assert keys.ask(known) == made
    device.retries = 0
    assert _code(lambda: keys.ask(known)) == "pin-blocked"


def test_a_pin_not_typed() -> None:
    device = SoftwareKey(pin=PIN)
    made = _keys(device).enrol(VAULT, [], SALT)
    keys = _keys(device, hands=Hands(None))
    assert _code(lambda: keys.ask([KnownKey(made.credential, SALT, True)])) == "pin-needed"


def test_pulled_out() -> None:
    device = SoftwareKey()
    made = _keys(device).enrol(VAULT, [], SALT)

    def pull(event: threading.Event) -> bool:
        device.unplugged = True
        return True

    device.touch = pull
    assert _code(lambda: _keys(device).ask([KnownKey(made.credential, SALT, False)])) == "security-key-gone"
    assert _code(lambda: _keys().ask([KnownKey(made.credential, SALT, False)])) == "no-security-key"


def test_keys_that_cannot() -> None:
    assert _code(lambda: _keys(SoftwareKey(extensions=())).enrol(VAULT, [], SALT)) == "key-cannot"
    device = SoftwareKey()
    made = _keys(device).enrol(VAULT, [], SALT)
    device.touch = lambda event: bool(setattr(device, "non_canonical", True)) or True
    assert _code(lambda: _keys(device).ask([KnownKey(made.credential, SALT, False)])) == "key-failed"


def test_a_key_that_always_wants_its_pin() -> None:
    device = SoftwareKey(pin=PIN, always_uv=True)
    made = _keys(device).enrol(VAULT, [], SALT)
    assert made.uv
    assert _keys(device).ask([KnownKey(made.credential, SALT, True)]) == made


def test_twenty_one_keys_of_one_vault_and_a_small_key() -> None:
    device = SoftwareKey(max_message=400)
    made = _keys(device).enrol(VAULT, [], SALT)
    others = [KnownKey(bytes([n]) * 64, SALT, bool(n % 2)) for n in range(20)]
    assert _keys(device).ask([*others, KnownKey(made.credential, SALT, False)]) == made
    assert device.touches == 3


# ── with a vault ─────────────────────────────────────────────────────────────────────────────────
def _vault(folder: Path) -> SealedVault:
    vault = SealedVault(str(folder / "vault.cgv"))
    vault.create(passphrase(), CHEAP)
    vault.put("access-key/A", "one")
    vault.put("totp/x", "two")
    return vault


def _opened(folder: Path, *devices: SoftwareKey, words: str | None = None) -> Sequence[str]:
    vault = SealedVault(str(folder / "vault.cgv"))
    asked = None if words is None else (lambda: Secret(words))
    vault.unlock(SecurityKey(_keys(*devices), asked))
    return vault.names()


def test_three_keys_and_one_is_removed_without_the_others(tmp_path: Path) -> None:
    vault, changes = _vault(tmp_path), SlotChanges(_vault_of(tmp_path))
    devices = [SoftwareKey(pin=PIN), SoftwareKey(), SoftwareKey(pin=PIN, protocols=(1,))]
    views = [
        changes.add(SecurityKey(_keys(device)), f"key {n}", ["codes"] if n == 2 else None)
        for n, device in enumerate(devices)
    ]
    assert _opened(tmp_path, devices[0]) == ("access-key/A", "totp/x")
    assert _opened(tmp_path, devices[2]) == ("totp/x",)
    for device in devices:
        device.touches = 0
    changes.remove(views[1].id)
    assert [device.touches for device in devices] == [0, 0, 0]
    assert _code(lambda: _opened(tmp_path, devices[1])) == "key-foreign"
    assert _opened(tmp_path, devices[0]) == ("access-key/A", "totp/x")
    assert _opened(tmp_path, devices[2]) == ("totp/x",)
    present = (tmp_path / "vault.cgv").read_bytes()
    assert {copy.read_bytes() for copy in tmp_path.glob("vault.cgv.*")} == {present}, "older copies are gone"
    vault.close()


def _vault_of(folder: Path) -> SealedVault:
    vault = SealedVault(str(folder / "vault.cgv"))
    vault.open(passphrase())
    return vault


def test_a_key_that_got_a_pin_since_still_opens(tmp_path: Path) -> None:
    _vault(tmp_path)
    device = SoftwareKey()
    SlotChanges(_vault_of(tmp_path)).add(SecurityKey(_keys(device)))
    device.pin = PIN
    assert _opened(tmp_path, device) == ("access-key/A", "totp/x")
    device.always_uv = True
    assert _code(lambda: _opened(tmp_path, device)) == "key-uv-changed"


def test_a_key_together_with_a_passphrase(tmp_path: Path) -> None:
    _vault(tmp_path)
    device = SoftwareKey(pin=PIN)
    credential = SecurityKey(_keys(device), lambda: Secret("more words"), together=True, cost=CHEAP)
    view = SlotChanges(_vault_of(tmp_path)).add(credential, "both", ["codes"])
    assert view.with_passphrase
    assert _opened(tmp_path, device, words="more words") == ("totp/x",)
    assert _code(lambda: _opened(tmp_path, device, words="other words")) == "wrong-passphrase"
    assert _code(lambda: _opened(tmp_path, device)) == "passphrase-needed"


def test_only_security_keys_need_two_or_a_recovery_code(tmp_path: Path) -> None:
    _vault(tmp_path)
    vault = _vault_of(tmp_path)
    changes = SlotChanges(vault)
    words = vault.slots()[0].id
    devices = [SoftwareKey(), SoftwareKey()]
    one = changes.add(SecurityKey(_keys(devices[0])))
    assert _code(lambda: changes.remove(words)) == "slot-few"
    code = generate()
    paper = changes.add(RecoveryCode(code))
    changes.remove(words)
    assert _code(lambda: changes.remove(paper.id)) == "slot-few"
    changes.add(SecurityKey(_keys(devices[1])))
    changes.remove(paper.id)
    assert _code(lambda: changes.remove(one.id)) == "slot-few"
    assert _code(lambda: SealedVault(vault.path).unlock(RecoveryCode(code))) == "no-such-slot"
    assert _code(lambda: SealedVault(vault.path).unlock(Passphrase(passphrase()))) == "no-such-slot"
    assert _opened(tmp_path, devices[1]) == ("access-key/A", "totp/x")


# ── in a backup ──────────────────────────────────────────────────────────────────────────────────
def _backed_up(folder: Path) -> bytes:
    vault = _vault_of(folder)
    items = {name: (vault.get(name) or "", 1.0) for name in vault.names()}
    words = Passphrase(Secret("the words of the backup"), CHEAP)
    copied = slots_to_copy(vault.loaded())
    data = write_backup(items, {"accounts": "[]"}, [words], line=Line.new(), now=1.0, copied=copied)
    assert holds_slots(data, words, copied)
    assert set(read_backup(data, words).items) == set(items)
    return data


def test_the_keys_of_the_vault_open_its_backup_as_far_as_they_open_the_vault(tmp_path: Path) -> None:
    vault, changes = _vault(tmp_path), SlotChanges(_vault_of(tmp_path))
    whole, codes, together, stranger = (SoftwareKey(pin=PIN) for _ in range(4))
    changes.add(SecurityKey(_keys(whole)), "on me")
    changes.add(SecurityKey(_keys(codes)), "at home", ["codes"])
    changes.add(SecurityKey(_keys(together), passphrase, together=True, cost=CHEAP), "elsewhere")
    vault.close()
    for device in (whole, codes, together):
        device.touches = 0
    data = _backed_up(tmp_path)
    assert [d.touches for d in (whole, codes, together)] == [0, 0, 0], "written without the keys at hand"
    found = read_backup(data, SecurityKey(_keys(whole)))
    assert set(found.items) == {"access-key/A", "totp/x"}
    assert (found.catalog, found.locked) == ({"accounts": "[]"}, ())
    part = read_backup(data, SecurityKey(_keys(codes)))
    assert set(part.items) == {"totp/x"}
    assert part.locked == ("keys",)
    assert set(read_backup(data, SecurityKey(_keys(together), passphrase)).items) == {
        "access-key/A",
        "totp/x",
    }
    wrong = SecurityKey(_keys(together), lambda: Secret("not these"))
    assert _code(lambda: read_backup(data, wrong)) == "wrong-passphrase"
    assert _code(lambda: read_backup(data, SecurityKey(_keys(stranger)))) == "key-foreign"


def test_a_removed_key_opens_no_later_backup(tmp_path: Path) -> None:
    _vault(tmp_path)
    changes, lost, other = SlotChanges(_vault_of(tmp_path)), SoftwareKey(), SoftwareKey()
    view = changes.add(SecurityKey(_keys(lost)))
    changes.add(SecurityKey(_keys(other)))
    earlier = _backed_up(tmp_path)
    changes.remove(view.id)
    assert _code(lambda: read_backup(_backed_up(tmp_path), SecurityKey(_keys(lost)))) == "key-foreign"
    assert read_backup(_backed_up(tmp_path), SecurityKey(_keys(other))).items
    # Said in docs/backup.md: a file written before knows nothing of it.
    assert read_backup(earlier, SecurityKey(_keys(lost))).items


@pytest.mark.parametrize("field", ["home", "private", "bundle", "fido2"])
def test_a_copied_slot_that_was_changed_is_noticed(tmp_path: Path, field: str) -> None:
    _vault(tmp_path)
    device = SoftwareKey()
    SlotChanges(_vault_of(tmp_path)).add(SecurityKey(_keys(device)))
    copied = slots_to_copy(_vault_of(tmp_path).loaded())
    words = Passphrase(Secret("the words of the backup"), CHEAP)
    data = write_backup({}, {}, [words], line=Line.new(), now=1.0, copied=copied)
    other = replace(copied[0], slot={**copied[0].slot, "label": "x"})
    assert not holds_slots(data, words, [other])
    assert not holds_slots(data, words, [replace(copied[0], public=b"p" * 32)])
    file = vault_format.read(data)
    slots = [dict(slot) for slot in file.slots]
    slots[1][field] = {"home": "00" * 16, "fido2": {}}.get(field, "QUFB")
    # Written anew by somebody who has no key: the header's MAC is wrong, whatever else is right.
    forged = vault_format.write(replace(file, slots=tuple(slots)), b"h" * 32)
    assert _code(lambda: read_backup(forged, SecurityKey(_keys(device)))) == "backup-changed"
