"""Code cards side by side, however many there are: only those that are seen exist."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QAbstractScrollArea, QApplication, QFrame, QWidget

from credguard.gui.theme import theme
from credguard.gui.widgets.code import CodeCard
from credguard.gui.widgets.code_drag import CardDrag
from credguard.gui.widgets.scroll import OverBar, bar_style
from credguard.queries.codes import CodeRow

GAP, BOTTOM = 16, 24
_TAB = Qt.FocusReason.TabFocusReason


@dataclass(frozen=True, slots=True)
class _Sizes:
    """Where cards stand, in the content's own coordinates."""

    left: int
    top: int
    width: int
    height: int
    columns: int

    def box(self, index: int) -> QRect:
        line, column = divmod(index, self.columns)
        x = self.left + column * (self.width + GAP)
        return QRect(x, self.top + line * (self.height + GAP), self.width, self.height)


def key_of(row: CodeRow) -> str:
    """What tells cards apart: the entry, or the name of one that cannot be read."""
    return row.entry_id or f"unreadable {row.name}"


class CodeGrid(QAbstractScrollArea):
    """Scrolls by moving the cards; a card that leaves shows the next row that comes.

    A layout holds no more than half a million pixels and a widget for each row takes seconds, so neither is
    used. `copy`, `acted` and `menu` give the card; `seen` says that other entries are on the screen; `moved`
    gives an entry and the one it was dropped in front of ("" for the end).
    """

    copy = Signal(object)
    acted = Signal(object)
    menu = Signal(object, QPoint)
    seen = Signal()
    moved = Signal(str, str)

    def __init__(self, widest: int) -> None:
        super().__init__()
        self.rows: tuple[CodeRow, ...] = ()
        self.movable = False
        self._widest, self._side, self._columns = widest, 32, 2
        self._places: dict[str, int] = {}
        self._cards: dict[str, CodeCard] = {}
        self._free: list[CodeCard] = []
        self.setObjectName("codes")
        self.setAccessibleName("Codes")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.viewport().setAutoFillBackground(False)
        self.viewport().setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._bar = OverBar(self)
        self._drag = CardDrag(self)
        self._style()
        theme().changed.connect(self._style)

    # ── what is shown ────────────────────────────────────────────────────────────────────────────
    def show_rows(self, rows: Sequence[CodeRow]) -> None:
        """These, in this order; a card that shows one of them stays what it is."""
        self.rows = tuple(rows)
        self._places = {key_of(row): number for number, row in enumerate(self.rows)}
        for key, card in self._cards.items():
            at = self._places.get(key)
            if at is not None and card.code != self.rows[at] and card.code.type != "hotp":
                card.show_row(self.rows[at])
        self._measure()
        self._lay()

    def columns(self, count: int, side: int) -> None:
        """How many stand side by side, and the padding left and right."""
        self._columns, self._side = count, side
        self._measure()
        self._lay()

    def shown(self) -> list[CodeCard]:
        """The cards that there are, in order."""
        return [self._cards[key] for key in sorted(self._cards, key=lambda k: self._places.get(k, -1))]

    def entries(self) -> list[str]:
        """The entries on the screen whose codes run by time."""
        return [
            c.code.entry_id
            for c in self.shown()
            if c.code.entry_id and c.code.type != "hotp" and c.code.unreadable is None
        ]

    def card_of(self, entry_id: str) -> CodeCard | None:
        return self._cards.get(entry_id)

    def place_of(self, card: CodeCard) -> int | None:
        return self._places.get(key_of(card.code))

    def forget(self) -> None:
        """Keep nothing: the codes were locked."""
        self.show_rows(())

    # ── where cards stand ────────────────────────────────────────────────────────────────────────
    def sizes(self) -> _Sizes:
        width = min(self.viewport().width() - 2 * self._side, self._widest)
        left = (self.viewport().width() - width) // 2
        each = max(1, (width - GAP * (self._columns - 1)) // self._columns)
        return _Sizes(left, GAP, each, theme().u(100), self._columns)

    def measure(self) -> None:
        """The text size changed."""
        self._measure()
        self._lay()

    def _measure(self) -> None:
        sizes, bar = self.sizes(), self.verticalScrollBar()
        lines = -(-len(self.rows) // sizes.columns)
        high = sizes.top + lines * (sizes.height + GAP) - GAP + BOTTOM if lines else 0
        bar.setPageStep(self.viewport().height())
        bar.setSingleStep(theme().u(40))
        bar.setRange(0, max(0, high - self.viewport().height()))
        self._bar.follow()

    def _lay(self) -> None:
        """Cards for what is seen; the one with the focus stays, so that keys go on from it."""
        sizes, offset = self.sizes(), self.verticalScrollBar().value()
        step = sizes.height + GAP
        first = max(0, (offset - sizes.top) // step) * sizes.columns
        last = ((offset + self.viewport().height() - sizes.top) // step + 1) * sizes.columns
        wanted = {key_of(self.rows[n]): n for n in range(first, min(last, len(self.rows)))}
        kept = self._kept()
        if kept is not None and kept in self._places:
            wanted[kept] = self._places[kept]
        before = self._cards.keys()
        for key in before - wanted.keys():
            self._let_go(key)
        fresh = [key for key in wanted if key not in self._cards]
        for key in fresh:
            self._cards[key] = self._card(self.rows[wanted[key]])
        for key, number in wanted.items():
            card = self._cards[key]
            card.setGeometry(sizes.box(number).translated(0, -offset))
            card.show()
        if fresh or before != wanted.keys():
            self.seen.emit()

    def _kept(self) -> str | None:
        focus = QApplication.focusWidget()
        if focus is None or not self.viewport().isAncestorOf(focus):
            return None
        card = self.card_at(focus)
        return key_of(card.code) if card is not None else None

    def card_at(self, widget: QWidget | None) -> CodeCard | None:
        """The card that `widget` is or stands in."""
        while widget is not None and widget is not self:
            if isinstance(widget, CodeCard):
                return widget
            widget = widget.parentWidget()
        return None

    def _card(self, row: CodeRow) -> CodeCard:
        if self._free:
            card = self._free.pop()
            card.show_row(row)
            return card
        card = CodeCard(row)
        card.setParent(self.viewport())
        card.copy.connect(lambda: self.copy.emit(card))
        card.acted.connect(lambda: self.acted.emit(card))
        card.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        card.customContextMenuRequested.connect(lambda at: self.menu.emit(card, at))
        card.installEventFilter(self)
        return card

    def _let_go(self, key: str) -> None:
        card = self._cards.pop(key)
        card.hide()
        card.forget()
        self._free.append(card)

    def reveal(self, index: int) -> CodeCard:
        """The card of a row, scrolled so that it and the ring around it are seen."""
        bar, box = self.verticalScrollBar(), self.sizes().box(index)
        high = self.viewport().height()
        if box.top() - GAP < bar.value():
            bar.setValue(box.top() - GAP)
        elif box.bottom() + BOTTOM > bar.value() + high:
            bar.setValue(box.bottom() + BOTTOM - high)
        self._lay()
        return self._cards[key_of(self.rows[index])]

    def focus(self, index: int, reason: Qt.FocusReason = _TAB) -> None:
        self.reveal(index).setFocus(reason)

    # ── Qt ───────────────────────────────────────────────────────────────────────────────────────
    def scrollContentsBy(self, dx: int, dy: int) -> None:
        self._lay()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._measure()
        self._lay()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind == QEvent.Type.FocusIn and isinstance(event, QFocusEvent) and isinstance(watched, CodeCard):
            at = self.place_of(watched)
            if at is not None and event.reason() in {_TAB, Qt.FocusReason.BacktabFocusReason}:
                self.reveal(at)
        elif isinstance(event, QMouseEvent) and isinstance(watched, CodeCard):
            return self.movable and self._drag.mouse(watched, event)
        return False

    def wheelEvent(self, event: QWheelEvent) -> None:
        super().wheelEvent(event)
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self._drag.cancel():
            return
        event.ignore()  # the page walks from card to card

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Tab from outside goes to the first card that is seen."""
        super().focusInEvent(event)
        if self.rows and event.reason() in {_TAB, Qt.FocusReason.ShortcutFocusReason}:
            self.focus(self._first_seen())

    def _first_seen(self) -> int:
        sizes, offset = self.sizes(), self.verticalScrollBar().value()
        line = max(0, -(-(offset - sizes.top) // (sizes.height + GAP)))
        return min(line * sizes.columns, len(self.rows) - 1)

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Tab in the order of the rows: cards are used again, so the order of their making says nothing."""
        focus = QApplication.focusWidget()
        card = self.card_at(focus)
        at = self.place_of(card) if card is not None else None
        if card is None or at is None or focus is None:
            return self._leave(forward)
        stops: list[QWidget] = [card, *card.stops()]
        place = stops.index(focus) + (1 if forward else -1) if focus in stops else 0
        reason = _TAB if forward else Qt.FocusReason.BacktabFocusReason
        if 0 <= place < len(stops):
            stops[place].setFocus(reason)
            return True
        other = at + (1 if forward else -1)
        if not 0 <= other < len(self.rows):
            return self._leave(forward)
        target = self.reveal(other)
        (target if forward else [target, *target.stops()][-1]).setFocus(reason)
        return True

    def _leave(self, forward: bool) -> bool:
        """To the next control outside."""
        at = self.nextInFocusChain() if forward else self.previousInFocusChain()
        while at is not None and at is not self:
            tab = at.focusPolicy().value & Qt.FocusPolicy.TabFocus.value
            if tab and at.isVisible() and at.isEnabled() and not self.isAncestorOf(at):
                at.setFocus(_TAB if forward else Qt.FocusReason.BacktabFocusReason)
                return True
            at = at.nextInFocusChain() if forward else at.previousInFocusChain()
        return False

    def _style(self) -> None:
        self._bar.setStyleSheet(bar_style())
