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

    def export_codes(self, path: str, shape: str, password: Secret | None) -> CodesExported:
        """All codes for another program; `password` None for the plain shapes."""
        from credguard.workflows.export_codes import export_codes

        return export_codes(path, shape, password, store=self._whole[1], now=self.clock.now())
