"""An account's own page: left what you do (key, profiles, MFA), right what you read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from credguard.domain.accounts import grouped
from credguard.gui.pages.accounts import key_words
from credguard.gui.pages.page import Page, clear
from credguard.gui.translate import words
from credguard.gui.widgets.button import Button
from credguard.gui.widgets.cards import row
from credguard.gui.widgets.gauges import AgeBar, ScoreRing
from credguard.gui.widgets.surface import Card, Icon, Pill, Separator
from credguard.gui.widgets.text import Text
from credguard.gui.widgets.timeline import day_words
from credguard.queries.accounts import AccountRow, KeyRow

if TYPE_CHECKING:
    from credguard.gui.window import Window


class AccountPage(Page):
    """17 : 10 columns."""

    def __init__(self, window: Window, account_id: str) -> None:
        super().__init__(window, "", back="Accounts")
        self._id = account_id
        self._actions = QHBoxLayout()
        self._actions.setSpacing(8)
        self.head.addLayout(self._actions)
        if self._column.layout() is not None:
            self._column.layout().addLayout(self.head)  # type: ignore[union-attr]
            self._column.layout().addItem(_gap(20))  # type: ignore[union-attr]

    def reload(self) -> None:
        services = self.window_.services

        def read(tell: Any) -> Any:
            rows = services.accounts()
            found = next((r for r in rows if r.account.account_id == self._id), None)
            return found, services.activity(200), services.endpoint()

        self.window_.tasks.run(read, self._show, self.window_.show_error, quick=True)

    def _show(self, found: tuple[AccountRow | None, tuple[Any, ...], str | None]) -> None:
        account, activity, endpoint = found
        clear(self.content)
        clear(self._actions)
        if account is None:
            self.window_.back()
            return
        self.title.setText(account.account.name)
        parts = [grouped(account.account.account_id), account.account.alias or "", account.user]
        if endpoint:
            parts.append(f"asks {endpoint}")
        self.sub.setText("    ".join(p for p in parts if p))
        if any(m.code for m in account.mfa):
            copy = Button("Copy code", "primary", "copy")
            copy.clicked.connect(lambda: self.window_.act("code", account))
            self._actions.addWidget(copy)
        for action, label, icon in (("console", "Console", "globe"), ("terminal", "Terminal", "terminal")):
            button = Button(label, "secondary", icon)
            button.clicked.connect(lambda _=False, a=action: self.window_.act(a, account))
            self._actions.addWidget(button)
        columns = QHBoxLayout()
        columns.setSpacing(16)
        left, right = QVBoxLayout(), QVBoxLayout()
        for side in (left, right):
            side.setSpacing(16)
        for key in account.keys:
            left.addWidget(self._key(account, key))
        left.addWidget(self._profiles(account))
        left.addWidget(self._mfa(account))
        left.addStretch(1)
        right.addWidget(self._score(account))
        right.addWidget(self._sign_in(account))
        own = [a for a in activity if a.account_id == self._id or a.access_key_id in _ids(account)]
        right.addWidget(self._lately(own[:4]))
        right.addStretch(1)
        columns.addLayout(left, 17)
        columns.addLayout(right, 10)
        self.content.addLayout(columns)
        self.content.addStretch(1)

    def _key(self, account: AccountRow, key: KeyRow) -> Card:
        card = Card(name="access key")
        layout = QVBoxLayout(card)
        layout.setContentsMargins(20, 14, 20, 14)
        layout.setSpacing(8)
        layout.addWidget(Text("Root key" if key.root else "Access key", "card"))
        copy = Button("", "quiet", "copy", 28, name="Copy the key id")
        copy.clicked.connect(lambda: self.window_.copy_plain(key.access_key_id, "Key id copied."))
        state = "" if key.status != "inactive" else "turned off"
        layout.addLayout(row(Text(key.access_key_id, "mono"), copy, None, Text(state, color="text2")))
        left, right, tone = key_words(account, self.window_.services.clock.now())
        layout.addLayout(row(Text(left, color=tone), None, Text(right, color="text2")))
        layout.addWidget(AgeBar(key.age_days, self.window_.services.settings.get("due_days"), root=key.root))
        if key.root:
            safe = Button("Make it safe", "danger2", "shield-check")
            safe.clicked.connect(lambda: self.window_.show_root(self._id))
            layout.addLayout(row(safe, None))
            return card
        buttons: list[QWidget | int | None] = []
        rotate = Button("Rotate", "secondary", "rotate-cw", name=f"Rotate {key.access_key_id}")
        rotate.clicked.connect(lambda: self.window_.act("rotate", account))
        buttons.append(rotate)
        if account.grace is not None:
            undo = Button("Turn the old key on again", "secondary", "undo-2")
            undo.clicked.connect(lambda: self.window_.act("undo", account))
            buttons.append(undo)
        layout.addLayout(row(*buttons, None))
        return card

    def _profiles(self, account: AccountRow) -> Card:
        card = Card(name="profiles that use it")
        layout = QVBoxLayout(card)
        layout.setContentsMargins(20, 14, 0, 10)
        layout.setSpacing(6)
        layout.addWidget(Text("Profiles that use it", "card"))
        links = [link for key in account.keys for link in key.profiles]
        if not links:
            layout.addWidget(Text("No profile uses this key.", color="text2"))
        for number, link in enumerate(links):
            if number:
                layout.addWidget(Separator(30))
            where = link.config_path + (f", line {link.config_line}" if link.config_line else "")
            text = QVBoxLayout()
            text.setSpacing(0)
            text.addWidget(Text(link.name, "mono"))
            text.addWidget(Text(where, color="text2"))
            line = QHBoxLayout()
            line.setContentsMargins(0, 4, 20, 4)
            line.setSpacing(12)
            line.addWidget(Icon("terminal-square"))
            line.addLayout(text, 1)
            line.addWidget(Pill("asks CredGuard", "quiet", "check"))
            layout.addLayout(line)
        return card

    def _mfa(self, account: AccountRow) -> Card:
        card = Card(name="mfa devices")
        layout = QVBoxLayout(card)
        layout.setContentsMargins(20, 10, 0, 10)
        layout.setSpacing(6)
        add = Button("Add", "quiet", "plus", 28, name="Add a code")
        add.clicked.connect(self.window_.add_code)
        head = row(Text("MFA devices", "card"), None, add)
        head.setContentsMargins(0, 0, 16, 0)
        layout.addLayout(head)
        if not account.mfa:
            layout.addWidget(
                Text("None known here. A code protects the sign-in, not the key.", color="text2")
            )
        for number, device in enumerate(account.mfa):
            if number:
                layout.addWidget(Separator(30))
            text = QVBoxLayout()
            text.setSpacing(0)
            text.addWidget(Text("Code on this computer" if device.code else device.name, "row"))
            detail = device.name if device.code else "its codes come from elsewhere"
            text.addWidget(Text(detail, color="text2"))
            line = QHBoxLayout()
            line.setContentsMargins(0, 4, 16, 4)
            line.setSpacing(12)
            line.addWidget(Icon("timer" if device.code else "smartphone"))
            line.addLayout(text, 1)
            if device.code:
                copy = Button("Copy", "quiet", "copy", 28, name="Copy the code")
                copy.clicked.connect(lambda: self.window_.act("code", account))
                line.addWidget(copy)
            layout.addLayout(line)
        return card

    def _score(self, account: AccountRow) -> Card:
        card = Card(name="health")
        layout = QHBoxLayout(card)
        layout.setContentsMargins(20, 16, 20, 16)
        layout.setSpacing(16)
        layout.addWidget(ScoreRing(account.score, 56, 6))
        text = QVBoxLayout()
        text.setSpacing(0)
        text.addWidget(Text("Health", "card"))
        text.addWidget(Text("Not checked yet", color="text2"))
        layout.addLayout(text, 1)
        return card

    def _sign_in(self, account: AccountRow) -> Card:
        card = Card(name="sign in")
        layout = QVBoxLayout(card)
        layout.setContentsMargins(20, 14, 20, 14)
        layout.setSpacing(6)
        layout.addWidget(Text("Sign in", "card"))
        address = f"{account.account.alias or account.account.account_id}.signin.aws.amazon.com"
        copy = Button("", "quiet", "copy", 28, name="Copy the sign-in address")
        copy.clicked.connect(lambda: self.window_.copy_plain(f"https://{address}/console", "Address copied."))
        line = QHBoxLayout()
        line.addWidget(Text(address), 1)
        line.addWidget(copy)
        layout.addLayout(line)
        layout.addLayout(row(Text("User", color="text2"), None, Text(account.user)))
        return card

    def _lately(self, rows: list[Any]) -> Card:
        card = Card(name="lately")
        layout = QVBoxLayout(card)
        layout.setContentsMargins(20, 14, 20, 14)
        layout.setSpacing(8)
        layout.addWidget(Text("Lately", "card"))
        if not rows:
            layout.addWidget(Text("Nothing yet.", color="text2"))
        for entry in rows:
            text = QVBoxLayout()
            text.setSpacing(0)
            text.addWidget(Text(entry.actor, "row"))
            text.addWidget(Text(words(entry.action), color="text2"))
            line = QHBoxLayout()
            day = Text(day_words(entry.at), color="text2")
            day.setFixedWidth(56)
            line.addWidget(day)
            line.addLayout(text, 1)
            layout.addLayout(line)
        return card


def _ids(account: AccountRow) -> set[str]:
    return {key.access_key_id for key in account.keys}


def _gap(height: int) -> Any:
    from PySide6.QtWidgets import QSpacerItem

    return QSpacerItem(0, height)
