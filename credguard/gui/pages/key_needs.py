"""Which part of the vault needs a security key; and work on the vault that a page waits for."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from credguard.domain.errors import CredGuardError
from credguard.gui.journeys.vault_panels import RemovedPanel
from credguard.gui.pages.setting_rows import SettingPage, setting_row
from credguard.gui.translate import words
from credguard.gui.widgets.controls import Switch
from credguard.gui.widgets.overlay import ConfirmDialog

if TYPE_CHECKING:
    from credguard.gui.window import Window
    from credguard.workflows.vault_care import RemovedWay, VaultState

_NEEDS = {
    "codes": (
        "Codes need a key", "One touch opens them until they lock", "Off: the passphrase opens them too",
    ),
    "keys": (
        "Access keys need a key", "No program gets one before you touch a key",
        "Off: the passphrase is enough, so programs can work while you are away",
    ),
}  # fmt: skip
SAME = (
    "Codes kept beside their keys stop whoever has a key or a password alone. They do not stop a program "
    "that runs here while both are open."
)


class VaultPage(SettingPage):
    """One change of the vault at a time; what was opened for it is closed when the page is left."""

    def __init__(self, window: Window, title: str, sub: str, back: str = "") -> None:
        super().__init__(window, title, sub, back)
        self._working = False
        self._keep_shown = False

    def without_agent(self, change: Callable[[], Any]) -> tuple[Any, bool]:
        """As that of the services: the agent that ends for it is no lock of the window, which has to say
        what is left to do."""
        window = self.window_
        window.lock_due = math.inf
        ended = False
        try:
            result, ended = window.services.without_agent(change)
        finally:
            if not ended:
                window.lock_due = None
            elif window.lock_due is not None:  # not heard of yet
                window.lock_due = time.monotonic()
        return result, ended

    def _work(
        self,
        call: Callable[[], Any],
        done: Callable[[Any], None],
        failed: Callable[[CredGuardError], None] | None = None,
    ) -> None:
        """In the order of all work. What was opened for it is closed when the page is left."""
        self._working, self._keep_shown = True, False
        services, shown = self.window_.services, self.isVisible

        def ended() -> None:
            self._working = False
            if not shown():
                services.close_beside_agent()
            elif not self._keep_shown:
                self.reload()

        def went(result: Any) -> None:
            done(result)
            ended()

        def broke(error: CredGuardError) -> None:
            if failed is not None:
                failed(error)
            elif error.code not in {"key-cancelled", "vault-locked"}:
                self.window_.show_error(error)
            ended()

        self.window_.tasks.run(lambda tell: call(), went, broke)

    def _show_removed(self, removed: RemovedWay | None, ended: bool) -> None:
        host, services = self.window_.dialogs, self.window_.services
        panel = RemovedPanel(removed, ended)

        def again() -> None:
            host.close_panel()
            if ended:
                self.window_.tasks.run(
                    lambda tell: services.unlock_by_asking(), None, self.window_.show_error
                )

        panel.closed.connect(again)
        host.show_panel(panel)

    # ── what needs a key ─────────────────────────────────────────────────────────────────────────
    def _need(self, state: VaultState, part: str) -> QWidget:
        title, on_line, off_line = _NEEDS[part]
        if part not in state.compartments:
            return setting_row(title, f"They are not in this vault, but in {self.data[1]}")
        on, why = state.needs_key(part), state.why_not(part)
        switch = Switch(title, on)
        switch.setEnabled(on or why is None)
        switch.toggled.connect(partial(self._need_key, state, part))
        line = on_line if on else f"{off_line}. {words(why)}" if why is not None else off_line
        return setting_row(title, line, switch)

    def _need_key(self, state: VaultState, part: str, on: bool) -> None:
        services = self.window_.services

        def done(result: tuple[Any, bool]) -> None:
            if result[1]:
                self._show_removed(None, True)

        def go() -> None:
            def change() -> None:
                services.vault.need_key(part, on)

            def call() -> tuple[Any, bool]:
                if on:
                    return self.without_agent(change)
                change()
                return None, False

            self._work(call, done, back)

        def back(error: CredGuardError) -> None:
            self.window_.show_error(error)
            self._keep_shown = False

        if not on or not state.loses_passphrase(part):
            go()
            return
        dialog = ConfirmDialog(
            "The passphrase goes",
            "It would open nothing more, so it is removed. Your security keys open the vault, and the "
            "recovery code where there is one.",
            "remove",
            "Let keys alone open it",
        )
        host = self.window_.dialogs

        dialog.refused.connect(host.close_panel)
        # However it closes, the switch shows what is so.
        host.closed.connect(self.redraw, Qt.ConnectionType.SingleShotConnection)
        dialog.confirmed.connect(host.close_panel)
        dialog.confirmed.connect(go)
        host.show_panel(dialog)

    def _own_vault(self, label: str) -> QWidget:
        """Codes beside keys in the keychain: a vault of their own first, then keys for it."""
        switch = Switch("Codes need a key", False)
        switch.toggled.connect(lambda _: self._move_codes())
        line = f"They move into a vault of their own, which a touch opens. Your keys stay in {label}"
        return setting_row("Codes need a key", line, switch)

    def _move_codes(self) -> None:
        services = self.window_.services

        def done(_: Any) -> None:
            self.window_.toast.say(
                "The codes are in a vault of their own. Add keys that open it.", icon="check"
            )
            self.window_.look_at_lock()

        def back(error: CredGuardError) -> None:
            if error.code not in {"key-cancelled", "vault-locked"}:
                self.window_.show_error(error)

        self._work(lambda: services.move_store("codes_store", "sealed"), done, back)
