"""The locked page over a real agent: passphrase, recovery code, keychain, and security keys in software."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from credguard.domain.errors import CredGuardError
from credguard.domain.secret import Secret
from credguard.gui.agent_link import AgentLink
from credguard.gui.journeys.lock import LockPage
from credguard.gui.journeys.unlock_form import LOOKING, TOUCH, UnlockForm
from credguard.gui.passphrase import Asker
from credguard.gui.security_keys import KeysAtWindow
from credguard.gui.theme import theme
from credguard.gui.window import Window
from credguard.services import Services
from credguard.vault.remote import Agent
from credguard.vault.sealed.credentials import RecoveryCode, SecurityKey
from credguard.vault.sealed.recovery import generate
from credguard.vault.sealed.slot_changes import SlotChanges
from credguard.vault.security_key import UsbSecurityKeys
from credguard.wire import places
from tests.support import key_program
from tests.support.agent import KEY, Desk
from tests.support.agent import desk as desk
from tests.support.gui import application, settle
from tests.support.pages import faults, nameless, said
from tests.support.stores import CHEAP, PASSPHRASE
from tests.support.window import read

Key = Qt.Key


class _Person:
    def __init__(self, pin: str | None) -> None:
        self._pin = pin

    def touch(self) -> None:
        return None

    def pin(self, tries_left: int | None) -> Secret | None:
        return Secret(self._pin) if self._pin else None


class Locked:
    """A window over the desk's vault, and the keys in a folder. `lock` brings the page up."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.keys = desk.folder / "keys"
        self.keys.mkdir()
        self.asker = Asker()
        at_window = KeysAtWindow(self.asker, list)
        self.services = Services(
            starts_agent=True, environ=desk.env, program=key_program.program(self.keys),
            passphrase=self.asker.ask, keys=at_window, hands=at_window.at_hand,
        )  # fmt: skip
        self.window = Window(self.services)
        self.window.asker, self.window.security_keys = self.asker, at_window
        self.asker.attach(self.window)
        self.window.show()
        read(self.window)

    def add_key(self, pin: str | None = None, together: Secret | None = None) -> None:
        key = key_program.plug_in(self.keys, "one", pin)
        usb = UsbSecurityKeys(_Person(pin), lambda: [key])
        words = (lambda: together) if together is not None else None
        self.change(lambda changes: changes.add(SecurityKey(usb, words, together is not None, CHEAP), "one"))

    def change(self, call: Callable[[SlotChanges], Any]) -> None:
        vault = self.desk.reopened()
        call(SlotChanges(vault))
        vault.close()

    def lock(self) -> UnlockForm:
        self.window.lock()
        self.wait(lambda: self.form.state == "rest")
        return self.form

    @property
    def page(self) -> LockPage:
        page = self.window.findChild(LockPage)
        assert isinstance(page, LockPage)
        return page

    @property
    def form(self) -> UnlockForm:
        return self.page.form

    def wait(self, met: Callable[[], object]) -> None:
        for _ in range(4000):
            if met():
                return
            QTest.qWait(5)
        raise AssertionError(f"what was waited for did not come: {said(self.window)}")

    def opened(self) -> None:
        self.wait(lambda: not self.window.locked)
        assert Agent().open_parts() == ("keys", "codes")
        self.wait(lambda: self.window.rail.lock.text() == "Unlocked")

    def close(self) -> None:
        page = self.window.findChild(LockPage)
        if isinstance(page, LockPage):
            page.form.give_up()
        self.asker.close()
        self.window.close()
        self.window.tasks.wait()
        self.services.close()
        self.window.deleteLater()


@pytest.fixture
def locked(desk: Desk) -> Iterator[Locked]:
    application()
    made = Locked(desk)
    yield made
    made.close()
    application()


