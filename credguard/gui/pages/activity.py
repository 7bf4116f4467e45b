"""Activity: one sentence a row, days as groups; searchable."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QRectF, QSize, Qt
from PySide6.QtGui import QAction, QPainter, QPaintEvent
from PySide6.QtWidgets import QBoxLayout, QLabel, QMenu, QSizePolicy, QVBoxLayout

from credguard.gui import moments
from credguard.gui.icons import paint_icon
from credguard.gui.pages.home_cards import actor, line_icon
from credguard.gui.pages.page import Page, clear
from credguard.gui.theme import LARGE, NARROW, theme
from credguard.gui.translate import harmless, words
from credguard.gui.widgets.button import Button
from credguard.gui.widgets.field import Field
from credguard.gui.widgets.marks import Pill
from credguard.gui.widgets.surface import Card, Separator
from credguard.gui.widgets.text import Text, draw, width_of
from credguard.queries.activity import ActivityLine

if TYPE_CHECKING:
    from credguard.gui.window import Window

_KINDS = [
    ("", "Everything"), ("use", "Keys used"), ("change", "Changes"), ("refused", "Refused"),
]  # fmt: skip
#: Lines that stand on the page at first, and that one press of the button adds.
MOST = 100


class _Line(QLabel):
    """One line, painted as a whole: a page may have hundreds. A QLabel, so that a screen reader says it."""

    def __init__(self, line: ActivityLine, narrow: bool) -> None:
        super().__init__()
        self.line, self._narrow = line, narrow
        self._refused = Pill("refused", "warn", "ban") if line.kind == "refused" else None
        if self._refused is not None:
            self._refused.setParent(self)
        calls = f", {line.calls} calls" if line.calls > 1 else ""
        account = f", {line.account}" if line.account else ""
        said = f"{moments.clock(line.at)}, {actor(line)} {words(line.action)}{calls}{account}"
        self.setAccessibleName(said if line.kind != "refused" else f"{said}, refused")
        self.setToolTip(f"{actor(line)} {words(line.action)}")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def measure(self) -> None:
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        return QSize(theme().u(400), theme().u(57 if self._narrow else 36))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme().u(200), self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, u, line = QPainter(self), theme().u, self.line
        high = u(36) if not self._narrow else u(32)
        draw(painter, QRectF(0, 0, u(40), high), moments.clock(line.at), "digits", "text2")
        left = float(u(52))
        icon = QRectF(left, (high - u(18)) / 2, u(18), u(18))
        paint_icon(painter, line_icon(line), icon, theme().color("text2"))
        left += u(32)
        right = self.width() - u(20)
        if self._narrow:
            self._account(painter, QRectF(left, u(29), right - left, u(20)))
        else:
            self._account(painter, QRectF(self.width() - u(160), 0, u(140), high))
            right = self.width() - u(180)
        calls = f"{line.calls} calls" if line.calls > 1 else ""
        if calls:
            box = QRectF(right - u(90), 0, u(90), high)
            draw(painter, box, calls, "digits", "text2", Qt.AlignmentFlag.AlignRight)
        right -= u(92) if calls or not self._narrow else 0
        if self._refused is not None:
            size = self._refused.sizeHint()
            self._refused.setGeometry(
                round(right - size.width()), (high - size.height()) // 2, size.width(), size.height()
            )
            right -= size.width() + u(8)
        who = actor(line)
        room = QRectF(left, 0, max(0.0, right - left), high)
        left += draw(painter, room, who, "card", "text") + width_of(" ", "body14")
        room = QRectF(left, 0, max(0.0, right - left), high)
        draw(painter, room, words(line.action), "body14", "text")

    def _account(self, painter: QPainter, box: QRectF) -> None:
        line, u = self.line, theme().u
        if not line.account:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme().color(f"account:{line.color}"))
        painter.drawEllipse(QRectF(box.left(), box.center().y() - u(4), u(8), u(8)))
        draw(painter, box.adjusted(u(16), 0, 0, 0), harmless(line.account), "body", "text2")


class _Choice(Button):
    """A button that opens a list and shows what was chosen."""

    def __init__(self, name: str, items: list[tuple[str, str]], page: ActivityPage) -> None:
        super().__init__(items[0][1], "secondary", "chevron-down", trailing=True)
        self.setObjectName(f"choose-{name}")
        self._said, self._items, self.at, self._page = name, items, "", page
        self.clicked.connect(self._open)
        self._tell()

    def offer(self, items: list[tuple[str, str]]) -> None:
        """What can be chosen now."""
        self._items = items
        if self.at not in {key for key, _ in items}:
            self.choose("")

    def choose(self, key: str) -> None:
        self.at = key
        self.setText(next(words_ for at, words_ in self._items if at == key))
        self._tell()
        self._page.filtered()

    def _tell(self) -> None:
        self.setAccessibleName(f"{self._said}: {self.text()}")

    def _open(self) -> None:
        menu = QMenu(self)
        for key, words_ in self._items:
            action = QAction(words_.replace("&", "&&"), menu)
            action.setCheckable(True)
            action.setChecked(key == self.at)
            action.triggered.connect(lambda _=False, k=key: self.choose(k))
            menu.addAction(action)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(self.mapToGlobal(QPoint(0, self.height() + 4)))


class ActivityPage(Page):
    """Who (which program) used which key when, and what was changed."""

    gap = 20
    shapes = (190, 150)

    def __init__(self, window: Window) -> None:
        super().__init__(window, "Activity", "Kept on this computer only")
        self._most = MOST
        self.field = Field("Search a program, account or key", "Search activity", 36, search=True)
        self.field.edit.textChanged.connect(lambda _: self.filtered())
        self.kinds = _Choice("Show", _KINDS, self)
        self.accounts = _Choice("Account", [("", "All accounts")], self)
        self._tools = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._tools.setSpacing(8)
        self._tools.addWidget(self.field, 1)
        self._tools.addWidget(self.kinds)
        self._tools.addWidget(self.accounts)
        self._top.addSpacing(16)
        self._top.addLayout(self._tools)

    def _fit(self) -> None:
        super()._fit()
        down = theme().scale >= LARGE
        way = QBoxLayout.Direction
        self._tools.setDirection(way.TopToBottom if down else way.LeftToRight)

    def search(self) -> None:
        self.field.edit.setFocus()

    def reload(self) -> None:
        services = self.window_.services
        self.read(lambda: services.activity_lines(2000))

    def filtered(self) -> None:
        """Something else is wanted: draw what is there already."""
        if self.data is not None:
            clear(self.content)
            self.draw()

    def draw(self) -> None:
        lines: tuple[ActivityLine, ...] = self.data
        named = sorted(
            {(a.account_id or "", a.account) for a in lines if a.account}, key=lambda pair: pair[1]
        )
        self.accounts.offer([("", "All accounts"), *named])
        found = [line for line in lines if self._wanted(line)]
        narrow = self.window_.width() < NARROW or theme().scale >= LARGE
        now = self.window_.services.clock.now()
        if not found:
            none = "Nothing fits." if lines else "Nothing yet. Programs that use a key will show up here."
            self.content.addWidget(Text(none, color="text2", wrap=True))
        days = groupby(found[: self._most], key=lambda line: moments.day_title(line.at, now))
        for number, (day, members) in enumerate(days):
            group = QVBoxLayout()
            group.setSpacing(8)
            group.setContentsMargins(0, 4 if number else 0, 0, 0)
            group.addWidget(Text(day, "strong", "text2"))
            card = Card(name=f"activity of {day}")
            layout = QVBoxLayout(card)
            layout.setContentsMargins(20, 1, 0, 1)
            layout.setSpacing(0)
            for at, line in enumerate(members):
                if at:
                    layout.addWidget(Separator(theme().u(52)))
                layout.addWidget(_Line(line, narrow))
            group.addWidget(card)
            self.content.addLayout(group)
        if len(found) > self._most:
            more = Button(f"Show {min(MOST, len(found) - self._most)} older", "secondary")
            more.clicked.connect(self._more)
            self.content.addWidget(more)
        self.content.addStretch(1)

    def _more(self) -> None:
        self._most += MOST
        self.filtered()

    def _wanted(self, line: ActivityLine) -> bool:
        if self.kinds.at and line.kind != self.kinds.at:
            return False
        if self.accounts.at and line.account_id != self.accounts.at:
            return False
        text = f"{actor(line)} {words(line.action)} {line.account} {line.access_key_id or ''}"
        return all(part in text.casefold() for part in self.field.text().casefold().split())
