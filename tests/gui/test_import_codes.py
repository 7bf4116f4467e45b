"""Importing codes at the window: what is found, chosen, stored, undone; passwords, cancels, exports."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QDropEvent, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel

from credguard.domain.secret import Secret
from credguard.gui.journeys.export_codes import ExportCodesPanel
from credguard.gui.journeys.unlock_panel import TypedPanel
from credguard.gui.pages.import_codes import ImportCodesPage
from credguard.gui.passphrase import Asker
from credguard.gui.theme import theme
from credguard.gui.widgets.overlay import ConfirmDialog
from credguard.gui.window import Window
from credguard.workflows.import_codes import read_source
from tests.support import code_files
from tests.support.gui import settle
from tests.support.pages import button, faults, nameless, page_of, said
from tests.support.window import Laptop, read, until

pytestmark = pytest.mark.usefixtures("qt")
Key, Left = Qt.Key, Qt.MouseButton.LeftButton


@pytest.fixture(scope="module")
def laptop() -> Iterator[Laptop]:
    with Laptop() as made:
        made.as_designed()
        yield made


@pytest.fixture
def window(laptop: Laptop) -> Iterator[Window]:
    before = {row.entry_id for row in laptop.services.codes()}
    made = laptop.window()
    made.asker = Asker()
    made.asker.attach(made)
    made.show_page("codes")
    read(made)
    yield made
    made.asker.close()
    for row in laptop.services.codes():
        if row.entry_id not in before:
            laptop.services.codes_store.remove(f"totp/{row.entry_id}")
    laptop.put_away()
    QGuiApplication.clipboard().clear()


@pytest.fixture
def page(window: Window) -> ImportCodesPage:
    window.show_page("import-codes")
    read(window)
    found = page_of(window)
    assert isinstance(found, ImportCodesPage)
    return found


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    path = tmp_path / "twofas-backup.json"
    path.write_bytes(code_files.import_sample())
    return path


def opened(window: Window, page: ImportCodesPage, *paths: Path) -> None:
    page.read_files([str(path) for path in paths])
    until(window, lambda: bool(page.rows))


def names(window: Window) -> set[str]:
    return {row.issuer for row in window.services.codes()}


def test_it_says_what_was_found_and_stores_nothing(
    window: Window, page: ImportCodesPage, backup: Path
) -> None:
    before = len(window.services.codes())
    opened(window, page, backup)
    assert page.title.text() == "14 codes in twofas-backup.json"
    assert page.sub.text().startswith("From 2FAS, in ")
    assert page.sub.text().endswith("not encrypted. Nothing is stored yet.")
    states = [row.line.state for row in page.rows]
    assert states == ["skipped"] * 2 + ["new"] * 9 + ["duplicate"] * 3
    assert page.rows[0].line.why == 'entry 1: the secret has "8", no such letter in Base32'
    assert page.rows[3].line.root
    assert button(page, "Add 9 codes").isEnabled()
    assert len(window.services.codes()) == before
    assert nameless(page) == []


def test_what_is_ticked_is_stored_and_undo_takes_it_away(
    window: Window, page: ImportCodesPage, backup: Path
) -> None:
    opened(window, page, backup)
    wiki = next(row for row in page.rows if row.line.title == "Wiki")
    QTest.mouseClick(wiki, Left, pos=QPoint(200, 10))
    until(window, lambda: "Add 8 codes" in said(page))
    QTest.mouseClick(button(page, "Add 8 codes"), Left)
    until(window, lambda: page_of(window).objectName() == "page-codes")
    assert {"GitHub", "Tax office"} <= names(window)
    assert "Wiki" not in names(window)
    assert "8 codes stored and read back." in window.toast.accessibleName()
    assert backup.exists()
    QTest.keySequence(window, "Ctrl+Z")
    until(window, lambda: "GitHub" not in names(window))


def test_by_keyboard(window: Window, page: ImportCodesPage, backup: Path) -> None:
    opened(window, page, backup)
    page.rows[2].setFocus()
    QTest.keyClick(page.rows[2], Key.Key_Space)
    assert button(page, "Add 8 codes")
    QTest.keyClick(page.rows[2], Key.Key_Down)
    assert page.rows[3].hasFocus() or not window.isActiveWindow()
    QTest.keyClick(page, Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    assert button(page, "Add 9 codes")
    QTest.keyClick(page, Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    assert not button(page, "Nothing to add").isEnabled()
    QTest.keyClick(page, Key.Key_Escape)
    assert page_of(window).objectName() == "page-codes"
    assert page.plan is None


def test_the_counts_filter(window: Window, page: ImportCodesPage, backup: Path) -> None:
    opened(window, page, backup)
    QTest.mouseClick(button(page, "Show only 3 already here"), Left)
    read(window)
    assert [row.line.state for row in page.rows] == ["duplicate"] * 3
    assert button(page, "Add 9 codes")  # those that are hidden are still chosen
    QTest.mouseClick(button(page, "Show only 3 already here"), Left)
    read(window)
    assert len(page.rows) == 14


def test_the_file_is_removed_only_when_nothing_in_it_would_be_lost(
    window: Window, page: ImportCodesPage, backup: Path, tmp_path: Path
) -> None:
    opened(window, page, backup)
    assert page.remove is not None
    assert not page.remove.isEnabled()
    assert not page.remove.isChecked()
    whole = tmp_path / "list.txt"
    whole.write_text(code_files.ADDRESSES)
    page.read_files([str(whole)])
    until(window, lambda: page.title.text() == "3 codes in list.txt")
    assert page.remove.isChecked()
    QTest.mouseClick(page.rows[0], Left, pos=QPoint(200, 10))
    assert not page.remove.isEnabled()
    QTest.mouseClick(page.rows[0], Left, pos=QPoint(200, 10))
    page.remove.setChecked(True)
    page.store()
    until(window, lambda: page_of(window).objectName() == "page-codes")
    assert not whole.exists()
    assert "The file is removed." in window.toast.accessibleName()
    assert {"Bank", "Tax office"} <= names(window)


def test_a_file_that_changed_meanwhile_stays(window: Window, page: ImportCodesPage, tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text(code_files.ADDRESSES)
    opened(window, page, path)
    path.write_text(code_files.ADDRESSES + "# mine\n")
    page.store()
    until(window, lambda: page_of(window).objectName() == "page-codes")
    assert path.exists()
    assert "list.txt could not be removed" in window.toast.accessibleName()


def test_an_encrypted_file_asks_for_its_password_until_it_fits(
    window: Window, page: ImportCodesPage, tmp_path: Path
) -> None:
    path = tmp_path / "aegis.json"
    path.write_bytes(code_files.aegis())
    page.read_files([str(path)])
    for attempt in ("wrong", code_files.PASSWORD):
        panel = _panel(window)
        assert attempt == "wrong" or "The password is wrong" in said(panel)
        panel.field.edit.setText(attempt)
        QTest.keyClick(panel.field.edit, Key.Key_Return)
    _spin(window, lambda: bool(page.rows))
    assert page.sub.text() == f"From Aegis, in {tmp_path.name}, encrypted. Nothing is stored yet."
    assert page.remove is None


def test_a_password_that_nobody_types_leads_back(
    window: Window, page: ImportCodesPage, tmp_path: Path
) -> None:
    path = tmp_path / "aegis.json"
    path.write_bytes(code_files.aegis())
    page.read_files([str(path)])
    QTest.mouseClick(_panel(window).cancel, Left)
    _spin(window, lambda: page.title.text() == "Import codes")
    assert page.plan is None


def test_reading_is_cancelled_and_nothing_comes_of_it(
    window: Window, page: ImportCodesPage, backup: Path
) -> None:
    go = threading.Event()

    def slow() -> list[object]:
        go.wait(30)
        return [read_source(str(backup))]

    page.read_sources(slow)  # type: ignore[arg-type]
    settle()
    assert page.title.text() == "Reading the file"
    QTest.mouseClick(button(page, "Cancel"), Left)
    go.set()
    read(window)
    assert page.title.text() == "Import codes"
    assert page.plan is None


def test_what_holds_no_codes_says_so(window: Window, page: ImportCodesPage, tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("buy milk\n")
    page.read_files([str(path)])
    until(window, lambda: page.title.text() == "Nothing was imported")
    QTest.mouseClick(button(page, "Another file"), Left)
    assert page.title.text() == "Import codes"


def test_dropped_and_pasted(window: Window, page: ImportCodesPage, backup: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(backup))])
    page.dropEvent(
        QDropEvent(QPoint(5, 5).toPointF(), Qt.DropAction.CopyAction, data, Left, Qt.KeyboardModifier(0))
    )
    until(window, lambda: bool(page.rows))
    QGuiApplication.clipboard().setText(code_files.ADDRESSES)
    QTest.keyClick(page, Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    until(window, lambda: page.title.text() == "3 codes in the clipboard")
    assert page.remove is None  # there is no file
    QGuiApplication.clipboard().clear()
    QTest.keyClick(page, Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    assert "There are no codes in the clipboard." in window.toast.accessibleName()


def test_locking_forgets_what_was_read(window: Window, page: ImportCodesPage, backup: Path) -> None:
    opened(window, page, backup)
    window.lock()
    read(window)
    settle()
    assert not [w for w in window.findChildren(QLabel) if "twofas" in w.text()]
    assert window.findChildren(ImportCodesPage) == []


@pytest.mark.parametrize("scale", [1.0, 2.0])
@pytest.mark.parametrize("size", [(1120, 720), (800, 560)])
def test_nothing_is_cut(
    window: Window, page: ImportCodesPage, backup: Path, scale: float, size: tuple[int, int]
) -> None:
    theme().set_scale(scale)
    window.resize(*size)
    read(window)
    page.start()
    read(window)
    assert faults(page) == []
    opened(window, page, backup)
    read(window)
    assert faults(page) == []
    window.dialogs.show_panel(ExportCodesPanel(window))
    read(window)
    assert nameless(window) == []


# ── export ───────────────────────────────────────────────────────────────────────────────────────
def test_an_encrypted_export_opens_again(window: Window, tmp_path: Path) -> None:
    panel = ExportCodesPanel(window)
    window.dialogs.show_panel(panel)
    assert not panel.go.isEnabled()
    word = panel.password.passphrase()
    panel.password.second.edit.setText(word)
    assert panel.go.isEnabled()
    path = tmp_path / "out.json"
    panel.write(str(path))
    until(window, lambda: window.dialogs.panel is None)
    count = len(window.services.codes())
    assert window.toast.accessibleName() == f"{count} codes in out.json, read back."
    plan = window.services.preview_codes([read_source(str(path))], password=Secret(word))
    assert plan.encrypted
    assert len(plan.of("duplicate")) == count


def test_plaintext_only_after_the_word(window: Window, tmp_path: Path) -> None:
    panel = ExportCodesPanel(window)
    window.dialogs.show_panel(panel)
    QTest.mouseClick(panel.kinds._keys["uris"], Left)
    assert panel.password.isHidden()
    path = tmp_path / "out.txt"
    panel.write(str(path))
    dialog = window.dialogs.panel
    assert isinstance(dialog, ConfirmDialog)
    assert not path.exists()
    dialog.field.edit.setText("yes")
    assert not dialog.go.isEnabled()
    dialog.field.edit.setText("plaintext")
    QTest.mouseClick(dialog.go, Left)
    until(window, path.exists)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_file_that_is_there_is_not_written_over(window: Window, tmp_path: Path) -> None:
    path = tmp_path / "out.json"
    path.write_text("mine")
    panel = ExportCodesPanel(window)
    window.dialogs.show_panel(panel)
    panel.password.second.edit.setText(panel.password.passphrase())
    panel.write(str(path))
    assert panel.problem.isVisible()
    assert path.read_text() == "mine"


# ── parts ────────────────────────────────────────────────────────────────────────────────────────
def _spin(window: Window, met: Callable[[], bool]) -> None:
    """While a worker waits for a person `read` would wait with it."""
    for _ in range(2_000):
        settle()
        if met():
            return
        QTest.qWait(10)
    raise AssertionError("what was waited for did not come")


def _panel(window: Window) -> TypedPanel:
    def there() -> bool:
        return any(p.isVisible() and p.go is not None for p in window.findChildren(TypedPanel))

    _spin(window, there)
    return next(p for p in window.findChildren(TypedPanel) if p.isVisible())
