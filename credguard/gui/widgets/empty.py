"""The empty state: a drawn ghost of real card shapes, a title, two lines, what to do first."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from credguard.gui.theme import theme
from credguard.gui.widgets.button import Button, Link
from credguard.gui.widgets.gauges import arc, bar
from credguard.gui.widgets.surface import paint_card
from credguard.gui.widgets.text import Text


class Ghost(QLabel):
    """240 × 132, from the shapes of real cards: accounts or codes."""

    def __init__(self, kind: str = "accounts") -> None:
        super().__init__()
        self._kind = kind
        self.measure()

    def measure(self) -> None:
        self.setFixedSize(theme().u(240), theme().u(132))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.scale(theme().scale, theme().scale)
        codes = self._kind == "codes"
        painter.setOpacity(0.5)
        paint_card(painter, QRectF(24, 6, 192, 52), bar="account:sky" if codes else "account:orange")
        bar(painter, QRectF(44, 22, 72, 8), 0, "", "border2")
        bar(painter, QRectF(44, 36, 110, 8), 0, "", "border")
        painter.setOpacity(1.0)
        tone = "account:blue" if codes else "account:teal"
        paint_card(painter, QRectF(8, 62, 224, 64), border="border2", bar=tone)
        if not codes:
            bar(painter, QRectF(28, 78, 84, 9), 0, "", "border2")
            bar(painter, QRectF(28, 104, 184, 6), 84 / 184, "ok_g")
            return
        font = theme().font("code")
        font.setPixelSize(26)
        painter.setFont(font)
        painter.setPen(theme().color("border2"))
        painter.drawText(QRectF(28, 62, 160, 64), Qt.AlignmentFlag.AlignVCenter, "000 000")
        arc(painter, QRectF(186, 78, 32, 32), 2.5, "border2", 1)
        arc(painter, QRectF(186, 78, 32, 32), 2.5, "accent", 0.64)


class EmptyState(QWidget):
    """Emits `first`, `second`, and `third` for the quiet link under the buttons."""

    first = Signal()
    second = Signal()
    third = Signal()

    def __init__(
        self,
        title: str,
        sentence: str,
        action: str,
        other: str = "",
        ghost: str = "accounts",
        icon: str = "",
        link: str = "",
        other_icon: str = "",
    ) -> None:
        super().__init__()
        self._words = Text(sentence, "body14", "text2", wrap=True, center=True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addStretch(1)
        layout.addLayout(_centred(Ghost(ghost)))
        layout.addSpacing(24)
        layout.addLayout(_centred(Text(title, "empty")))
        layout.addSpacing(6)
        layout.addLayout(_centred(self._words))
        layout.addSpacing(24)
        button = Button(action, "primary", icon, height=40)
        button.clicked.connect(self.first)
        buttons: list[QWidget] = [button]
        if other:
            more = Button(other, "secondary", other_icon, height=40, trailing=True)
            more.clicked.connect(self.second)
            buttons.append(more)
        layout.addLayout(_centred(*buttons))
        if link:
            layout.addSpacing(20)
            quiet = Link(link, role="link")
            quiet.clicked.connect(self.third)
            layout.addLayout(_centred(quiet))
        layout.addStretch(1)
        # The block stands 12 px above the middle.
        layout.addSpacing(24)
        self.measure()

    def measure(self) -> None:
        self._words.setFixedWidth(theme().u(440))


def _centred(*widgets: QWidget) -> QHBoxLayout:
    """With stretches on both sides: an alignment flag would ignore height for width."""
    line = QHBoxLayout()
    line.setSpacing(8)
    line.addStretch(1)
    for widget in widgets:
        line.addWidget(widget)
    line.addStretch(1)
    return line
