"""Icons: our SVG drawings, tinted while they are painted; crisp at any ratio."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QRectF
from PySide6.QtGui import QColor, QPainter
from PySide6.QtSvg import QSvgRenderer

from credguard.gui.theme import theme
from credguard.wire import places

if TYPE_CHECKING:
    from PySide6.QtGui import QIcon


@lru_cache(maxsize=64)
def _source(name: str) -> str:
    with open(os.path.join(places.resources(), "icons", f"{name}.svg"), encoding="utf-8") as file:
        return file.read()


@lru_cache(maxsize=512)
def _renderer(name: str, color: str, stroke: str) -> QSvgRenderer:
    source = (
        _source(name).replace("currentColor", color).replace('stroke-width="2"', f'stroke-width="{stroke}"')
    )
    return QSvgRenderer(QByteArray(source.encode()))


def paint_icon(
    painter: QPainter, name: str, rect: QRectF, color: QColor, stroke: float | None = None
) -> None:
    """Draw `name` in `rect`; lines are 1.5 px at 14 to 20 px and grow with the text size."""
    size = max(rect.width(), 1.0) / theme().scale
    width = stroke if stroke is not None else 36 / size if size < 22 else 1.75
    _renderer(name, color.name(), f"{width:.3f}").render(painter, rect)


def app_icon() -> QIcon:
    """The application's mark."""
    from PySide6.QtGui import QIcon, QPixmap

    icon = QIcon()
    renderer = QSvgRenderer(QByteArray(_source("credguard").encode()))
    for size in (16, 24, 32, 48, 64, 128, 256):
        pixmap = QPixmap(size, size)
        pixmap.fill(QColor(0, 0, 0, 0))
        painter = QPainter(pixmap)
        renderer.render(painter)
        painter.end()
        icon.addPixmap(pixmap)
    return icon


def mask_icon() -> QIcon:
    """The mark in one colour, which the system tints as its panel needs it."""
    from PySide6.QtGui import QIcon, QPixmap

    icon = QIcon()
    for size in (18, 36, 54):
        pixmap = QPixmap(size, size)
        pixmap.fill(QColor(0, 0, 0, 0))
        painter = QPainter(pixmap)
        _renderer("credguard-mono", "#000000", "2").render(painter)
        painter.end()
        icon.addPixmap(pixmap)
    icon.setIsMask(True)
    return icon
