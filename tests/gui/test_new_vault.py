"""A new sealed vault: its passphrase typed twice, its recovery code on paper, or left out on purpose."""

from __future__ import annotations

import datetime
import os
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QLineEdit, QWidget

from credguard.domain.secret import Secret
from credguard.gui.journeys.first_run import FirstRun
from credguard.gui.journeys.frame import FOUND
from credguard.gui.journeys.recovery_card import RecoveryCard
from credguard.gui.journeys.start import begin
from credguard.gui.paper import draw_paper
from credguard.gui.theme import theme
from credguard.gui.widgets.button import Button
from credguard.gui.window import Window
from credguard.services import Services
from tests.support.gui import application
from tests.support.pages import button, faults, nameless, said
from tests.support.window import Laptop, read, until

pytestmark = pytest.mark.usefixtures("qt")


@pytest.fixture
def laptop() -> Iterator[Laptop]:
    """Where no keychain answers and no file names a passphrase."""
    with Laptop() as made:
        environ = {k: v for k, v in os.environ.items() if k != "CREDGUARD_PASSPHRASE_FILE"}
        made.services = Services(demo=True, clock=made.clock, environ=environ)
        yield made


def start(laptop: Laptop) -> tuple[Window, FirstRun]:
    window = laptop.window()
    begin(window)
    until(window, lambda: window._journey is not None)
    read(window)
    run = window._journey
    assert isinstance(run, FirstRun)
    return window, run


def shown_code(root: QWidget) -> list[str]:
    """What stands in the eight boxes."""
    boxes = [b for b in root.findChildren(QLabel) if b.objectName().startswith("code-group-")]
    return [box.text() for box in sorted(boxes, key=lambda box: box.objectName())]


def test_without_a_keychain_a_vault_is_made_first(laptop: Laptop) -> None:
    window, run = start(laptop)
    assert run.accessibleName() == "Make a vault that only you can open"
    make = button(run, "Make the vault")
    first, second, *back = (e for e in run.findChildren(QLineEdit) if e.isVisible())
    suggested = first.text()
    assert len(set(suggested.split("-"))) == 6
    assert first.echoMode() == QLineEdit.EchoMode.Normal
    assert not make.isEnabled()
    QTest.keyClicks(second, suggested[:-1])
    QTest.keyClick(second, Qt.Key.Key_Return)
    assert "The two differ." in {label.text() for label in run.findChildren(QLabel) if label.isVisible()}
    assert not make.isEnabled()
    QTest.keyClicks(second, suggested[-1])
    assert not make.isEnabled()
    code = shown_code(run)
    assert len(code) == 8
    asked = [int(field.accessibleName().split()[1]) for field in back]
    assert len(set(asked)) == 2
    QTest.keyClick(second, Qt.Key.Key_Return)
    assert back[0].hasFocus()
    QTest.keyClicks(back[0], "QQQQ")
    QTest.keyClick(back[0], Qt.Key.Key_Return)
    assert f"Group {asked[0]} is another one. Look at the paper." in said(run)
    assert not make.isEnabled()
    back[0].clear()
    QTest.keyClicks(back[0], code[asked[0] - 1].lower())  # case does not matter
    QTest.keyClick(back[0], Qt.Key.Key_Return)
    assert back[1].hasFocus()
    assert not make.isEnabled()
    QTest.keyClicks(back[1], code[asked[1] - 1])
    assert make.isEnabled()
    QTest.keyClick(back[1], Qt.Key.Key_Return)
    assert first.text() == second.text() == ""
    assert not any(shown_code(run))
    until(window, lambda: run._dots.at == FOUND)
    assert laptop.services.is_unlocked
    assert laptop.services.settings.get("store") == "sealed"
    laptop.services.lock()
    assert laptop.services.asks_passphrase()
    # What was written down opens it, all of it.
    laptop.services.unlock(Secret("CG1-" + "-".join(code)))
    assert laptop.services.is_unlocked
    kinds = {way.slot.type: way.slot.opens for way in laptop.services.vault.state().ways}
    assert kinds == {"passphrase": ("keys", "codes"), "recovery": ("keys", "codes")}


