"""Plaintext: the keys that lie in the places every AWS tool reads, each with its way out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout

from credguard.domain.accounts import grouped
from credguard.gui.pages.page import Page, clear
from credguard.gui.translate import harmless
from credguard.gui.widgets.button import Button
from credguard.gui.widgets.surface import Card, IconTile, Separator
from credguard.gui.widgets.text import Text
from credguard.queries.plaintext import PlaintextRow

if TYPE_CHECKING:
    from credguard.gui.window import Window


class PlaintextPage(Page):
    """Worst first; the header moves all at once."""

    def __init__(self, window: Window) -> None:
        super().__init__(window, "Plaintext")
        again = Button("Search again", "quiet", "refresh")
        again.clicked.connect(self.reload)
        self._move = Button("Move to keychain", "primary")
        self._move.clicked.connect(window.first_run)
        self.head.addWidget(again)
        self.head.addWidget(self._move)

    def reload(self) -> None:
        services = self.window_.services
        self.window_.tasks.run(
            lambda tell: services.plaintext(), self._show, self.window_.show_error, quick=True
        )

    def _show(self, rows: tuple[PlaintextRow, ...]) -> None:
        clear(self.content)
        count = len(rows)
        self._move.setVisible(count > 0)
        files = len({r.path for r in rows})
        self.sub.setText(
            f"{count} key{'' if count == 1 else 's'} in {files} file{'' if files == 1 else 's'}"
            if count
            else "Nothing found in the AWS files and the CSVs in Downloads"
        )
        if rows:
            card = Card(name="keys in plaintext")
            layout = QVBoxLayout(card)
            layout.setContentsMargins(16, 4, 0, 4)
            layout.setSpacing(0)
            for number, found in enumerate(sorted(rows, key=lambda r: not r.may_be_root)):
                if number:
                    layout.addWidget(Separator(48))
                layout.addLayout(self._row(found))
            self.content.addWidget(card)
        self.content.addStretch(1)

    def _row(self, found: PlaintextRow) -> QHBoxLayout:
        account = grouped(found.account_id) if found.account_id else "account not known"
        detail = f"{account}, {'may be root, ' if found.may_be_root else ''}with its secret"
        text = QVBoxLayout()
        text.setSpacing(0)
        text.addWidget(Text(harmless(found.where), "mono"))
        text.addWidget(Text(detail, color="text2"))
        line = QHBoxLayout()
        line.setContentsMargins(0, 11, 20, 11)
        line.setSpacing(12)
        line.addWidget(
            IconTile("key" if found.may_be_root else "file-text", "danger" if found.may_be_root else "warn")
        )
        line.addLayout(text, 1)
        move = Button("Move to keychain", name=f"Move {found.where}")
        move.clicked.connect(self.window_.first_run)
        line.addWidget(move)
        return line
