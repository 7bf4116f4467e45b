"""An account's own page: left what you do (key, profiles, MFA), right what you read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QVBoxLayout

from credguard.domain.accounts import grouped
from credguard.gui.pages import account_cards as cards
from credguard.gui.pages.accounts import OFFLINE
from credguard.gui.pages.mfa_card import MfaCard
from credguard.gui.pages.page import Page, clear
from credguard.gui.theme import LARGE, NARROW, theme
from credguard.gui.translate import harmless, words
from credguard.gui.widgets.button import Button
from credguard.gui.widgets.cards import row
from credguard.gui.widgets.surface import Banner, Pill
from credguard.gui.widgets.text import Text
from credguard.queries.accounts import AccountRow
from credguard.queries.activity import ActivityLine
from credguard.queries.codes import CodeRow

if TYPE_CHECKING:
    from credguard.gui.window import Window

_KEYS = {
    Qt.Key.Key_C: "code", Qt.Key.Key_O: "console", Qt.Key.Key_T: "terminal", Qt.Key.Key_R: "rotate",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class AccountData:
    """What the page draws; `account` is None once it is gone."""

    account: AccountRow | None
    lines: tuple[ActivityLine, ...]
    codes: tuple[CodeRow, ...]
    endpoint: str | None
    unfinished: bool = False  # an MFA device was begun and is not there yet


class AccountPage(Page):
    """17 : 10 columns; one column in a narrow window."""

    shapes = (166, 158, 166)

    def __init__(self, window: Window, account_id: str) -> None:
        super().__init__(window, "", back="Accounts")
        self._id = account_id
        self._offered: dict[str, Button] = {}

    def _fit(self) -> None:
        self.header.stacked = self.window_.width() < NARROW
        self.header.measure()
        super()._fit()

    def go_back(self) -> None:
        self.window_.show_page("accounts")

    def reload(self) -> None:
        services, wanted = self.window_.services, self._id

        def look() -> AccountData:
            found = next((r for r in services.accounts() if r.account.account_id == wanted), None)
            ids = {key.access_key_id for key in found.keys} if found else set()
            lines = services.activity_lines(200)
            own = tuple(a for a in lines if a.account_id == wanted or a.access_key_id in ids)
            codes = tuple(c for c in services.codes() if c.account_id == wanted)
            key = found.current if found is not None else None
            begun = key is not None and services.enrolment_of(key.access_key_id) is not None
            return AccountData(found, own, codes, services.endpoint(), begun)

        self.read(look)

    def draw(self) -> None:
        data: AccountData = self.data
        account = data.account
        if account is None:
            self.window_.show_page("accounts")
            return
        self._head(account, data.endpoint)
        window = self.window_
        problem = window.problems.get(self._id)
        if problem is not None:
            banner = Banner("warn", "triangle-alert", words(problem.what), words(problem.next), "Check again")
            banner.pressed.connect(window.check_now)
            self.content.addWidget(banner)
        elif window.offline:
            banner = Banner("neutral", "cloud-off", *OFFLINE, "Try again")
            banner.pressed.connect(window.check_now)
            self.content.addWidget(banner)
        one = window.width() < NARROW or theme().scale >= LARGE
        way = QBoxLayout.Direction.TopToBottom if one else QBoxLayout.Direction.LeftToRight
        columns, left, right = QBoxLayout(way), QVBoxLayout(), QVBoxLayout()
        for side in (columns, left, right):
            side.setSpacing(16)
        for key in sorted(account.keys, key=lambda k: k.status == "inactive"):
            left.addWidget(cards.KeyCard(window, account, key, data.lines))
        if not account.keys:
            left.addWidget(cards.NoKeyCard(window))
        left.addWidget(cards.ProfilesCard(account))
        left.addWidget(MfaCard(window, account, data.codes, data.unfinished))
        right.addWidget(cards.ScoreCard(account))
        right.addWidget(cards.SignInCard(window, account))
        right.addWidget(cards.LatelyCard(data.lines[:4], window.services.clock.now()))
        if not one:
            left.addStretch(1)
            right.addStretch(1)
        columns.addLayout(left, 0 if one else 17)
        columns.addLayout(right, 0 if one else 10)
        self.content.addLayout(columns)
        self.content.addStretch(1)

    def _head(self, account: AccountRow, endpoint: str | None) -> None:
        window, header = self.window_, self.header
        self.title.setText(harmless(account.account.name))
        self.setAccessibleName(account.account.name)
        header.set_color(account.account.color)
        self.sub.hide()
        clear(header.facts)
        number = Text(grouped(account.account.account_id), "digits", "text2")
        copy = Button("", "quiet", "copy", 20, name="Copy the account number")
        copy.clicked.connect(lambda: window.act("copy-id", account))
        number.setMinimumWidth(number.sizeHint().width())
        header.facts.addWidget(number)
        header.facts.addSpacing(5)
        header.facts.addWidget(copy)
        clear(header.more)
        second = header.facts
        if theme().scale >= LARGE:
            header.facts.addStretch(1)
            second = QHBoxLayout()
            second.setSpacing(0)
            header.more.addLayout(second)
        else:
            second.addSpacing(theme().u(12))
        for part in (account.account.alias or "", account.user):
            if part:
                second.addWidget(Text(harmless(part), color="text2"))
                second.addSpacing(theme().u(18))
        if endpoint:
            host = harmless(endpoint.partition("://")[2].partition("/")[0] or endpoint)
            pill = Pill(f"asks {host}", "warn", "triangle-alert")
            pill.setToolTip(f"AWS_ENDPOINT_URL is {harmless(endpoint)}: AWS itself is not asked.")
            if theme().scale >= LARGE:
                header.more.addLayout(row(pill, None))
            else:
                second.addWidget(pill)
        second.addStretch(1)
        clear(self.head)
        self._offered = {}
        offered = [("console", "Console", "globe"), ("terminal", "Terminal", "terminal")]
        if any(m.code for m in account.mfa):
            offered.append(("code", "Copy code", "copy"))
        for action, label, icon in offered:
            button = Button(label, "primary" if action == "code" else "secondary", icon)
            button.clicked.connect(lambda _=False, a=action: window.act(a, account))
            if action == "console" and window.offline:
                button.setEnabled(False)
                button.setToolTip(OFFLINE[0])
            self._offered[action] = button
            self.head.addWidget(button)

    def first_thing(self) -> None:
        if "code" in self._offered:
            self._offered["code"].click()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        account = self.data.account if self.data is not None else None
        action = _KEYS.get(Qt.Key(event.key())) if not event.modifiers() else None
        if action in self._offered:
            if self._offered[action].isEnabled():
                self._offered[action].click()
        elif action == "rotate" and account is not None:
            self.window_.act("root" if account.is_root else action, account)
        elif event.key() == Qt.Key.Key_Backspace:
            self.go_back()
        else:
            super().keyPressEvent(event)
