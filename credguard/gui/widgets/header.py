"""The head of a page: title, sub line, actions right; sub pages have a back link above."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QSizePolicy, QSpacerItem, QVBoxLayout, QWidget

from credguard.gui.icons import paint_icon
from credguard.gui.theme import LARGE, theme
from credguard.gui.widgets.button import Button
from credguard.gui.widgets.text import Text, draw, width_of


class BackLink(Button):
    """`← Accounts`: 13/500, its arrow on the text's left edge."""

    def __init__(self, words: str) -> None:
        super().__init__(words, "quiet", "arrow-left", 28, name=f"Back to {words}")

    def sizeHint(self) -> QSize:
        return QSize(round(width_of(self.text(), "button")) + theme().u(23), theme().u(20))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, u = QPainter(self), theme().u
        ink = "text" if self.underMouse() else "text2"
        box = QRectF(0, (self.height() - u(16)) / 2, u(16), u(16))
        paint_icon(painter, "arrow-left", box, theme().color(ink))
        draw(painter, QRectF(u(22), 0, self.width() - u(22), self.height()), self.text(), "button", ink)


class _Bar(QWidget):
    """An account's colour beside the title, 4 px."""

    def __init__(self, color: str) -> None:
        super().__init__()
        self.color = color
        self.setFixedWidth(4)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme().color(f"account:{self.color}"))
        painter.drawRoundedRect(QRectF(self.rect()), 2, 2)


class PageHeader(QWidget):
    """`title` and `sub` are Text; `buttons` is the row at the right, in the order quiet, secondary, primary.

    `color` stands an account's bar beside the title; `under` is the row of the sub line, for pills and
    copy buttons after it; `facts` may stand in its place, `more` is for lines below it. `stacked`: the
    buttons in a line of their own.
    """

    stacked = False

    def __init__(self, title: str = "", sub: str = "", back: str = "", color: str = "") -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(12)
        self.back: BackLink | None = None
        if back:
            self.back = BackLink(back)
            above = QHBoxLayout()
            above.addWidget(self.back)
            above.addStretch(1)
            outer.addLayout(above)
        self.title, self.sub = Text(title, "title"), Text(sub, color="text2")
        words = QVBoxLayout()
        words.setSpacing(4 if back else 2)
        words.addWidget(self.title)
        self.under = QHBoxLayout()
        self.under.setSpacing(6)
        self.under.addWidget(self.sub, 100)
        self.facts = QHBoxLayout()
        self.facts.setSpacing(0)
        self.under.addLayout(self.facts)
        self.under.addStretch(1)
        words.addLayout(self.under)
        self.more = QVBoxLayout()
        self.more.setSpacing(2)
        words.addLayout(self.more)
        self.buttons = QHBoxLayout()
        self.buttons.setSpacing(8)
        after = QHBoxLayout()
        after.setSpacing(0)
        after.addLayout(self.buttons)
        after.addStretch(1)
        self._line = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._line.setSpacing(0)
        lead = QHBoxLayout()
        lead.setSpacing(0)
        self.bar = _Bar(color)
        self.bar.setVisible(bool(color))
        self._indent = QSpacerItem(14 if color else 0, 0)
        lead.addWidget(self.bar)
        lead.addItem(self._indent)
        lead.addLayout(words, 1)
        self._lead = lead
        self._line.addLayout(lead, 1)
        self._line.addSpacing(16)
        self._line.addLayout(after)
        outer.addLayout(self._line)
        self.measure()

    def words_visible(self, visible: bool) -> None:
        """A page that says its title itself keeps only the way back."""
        self.title.setVisible(visible)
        self.sub.setVisible(visible)

    def set_color(self, color: str) -> None:
        """The account's bar, once the account is known."""
        self.bar.color = color
        self.bar.setVisible(bool(color))
        self._indent.changeSize(14 if color else 0, 0)
        self._lead.invalidate()
        self.bar.update()

    def measure(self) -> None:
        """From 150 % text on the buttons stand in a line of their own."""
        way = QBoxLayout.Direction
        self.sub.set_wrap(theme().scale >= LARGE)
        stacked = self.stacked or theme().scale >= LARGE
        self._line.setDirection(way.TopToBottom if stacked else way.LeftToRight)
