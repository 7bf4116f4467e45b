"""Codes: big digits, rings, search as you type; one click or Enter copies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction, QDragEnterEvent, QDropEvent, QKeyEvent
from PySide6.QtWidgets import QApplication, QGridLayout, QMenu, QWidget

from credguard.domain.errors import CredGuardError, Locked
from credguard.gui.live import LiveCodes
from credguard.gui.pages.page import Page, clear
from credguard.gui.translate import words
from credguard.gui.widgets.button import Button
from credguard.gui.widgets.cards import CodeCard
from credguard.gui.widgets.code import Aside
from credguard.gui.widgets.empty import EmptyState
from credguard.gui.widgets.field import Field
from credguard.gui.widgets.timeline import day_words

if TYPE_CHECKING:
    from credguard.gui.window import Window
    from credguard.queries.codes import CodeNow, CodeRow

#: A removed code can be brought back for seven days; a clock may be off by five seconds.
KEPT, CLOCK = 7 * 86_400.0, 5.0
_MOVES = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Up: 0, Qt.Key.Key_Down: 0}


class CodesPage(Page):
    """The window keeps codes, never seeds; rings step once a second, only while visible."""

    widest, gap, shapes = 1280, 16, (100, 100, 100)

    def __init__(self, window: Window) -> None:
        super().__init__(window, "Codes")
        self.cards: list[CodeCard] = []
        self._live: LiveCodes | None = None
        self._next: str | None = None  # the entry whose next code is copied when it comes
        self.setAcceptDrops(True)
        add = Button("Add code", "primary", "plus")
        add.clicked.connect(window.add_code)
        self.head.addWidget(add)
        self.field = Field(
            "Type a client or account name", "Find a code", 40, search=True, role="body14", key="/"
        )
        self.field.edit.textChanged.connect(lambda _: self._filter())
        self._top.addSpacing(16)
        self._top.addWidget(self.field)

    # ── reading ──────────────────────────────────────────────────────────────────────────────────
    def reload(self) -> None:
        self.read(self.window_.services.codes_page)

    def _failed(self, asked: int, error: CredGuardError) -> None:
        if asked < self._asked or not isinstance(error, Locked):
            super()._failed(asked, error)
            return
        self.data = None
        self._show_header(False)
        clear(self._notice)
        clear(self.content)
        self.cards = []
        said = "Only the passphrase opens CredGuard’s vault."
        if error.code != "vault-locked":
            said = words(error.what)
        locked = EmptyState("The codes are locked", said, "Unlock", ghost="codes", icon="lock-open")
        locked.first.connect(self.reload)
        self.content.addWidget(locked, 1)

    def _show_header(self, shown: bool) -> None:
        self.header.setVisible(shown)
        self.field.setVisible(shown)

    def _say(self, count: int) -> None:
        """How many there are, and what is known of the clock."""
        offset = self.window_.services.clock_offset()
        clock = "They are made on this laptop, without a network."
        if offset is not None and abs(offset) <= CLOCK:
            clock = "The clock of this laptop is exact."
        self.sub.setText(f"{count} code{'' if count == 1 else 's'}. {clock}")
        if offset is not None and abs(offset) > CLOCK:
            way = "behind" if offset > 0 else "ahead"
            self.notice(
                "warn", "clock", f"The clock of this laptop is {abs(offset):.0f} s {way}",
                "AWS may refuse its codes. Turn on automatic time.", "Check again", self.window_.check_now,
            )  # fmt: skip

    # ── drawing ──────────────────────────────────────────────────────────────────────────────────
    def draw(self) -> None:
        rows: tuple[CodeRow, ...] = self.data
        self.cards = []
        self._show_header(bool(rows))
        if not rows:
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
        self._say(sum(row.deleted_at is None for row in rows))
        self._grid = QGridLayout()
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(16)
        holder = QWidget()
        holder.setLayout(self._grid)
        self.content.addWidget(holder)
        self.content.addStretch(1)
        live = [
            row.entry_id for row in rows if row.entry_id and row.type != "hotp" and row.unreadable is None
        ]
        before = self._live.now if self._live is not None else {}
        self._live = LiveCodes(self.window_, holder, live)
        self._live.now.update(before)
        self._live.changed.connect(self._ticked)
        for row in rows:
            self._add(row)
        self._filter()

    def _add(self, row: CodeRow) -> None:
        aside = None
        if row.deleted_at is not None:
            aside = Aside("grace", f"Deleted on {day_words(row.deleted_at + KEPT)}", "Undo")
        card = CodeCard(row, aside)
        card.copy.connect(lambda: self._copy(card))
        card.acted.connect(lambda: self._acted(card))
        card.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        card.customContextMenuRequested.connect(lambda at: self._menu(card, at))
        if self._live is not None and row.entry_id in self._live.now:
            card.show_code(self._live.now[row.entry_id])
        self.cards.append(card)

    def _filter(self) -> None:
        """Those that fit what was typed, side by side; the others wait."""
        if not self.data or not self.cards:
            return
        wanted = self.field.text().casefold().split()
        columns, at = self.columns(), 0
        for card in self.cards:
            self._grid.removeWidget(card)
            row = card.code
            hay = f"{row.title} {row.name} {row.user} {row.company}".casefold()
            fits = all(word in hay for word in wanted)
            if fits:
                self._grid.addWidget(card, at // columns, at % columns)
                at += 1
            card.setVisible(fits)
        for number in range(3):
            self._grid.setColumnStretch(number, 1 if number < columns else 0)

    def _ticked(self, entry: str) -> None:
        now = self._live.now.get(entry) if self._live is not None else None
        card = next((c for c in self.cards if c.code.entry_id == entry), None)
        if now is None or card is None:
            return
        card.show_code(now)
        if entry == self._next and not now.used:
            self._next = None
            self._copied(card, now)

    # ── keys ─────────────────────────────────────────────────────────────────────────────────────
    def search(self) -> None:
        self.field.edit.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.field.edit.selectAll()

    def shown(self) -> list[CodeCard]:
        return [card for card in self.cards if card.isVisibleTo(self)]

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, shown = Qt.Key(event.key()), self.shown()
        focus = QApplication.focusWidget()
        typing = focus is self.field.edit
        card = next((c for c in shown if c is focus), None)
        plain = not event.modifiers() & ~(
            Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier
        )
        if key in _MOVES and shown and (not typing or key == Qt.Key.Key_Down):
            self._walk(key, shown, card)
        elif key in {Qt.Key.Key_Return, Qt.Key.Key_Enter} and shown:
            self._copy(card or shown[0])
        elif key == Qt.Key.Key_Delete and card is not None:
            self._remove(card)
        elif key == Qt.Key.Key_Escape and self.field.text():
            self.field.edit.clear()
        elif plain and event.text().strip() and event.text().isprintable() and event.text() != "/":
            self.field.edit.setFocus()
            self.field.edit.setText(self.field.text() + event.text())
        else:
            super().keyPressEvent(event)

    def _walk(self, key: Qt.Key, shown: list[CodeCard], card: CodeCard | None) -> None:
        step = _MOVES[key] or (self.columns() if key == Qt.Key.Key_Down else -self.columns())
        at = 0 if card is None else shown.index(card) + step
        if at < 0 and key == Qt.Key.Key_Up:
            self.field.edit.setFocus(Qt.FocusReason.TabFocusReason)
        elif 0 <= at < len(shown):
            shown[at].setFocus(Qt.FocusReason.TabFocusReason)
            self.window_.reveal(shown[at])

    def _menu(self, card: CodeCard, at: QPoint) -> None:
        menu = QMenu(card)
        if card.code.unreadable is None and card.code.deleted_at is None:
            copy = QAction("Copy", menu)
            copy.triggered.connect(lambda: self._copy(card))
            remove = QAction("Remove", menu)
            remove.setShortcut(Qt.Key.Key_Delete)
            remove.triggered.connect(lambda: self._remove(card))
            menu.addActions([copy, remove])
        menu.aboutToHide.connect(menu.deleteLater)
        if menu.actions():
            menu.popup(card.mapToGlobal(at))

    # ── what is done ─────────────────────────────────────────────────────────────────────────────
    def _acted(self, card: CodeCard) -> None:
        if card.code.unreadable is not None:
            self.window_.add_code()
        elif card.code.deleted_at is not None:
            self._restore(card.code.entry_id)

    def _copy(self, card: CodeCard) -> None:
        services, entry = self.window_.services, card.code.entry_id
        if card.code.unreadable is not None or card.code.deleted_at is not None:
            return
        if card.code.type == "hotp":
            self.window_.tasks.run(
                lambda tell: services.code(entry), lambda now: self._copied(card, now),
                self.window_.show_error,
            )  # fmt: skip
        elif card.now is not None and card.now.used:
            self._next = entry
            name, wait = card.code.title or card.code.name, card.now.valid_for
            self.window_.toast.say(
                f"AWS takes each code once. The next one of {name} is copied in {{n}} s.",
                icon="clock", seconds=wait, count=wait,
            )  # fmt: skip
        elif card.now is not None:
            self._copied(card, card.now)

    def _copied(self, card: CodeCard, now: CodeNow) -> None:
        name = (card.code.title or card.code.name) + (" root" if card.code.root else "")
        if card.code.type == "hotp" and now.step is not None:
            card.show_count(now.step)
        card.show_code(now)
        card.show_copied()
        self.window_.copied(card.code.entry_id, name, now)

    def _remove(self, card: CodeCard) -> None:
        row, window = card.code, self.window_
        if row.deleted_at is not None or row.unreadable is not None:
            return
        services = window.services

        def done(removed: CodeRow) -> None:
            day = day_words((removed.deleted_at or 0.0) + KEPT)
            window.toast.say(
                f"The code of {row.title or row.name} is removed. It is kept until {day}.",
                undo=lambda: self._restore(row.entry_id), icon="trash",
            )  # fmt: skip
            self.reload()

        window.tasks.run(lambda tell: services.remove_code(row.entry_id), done, window.show_error)

    def _restore(self, entry: str) -> None:
        window = self.window_

        def done(row: CodeRow) -> None:
            window.toast.say(f"The code of {row.title or row.name} is back.")
            self.reload()

        window.tasks.run(lambda tell: window.services.restore_code(entry), done, window.show_error)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        from credguard.gui.journeys.add_code import takes

        if takes(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        self.window_.add_code("picture").take(event.mimeData())
