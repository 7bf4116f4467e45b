"""Security keys before the window: who is told to touch one, who types its PIN, how a wait is called off."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from credguard.domain.secret import Secret

if TYPE_CHECKING:
    from credguard.gui.passphrase import Asker
    from credguard.vault.sealed.credentials import KnownKey, Touched
    from credguard.vault.security_key import UsbSecurityKeys
    from credguard.vault.talk import AtHand

#: How long a person has for a touch (seconds): keys themselves give up after about thirty.
PATIENCE = 30.0


class KeysAtWindow(QObject):
    """`touch` when a key waits for its touch, `ended` when it waits no more. Both in the window's thread.

    It is what `Services(keys=…)` wants: each call gives the keys that are plugged in then.
    """

    touch = Signal()
    ended = Signal()

    def __init__(self, asker: Asker, devices: Callable[[], Iterable[Any]] | None = None) -> None:
        """`devices` lists CtapDevices; None: those of this computer."""
        super().__init__()
        self._asker = asker
        self._devices = devices
        self._guard = threading.Lock()
        self._cancel = threading.Event()

    def __call__(self) -> _Watched:
        return _Watched(self)

    def cancel(self) -> None:
        """The person does not want to touch one any more."""
        with self._guard:
            self._cancel.set()

    def at_hand(self) -> AtHand:
        """A person at the window, while another process talks to the keys; until `ended` is told."""
        from credguard.vault.talk import AtHand

        cancel = threading.Event()
        with self._guard:
            self._cancel = cancel
        person = _Person(self, self._asker, cancel)

        def tell(event: str) -> None:
            (self.ended if event == "ended" else self.touch).emit()

        return AtHand(person.pin, person.words, tell, cancel)

    # ── called from workers ──────────────────────────────────────────────────────────────────────
    def during(self, call: Callable[[UsbSecurityKeys], Touched]) -> Touched:
        """Do `call` with the keys plugged in now; it can be called off from the window's thread."""
        from credguard.vault.security_key import UsbSecurityKeys

        cancel = threading.Event()
        with self._guard:
            self._cancel = cancel
        person = _Person(self, self._asker, cancel)
        try:
            return call(UsbSecurityKeys(person, self._devices, cancel, PATIENCE))
        finally:
            self.ended.emit()


class _Person:
    """vault/security_key.py, Person."""

    def __init__(self, keys: KeysAtWindow, asker: Asker, cancel: threading.Event) -> None:
        self._keys, self._asker, self._cancel = keys, asker, cancel

    def touch(self) -> None:
        self._keys.touch.emit()

    def pin(self, tries_left: int | None) -> Secret | None:
        from credguard.gui.journeys.unlock_panel import TypedPanel

        left = ""
        if tries_left is not None and tries_left < 8:
            left = f"{tries_left} {'try' if tries_left == 1 else 'tries'} left before it locks itself."
        typed = None if self._cancel.is_set() else self._asker.ask_with(
            lambda: TypedPanel("PIN of the security key", left or "The key asks for it.", "PIN")
        )  # fmt: skip
        return Secret(typed) if typed else None

    def words(self) -> Secret | None:
        """The passphrase that opens the vault together with the key."""
        from credguard.gui.journeys.unlock_panel import TypedPanel

        typed = None if self._cancel.is_set() else self._asker.ask_with(
            lambda: TypedPanel("Open the vault", "The key opens it together with this.", "Passphrase")
        )  # fmt: skip
        return Secret(typed) if typed else None


class _Watched:
    """credguard/vault/sealed/credentials.py, SecurityKeys."""

    def __init__(self, keys: KeysAtWindow) -> None:
        self._keys = keys

    def enrol(self, vault: str, known: Sequence[bytes], salt: bytes) -> Touched:
        return self._keys.during(lambda usb: usb.enrol(vault, known, salt))

    def ask(self, known: Sequence[KnownKey]) -> Touched:
        return self._keys.during(lambda usb: usb.ask(known))


class GivenAtWindow:
    """What a person types to prove a way in (workflows/vault_care.py, Given)."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    def passphrase(self, question: str) -> Secret:
        return self._typed("Test the passphrase", question, "Passphrase")

    def recovery_code(self) -> Secret:
        line = "Type it from the paper. Case, spaces and dashes do not matter."
        return self._typed("Test the recovery code", line, "Recovery code")

    def _typed(self, title: str, line: str, label: str) -> Secret:
        from credguard.domain.errors import Locked
        from credguard.domain.text import text
        from credguard.gui.journeys.unlock_panel import TypedPanel

        answer = self._asker.ask_with(lambda: TypedPanel(title, line, label, "Test"))
        if not answer:
            raise Locked("key-cancelled", text("Called off."), text("Test it whenever you like."))
        return Secret(answer)
