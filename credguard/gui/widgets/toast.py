"""The toast and undo bar: one sentence at the bottom of the content, inverted, one at a time."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QEnterEvent, QFocusEvent, QKeySequence, QPainter, QPaintEvent, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QSpacerItem, QWidget

from credguard.gui.icons import paint_icon
from credguard.gui.theme import theme
from credguard.gui.widgets.button import Link
from credguard.gui.widgets.say import announce
from credguard.gui.widgets.text import Text


class _Key(Text):
    """The key after Undo, a little back."""

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setOpacity(0.7)
        font = theme().font(self.role)
        painter.setFont(font)
        painter.setPen(theme().color(self.token))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignVCenter, self.text())


class Toast(QWidget):
    """6 s, with Undo 12 s and Ctrl Z; hover or focus holds it. `undone` when Undo was chosen.

    A sentence with `{n}` counts: the seconds left stand there, and go down once a second.
    """

    undone = Signal()

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.hide()
        self._icon, self._rest, self._can_undo = "circle-check", 0, False
        self._call: Callable[[], object] | None = None
        self._template, self._left = "", 0
        self._count = QTimer(self)
        self._count.setInterval(1000)
        self._count.timeout.connect(self._counted)
        self.setObjectName("toast")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(42, 0, 18, 0)
        layout.setSpacing(0)
        self._text = Text("", "strong", "toast_text")
        self._undo = Link("Undo", color="toast_link")
        self._undo.clicked.connect(self._pressed)
        self._key = _Key("Ctrl Z", "caption", "toast_text")
        layout.addWidget(self._text, 1)
        self._gap, self._gap2 = QSpacerItem(22, 0), QSpacerItem(9, 0)
        layout.addItem(self._gap)
        layout.addWidget(self._undo)
        layout.addItem(self._gap2)
        layout.addWidget(self._key)
        self._layout = layout
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.hide)
        self._undo.installEventFilter(self)
        self._short = QShortcut(QKeySequence.StandardKey.Undo, self)
        self._short.setContext(Qt.ShortcutContext.WindowShortcut)
        self._short.activated.connect(self._pressed)
        self.measure()

    def measure(self) -> None:
        self.setFixedHeight(theme().u(44))

    def say(
        self,
        sentence: str,
        undo: bool | Callable[[], object] = False,
        icon: str = "circle-check",
        seconds: float = 0,
        count: int = 0,
    ) -> None:
        """Show a sentence. `undo`: what Undo and Ctrl Z call; `count`: the seconds that `{n}` starts at."""
        window = self.parentWidget()
        if window is not None and window.property("locked"):
            return  # names and numbers stay hidden
        self._call = undo if callable(undo) else None
        undo = bool(undo)
        self._template, self._left = (sentence, count) if count else ("", 0)
        sentence = sentence.replace("{n}", str(count)) if count else sentence
        self._count.start() if count else self._count.stop()
        self._icon, self._can_undo = icon, undo
        self._text.setText(sentence)
        self._undo.setVisible(undo)
        self._key.setVisible(undo)
        self._short.setEnabled(undo)
        self._gap.changeSize(22 if undo else 0, 0)
        self._gap2.changeSize(9 if undo else 0, 0)
        self._layout.invalidate()
        self.setAccessibleName(sentence)
        self.place()
        self.show()
        self.raise_()
        announce(self, f"{sentence} Undo: Ctrl Z" if undo else sentence)
        self._rest = int((seconds or (12 if undo else 6)) * 1000)
        self._timer.start(self._rest)

    def place(self) -> None:
        """Bottom centre of the content, 24 from the edge."""
        window = self.parentWidget()
        if window is None:
            return
        rail = window.findChild(QWidget, "rail")
        left = rail.width() if rail is not None and rail.isVisibleTo(window) else 0
        room = window.width() - left
        width = min(self._layout.sizeHint().width(), room - 32)
        self.resize(width, self.height())
        self.move(left + (room - width) // 2, window.height() - 24 - self.height())

    def _counted(self) -> None:
        self._left -= 1
        if self._left < 1 or not self.isVisible():
            self._count.stop()
            self.hide()
            return
        self._text.setText(self._template.replace("{n}", str(self._left)))

    def _pressed(self) -> None:
        if self._can_undo and self.isVisible():
            self._can_undo = False
            self.hide()
            self.undone.emit()
            if self._call is not None:
                self._call()

    def _hold(self) -> None:
        if self._timer.isActive():
            self._rest = max(1500, self._timer.remainingTime())
            self._timer.stop()

    def enterEvent(self, event: QEnterEvent) -> None:
        self._hold()

    def leaveEvent(self, event: QEvent) -> None:
        if self.isVisible() and not self._undo.hasFocus():
            self._timer.start(self._rest)

    def eventFilter(self, watched: object, event: QEvent) -> bool:
        if isinstance(event, QFocusEvent):
            if event.gotFocus():
                self._hold()
            elif self.isVisible() and not self.underMouse():
                self._timer.start(self._rest)
        return False

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme().color("toast"))
        painter.drawRoundedRect(QRectF(self.rect()), 10, 10)
        side = theme().u(18)
        box = QRectF(14, (self.height() - side) / 2, side, side)
        paint_icon(painter, self._icon, box, theme().color("toast_text"))
