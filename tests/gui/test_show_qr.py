"""A code as a QR code: after the typed word, for a minute, right as a phone reads it, in no file."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import zxingcpp
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu

from credguard.domain import otp
from credguard.gui.journeys.show_qr import SHOWN, QrPanel
from credguard.gui.pages.codes import CodesPage
from credguard.gui.theme import theme
from credguard.gui.widgets.overlay import ConfirmDialog
from credguard.gui.window import Window
from credguard.wire import places
from tests.support.gui import application, grab
from tests.support.pages import faults, nameless
from tests.support.window import Laptop, read, until

pytestmark = pytest.mark.usefixtures("qt")


@pytest.fixture(scope="module")
def laptop() -> Iterator[Laptop]:
    with Laptop() as made:
        made.as_designed()
        yield made


@pytest.fixture
def window(laptop: Laptop) -> Iterator[Window]:
    shown = laptop.window()
    shown.show_page("codes")
    read(shown)
    read(shown)
    yield shown
    laptop.put_away()
    application()


def page(window: Window) -> CodesPage:
    found = window._pages["codes"]
    assert isinstance(found, CodesPage)
    return found


def ask(window: Window) -> ConfirmDialog:
    """By the menu of the first card."""
    card = page(window).shown()[0]
    card.customContextMenuRequested.emit(card.rect().center())
    menu = card.findChildren(QMenu)[-1]
    action = next(a for a in menu.actions() if isinstance(a, QAction) and a.text().startswith("Show as QR"))
    action.trigger()
    menu.close()
    dialog = window.dialogs.panel
    assert isinstance(dialog, ConfirmDialog)
    return dialog


def opened(window: Window) -> QrPanel:
    dialog = ask(window)
    QTest.keyClicks(dialog.field.edit, "plaintext")
    QTest.keyClick(dialog.field.edit, Qt.Key.Key_Return)
    until(window, lambda: isinstance(window.dialogs.panel, QrPanel))
    panel = window.dialogs.panel
    assert isinstance(panel, QrPanel)
    return panel


def texts(image: QImage) -> list[str]:
    plain = image.convertToFormat(QImage.Format.Format_Grayscale8)
    data = bytes(plain.constBits())
    picture = Image.frombytes("L", (plain.width(), plain.height()), data, "raw", "L", plain.bytesPerLine())
    return [code.text for code in zxingcpp.read_barcodes(picture)]


def files(folder: str) -> set[str]:
    return {os.path.join(root, name) for root, _, names in os.walk(folder) for name in names}


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_a_phone_reads_the_code_that_is_stored(
    laptop: Laptop, window: Window, mode: str, scale: float
) -> None:
    before = files(places.home())
    theme().set_mode(mode)  # type: ignore[arg-type]
    theme().set_scale(scale)
    panel = opened(window)
    row = page(window).grid.rows[0]
    entry = laptop.services.code_book.get(row.entry_id)
    assert isinstance(entry, otp.OtpEntry)
    assert texts(grab(panel.picture)) == [otp.address(entry).reveal()]
    assert scale > 1 or not faults(panel)  # with large text the panel scrolls
    assert not nameless(panel)
    assert {f for f in files(places.home()) - before if f.endswith((".png", ".svg", ".jpg"))} == set()
    lines = laptop.services.activity()
    assert any("showed the QR code of" in str(line.action) for line in lines[:3])


def test_without_the_word_nothing_is_shown(window: Window) -> None:
    dialog = ask(window)
    assert not dialog.go.isEnabled()
    QTest.keyClicks(dialog.field.edit, "plain")
    QTest.keyClick(dialog.field.edit, Qt.Key.Key_Return)
    read(window)
    assert window.dialogs.panel is dialog
    dialog.refused.emit()
    assert window.dialogs.panel is None


def test_it_hides_by_itself_and_with_a_lock(window: Window) -> None:
    panel = opened(window)
    picture = panel.picture
    assert panel.seconds.text() == f"It is hidden in {SHOWN} s."
    for _ in range(SHOWN - 1):
        panel.tick()
    assert panel.seconds.text() == "It is hidden in 1 s."
    panel.tick()
    assert window.dialogs.panel is None
    assert picture._squares == ()
    picture = opened(window).picture
    window.lock()
    assert window.dialogs.panel is None
    assert picture._squares == ()
