"""The clipboard: hidden from histories, cleared after a while if it still holds what we put there."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QCoreApplication, QMimeData, QObject, QTimer
from PySide6.QtGui import QGuiApplication

_NO = b"\0\0\0\0"  # a DWORD of 0
#: What asks a history to leave it out. KDE's Klipper and those that follow it; Windows (the documentation of
#: its clipboard formats: the first counts by being there, the others by their value); nspasteboard.org.
HINTS = {
    "x-kde-passwordManagerHint": b"secret",
    "ExcludeClipboardContentFromMonitorProcessing": b"\1\0\0\0",
    "CanIncludeInClipboardHistory": _NO,
    "CanUploadToCloudClipboard": _NO,
    "org.nspasteboard.ConcealedType": b"",
}


class Clipboard(QObject):
    """Copies with a time limit (seconds). What is left at the end of the program is cleared too."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._put = ""
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.clear)
        app = QCoreApplication.instance()
        if app is not None:
            app.aboutToQuit.connect(self.clear)

    def copy_secret(self, text: str, seconds: int) -> None:
        """Copy a code; histories are asked to leave it out."""
        data = QMimeData()
        data.setText(text)
        for name, value in HINTS.items():
            data.setData(name, QByteArray(value))
        QGuiApplication.clipboard().setMimeData(data)
        self._put = text
        self._timer.start(seconds * 1000)

    def copy_plain(self, text: str) -> None:
        """Copy something that is no secret: an account number, a key id."""
        QGuiApplication.clipboard().setText(text)

    def clear(self) -> None:
        """Clear it, unless somebody else has put something there since."""
        self._timer.stop()
        if self._put and QGuiApplication.clipboard().text() == self._put:
            QGuiApplication.clipboard().clear()
        self._put = ""
