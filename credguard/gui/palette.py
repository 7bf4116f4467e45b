"""The palette (Ctrl K): an account or a code by a few letters, and what can be done with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QAbstractButton, QApplication, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from credguard.domain.otp import grouped
from credguard.gui.icons import paint_icon
from credguard.gui.live import LiveCodes
from credguard.gui.theme import theme
from credguard.gui.translate import harmless
from credguard.gui.widgets.button import object_name
from credguard.gui.widgets.field import _Edit
from credguard.gui.widgets.gauges import TimeRing
from credguard.gui.widgets.marks import KeyHint
from credguard.gui.widgets.overlay import REACH, paint_shadow
from credguard.gui.widgets.say import announce
from credguard.gui.widgets.surface import Icon, paint_card
from credguard.gui.widgets.text import Text, draw
from credguard.queries.accounts import AccountRow
from credguard.queries.codes import CodeRow
from credguard.queries.find import Found, find

if TYPE_CHECKING:
    from credguard.gui.window import Window

WIDE, TOP, MOST = 600, 64, 6


class _Row(QAbstractButton):
    """What both kinds of rows share: chosen or not, no focus of their own (the field keeps it)."""

    high = 36

    def __init__(self, name: str) -> None:
        super().__init__()
        self.chosen = False
        self.setAccessibleName(name)
        self.setObjectName(f"palette-{object_name(name)}")
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(theme().u(300), theme().u(self.high))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme().u(120), theme().u(self.high))

    def ground(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.chosen or self.underMouse():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme().color("sel" if self.chosen else "hover"))
            painter.drawRoundedRect(QRectF(self.rect()), 8, 8)


class _Result(_Row):
    """An account or a code; the matched letters are bold."""

    high = 44

    def __init__(self, found: Found) -> None:
        super().__init__(f"{found.title}, {found.user}" if found.user else found.title)
        self.found, self.code = found, ""

    def show_code(self, code: str) -> None:
        self.code = grouped(code)
        self.setAccessibleDescription(f"code {self.code}")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, u, found = QPainter(self), theme().u, self.found
        self.ground(painter)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme().color(f"account:{found.color}" if found.color else "border2"))
        middle = self.height() / 2
        painter.drawEllipse(QRectF(u(14), middle - u(5), u(10), u(10)))
        x, right = float(u(38)), float(self.width() - u(15))
        if self.code:
            box = QRectF(right - u(120), 0, u(120), self.height())
            draw(painter, box, self.code, "palette_code", "text", Qt.AlignmentFlag.AlignRight)
            right -= u(130)
        for bold, part in _runs(harmless(found.title), found.letters):
            role = "palette_on" if bold else "palette"
            x += draw(painter, QRectF(x, 0, max(0.0, right - x), self.height()), part, role, "text")
        x += u(12)
        draw(painter, QRectF(x, 0, max(0.0, right - x), self.height()), harmless(found.user), "body", "text2")


def _runs(title: str, letters: tuple[int, ...]) -> list[tuple[bool, str]]:
    """`title` in runs of matched and other letters."""
    runs: list[tuple[bool, str]] = []
    for number, letter in enumerate(title):
        bold = number in letters
        if runs and runs[-1][0] == bold:
            runs[-1] = (bold, runs[-1][1] + letter)
        else:
            runs.append((bold, letter))
    return runs


class _Action(_Row):
    """Something to do with the first result."""

    def __init__(self, icon: str, words: str) -> None:
        super().__init__(words)
        self._icon = icon
        self.setText(words.replace("&", "&&"))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, u = QPainter(self), theme().u
        self.ground(painter)
        box = QRectF(u(12), (self.height() - u(18)) / 2, u(18), u(18))
        paint_icon(painter, self._icon, box, theme().color("text2"))
        room = QRectF(u(44), 0, self.width() - u(56), self.height())
        draw(painter, room, self.accessibleName(), "body14", "text")


class Palette(QWidget):
    """Child of the window. Arrow keys choose, Enter does it, Esc and a click outside close."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self._window = window
        self._accounts: tuple[AccountRow, ...] = ()
        self._codes: tuple[CodeRow, ...] = ()
        self._rows: list[tuple[_Row, Callable[[], None]]] = []
        self._at = 0
        self._before = QApplication.focusWidget()
        self._live: LiveCodes | None = None
        self._timed: set[str] = set()
        self._shadow: tuple[QSize, QPixmap] | None = None
        self.setObjectName("palette")
        self.setAccessibleName("Find")
        self.panel = QWidget(self)
        outer = QVBoxLayout(self.panel)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        head = QHBoxLayout()
        u = theme().u
        head.setContentsMargins(20, u(16), 20, u(16))
        head.setSpacing(14)
        head.addWidget(Icon("search", 20))
        self.edit = _Edit("Find an account or a code", "palette_input")
        self.edit.setAccessibleName("Find an account or a code")
        self.edit.setObjectName("palette-find")
        self.edit.textChanged.connect(lambda _: self._list())
        self.edit.installEventFilter(self)
        head.addWidget(self.edit, 1)
        self._ring = TimeRing(28)
        self._ring.hide()
        head.addWidget(self._ring)
        outer.addLayout(head)
        self._lines = [self._line(outer)]
        self._list_box = QVBoxLayout()
        self._list_box.setContentsMargins(8, 8, 8, 8)
        self._list_box.setSpacing(0)
        outer.addLayout(self._list_box)
        self._lines.append(self._line(outer))
        outer.addLayout(self._foot())
        window.installEventFilter(self)
        self._place()
        self.show()
        self.raise_()
        self.edit.setFocus(Qt.FocusReason.OtherFocusReason)
        services = window.services
        window.tasks.run(
            lambda tell: (services.accounts(), services.codes()), self._got, window.show_error, quick=True
        )

    def _line(self, layout: QVBoxLayout) -> QWidget:
        line = QWidget()
        line.setFixedHeight(1)
        layout.addWidget(line)
        return line

    def _foot(self) -> QHBoxLayout:
        foot = QHBoxLayout()
        foot.setContentsMargins(20, 10, 20, 9)
        foot.setSpacing(8)
        hints = [("Enter", "Copy code"), ("Shift Enter", "Open console"), ("Ctrl T", "Terminal")]
        if theme().scale >= 1.5:
            hints = hints[:1]
        for key, words in hints:
            foot.addWidget(KeyHint(key))
            foot.addWidget(Text(words, "caption", "text2"))
            foot.addSpacing(14)
        foot.addStretch(1)
        foot.addWidget(KeyHint("Esc"))
        foot.addWidget(Text("Close", "caption", "text2"))
        return foot

    # ── what is listed ───────────────────────────────────────────────────────────────────────────
    def _got(self, found: tuple[tuple[AccountRow, ...], tuple[CodeRow, ...]]) -> None:
        try:
            self._accounts, self._codes = found
            self._timed = {c.entry_id for c in self._codes if c.type != "hotp" and c.unreadable is None}
            self._live = LiveCodes(self._window, self, ())
            self._live.changed.connect(self._tell)
            self._live.gone.connect(self._ended)
            self._live.start()
            self._list()
        except RuntimeError:
            return  # closed meanwhile

    def _list(self) -> None:
        from credguard.gui.pages.page import clear

        clear(self._list_box)
        self._rows = []
        u = theme().u
        room = self.height() - 32 - u(60) - u(40) - 18
        most = max(1, min(MOST, room // u(44)))
        results = find(self.edit.text(), self._accounts, self._codes, most)
        if not results:
            nothing = "Nothing fits." if self._accounts or self._codes else "No accounts yet."
            line = Text(f"  {nothing}", "body14", "text2")
            self._list_box.addWidget(line)
            line.show()
        for found in results:
            self._add(_Result(found), lambda f=found: self._copy(f))  # type: ignore[misc]
        if results and room >= len(results) * u(44) + u(34) + 3 * u(36):
            self._actions(results[0])
        self._at = 0
        self._choose(0, say=False)
        if self._live is not None:
            # Codes of what is listed, and of nothing else, are asked for.
            self._live.show_entries([f.entry_id for f in results if f.entry_id and f.entry_id in self._timed])
            for entry in self._live.now:
                self._tell(entry)
        self._place()

    def _actions(self, first: Found) -> None:
        row, window = first.account, self._window
        if row is None:
            return
        heading = Text("Actions", "badge", "text2")
        holder = QHBoxLayout()
        holder.setContentsMargins(theme().u(14), theme().u(10), 0, theme().u(4))
        holder.addWidget(heading)
        self._list_box.addLayout(holder)
        heading.show()
        name = row.account.name
        self._add(_Action("briefcase", f"Show {name}"), lambda: window.show_account(row.account.account_id))
        if row.is_root:
            self._add(
                _Action("shield-check", f"Make {name}’s root key safe"), lambda: window.act("root", row)
            )
        elif row.current is not None:
            self._add(_Action("rotate-cw", f"Rotate {name}’s key"), lambda: window.act("rotate", row))
        self._add(_Action("globe", f"Open {name} on the AWS website"), lambda: window.act("console", row))

    def _add(self, row: _Row, call: Callable[[], None]) -> None:
        number = len(self._rows)
        row.clicked.connect(lambda: self._do(number))
        self._rows.append((row, call))
        self._list_box.addWidget(row)
        row.show()  # a layout shows what is new only later, and counts nothing hidden

    def _tell(self, entry: str) -> None:
        if self._live is None:
            return
        now = self._live.now[entry]
        for row, _ in self._rows:
            if isinstance(row, _Result) and row.found.entry_id == entry:
                row.show_code(now.code)
        first = next((r.found.entry_id for r, _ in self._rows if isinstance(r, _Result)), None)
        if entry == first or not self._ring.isVisible():
            self._ring.show_time(now.valid_for, now.period)
            self._ring.show()

    def _ended(self, entry: str) -> None:
        for row, _ in self._rows:
            if isinstance(row, _Result) and row.found.entry_id == entry:
                row.show_code("")

    # ── doing ────────────────────────────────────────────────────────────────────────────────────
    def _choose(self, at: int, say: bool = True) -> None:
        if not self._rows:
            return
        self._at = max(0, min(len(self._rows) - 1, at))
        for number, (row, _) in enumerate(self._rows):
            row.chosen = number == self._at
            row.update()
        if say:
            chosen = self._rows[self._at][0]
            announce(chosen, f"{chosen.accessibleName()} {chosen.accessibleDescription()}".strip())

    def _do(self, at: int) -> None:
        if at < len(self._rows):
            call = self._rows[at][1]
            self.close_palette()
            call()

    def _copy(self, found: Found) -> None:
        if found.entry_id is not None:
            self._window.copy_code(found.entry_id, found.title)
        elif found.account is not None:
            self._window.show_account(found.account.account.account_id)

    def _of_chosen(self, action: str) -> None:
        """Shift Enter and Ctrl T: for the chosen result, else for the first one."""
        row = self._rows[self._at][0] if self._rows else None
        if not isinstance(row, _Result):
            row = next((r for r, _ in self._rows if isinstance(r, _Result)), None)
        if isinstance(row, _Result) and row.found.account is not None:
            account = row.found.account
            self.close_palette()
            self._window.act(action, account)

    def close_palette(self) -> None:
        """Close it and give the focus back."""
        self._window.removeEventFilter(self)
        self.hide()
        self.deleteLater()
        try:
            if self._before is not None and self._before.isVisible():
                self._before.setFocus()
        except RuntimeError:
            return  # gone with its page

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._window:
            if event.type() == QEvent.Type.Resize:
                self._place()
            return False
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            return self._key(event)
        return False

    def _key(self, event: QKeyEvent) -> bool:
        key, mods = event.key(), event.modifiers()
        if key == Qt.Key.Key_Escape:
            self.close_palette()
        elif key in {Qt.Key.Key_Down, Qt.Key.Key_Up}:
            self._choose(self._at + (1 if key == Qt.Key.Key_Down else -1))
        elif key in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            if mods & Qt.KeyboardModifier.ShiftModifier:
                self._of_chosen("console")
            else:
                self._do(self._at)
        elif key == Qt.Key.Key_T and mods & Qt.KeyboardModifier.ControlModifier:
            self._of_chosen("terminal")
        else:
            return False
        return True

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Tab goes through the rows; the field keeps the focus."""
        self._choose(self._at + (1 if forward else -1))
        return True

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if not self.panel.geometry().contains(event.position().toPoint()):
            self.close_palette()

    # ── place and painting ───────────────────────────────────────────────────────────────────────
    def _place(self) -> None:
        self.setGeometry(self._window.rect())
        wide = min(theme().u(WIDE), self.width() - 32)
        layout = self.panel.layout()
        if layout is not None:
            layout.activate()
        high = min(self.panel.sizeHint().height(), self.height() - 32)
        top = TOP if high + TOP + 16 <= self.height() else 16
        self.panel.setGeometry(QRect((self.width() - wide) // 2, top, wide, high))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, box = QPainter(self), self.panel.geometry()
        painter.fillRect(self.rect(), theme().color("scrim_palette"))
        if self._shadow is None or self._shadow[0] != box.size():
            picture = paint_shadow(box.width(), box.height(), 16, self.devicePixelRatioF())
            self._shadow = (box.size(), picture)
        painter.drawPixmap(box.topLeft() - QPoint(REACH, REACH), self._shadow[1])
        paint_card(painter, QRectF(box), radius=16)
        for line in self._lines:
            y = box.top() + line.y()
            painter.fillRect(QRectF(box.left() + 1, y, box.width() - 2, 1), theme().color("border"))