def test_the_recovery_code_is_left_out_only_on_purpose(laptop: Laptop) -> None:
    window, run = start(laptop)
    make = button(run, "Make the vault")
    first, second, *_ = (e for e in run.findChildren(QLineEdit) if e.isVisible())
    QTest.keyClicks(second, first.text())
    QTest.mouseClick(button(run, "Go on without a recovery code"), Qt.MouseButton.LeftButton)
    assert "a forgotten passphrase closes the vault for good" in said(run)
    assert make.isEnabled()
    assert not any(shown_code(run))
    button(run, "Keep one after all").click()
    assert not make.isEnabled()
    assert all(shown_code(run))
    button(run, "Go on without a recovery code").click()
    QTest.mouseClick(make, Qt.MouseButton.LeftButton)
    until(window, lambda: run._dots.at == FOUND)
    assert {way.slot.type for way in laptop.services.vault.state().ways} == {"passphrase"}


def test_the_code_is_in_no_widget_while_the_window_is_locked(laptop: Laptop) -> None:
    window, run = start(laptop)
    code = shown_code(run)
    assert all(code)
    window.lock()
    read(window)
    texts = [w.text() + w.accessibleName() for w in window.findChildren(QLabel)]
    assert not [t for t in texts for group in code if group in t or " ".join(group) in t]


def test_the_paper_has_all_of_the_code(laptop: Laptop) -> None:
    """Each group alone changes the picture: none is left out or painted beyond the edge."""
    code = laptop.services.recovery_code()
    groups = code.reveal().split("-")

    def drawn(parts: list[str]) -> bytes:
        image = QImage(800, 1130, QImage.Format.Format_Grayscale8)
        image.fill(255)
        painter = QPainter(image)
        draw_paper(painter, QRectF(40, 40, 720, 1050), Secret("-".join(parts)), datetime.date(2026, 11, 23))
        painter.end()
        assert all(image.pixelColor(799, y).value() == 255 for y in range(1130))
        return bytes(image.constBits())

    whole = drawn(groups)
    for at in range(1, 9):
        assert drawn([*groups[:at], "QQQQ" if groups[at] != "QQQQ" else "PPPP", *groups[at + 1 :]]) != whole


def test_print_hands_the_code_to_the_printer(laptop: Laptop) -> None:
    printed: list[Secret] = []
    code = laptop.services.recovery_code()
    card = RecoveryCard(
        code, datetime.date(2026, 11, 23), print_it=lambda given, day, parent: bool(printed.append(given))
    )
    card.show()
    button(card, "Print it").click()
    assert printed == [code]
    names = {b.accessibleName() for b in card.findChildren(Button)}
    assert not [name for name in names if "copy" in name.lower()]
    card.close()


@pytest.mark.parametrize("scale", [1.0, 1.5, 2.0])
@pytest.mark.parametrize("size", [(1120, 720), (800, 560)])
def test_the_new_vault_is_not_cut(laptop: Laptop, scale: float, size: tuple[int, int]) -> None:
    application()
    theme().set_scale(scale)
    window, run = start(laptop)
    window.resize(*size)
    read(window)
    assert faults(run._column) == []
    assert nameless(run) == []
    for box in run.findChildren(QLabel):
        if box.objectName().startswith("code-group-") and box.isVisible():
            assert box.width() >= box.sizeHint().width()
    button(run, "Go on without a recovery code").click()
    read(window)
    assert faults(run._column) == []


def test_a_weak_passphrase_is_called_weak(laptop: Laptop) -> None:
    _, run = start(laptop)
    first = next(e for e in run.findChildren(QLineEdit) if e.isVisible())
    first.setFocus()
    first.selectAll()
    QTest.keyClicks(first, "anna1987")
    meter = run.findChild(QLabel, "strength")
    assert isinstance(meter, QLabel)
    assert meter.accessibleName().startswith("Weak:")
