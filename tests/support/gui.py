"""The window without a screen: one QApplication for all gui tests, pictures of widgets, keys and clicks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QSize
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication, QWidget

from credguard.gui.garbage import Garbage, collect
from credguard.gui.theme import Mode, Theme, theme


def application(mode: Mode = "light") -> QApplication:
    """The one QApplication, with a theme in `mode` at 100 %."""
    app = QApplication.instance()
    if not isinstance(app, QApplication):
        app = QApplication(["credguard"])
        app.setStyle("Fusion")
    if app.findChild(Garbage) is None:
        Garbage(app)
    app.setCursorFlashTime(0)  # a caret that blinks makes two pictures of one window differ
    found = app.findChild(Theme) or Theme(app, mode)
    found.reduced_motion = True
    found.set_scale(1.0)
    found.set_mode(mode)
    return app


def design_font() -> None:
    """Skip a test whose widths are those of the design's font, where another one draws the letters."""
    application()
    if theme().family != "Inter":
        pytest.skip("the font Inter is not installed: widths of the design are not held")


@pytest.fixture
def qt() -> Iterator[QApplication]:
    """An application whose widgets are gone again after the test."""
    app = application()
    yield app
    for widget in app.topLevelWidgets():
        widget.close()
        widget.deleteLater()
    settle()
    application()


def settle() -> None:
    """Let what is queued happen: layouts, zero timers, deferred deletion."""
    for _ in range(4):
        QCoreApplication.processEvents()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    collect()


def grab(widget: QWidget, width: int = 0, height: int = 0) -> QImage:
    """A picture of `widget` as it paints itself at this size."""
    if width or height:
        widget.resize(QSize(width or widget.width(), height or widget.height()))
    widget.show()
    settle()
    return widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)


def save(widget: QWidget, path: Path | str) -> QImage:
    """`grab`, kept as a file."""
    image = grab(widget)
    image.save(str(path))
    return image


def color_at(image: QImage, x: int, y: int) -> str:
    """`#RRGGBB` of one point, in upper case as the tokens are written."""
    return QColor(image.pixel(x, y)).name().upper()


def colors_of(image: QImage) -> set[str]:
    """Every colour in a picture."""
    return {color_at(image, x, y) for x in range(image.width()) for y in range(image.height())}
