"""The root page: red only in the top card; the way out in honest steps, which AWS's website does today."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout

from credguard.domain.accounts import grouped
from credguard.gui.pages.page import Page
from credguard.gui.theme import LARGE, theme
from credguard.gui.translate import harmless
from credguard.gui.widgets.button import Button
from credguard.gui.widgets.cards import row
from credguard.gui.widgets.guide import GuideList, GuideStep
from credguard.gui.widgets.surface import Card, IconTile
from credguard.gui.widgets.text import Text
from credguard.queries.accounts import AccountRow, KeyRow

if TYPE_CHECKING:
    from credguard.gui.window import Window

#: Where the first step begins.
IAM_USERS = "https://console.aws.amazon.com/iam/home#/users"


class RootPage(Page):
    """What a root key can do, and how to be rid of it."""

    gap = 12
    shapes = (120, 348)

    def __init__(self, window: Window, account_id: str) -> None:
        super().__init__(window, "", back="Accounts")
        self._id = account_id
        self.header.words_visible(False)
        self.start = Button("Open IAM on the AWS website", "primary", "external-link", 40, trailing=True)
        self.start.clicked.connect(lambda: QDesktopServices.openUrl(QUrl(IAM_USERS)))

    def go_back(self) -> None:
        self.window_.show_account(self._id)

    def first_thing(self) -> None:
        if self.start.isVisible():
            self.start.click()

    def reload(self) -> None:
        self.read(self.window_.services.accounts)

    def redraw(self) -> None:
        self.start.setParent(self)  # it outlives the content
        self.start.hide()
        super().redraw()

    def draw(self) -> None:
        rows: tuple[AccountRow, ...] = self.data
        found = next((r for r in rows if r.account.account_id == self._id), None)
        key = next((k for k in found.keys if k.root), None) if found else None
        if found is None or key is None:
            self.window_.show_page("accounts")
            return
        name = harmless(found.account.name)
        self.setAccessibleName(f"Root of {name}")
        if self.header.back is not None:
            self.header.back.setText(name)
            self.header.back.setAccessibleName(f"Back to {name}")
        self.content.addWidget(self._alarm(name, key))
        takes = Text("about 10 minutes, a week of watching, 5 minutes", color="text2")
        head = row(Text("The way out", "lead"), None, takes)
        head.setContentsMargins(0, 4, 0, 0)
        self.content.addLayout(head)
        self.content.setSpacing(16)
        guide = GuideList(_steps(found, key), "the way out")
        self.content.addSpacing(-8)
        self.content.addWidget(guide)
        yours = Text("CredGuard does none of this by itself yet: each step is yours.", color="text2")
        if theme().scale >= LARGE:
            self.content.addWidget(yours)
            self.content.addLayout(row(self.start, None))
        else:
            self.content.addLayout(row(yours, None, self.start))
        self.start.show()
        self.content.addStretch(1)

    def _alarm(self, name: str, key: KeyRow) -> Card:
        card = Card(fill="danger_bg", border="danger_bd", name="root alarm")
        line = QHBoxLayout(card)
        line.setContentsMargins(24, 20, 20, 20)
        line.setSpacing(20)
        if theme().scale < LARGE:
            side = QVBoxLayout()
            side.addWidget(IconTile("octagon-alert", "danger_solid", 48, 26))
            side.addStretch(1)
            line.addLayout(side)
        words = QVBoxLayout()
        words.setSpacing(4)
        words.addWidget(Text(f"This key can do anything in {name}", "title", "danger", wrap=True))
        words.addWidget(
            Text(
                f"Root key {key.access_key_id}, account {grouped(self._id)}. Whoever has it can read and "
                "delete everything, run up any bill and close the account. MFA does not protect it, and no "
                "rule in the account limits it.",
                "body14",
                wrap=True,
            )
        )
        words.addStretch(1)
        line.addLayout(words, 1)
        card.setAccessibleDescription(f"This key can do anything in {name}")
        return card


def _steps(account: AccountRow, key: KeyRow) -> list[GuideStep]:
    profiles = [harmless(link.name) for link in key.profiles]
    count = len(profiles)
    switch = f"Switch {count} profile{'' if count == 1 else 's'} to the new key" if count else ""
    names = " and ".join(profiles) if count <= 2 else f"{', '.join(profiles[:-1])} and {profiles[-1]}"
    return [
        GuideStep(
            "Make an administrator who is not root",
            "IAM › Users › Create user, in a group with AdministratorAccess, with its own MFA.",
            "Then you sign in as that user.",
            "current",
        ),
        GuideStep(
            "Bring its key here and prove that it works",
            "Save its key as a CSV in Downloads, then Add account. CredGuard proves it.",
            "The root key still works.",
        ),
        GuideStep(
            switch or "Let nothing use the root key",
            f"In ~/.aws/config: {names}" if count else "No profile uses it here.",
            "The root key still works.",
        ),
        GuideStep(
            "Watch for 7 days",
            "Activity shows uses from here, IAM › Credential report those from elsewhere.",
            "The root key still works.",
        ),
        GuideStep(
            "Delete the root key",
            "Signed in as root: Security credentials › Access keys › Deactivate, then Delete.",
            "This cannot be undone.",
            final=True,
        ),
        GuideStep(
            "Give the root user MFA",
            "Signed in as root: Security credentials › Assign MFA device.",
            "Nothing stops working.",
        ),
    ]
