"""The rail: Find, the pages with their badges, the lock row. 216 wide, 64 below 960 px."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QSizePolicy, QVBoxLayout, QWidget

from credguard.gui.icons import paint_icon
from credguard.gui.theme import theme
from credguard.gui.widgets.gauges import Turning, paint_working
from credguard.gui.widgets.marks import badge_width, paint_badge
from credguard.gui.widgets.surface import Separator
from credguard.gui.widgets.text import draw, width_of

_RIGHT = Qt.AlignmentFlag.AlignRight
#: Below this height the bottom items go into one "…" button.
LOW = 640


class RailButton(QAbstractButton):
    """What all parts of the rail share: a height by the text scale, an icon, a narrow form."""

    def __init__(self, key: str, icon: str, label: str) -> None:
        super().__init__()
        self.key, self.icon_name, self.narrow = key, icon, False
        self.setText(label)
        self.setAccessibleName(label)
        self.setObjectName(f"rail-{key}")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_narrow(self, narrow: bool) -> None:
        self.narrow = narrow
        self.setToolTip(self.text() if narrow else "")
        self.updateGeometry()
        self.update()

    def measure(self) -> None:
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        u = theme().u
        return QSize(u(40), u(40)) if self.narrow else QSize(u(192), u(36))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme().u(40), self.sizeHint().height())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self.click()
            return
        super().keyPressEvent(event)

    def icon_box(self) -> QRectF:
        side = theme().u(20 if self.narrow else 18)
        x = (self.width() - side) / 2 if self.narrow else float(theme().u(12))
        return QRectF(x, (self.height() - side) / 2, side, side)

    def ground(self, painter: QPainter, token: str) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme().color(token))
        painter.drawRoundedRect(QRectF(self.rect()), 8, 8)


class RailItem(RailButton):
    """One page. `badge` is (text, kind): danger, warn or neutral; `working` turns a spinner there."""

    def __init__(self, key: str, icon: str, label: str) -> None:
        super().__init__(key, icon, label)
        self.badge = ("", "")
        self.setCheckable(True)
        self._turning = Turning(self)

    def set_badge(self, text: str, kind: str) -> None:
        """A count, or "!" for root and leak alone; empty takes it away."""
        self.badge = (text, kind)
        self.setAccessibleDescription("urgent" if kind == "danger" else text)
        self.update()

    def set_working(self, working: bool) -> None:
        """Work goes on behind a closed dialog."""
        self._turning.go(working)
        self.setAccessibleDescription("work goes on" if working else self.badge[0])
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        u, on = theme().u, self.isChecked()
        if on or self.underMouse():
            self.ground(painter, "sel" if on else "railhover")
        box = self.icon_box()
        paint_icon(painter, self.icon_name, box, theme().color("accent_t" if on else "text2"))
        text, kind = self.badge
        working = self._turning.isActive()
        if self.narrow:
            if working or kind:
                self._dot(painter, box, "accent" if working else kind)
            return
        room = self.width() - u(42) - u(36)
        rect = QRectF(u(42), 0, room, self.height())
        draw(painter, rect, self.text(), "rail_on" if on else "rail", "accent_t" if on else "text")
        if working:
            side = u(16)
            turn = QRectF(self.width() - u(10) - side, (self.height() - side) / 2, side, side)
            paint_working(painter, turn, self._turning.angle, 2)
        elif kind:
            height, width = u(20), badge_width(text)
            place = QRectF(self.width() - u(8) - width, (self.height() - height) / 2, width, height)
            paint_badge(painter, place, text, kind)

    def _dot(self, painter: QPainter, box: QRectF, kind: str) -> None:
        """8 px at the icon's upper right corner, with a gap of 2 px in the colour behind it."""
        tokens = {"danger": "danger_f", "warn": "warn_g", "accent": "accent"}
        behind = "sel" if self.isChecked() else "railhover" if self.underMouse() else "rail"
        painter.setPen(QPen(theme().color(behind), 2))
        painter.setBrush(theme().color(tokens.get(kind, "field")))
        painter.drawEllipse(QRectF(box.right() - 5, box.top() - 5, 10, 10))


