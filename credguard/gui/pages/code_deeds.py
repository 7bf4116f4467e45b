"""What a person does with a code on the Codes page: copy, move, remove, bring back, ask why it stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from credguard.gui.widgets.timeline import day_words

if TYPE_CHECKING:
    from credguard.domain.otp import Pause
    from credguard.gui.pages.codes import CodesPage
    from credguard.gui.widgets.code import CodeCard
    from credguard.queries.codes import CodeNow, CodeRow

#: A removed code can be brought back for seven days (seconds).
KEPT = 7 * 86_400.0


class CodeDeeds:
    """`waiting`: the code whose next one is copied when it comes."""

    def __init__(self, page: CodesPage) -> None:
        self._page, self._window = page, page.window_
        self.waiting: CodeRow | None = None

    # ── copying ──────────────────────────────────────────────────────────────────────────────────
    def copy(self, card: CodeCard) -> None:
        """Copy what the card shows; a code that AWS has had is not copied, but the next one is."""
        row, services = card.code, self._window.services
        if row.unreadable is not None or row.deleted_at is not None:
            return
        if card.aside is not None and card.aside.kind == "locked":
            self.open_codes()
        elif row.type == "hotp":
            self._window.tasks.run(
                lambda tell: services.code(row.entry_id, given=True), lambda now: self._copied(row, now),
                self._window.show_error,
            )  # fmt: skip
        elif card.now is not None and card.now.used:
            self.waiting = row
            name, wait = row.title or row.name, card.now.valid_for
            self._window.toast.say(
                f"AWS takes each code once. The next one of {name} is copied in {{n}} s.",
                icon="clock", seconds=wait, count=wait,
            )  # fmt: skip
        elif card.now is not None:
            self._copied(row, card.now)

    def ticked(self, entry: str, now: CodeNow) -> None:
        """The code of an entry is another one."""
        if self.waiting is not None and self.waiting.entry_id == entry and not now.used:
            row, self.waiting = self.waiting, None
            self._copied(row, now)

    def _copied(self, row: CodeRow, now: CodeNow) -> None:
        name = (row.title or row.name) + (" root" if row.root else "")
        card = self._page.grid.card_of(row.entry_id)
        if card is not None:
            if row.type == "hotp" and now.step is not None:
                card.show_count(now.step)
            card.show_code(now)
            card.show_copied()
        self._window.copied(row.entry_id, name, now)

    # ── order ────────────────────────────────────────────────────────────────────────────────────
    def shift(self, card: CodeCard, step: int) -> None:
        """One place up or down: Alt with the arrows."""
        grid = self._page.grid
        at = grid.place_of(card)
        if at is None or not grid.movable or not 0 <= at + step < len(grid.rows):
            return
        behind = at + step + (1 if step > 0 else 0)
        before = grid.rows[behind].entry_id if behind < len(grid.rows) else ""
        self.move(card.code.entry_id, before, focus=True)

    def move(self, entry: str, before: str, focus: bool = False) -> None:
        """Put a code in front of another one ("" = last); the order is kept in the catalog."""
        page, window = self._page, self._window
        rows = page.grid.rows
        at = next((n for n, row in enumerate(rows) if row.entry_id == entry), None)
        if at is None or not entry:
            return
        name = rows[at].title or rows[at].name
        back = rows[at + 1].entry_id if at + 1 < len(rows) else ""

        def done(found: Any) -> None:
            page._got(page._asked, found)
            if focus:
                place = next((n for n, row in enumerate(page.grid.rows) if row.entry_id == entry), None)
                if place is not None:
                    page.grid.focus(place)
            window.toast.say(f"{name} was moved.", undo=lambda: self.move(entry, back))

        services = window.services
        window.tasks.run(
            lambda tell: services.move_code(entry, before or None), done, window.show_error, quick=True
        )

    # ── removing and bringing back ───────────────────────────────────────────────────────────────
    def remove(self, row: CodeRow) -> None:
        window = self._window
        if row.deleted_at is not None or row.unreadable is not None or self._page.is_locked:
            return

        def done(removed: CodeRow) -> None:
            day = day_words((removed.deleted_at or 0.0) + KEPT)
            window.toast.say(
                f"The code of {row.title or row.name} is removed. It is kept until {day}.",
                undo=lambda: self.restore(row.entry_id), icon="trash",
            )  # fmt: skip
            self._page.reload()

        services = window.services
        window.tasks.run(lambda tell: services.remove_code(row.entry_id), done, window.show_error)

    def restore(self, entry: str) -> None:
        window = self._window

        def done(row: CodeRow) -> None:
            window.toast.say(f"The code of {row.title or row.name} is back.")
            self._page.reload()

        window.tasks.run(lambda tell: window.services.restore_code(entry), done, window.show_error)

    # ── states ───────────────────────────────────────────────────────────────────────────────────
    def open_codes(self) -> None:
        """Ask for what opens the codes, then read them."""
        self._window.open_vault()

    def why(self, row: CodeRow, pause: Pause) -> None:
        """Why no more codes of it are sent."""
        from credguard.gui.journeys.stopped_code import StoppedCode

        self._window.dialogs.show_panel(StoppedCode(self._window, row, pause))

    def show_qr(self, row: CodeRow) -> None:
        """The code as a picture, to take it to a phone; after a confirmation."""
        from credguard.gui.journeys.show_qr import ask_to_show

        ask_to_show(self._window, row)
