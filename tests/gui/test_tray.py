"""The tray: the codes while they are open, nothing while they are not; closing, locking, a second start."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QSystemTrayIcon, QWidget

from credguard.demo.cloud import companies
from credguard.demo.cloud.world import PASSPHRASE
from credguard.domain.secret import Secret
from credguard.gui.journeys.lock import LockPage
from credguard.gui.passphrase import Asker
from credguard.gui.single import alone, wanted
from credguard.gui.theme import theme
from credguard.gui.tray import Tray
from credguard.gui.tray_popup import TrayPopup
from credguard.gui.window import Window
from credguard.services import Services
from credguard.wire import places
from tests.support.gui import application, settle
from tests.support.pages import faults, nameless, page_of, said
from tests.support.window import Laptop, read, until

pytestmark = pytest.mark.usefixtures("qt")
Key, Mod = Qt.Key, Qt.KeyboardModifier


@pytest.fixture(scope="module")
def laptop() -> Iterator[Laptop]:
    application()
    with Laptop() as made:
        made.as_designed()
        yield made


@pytest.fixture(autouse=True)
def settings(laptop: Laptop) -> Iterator[None]:
    kept = QSettings("credguard", "window")
    kept.remove("tray-said")
    yield
    kept.remove("tray-said")
    laptop.services.settings.reset("tray")


@pytest.fixture
def window(laptop: Laptop) -> Iterator[Window]:
    made = laptop.window()
    made.tray = Tray(made, available=lambda: True)
    yield made
    made.tray.close()
    made.tray = None
    laptop.put_away()
    QApplication.setQuitOnLastWindowClosed(True)
    application()


@pytest.fixture
def shut(laptop: Laptop) -> Iterator[Window]:
    """The same computer, where no file names the passphrase."""
    before, asker = laptop.services, Asker()
    environ = {k: v for k, v in os.environ.items() if k != "CREDGUARD_PASSPHRASE_FILE"}
    laptop.services = Services(demo=True, clock=laptop.clock, environ=environ, passphrase=asker.ask)
    made = laptop.window()
    made.asker = asker
    asker.attach(made)
    made.tray = Tray(made, available=lambda: True)
    until(made, lambda: made.openness is not None)
    yield made
    made.tray.close()
    made.tray = None
    asker.close()
    laptop.put_away()
    laptop.services.close()
    laptop.services = before
    QApplication.setQuitOnLastWindowClosed(True)


def popped(window: Window) -> TrayPopup:
    assert window.tray is not None
    window.tray.pop_up()
    until(window, lambda: window.tray is not None and window.tray.popup.isVisible())
    return window.tray.popup


def filled(window: Window) -> TrayPopup:
    popup = popped(window)
    until(window, lambda: bool(popup.rows) and all(row.code for row in popup.rows))
    return popup


def titles(popup: TrayPopup) -> list[str]:
    return [row.accessibleName() for row in popup.rows]


def test_it_lists_the_codes_and_the_alarm(window: Window) -> None:
    popup = filled(window)
    assert titles(popup)[:2] == ["Acme Production, maria", "Acme Staging, maria"]
    assert popup.rows[0].chosen
    assert len(popup.rows[0].code.replace(" ", "")) == 6
    assert popup.alarm.accessibleName() == "A root key for Personal is on this computer"
    assert QApplication.focusWidget() is popup.field.edit
    assert nameless(popup) == []


def test_letters_arrows_and_enter_copy_a_code_and_close_it(window: Window) -> None:
    popup = filled(window)
    QTest.keyClicks(popup.field.edit, "no")
    assert titles(popup) == ["Northwind, m.keller", "Northwind Sandbox, m.keller"]
    QTest.keyClick(popup.field.edit, Key.Key_Down)
    assert popup.rows[1].chosen
    code = popup.rows[1].code.replace(" ", "")
    QTest.keyClick(popup.field.edit, Key.Key_Return)
    until(window, lambda: not popup.isVisible())
    assert QGuiApplication.clipboard().text() == code
    QTest.keyClick(window, Key.Key_Escape)


def test_a_click_copies_too_and_nothing_stays_in_it(window: Window) -> None:
    popup = filled(window)
    row = popup.rows[0]
    code = row.code
    QTest.mouseClick(row, Qt.MouseButton.LeftButton)
    until(window, lambda: not popup.isVisible())
    settle()
    assert QGuiApplication.clipboard().text() == code.replace(" ", "")
    texts = [str(w.property("text") or "") for w in popup.findChildren(QWidget)]
    texts += [w.accessibleName() + w.accessibleDescription() for w in popup.findChildren(QWidget)]
    assert not [t for t in texts if code in t or "Acme" in t or "Personal" in t]


def test_a_used_code_says_when_the_next_one_comes(window: Window, laptop: Laptop) -> None:
    services = window.services
    row = next(c for c in services.codes() if c.title == "Blue Kite" and not c.root)
    services.code_book.send(services.code_book.get(row.entry_id))
    popup = filled(window)
    QGuiApplication.clipboard().clear()
    QTest.keyClicks(popup.field.edit, "blue")
    QTest.keyClick(popup.field.edit, Key.Key_Return)
    until(window, lambda: popup.rows[0].accessibleDescription().startswith("used, next in"))
    assert popup.isVisible()
    assert QGuiApplication.clipboard().text() == ""
    laptop.clock.at += 90


def test_escape_and_a_click_elsewhere_put_it_away(window: Window) -> None:
    popup = filled(window)
    QTest.keyClick(popup.field.edit, Key.Key_Escape)
    assert not popup.isVisible()
    assert popup.rows == []


def test_the_alarm_opens_the_page_with_the_way_out(window: Window) -> None:
    popup = filled(window)
    window.hide()
    popup.alarm.setFocus()
    QTest.keyClick(popup.alarm, Key.Key_Space)
    read(window)
    assert window.isVisible()
    assert not popup.isVisible()
    assert page_of(window).objectName() == "page-root"
    assert window._current == f"root:{companies.PERSONAL.account_id}"


def test_lock_in_the_tray_locks_and_nothing_is_shown_until_it_is_open(shut: Window) -> None:
    popup = popped(shut)
    assert popup.rows == []
    assert said(popup).splitlines() == [
        "CredGuard is locked", "Codes and names are shown when it is open.", "Open CredGuard", "Unlock",
    ]  # fmt: skip
    popup.hide()
    shut.services.unlock(Secret(PASSPHRASE))
    shut.look_at_lock()
    until(shut, lambda: shut.openness is not None and shut.openness.state == "open")
    popup._hidden_at = float("-inf")
    popup = filled(shut)
    assert shut.tray is not None
    assert shut.tray.lock_action.text() == "Lock"
    QTest.mouseClick(popup.lock, Qt.MouseButton.LeftButton)
    assert shut.locked
    assert shut.tray.lock_action.text() == "Unlock"
    until(shut, lambda: not shut.services.is_unlocked)
    popup._hidden_at = float("-inf")
    popup = popped(shut)
    assert popup.rows == []
    assert "maria" not in said(popup)


def test_unlock_in_the_tray_leads_to_the_field_and_opens(shut: Window) -> None:
    shut.lock()
    read(shut)
    shut.hide()
    popup = popped(shut)
    assert QApplication.focusWidget() is popup.lock
    QTest.keyClick(popup.lock, Key.Key_Space)
    read(shut)
    assert shut.isVisible()
    page = shut.findChild(LockPage)
    assert isinstance(page, LockPage)
    QTest.keyClicks(page.field.edit, PASSPHRASE)
    QTest.keyClick(page.field.edit, Key.Key_Return)
    until(shut, lambda: not shut.locked)
    until(shut, lambda: shut.openness is not None and shut.openness.state == "open")
    assert shut.tray is not None
    assert shut.tray.icon.toolTip() == "CredGuard: unlocked"


def test_the_menu_says_what_a_person_can_do(window: Window) -> None:
    assert window.tray is not None
    until(window, lambda: window.openness is not None)
    assert [a.text() for a in window.tray.menu.actions() if not a.isSeparator()] == [
        "Show codes", "Open CredGuard", "Lock", "Quit",
    ]  # fmt: skip
    window.tray.lock_action.trigger()
    assert window.locked
    read(window)
    window.tray.lock_action.trigger()  # a file opens this vault: nothing is asked
    until(window, lambda: not window.locked)


@pytest.mark.parametrize(("way", "closes"), [("stay", False), ("show", True), ("off", True)])
def test_the_setting_decides_what_closing_does(window: Window, way: str, closes: bool) -> None:
    window.services.settings.set("tray", way)
    assert window.tray is not None
    window.tray.follow()
    assert window.tray.icon.isVisible() is (way != "off")
    assert QApplication.quitOnLastWindowClosed() is (way != "stay")
    window.close()
    assert not window.isVisible()
    assert window._watch.isActive() is (not closes)
    if not closes:
        window.tray.open_action.trigger()
        assert window.isVisible()
        window.quit()
        assert not window._watch.isActive()


def test_where_there_is_no_tray_closing_ends_it_as_ever(laptop: Laptop) -> None:
    window = laptop.window()
    window.tray = Tray(window, available=lambda: False)
    assert QApplication.quitOnLastWindowClosed()
    assert not window.tray.icon.isVisible()
    window.show_page("settings")
    read(window)
    assert "This desktop has no tray: closing the window ends CredGuard" in said(window)
    window.close()
    assert not window._watch.isActive()
    window.tray.close()
    laptop.put_away()
    assert QSystemTrayIcon.isSystemTrayAvailable() is False, "the tests' own platform has none"


def test_a_tray_that_went_away_closes_the_window_for_good(laptop: Laptop) -> None:
    there = [True]
    window = laptop.window()
    window.tray = Tray(window, available=lambda: there[0])
    window.close()
    assert window._watch.isActive()
    window.bring_up()
    there[0] = False
    window.close()
    assert not window._watch.isActive()
    window.tray.close()
    laptop.put_away()
    QApplication.setQuitOnLastWindowClosed(True)


@pytest.mark.parametrize("scale", [1.0, 1.5, 2.0])
@pytest.mark.parametrize("mode", ["light", "dark"])
def test_it_is_not_cut_and_fits_the_screen(window: Window, scale: float, mode: str) -> None:
    theme().set_scale(scale)
    theme().set_mode(mode)  # type: ignore[arg-type]
    popup = filled(window)
    screen = popup.screen().availableGeometry()
    assert popup.panel.height() <= screen.height()
    assert faults(popup.panel) == []
    popup.hide()
    popup._hidden_at = float("-inf")
    window.lock()
    read(window)
    assert faults(popped(window).panel) == []


def test_a_second_start_brings_up_the_first(window: Window) -> None:
    """In a process of its own, as a second click on the program's icon is."""
    child = (
        "import sys\nfrom credguard.gui.single import alone\nfrom credguard.services import Services\n"
        "services = Services()\n"
        "with alone(services.interlock) as first:\n    sys.exit(10 if first else 0)\n"
    )
    with alone(window.services.interlock) as first:
        assert first
        window.hide()
        ran = subprocess.Popen([sys.executable, "-c", child], env=dict(os.environ))
        for _ in range(2000):
            window._look_around()
            if window.isVisible():
                break
            QTest.qWait(5)
        assert window.isVisible()
        assert ran.wait(60) == 0
        assert not wanted()
    assert subprocess.run([sys.executable, "-c", child], check=False).returncode == 10, "nobody holds it now"
    assert not os.path.exists(places.window_wanted())


def test_with_the_keychain_codes_stay_while_the_window_is_locked_if_wanted(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Services, "store_kind", lambda self: "keychain")
    window.lock()
    read(window)
    popup = popped(window)
    assert (popup.rows, popup.lock.text()) == ([], "Unlock")
    popup.hide()
    window.services.settings.set("tray_codes", True)
    try:
        popup._hidden_at = float("-inf")
        popup = filled(window)
        assert popup.lock.text() == "Unlock"
        assert not popup.alarm.isVisible()  # its page is locked
        code = popup.rows[0].code.replace(" ", "")
        QTest.keyClick(popup.field.edit, Key.Key_Return)
        until(window, lambda: not popup.isVisible())
        assert QGuiApplication.clipboard().text() == code
        assert not window.toast.isVisible()
        assert window.locked
        monkeypatch.setattr(Services, "store_kind", lambda self: "sealed")
        popup._hidden_at = float("-inf")
        assert popped(window).rows == []
    finally:
        window.services.settings.reset("tray_codes")