def test_the_passphrase_opens_it(locked: Locked) -> None:
    form = locked.lock()
    assert form.field.edit.placeholderText() == "Passphrase"
    assert not form.key.isVisible(), "no key opens this vault"
    assert QApplication.focusWidget() is form.field.edit
    QTest.keyClicks(form.field.edit, "not it")
    QTest.keyClick(form.field.edit, Key.Key_Return)
    locked.wait(lambda: form.problem.isVisible())
    assert form.problem.text() == "That is not the passphrase"
    assert form.field.text() == ""
    QTest.keyClicks(form.field.edit, PASSPHRASE)
    assert not form.problem.isVisible()
    QTest.keyClick(form.field.edit, Key.Key_Return)
    locked.opened()


def test_a_recovery_code_is_typed_in_the_same_field(locked: Locked) -> None:
    code = generate()
    locked.change(lambda changes: changes.add(RecoveryCode(code), "paper"))
    form = locked.lock()
    assert form.field.edit.placeholderText() == "Passphrase or recovery code"
    assert form.field.edit.accessibleName() == "Passphrase or recovery code"
    typed = code.reveal()
    QTest.keyClicks(form.field.edit, typed[:-1] + ("q" if typed[-1].lower() != "q" else "p"))
    QTest.keyClick(form.field.edit, Key.Key_Return)
    locked.wait(lambda: form.problem.isVisible())
    assert "recovery code" in form.problem.text()
    QTest.keyClicks(form.field.edit, typed.lower().replace("-", " "))
    QTest.keyClick(form.field.edit, Key.Key_Return)
    locked.opened()


def test_a_touch_opens_it_and_each_moment_has_its_sentence(locked: Locked) -> None:
    locked.add_key()
    form = locked.lock()
    QTest.mouseClick(form.key, Qt.MouseButton.LeftButton)
    assert form.said.text() in {LOOKING, TOUCH}
    locked.wait(lambda: form.said.text() == TOUCH)
    assert not form.field.isVisible()
    assert form.key.text() == "Cancel"
    assert faults(locked.page) == []
    assert nameless(locked.page) == []
    key_program.finger(locked.keys)
    locked.opened()


def test_cancel_and_escape_call_the_wait_off(locked: Locked) -> None:
    locked.add_key()
    form = locked.lock()
    for way in ("button", "escape"):
        form.use_key()
        locked.wait(lambda: form.said.text() == TOUCH)
        if way == "button":
            QTest.keyClick(form.key, Key.Key_Space)
        else:
            QTest.keyClick(form.key, Key.Key_Escape)
        locked.wait(lambda: form.state == "rest")
        assert not form.problem.isVisible(), "a change of mind is no fault"
        assert form.field.isVisible()
        assert locked.window.locked
        assert Agent().open_parts() == ()


def test_no_key_plugged_in_and_a_key_of_another_vault(locked: Locked) -> None:
    locked.add_key()
    mine = (locked.keys / "one.key").rename(locked.keys / "one.away")
    form = locked.lock()
    form.use_key()
    locked.wait(lambda: form.problem.isVisible())
    assert (
        form.problem.text()
        == "No security key is plugged in. Plug one in, then try again. Nothing was changed."
    )
    key_program.plug_in(locked.keys, "stranger")
    key_program.finger(locked.keys)
    form.use_key()
    locked.wait(lambda: form.state == "rest")
    assert "does not belong to this vault" in form.problem.text()
    mine.rename(locked.keys / "one.key")
    (locked.keys / "stranger.key").unlink()
    form.use_key()
    locked.opened()


def test_the_pin_is_asked_on_the_page_with_the_tries_left(locked: Locked) -> None:
    locked.add_key(pin="1234")
    key_program.finger(locked.keys)
    form = locked.lock()
    form.use_key()
    locked.wait(lambda: form.state == "pin")
    assert form.said.text() == "The security key asks for its PIN."
    assert form.field.edit.accessibleName() == "PIN"
    assert QApplication.focusWidget() is form.field.edit
    QTest.keyClicks(form.field.edit, "9999")
    QTest.keyClick(form.field.edit, Key.Key_Return)
    locked.wait(lambda: form.problem.isVisible())
    assert form.problem.text().startswith("That is not the PIN of this security key.")
    assert form.field.text() == ""
    form.use_key()
    locked.wait(lambda: form.state == "pin")
    QTest.keyClicks(form.field.edit, "1234")
    QTest.keyClick(form.field.edit, Key.Key_Return)
    locked.opened()


