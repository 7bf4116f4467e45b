"""Settings › Security keys, with a key in software behind the library's own client."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from credguard.demo.cloud.world import PASSPHRASE
from credguard.gui.journeys.recovery_card import RecoveryPanel
from credguard.gui.journeys.unlock_panel import OpenPanel, TypedPanel
from credguard.gui.journeys.vault_panels import ChangePanel, RemovedPanel
from credguard.gui.pages.security_keys import SecurityKeysPage
from credguard.gui.passphrase import Asker
from credguard.gui.security_keys import KeysAtWindow
from credguard.gui.theme import theme
from credguard.gui.widgets.controls import Switch
from credguard.gui.widgets.overlay import ConfirmDialog
from credguard.gui.widgets.security_key import KeyCard
from credguard.services import Services
from tests.support.authenticator import SoftwareKey
from tests.support.gui import application
from tests.support.pages import button, faults, nameless, page_of, said, shown
from tests.support.window import Laptop, read

pytestmark = pytest.mark.usefixtures("qt")
SEED = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


class Desk:
    """A window over a sealed vault, and the keys that are plugged in; `finger` is put down by the test."""

    def __init__(self, laptop: Laptop) -> None:
        self.laptop = laptop
        self.finger = threading.Event()
        self.plugged: list[SoftwareKey] = []
        self.asker = Asker()
        self.keys = KeysAtWindow(self.asker, lambda: list(self.plugged))
        environ = {k: v for k, v in os.environ.items() if k != "CREDGUARD_PASSPHRASE_FILE"}
        self.services = laptop.services = Services(
            demo=True, clock=laptop.clock, environ=environ, passphrase=self.asker.ask, keys=self.keys
        )
        self.window = laptop.window()
        self.window.asker, self.window.security_keys = self.asker, self.keys
        self.asker.attach(self.window)
        self.asker.watch_keys(self.keys)
        self.window.show_page("security-keys")
        self.settled()

    def key(self, **knobs: object) -> SoftwareKey:
        made = SoftwareKey(touch=self._touch, **knobs)  # type: ignore[arg-type]
        self.plugged.append(made)
        return made

    def _touch(self, called_off: threading.Event) -> bool:
        while not called_off.is_set():
            if self.finger.wait(0.01):
                self.finger.clear()
                return True
        return False

    @property
    def page(self) -> SecurityKeysPage:
        page = page_of(self.window)
        assert isinstance(page, SecurityKeysPage)
        return page

    def cards(self) -> list[KeyCard]:
        return self.page._cards

    def card(self, name: str) -> KeyCard:
        return next(card for card in self.cards() if card.name == name)

    def settled(self) -> None:
        read(self.window)

    def open_vault(self) -> None:
        """Answer the question for the passphrase."""
        self.wait(lambda: self.panel(OpenPanel) is not None)
        panel = self.panel(OpenPanel)
        assert isinstance(panel, OpenPanel)
        QTest.keyClicks(panel.field.edit, PASSPHRASE)
        QTest.keyClick(panel.field.edit, Qt.Key.Key_Return)

    def panel(self, kind: type[QWidget]) -> QWidget | None:
        return next((p for p in self.window.findChildren(kind) if p.isVisible()), None)

    def wait(self, met: Callable[[], object]) -> None:
        for _ in range(3000):
            if met():
                return
            QTest.qWait(5)
        raise AssertionError(f"what was waited for did not come: {said(self.window)}")

    def add(self, name: str) -> None:
        """The whole way, by keyboard."""
        had = len(self.of_type("fido2"))
        QTest.keyClick(self.page.add, Qt.Key.Key_Return)
        card = next(card for card in self.cards() if card.state == "name")
        QTest.keyClicks(card.field.edit, name)
        QTest.keyClick(card.field.edit, Qt.Key.Key_Return)
        if not self.services.vault._vault.is_open:
            self.open_vault()
        self.wait(lambda: card.state == "touch")
        assert card.said.text() == "Touch it now"
        self.finger.set()
        self.wait(lambda: len(self.of_type("fido2")) == had + 1 or self.finger.set())
        self.finger.clear()
        self.wait(lambda: any(c.name == name for c in self.cards()))
        self.settled()

    def of_type(self, kind: str) -> list[str]:
        return [way.slot.label for way in self.services.vault.state().ways if way.slot.type == kind]


@pytest.fixture
def desk() -> Iterator[Desk]:
    application()
    with Laptop() as laptop:
        laptop.services.add_code(secret=SEED, name="Northwind")
        laptop.services.close()
        made = Desk(laptop)
        yield made
        made.finger.set()
        made.asker.close()
        made.keys.cancel()
        laptop.put_away()


def test_without_keys_there_are_three_places_and_why(desk: Desk) -> None:
    assert [card.name for card in desk.cards()] == [
        "A first key, on you", "A second key, at home", "A third key, kept away from here",
    ]  # fmt: skip
    words = said(desk.page)
    assert "None yet. Three are a good number: one on you, one at home, one elsewhere" in words
    assert "None: a forgotten passphrase would close the vault for good" in words
    assert "Remove" not in words, "the last way in cannot be removed"


def test_a_key_is_added_tested_and_counts(desk: Desk) -> None:
    key = desk.key()
    desk.add("Blue YubiKey")
    assert key.touches >= 1
    assert desk.of_type("fido2") == ["Blue YubiKey"]
    assert "1 of 3 security keys" in said(desk.page)
    assert [card.name for card in desk.cards()] == [
        "Blue YubiKey", "A second key, at home", "A third key, kept away from here",
    ]  # fmt: skip
    card = desk.card("Blue YubiKey")
    assert card.said.text() == "Not tested yet"
    card.setFocus()
    QTest.keyClick(card, Qt.Key.Key_Return)
    desk.wait(lambda: card.state == "touch")
    desk.finger.set()
    desk.wait(lambda: desk.card("Blue YubiKey").said.text().startswith("Tested on "))


def test_the_wait_counts_down_and_can_be_called_off(desk: Desk) -> None:
    desk.key()
    QTest.mouseClick(button(desk.page, "Add: A second key, at home"), Qt.MouseButton.LeftButton)
    card = desk.card("A second key, at home")
    QTest.keyClick(card.field.edit, Qt.Key.Key_Return)
    desk.open_vault()
    desk.wait(lambda: card.state == "touch")
    assert card.ring.value() == 30
    card.tick()
    assert card.ring.value() == 29
    assert "Touch it now" in said(desk.page)
    desk.window.changed()  # another process wrote: what blinks stays
    QTest.keyClick(card.stop, Qt.Key.Key_Space)
    desk.wait(lambda: not desk.window.tasks.busy)
    desk.settled()
    assert desk.of_type("fido2") == []
    assert [c.state for c in desk.cards()] == ["rest"] * 3
    assert not desk.finger.is_set()


def test_the_pin_is_asked_in_a_panel_of_the_window(desk: Desk) -> None:
    key = desk.key(pin="2468")
    desk.card("A first key, on you").begin()
    card = desk.card("A first key, on you")
    QTest.keyClick(card.field.edit, Qt.Key.Key_Return)
    desk.open_vault()
    desk.wait(lambda: (p := desk.panel(TypedPanel)) and "PIN" in p.accessibleName())
    panel = desk.panel(TypedPanel)
    assert isinstance(panel, TypedPanel)
    QTest.keyClicks(panel.field.edit, "1111")
    QTest.keyClick(panel.field.edit, Qt.Key.Key_Return)
    desk.wait(lambda: card.state == "rest" and card.said.isVisible())
    assert "PIN" in card.said.text()
    desk.wait(lambda: key.retries == 7)
    assert desk.of_type("fido2") == []
    card.begin()
    QTest.keyClick(card.field.edit, Qt.Key.Key_Return)
    desk.wait(lambda: (p := desk.panel(TypedPanel)) and "PIN" in p.accessibleName())
    panel = desk.panel(TypedPanel)
    assert isinstance(panel, TypedPanel)
    assert "7 tries left" in panel.line.text()
    QTest.keyClicks(panel.field.edit, "2468")
    QTest.keyClick(panel.field.edit, Qt.Key.Key_Return)
    desk.wait(lambda: desk.finger.set() or len(desk.of_type("fido2")) == 1)


def test_what_was_read_before_is_not_drawn_over_a_card_in_use(desk: Desk) -> None:
    """On a busy computer an answer that was under way came after the typing had begun, and took it away."""
    before = desk.page.data
    desk.page.reload()
    card = desk.card("A first key, on you")
    card.begin()
    QTest.keyClicks(card.field.edit, "Blue")
    desk.settled()
    assert desk.card("A first key, on you") is card
    assert card.field.text() == "Blue"
    QTest.keyClick(card.field.edit, Qt.Key.Key_Escape)
    desk.wait(lambda: desk.card("A first key, on you") is not card)  # read again at the end
    assert desk.page.data == before


def test_what_failed_stays_said_while_nothing_is_new(desk: Desk) -> None:
    card = desk.card("A first key, on you")
    card.begin()
    QTest.keyClick(card.field.edit, Qt.Key.Key_Return)
    desk.open_vault()
    desk.wait(lambda: card.said.text().startswith("No security key is plugged in."))
    desk.page.reload()  # another process wrote, which is not about the vault
    desk.settled()
    assert desk.card("A first key, on you") is card
    assert card.said.text().startswith("No security key is plugged in.")


def test_no_key_plugged_in_is_said_in_the_card(desk: Desk) -> None:
    card = desk.card("A first key, on you")
    card.begin()
    QTest.keyClick(card.field.edit, Qt.Key.Key_Return)
    desk.open_vault()
    desk.wait(lambda: card.said.text().startswith("No security key is plugged in."))
    assert card.said.token == "warn"
    assert card.go.isVisible()


def test_another_key_fails_its_test(desk: Desk) -> None:
    desk.key()
    desk.add("Mine")
    desk.plugged[:] = []
    desk.key()
    button(desk.page, "Test Mine").click()
    desk.wait(lambda: desk.card("Mine").said.token == "warn")
    assert desk.services.vault.find("Mine").proved is None


def test_f2_renames_and_esc_leaves_it(desk: Desk) -> None:
    desk.key()
    desk.add("Old name")
    card = desk.card("Old name")
    card.setFocus()
    QTest.keyClick(card, Qt.Key.Key_F2)
    assert card.field.edit.hasFocus()
    QTest.keyClicks(card.field.edit, "Other")
    QTest.keyClick(card.field.edit, Qt.Key.Key_Escape)
    assert card.state == "rest"
    assert page_of(desk.window) is desk.page, "Esc left the field, not the page"
    QTest.keyClick(card, Qt.Key.Key_F2)
    QTest.keyClicks(card.field.edit, "Key ring")
    QTest.keyClick(card.field.edit, Qt.Key.Key_Return)
    desk.wait(lambda: desk.of_type("fido2") == ["Key ring"])
    desk.wait(lambda: any(c.name == "Key ring" for c in desk.cards()))


def test_arrows_walk_the_cards(desk: Desk) -> None:
    first, second, third = desk.cards()
    first.setFocus()
    QTest.keyClick(first, Qt.Key.Key_Right)
    assert QApplication.focusWidget() is second
    QTest.keyClick(second, Qt.Key.Key_Left)
    QTest.keyClick(first, Qt.Key.Key_Left)
    assert QApplication.focusWidget() is third


def test_180_days_without_a_test_is_a_warning(desk: Desk) -> None:
    desk.key()
    desk.add("Parents house")
    desk.laptop.clock.at += 200 * 86_400
    desk.window.changed()
    desk.settled()
    card = desk.card("Parents house")
    assert card.said.text().startswith("Not tested for ")
    assert card.said.token == "warn"


def test_removing_needs_the_name_typed_and_names_what_to_rotate(desk: Desk) -> None:
    desk.key()
    desk.add("Lost one")
    way = next(w for w in desk.services.vault.state().ways if w.slot.label == "Lost one")
    desk.page.ask_remove(way)
    dialog = desk.panel(ConfirmDialog)
    assert isinstance(dialog, ConfirmDialog)
    assert dialog.modal
    assert not dialog.go.isEnabled()
    QTest.keyClicks(dialog.field.edit, "Lost on")
    QTest.keyClick(dialog.field.edit, Qt.Key.Key_Return)
    assert desk.of_type("fido2") == ["Lost one"]
    QTest.keyClicks(dialog.field.edit, "e")
    QTest.keyClick(dialog.field.edit, Qt.Key.Key_Return)
    desk.wait(lambda: desk.panel(RemovedPanel) is not None)
    assert desk.of_type("fido2") == []
    panel = desk.panel(RemovedPanel)
    assert panel is not None
    assert "Northwind" in said(panel)
    button(panel, "Close").click()
    desk.settled()
    assert desk.panel(RemovedPanel) is None


def test_a_recovery_code_is_made_and_tested(desk: Desk) -> None:
    button(desk.page, "Make a recovery code").click()
    panel = desk.panel(RecoveryPanel)
    assert isinstance(panel, RecoveryPanel)
    assert not [b for b in shown(panel) if b.accessibleName() == "Go on without a recovery code"]
    code = panel.card._code
    for number in panel.card.asked:
        QTest.keyClicks(panel.card._fields[number].edit, code.reveal().split("-")[number])
    assert panel.go.isEnabled()
    panel.go.click()
    desk.open_vault()
    desk.wait(lambda: len(desk.of_type("recovery")) == 1)
    desk.wait(lambda: "Make a new one" in said(desk.page))
    button(desk.page, "Test: Recovery code").click()
    desk.wait(lambda: isinstance(desk.panel(TypedPanel), TypedPanel))
    typed = desk.panel(TypedPanel)
    assert isinstance(typed, TypedPanel)
    QTest.keyClicks(typed.field.edit, code.reveal().lower())
    QTest.keyClick(typed.field.edit, Qt.Key.Key_Return)
    desk.wait(lambda: desk.services.vault.find("recovery").proved is not None)


def test_the_passphrase_is_changed(desk: Desk) -> None:
    button(desk.page, "Change: Passphrase").click()
    panel = desk.panel(ChangePanel)
    assert isinstance(panel, ChangePanel)
    chosen = panel.form.first.text()
    QTest.keyClicks(panel.form.second.edit, chosen)
    QTest.keyClick(panel.form.second.edit, Qt.Key.Key_Return)
    desk.open_vault()
    desk.wait(lambda: "The passphrase is changed." in said(desk.window.toast))
    desk.services.lock()
    from credguard.domain.secret import Secret

    desk.services.unlock(Secret(chosen))
    assert desk.services.is_unlocked


def test_a_keychain_that_is_not_there_jumps_back(desk: Desk) -> None:
    (switch,) = [s for s in shown(desk.page, Switch) if "Keychain" in s.accessibleName()]
    assert isinstance(switch, Switch)
    switch.click()
    desk.open_vault()
    desk.wait(lambda: "No keychain answers here" in said(desk.window.toast))
    desk.wait(lambda: not desk.window.tasks.busy)
    desk.settled()
    (switch,) = [s for s in shown(desk.page, Switch) if "Keychain" in s.accessibleName()]
    assert isinstance(switch, Switch)
    assert not switch.isChecked()


def test_the_vault_opens_with_a_touch_in_place_of_the_passphrase(desk: Desk) -> None:
    desk.key()
    desk.add("Blue")
    desk.services.lock()
    button(desk.page, "Rename Blue").click()
    card = desk.card("Blue")
    QTest.keyClicks(card.field.edit, "Green")
    QTest.keyClick(card.field.edit, Qt.Key.Key_Return)
    desk.wait(lambda: desk.panel(OpenPanel) is not None)
    panel = desk.panel(OpenPanel)
    assert isinstance(panel, OpenPanel)
    QTest.mouseClick(panel.key, Qt.MouseButton.LeftButton)
    desk.wait(lambda: panel.line.text() == "Touch the security key now, while it blinks.")
    assert card.state == "wait", "the touch that opens the vault is not the card’s"
    desk.finger.set()
    desk.wait(lambda: desk.of_type("fido2") == ["Green"])
    desk.wait(lambda: desk.panel(OpenPanel) is None)


def test_a_lock_calls_off_what_blinks(desk: Desk) -> None:
    desk.key()
    card = desk.card("A first key, on you")
    card.begin()
    QTest.keyClick(card.field.edit, Qt.Key.Key_Return)
    desk.open_vault()
    desk.wait(lambda: card.state == "touch")
    desk.window.lock()
    desk.wait(lambda: not desk.window.tasks.busy)
    assert desk.of_type("fido2") == []
    assert not desk.services.vault._vault.is_open


@pytest.mark.parametrize("scale", [1.0, 1.5, 2.0])
@pytest.mark.parametrize("size", [(1120, 720), (800, 560)])
def test_nothing_is_cut(desk: Desk, scale: float, size: tuple[int, int]) -> None:
    desk.key()
    desk.add("A key with quite a long name of its own")
    theme().set_scale(scale)
    desk.window.resize(*size)
    desk.window.changed()
    desk.settled()
    assert faults(desk.page) == []
    assert nameless(desk.page) == []
    desk.cards()[1].begin()
    desk.settled()
    assert faults(desk.page) == []


def _need(desk: Desk, part: str) -> Switch:
    name = {"codes": "Codes need a key", "keys": "Access keys need a key"}[part]

    def there() -> list[QWidget]:
        return [s for s in shown(desk.page, Switch) if s.accessibleName() == name]

    desk.wait(lambda: len(there()) == 1 and not desk.page._working)
    (found,) = there()
    assert isinstance(found, Switch)
    return found


def test_what_needs_a_key_waits_until_losing_one_is_no_loss(desk: Desk) -> None:
    assert not _need(desk, "codes").isEnabled()
    assert "Add a security key first." in said(desk.page)
    desk.key()
    desk.add("Blue YubiKey")
    assert not _need(desk, "codes").isEnabled()
    assert "Add a second security key or a recovery code first." in said(desk.page)
    assert "They do not stop a program that runs here while both are open." in said(desk.page)
    assert faults(desk.page) == []


def test_codes_need_a_key_from_one_switch_on_and_the_passphrase_opens_keys_alone(desk: Desk) -> None:
    desk.key()
    desk.add("one")
    desk.plugged.clear()
    desk.key()
    desk.add("two")
    assert _need(desk, "codes").isEnabled()
    QTest.keyClick(_need(desk, "codes"), Qt.Key.Key_Space)
    desk.wait(lambda: desk.services.vault.state().needs_key("codes"))
    desk.settled()
    opens = {w.slot.type: w.slot.opens for w in desk.services.vault.state().ways}
    assert opens == {"passphrase": ("keys",), "fido2": ("keys", "codes")}
    assert _need(desk, "codes").isChecked()
    assert not _need(desk, "keys").isChecked()
    assert "One touch opens them until they lock" in said(desk.page)
    assert "opens the keys alone" in said(desk.page)
    QTest.keyClick(_need(desk, "codes"), Qt.Key.Key_Space)
    desk.wait(lambda: not desk.services.vault.state().needs_key("codes"))
    desk.settled()
    assert not _need(desk, "codes").isChecked()


def test_a_passphrase_that_would_open_nothing_goes_only_when_that_is_typed(desk: Desk) -> None:
    for name in ("one", "two"):
        desk.plugged.clear()
        desk.key()
        desk.add(name)
    QTest.keyClick(_need(desk, "codes"), Qt.Key.Key_Space)
    desk.wait(lambda: desk.services.vault.state().needs_key("codes"))
    desk.settled()
    QTest.keyClick(_need(desk, "keys"), Qt.Key.Key_Space)
    desk.wait(lambda: desk.panel(ConfirmDialog) is not None)
    dialog = desk.panel(ConfirmDialog)
    assert isinstance(dialog, ConfirmDialog)
    assert not dialog.go.isEnabled()
    QTest.keyClick(dialog.field.edit, Qt.Key.Key_Escape)
    desk.settled()
    assert desk.of_type("passphrase") == [""], "nothing was changed"
    assert not _need(desk, "keys").isChecked()
    QTest.keyClick(_need(desk, "keys"), Qt.Key.Key_Space)
    desk.wait(lambda: desk.panel(ConfirmDialog) is not None)
    dialog = desk.panel(ConfirmDialog)
    assert isinstance(dialog, ConfirmDialog)
    QTest.keyClicks(dialog.field.edit, "remove")
    QTest.keyClick(dialog.field.edit, Qt.Key.Key_Return)
    desk.wait(lambda: desk.of_type("passphrase") == [])
    desk.settled()
    assert {w.slot.opens for w in desk.services.vault.state().ways} == {("keys", "codes")}


def test_a_fourth_key_has_its_place_once_it_is_asked_for(desk: Desk) -> None:
    for name in ("one", "two", "three"):
        desk.plugged.clear()
        desk.key()
        desk.add(name)
    assert [card.name for card in desk.cards() if card.isVisible()] == ["one", "two", "three"]
    QTest.keyClick(desk.page.add, Qt.Key.Key_Return)
    card = next(c for c in desk.cards() if c.state == "name")
    assert card.isVisible()
    assert card.name == "Another key"
    QTest.keyClick(card.field.edit, Qt.Key.Key_Escape)
    desk.settled()
    assert [card.name for card in desk.cards() if card.isVisible()] == ["one", "two", "three"]
