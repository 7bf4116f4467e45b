"""Pictures that may hold a QR code: of the screens, and what is pasted or dropped."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMimeData
from PySide6.QtGui import QGuiApplication, QImage, QPixmap

_KINDS = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp")


def grab_screens() -> list[QImage]:
    """What each screen shows; empty where the desktop gives it to nobody (Wayland)."""
    if QGuiApplication.platformName().startswith("wayland"):
        return []
    shots = [screen.grabWindow(0).toImage() for screen in QGuiApplication.screens()]
    return [shot for shot in shots if not shot.isNull()]


def as_png(image: QImage) -> bytes:
    """For the reader, which takes files. Safe outside the window's thread."""
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # type: ignore[call-overload]
    return bytes(data.data())


def image_in(data: QMimeData) -> QImage | None:
    """The picture itself, where it was copied or dragged as one."""
    if not data.hasImage():
        return None
    found = data.imageData()
    image = found.toImage() if isinstance(found, QPixmap) else found
    return image if isinstance(image, QImage) and not image.isNull() else None


def file_in(data: QMimeData) -> str | None:
    """The first picture file that was copied or dragged."""
    for url in data.urls():
        path = url.toLocalFile()
        if path and Path(path).suffix.lower() in _KINDS:
            return path
    return None
