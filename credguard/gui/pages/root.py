"""The root page: red only in the top card; the way out in honest steps, which AWS's website does today."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from credguard.domain.accounts import grouped
from credguard.gui.pages.page import Page, clear
from credguard.gui.theme import theme
from credguard.gui.widgets.cards import row
from credguard.gui.widgets.surface import Card, Icon, IconTile, Separator
from credguard.gui.widgets.text import Text, draw
from credguard.queries.accounts import AccountRow

if TYPE_CHECKING:
    from credguard.gui.window import Window


class _Number(QWidget):
    def __init__(self, number: int, current: bool) -> None:
        super().__init__()
        self._number, self._current = number, current
        self.setFixedSize(theme().u(28), theme().u(28))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        c = theme().color
        painter.setPen(c("accent" if self._current else "border2"))
        painter.setBrush(c("accent" if self._current else "sunken"))
        painter.drawEllipse(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5))
        ink = "card" if self._current and not theme().dark else "text" if self._current else "text2"
        draw(painter, QRectF(self.rect()), str(self._number), "strong", ink, Qt.AlignmentFlag.AlignHCenter)


class RootPage(Page):
    """What a root key can do, and how to be rid of it."""

    def __init__(self, window: Window, account_id: str) -> None:
        super().__init__(window, "", back="Accounts")
        self._id = account_id

    def reload(self) -> None:
        services = self.window_.services
        self.window_.tasks.run(
            lambda tell: services.accounts(), self._show, self.window_.show_error, quick=True
        )

    def _show(self, rows: tuple[AccountRow, ...]) -> None:
        clear(self.content)
        found = next((r for r in rows if r.account.account_id == self._id), None)
        key = next((k for k in found.keys if k.root), None) if found else None
        if found is None or key is None:
            self.window_.back()
            return
        name = found.account.name
        card = Card(fill="danger_bg", border="danger_bd", name="root alarm")
        line = QHBoxLayout(card)
        line.setContentsMargins(24, 20, 24, 20)
        line.setSpacing(20)
        line.addWidget(IconTile("octagon-alert", "danger_solid", 48, 26), 0, Qt.AlignmentFlag.AlignTop)
        text = QVBoxLayout()
        text.setSpacing(4)
        text.addWidget(Text(f"This key can do anything in {name}", "title", "danger"))
        text.addWidget(
            Text(
                f"Root key {key.access_key_id}, account {grouped(self._id)}. Whoever has it can read and "
                "delete everything, run up any bill and close the account. MFA does not protect it, and no "
                "rule in the account can limit it.",
                "body14",
                wrap=True,
            )
        )
        line.addLayout(text, 1)
        self.content.addWidget(card)
        self.content.addSpacing(8)
        self.content.addLayout(
            row(Text("The way out", "lead"), None, Text("on the AWS website", color="text2"))
        )
        self.content.addWidget(self._steps(found, (key.profiles and [p.name for p in key.profiles]) or []))
        self.content.addStretch(1)

    def _steps(self, account: AccountRow, profiles: list[str]) -> Card:
        card = Card(name="the way out")
        layout = QVBoxLayout(card)
        layout.setContentsMargins(20, 8, 0, 8)
        layout.setSpacing(0)
        names = " and ".join(profiles) or "No profile uses the root key here"
        steps = [
            (
                "Make an administrator who is not root",
                "IAM › Users › Create user, in a group with AdministratorAccess, with its own MFA.",
                "The root key still works.",
                False,
            ),
            (
                "Bring its key here and prove that it works",
                "Save the CSV, then: credguard import. CredGuard asks AWS who it is.",
                "The root key still works.",
                False,
            ),
            ("Let the profiles use the new key", names, "The old file is kept, sealed.", False),
            (
                "Watch for a week",
                "IAM › Credential report shows when the root key was used last.",
                "The root key still works.",
                False,
            ),
            (
                "Delete the root key",
                "Sign in as root › Security credentials › Access keys › Deactivate, then Delete.",
                "This cannot be undone.",
                True,
            ),
            (
                "Give the root user MFA",
                "Security credentials › Assign MFA device. Only the website can do this.",
                "Nothing stops working.",
                False,
            ),
        ]
        for number, (title, what, safe, final) in enumerate(steps, 1):
            if number > 1:
                layout.addWidget(Separator(44))
            text = QVBoxLayout()
            text.setSpacing(0)
            text.addWidget(Text(title, "card" if number == 1 else "row"))
            text.addWidget(Text(what, color="text2"))
            line = QHBoxLayout()
            line.setContentsMargins(0, 8, 16, 8)
            line.setSpacing(16)
            line.addWidget(_Number(number, number == 1))
            line.addLayout(text, 1)
            side = QHBoxLayout()
            side.setSpacing(8)
            side.addWidget(
                Icon("triangle-alert" if final else "shield-check", 16, "warn" if final else "text2")
            )
            side.addWidget(Text(safe, color="warn" if final else "text2"), 1)
            holder = QWidget()
            holder.setFixedWidth(theme().u(236))
            holder.setLayout(side)
            side.setContentsMargins(0, 0, 0, 0)
            line.addWidget(holder)
            layout.addLayout(line)
        return card
