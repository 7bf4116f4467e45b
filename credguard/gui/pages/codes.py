"""Codes: big digits, rings, search as you type; one click or Enter copies."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction, QDragEnterEvent, QDropEvent, QKeyEvent
from PySide6.QtWidgets import QApplication, QMenu, QVBoxLayout

from credguard.domain.errors import CredGuardError, Locked
from credguard.gui.journeys.export_codes import more_menu
from credguard.gui.live import LiveCodes
from credguard.gui.moments import clock
from credguard.gui.pages.code_deeds import KEPT, CodeDeeds
from credguard.gui.pages.page import SLIM, Page, clear
from credguard.gui.translate import words
from credguard.gui.widgets.button import Button
from credguard.gui.widgets.code import Aside, CodeCard
from credguard.gui.widgets.code_grid import GAP, CodeGrid
from credguard.gui.widgets.empty import EmptyState
from credguard.gui.widgets.field import Field
from credguard.gui.widgets.surface import Banner
from credguard.gui.widgets.timeline import day_words
from credguard.queries.codes import searched

if TYPE_CHECKING:
    from credguard.gui.window import Window
    from credguard.queries.codes import CodeNow, CodeRow

#: A clock may be off by five seconds.
CLOCK = 5.0
_Key = Qt.Key
_MOVES = {_Key.Key_Left: -1, _Key.Key_Right: 1, _Key.Key_Up: 0, _Key.Key_Down: 0}
_JUMPS = {_Key.Key_Home, _Key.Key_End, _Key.Key_PageUp, _Key.Key_PageDown}


def aside_of(row: CodeRow, now: CodeNow | None) -> Aside | None:
    """What stands at the right of a card instead of its ring."""
    if row.deleted_at is not None:
        return Aside("grace", f"Deleted on {day_words(row.deleted_at + KEPT)}", "Undo")
    if now is not None and now.pause is not None:
        return Aside("stopped", f"Next try at {clock(now.pause.until)}", "Why?")
    if now is not None and now.known_in:
        return Aside("learning", f"AWS learns it, {now.known_in} s")
    return None


class CodesPage(Page):
    """The window keeps codes, never seeds, and only of the cards that are seen."""

    widest, gap, shapes = 1280, 16, (100, 100, 100)

    def __init__(self, window: Window) -> None:
        super().__init__(window, "Codes")
        self._live: LiveCodes | None = None
        self._hay: list[str] = []
        self._locked = False
        self.setAcceptDrops(True)
        self.deeds = CodeDeeds(self)
        self.add = Button("Add code", "primary", "plus")
        self.add.clicked.connect(window.add_code)
        self.unlock = Button("Unlock codes", "primary", "lock-open")
        self.unlock.clicked.connect(self.deeds.open_codes)
        self.unlock.hide()
        self.more = Button("", "quiet", "more-horizontal", name="Import or export codes")
        self.more.clicked.connect(lambda: more_menu(self.window_, self.more))
        self.head.addWidget(self.unlock)
        self.head.addWidget(self.more)
        self.head.addWidget(self.add)
        self.field = Field(
            "Type a client or account name", "Find a code", 40, search=True, role="body14", key="/"
        )
        self.field.edit.textChanged.connect(lambda _: self._filter())
        self._top.addSpacing(16)
        self._top.addWidget(self.field)
        # The cards scroll by themselves, so what is to be noticed stands above them.
        self._notice = QVBoxLayout()
        self._notice.setSpacing(0)
        self._top.addLayout(self._notice)
        self.grid = CodeGrid(self.widest)
        self.grid.hide()
        self.grid.copy.connect(self.deeds.copy)
        self.grid.acted.connect(self._acted)
        self.grid.menu.connect(self._menu)
        self.grid.moved.connect(self.deeds.move)
        self.grid.seen.connect(self._seen)
        outer = self.layout()
        assert isinstance(outer, QVBoxLayout)
        outer.addWidget(self.grid, 1)

    @property
    def is_locked(self) -> bool:
        return self._locked

    # ── reading ──────────────────────────────────────────────────────────────────────────────────
    def reload(self) -> None:
        self.read(self.window_.services.codes_page)

    def _got(self, asked: int, found: Any) -> None:
        same = asked >= self._asked and found == self.data and not self._locked
        if same and bool(found):
            clear(self._notice)
            self.data = found
            self._say()
            if self._live is not None:
                self._live.forget()  # used meanwhile, or stopped: asked anew, nothing is drawn again
                self._live.tick()
            return
        self._locked = False
        super()._got(asked, found)

    def _failed(self, asked: int, error: CredGuardError) -> None:
        if asked < self._asked or not isinstance(error, Locked):
            super()._failed(asked, error)
        else:
            self.lock(error)

    def lock(self, error: CredGuardError) -> None:
        """The codes are closed: six dots for those that the catalog knows, where the keys are open."""
        self.data, self._locked, self._live = None, True, None
        clear(self._notice)
        clear(self.content)
        self.grid.forget()
        if error.code == "part-locked":
            services = self.window_.services
            self.window_.tasks.run(
                lambda tell: services.known_codes(), self._lock_rows, self.window_.show_error, quick=True
            )
            return
        self._lock_rows(())
        if error.code != "vault-locked":
            self.sub.setText(words(error.what))

    def _lock_rows(self, rows: tuple[CodeRow, ...]) -> None:
        if not self._locked:
            return
        self.sub.setText("They are locked. The keys are open.")
        self._show_header(bool(rows), locked=True)
        self._show_grid(bool(rows))
        if rows:
            self._hay = [searched(row) for row in rows]
            self.data = rows
            self._filter()
            return
        locked = EmptyState(
            "The codes are locked", "Only the passphrase opens CredGuard’s vault.", "Unlock",
            ghost="codes", icon="lock-open",
        )  # fmt: skip
        locked.first.connect(self.deeds.open_codes)
        self.content.addWidget(locked, 1)

    def _show_header(self, shown: bool, locked: bool = False) -> None:
        self.header.setVisible(shown)
        self.field.setVisible(shown)
        self.add.setVisible(not locked)
        self.more.setVisible(not locked)
        self.unlock.setVisible(locked)

    def _show_grid(self, shown: bool) -> None:
        self.area.setVisible(not shown)
        self.grid.setVisible(shown)

    def _say(self) -> None:
        """How many there are, and what is known of the clock."""
        count = sum(row.deleted_at is None for row in self.data)
        offset = self.window_.services.clock_offset()
        said = "They are made on this laptop, without a network."
        if offset is not None and abs(offset) <= CLOCK:
            said = "The clock of this laptop is exact."
        self.sub.setText(f"{count:,} code{'' if count == 1 else 's'}. {said}")
        if offset is not None and abs(offset) > CLOCK:
            way = "behind" if offset > 0 else "ahead"
            self.notice(
                "warn", "clock", f"The clock of this laptop is {abs(offset):.0f} s {way}",
                "AWS may refuse its codes. Turn on automatic time.", "Check again", self.window_.check_now,
            )  # fmt: skip

    def notice(
        self, kind: str, icon: str, title: str, line: str, action: str, call: Callable[[], Any]
    ) -> None:
        clear(self._notice)
        banner = Banner(kind, icon, title, line, action)
        banner.pressed.connect(call)
        self._notice.addSpacing(GAP)
        self._notice.addWidget(banner)

    # ── drawing ──────────────────────────────────────────────────────────────────────────────────
    def redraw(self) -> None:
        """Cards that stay are kept, with their focus."""
        if self.data is None:
            return
        clear(self.content)
        self.draw()
        self._shown = True

    def draw(self) -> None:
        rows: tuple[CodeRow, ...] = self.data
        if self._locked:
            self._lock_rows(rows)
            return
        self._hay = [searched(row) for row in rows]
        self._show_header(bool(rows))
        self._show_grid(bool(rows))
        if not rows:
            self.grid.forget()
            self._live = None
            empty = EmptyState(
                "No codes yet",
                "Show CredGuard the QR code that AWS shows you, and it will make the six digits from now on.",
                "Read QR from screen", "Other ways", ghost="codes", icon="qr-code",
                other_icon="chevron-down",
            )  # fmt: skip
            empty.first.connect(self.window_.add_code)
            empty.second.connect(lambda: self.window_.add_code("picture"))
            self.content.addWidget(empty, 1)
            return
        self._say()
        if self._live is None:
            self._live = LiveCodes(self.window_, self.grid, ())
            self._live.changed.connect(self._ticked)
            self._live.gone.connect(self._ended)
            self._live.locked.connect(self.lock)
            if self.grid.isVisible():
                self._live.start()
        self._filter()
        self._live.forget()
        self._seen()

    def _filter(self) -> None:
        """Those that fit what was typed, side by side."""
        if not self.data:
            return
        wanted = self.field.text().casefold().split()
        rows = self.data
        if wanted:
            rows = [
                row for row, hay in zip(rows, self._hay, strict=True) if all(word in hay for word in wanted)
            ]
        self.grid.movable = not wanted and not self._locked
        self.grid.show_rows(rows)
        self.grid.verticalScrollBar().setValue(0 if wanted else self.grid.verticalScrollBar().value())

    def _seen(self) -> None:
        """Other cards are on the screen: their codes, and no others, are asked for."""
        for card in self.grid.shown():
            if self._locked:
                card.set_aside(Aside("locked", action="Unlock"))
            elif card.now is None:
                self._show(card)
        if self._live is not None and not self._locked:
            waiting = self.deeds.waiting
            entries = self.grid.entries()
            self._live.show_entries(entries if waiting is None else [*entries, waiting.entry_id])

    def _show(self, card: CodeCard) -> None:
        now = self._live.now.get(card.code.entry_id) if self._live is not None else None
        aside = aside_of(card.code, now)
        if aside != card.aside:
            card.set_aside(aside)
        if now is not None:
            card.show_code(now)

    def _ticked(self, entry: str) -> None:
        card = self.grid.card_of(entry)
        if card is not None:
            self._show(card)
        if self._live is not None:
            self.deeds.ticked(entry, self._live.now[entry])

    def _ended(self, entry: str) -> None:
        card = self.grid.card_of(entry)
        if card is not None:
            card.forget()

    # ── keys ─────────────────────────────────────────────────────────────────────────────────────
    @property
    def cards(self) -> list[CodeCard]:
        """Those that exist: of the rows on the screen."""
        return self.grid.shown()

    def shown(self) -> list[CodeCard]:
        return [card for card in self.cards if card.isVisibleTo(self.grid)]

    def search(self) -> None:
        self.field.edit.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.field.edit.selectAll()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, rows, mods = _Key(event.key()), self.grid.rows, event.modifiers()
        typing = QApplication.focusWidget() is self.field.edit
        card = self.grid.card_at(QApplication.focusWidget())
        plain = not mods & ~(Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier)
        if key in {_Key.Key_Up, _Key.Key_Down} and mods & Qt.KeyboardModifier.AltModifier:
            if card is not None:
                self.deeds.shift(card, -1 if key == _Key.Key_Up else 1)
        elif key in _MOVES and rows and (not typing or key == _Key.Key_Down):
            self._walk(key, card)
        elif key in _JUMPS and rows and not typing:
            self._jump(key, card)
        elif key in {_Key.Key_Return, _Key.Key_Enter} and rows:
            self.deeds.copy(card or self.grid.reveal(0))
        elif key == _Key.Key_Delete and card is not None:
            self.deeds.remove(card.code)
        elif key == _Key.Key_Escape and self.field.text():
            self.field.edit.clear()
        elif plain and event.text().strip() and event.text().isprintable() and event.text() != "/":
            self.field.edit.setFocus()
            self.field.edit.setText(self.field.text() + event.text())
        else:
            super().keyPressEvent(event)

    def _walk(self, key: Qt.Key, card: CodeCard | None) -> None:
        columns = self.columns()
        step = _MOVES[key] or (columns if key == _Key.Key_Down else -columns)
        place = self.grid.place_of(card) if card is not None else None
        at = 0 if place is None else place + step
        if at < 0 and key == _Key.Key_Up:
            self.field.edit.setFocus(Qt.FocusReason.TabFocusReason)
        elif 0 <= at < len(self.grid.rows):
            self.grid.focus(at)

    def _jump(self, key: Qt.Key, card: CodeCard | None) -> None:
        """Home, End, and a screen further."""
        last = len(self.grid.rows) - 1
        sizes = self.grid.sizes()
        screen = max(1, self.grid.viewport().height() // (sizes.height + GAP)) * sizes.columns
        at = (self.grid.place_of(card) if card is not None else None) or 0
        place = {
            _Key.Key_Home: 0, _Key.Key_End: last, _Key.Key_PageUp: max(at - screen, at % sizes.columns),
            _Key.Key_PageDown: min(at + screen, last),
        }[key]  # fmt: skip
        self.grid.focus(place)

    def _menu(self, card: CodeCard, at: QPoint) -> None:
        menu = QMenu(card)
        row = card.code
        if row.unreadable is None and row.deleted_at is None and not self._locked:
            for label, call, key in (
                ("Copy", lambda: self.deeds.copy(card), None),
                ("Move up", lambda: self.deeds.shift(card, -1), "Alt+Up"),
                ("Move down", lambda: self.deeds.shift(card, 1), "Alt+Down"),
                ("Show as QR code …", lambda: self.deeds.show_qr(row), None),
                ("Remove", lambda: self.deeds.remove(row), "Del"),
            ):
                action = QAction(label, menu)
                action.triggered.connect(call)
                if key is not None:
                    action.setShortcut(key)
                menu.addAction(action)
        menu.aboutToHide.connect(menu.deleteLater)
        if menu.actions():
            menu.popup(card.mapToGlobal(at))

    def _acted(self, card: CodeCard) -> None:
        row = card.code
        if self._locked:
            self.deeds.open_codes()
        elif row.unreadable is not None:
            self.window_.add_code()
        elif row.deleted_at is not None:
            self.deeds.restore(row.entry_id)
        elif card.now is not None and card.now.pause is not None:
            self.deeds.why(row, card.now.pause)

    # ── Qt ───────────────────────────────────────────────────────────────────────────────────────
    def _fit(self) -> None:
        super()._fit()
        self.grid.columns(self.columns(), 24 if self.window_.width() < SLIM else 32)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        from credguard.gui.journeys.add_code import takes

        if takes(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        self.window_.add_code("picture").take(event.mimeData())
