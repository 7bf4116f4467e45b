"""Settings › Locking: what it shows is what is set; what a store does not do is not offered for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from credguard.gui.theme import theme
from credguard.gui.widgets.controls import Switch
from credguard.gui.widgets.select import Select
from credguard.gui.window import Window
from credguard.services import Services
from tests.support.gui import application
from tests.support.pages import button, faults, nameless, page_of, said, shown
from tests.support.window import Laptop, read, until

pytestmark = pytest.mark.usefixtures("qt")


@pytest.fixture
def window() -> Iterator[Window]:
    application()
    with Laptop() as laptop:
        laptop.services.settings.set("store", "sealed")
        made = laptop.window()
        button(made.rail, "Settings").click()
        read(made)
        button(page_of(made), "Locking").click()
        read(made)
        yield made


def _named(window: Window, kind: type[QWidget], name: str) -> QWidget:
    (found,) = [w for w in shown(page_of(window), kind) if w.accessibleName() == name]
    return found


def _select(window: Window, name: str) -> Select:
    found = _named(window, Select, name)
    assert isinstance(found, Select)
    return found


def _choose(window: Window, name: str, key: str) -> None:
    """As a person does: the list is opened by the keyboard, walked, and left with Enter."""
    select = _select(window, name)
    select.setFocus()
    step = Qt.Key.Key_Down if select.findData(key) > select.currentIndex() else Qt.Key.Key_Up
    for _ in range(abs(select.findData(key) - select.currentIndex())):
        QTest.keyClick(select, step)
    read(window)


def _set(window: Window, name: str) -> object:
    return window.services.settings.get(name)


def test_it_is_reached_from_settings_and_left_again(window: Window) -> None:
    assert window.rail.items["settings"].isChecked()
    assert "Locked pages show no names and no numbers" in said(page_of(window))
    QTest.keyClick(page_of(window), Qt.Key.Key_Escape)
    read(window)
    assert page_of(window).objectName() == "page-settings"
    assert "Keys after 15 minutes, codes after 5 minutes and when the screen locks" in said(page_of(window))


def test_times_of_keys_and_codes_are_changed_apart(window: Window) -> None:
    assert _select(window, "Keys: when you are away").currentText() == "15 minutes"
    assert _select(window, "Codes: when you are away").currentText() == "5 minutes"
    _select(window, "Keys: when you are away").chosen.emit("30")
    read(window)
    assert _set(window, "lock_keys_minutes") == 30
    assert _set(window, "lock_codes_minutes") == 5
    assert _select(window, "Keys: when you are away").currentText() == "30 minutes"
    _select(window, "Codes: at the latest").chosen.emit("240")
    read(window)
    assert _set(window, "lock_codes_longest_minutes") == 240
    assert _set(window, "lock_keys_longest_minutes") == 480


def test_never_and_back_by_keyboard(window: Window) -> None:
    _choose(window, "Keys: when you are away", "never")
    until(window, lambda: _set(window, "lock_keys") == "never")
    read(window)
    assert not _select(window, "Keys: at the latest").isEnabled()
    assert _select(window, "Keys: at the latest").currentText() == "Never"
    _choose(window, "Keys: when you are away", "240")
    until(window, lambda: _set(window, "lock_keys") == "away")
    assert _set(window, "lock_keys_minutes") == 240


def test_each_use_by_mouse_turns_the_time_off(window: Window) -> None:
    switch = _named(window, Switch, "Codes: after each use")
    QTest.mouseClick(switch, Qt.MouseButton.LeftButton)
    read(window)
    assert _set(window, "lock_codes") == "each-use"
    assert not _select(window, "Codes: when you are away").isEnabled()
    assert _select(window, "Keys: when you are away").isEnabled()
    QTest.keyClick(_named(window, Switch, "Codes: after each use"), Qt.Key.Key_Space)
    read(window)
    assert _set(window, "lock_codes") == "away"


@pytest.mark.parametrize(
    ("name", "setting", "after"),
    [
        ("Keys: when the screen locks", "lock_keys_on_screen_lock", True),
        ("Codes: when the screen locks", "lock_codes_on_screen_lock", False),
        ("Keys: when the computer sleeps", "lock_keys_on_sleep", False),
        ("Codes: when the computer sleeps", "lock_codes_on_sleep", False),
    ],
)
def test_each_switch_is_its_own_setting(window: Window, name: str, setting: str, after: bool) -> None:
    others = {k: v for k, v in window.services.settings.all().items() if k != setting}
    QTest.keyClick(_named(window, Switch, name), Qt.Key.Key_Space)
    read(window)
    assert _set(window, setting) is after
    assert {k: v for k, v in window.services.settings.all().items() if k != setting} == others


def test_the_sealed_vault_gives_programs_nothing_while_it_is_locked(window: Window) -> None:
    words = said(page_of(window))
    assert "They wait up to 40 seconds for you, then get a clear error" in words
    assert not [w for w in shown(page_of(window), Select) if w.accessibleName() == "Programs that need a key"]
    assert "These times are for the sealed vault" not in words


def test_at_the_keychain_programs_go_on_or_wait(window: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Services, "store_kind", lambda self: "keychain")
    monkeypatch.setattr(Services, "store_label", lambda self: "GNOME Keyring")
    window.changed()
    read(window)
    words = said(page_of(window))
    assert "These times are for the sealed vault. Yours is GNOME Keyring" in words
    assert "They get their keys as before" in words
    _choose(window, "Programs that need a key", "wait")
    until(window, lambda: _set(window, "locked_programs") == "wait")
    read(window)
    assert "They wait up to 40 seconds for you, then get a clear error" in said(page_of(window))


def test_the_clipboard_is_set_here(window: Window) -> None:
    _select(window, "Clear the clipboard").chosen.emit("60")
    read(window)
    assert _set(window, "clipboard_seconds") == 60


def test_lock_now(window: Window) -> None:
    button(page_of(window), "Lock now").click()
    assert window.locked
    read(window)


@pytest.mark.parametrize("scale", [1.0, 1.5, 2.0])
@pytest.mark.parametrize("size", [(1120, 720), (800, 560)])
def test_nothing_is_cut(window: Window, scale: float, size: tuple[int, int]) -> None:
    theme().set_scale(scale)
    window.resize(*size)
    window.changed()
    read(window)
    assert faults(page_of(window)) == []
    assert nameless(page_of(window)) == []


def _switch(window: Window, name: str) -> Switch:
    found = _named(window, Switch, name)
    assert isinstance(found, Switch)
    return found


def test_linux_says_that_it_hides_nothing_from_screen_sharing(window: Window) -> None:
    switch = _switch(window, "Hide the window from screen sharing")
    assert (switch.isEnabled(), switch.isChecked()) == (False, False)
    assert "Linux has no such thing: what you share is seen" in said(page_of(window))


def test_where_the_system_can_the_window_is_hidden_until_it_is_turned_off(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[int, bool]] = []
    monkeypatch.setattr("credguard.gui.sharing._DRAWN_ONLY", set())
    monkeypatch.setattr("credguard.gui.pages.locking.reach", lambda: "all")
    monkeypatch.setattr("credguard.system.sharing.reach", lambda: "all")
    monkeypatch.setattr("credguard.system.sharing.hide", lambda handle, on: told.append((handle, on)))
    window.follow_sharing()
    assert told == [(int(window.winId()), True)]
    window.hide()
    window.show()
    assert told[-1] == (int(window.winId()), True)
    window.changed()
    read(window)
    QTest.keyClick(_switch(window, "Hide the window from screen sharing"), Qt.Key.Key_Space)
    until(window, lambda: _set(window, "hide_from_sharing") is False)
    read(window)
    assert told[-1] == (int(window.winId()), False)


def test_codes_stay_in_the_tray_only_where_the_keychain_keeps_them(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not _switch(window, "Keep codes in the tray").isEnabled()
    assert "Not with the sealed vault: locked, it makes no codes" in said(page_of(window))
    monkeypatch.setattr(Services, "store_kind", lambda self: "keychain")
    monkeypatch.setattr(Services, "store_label", lambda self: "GNOME Keyring")
    window.changed()
    read(window)
    QTest.mouseClick(_switch(window, "Keep codes in the tray"), Qt.MouseButton.LeftButton)
    until(window, lambda: _set(window, "tray_codes") is True)
    read(window)
    assert _switch(window, "Keep codes in the tray").isChecked()
    _choose(window, "Programs that need a key", "wait")
    until(window, lambda: _set(window, "locked_programs") == "wait")
    read(window)
    assert not _switch(window, "Keep codes in the tray").isEnabled()
    assert "Not while programs wait: nothing is given out then" in said(page_of(window))
