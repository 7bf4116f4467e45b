"""Codes: big digits, rings, search as you type; one click or Enter copies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QHideEvent, QKeyEvent, QShowEvent
from PySide6.QtWidgets import QGridLayout, QWidget

from credguard.gui.pages.page import Page, clear
from credguard.gui.widgets.button import Button
from credguard.gui.widgets.cards import CodeCard
from credguard.gui.widgets.empty import EmptyState
from credguard.gui.widgets.field import Field
from credguard.queries.codes import CodeNow, CodeRow

if TYPE_CHECKING:
    from credguard.gui.window import Window


class CodesPage(Page):
    """The window keeps codes, never seeds; rings step once a second, only while visible."""

    widest = 1280

    def __init__(self, window: Window) -> None:
        super().__init__(window, "Codes")
        self._rows: tuple[CodeRow, ...] = ()
        self._cards: list[CodeCard] = []
        self._until: dict[str, float] = {}
        add = Button("Add code", "primary", "plus")
        add.clicked.connect(window.add_code)
        self.head.addWidget(add)
        self._field = Field("Type a client or account name", "Find a code", 40, search=True, role="body14")
        self._field.edit.textChanged.connect(lambda _: self._draw())
        self._timer = QTimer(self)
        self._timer.setInterval(1000)
        self._timer.timeout.connect(self._tick)

    def showEvent(self, event: QShowEvent) -> None:
        self._timer.start()

    def hideEvent(self, event: QHideEvent) -> None:
        self._timer.stop()

    def search(self) -> None:
        self._field.edit.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.text().isprintable() and event.text() and not self._field.edit.hasFocus():
            self._field.edit.setFocus()
            self._field.edit.setText(self._field.edit.text() + event.text())
            return
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter} and self._cards:
            self._copy(self._cards[0])
            return
        super().keyPressEvent(event)

    def reload(self) -> None:
        services = self.window_.services
        self.window_.tasks.run(lambda tell: services.codes(), self._show, self.window_.show_error, quick=True)

    def _show(self, rows: tuple[CodeRow, ...]) -> None:
        self._rows = rows
        count = len(rows)
        self.sub.setText(f"{count} code{'' if count == 1 else 's'}. They are made on this computer.")
        self._draw()

    def _draw(self) -> None:
        self._field.setParent(None)
        clear(self.content)
        self._cards = []
        if not self._rows:
            empty = EmptyState(
                "No codes yet",
                "Show CredGuard the QR code that AWS shows you. It keeps the secret and makes the codes.",
                "Add code",
            )
            empty.first.connect(self.window_.add_code)
            self.content.addWidget(empty, 1)
            return
        self.content.addWidget(self._field)
        self._field.show()
        wanted = self._field.edit.text().casefold()
        rows = [r for r in self._rows if wanted in f"{r.title} {r.name} {r.user}".casefold()]
        holder = QWidget()
        grid = QGridLayout(holder)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(16)
        width = self.window_.width()
        columns = 1 if width < 960 else 2 if width < 1400 else 3
        for number, code in enumerate(rows):
            card = CodeCard(code)
            card.copy.connect(lambda c=card: self._copy(c))
            self._cards.append(card)
            grid.addWidget(card, number // columns, number % columns)
        for number in range(columns):
            grid.setColumnStretch(number, 1)
        self.content.addWidget(holder)
        self.content.addStretch(1)
        self._until.clear()
        self._tick()

    def _tick(self) -> None:
        """Count down; ask for new codes only where a period ended."""
        now = self.window_.services.clock.now()
        stale = []
        for card in self._cards:
            if card.code.unreadable is not None or card.code.type == "hotp":
                continue
            until = self._until.get(card.code.entry_id, 0.0)
            if card.now is None or now >= until:
                stale.append(card)
            else:
                from dataclasses import replace

                left = max(1, int(until - now + 0.999))
                card.show_code(replace(card.now, valid_for=min(left, card.now.period)))
        if stale:
            self._ask(stale)

    def _ask(self, cards: list[CodeCard]) -> None:
        services = self.window_.services
        ids = [card.code.entry_id for card in cards]

        def answer(codes: list[CodeNow]) -> None:
            at = services.clock.now()
            for card, code in zip(cards, codes, strict=True):
                self._until[card.code.entry_id] = at + code.valid_for
                try:
                    card.show_code(code)
                except RuntimeError:
                    continue  # the card was replaced meanwhile

        self.window_.tasks.run(
            lambda tell: [services.code(i) for i in ids], answer, self.window_.show_error, quick=True
        )

    def _copy(self, card: CodeCard) -> None:
        services = self.window_.services
        if card.code.unreadable is not None:
            return
        if card.code.type == "hotp":
            self.window_.tasks.run(
                lambda tell: services.code(card.code.entry_id), lambda now: self._copied(card, now),
                self.window_.show_error,
            )  # fmt: skip
        elif card.now is not None and not card.now.used:
            self._copied(card, card.now)

    def _copied(self, card: CodeCard, now: CodeNow) -> None:
        services = self.window_.services
        seconds = services.settings.get("clipboard_seconds")
        card.show_code(now)
        self.window_.clipboard.copy_secret(now.code, seconds)
        card.show_copied()
        self.window_.toast.say(
            f"{card.code.title or card.code.name} code copied. The clipboard is cleared in {seconds} s.",
            icon="clipboard",
        )
        entry = card.code.entry_id
        self.window_.tasks.run(lambda tell: services.note_copied(entry, now.step), quick=True)
