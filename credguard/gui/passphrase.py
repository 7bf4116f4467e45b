"""Asking for the sealed vault's passphrase in a window; safe to call from a worker thread."""

from __future__ import annotations

from PySide6.QtCore import QMetaObject, QObject, Qt, QThread, Slot
from PySide6.QtWidgets import QApplication, QInputDialog, QLineEdit


class _Asker(QObject):
    def __init__(self, question: str) -> None:
        super().__init__()
        self.question = question
        self.answer: str | None = None

    @Slot()
    def ask(self) -> None:
        parent = QApplication.activeWindow()
        text, ok = QInputDialog.getText(
            parent,
            "CredGuard",
            f"{self.question}:",
            QLineEdit.EchoMode.Password,
        )
        self.answer = text if ok else None


def ask(question: str) -> str | None:
    """The passphrase, or None when the person closed the question."""
    app = QApplication.instance()
    if app is None:
        return None
    asker = _Asker(question)
    if QThread.currentThread() is app.thread():
        asker.ask()
    else:
        asker.moveToThread(app.thread())
        QMetaObject.invokeMethod(asker, "ask", Qt.ConnectionType.BlockingQueuedConnection)
    return asker.answer
