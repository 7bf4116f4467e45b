"""Home: the urgent thing first, then what can wait, then the timeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout

from credguard.gui.pages.page import Page, clear
from credguard.gui.translate import words
from credguard.gui.widgets.button import Button
from credguard.gui.widgets.cards import row
from credguard.gui.widgets.empty import EmptyState
from credguard.gui.widgets.gauges import ScoreBar, ScoreRing
from credguard.gui.widgets.surface import Banner, Card, Dot, Icon, IconTile, Separator
from credguard.gui.widgets.text import Text
from credguard.gui.widgets.timeline import Timeline, day_words
from credguard.queries.home import HomeView, Waiting

if TYPE_CHECKING:
    from credguard.catalog.activity import ActivityRow
    from credguard.gui.window import Window

_ICONS = {
    "plaintext": ("file-search", "warn"), "late": ("calendar-clock", "warn"), "resume": ("rotate-cw", "warn"),
    "soon": ("calendar-clock", "neutral"), "no-mfa": ("smartphone", "neutral"),
}  # fmt: skip


class HomePage(Page):
    """Drawn anew from one HomeView."""

    def __init__(self, window: Window) -> None:
        super().__init__(window, "Home")
        check = Button("Check now", "quiet", "refresh", 32)
        check.clicked.connect(window.check_now)
        self.head.addWidget(check)

    def reload(self) -> None:
        services = self.window_.services
        self.window_.tasks.run(
            lambda tell: (services.home(), services.activity(5)),
            self._show,
            self.window_.show_error,
            quick=True,
        )

    def _show(self, found: tuple[HomeView, tuple[ActivityRow, ...]]) -> None:
        view, lately = found
        self.window_.set_badges(view)
        clear(self.content)
        self.title.setText(words(view.title))
        count = len(view.accounts)
        self.sub.setText(f"{count} account{'' if count == 1 else 's'}" if count else "")
        if not view.accounts and not view.waiting:
            self._empty()
            return
        if view.alarms:
            alarm = view.alarms[0]
            banner = Banner(
                "danger", "octagon-alert", words(alarm.title), words(alarm.detail), "Make it safe"
            )
            banner.pressed.connect(lambda: self.window_.show_root(alarm.account_id))
            self.content.addWidget(banner)
        pair = QHBoxLayout()
        pair.setSpacing(16)
        pair.addWidget(self._health(view), 1)
        pair.addWidget(self._waiting(view) if view.waiting else self._lately(lately), 1)
        self.content.addLayout(pair)
        if view.timeline:
            self.content.addWidget(self._timeline(view))
        self.content.addStretch(1)

    def _empty(self) -> None:
        self.title.setText("Home")
        empty = EmptyState(
            "No accounts yet",
            "CredGuard looks for keys in the usual places and moves them to the keychain. "
            "Your aws commands go on working.",
            "Look for keys",
            "",
        )
        empty.first.connect(self.window_.first_run)
        self.content.addWidget(empty, 1)

    def _health(self, view: HomeView) -> Card:
        card = Card(name="health")
        card.setMinimumHeight(252)
        layout = QVBoxLayout(card)
        layout.setContentsMargins(20, 16, 20, 16)
        layout.addWidget(Text("Health", "card"))
        layout.addStretch(1)
        middle = QHBoxLayout()
        middle.setSpacing(24)
        middle.addWidget(ScoreRing(view.score))
        names = QGridLayout()
        names.setHorizontalSpacing(8)
        names.setVerticalSpacing(6)
        for number, account in enumerate(view.accounts[:7]):
            names.addWidget(Dot(account.account.color), number, 0)
            names.addWidget(Text(account.account.name), number, 1)
            names.addWidget(ScoreBar(account.score), number, 2)
            score = "–" if account.score is None else str(account.score)
            names.addWidget(Text(score, "button", right=True), number, 3)
        names.setColumnStretch(1, 1)
        names.setColumnMinimumWidth(3, 28)
        middle.addLayout(names, 1)
        layout.addLayout(middle)
        layout.addStretch(1)
        return card

    def _waiting(self, view: HomeView) -> Card:
        card = Card(name="can wait")
        layout = QVBoxLayout(card)
        layout.setContentsMargins(20, 16, 0, 16)
        layout.setSpacing(8)
        layout.addWidget(Text("Can wait", "card"))
        layout.addSpacing(4)
        for number, waiting in enumerate(view.waiting[:3]):
            if number:
                layout.addWidget(Separator(48))
            layout.addLayout(self._waiting_row(waiting))
        layout.addStretch(1)
        return card

    def _waiting_row(self, waiting: Waiting) -> QHBoxLayout:
        icon, tint = _ICONS[waiting.kind]
        text = QVBoxLayout()
        text.setSpacing(0)
        text.addWidget(Text(words(waiting.title), "row"))
        text.addWidget(Text(words(waiting.detail), color="text2"))
        button = Button(words(waiting.action), name=f"{words(waiting.action)}: {words(waiting.title)}")
        button.clicked.connect(lambda: self.window_.do_waiting(waiting))
        line = QHBoxLayout()
        line.setContentsMargins(0, 6, 20, 6)
        line.setSpacing(12)
        line.addWidget(IconTile(icon, tint))
        line.addLayout(text, 1)
        line.addWidget(button)
        return line

    def _lately(self, rows: tuple[ActivityRow, ...]) -> Card:
        card = Card(name="lately")
        layout = QVBoxLayout(card)
        layout.setContentsMargins(20, 16, 0, 16)
        layout.setSpacing(8)
        layout.addWidget(Text("Lately", "card"))
        if not rows:
            layout.addWidget(Text("Nothing yet. Programs that use a key will show up here.", color="text2"))
        for number, entry in enumerate(rows[:4]):
            if number:
                layout.addWidget(Separator(30))
            text = QVBoxLayout()
            text.setSpacing(0)
            text.addWidget(Text(f"{entry.actor} {words(entry.action)}", "row"))
            text.addWidget(Text(day_words(entry.at), color="text2"))
            line = QHBoxLayout()
            line.setContentsMargins(0, 4, 20, 4)
            line.setSpacing(12)
            line.addWidget(Icon("activity" if entry.kind == "use" else "shield-check"))
            line.addLayout(text, 1)
            layout.addLayout(line)
        layout.addStretch(1)
        return card

    def _timeline(self, view: HomeView) -> Card:
        card = Card(name="keys due for rotation")
        layout = QVBoxLayout(card)
        layout.setContentsMargins(20, 16, 20, 8)
        services = self.window_.services
        days = services.settings.get("due_days")
        layout.addLayout(
            row(Text("Keys due for rotation", "card"), None, Text(f"every {days} days", color="text2"))
        )
        layout.addSpacing(8)
        line = Timeline(view.timeline, services.clock.now())
        line.chosen.connect(self.window_.show_account)
        layout.addWidget(line)
        return card
