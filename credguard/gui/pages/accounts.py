"""Accounts: cards grouped by company, so that identity, age and MFA compare at a glance."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QGridLayout, QWidget

from credguard.gui.pages.page import SLIM, Page, clear
from credguard.gui.theme import theme
from credguard.gui.translate import harmless, words
from credguard.gui.widgets.button import Button
from credguard.gui.widgets.cards import AccountCard
from credguard.gui.widgets.empty import EmptyState
from credguard.gui.widgets.field import Field
from credguard.gui.widgets.surface import Banner
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
    return left, due_words(key.due, now), "warn" if key.due <= now - 86_400 else "text"


def due_words(due: float, now: float) -> str:
    """`due 31 Dec`, `7 days late`."""
    late = int((now - due) // 86_400)
    if late > 0:
        return f"{late} day{'' if late == 1 else 's'} late"
    return f"due {day_words(due)}"


def by_company(rows: list[AccountRow], columns: int) -> list[tuple[str, list[AccountRow]]]:
    """Companies in alphabetical order, Personal last. Where several cards stand side by side, those with
    one account come after the others, so that they can share a line."""
    groups = [(name, list(members)) for name, members in groupby(rows, key=lambda r: r.account.company)]
    if columns == 1:
        return groups
    return sorted(groups, key=lambda group: len(group[1]) == 1)  # sorted() keeps the order otherwise


class CardGrid(QWidget):
    """The cards; arrow keys walk from one to the next."""

    def __init__(self, columns: int) -> None:
        super().__init__()
        self.columns = columns
        self.places: dict[tuple[int, int], AccountCard] = {}
        self.grid = QGridLayout(self)
        self.grid.setContentsMargins(0, 0, 0, 0)
        self.grid.setHorizontalSpacing(16)
        self.grid.setVerticalSpacing(0)
        for number in range(columns):
            self.grid.setColumnStretch(number, 1)
        self._line, self._column, self._row = 0, 0, 0

    def add(self, company: str, cards: list[AccountCard]) -> None:
        """A company with its cards; one card may share the line with the company before."""
        if self._column and (self._column + len(cards) > self.columns):
            self._next()
        name = Text(company or "Other", "strong")
        self.grid.addWidget(name, self._line, self._column, Qt.AlignmentFlag.AlignTop)
        for number, card in enumerate(cards):
            if self._column == self.columns:
                self._next(within=True)
            self.grid.addWidget(card, self._line + 1, self._column)
            self.places[self._row, self._column] = card
            self._column += 1
            if number == 0:
                self.grid.setRowMinimumHeight(self._line, theme().u(28))
            self.grid.setRowMinimumHeight(self._line + 2, 16)
        if self._column == self.columns or len(cards) > 1:
            self._next()

    def _next(self, within: bool = False) -> None:
        """The next line; `within` a company it has no name above it and stands closer."""
        if within:
            self.grid.setRowMinimumHeight(self._line + 2, 12)
        self._line, self._column, self._row = self._line + 3, 0, self._row + 1

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {
            Qt.Key.Key_Left: (0, -1), Qt.Key.Key_Right: (0, 1), Qt.Key.Key_Up: (-1, 0),
            Qt.Key.Key_Down: (1, 0),
        }.get(Qt.Key(event.key()))  # fmt: skip
        here = next((at for at, card in self.places.items() if card.hasFocus()), None)
        if step is None or here is None:
            super().keyPressEvent(event)
            return
        line = [at for at in self.places if at[0] == here[0] + step[0]] if step[0] else []
        wanted = (here[0] + step[0], min(here[1], max((at[1] for at in line), default=0)))
        if step[1]:  # the next in reading order, also into the next line
            order = sorted(self.places)
            at = order.index(here) + step[1]
            wanted = order[at] if 0 <= at < len(order) else here
        card = self.places.get(wanted)
        if card is not None:
            card.setFocus(Qt.FocusReason.TabFocusReason)
            self.window().reveal(card)  # type: ignore[attr-defined]


class AccountsPage(Page):
    """Two columns from 960 px on, three from 1400."""

    widest = 1280
    gap = 16
    shapes = (148, 148, 148)

    def __init__(self, window: Window) -> None:
        super().__init__(window, "Accounts")
        self._open = False
        self._filter = Field("Filter", "Filter accounts", 32, search=True)
        self._filter.edit.textChanged.connect(lambda _: self._filtered())
        self._look = Button("", "secondary", "search", 32, name="Filter")
        self._look.clicked.connect(self.search)
        add = Button("Add account", "primary", "plus")
        add.clicked.connect(window.first_run)
        self.head.addWidget(self._look)
        self.head.addWidget(self._filter)
        self.head.addWidget(add)
        self.grid = CardGrid(1)

    def search(self) -> None:
        self._open = True
        self._fit()
        self._filter.edit.setFocus()

    def _fit(self) -> None:
        super()._fit()
        # In a narrow window a button stands for the field until it is wanted.
        folded = self.window_.width() < SLIM and not self._open and not self._filter.text()
        self._filter.setVisible(not folded)
        self._look.setVisible(folded)
        self._filter.setFixedWidth(theme().u(200))

    def _filtered(self) -> None:
        if self.data is not None:
            clear(self.content)
            self.draw()

    def reload(self) -> None:
        self.read(self.window_.services.accounts)

    def first_thing(self) -> None:
        order = sorted(self.grid.places)
        if order:
            self.grid.places[order[0]].setFocus(Qt.FocusReason.TabFocusReason)

    def draw(self) -> None:
        rows: tuple[AccountRow, ...] = self.data
        companies = len({r.account.company for r in rows})
        self.sub.setText(
            f"{len(rows)} account{'' if len(rows) == 1 else 's'}, "
            f"{companies} compan{'y' if companies == 1 else 'ies'}"
        )
        self.header.setVisible(bool(rows))
        if not rows:
            empty = EmptyState(
                "No accounts yet",
                "CredGuard looks for AWS keys on this computer and shows you what it finds. "
                "Nothing is moved until you say so.",
                "Look for keys",
                icon="search",
            )
            empty.first.connect(self.window_.first_run)
            self.content.addWidget(empty, 1)
            return
        if self.window_.offline:
            banner = Banner("neutral", "cloud-off", *OFFLINE, "Try again")
            banner.pressed.connect(self.window_.check_now)
            self.content.addWidget(banner)
        wanted = self._filter.text().strip().casefold()
        shown = [r for r in rows if wanted in _searchable(r)]
        self.grid = CardGrid(self.columns())
        for company, members in by_company(shown, self.grid.columns):
            self.grid.add(harmless(company), [self._card(r) for r in members])
        self.content.addWidget(self.grid)
        if not shown:
            self.content.addWidget(Text(f"No account fits “{self._filter.text().strip()}”.", color="text2"))
        self.content.addStretch(1)

    def _card(self, account: AccountRow) -> AccountCard:
        services, problem = self.window_.services, self.window_.problems.get(account.account.account_id)
        left, right, tone = key_words(account, services.clock.now())
        if problem is not None and not right and account.grace is None:
            left = "Could not ask AWS"
        card = AccountCard(account, (left, right, tone), services.settings.get("due_days"))
        if problem is not None:
            why = f"Could not ask AWS: {words(problem.what)}"
            card.setToolTip(why)
            card.setAccessibleDescription(f"{card.accessibleDescription()}. {why}")
        if self.window_.offline:
            card.set_offline(OFFLINE[0])
        card.act.connect(lambda action: self.window_.act(action, account))
        card.activated.connect(lambda: self.window_.show_account(account.account.account_id))
        return card


def _searchable(row: AccountRow) -> str:
    account = row.account
    parts = (account.name, account.account_id, account.company, account.alias or "", row.user)
    return " ".join(parts).casefold()


#: Title and line of the banner while AWS cannot be reached.
OFFLINE = (
    "AWS could not be reached",
    "Keys, codes and everything else on this computer work. What AWS said before still stands here.",
)
