"""Opening the vault in the agent by every kind of slot: touches, PINs, the keychain; called off, refused."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from credguard.domain.errors import CredGuardError
from credguard.domain.secret import Secret
from credguard.services import Services
from credguard.vault.launch import start
from credguard.vault.remote import Agent
from credguard.vault.sealed.credentials import RecoveryCode, SecurityKey
from credguard.vault.sealed.recovery import generate
from credguard.vault.sealed.slot_changes import SlotChanges
from credguard.vault.security_key import UsbSecurityKeys
from credguard.wire import items
from tests.support import key_program
from tests.support.agent import KEY, Desk, until_true
from tests.support.agent import desk as desk
from tests.support.keyring import PrivateKeyring
from tests.support.stores import CHEAP, PASSPHRASE, passphrase
from tests.support.terminal import Terminal


class _Person:
    """For enrolling in this process."""

    def __init__(self, pin: str | None) -> None:
        self._pin = pin

    def touch(self) -> None:
        return None

    def pin(self, tries_left: int | None) -> Secret | None:
        return Secret(self._pin) if self._pin else None


class Ways:
    """A vault with slots besides the passphrase, and a window's services over it."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.keys = desk.folder / "keys"
        self.keys.mkdir()
        self.services = Services(starts_agent=True, environ=desk.env, program=key_program.program(self.keys))

    def add_key(self, name: str = "one", pin: str | None = None, together: Secret | None = None) -> None:
        key = key_program.plug_in(self.keys, name, pin)
        usb = UsbSecurityKeys(_Person(pin), lambda: [key])
        words = (lambda: together) if together is not None else None
        with_words = SecurityKey(usb, words, together is not None, CHEAP)
        self.change(lambda changes: changes.add(with_words, name))

    def change(self, call: Callable[[SlotChanges], Any]) -> None:
        vault = self.desk.reopened()
        call(SlotChanges(vault))
        vault.close()

    def only(self, kind: str) -> None:
        """Take the other slots away."""

        def change(changes: SlotChanges) -> None:
            for slot in changes._vault.slots():
                if slot.type != kind:
                    changes.remove(slot.id)

        self.change(change)


@pytest.fixture
def ways(desk: Desk) -> Iterator[Ways]:
    made = Ways(desk)
    yield made
    made.services.close()


def test_the_ways_are_told_without_opening(ways: Ways) -> None:
    (only,) = ways.services.unlock_ways()
    assert (only.kind, only.opens) == ("passphrase", ("keys", "codes"))
    ways.add_key("desk key", together=Secret("and these words"))
    ways.change(lambda changes: changes.add(RecoveryCode(generate()), "paper"))
    kinds = [(way.kind, way.labels, way.with_words) for way in ways.services.unlock_ways()]
    assert kinds == [
        ("passphrase", ("",), False), ("recovery", ("paper",), False), ("fido2", ("desk key",), True),
    ]  # fmt: skip
    assert Agent().open_parts() == ()


def test_a_touch_starts_the_agent_and_opens_it(ways: Ways) -> None:
    ways.add_key()
    told: list[str] = []

    def tell(event: str) -> None:
        told.append(event)
        key_program.finger(ways.keys)

    ways.services.unlock_with("fido2", tell=tell)
    assert told == ["touch"]
    assert ways.services.credentials("work").access_key_id == KEY
    assert ways.services.lock_state().open == ("keys", "codes")


def test_a_touch_opens_an_agent_that_waits_locked(ways: Ways) -> None:
    ways.add_key()
    key_program.finger(ways.keys)
    waiting = start({}, environ=ways.desk.env, argv=key_program.program(ways.keys))
    try:
        assert Agent().status()["open"] == []
        ways.services.unlock_with("fido2")
        assert ways.services.lock_state().agent == waiting.pid
        assert ways.services.credentials("work").access_key_id == KEY
    finally:
        Agent().lock()
        until_true(waiting.gone)


