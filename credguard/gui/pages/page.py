"""What every page has: the header, the scrolling content, reading again, and what to show meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QApplication, QHBoxLayout, QLayout, QVBoxLayout, QWidget

from credguard.domain.errors import CredGuardError
from credguard.gui.theme import LARGE, NARROW, theme
from credguard.gui.translate import words
from credguard.gui.widgets.header import PageHeader
from credguard.gui.widgets.scroll import ScrollArea
from credguard.gui.widgets.surface import Banner
from credguard.gui.widgets.tiles import SkeletonCard

if TYPE_CHECKING:
    from credguard.gui.window import Window

#: Below `SLIM` the padding is smaller; from `WIDE` on there is a column more (widths of the window).
SLIM, WIDE = 900, 1400


def clear(layout: QLayout) -> None:
    """Take everything out of a layout."""
    while (item := layout.takeAt(0)) is not None:
        widget, inner = item.widget(), item.layout()
        if widget is not None:
            widget.hide()
            widget.deleteLater()
        elif inner is not None:
            clear(inner)


class Page(QWidget):
    """Title at y 24, sub line under it, actions right (`head`); the content column is 960 wide at most.

    A page that reads with `read(call)` gets what was found in `data` and draws it in `draw()`: again after
    every change and when the window's width crosses a limit. Until the first answer the shapes of cards
    stand there; after an error what was read before stays, under a banner.
    """

    widest = 960
    #: From the header to the content.
    gap = 20
    #: Heights of the shapes while nothing is there yet.
    shapes: tuple[int, ...] = (148, 148)

    def __init__(self, window: Window, title: str, sub: str = "", back: str = "") -> None:
        super().__init__()
        self.window_ = window
        self.data: Any = None
        self._asked, self._shown, self._sort = 0, False, (-1, -1.0)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(0)
        self._soon.timeout.connect(self.redraw)
        self.setAccessibleName(title)
        self.header = PageHeader(title, sub, back)
        self.title, self.sub, self.head = self.header.title, self.header.sub, self.header.buttons
        if self.header.back is not None:
            self.header.back.clicked.connect(self.go_back)
        self._column = QWidget()
        self._top = QVBoxLayout(self._column)
        self._top.setSpacing(0)
        self._top.addWidget(self.header)
        self._inner = QWidget()
        self._body = QVBoxLayout(self._inner)
        self._body.setSpacing(0)
        self._notice = QVBoxLayout()
        self._notice.setSpacing(0)
        self.content = QVBoxLayout()
        self.content.setSpacing(16)
        self._body.addLayout(self._notice)
        self._body.addLayout(self.content, 1)
        self.area = ScrollArea(self._inner, over=True)
        self.area.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        top = QHBoxLayout()
        top.setContentsMargins(0, 0, 0, 0)
        top.addStretch(1)
        top.addWidget(self._column, 100_000)
        top.addStretch(1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addLayout(top)
        outer.addWidget(self.area, 1)

    # ── reading ──────────────────────────────────────────────────────────────────────────────────
    def reload(self) -> None:
        """Read again what is shown; called when the page becomes visible and after changes."""

    def read(self, call: Callable[[], Any]) -> None:
        """Do `call` elsewhere, then draw what it gave. An older answer never replaces a newer one."""
        self._asked += 1
        asked = self._asked
        if self.data is None and self.content.count() == 0:
            for height in self.shapes:
                self.content.addWidget(SkeletonCard(height))
            self.content.addStretch(1)
        self.window_.tasks.run(
            lambda tell: call(),
            lambda found: self._got(asked, found),
            lambda error: self._failed(asked, error),
            quick=True,
        )

    def _got(self, asked: int, found: Any) -> None:
        if asked < self._asked:
            return
        clear(self._notice)
        self.data = found
        self.redraw()

    def _failed(self, asked: int, error: CredGuardError) -> None:
        if asked < self._asked:
            return
        if self.data is None:
            clear(self.content)
        self.notice("warn", "triangle-alert", words(error.what), words(error.next), "Try again", self.reload)

    def notice(
        self, kind: str, icon: str, title: str, line: str, action: str, call: Callable[[], Any]
    ) -> None:
        """A banner above the content; one at a time."""
        clear(self._notice)
        banner = Banner(kind, icon, title, line, action)
        banner.pressed.connect(call)
        self._notice.addWidget(banner)
        self._notice.addSpacing(16)

    def redraw(self) -> None:
        """Draw `data` again; the keyboard focus stays on what has the same name."""
        if self.data is None:
            return
        focus = QApplication.focusWidget()
        inside = focus if focus is not None and self.isAncestorOf(focus) else None
        name, ring = (inside.objectName() if inside else ""), self.window_.ring_is_on(inside)
        before = set(self.findChildren(QWidget, name)) if name else set()
        clear(self.content)
        self.draw()
        self._shown = True
        if name and inside is not None and not inside.isVisible():
            found = next((w for w in self.findChildren(QWidget, name) if w not in before), None)
            if found is not None:
                reason = Qt.FocusReason.TabFocusReason if ring else Qt.FocusReason.OtherFocusReason
                # The layout shows it only after this.
                QTimer.singleShot(0, found, lambda: found.setFocus(reason))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.header.back is not None:
            self.go_back()
        elif event.text() == "/":
            self.search()
        elif event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self.first_thing()
        else:
            super().keyPressEvent(event)

    def draw(self) -> None:
        """Put `data` into `content`."""

    def search(self) -> None:
        """Ctrl F and /."""

    def first_thing(self) -> None:
        """Enter, where nothing has the focus."""

    def go_back(self) -> None:
        """The back link, Esc and Alt ←."""
        self.window_.back()

    # ── sizes ────────────────────────────────────────────────────────────────────────────────────
    def columns(self) -> int:
        """Of cards: one in a narrow window or with large text, three in a wide one."""
        width = self.window_.width()
        return 1 if width < NARROW or theme().scale >= LARGE else 2 if width < WIDE else 3

    def measure(self) -> None:
        """The text size changed."""
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        width = self.window_.width()
        side, top = (24, 16) if width < SLIM else (32, 24)
        back = self.header.back is not None
        self._top.setContentsMargins(side, top - (4 if back else 0), side, 0)
        self._body.setContentsMargins(side, self.gap, side, 24)
        for part in (self._column, self._inner):
            part.setMaximumWidth(self.widest + 2 * side)
        sort = (self.columns() + 10 * (width < SLIM), theme().scale)
        if sort != self._sort:
            self._sort = sort
            if self._shown:
                # Not now: a layout that is setting its items' places must keep them.
                self._soon.start()
