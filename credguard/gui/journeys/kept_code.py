"""After a code was kept: the last step's code and this one, so that nobody waits for AWS's two in a row."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QTimer
from PySide6.QtGui import QHideEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from credguard.domain.machine import Step
from credguard.domain.text import text
from credguard.gui.theme import theme
from credguard.gui.translate import harmless
from credguard.gui.widgets.button import Button
from credguard.gui.widgets.overlay import Panel
from credguard.gui.widgets.steps import StepList
from credguard.gui.widgets.text import Text
from credguard.gui.widgets.tiles import CodePair

if TYPE_CHECKING:
    from credguard.gui.window import Window
    from credguard.queries.codes import CodeRow


class _Connected(QWidget):
    """Two step lists with something between them, and the line that joins their dots."""

    def __init__(self, first: StepList, second: StepList) -> None:
        super().__init__()
        self._first, self._second = first, second

    def paintEvent(self, event: QPaintEvent) -> None:
        u = theme().u
        top = self._first.geometry().bottom() - u(20) + u(26)
        rect = QRectF(u(9), top, u(2), self._second.y() - u(6) - top)
        QPainter(self).fillRect(rect, theme().color("border2"))


class KeptCodeDialog(Panel):
    """Stored and read back; then the pair that AWS asks for, renewed with each step."""

    def __init__(self, window: Window, row: CodeRow) -> None:
        super().__init__()
        self.window_, self._entry = window, row.entry_id
        self._until = 0.0
        self._codes = ("", "")
        self._period = row.period
        user, name = harmless(row.user) or "The", row.title or row.name
        title = f"{user}’s code for {name}" if row.user else f"The code for {name}"
        self.setAccessibleName(title)
        self.body.addWidget(Text(title, "dialog"))
        self.body.addWidget(Text("AWS asks for two codes in a row to see that it works.", color="text2"))
        self.body.addSpacing(20)
        first, last = StepList(), StepList()
        now = datetime.datetime.fromtimestamp(window.services.clock.now()).astimezone()
        first.show_steps(
            (
                Step("kept", "done", text("Stored and read back")),
                Step("pair", "running", text("Type these two on the AWS page, in this order")),
            ),
            {"kept": f"{now:%H:%M:%S}"},
        )
        self._hint = text("Press Done then. Until you do, nothing depends on this code.")
        last.show_steps((Step("assigned", "todo", text("AWS says that the device is assigned"), self._hint),))
        whole = _Connected(first, last)
        layout = QVBoxLayout(whole)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(first)
        self.pair = CodePair()
        self.pair.copied.connect(self._copy)
        self._wait = Text("", color="text2", wrap=True)
        middle = QVBoxLayout()
        middle.setContentsMargins(theme().u(36), 10, 0, 0)
        middle.setSpacing(8)
        middle.addWidget(self.pair)
        middle.addWidget(self._wait)
        indent = QHBoxLayout()
        indent.addLayout(middle)
        layout.addLayout(indent)
        layout.addSpacing(16)
        layout.addWidget(last)
        self.body.addWidget(whole)
        self._help = Text(
            "Take both from one pair, code 1 first. If AWS refuses them again, turn on this computer’s"
            " automatic time, or scan the QR code once more.",
            color="warn", wrap=True,
        )  # fmt: skip
        self._help.hide()
        self.body.addSpacing(12)
        self.body.addWidget(self._help)
        refused = Button("AWS refused them", "quiet", "help")
        refused.clicked.connect(self._refused)
        done = Button("Done", "primary")
        done.clicked.connect(self._done)
        self.foot(refused, None, done)
        self._timer = QTimer(self)
        self._timer.setInterval(1000)
        self._timer.timeout.connect(self._tick)
        self._timer.start()
        self._ask()

    def hideEvent(self, event: QHideEvent) -> None:
        self._timer.stop()
        self._codes = ("", "")
        super().hideEvent(event)

    def _done(self) -> None:
        """AWS has said that the device is assigned; its card counts until AWS takes its codes."""
        self.window_.services.note_assigned(self._entry)
        self.window_.dialogs.close_panel()
        self.window_.changed()

    def _refused(self) -> None:
        self._help.show()
        self.window_.dialogs.place()

    def _ask(self) -> None:
        services, entry = self.window_.services, self._entry
        self.window_.tasks.run(
            lambda tell: services.code_pair(entry), self._got, lambda error: None, quick=True
        )

    def _got(self, found: tuple[str, str, int, int]) -> None:
        before, now, left, self._period = found
        self._codes = (before, now)
        self._until = self.window_.services.clock.now() + left
        self._show(left)

    def _show(self, left: int) -> None:
        self.pair.show_codes(*self._codes, left, self._period)
        self._wait.setText(f"The next pair comes in {left} s. Take both from one pair.")

    def _tick(self) -> None:
        left = self._until - self.window_.services.clock.now()
        if left <= 0:
            self._ask()
        elif self._codes[0]:
            self._show(max(1, min(self._period, int(left + 0.999))))

    def _copy(self, which: int) -> None:
        window = self.window_
        seconds = window.services.settings.get("clipboard_seconds")
        window.clipboard.copy_secret(self._codes[which], seconds)
        said = f"MFA code {which + 1} copied. The clipboard is cleared in {{n}} s."
        window.toast.say(said, icon="clipboard", count=seconds)
