"""Codes in from the files of other programs, and out to them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from credguard.wiring.codes import CodeBook
from credguard.wiring.kinds import nobody

if TYPE_CHECKING:
    from credguard.domain.secret import Secret
    from credguard.workflows.export_codes import CodesExported
    from credguard.workflows.import_codes import Ask, Imported, Preview, Source


class CodesMoving(CodeBook):
    """Import and export of codes alone."""

    def preview_codes(
        self,
        sources: Sequence[Source],
        ask: Ask = lambda name, wrong: None,
        *,
        password: Secret | None = None,
        key: bytes | None = None,
        format_name: str | None = None,
        tell: Callable[[str], None] = nobody,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Preview:
        """What importing these files would do; stores nothing. `ask` gives the password of a file."""
        from credguard.exchange.apart import read_apart
        from credguard.workflows.add_code import from_elsewhere
        from credguard.workflows.import_codes import preview

        accounts, keys = self._accounts.all(), self._keys.all()
        return preview(
            sources,
            book=lambda: self.code_book,
            reader=read_apart,
            ask=ask,
            tied=lambda entry: from_elsewhere(entry, accounts, keys),
            password=password,
            key=key,
            format_name=format_name,
            tell=tell,
            cancelled=cancelled,
        )

    def import_codes(
        self, plan: Preview, chosen: Sequence[int] | None = None, counters: bool = False
    ) -> Imported:
        """Store what a preview showed: the `chosen` rows, or all that are new, in one write."""
        from credguard.workflows.import_codes import apply

        return apply(plan, self.code_book, chosen, counters)

    def undo_import_codes(self, done: Imported) -> int:
        """Take away what an import added, kept for seven days like any removed code; gives how many."""
        names = {row.name for row in done.preview.rows if row.index in done.added}
        entries = [row.entry_id for row in self.codes() if row.name in names]
        for entry_id in entries:
            self.remove_code(entry_id)
        return len(entries)

    def export_codes(self, path: str, shape: str, password: Secret | None) -> CodesExported:
        """All codes for another program; `password` None for the plain shapes.

        Where the agent keeps the secrets, the vault is opened for this alone, and closed again.
        """
        from credguard.workflows.export_codes import export_codes

        beside = self._codes_at_agent and not self._sealed_backend.vault.is_open
        try:
            return export_codes(path, shape, password, store=self._whole[1], now=self.clock.now())
        finally:
            if beside:
                self.__dict__.pop("_whole", None)
                self._sealed_backend.lock()
