"""The cards of an account's page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from credguard.gui import moments
from credguard.gui.actions import sign_in_address
from credguard.gui.pages.accounts import due_words
from credguard.gui.pages.home_cards import actor
from credguard.gui.theme import LARGE, theme
from credguard.gui.translate import harmless, words
from credguard.gui.widgets.button import Button
from credguard.gui.widgets.cards import row
from credguard.gui.widgets.gauges import AgeBar, ScoreRing, score_word
from credguard.gui.widgets.rows import ListRow, RowList
from credguard.gui.widgets.surface import Card, Icon, Pill
from credguard.gui.widgets.text import Text
from credguard.profiles.ini import shown
from credguard.queries.accounts import AccountRow, KeyRow
from credguard.queries.activity import ActivityLine

if TYPE_CHECKING:
    from credguard.gui.window import Window


class KeyCard(Card):
    """One access key: its id, age, last use, and what can be done with it."""

    def __init__(
        self, window: Window, account: AccountRow, key: KeyRow, lines: Sequence[ActivityLine]
    ) -> None:
        super().__init__(name=f"access key {key.access_key_id}")
        now = window.services.clock.now()
        off = key.status == "inactive"
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 14, 20, 16)
        layout.setSpacing(0)
        layout.addWidget(Text("Root key" if key.root else "Old key" if off else "Access key", "card"))
        layout.addSpacing(6)
        copy = Button("", "quiet", "copy", 28, name=f"Copy the key id {key.access_key_id}")
        copy.clicked.connect(lambda: window.copy_plain(key.access_key_id, "Key id copied."))
        used = Text(_used(key, lines, now), color="text2", right=True)
        number = Text(key.access_key_id, "mono14", elide=Qt.TextElideMode.ElideMiddle)
        line = row(number, copy, spacing=0)
        layout.addLayout(line)
        if theme().scale < LARGE:
            line.addWidget(used, 1)
        elif used.text():
            layout.addLayout(row(used, None))
        layout.addSpacing(4)
        layout.addLayout(self._age(account, key, off, now))
        layout.addSpacing(2)
        if not off:
            services = window.services
            due, soon = services.settings.get("due_days"), services.settings.get("soon_days")
            layout.addWidget(AgeBar(key.age_days, due, soon, root=key.root))
        layout.addSpacing(12)
        buttons: list[QWidget] = []
        if key.root:
            buttons.append(Button("Make it safe", "danger2", "shield-check", name="Make the root key safe"))
            buttons[0].clicked.connect(lambda: window.show_root(account.account.account_id))  # type: ignore[attr-defined]
        elif not off:
            label = "Carry on rotating" if account.rotating else "Rotate"
            rotate = Button(label, "secondary", "rotate-cw", name=f"{label} {key.access_key_id}")
            rotate.clicked.connect(lambda: window.act("rotate", account))
            if window.offline:
                rotate.setEnabled(False)
                rotate.setToolTip("AWS could not be reached")
            buttons.append(rotate)
        if account.grace is not None and (off or account.grace.old_key == key.access_key_id):
            undo = Button("Turn the old key on again", "secondary", "undo-2")
            undo.clicked.connect(lambda: window.act("undo", account))
            buttons.append(undo)
        if buttons:
            layout.addLayout(row(*buttons, None))

    def _age(self, account: AccountRow, key: KeyRow, off: bool, now: float) -> QHBoxLayout:
        grace = account.grace
        if key.root:
            age = f", {key.age_days:,} days old" if key.age_days is not None else ""
            return row(Text(f"Root key{age}", color="danger"), None, Text("should not exist", color="text2"))
        if key.age_days is None or key.due is None:
            return row(Text("Age not known", color="text2"), None)
        left = Text(f"{key.age_days:,} day{'' if key.age_days == 1 else 's'} old")
        if off:
            end = f"off, deleted on {moments.date(grace.delete_at)}" if grace else "turned off"
            return row(left, None, Text(end, color="text2"))
        late = key.due <= now - 86_400
        left.set_color("warn" if late else "text")
        return row(left, None, Text(due_words(key.due, now), color="warn" if late else "text2"))


def _used(key: KeyRow, lines: Sequence[ActivityLine], now: float) -> str:
    """`used at 10:42 by terraform`: what this computer saw, else what AWS said."""
    seen = next((a for a in lines if a.kind == "use" and a.access_key_id == key.access_key_id), None)
    if seen is not None and seen.actor != "you":
        return f"used {_when(seen.at, now)} by {harmless(seen.actor)}"
    return f"used {_when(key.last_used, now)}" if key.last_used else ""


def _when(at: float, now: float) -> str:
    spoken = moments.spoken(at, now)
    return spoken.replace("today ", "at ") if spoken.startswith("today") else spoken


class NoKeyCard(Card):
    """An account without a key here."""

    def __init__(self, window: Window) -> None:
        super().__init__(name="no key")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 14, 20, 16)
        layout.setSpacing(12)
        layout.addWidget(Text("No key here", "card"))
        layout.addWidget(Text("Keys that lie in the usual places can be moved in.", color="text2", wrap=True))
        look = Button("Look for keys", "secondary", "search")
        look.clicked.connect(window.first_run)
        layout.addLayout(row(look, None))


class ProfilesCard(Card):
    """The profiles whose lines in the config ask CredGuard."""

    def __init__(self, account: AccountRow) -> None:
        super().__init__(name="profiles that use it")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 14, 0, 2)
        layout.setSpacing(0)
        head = row(Text("Profiles that use it", "card"), None)
        head.setContentsMargins(20, 0, 20, 2)
        layout.addLayout(head)
        rows = RowList(indent=50)
        links = [link for key in account.keys for link in key.profiles]
        if not links:
            none = Text("No profile uses this key.", color="text2")
            holder = row(none, None)
            holder.setContentsMargins(20, 4, 20, 10)
            layout.addLayout(holder)
        for link in links:
            where = shown(link.config_path) + (f", line {link.config_line}" if link.config_line else "")
            detail = Text(harmless(where), color="text2", elide=Qt.TextElideMode.ElideMiddle)
            asks = Pill("asks CredGuard", "quiet", "check", role="body")
            large = theme().scale >= LARGE
            line = ListRow(
                Text(harmless(link.name), "mono14"), detail, Icon("terminal-square"),
                asides=() if large else (asks,), pad=8,
            )  # fmt: skip
            rows.add(line)
        layout.addLayout(rows)


class ScoreCard(Card):
    """The score; grey where the account was not checked yet."""

    def __init__(self, account: AccountRow) -> None:
        super().__init__(name="health")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(20, 16, 20, 16)
        layout.setSpacing(16)
        layout.addWidget(ScoreRing(account.score, 56, 6))
        text = QVBoxLayout()
        text.setSpacing(4)
        score = account.score
        text.addStretch(1)
        text.addWidget(Text("Health" if score is None else score_word(score), "card"))
        text.addWidget(Text("Not checked yet" if score is None else f"{score} of 100", color="text2"))
        text.addStretch(1)
        layout.addLayout(text, 1)


class SignInCard(Card):
    """Where and as whom to sign in on the website."""

    def __init__(self, window: Window, account: AccountRow) -> None:
        super().__init__(name="sign in")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 14, 14, 14)
        layout.setSpacing(0)
        layout.addWidget(Text("Sign in", "card"))
        address = sign_in_address(account)
        copy = Button("", "quiet", "copy", 28, name="Copy the sign-in address")
        copy.clicked.connect(lambda: window.copy_plain(f"https://{address}", "Address copied."))
        line = QHBoxLayout()
        line.setSpacing(4)
        line.addWidget(Text(address.removesuffix("/console"), elide=Qt.TextElideMode.ElideMiddle), 1)
        line.addWidget(copy)
        layout.addSpacing(2)
        layout.addLayout(line)
        layout.addSpacing(4)
        user = row(Text("User", color="text2"), None, Text(harmless(account.user)))
        user.setContentsMargins(0, 3, 6, 3)
        layout.addLayout(user)


class LatelyCard(Card):
    """What was done with this account's key and codes."""

    def __init__(self, lines: Sequence[ActivityLine], now: float) -> None:
        super().__init__(name="lately")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 14, 20, 12)
        layout.setSpacing(0)
        layout.addWidget(Text("Lately", "card"))
        layout.addSpacing(6)
        if not lines:
            layout.addWidget(Text("Nothing yet.", color="text2"))
        for line in lines:
            text = QVBoxLayout()
            text.setSpacing(0)
            calls = f", {line.calls} calls" if line.calls > 1 else ""
            text.addWidget(Text(actor(line), "row"))
            text.addWidget(Text(f"{words(line.action)}{calls}", color="text2"))
            each = QHBoxLayout()
            each.setContentsMargins(0, 6, 0, 6)
            each.setSpacing(0)
            day = Text(moments.short(line.at, now), "digits", "text2")
            day.setFixedWidth(theme().u(56))
            side = QVBoxLayout()
            side.addWidget(day)
            side.addStretch(1)
            each.addLayout(side)
            each.addLayout(text, 1)
            layout.addLayout(each)
