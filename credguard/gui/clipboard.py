"""The clipboard: hidden from histories, cleared after a while if it still holds what we put there."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QMimeData, QObject, QTimer
from PySide6.QtGui import QGuiApplication


class Clipboard(QObject):
    """Copies with a time limit (seconds)."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._put = ""
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.clear)

    def copy_secret(self, text: str, seconds: int) -> None:
        """Copy a code; histories are asked to leave it out."""
        data = QMimeData()
        data.setText(text)
        data.setData("x-kde-passwordManagerHint", QByteArray(b"secret"))
        data.setData("ExcludeClipboardContentFromMonitorProcessing", QByteArray(b"\0\0\0\0"))
        data.setData("CanIncludeInClipboardHistory", QByteArray(b"\0\0\0\0"))
        data.setData("org.nspasteboard.ConcealedType", QByteArray(b""))
        QGuiApplication.clipboard().setMimeData(data)
        self._put = text
        self._timer.start(seconds * 1000)

    def copy_plain(self, text: str) -> None:
        """Copy something that is no secret: an account number, a key id."""
        QGuiApplication.clipboard().setText(text)

    def clear(self) -> None:
        """Clear it, unless somebody else has put something there since."""
        if self._put and QGuiApplication.clipboard().text() == self._put:
            QGuiApplication.clipboard().clear()
        self._put = ""
