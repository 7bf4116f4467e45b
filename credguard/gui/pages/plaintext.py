"""Plaintext: the keys that lie in the places every AWS tool reads, each with its way out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QWidget

from credguard.domain.accounts import grouped
from credguard.gui.pages.page import Page
from credguard.gui.translate import harmless
from credguard.gui.widgets.button import Button
from credguard.gui.widgets.cards import row
from credguard.gui.widgets.empty import EmptyState
from credguard.gui.widgets.rows import ListRow, RowList
from credguard.gui.widgets.surface import Card, Dot, IconTile, Note
from credguard.gui.widgets.text import Text
from credguard.queries.accounts import AccountRow
from credguard.queries.plaintext import PlaintextRow

if TYPE_CHECKING:
    from credguard.gui.window import Window


class PlaintextPage(Page):
    """Worst first; the header moves all that can be moved at once."""

    shapes = (190,)

    def __init__(self, window: Window) -> None:
        super().__init__(window, "Plaintext")
        again = Button("Search again", "quiet", "refresh")
        again.clicked.connect(self._again)
        self._move = Button("Move to keychain", "primary")
        self._move.clicked.connect(window.first_run)
        self._move.hide()
        self.head.addWidget(again)
        self.head.addWidget(self._move)
        self._first: Button | None = None

    def _again(self) -> None:
        self.window_.toast.say("Searched the usual places again.", icon="file-search")
        self.reload()

    def search(self) -> None:
        self._again()

    def first_thing(self) -> None:
        if self._first is not None:
            self._first.click()

    def reload(self) -> None:
        services = self.window_.services
        self.read(lambda: (services.plaintext(), services.accounts()))

    def draw(self) -> None:
        rows: tuple[PlaintextRow, ...] = self.data[0]
        known: dict[str, AccountRow] = {a.account.account_id: a for a in self.data[1]}
        count, files = len(rows), len({r.path for r in rows})
        self._first = None
        safe = sum(not r.may_be_root for r in rows)
        self._move.setVisible(safe > 0)
        self._move.setText(f"Move {safe} to keychain")
        found = (
            f"{count} key{'' if count == 1 else 's'} in {files} file{'' if files == 1 else 's'}. "
            if count
            else ""
        )
        self.sub.setText(f"{found}Searched just now: the files of the AWS tools, and CSVs in Downloads")
        if not rows:
            empty = EmptyState(
                "Nothing lies in plaintext here",
                "The files of the AWS tools and the CSVs in Downloads hold no key that any program can read.",
                "Search again",
                icon="refresh",
            )
            empty.first.connect(self._again)
            self.content.addWidget(empty, 1)
            return
        card = Card(name="keys in plaintext")
        listed = RowList(card, indent=64)
        listed.setContentsMargins(0, 0, 0, 0)
        for number, row_ in enumerate(sorted(rows, key=lambda r: not r.may_be_root)):
            listed.add(self._row(row_, known.get(row_.account_id or ""), number))
        self.content.addWidget(card)
        self.content.addWidget(
            Note("Moving keeps a sealed copy of the file, and can be undone: credguard undo-import.")
        )
        self.content.addStretch(1)

    def _row(self, found: PlaintextRow, account: AccountRow | None, number: int) -> ListRow:
        path = Text(harmless(found.where), "mono12", elide=Qt.TextElideMode.ElideMiddle)
        what = "root key, with its secret" if found.may_be_root else "with its secret"
        if not found.has_secret:
            what = "without its secret"
        if found.stored and not found.may_be_root:
            what += ", is in CredGuard already"
        under = QWidget()
        parts: list[QWidget | int | None] = []
        if account is not None:
            name = Text(harmless(account.account.name), color="text2")
            parts = [Dot(account.account.color), 6, name, 12]
        elif found.account_id:
            parts = [Text(grouped(found.account_id), color="text2"), 12]
        line: QHBoxLayout = row(*parts, spacing=0)
        line.addWidget(Text(what, color="text2"), 1)
        under.setLayout(line)
        root = found.may_be_root
        shown = ListRow(
            path, under, IconTile("key" if root else "file-key", "danger" if root else "warn"),
            action="Make it safe" if root else "Move to keychain", kind="danger2" if root else "secondary",
            pad=11, left=16,
        )  # fmt: skip
        if shown.button is not None:
            shown.button.setAccessibleName(f"{shown.button.text()}: {found.where}")
            shown.button.setObjectName(f"plaintext-{number}")
            self._first = self._first or shown.button
        shown.acted.connect(lambda: self._act(root, account))
        return shown

    def _act(self, root: bool, account: AccountRow | None) -> None:
        if root and account is not None and account.is_root:
            self.window_.show_root(account.account.account_id)
        else:
            self.window_.first_run()
