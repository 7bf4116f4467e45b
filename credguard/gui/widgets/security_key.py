"""The card of a security key: drawn key, name, proof; its touch, its new name and its faults stand in it."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QLabel, QVBoxLayout

from credguard.gui.theme import theme
from credguard.gui.widgets.button import Button
from credguard.gui.widgets.cards import row
from credguard.gui.widgets.field import Field
from credguard.gui.widgets.gauges import TimeRing
from credguard.gui.widgets.surface import Card, Icon
from credguard.gui.widgets.text import Text

_STEPS = {
    Qt.Key.Key_Left: -1, Qt.Key.Key_Up: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Down: 1,
}  # fmt: skip


class KeyDrawing(QLabel):
    """96 × 40; the contact ring in the accent, or in the field colour for one that is not there yet."""

    def __init__(self, there: bool) -> None:
        super().__init__()
        self._there = there
        self.measure()

    def measure(self) -> None:
        self.setFixedSize(theme().u(96), theme().u(40))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, c = QPainter(self), theme().color
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.scale(theme().scale, theme().scale)
        painter.setPen(QPen(c("border2"), 1.5))
        painter.setBrush(c("sunken"))
        painter.drawRoundedRect(QRectF(62, 11, 26, 18), 3, 3)
        for y in (16, 20, 24):
            painter.drawLine(QPoint(73, y), QPoint(84, y))
        painter.drawRoundedRect(QRectF(1, 5, 62, 30), 9, 9)
        painter.setPen(QPen(c("accent" if self._there else "field"), 1.75))
        painter.setBrush(c("card"))
        painter.drawEllipse(QRectF(28, 11, 18, 18))
        painter.setPen(QPen(c("text2"), 1.5))
        painter.drawEllipse(QRectF(10, 17, 6, 6))


class KeyCard(Card):
    """A key of the vault, or (`new`) the place for one. A card takes the keyboard: Enter tests or adds, F2
    renames, arrows go to the next one (`stepped`)."""

    wanted = Signal()  # test it, or add it with `typed()` as its name
    renamed = Signal(str)
    called_off = Signal()
    more = Signal(QPoint)
    stepped = Signal(int)
    began = Signal()  # something is typed here: the page must not be drawn anew
    ended = Signal()

    focus_radius = 12

    def __init__(self, name: str, line: str, seconds: int, new: bool = False) -> None:
        super().__init__(name=name, border="border2" if new else "border", fill="page" if new else "card")
        self.name, self._line, self._new, self._seconds = name, line, new, seconds
        self._proof = ("", "", "text2")
        self._left = 0
        self.state = "rest"
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setObjectName(f"key-{name.lower().replace(' ', '-')}")
        self._timer = QTimer(self)
        self._timer.setInterval(1000)
        self._timer.timeout.connect(self.tick)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 12, 16, 12)
        layout.setSpacing(0)
        layout.addLayout(row(KeyDrawing(not new), None))
        layout.addSpacing(8)
        self.title = Text(name, "name", wrap=new)
        self.field = Field("Its name", f"Name of {name}", 32)
        self.field.edit.setMaxLength(60)
        self.field.edit.returnPressed.connect(self._enter)
        layout.addWidget(self.title)
        layout.addWidget(self.field)
        layout.addSpacing(2)
        self.detail = Text(line, color="text2", wrap=True)
        layout.addWidget(self.detail)
        layout.addSpacing(6)
        self._mark = Icon("check", 16, "ok", 2.25)
        self.ring = TimeRing(28)
        self.said = Text("", wrap=True)
        state = row(self._mark, self.ring, spacing=8)
        state.addWidget(self.said, 1)
        layout.addLayout(state)
        layout.addStretch(1)
        layout.addSpacing(8)
        self.go = Button("Add" if new else "Test", "secondary", "plus" if new else "circle-check", 28,
                         name=f"Add: {name}" if new else f"Test {name}")  # fmt: skip
        self.go.clicked.connect(self._go)
        self.save = Button("Add it" if new else "Save name", "secondary", "check", 28)
        self.save.clicked.connect(self._enter)
        self.rename = Button("Rename", "quiet", "pencil", 28, name=f"Rename {name}")
        self.rename.clicked.connect(self.begin)
        self.stop = Button("Cancel", "quiet", "x", 28)
        self.stop.clicked.connect(self.cancel)
        self.menu = Button("", "quiet", "more-horizontal", 28, name=f"More of {name}")
        self.menu.clicked.connect(self._more)
        layout.addLayout(row(self.go, self.save, self.rename, self.stop, None, self.menu, spacing=6))
        self._draw()

    # ── states ───────────────────────────────────────────────────────────────────────────────────
    def show_proof(self, icon: str, words: str, tone: str = "text2") -> None:
        """When it opened the vault last: what stands there at rest."""
        self._proof = (icon, words, tone)
        self.setAccessibleDescription(f"{self._line}. {words}")
        self._draw()

    def begin(self) -> None:
        """Type a name: of this key, or of the one to be added."""
        self.state = "name"
        self.began.emit()
        self._say("", "", "text2")
        self.field.edit.setText("" if self._new else self.name)
        self._draw()
        self.field.edit.setFocus()
        self.field.edit.selectAll()

    def wait(self, words: str) -> None:
        """Something goes on, nothing blinks yet."""
        self.state = "wait"
        self.began.emit()
        self._say("usb", words, "text2")
        self._draw()
        self.stop.setFocus()

    def wait_for_touch(self) -> None:
        """It blinks."""
        self.state = "touch"
        self._left = self._seconds
        self.ring.show_time(self._left, self._seconds)
        self._say("", "Touch it now", "text")
        self._draw()
        self._timer.start()

    def fail(self, words: str) -> None:
        """It did not work; the same can be done again."""
        self.state = "rest"
        self._timer.stop()
        self._proof = ("triangle-alert", words, "warn")
        self._draw()
        self.ended.emit()
        self.setFocus()

    def rest(self) -> None:
        self.state = "rest"
        self._timer.stop()
        self._draw()
        self.ended.emit()

    def tick(self) -> None:
        """A second less."""
        self._left = max(0, self._left - 1)
        self.ring.show_time(self._left, self._seconds)

    def typed(self) -> str:
        return self.field.text().strip()

    def cancel(self) -> None:
        """Esc and Cancel: back to rest, or call off what waits for a touch."""
        if self.state in {"wait", "touch"}:
            self.stop.setEnabled(False)
            self.called_off.emit()
        elif self.state == "name":
            self.rest()
            self.setFocus()

    # ── inside ───────────────────────────────────────────────────────────────────────────────────
    def _say(self, icon: str, words: str, tone: str) -> None:
        self._mark.setVisible(bool(icon))
        if icon:
            self._mark.set_icon(icon, "ok" if icon == "check" else tone)
        self.said.setText(words)
        self.said.set_color(tone)
        self.said.setVisible(bool(words))

    def _draw(self) -> None:
        if self.state == "rest":
            self._say(*self._proof)
        rest, naming, waiting = self.state == "rest", self.state == "name", self.state in {"wait", "touch"}
        self.title.setVisible(not naming)
        self.field.setVisible(naming)
        self.detail.setText("Whoever has the vault file can read the name." if naming else self._line)
        self.ring.setVisible(self.state == "touch")
        self.go.setVisible(rest)
        self.rename.setVisible(rest and not self._new)
        self.menu.setVisible(rest and not self._new)
        self.save.setVisible(naming)
        self.stop.setVisible(naming or waiting)
        self.stop.setEnabled(True)

    def _more(self) -> None:
        self.more.emit(self.menu.mapToGlobal(QPoint(0, self.menu.height())))

    def _go(self) -> None:
        if self._new:
            self.begin()
        else:
            self.wanted.emit()

    def _enter(self) -> None:
        if self._new:
            self.wanted.emit()
        elif self.typed():
            self.renamed.emit(self.typed())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key == Qt.Key.Key_Escape and self.state != "rest":
            self.cancel()
        elif self.state == "rest" and self.hasFocus() and key in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self._go()
        elif self.state == "rest" and key == Qt.Key.Key_F2 and not self._new:
            self.begin()
        elif self.hasFocus() and key in _STEPS:
            self.stepped.emit(_STEPS[key])
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._new:
            super().paintEvent(event)
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = QPen(theme().color("border2"), 1)
        pen.setDashPattern([5, 4])
        painter.setPen(pen)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 12, 12)
