"""A copied code stays out of histories and goes away: after its time, at a lock, at the end."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtGui import QGuiApplication

from credguard.gui.clipboard import HINTS, Clipboard

pytestmark = pytest.mark.usefixtures("qt")


@pytest.fixture
def clipboard() -> Iterator[Clipboard]:
    made = Clipboard()
    QGuiApplication.clipboard().clear()
    yield made
    QGuiApplication.clipboard().clear()


def held() -> str:
    return QGuiApplication.clipboard().text()


def test_a_code_carries_what_keeps_it_out_of_histories(clipboard: Clipboard) -> None:
    clipboard.copy_secret("492039", 30)
    data = QGuiApplication.clipboard().mimeData()
    assert data is not None
    assert data.text() == "492039"
    assert bytes(data.data("x-kde-passwordManagerHint").data()) == b"secret"
    assert data.hasFormat("ExcludeClipboardContentFromMonitorProcessing")
    for name in ("CanIncludeInClipboardHistory", "CanUploadToCloudClipboard"):
        assert bytes(data.data(name).data()) == b"\0\0\0\0"
    assert data.hasFormat("org.nspasteboard.ConcealedType")
    assert len(HINTS) == 5


def test_what_is_no_secret_carries_none(clipboard: Clipboard) -> None:
    clipboard.copy_plain("112233445566")
    data = QGuiApplication.clipboard().mimeData()
    assert data is not None
    assert not any(data.hasFormat(name) for name in HINTS)


def test_it_is_cleared_when_its_time_is_over(clipboard: Clipboard) -> None:
    clipboard.copy_secret("492039", 30)
    assert clipboard._timer.isActive()
    assert clipboard._timer.interval() == 30_000
    clipboard._timer.timeout.emit()
    assert held() == ""
    assert not clipboard._timer.isActive()


def test_what_somebody_else_put_there_stays(clipboard: Clipboard) -> None:
    clipboard.copy_secret("492039", 30)
    QGuiApplication.clipboard().setText("a shopping list")
    clipboard.clear()
    assert held() == "a shopping list"
    clipboard.copy_secret("492039", 30)
    clipboard.copy_plain("112233445566")
    clipboard.clear()
    assert held() == "112233445566"


def test_the_second_copy_begins_its_time_anew(clipboard: Clipboard) -> None:
    clipboard.copy_secret("492039", 30)
    clipboard.copy_secret("118560", 45)
    assert clipboard._timer.interval() == 45_000
    clipboard.clear()
    assert held() == ""


PROGRAM = """
from PySide6.QtCore import QTimer
from PySide6.QtGui import QGuiApplication
from credguard.gui.clipboard import Clipboard
app = QGuiApplication([])
clipboard = Clipboard()
clipboard.copy_secret("492039", 30)
app.aboutToQuit.connect(lambda: print(repr(QGuiApplication.clipboard().text())))
QTimer.singleShot(0, app.quit)
app.exec()
"""


def test_the_end_of_the_program_clears_it() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert ran.stdout.strip() == "''"