def test_the_pin_is_asked_here_and_a_wrong_one_is_said(ways: Ways) -> None:
    ways.add_key(pin="1234")
    key_program.finger(ways.keys)
    asked: list[int | None] = []

    def wrong(left: int | None) -> Secret | None:
        asked.append(left)
        return Secret("9999")

    with pytest.raises(CredGuardError) as caught:
        ways.services.unlock_with("fido2", ask_pin=wrong)
    assert (caught.value.code, asked) == ("pin-wrong", [8])
    assert Agent().open_parts() == ()
    ways.services.unlock_with("fido2", ask_pin=lambda left: Secret("1234"))
    assert Agent().open_parts() == ("keys", "codes")


def test_who_types_no_pin_opens_nothing(ways: Ways) -> None:
    ways.add_key(pin="1234")
    key_program.finger(ways.keys)
    with pytest.raises(CredGuardError) as caught:
        ways.services.unlock_with("fido2", ask_pin=lambda left: None)
    assert caught.value.code in {"pin-needed", "key-cancelled"}
    assert Agent().open_parts() == ()


def test_a_key_that_opens_together_with_words(ways: Ways) -> None:
    ways.add_key(together=Secret("and these words"))
    key_program.finger(ways.keys)
    with pytest.raises(CredGuardError) as caught:
        ways.services.unlock_with("fido2", ask_words=lambda: Secret("other words"))
    assert caught.value.code == "wrong-passphrase"
    with pytest.raises(CredGuardError) as locked:
        ways.services.unlock_with("fido2", ask_words=lambda: None)
    assert locked.value.code == "key-cancelled"
    ways.services.unlock_with("fido2", ask_words=lambda: Secret("and these words"))
    assert Agent().open_parts() == ("keys", "codes")


@pytest.mark.parametrize("runs", [False, True])
def test_a_wait_is_called_off_and_nothing_stays_behind(ways: Ways, runs: bool) -> None:
    ways.add_key()
    waiting = start({}, environ=ways.desk.env, argv=key_program.program(ways.keys)) if runs else None
    cancel = threading.Event()
    try:
        with pytest.raises(CredGuardError) as caught:
            ways.services.unlock_with("fido2", tell=lambda event: cancel.set(), cancel=cancel)
        assert caught.value.code == "key-cancelled"
        assert Agent().open_parts() == ()
        if waiting is None:
            assert not Agent().lock()  # none was left running
        else:
            assert Agent().status()["pid"] == waiting.pid
    finally:
        if waiting is not None:
            Agent().lock()
            until_true(waiting.gone)


def test_a_wait_for_a_touch_keeps_nobody_else_waiting(ways: Ways) -> None:
    ways.add_key()
    waiting = start({}, environ=ways.desk.env, argv=key_program.program(ways.keys))
    seen: list[Any] = []

    def tell(event: str) -> None:
        # While the key blinks another program asks, and another person opens by passphrase.
        seen.append(Agent().status()["open"])
        seen.append(Agent(trusted=lambda pid: True).unlock(passphrase())["open"])
        seen.append(ways.desk.provider().returncode)
        key_program.finger(ways.keys)

    try:
        ways.services.unlock_with("fido2", tell=tell)
        assert seen == [[], ["keys", "codes"], 0]
    finally:
        Agent().lock()
        until_true(waiting.gone)


def test_one_of_several_keys_plugged_in(ways: Ways) -> None:
    ways.add_key("one")
    ways.add_key("two", pin="4321")
    key_program.plug_in(ways.keys, "a-stranger")
    key_program.finger(ways.keys)
    ways.services.unlock_with("fido2", ask_pin=lambda left: Secret("4321"))
    assert Agent().open_parts() == ("keys", "codes")


def test_a_key_of_another_vault_is_told_apart(ways: Ways) -> None:
    ways.add_key()
    (ways.keys / "one.key").unlink()
    key_program.plug_in(ways.keys, "stranger")
    with pytest.raises(CredGuardError) as caught:
        ways.services.unlock_with("fido2")
    assert caught.value.code == "key-foreign"
    (ways.keys / "stranger.key").unlink()
    with pytest.raises(CredGuardError) as caught:
        ways.services.unlock_with("fido2")
    assert caught.value.code == "no-security-key"


