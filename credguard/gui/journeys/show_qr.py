"""A code as a QR code, to take it to a phone: behind a typed word, for a minute, on the screen alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt, QTimer
from PySide6.QtGui import QHideEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel

from credguard.exchange.qr_picture import QUIET, Squares
from credguard.gui.theme import theme
from credguard.gui.translate import harmless
from credguard.gui.widgets.button import Button
from credguard.gui.widgets.overlay import ConfirmDialog, Panel
from credguard.gui.widgets.text import Text

if TYPE_CHECKING:
    from credguard.gui.window import Window
    from credguard.queries.codes import CodeRow

#: How long it is shown (seconds), and what is typed before.
SHOWN, WORD = 60, "plaintext"


class QrPicture(QLabel):
    """Black on white in both themes, on whole pixels: cameras want it so."""

    def __init__(self, squares: Squares) -> None:
        super().__init__()
        self._squares = squares
        self.setObjectName("qr-code")
        self.setAccessibleName("QR code")
        self.measure()

    def measure(self) -> None:
        self.setFixedSize(theme().u(264), theme().u(264))

    def forget(self) -> None:
        self._squares = ()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), Qt.GlobalColor.white)
        count = len(self._squares) + 2 * QUIET
        # Whole pixels of the screen, which are fewer than one of ours on a sharp one.
        ratio = self.devicePixelRatioF()
        side = max(1, int(self.width() * ratio) // count) / ratio
        start = (self.width() - side * count) / 2 + side * QUIET
        start = round(start * ratio) / ratio
        for y, line in enumerate(self._squares):
            for x, dark in enumerate(line):
                if dark:
                    box = QRectF(start + x * side, start + y * side, side, side)
                    painter.fillRect(box, Qt.GlobalColor.black)


class QrPanel(Panel):
    """The picture and the seconds it stays."""

    def __init__(self, window: Window, row: CodeRow, squares: Squares) -> None:
        super().__init__(400)
        self._window, self._left = window, SHOWN
        title = f"{harmless(row.title or row.name)} for a phone"
        self.setAccessibleName(title)
        self.body.addWidget(Text(title, "dialog"))
        self.body.addWidget(
            Text("Scan it with the authenticator there. It is in no file.", color="text2", wrap=True)
        )
        self.body.addSpacing(16)
        self.picture = QrPicture(squares)
        line = QHBoxLayout()
        line.addStretch(1)
        line.addWidget(self.picture)
        line.addStretch(1)
        self.body.addLayout(line)
        self.body.addSpacing(12)
        self.seconds = Text("", color="text2", center=True)
        self.body.addWidget(self.seconds)
        done = Button("Done", "primary")
        done.clicked.connect(window.dialogs.close_panel)
        self.foot(None, done)
        self._timer = QTimer(self)
        self._timer.setInterval(1000)
        self._timer.timeout.connect(self.tick)
        self._timer.start()
        self._say()

    def _say(self) -> None:
        self.seconds.setText(f"It is hidden in {self._left} s.")

    def tick(self) -> None:
        """A second went by."""
        self._left -= 1
        if self._left <= 0:
            self._window.dialogs.close_panel()
            return
        self._say()

    def hideEvent(self, event: QHideEvent) -> None:
        self._timer.stop()
        self.picture.forget()
        super().hideEvent(event)


def ask_to_show(window: Window, row: CodeRow) -> None:
    """Ask first: whoever photographs it makes the same codes."""
    name = harmless(row.title or row.name)
    dialog = ConfirmDialog(
        f"Show {name} as a QR code?",
        "The picture holds the secret itself. Whoever photographs it, or shares this screen, makes the same"
        " codes from then on. Look around first.",
        WORD, "Show it", keep="Keep it hidden",
    )  # fmt: skip

    def confirmed() -> None:
        services = window.services
        window.dialogs.close_panel()

        def show(squares: Squares) -> None:
            if not window.locked:
                window.dialogs.show_panel(QrPanel(window, row, squares))

        window.tasks.run(lambda tell: services.code_qr(row.entry_id), show, window.show_error)

    dialog.confirmed.connect(confirmed)
    dialog.refused.connect(window.dialogs.close_panel)
    window.dialogs.show_panel(dialog)
