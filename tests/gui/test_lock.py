"""Locking: nothing secret stays, in widgets or in the process; the passphrase opens it again."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QWidget

from credguard.demo.cloud.world import PASSPHRASE
from credguard.domain.errors import CredGuardError
from credguard.domain.otp import grouped
from credguard.domain.secret import Secret
from credguard.gui.journeys.lock import LockPage
from credguard.gui.journeys.unlock_panel import OpenPanel
from credguard.gui.passphrase import Asker
from credguard.gui.theme import theme
from credguard.gui.widgets.button import Button
from credguard.gui.widgets.code import CodeCard
from credguard.gui.window import Window
from credguard.services import Services
from credguard.wiring.kinds import StoreState
from tests.support.gui import settle
from tests.support.window import Laptop, read, until

pytestmark = pytest.mark.usefixtures("qt")
CTRL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture(scope="module")
def laptop() -> Iterator[Laptop]:
    with Laptop() as made:
        made.as_designed()
        yield made


@pytest.fixture
def asker() -> Iterator[Asker]:
    made = Asker()
    yield made
    made.close()


@pytest.fixture
def window(laptop: Laptop, asker: Asker) -> Iterator[Window]:
    """The same computer, where no file names the passphrase."""
    before = laptop.services
    environ = {k: v for k, v in os.environ.items() if k != "CREDGUARD_PASSPHRASE_FILE"}
    laptop.services = Services(demo=True, clock=laptop.clock, environ=environ, passphrase=asker.ask)
    shown = laptop.window()
    shown.asker = asker
    asker.attach(shown)
    yield shown
    asker.close()
    laptop.put_away()
    laptop.services.close()
    laptop.services = before


def ask_panel(window: Window) -> OpenPanel | None:
    return next((p for p in window.findChildren(OpenPanel) if p.isVisible()), None)


def wait_for(met: object, rounds: int = 4000) -> None:
    """Let the workers and the window go on until `met`; a worker that waits for a person never ends."""
    for _ in range(rounds):
        if met():  # type: ignore[operator]
            return
        QTest.qWait(5)
    raise AssertionError("what was waited for did not come")


def type_passphrase(window: Window, words: str) -> None:
    wait_for(lambda: (p := ask_panel(window)) is not None and p.field.edit.isEnabled())
    panel = ask_panel(window)
    assert panel is not None
    QTest.keyClicks(panel.field.edit, words)
    QTest.keyClick(panel.field.edit, Qt.Key.Key_Return)


def codes(window: Window) -> list[CodeCard]:
    return window.findChildren(CodeCard)


def open_codes(window: Window) -> None:
    window.show_page("codes")
    type_passphrase(window, PASSPHRASE)
    wait_for(lambda: not window.tasks.busy and bool(codes(window)) and codes(window)[0].now is not None)
    wait_for(lambda: ask_panel(window) is None)


def test_the_passphrase_is_asked_in_the_window_when_it_is_needed(window: Window) -> None:
    assert window.services.asks_passphrase()
    window.show_page("codes")
    type_passphrase(window, "not it")
    wait_for(lambda: (p := ask_panel(window)) is not None and p.wrong.isVisible())
    panel = ask_panel(window)
    assert panel is not None
    assert panel.wrong.text() == "That is not the passphrase"
    assert panel.field.edit.echoMode() == QLineEdit.EchoMode.Password
    type_passphrase(window, PASSPHRASE)
    wait_for(lambda: len(codes(window)) == 6)
    wait_for(lambda: ask_panel(window) is None)
    assert window.services.is_unlocked


def test_a_closed_question_is_the_locked_state_and_can_be_asked_again(window: Window) -> None:
    window.show_page("codes")
    wait_for(lambda: ask_panel(window) is not None)
    panel = ask_panel(window)
    assert panel is not None
    QTest.keyClick(panel.field.edit, Qt.Key.Key_Escape)
    wait_for(lambda: not window.tasks.busy)
    settle()
    said = {label.text() for label in window.findChildren(QLabel) if label.isVisible()}
    assert "The codes are locked" in said
    again = next(b for b in window.findChildren(Button) if b.text() == "Unlock" and b.isVisible())
    QTest.mouseClick(again, Qt.MouseButton.LeftButton)
    type_passphrase(window, PASSPHRASE)
    wait_for(lambda: len(codes(window)) == 6)


def test_locking_forgets_the_vault_the_codes_and_the_clipboard(window: Window) -> None:
    open_codes(window)
    card = codes(window)[0]
    assert card.now is not None
    shown = card.now.code
    store = window.services.store
    QTest.mouseClick(card, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == shown
    window.activateWindow()
    QTest.keyClick(window, Qt.Key.Key_L, CTRL)
    assert window.locked
    read(window)
    assert QGuiApplication.clipboard().text() == ""
    assert store.asks  # the vault that was open is closed, not only let go
    assert not window.services.is_unlocked
    texts = [str(w.property("text") or "") for w in window.findChildren(QWidget)]
    texts += [w.accessibleName() + w.accessibleDescription() for w in window.findChildren(QWidget)]
    assert not [t for t in texts if grouped(shown) in t or "Northwind" in t or "1234 5678" in t]
    assert not window.rail.isVisible()
    page = window.findChild(LockPage)
    assert isinstance(page, LockPage)
    assert page.geometry() == window.rect()
    with pytest.raises(CredGuardError):
        window.services.codes()

    QTest.keyClick(window, Qt.Key.Key_3, CTRL)  # no page opens behind it
    assert window._current == ""
    QTest.keyClicks(page.field.edit, "wrong")
    QTest.keyClick(page.field.edit, Qt.Key.Key_Return)
    assert page.field.text() == ""
    until(window, lambda: page.problem.isVisible())
    assert page.problem.text() == "That is not the passphrase"
    QTest.keyClicks(page.field.edit, PASSPHRASE)
    QTest.keyClick(page.field.edit, Qt.Key.Key_Return)
    until(window, lambda: not window.locked)
    assert window._current == "codes"
    wait_for(lambda: len(codes(window)) == 6)


def test_where_nothing_is_asked_one_button_opens_it(laptop: Laptop) -> None:
    window = laptop.window()
    QTest.mouseClick(window.rail.lock, Qt.MouseButton.LeftButton)
    read(window)
    page = window.findChild(LockPage)
    assert isinstance(page, LockPage)
    assert page.field.isHidden()
    assert page.go.isEnabled()
    QTest.keyClick(page, Qt.Key.Key_Return)
    until(window, lambda: not window.locked)
    assert window.rail.isVisible()
    assert window._current == "home"


def test_a_question_from_a_worker_ends_with_the_window(window: Window, asker: Asker) -> None:
    answers: list[str | None] = []
    worker = threading.Thread(target=lambda: answers.append(asker.ask("Passphrase of the sealed vault")))
    worker.start()
    wait_for(lambda: ask_panel(window) is not None)
    asker.close()
    worker.join(5)
    assert answers == [None]
    assert asker.ask("from the window's own thread") is None


@pytest.mark.parametrize("scale", [1.0, 1.5, 2.0])
def test_the_locked_page_is_not_cut(laptop: Laptop, scale: float) -> None:
    window = laptop.window(800, 560)
    theme().set_scale(scale)
    window.lock()
    read(window)
    page = window.findChild(LockPage)
    assert isinstance(page, LockPage)
    for part in page.findChildren(QLabel):
        if part.isVisible():
            assert not part.toolTip()
    assert page.go.width() >= page.go.full_width()
    assert QApplication.focusWidget() in {page.go, page}


@pytest.mark.parametrize(
    ("kind", "asks", "waiting", "note"),
    [
        ("sealed", True, False, "Programs that need a key are told that the vault is locked."),
        ("keychain", False, True, "Programs that need a key wait until you unlock."),
        ("keychain", False, False, "Programs get their keys as before."),
    ],
)
def test_what_is_said_of_programs_is_so(
    laptop: Laptop, kind: str, asks: bool, waiting: bool, note: str
) -> None:
    window = laptop.window()
    window.lock()
    read(window)
    page = window.findChild(LockPage)
    assert isinstance(page, LockPage)
    page.show_state((StoreState(kind, "", asks, False, True), waiting, ()))
    assert page._note.text() == note


def test_the_lock_row_says_what_is_so(window: Window) -> None:
    row = window.rail.lock
    until(window, lambda: row.text() != "")
    assert (row.text(), row.accessibleName()) == ("Locked", "Unlock"), "nothing opened the vault yet"
    QTest.mouseClick(row, Qt.MouseButton.LeftButton)
    type_passphrase(window, PASSPHRASE)
    wait_for(lambda: row.text() == "Unlocked")
    assert window.services.is_unlocked
    assert not window.locked
    QTest.mouseClick(row, Qt.MouseButton.LeftButton)
    assert window.locked
    page = window.findChild(LockPage)
    assert isinstance(page, LockPage)
    until(window, lambda: page.go.isEnabled())
    QTest.keyClicks(page.field.edit, PASSPHRASE)
    QTest.keyClick(page.field.edit, Qt.Key.Key_Return)
    until(window, lambda: not window.locked)
    until(window, lambda: row.text() == "Unlocked")


def test_a_refused_question_leaves_the_row_locked(window: Window) -> None:
    until(window, lambda: window.rail.lock.text() == "Locked")
    QTest.mouseClick(window.rail.lock, Qt.MouseButton.LeftButton)
    wait_for(lambda: ask_panel(window) is not None)
    panel = ask_panel(window)
    assert panel is not None
    QTest.keyClick(panel.field.edit, Qt.Key.Key_Escape)
    wait_for(lambda: not window.tasks.busy)
    settle()
    assert window.rail.lock.text() == "Locked"
    assert "toast" not in window.__dict__ or not window.toast.isVisible(), "no blame for a change of mind"


def test_codes_that_are_locked_alone_are_named(window: Window) -> None:
    window.services._sealed_backend.unlock(Secret(PASSPHRASE))
    window.look_at_lock()
    until(window, lambda: window.rail.lock.text() == "Unlocked")
    window.services._sealed_backend.vault.forget("codes")
    window.look_at_lock()
    until(window, lambda: window.rail.lock.text() == "Codes locked")
    assert window.rail.lock.accessibleDescription() == "Codes locked, CredGuard’s vault"
