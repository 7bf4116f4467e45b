"""A code's card: 100 high in every state, big digits left, ring right."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QResizeEvent

from credguard.domain.otp import grouped
from credguard.gui.icons import paint_icon
from credguard.gui.theme import theme
from credguard.gui.translate import words
from credguard.gui.widgets.button import Button, Link
from credguard.gui.widgets.gauges import Spinner, TimeRing
from credguard.gui.widgets.say import announce
from credguard.gui.widgets.surface import ClickCard, Pill
from credguard.gui.widgets.text import draw, width_of

if TYPE_CHECKING:
    from credguard.queries.codes import CodeNow, CodeRow

_RIGHT = Qt.AlignmentFlag.AlignRight
_ARROWS = {Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down}


@dataclass(frozen=True, slots=True)
class Aside:
    """What stands at the right instead of the ring.

    learning: "AWS learns it, 6 s" and a spinner; locked: six dots and a button; stopped: two refusals,
    "Next try at 10:48" and a link; grace: "Deleted on 30 Nov" and Undo.
    """

    kind: Literal["learning", "locked", "stopped", "grace"]
    words: str = ""
    action: str = ""


class CodeCard(ClickCard):
    """A code. Click or Enter emits `copy`; `acted` says that the button or link at the right was pressed."""

    copy = Signal()
    acted = Signal()

    def __init__(self, code: CodeRow, aside: Aside | None = None) -> None:
        super().__init__()
        self.now: CodeNow | None = None
        self.aside: Aside | None = None
        self._copied = False
        self._parts: list[Button | Spinner] = []
        self._root: Pill | None = None
        self.activated.connect(self.copy)
        self._ring = TimeRing()
        self._ring.setParent(self)
        self._unsay = QTimer(self)
        self._unsay.setSingleShot(True)
        self._unsay.setInterval(1500)
        self._unsay.timeout.connect(self._uncopied)
        self.show_row(code, aside)
        self.measure()

    def show_row(self, code: CodeRow, aside: Aside | None = None) -> None:
        """Whose code it is from now on. What it showed before is forgotten."""
        self.code, self.bar = code, code.color or "blue"
        name = f"code {code.title or code.name}"
        self.setObjectName(name)
        self.setAccessibleName(name)
        self.forget()
        self.aside = None
        if code.root and self._root is None:
            self._root = Pill("ROOT", "solid")
            self._root.setParent(self)
        if self._root is not None:
            self._root.setVisible(code.root)
        self.set_aside(aside)

    def forget(self) -> None:
        """Keep no code: it is not on the screen any longer, or it ended and there is no new one."""
        self.now, self._copied = None, False
        self._unsay.stop()
        self._ring.hide()
        self.setAccessibleDescription("")
        self.update()

    def measure(self) -> None:
        self.setFixedHeight(theme().u(100))
        self._place()

    def sizeHint(self) -> QSize:
        return QSize(theme().u(400), theme().u(100))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme().u(280), theme().u(100))

    # ── what it shows ────────────────────────────────────────────────────────────────────────────
    def set_aside(self, aside: Aside | None) -> None:
        """A state of its own at the right side; None brings the ring back."""
        before, self.aside = self.aside, aside
        if before is not None and aside is not None and before.kind == aside.kind and self._parts:
            if before.words != aside.words:
                self.update()
            return
        for part in self._parts:
            part.setParent(None)
            part.deleteLater()
        self._parts = []
        name = self.code.title or self.code.name
        if self.code.unreadable is not None:
            self._button("Add it again", "", f"Add the code of {name} again")
        elif aside is not None and aside.kind == "locked":
            icon = "lock-open" if aside.action else "usb"
            self._button(aside.action or "Touch a key", icon, f"Unlock the code of {name}")
        elif aside is not None and aside.kind == "learning":
            self._parts.append(Spinner(20))
        elif aside is not None:
            link = Link(aside.action or ("Undo" if aside.kind == "grace" else "Why?"), role="link")
            link.clicked.connect(self.acted)
            self._parts.append(link)
        elif self.code.type == "hotp":
            self._button("Next code", "arrow-right", f"Next code of {name}")
            self._parts[-1].clicked.connect(self.copy)  # type: ignore[union-attr]
        for part in self._parts:
            part.setParent(self)
            part.show()
        self._ring.setVisible(self._is_timed() and self.now is not None)
        self._place()
        self.update()

    def _is_timed(self) -> bool:
        return self.code.type != "hotp" and self.code.unreadable is None and self.aside is None

    def show_code(self, now: CodeNow) -> None:
        """The code of this second. Where only the seconds are others, only the ring is painted."""
        before, self.now = self.now, now
        self._ring.show_time(now.valid_for, now.period)
        self._ring.setVisible(self._is_timed())
        said = f"{grouped(now.code)}, used" if now.used else grouped(now.code)
        if said != self.accessibleDescription():
            self.setAccessibleDescription(said)
        same = before is not None and not now.used and replace(before, valid_for=now.valid_for) == now
        if before is None or not same or (now.valid_for <= 5) != (before.valid_for <= 5):
            self.update()

    def show_count(self, count: int) -> None:
        """A counter's code: which one this is."""
        self.code = replace(self.code, counter=count)
        self.update()

    def show_copied(self) -> None:
        """`Copied` for a second and a half."""
        self._copied = True
        self.update()
        announce(self, f"{self.code.title or self.code.name} code copied")
        self._unsay.start()

    def _uncopied(self) -> None:
        self._copied = False
        self.update()

    def stops(self) -> list[Button]:
        """What Tab reaches inside the card."""
        return [part for part in self._parts if isinstance(part, Button) and part.isEnabled()]

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in _ARROWS:
            event.ignore()  # the page walks from card to card
            return
        super().keyPressEvent(event)

    # ── where it stands ──────────────────────────────────────────────────────────────────────────
    def _button(self, label: str, icon: str, name: str) -> None:
        button = Button(label, "secondary", icon, name=name)
        button.clicked.connect(self.acted)
        self._parts.append(button)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._place()

    def _place(self) -> None:
        u = theme().u
        right = self.width() - u(20)
        self._ring.move(right - self._ring.width(), (self.height() - self._ring.height()) // 2)
        for part in self._parts:
            size = part.sizeHint()
            top = u(50) if isinstance(part, Link) else (self.height() - size.height()) // 2
            part.setGeometry(right - size.width(), top, size.width(), size.height())
        if self._root is not None:
            size = self._root.sizeHint()
            self._root.setGeometry(u(24) + round(self._name_width()) + u(10), u(16), size.width(), u(20))

    def _name_width(self) -> float:
        return min(width_of(self.code.title or self.code.name, "card"), max(0, self.width() - theme().u(160)))

    def _edge(self) -> float:
        """Where the right side begins."""
        if self._parts:
            return float(min(part.x() for part in self._parts))
        return float(self._ring.x())

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._ring.isVisible() and self._ring.geometry().contains(event.rect()):
            return  # what lies under the ring, which ticks every second
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        u = theme().u
        left = float(u(24))
        name = self.code.title or self.code.name
        width = draw(painter, QRectF(left, u(16), self._name_width(), u(20)), name, "card", "text")
        x = (
            left
            + width
            + u(10)
            + (self._root.width() + u(10) if self._root is not None and self.code.root else 0)
        )
        if self.code.user and not self.code.root:
            who = QRectF(x, u(16), max(0.0, self._edge() - x - u(12)), u(20))
            draw(painter, who, self.code.user, "body", "text2")
        if self.code.unreadable is not None:
            self._unreadable(painter, left)
            return
        if self.aside is not None and self.aside.kind == "locked":
            self._dots(painter, left)
            return
        if self.now is not None:
            faded = (
                self._last()
                or self.now.used
                or (self.aside is not None and self.aside.kind in {"grace", "stopped"})
            )
            rect = QRectF(left, u(42), self._edge() - left, u(40))
            draw(painter, rect, grouped(self.now.code), "code", "text2" if faded else "text")
        self._right_side(painter)

    def _last(self) -> bool:
        timed = self.code.type != "hotp" and self.aside is None
        return timed and self.now is not None and self.now.valid_for <= 5

    def _unreadable(self, painter: QPainter, left: float) -> None:
        u = theme().u
        paint_icon(painter, "triangle-alert", QRectF(left, u(43), u(18), u(18)), theme().color("warn"))
        room = self._edge() - left - u(12)
        draw(
            painter,
            QRectF(left + u(26), u(42), room - u(26), u(20)),
            "The secret cannot be read",
            "row",
            "warn",
        )
        reason = words(self.code.unreadable) if self.code.unreadable is not None else ""
        draw(painter, QRectF(left, u(62), room, u(20)), reason, "body", "text2")

    def _dots(self, painter: QPainter, left: float) -> None:
        u = theme().u
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme().color("text2"))
        for number in range(6):
            x = left + u(3.5) + number * u(18) + (u(9) if number > 2 else 0)
            painter.drawEllipse(QRectF(x, u(58.5), u(11), u(11)))

    def _right_side(self, painter: QPainter) -> None:
        u, edge, aside, now = theme().u, self._edge(), self.aside, self.now
        # What stands here never runs into the digits: it is shortened, or left out.
        start = u(24) + u(12) + (width_of(grouped(now.code), "code") if now is not None else 0)

        def room(top: float, right: float, high: int = 20) -> QRectF:
            return QRectF(start, top, max(0.0, right - start), u(high))

        middle = room((self.height() - u(20)) / 2, edge - u(14))
        if aside is not None and aside.kind == "learning":
            draw(painter, middle, aside.words, "body", "text2", _RIGHT)
        elif aside is not None:
            role, tone = ("button", "warn") if aside.kind == "stopped" else ("body", "text2")
            draw(painter, room(u(30), self.width() - u(20)), aside.words, role, tone, _RIGHT)
        elif self.code.type == "hotp":
            if self.code.counter is not None:
                draw(painter, middle, f"no. {self.code.counter}", "body", "text2", _RIGHT)
        elif now is not None and (self._copied or now.used):
            said = "Copied" if self._copied else f"used, next in {now.valid_for} s"
            tone, side = "ok" if self._copied else "text2", u(16)
            width = draw(painter, middle.adjusted(side + u(6), 0, 0, 0), said, "button", tone, _RIGHT)
            x = middle.right() - width - side - u(6)
            box = QRectF(x, (self.height() - side) / 2, side, side)
            paint_icon(painter, "check", box, theme().color(tone), 2.25)
        elif self._last() and now is not None and now.next_code:
            lower = room(u(58), edge - u(14), 24)
            if width_of(grouped(now.next_code), "next") <= lower.width():
                draw(painter, room(u(42), edge - u(12), 16), "next", "caption", "text2", _RIGHT)
                draw(painter, lower, grouped(now.next_code), "next", "text", _RIGHT)
