"""An account's card: 148 high, so that identity, age and MFA compare at a glance."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from credguard.domain.accounts import grouped as grouped_id
from credguard.gui.theme import theme
from credguard.gui.widgets.button import Button, Kind, Link
from credguard.gui.widgets.code import CodeCard
from credguard.gui.widgets.gauges import AgeBar
from credguard.gui.widgets.surface import ClickCard, Pill
from credguard.gui.widgets.text import Text
from credguard.queries.accounts import AccountRow

__all__ = ["AccountCard", "CodeCard", "row"]

_KEYS = {
    Qt.Key.Key_C: "code", Qt.Key.Key_O: "console", Qt.Key.Key_T: "terminal", Qt.Key.Key_R: "rotate",
}  # fmt: skip

_ARROWS = {Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down}


def row(*parts: QWidget | int | None, spacing: int = 8) -> QHBoxLayout:
    """Widgets side by side; a number is a gap, None is the stretch."""
    layout = QHBoxLayout()
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(spacing)
    for part in parts:
        if part is None:
            layout.addStretch(1)
        elif isinstance(part, int):
            layout.addSpacing(part)
        else:
            layout.addWidget(part)
    return layout


class AccountCard(ClickCard):
    """Name, id, identity, key age, and what can be done. Emits `act` with an action's name.

    Actions: code, console, terminal, rotate, root, undo, copy-id, more. Enter and a click open the
    account (`activated`); on the focused card C, O, T, R do what the foot does.
    """

    act = Signal(str)

    def __init__(self, account: AccountRow, key_words: tuple[str, str, str], due_days: int) -> None:
        """`key_words`: left text, right text, and their colour token."""
        super().__init__(bar=account.account.color, name=f"account {account.account.name}")
        self.row = account
        layout = QVBoxLayout(self)
        layout.setSpacing(0)
        upper = self._upper = QVBoxLayout()
        upper.setSpacing(0)
        upper.addLayout(self._head())
        upper.addSpacing(2)
        upper.addLayout(self._identity())
        upper.addSpacing(12)
        upper.addLayout(self._age_line(*key_words))
        upper.addSpacing(2)
        key = account.current
        age = key.age_days if key else None
        upper.addWidget(AgeBar(age, due_days, root=account.is_root))
        layout.addLayout(upper)
        layout.addStretch(1)
        layout.addLayout(self._foot())
        grouped = grouped_id(account.account.account_id)
        words = [f"{grouped}, {account.user}", " ".join(key_words[:2]).strip(), _mfa_words(account)]
        self.setAccessibleDescription(". ".join(w for w in words if w))
        self.measure()

    def measure(self) -> None:
        u = theme().u
        self.setFixedHeight(u(148))
        # The foot's first icon meets the edge of the text (20 px), so its button begins before that.
        layout = self.layout()
        if layout is not None:
            layout.setContentsMargins(20 - u(10), u(14), 16 - u(8), u(4))
            self._upper.setContentsMargins(u(10), 0, u(8), 0)

    def sizeHint(self) -> QSize:
        return QSize(theme().u(400), theme().u(148))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme().u(260), theme().u(148))

    def _head(self) -> QHBoxLayout:
        account = self.row
        parts: list[QWidget | int | None] = [Text(account.account.name, "name"), None]
        if account.mfa and not account.is_root:
            parts.append(Pill("MFA", "quiet", "check"))
        elif not account.mfa:
            parts.append(Pill("No MFA", "warn", "triangle-alert"))
        if account.is_root:
            parts.append(Pill("ROOT", "solid"))
        return row(*parts, spacing=6)

    def _identity(self) -> QHBoxLayout:
        copy = Button("", "quiet", "copy", 20, name=f"Copy the account number of {self.row.account.name}")
        copy.clicked.connect(lambda: self.act.emit("copy-id"))
        number = Text(grouped_id(self.row.account.account_id), "digits", "text2")
        return row(number, 2, copy, 9, Text(self.row.user, color="text2"), None, spacing=0)

    def _age_line(self, left: str, right: str, tone: str) -> QHBoxLayout:
        if self.row.grace is not None:
            undo = Link("Undo", name=f"Undo the rotation of {self.row.account.name}")
            undo.clicked.connect(lambda: self.act.emit("undo"))
            return row(Text(left), None, undo)
        right_tone = "text2" if tone in {"text", "danger"} else tone
        return row(Text(left, color=tone), None, Text(right, color=right_tone))

    def _foot(self) -> QHBoxLayout:
        late = self.row.urgency == "late"
        actions: list[tuple[str, str, str, Kind]]
        if self.row.is_root:
            actions = [("root", "Make it safe", "shield-check", "red")]
        else:
            actions = [
                ("code", "Code", "copy", "quiet"),
                ("console", "Console", "globe", "quiet"),
                ("terminal", "Terminal", "terminal", "quiet"),
                ("rotate", "Rotate", "rotate-cw", "warn" if late else "quiet"),
            ]
        foot = QHBoxLayout()
        foot.setContentsMargins(0, 0, 0, 0)
        foot.setSpacing(4)
        self._actions: list[Button] = []
        for action, label, icon, kind in actions:
            button = Button(label, kind, icon, 28, name=f"{label} {self.row.account.name}")
            button.setProperty("action", action)
            button.clicked.connect(lambda _=False, a=action: self.act.emit(a))
            if action == "code":
                button.setEnabled(any(m.code for m in self.row.mfa))
            self._actions.append(button)
            foot.addWidget(button)
        foot.addStretch(1)
        more = Button("", "quiet", "more-horizontal", 28, name=f"More of {self.row.account.name}")
        more.clicked.connect(self.activated)
        foot.addWidget(more)
        return foot

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Icons alone where the words have no room: a large text size in a small window."""
        u = theme().u
        wanted = sum(button.full_width() for button in self._actions) + u(28) + 4 * len(self._actions)
        room = self.width() - (20 - u(10)) - (16 - u(8))
        for button in self._actions:
            button.set_compact(len(self._actions) > 1 and wanted > room)

    def set_offline(self, why: str) -> None:
        """What needs AWS is off, and says why."""
        for button in self._actions:
            if button.property("action") in {"console", "rotate"}:
                button.setEnabled(False)
                button.setToolTip(why)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in _ARROWS:
            event.ignore()  # the page walks from card to card
            return
        action = _KEYS.get(Qt.Key(event.key())) if not event.modifiers() else None
        if action is not None:
            self._press("root" if self.row.is_root else action)
            return
        super().keyPressEvent(event)

    def _press(self, action: str) -> None:
        """A key does what its button does, and nothing where that is off."""
        button = next((b for b in self._actions if b.property("action") == action), None)
        if button is not None and button.isEnabled():
            self.act.emit(action)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        left = 5 if self.bar else 1
        line = QRectF(left, theme().u(111), self.width() - left - 1, 1)
        QPainter(self).fillRect(line, theme().color("border"))


def _mfa_words(account: AccountRow) -> str:
    words = "with MFA" if account.mfa else "no MFA"
    return f"root key, {words}" if account.is_root else words