def test_a_recovery_code_and_a_passphrase(ways: Ways) -> None:
    code = generate()
    ways.change(lambda changes: changes.add(RecoveryCode(code), "paper"))
    ways.services.unlock_with("recovery", code)
    assert Agent().open_parts() == ("keys", "codes")
    ways.services.lock()
    ways.services.unlock_with("passphrase", Secret(PASSPHRASE))
    assert ways.services.code("e-1").code.isdigit()
    with pytest.raises(CredGuardError) as caught:
        ways.services.unlock_with("smoke-signal")
    assert caught.value.code == "no-such-way"


def test_the_keychain_opens_the_keys_and_a_key_the_codes_beside_them(
    ways: Ways, private_keyring: PrivateKeyring
) -> None:
    ways.desk.env.update(private_keyring.env)
    ways.add_key()
    key_program.finger(ways.keys)
    services = Services(starts_agent=False, environ=ways.desk.env, passphrase=lambda question: PASSPHRASE)
    services.vault.add_keychain("this computer")
    services.close()
    ways.services.unlock_with("keychain")
    assert ways.services.lock_state().open == ("keys",)
    assert ways.services.credentials("work").access_key_id == KEY
    ways.services.unlock_with("fido2")
    assert ways.services.lock_state().open == ("keys", "codes")
    assert ways.services.code("e-1").code.isdigit()


def test_without_its_keychain_it_says_so(ways: Ways) -> None:
    with pytest.raises(CredGuardError) as caught:
        ways.services.unlock_with("keychain")
    assert caught.value.code == "no-such-slot"


# ── the terminal ─────────────────────────────────────────────────────────────────────────────────
def test_unlock_on_a_terminal_by_touch_and_pin(ways: Ways) -> None:
    ways.add_key(pin="1234")
    command = [*key_program.program(ways.keys), "unlock", "--security-key"]
    key_program.finger(ways.keys)
    with Terminal(command, {**ways.desk.env, "TERM": "dumb"}) as terminal:
        terminal.until("PIN of the security key: ")
        terminal.type("1234")
        terminal.until("Touch the security key while it blinks.")
        terminal.until("Lock: credguard lock")
        assert terminal.ended() == 0
    assert "1234" not in terminal.shown
    assert Agent().open_parts() == ("keys", "codes")


def test_nothing_typed_means_the_key(ways: Ways) -> None:
    ways.add_key()
    key_program.finger(ways.keys)
    with Terminal([*key_program.program(ways.keys), "unlock"], {**ways.desk.env, "TERM": "dumb"}) as terminal:
        terminal.until("Passphrase of the sealed vault (nothing: a security key): ")
        terminal.type("wrong one")
        terminal.until("That was not it. Passphrase of the sealed vault (nothing: a security key): ")
        terminal.type("")
        terminal.until("Touch the security key while it blinks.")
        assert terminal.ended() == 0
    assert Agent().open_parts() == ("keys", "codes")


def test_where_only_keys_open_it_nobody_is_asked_for_words(ways: Ways) -> None:
    ways.add_key("one")
    ways.add_key("two")
    ways.only("fido2")
    key_program.finger(ways.keys)
    (ways.keys / "two.key").unlink()
    with Terminal([*key_program.program(ways.keys), "unlock"], {**ways.desk.env, "TERM": "dumb"}) as terminal:
        terminal.until("Touch the security key while it blinks.")
        assert terminal.ended() == 0
    assert "Passphrase" not in terminal.shown
    assert Agent().open_parts() == ("keys", "codes")


def test_what_the_key_gave_stays_in_the_agent(ways: Ways, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process that asks imports no fido2: it could not talk to a key."""
    import sys

    ways.add_key()
    key_program.finger(ways.keys)
    for name in [name for name in sys.modules if name.split(".")[0] == "fido2"]:
        monkeypatch.delitem(sys.modules, name)
    ways.services.unlock_with("fido2")
    assert Agent().open_parts() == ("keys", "codes")
    assert not [name for name in sys.modules if name.split(".")[0] == "fido2"]
    assert items.SERVICE
