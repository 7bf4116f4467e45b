"""Home: the urgent thing first, then what can wait, then the timeline."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QVBoxLayout

from credguard.gui import moments
from credguard.gui.pages import home_cards as cards
from credguard.gui.pages.accounts import OFFLINE
from credguard.gui.pages.page import WIDE, Page
from credguard.gui.theme import LARGE, NARROW, theme
from credguard.gui.translate import words
from credguard.gui.widgets.button import Button
from credguard.gui.widgets.empty import EmptyState
from credguard.gui.widgets.surface import Banner
from credguard.queries.activity import ActivityLine
from credguard.queries.codes import CodeRow
from credguard.queries.home import HomeView, freshness, quiet_until

if TYPE_CHECKING:
    from credguard.gui.window import Window

#: The second column of a wide window.
SIDE = 416


@dataclass(frozen=True, slots=True)
class HomeData:
    """What Home draws. `codes` only in a wide window: for them the store has to be opened."""

    view: HomeView
    lately: tuple[ActivityLine, ...]
    codes: tuple[CodeRow, ...] = ()


class HomePage(Page):
    """Drawn anew from one HomeView."""

    widest = 960
    shapes = (252, 196)

    def __init__(self, window: Window) -> None:
        super().__init__(window, "Home")
        self.check = Button("Check now", "quiet", "refresh", 32)
        self.check.clicked.connect(window.check_now)
        self.head.addWidget(self.check)
        self._first: Button | None = None
        self._codes_asked = False

    def reload(self) -> None:
        services = self.window_.services
        codes = self.data.codes if self.data is not None else ()
        self._codes_asked = False
        self.read(lambda: HomeData(services.home(), services.activity_lines(60), codes))

    def _ask_codes(self) -> None:
        """After the facts, which need no store: a vault that is locked, or slow, keeps none of them back."""
        self._codes_asked = True
        services = self.window_.services
        self.window_.tasks.run(lambda tell: services.codes(), self._got_codes, lambda error: None, quick=True)

    def _got_codes(self, codes: tuple[CodeRow, ...]) -> None:
        if self.data is not None and codes != self.data.codes:
            self.data = replace(self.data, codes=codes)
            self.redraw()

    def _wide(self) -> bool:
        return self.window_.width() >= WIDE and theme().scale < LARGE

    def _fit(self) -> None:
        self.widest = 1280 if self._wide() else 960
        super()._fit()

    def first_thing(self) -> None:
        if self._first is not None:
            self._first.click()

    def draw(self) -> None:
        data: HomeData = self.data
        view = data.view
        self.window_.set_badges(view)
        if self._wide() and not self._codes_asked:
            self._ask_codes()
        self._first = None
        empty = not view.accounts and not view.waiting
        self.header.setVisible(not empty)
        if empty:
            self._empty()
            return
        self._words(view)
        now = self.window_.services.clock.now()
        main = QVBoxLayout()
        main.setSpacing(16)
        if view.alarms:
            alarm = view.alarms[0]
            banner = Banner(
                "danger", "octagon-alert", words(alarm.title), words(alarm.detail), "Make it safe"
            )
            banner.pressed.connect(lambda: self.window_.show_root(alarm.account_id))
            self._first = banner.button
            main.addWidget(banner)
        elif self.window_.offline:
            banner = Banner("neutral", "cloud-off", *OFFLINE, "Try again")
            banner.pressed.connect(self.window_.check_now)
            main.addWidget(banner)
        across = self.window_.width() >= NARROW and theme().scale < LARGE
        way = QBoxLayout.Direction.LeftToRight if across else QBoxLayout.Direction.TopToBottom
        pair = QBoxLayout(way)
        pair.setSpacing(16)
        part = 1 if across else 0
        pair.addWidget(cards.HealthCard(self.window_, view), part)
        if view.waiting:
            waiting = cards.WaitingCard(self.window_, view.waiting[:3])
            self._first = self._first or waiting.first
            pair.addWidget(waiting, part)
        else:
            pair.addWidget(cards.LatelyCard(self.window_, data.lately[:4], now), part)
        main.addLayout(pair)
        if view.timeline:
            main.addWidget(cards.TimelineCard(self.window_, view, now))
        main.addStretch(1)
        if not self._wide():
            self.content.addLayout(main)
            self.content.addStretch(1)
            return
        side = QVBoxLayout()
        side.setSpacing(16)
        shown = tuple(code for code in data.codes if code.unreadable is None and code.type == "totp")
        if shown:
            side.addWidget(cards.CodesCard(self.window_, shown, len(data.codes)))
        if view.waiting:
            side.addWidget(cards.LatelyCard(self.window_, data.lately[:7], now, more=True))
        side.addStretch(1)
        both = QHBoxLayout()
        both.setSpacing(16)
        both.addLayout(main, 848)
        both.addLayout(side, SIDE)
        self.content.addLayout(both)
        self.content.addStretch(1)

    def _words(self, view: HomeView) -> None:
        now = self.window_.services.clock.now()
        self.title.setText(words(view.title))
        count = len(view.accounts)
        parts = [f"{count} account{'' if count == 1 else 's'}, {words(freshness(view.checked_at, now))}"]
        until = quiet_until(view, now)
        if until is not None:
            parts.insert(0, f"Nothing to do until {moments.date(until)}")
        if view.alarms and self.window_.offline:
            parts.append("AWS could not be reached")
        self.sub.setText(". ".join(parts))

    def _empty(self) -> None:
        empty = EmptyState(
            "No accounts yet",
            "CredGuard looks for AWS keys on this computer and shows you what it finds. "
            "Nothing is moved until you say so.",
            "Look for keys",
            icon="search",
        )
        empty.first.connect(self.window_.first_run)
        self.content.addWidget(empty, 1)
