"""The reference: the least that PySide6 can put on the screen. Tells when it was painted, and ends."""

import os
import time

from PySide6.QtCore import QCoreApplication, QEvent, QSize
from PySide6.QtWidgets import QApplication, QWidget


class Empty(QWidget):
    """As large as the real window, with nothing on it."""

    def paintEvent(self, event):
        # Handled when the picture is finished and handed over, before anything else that waits.
        QCoreApplication.postEvent(self, QEvent(QEvent.Type.User), 1)

    def event(self, event):
        if event.type() == QEvent.Type.User:
            print("painted", time.monotonic(), flush=True)
            os._exit(0)
        return super().event(event)


application = QApplication(["empty"])
window = Empty()
window.resize(QSize(1120, 720))
window.show()
application.exec()
