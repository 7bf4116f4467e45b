"""Accounts: cards grouped by company, so that identity, age and MFA compare at a glance."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QGridLayout, QWidget

from credguard.gui.pages.page import Page, clear
from credguard.gui.widgets.button import Button
from credguard.gui.widgets.cards import AccountCard
from credguard.gui.widgets.empty import EmptyState
from credguard.gui.widgets.field import Field
from credguard.gui.widgets.text import Text
from credguard.gui.widgets.timeline import day_words
from credguard.queries.accounts import AccountRow

if TYPE_CHECKING:
    from credguard.gui.window import Window


def key_words(row: AccountRow, now: float) -> tuple[str, str, str]:
    """Left text, right text and colour token of an account's age line."""
    key = row.current
    if key is None:
        return "No key", "", "text2"
    if row.grace is not None:
        return f"Old key is off, deleted on {day_words(row.grace.delete_at)}", "", "text"
    if key.root:
        age = f", {key.age_days:,} days old" if key.age_days is not None else ""
        return f"Root key{age}", "should not exist", "danger"
    if key.age_days is None or key.due is None:
        return "Age not known", "", "text2"
    left = f"Key {key.age_days} day{'' if key.age_days == 1 else 's'} old"
    late = int((now - key.due) // 86_400)
    if late > 0:
        return left, f"{late} day{'' if late == 1 else 's'} late", "warn"
    return left, f"due {day_words(key.due)}", "text"


class AccountsPage(Page):
    """Two columns from 960 px on, three from 1400."""

    widest = 1280

    def __init__(self, window: Window) -> None:
        super().__init__(window, "Accounts")
        self._rows: tuple[AccountRow, ...] = ()
        self._filter = Field("Filter", "Filter accounts", 32, search=True)
        self._filter.setFixedWidth(200)
        self._filter.edit.textChanged.connect(lambda _: self._draw())
        add = Button("Add account", "primary", "plus")
        add.clicked.connect(window.first_run)
        self.head.addWidget(self._filter)
        self.head.addWidget(add)

    def search(self) -> None:
        self._filter.edit.setFocus()

    def reload(self) -> None:
        services = self.window_.services
        self.window_.tasks.run(
            lambda tell: services.accounts(), self._show, self.window_.show_error, quick=True
        )

    def _show(self, rows: tuple[AccountRow, ...]) -> None:
        self._rows = rows
        companies = len({r.account.company for r in rows})
        self.sub.setText(
            f"{len(rows)} account{'' if len(rows) == 1 else 's'}, "
            f"{companies} compan{'y' if companies == 1 else 'ies'}"
        )
        self._draw()

    def columns(self) -> int:
        width = self.window_.width()
        return 1 if width < 960 else 2 if width < 1400 else 3

    def _draw(self) -> None:
        clear(self.content)
        if not self._rows:
            empty = EmptyState(
                "No accounts yet", "Let CredGuard look for keys on this computer.", "Look for keys"
            )
            empty.first.connect(self.window_.first_run)
            self.content.addWidget(empty, 1)
            return
        wanted = self._filter.edit.text().casefold()
        rows = [
            r for r in self._rows
            if wanted in f"{r.account.name} {r.account.account_id} {r.account.company} {r.user}".casefold()
        ]  # fmt: skip
        columns, holder = self.columns(), QWidget()
        grid = QGridLayout(holder)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(0)
        line, column = 0, 0
        for company, members in groupby(rows, key=lambda r: r.account.company):
            cards = [self._card(r) for r in members]
            # A company with one account shares its line with the next such company.
            if column and (column + len(cards) > columns):
                line, column = line + 3, 0
            label = Text(company or "Other", "strong")
            grid.addWidget(label, line, column)
            for card in cards:
                if column == columns:
                    line, column = line + 3, 0
                grid.addWidget(card, line + 1, column)
                column += 1
            grid.setRowMinimumHeight(line, 28)
            grid.setRowMinimumHeight(line + 2, 16)
            if column == columns or len(cards) > 1:
                line, column = line + 3, 0
        for number in range(columns):
            grid.setColumnStretch(number, 1)
        self.content.addWidget(holder)
        self.content.addStretch(1)

    def _card(self, account: AccountRow) -> AccountCard:
        services = self.window_.services
        card = AccountCard(
            account, key_words(account, services.clock.now()), services.settings.get("due_days")
        )
        card.act.connect(lambda action: self.window_.act(action, account))
        card.activated.connect(lambda: self.window_.show_account(account.account.account_id))
        return card
