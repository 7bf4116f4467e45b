"""Codes: shown, added, removed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from credguard.domain.errors import CredGuardError
from credguard.wiring.rotating import Rotating

if TYPE_CHECKING:
    from credguard.domain.otp import OtpEntry
    from credguard.queries.codes import CodeNow, CodeRow
    from credguard.queries.tray import TrayView


class CodeBook(Rotating):
    """The authenticator."""

    # ── codes ────────────────────────────────────────────────────────────────────────────────────
    def codes(self, deleted: bool = False) -> tuple[CodeRow, ...]:
        from credguard.queries.codes import rows_of

        return rows_of(self.code_book.entries(deleted), self._accounts.all())

    def codes_page(self) -> tuple[CodeRow, ...]:
        """All codes in the order of the Accounts page; removed ones stand among them while they are kept."""
        from credguard.queries.codes import by_company

        self.code_book.sweep()
        removed = tuple(row for row in self.codes(deleted=True) if row.unreadable is None)
        return by_company(self.codes() + removed)

    def tray(self) -> TrayView:
        """What the tray shows now. Opens nothing, and asks nobody."""
        from credguard.queries.tray import tray

        return tray(self.openness(), self.accounts, self.codes, lambda: self.home().alarms)

    def code_row(self, name: str, deleted: bool = False) -> CodeRow:
        from credguard.queries.codes import find_row

        return find_row(name, self.codes(deleted))

    def code(
        self, entry_id: str, at: float | None = None, move_counter: bool = True, given: bool = False
    ) -> CodeNow:
        """The code now; `given`: a person gets it to use, so our own sends avoid it."""
        from credguard.queries.codes import CodeNow

        shown = self.code_book.show(entry_id, at, move_counter, given)
        code = shown.code
        return CodeNow(code.code, code.valid_for, code.next_code, shown.used, shown.entry.period, code.step)

    def note_copied(self, entry_id: str, step: int | None = None) -> None:
        """A person copied the code of `step`, or of this moment."""
        self.code_book.note_shown(entry_id, step)

    def add_code(
        self,
        *,
        address: str | None = None,
        secret: str | None = None,
        image_path: str | None = None,
        name: str | None = None,
        account_id: str | None = None,
        serial: str | None = None,
    ) -> CodeRow:
        """Add a code from an address, a Base32 secret, or the QR code in a picture."""
        from credguard.workflows.add_code import entry_from

        entry = entry_from(
            address=address,
            secret=secret,
            image_path=image_path,
            name=name,
            account_id=account_id,
            serial=serial,
            accounts=self._accounts.all(),
            keys=self._keys.all(),
        )
        return self._code_row(self.code_book.add(entry, name))

    def offer_code(
        self,
        *,
        address: str | None = None,
        secret: str | None = None,
        image_path: str | None = None,
        image: bytes | None = None,
        name: str | None = None,
    ) -> CodeRow:
        """Read a code without storing it: a face shows it first, then `keep_code` or `drop_offers`."""
        import uuid
        from dataclasses import replace

        from credguard.workflows.add_code import entry_from

        entry = entry_from(
            address=address, secret=secret, image_path=image_path, image=image, name=name,
            account_id=None, serial=None, accounts=self._accounts.all(), keys=self._keys.all(),
        )  # fmt: skip
        offer = replace(entry, entry_id=str(uuid.uuid4()))
        self._offers[offer.entry_id] = offer
        return self._code_row(offer)

    def offered_code(self, entry_id: str, account_id: str | None = None) -> tuple[CodeRow, CodeNow]:
        """What is offered, tied to the account a person chose, and its code of this moment."""
        from credguard.queries.codes import CodeNow
        from credguard.workflows.add_code import tied

        entry = tied(self._offer(entry_id), account_id, self._keys.all())
        code = self.code_book.offered(entry).code
        now = CodeNow(code.code, code.valid_for, code.next_code, False, entry.period)
        return self._code_row(entry), now

    def keep_code(
        self, entry_id: str, *, account_id: str | None, user: str, name: str | None = None
    ) -> CodeRow:
        """Store what was offered: read back, then forgotten here. `user` is whose code it is."""
        from dataclasses import replace

        from credguard.domain.otp import clean_name
        from credguard.workflows.add_code import tied

        entry = tied(replace(self._offer(entry_id), account=clean_name(user)), account_id, self._keys.all())
        kept = self.code_book.add(entry, name)
        self._offers.pop(entry_id, None)
        return self._code_row(kept)

    def drop_offers(self) -> None:
        """Forget what was read and not kept."""
        self._offers.clear()

    def _offer(self, entry_id: str) -> OtpEntry:
        from credguard.domain.text import text

        found = self._offers.get(entry_id)
        if found is None:
            raise CredGuardError(
                "no-such-code", text("This code was not kept."), text("Show CredGuard the QR code again.")
            )
        return found

    def code_pair(self, entry_id: str) -> tuple[str, str, int, int]:
        """The two codes in a row that AWS asks for, and how long they last (seconds, of the period)."""
        return self.code_book.pair(entry_id)

    def clock_offset(self) -> float | None:
        """Seconds by which AWS's clock is ahead of this computer's; None before AWS was asked."""
        return self.clients.clock_offset if "clients" in self.__dict__ else None

    def remove_code(self, entry_id: str) -> CodeRow:
        return self._code_row(self.code_book.remove(entry_id))

    def restore_code(self, entry_id: str) -> CodeRow:
        return self._code_row(self.code_book.restore(entry_id))

    def _code_row(self, entry: OtpEntry) -> CodeRow:
        from credguard.queries.codes import rows_of

        return rows_of((entry,), self._accounts.all())[0]
