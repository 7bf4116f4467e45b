"""What opens at the tray icon: the codes by client, the alarm that stands, Open and Lock. Drawn by us."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from credguard.domain.errors import CredGuardError
from credguard.domain.otp import grouped
from credguard.gui.floating import Floating
from credguard.gui.focus import FocusRing
from credguard.gui.live import LiveCodes
from credguard.gui.theme import theme
from credguard.gui.translate import words
from credguard.gui.tray_rows import AlarmLine, TrayRow
from credguard.gui.widgets.button import Button
from credguard.gui.widgets.field import Field
from credguard.gui.widgets.gauges import TimeRing
from credguard.gui.widgets.say import announce
from credguard.gui.widgets.scroll import ScrollArea
from credguard.gui.widgets.surface import Icon, Separator
from credguard.gui.widgets.text import Text
from credguard.queries.codes import CodeNow
from credguard.queries.find import find
from credguard.queries.tray import TrayView

if TYPE_CHECKING:
    from credguard.gui.window import Window

WIDE, MOST = 360, 6
_LOCKED = {
    "none": ("No vault yet", "Open CredGuard to make one."),
    "locked": ("CredGuard is locked", "Codes and names are shown when it is open."),
}


class TrayPopup(Floating):
    """`opens` with a page of the window, `unlocks`, `locks`, `quits`. It keeps nothing while hidden."""

    opens = Signal(str)
    unlocks = Signal()
    locks = Signal()
    quits = Signal()

    def __init__(self, window: Window) -> None:
        super().__init__(WIDE, radius=14)
        self.setWindowTitle("CredGuard")
        self.setObjectName("tray")
        self.setAccessibleName("CredGuard codes")
        self._window = window
        self._view: TrayView | None = None
        self._live: LiveCodes | None = None
        self._timed: set[str] = set()
        self.rows: list[TrayRow] = []
        self._at = 0
        self._asked = 0
        self._hidden_at = float("-inf")
        self._build()

    # ── building ─────────────────────────────────────────────────────────────────────────────────
    def _build(self) -> None:
        outer = QVBoxLayout(self.panel)
        outer.setContentsMargins(1, 1, 1, 1)
        outer.setSpacing(0)
        self._head = QWidget()
        head = QHBoxLayout(self._head)
        head.setContentsMargins(11, 11, 13, 4)
        head.setSpacing(10)
        self.field = Field("Find a code", "Find a code", 36, search=True, role="body")
        self.field.edit.textChanged.connect(lambda _: self._list())
        self.field.edit.installEventFilter(self)
        self.ring = TimeRing(28)
        self.ring.hide()
        head.addWidget(self.field, 1)
        head.addWidget(self.ring)
        outer.addWidget(self._head)
        self._content = QWidget()
        self._list_box = QVBoxLayout(self._content)
        self._list_box.setContentsMargins(0, 0, 0, 0)
        self._list_box.setSpacing(2)
        self.area = ScrollArea(self._content, over=True)
        middle = QVBoxLayout()
        middle.setContentsMargins(7, 4, 7, 0)
        middle.addWidget(self.area)
        outer.addLayout(middle)
        self.nothing = Text("", color="text2", wrap=True)
        self.nothing.setContentsMargins(19, 8, 19, 12)
        self.nothing.hide()
        outer.addWidget(self.nothing)
        self.alarm = AlarmLine()
        self.alarm.clicked.connect(self._open_alarm)
        holder = self._alarm_holder = QWidget()
        line = QVBoxLayout(holder)
        line.setContentsMargins(11, 4, 11, 0)
        line.addWidget(self.alarm)
        outer.addWidget(holder)
        self._locked = self._locked_part()
        outer.addWidget(self._locked)
        outer.addSpacing(12)
        outer.addWidget(Separator())
        foot = QHBoxLayout()
        foot.setContentsMargins(7, 8, 7, 8)
        self.open = Button("Open CredGuard", "quiet", "app-window", 32)
        self.open.clicked.connect(lambda: self._leave_to(""))
        self.lock = Button("Lock", "quiet", "lock", 32)
        self.lock.clicked.connect(self._lock_or_unlock)
        foot.addWidget(self.open)
        foot.addStretch(1)
        foot.addWidget(self.lock)
        outer.addLayout(foot)
        for part in (self.alarm, self.open, self.lock):
            part.installEventFilter(self)
        self._ring = FocusRing(self)

    def _locked_part(self) -> QWidget:
        part = QWidget()
        layout = QVBoxLayout(part)
        layout.setContentsMargins(24, 28, 24, 12)
        layout.setSpacing(4)
        icon = QHBoxLayout()
        icon.addStretch(1)
        icon.addWidget(Icon("lock", 24))
        icon.addStretch(1)
        layout.addLayout(icon)
        layout.addSpacing(8)
        self.title = Text("", "name", center=True, wrap=True)
        self.why = Text("", color="text2", center=True, wrap=True)
        layout.addWidget(self.title)
        layout.addWidget(self.why)
        part.hide()
        return part

    # ── showing ──────────────────────────────────────────────────────────────────────────────────
    def pop_up(self, near: QPoint | None = None) -> None:
        """Read what is so now, and show it at the point `near` (of the screen)."""
        self.near = near
        self.field.edit.clear()
        if self._window.locked and not self._keeps():
            self._show_locked("locked")
            self._appear()
            return
        self._read()

    def _keeps(self) -> bool:
        """Whether codes stay here while the window is locked: never those of the sealed vault."""
        services = self._window.services
        kind = services.settings.get("codes_store") or services.store_kind()
        return kind == "keychain" and bool(services.settings.get("tray_codes"))

    def _read(self) -> None:
        services = self._window.services
        self._asked += 1
        asked = self._asked

        def got(view: TrayView) -> None:
            if asked != self._asked:
                return
            if view.locked or (self._window.locked and not self._keeps()):
                self._show_locked("codes" if view.openness.state == "codes-locked" else "locked")
            elif view.openness.state == "none":
                self._show_locked("none")
            else:
                self._show(view)
            self._appear()

        def failed(error: CredGuardError) -> None:
            if asked == self._asked:
                self._show_locked("locked", f"{words(error.what)} {words(error.next)}")
                self._appear()

        self._window.tasks.run(lambda tell: services.tray(), got, failed, quick=True)

    def _show(self, view: TrayView) -> None:
        self._view = view
        self._locked.hide()
        self._head.show()
        locked = self._window.locked
        self.lock.setText("Unlock" if locked else "Lock")
        self.lock.icon_name = "lock-open" if locked else "lock"
        # The page that it leads to is locked.
        alarm = view.alarm if not locked else None
        if alarm is not None:
            self.alarm.say(words(alarm.title))
        self._alarm_holder.setVisible(alarm is not None)
        self._timed = {c.entry_id for c in view.codes if c.type != "hotp" and c.unreadable is None}
        if self._live is not None:
            self._live.deleteLater()
        self._live = LiveCodes(self._window, self, ())
        self._live.changed.connect(self._tell)
        self._live.gone.connect(self._ended)
        self._list()
        self._live.tick()

    def _show_locked(self, how: str, why: str = "") -> None:
        """No name and no number."""
        self._forget()
        if how == "codes":
            title, line = "The codes are locked", "Your keys are open: programs go on working."
        else:
            title, line = _LOCKED[how]
        self.title.setText(title)
        self.why.setText(why or line)
        for part in (self._head, self.area, self.nothing, self._alarm_holder):
            part.hide()
        self._locked.show()
        self.lock.setText("Make a vault" if how == "none" else "Unlock")
        self.lock.icon_name = "lock-open"
        self.place()

    def _forget(self) -> None:
        from credguard.gui.pages.page import clear

        self._view = None
        self._asked += 1
        if self._live is not None:
            self._live.now.clear()
            self._live.deleteLater()
            self._live = None
        clear(self._list_box)
        self.rows = []
        self.ring.hide()
        self.alarm.say("")
        self.field.edit.clear()

    def _appear(self) -> None:
        self.place()
        self.show()
        self.raise_()
        self.activateWindow()
        first = self.lock if self._head.isHidden() else self.field.edit
        first.setFocus(Qt.FocusReason.PopupFocusReason)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._hidden_at = time.monotonic()
        self._forget()

    def hidden_for(self) -> float:
        """Seconds since it was put away."""
        return time.monotonic() - self._hidden_at

    def changeEvent(self, event: QEvent) -> None:
        """A click elsewhere, or another window: it goes, as menus do."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange and self.isVisible() and not self.isActiveWindow():
            self.hide()

    # ── the list ─────────────────────────────────────────────────────────────────────────────────
    def _list(self) -> None:
        from credguard.gui.pages.page import clear

        view = self._view
        if view is None:
            return
        clear(self._list_box)
        self.rows = []
        found = [f for f in find(self.field.text(), view.accounts, view.codes, 500) if f.entry_id is not None]
        for one in found:
            row = TrayRow(one)
            row.clicked.connect(partial(self._clicked, row))
            row.entered.connect(partial(self._point, row))
            self.rows.append(row)
            self._list_box.addWidget(row)
            row.show()
        self.area.setVisible(bool(found))
        self.nothing.setText("No code fits." if view.codes else "No codes yet. Add the first in CredGuard.")
        self.nothing.setVisible(not found)
        self._at = 0
        self._choose(0, say=False)
        if self._live is not None:
            # Codes of what is listed, and of nothing else, are asked for.
            self._live.show_entries([f.entry_id for f in found if f.entry_id and f.entry_id in self._timed])
            for entry in self._live.now:
                self._tell(entry)
        self.place()

    def _ended(self, entry: str) -> None:
        for row in self.rows:
            if row.found.entry_id == entry:
                row.show_code("")

    def _tell(self, entry: str) -> None:
        if self._live is None:
            return
        now = self._live.now[entry]
        for row in self.rows:
            if row.found.entry_id == entry:
                row.show_code(grouped(now.code))
        chosen = self.rows[self._at].found.entry_id if self.rows else None
        if entry == chosen:
            self._show_ring(now)

    def _show_ring(self, now: CodeNow) -> None:
        self.ring.show_time(now.valid_for, now.period)
        self.ring.show()

    def _choose(self, at: int, say: bool = True) -> None:
        if not self.rows:
            self.ring.hide()
            return
        self._at = max(0, min(len(self.rows) - 1, at))
        for number, row in enumerate(self.rows):
            row.set_chosen(number == self._at)
        chosen = self.rows[self._at]
        now = self._live.now.get(chosen.found.entry_id or "") if self._live is not None else None
        if now is not None:
            self._show_ring(now)
        else:
            self.ring.hide()
        if say:
            self.area.ensureWidgetVisible(chosen, 0, 4)
            announce(chosen, f"{chosen.accessibleName()} {chosen.accessibleDescription()}".strip())

    def _point(self, row: TrayRow) -> None:
        self._choose(self.rows.index(row), say=False)

    # ── doing ────────────────────────────────────────────────────────────────────────────────────
    def _clicked(self, row: TrayRow, _: bool = False) -> None:
        self._copy(row)

    def _copy(self, row: TrayRow) -> None:
        services, found, window = self._window.services, row.found, self._window
        entry = found.entry_id
        if entry is None:
            return

        def got(now: CodeNow) -> None:
            if now.used:
                row.say(f"used, next in {now.valid_for} s")
                return
            window.copied(entry, found.title, now)
            self.hide()

        def failed(error: CredGuardError) -> None:
            row.say(words(error.what))

        window.tasks.run(lambda tell: services.code(entry), got, failed, quick=True)

    def _console(self) -> None:
        account = self.rows[self._at].found.account if self.rows else None
        if account is not None:
            self.hide()
            self._window.act("console", account)

    def _open_alarm(self) -> None:
        alarm = self._view.alarm if self._view is not None else None
        self._leave_to(f"root:{alarm.account_id}" if alarm is not None and alarm.kind == "root" else "")

    def _leave_to(self, page: str) -> None:
        self.hide()
        self.opens.emit(page)

    def _lock_or_unlock(self) -> None:
        locked = self._head.isHidden() or self._window.locked
        self.hide()
        (self.unlocks if locked else self.locks).emit()

    # ── keys ─────────────────────────────────────────────────────────────────────────────────────
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            return self._key(event, watched is self.field.edit)
        return False

    def _key(self, event: QKeyEvent, typing: bool) -> bool:
        key, mods = event.key(), event.modifiers()
        if key == Qt.Key.Key_Escape:
            self.hide()
        elif key == Qt.Key.Key_Q and mods & Qt.KeyboardModifier.ControlModifier:
            self.hide()
            self.quits.emit()
        elif key == Qt.Key.Key_L and mods & Qt.KeyboardModifier.ControlModifier:
            self._lock_or_unlock()
        elif key in {Qt.Key.Key_Down, Qt.Key.Key_Up}:
            self._choose(self._at + (1 if key == Qt.Key.Key_Down else -1))
        elif typing and key in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            if mods & Qt.KeyboardModifier.ShiftModifier:
                self._console()
            elif self.rows:
                self._copy(self.rows[self._at])
        else:
            return False
        return True

    # ── place ────────────────────────────────────────────────────────────────────────────────────
    def place(self) -> None:
        """Six rows, then it scrolls; with large text on a small screen the list gives way first."""
        u, count = theme().u, min(MOST, len(self.rows))
        wanted = count * u(50) + max(0, count - 1) * 2
        self.area.setFixedHeight(wanted)
        over = self.needed() - self.room()
        if over > 0 and count:
            self.area.setFixedHeight(max(u(50), wanted - over))
        super().place()