class FindButton(RailButton):
    """Looks like a search field; opens the palette."""

    def __init__(self) -> None:
        super().__init__("find", "search", "Find")
        self.setAccessibleDescription("Ctrl K")
        self.setCursor(Qt.CursorShape.IBeamCursor)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        u, c = theme().u, theme().color
        if self.narrow:
            if self.underMouse():
                self.ground(painter, "railhover")
            paint_icon(painter, self.icon_name, self.icon_box(), c("text2"))
            return
        painter.setPen(QPen(c("field" if self.underMouse() else "border2"), 1))
        painter.setBrush(c("card"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)
        side = u(16)
        paint_icon(painter, "search", QRectF(u(12), (self.height() - side) / 2, side, side), c("text2"))
        keys = width_of("Ctrl K", "caption")
        room = self.width() - u(38) - u(12) - keys
        draw(painter, QRectF(u(38), 0, room, self.height()), self.text(), "body", "text2")
        right = QRectF(0, 0, self.width() - u(12), self.height())
        draw(painter, right, "Ctrl K", "caption", "text2", _RIGHT)


class MoreButton(RailButton):
    """Stands for the bottom items where the window is low."""

    def __init__(self) -> None:
        super().__init__("more", "more-horizontal", "More")

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self.underMouse() or self.isDown():
            self.ground(painter, "railhover")
        paint_icon(painter, self.icon_name, self.icon_box(), theme().color("text2"))
        if not self.narrow:
            rect = QRectF(theme().u(42), 0, self.width() - theme().u(50), self.height())
            draw(painter, rect, self.text(), "rail", "text")


#: What the lock row says in each state (queries/openness.py): words, icon, what a click does.
LOCK_WORDS = {
    "open": ("Unlocked", "lock-open", "Lock"),
    "locked": ("Locked", "lock", "Unlock"),
    "keys-locked": ("Keys locked", "lock", "Unlock"),
    "codes-locked": ("Codes locked", "lock", "Unlock"),
    "none": ("No vault yet", "lock-open", "Make one"),
}


class LockRow(RailButton):
    """State and store; a click locks, or unlocks what is locked."""

    def __init__(self) -> None:
        super().__init__("lock", "lock-open", "Lock")
        self.store, self.state = "", ""
        self.set_state("", "")

    def set_state(self, store: str, state: str = "open") -> None:
        """Where the keys are, and whether they and the codes are open; "" while that is not known."""
        self.store, self.state = store, state
        words, self.icon_name, act = LOCK_WORDS.get(state, ("", "lock", "Lock"))
        self.setText(words)
        self.setAccessibleName(act)
        said = ", ".join(part for part in (words if state else "", store) if part)
        self.setAccessibleDescription(said)
        self.setToolTip(said if self.narrow else "")
        self.update()

    def set_narrow(self, narrow: bool) -> None:
        super().set_narrow(narrow)
        self.setToolTip(self.accessibleDescription() if narrow else "")

    def sizeHint(self) -> QSize:
        return QSize(theme().u(40), theme().u(40))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        u, c = theme().u, theme().color
        if self.underMouse():
            self.ground(painter, "railhover")
        paint_icon(painter, self.icon_name, self.icon_box(), c("text2"))
        if self.narrow:
            return
        middle = self.height() / 2
        act = "Ctrl L" if self.state in {"", "open"} else self.accessibleName()
        room = self.width() - u(42) - width_of(act, "caption") - u(12)
        draw(painter, QRectF(u(42), middle - u(19), room, u(20)), self.text(), "link", "text")
        draw(painter, QRectF(u(42), middle, room, u(16)), self.store, "caption", "text2")
        right = QRectF(0, 0, self.width() - u(12), self.height())
        draw(painter, right, act, "caption", "text2" if act == "Ctrl L" else "accent_t", _RIGHT)


class Rail(QWidget):
    """Emits `chosen` with a page's key, `searched`, `locked` for a click on the lock row; `items` has a
    RailItem for each key."""

    chosen = Signal(str)
    searched = Signal()
    locked = Signal()

    def __init__(self, pages: list[tuple[str, str, str]], bottom: list[tuple[str, str, str]]) -> None:
        """`pages`, `bottom`: (key, icon, words)."""
        super().__init__()
        self.setObjectName("rail")
        self.setAccessibleName("Pages")
        self.items: dict[str, RailItem] = {}
        self._group = QButtonGroup(self)
        self._narrow = False
        layout = QVBoxLayout(self)
        layout.setSpacing(2)
        self._column = layout
        self.finder = FindButton()
        self.finder.clicked.connect(self.searched)
        layout.addWidget(self.finder)
        layout.addSpacing(12)
        for key, icon, label in pages:
            self._add(key, icon, label)
        layout.addStretch(1)
        self._bottom = [self._add(key, icon, label) for key, icon, label in bottom]
        self.more = MoreButton()
        self.more.clicked.connect(self._menu)
        self.more.hide()
        layout.addWidget(self.more)
        layout.addSpacing(8)
        layout.addWidget(Separator())
        layout.addSpacing(10)
        self.lock = LockRow()
        self.lock.clicked.connect(self.locked)
        layout.addWidget(self.lock)
        self.set_narrow(False)

    def _add(self, key: str, icon: str, label: str) -> RailItem:
        item = RailItem(key, icon, label)
        item.clicked.connect(lambda: self.chosen.emit(key))
        self._group.addButton(item)
        self.items[key] = item
        self._column.addWidget(item)
        return item

    def select(self, key: str) -> None:
        """Show where the person is."""
        if key in self.items:
            self.items[key].setChecked(True)

    def set_narrow(self, narrow: bool) -> None:
        """Icons alone, with tooltips."""
        self._narrow = narrow
        parts: list[RailButton] = [*self.items.values(), self.finder, self.lock, self.more]
        for part in parts:
            part.set_narrow(narrow)
        self._column.setContentsMargins(12, 12 if narrow else 16, 12, 12 if narrow else 14)
        self.measure()

    def measure(self) -> None:
        self.setFixedWidth(theme().u(40) + 24 if self._narrow else theme().u(192) + 24)

    def resizeEvent(self, event: QResizeEvent) -> None:
        low = bool(self._bottom) and self.height() < max(LOW, self._needed())
        if low == self.more.isHidden():
            self.more.setVisible(low)
            for item in self._bottom:
                item.setVisible(not low)

    def _needed(self) -> int:
        """How high everything would be, the bottom items included."""
        parts: list[RailButton] = [*self.items.values(), self.finder, self.lock]
        return sum(part.sizeHint().height() + 2 for part in parts) + 12 + 8 + 10 + 30

    def _menu(self) -> None:
        from PySide6.QtGui import QAction
        from PySide6.QtWidgets import QMenu

        menu = QMenu(self)
        for item in self._bottom:
            action = QAction(item.text(), menu)
            action.triggered.connect(item.click)
            menu.addAction(action)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(self.more.mapToGlobal(QPoint(0, -menu.sizeHint().height())))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme().color("rail"))
        painter.fillRect(QRectF(self.width() - 1, 0, 1, self.height()), theme().color("border"))
