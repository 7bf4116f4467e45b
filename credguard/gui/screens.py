"""Pictures that may hold a QR code: of the screens, and what is pasted or dropped."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMimeData
from PySide6.QtGui import QGuiApplication, QImage, QPixmap, QScreen

_KINDS = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp")


def asks_desktop() -> bool:
    """Whether only the desktop itself takes pictures of the screen, and asks its person (Wayland)."""
    return QGuiApplication.platformName().startswith("wayland")


def grab_screens() -> list[QImage]:
    """What each screen shows; empty where the desktop gives it to no program."""
    return [shot for _, shot in screens_with_shots()]


def screens_with_shots() -> list[tuple[QScreen, QImage]]:
    """Each screen and what it shows."""
    if asks_desktop():
        return []
    shots = [(screen, screen.grabWindow(0).toImage()) for screen in QGuiApplication.screens()]
    return [(screen, shot) for screen, shot in shots if not shot.isNull()]


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