def test_who_does_not_want_to_type_the_pin_is_back_at_the_field(locked: Locked) -> None:
    locked.add_key(pin="1234")
    key_program.finger(locked.keys)
    form = locked.lock()
    form.use_key()
    locked.wait(lambda: form.state == "pin")
    QTest.keyClick(form.field.edit, Key.Key_Escape)
    locked.wait(lambda: form.state == "rest")
    assert locked.window.locked
    QTest.keyClicks(form.field.edit, PASSPHRASE)
    QTest.keyClick(form.field.edit, Key.Key_Return)
    locked.opened()


def test_a_key_that_opens_together_with_a_passphrase_asks_for_it(locked: Locked) -> None:
    locked.add_key(together=Secret("and these words"))
    key_program.finger(locked.keys)
    form = locked.lock()
    form.use_key()
    locked.wait(lambda: form.state == "words")
    assert form.said.text() == "The key opens the vault together with its passphrase."
    QTest.keyClicks(form.field.edit, "and these words")
    QTest.keyClick(form.field.edit, Key.Key_Return)
    locked.opened()


def test_where_only_keys_open_it_the_filled_button_is_the_key(locked: Locked) -> None:
    locked.add_key()

    def only_keys(changes: SlotChanges) -> None:
        changes.add(RecoveryCode(generate()), "")
        for slot in changes._vault.slots():
            if slot.type == "passphrase":
                changes.remove(slot.id)

    locked.change(only_keys)
    form = locked.lock()
    assert form.field.edit.placeholderText() == "Recovery code"
    key_program.finger(locked.keys)
    form.use_key()
    locked.opened()


def test_a_program_that_waits_is_named_and_goes_on_once_it_is_open(locked: Locked) -> None:
    link = locked.window.link = AgentLink(locked.window)
    try:
        locked.wait(lambda: link.connected)
        form = locked.lock()
        assert locked.page._note.text() == "Programs that need a key wait until you unlock."
        locked.wait(_stands_by)
        locked.window.hide()
        waiting = subprocess.Popen(
            [*places.helper(), "p-work"], env=locked.desk.env, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        locked.wait(lambda: "waits for you." in locked.page._note.text())
        assert locked.window.isVisible(), "a window that sat in the tray comes up"
        QTest.keyClicks(form.field.edit, PASSPHRASE)
        QTest.keyClick(form.field.edit, Key.Key_Return)
        locked.opened()
        out, err = waiting.communicate(timeout=60)
        assert (waiting.returncode, err) == (0, "")
        assert KEY in out
        locked.wait(lambda: locked.window.waiting == ())
    finally:
        link.close()


def test_the_end_of_the_program_ends_a_wait(locked: Locked) -> None:
    locked.add_key()
    form = locked.lock()
    form.use_key()
    locked.wait(lambda: form.said.text() == TOUCH)
    locked.close()  # waits for the workers: with the touch still wanted it would hang here
    assert Agent().open_parts() == ()


@pytest.mark.parametrize("scale", [1.0, 1.5, 2.0])
@pytest.mark.parametrize("mode", ["light", "dark"])
def test_no_state_is_cut(locked: Locked, scale: float, mode: str) -> None:
    theme().set_mode(mode)  # type: ignore[arg-type]
    theme().set_scale(scale)
    locked.window.resize(800, 560)
    locked.add_key(pin="1234")
    locked.change(lambda changes: changes.add(RecoveryCode(generate()), "paper"))
    form = locked.lock()
    settle()
    assert faults(form) == []
    form.failed(_error())
    settle()
    assert faults(form) == []
    form.use_key()
    locked.wait(lambda: form.state == "pin")
    settle()
    assert faults(form) == []


def _stands_by() -> bool:
    """Whether a locked agent runs in place of the one that ended, and the window hears it."""
    try:
        status = Agent().status()
    except CredGuardError:
        return False
    return status["open"] == [] and status["window"] is True


def _error() -> Any:
    from credguard.vault.security_key_errors import translate

    return translate(OSError("gone"), False)
