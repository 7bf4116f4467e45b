"""Codes: shown, added, removed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from credguard.domain.errors import CredGuardError
from credguard.wiring.enrolling import Enrolling

if TYPE_CHECKING:
    from collections.abc import Sequence

    from credguard.domain.otp import OtpEntry
    from credguard.exchange.qr_picture import Squares
    from credguard.queries.codes import CodeNow, CodeRow
    from credguard.queries.tray import TrayView
    from credguard.workflows.codes import Shown


class CodeBook(Enrolling):
    """The authenticator."""

    # ── codes ────────────────────────────────────────────────────────────────────────────────────
    def codes(self, deleted: bool = False) -> tuple[CodeRow, ...]:
        from credguard.queries.codes import rows_of

        return rows_of(self.code_book.entries(deleted), self._accounts.all())

    def codes_page(self) -> tuple[CodeRow, ...]:
        """All codes in the order of the Accounts page, or as a person moved them; removed ones stand among
        them while they are kept."""
        from credguard.queries.codes import as_moved, by_company, rows_of

        rows = by_company(rows_of(self.code_book.everything(), self._accounts.all()))
        return as_moved(rows, self._order.get())

    def codes_now(self, entry_ids: Sequence[str]) -> dict[str, CodeNow]:
        """The codes of what is on a screen, in one question. Nothing is marked, no counter moves."""
        from dataclasses import replace

        from credguard.workflows.codes import known_in

        found = {one: _now_of(shown) for one, shown in self.code_book.show_many(entry_ids).items()}
        now = self.clock.now()
        for one in found.keys() & self._assigned.keys():
            left = known_in(self._assigned[one], now)
            found[one] = replace(found[one], known_in=left)
            if not left:
                del self._assigned[one]
        return found

    def known_codes(self) -> tuple[CodeRow, ...]:
        """What the catalog knows of codes that are locked: whose they are, and nothing of what they hold."""
        from credguard.queries.codes import by_company, known_rows

        return by_company(known_rows(self._devices.all(), self._accounts.all()))

    def code_qr(self, entry_id: str) -> Squares:
        """The QR code that takes a code to a phone, noted in Activity. It holds the secret.

        Where the agent keeps the secrets, the vault is opened for this alone, and closed again. Raises
        CredGuardError `no-such-code`, `too-long-for-qr`, and what opens the vault raises.
        """
        from credguard.domain import otp
        from credguard.domain.text import text
        from credguard.exchange.qr_picture import squares
        from credguard.wire import items

        beside = self._codes_at_agent and not self._sealed_backend.vault.is_open
        try:
            item = self._whole[1].read(items.totp(entry_id))
            if item is None:
                raise CredGuardError(
                    "no-such-code", text("There is no such code."), text("See all: credguard totp list")
                )
            entry = otp.from_item(item)
            made = squares(otp.address(entry))
        finally:
            if beside:
                self.__dict__.pop("_whole", None)
                self._sealed_backend.lock()
        self.record("you", text("showed the QR code of {name}", name=entry.name), entry.account_id, "change")
        return made

    def note_assigned(self, entry_id: str) -> None:
        """AWS said just now that this code's device is assigned; it takes its codes a few seconds later."""
        self._assigned[entry_id] = self.clock.now()

    def try_again(self, entry_id: str) -> None:
        """Send codes again, which stopped after two refusals. The nine tries of three minutes still count."""
        self.code_book.try_again(entry_id)

    def move_code(self, entry_id: str, before: str | None) -> tuple[CodeRow, ...]:
        """Put a code in front of another one (None: last); the page as it is then."""
        rows = self.codes_page()
        ids = [row.entry_id for row in rows if row.entry_id and row.entry_id != entry_id]
        at = ids.index(before) if before in ids else len(ids)
        self._order.set([*ids[:at], entry_id, *ids[at:]])
        from credguard.queries.codes import as_moved

        return as_moved(rows, self._order.get())

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
        return _now_of(self.code_book.show(entry_id, at, move_counter, given))

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

    def offer_from_desktop(self, region: bool = False) -> CodeRow:
        """Read a code from a picture that the desktop itself takes, where it shows the screen to no program.

        It waits for the person, who may draw a `region`. Raises CredGuardError `screen-not-shown`, and as
        `offer_code`.
        """
        from credguard.domain.text import text
        from credguard.system.portal import screenshot

        picture = screenshot(region)
        if picture is None:
            raise CredGuardError(
                "screen-not-shown",
                text("This desktop did not give CredGuard a picture of the screen."),
                text("Save or copy a picture of the QR code instead. Nothing was stored."),
            )
        return self.offer_code(image=picture)

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


def _now_of(shown: Shown) -> CodeNow:
    from credguard.queries.codes import CodeNow

    code = shown.code
    return CodeNow(
        code.code, code.valid_for, code.next_code, shown.used, shown.entry.period, code.step, shown.pause
    )
