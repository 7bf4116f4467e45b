"""Which store: the pinned one, else CREDGUARD_STORE, else a keychain that answers, else the sealed vault.

Pinned after the first write. A pinned store that does not answer is an error, never a switch.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

from credguard.domain.errors import CredGuardError
from credguard.domain.secret import Secret
from credguard.domain.text import text
from credguard.vault import keychain
from credguard.vault.recover import Known, finder
from credguard.vault.store import SecretStore

if TYPE_CHECKING:
    from credguard.system.clock import Clock
    from credguard.vault.sealed import argon
    from credguard.vault.sealed.backend import Ask, SealedBackend, Ways
    from credguard.vault.sealed.seen import Seen
    from credguard.vault.store import Backend, Named

    class Held(Backend, Named, Protocol):
        """A sealed vault that is held open: by this process, or by the agent."""


Alone = Callable[[str], AbstractContextManager[None]]


class Pins(Protocol):
    """Where the choice is kept (settings.py)."""

    def get(self, name: str) -> Any: ...

    def set(self, name: str, value: object) -> None: ...


def chosen(pins: Pins, environ: Mapping[str, str], pin: str = "store") -> str:
    """`keychain`, `sealed`, or "" where nothing was chosen yet.

    Raises CredGuardError `store-pinned` when CREDGUARD_STORE names another store than the pinned one,
    `usage` when it names none.
    """
    of_keys = str(pins.get("store") or "")
    pinned = str(pins.get(pin) or of_keys)
    wanted = environ.get("CREDGUARD_STORE", "")
    if wanted not in {"", "keychain", "sealed"}:
        raise CredGuardError(
            "usage",
            text("CREDGUARD_STORE is keychain or sealed, not {value}.", value=wanted),
            text("Set it to one of the two, or leave it out."),
        )
    # Codes that were moved elsewhere stay there: the variable names the store of the keys.
    moved = pin != "store" and pinned != of_keys and wanted == of_keys
    if pinned and wanted and wanted != pinned and not moved:
        raise CredGuardError(
            "store-pinned",
            text("Your keys are in the {pinned}, and CREDGUARD_STORE asks for the {wanted}.",
                 pinned=_NAMES[pinned], wanted=_NAMES[wanted]),
            text("Leave CREDGUARD_STORE out. To move them: credguard settings store {wanted}", wanted=wanted),
        )  # fmt: skip
    return pinned or wanted


#: Held by whoever changes the keychain, until the change was made, refused, or its process has ended.
KEYCHAIN_CHANGE = "keychain-change"
_NAMES = {"keychain": "keychain", "sealed": "sealed vault"}


def make_vault(
    pins: Pins,
    passphrase: Secret,
    *,
    vault_path: str,
    alone: Alone,
    environ: Mapping[str, str] | None = None,
    cost: argon.Cost | None = None,
    seen: Callable[[], Seen] | None = None,
    code: Secret | None = None,
) -> None:
    """Make the sealed vault and choose it: from now on it is the store. A recovery `code` opens it too.

    Raises CredGuardError `store-pinned` where another was chosen, and what `new_vault` raises.
    """
    env = os.environ if environ is None else environ
    if chosen(pins, {}) == "keychain" or chosen(pins, env) == "keychain":
        raise CredGuardError(
            "store-pinned",
            text("Your keys are in the {pinned}, and CREDGUARD_STORE asks for the {wanted}.",
                 pinned=_NAMES["keychain"], wanted=_NAMES["sealed"]),
            text("To move them: credguard settings store {wanted}", wanted="sealed"),
        )  # fmt: skip
    try:
        new_vault(passphrase, code, vault_path=vault_path, alone=alone, cost=cost, seen=seen)
    except CredGuardError as error:
        if error.code == "recovery-not-kept":
            pins.set("store", "sealed")
        raise
    pins.set("store", "sealed")


def new_vault(
    passphrase: Secret,
    code: Secret | None,
    *,
    vault_path: str,
    alone: Alone,
    cost: argon.Cost | None = None,
    seen: Callable[[], Seen] | None = None,
) -> None:
    """Make the sealed vault, closed; `code` is a recovery code that somebody proved to have written down.

    Raises what `SealedVault.create` raises, and CredGuardError `recovery-not-kept`: then the vault is
    there, and the code opens nothing.
    """
    from credguard.vault.sealed.credentials import RecoveryCode
    from credguard.vault.sealed.slot_changes import SlotChanges
    from credguard.vault.sealed.vault import SealedVault

    vault = SealedVault(vault_path, lambda: alone("vault"), seen=seen)
    try:
        vault.create(passphrase, cost)
        if code is not None:
            try:
                SlotChanges(vault).add(RecoveryCode(code))
            except CredGuardError as error:
                raise CredGuardError(
                    "recovery-not-kept",
                    text("The vault is made, without its recovery code: {why}", why=str(error.what)),
                    text("The code you wrote down opens nothing. Make a new one: credguard vault recovery"),
                    text("The passphrase opens the vault."),
                ) from None
    finally:
        vault.close()


def open_store(
    pins: Pins,
    *,
    vault_path: str,
    alone: Alone,
    ask: Ask | None = None,
    environ: Mapping[str, str] | None = None,
    pin: str = "store",
    cost: argon.Cost | None = None,
    seen: Callable[[], Seen] | None = None,
    held: Callable[[], Held | None] | None = None,
    sealed: Callable[[], SealedBackend] | None = None,
    known: Known | None = None,
    on_mended: Callable[[int], None] | None = None,
) -> SecretStore:
    """The store to use now. Nothing is unlocked or asked before it is used.

    `held` gives the sealed vault as somebody holds it open already, if anybody does; `sealed` as this
    process has it, closed or open. `known` and `on_mended`: see recover.py and SecretStore. `seen` makes,
    when a vault is first opened, what notes its generation.
    Raises CredGuardError `store-pinned`, `store-silent`, `usage`.
    """
    env = os.environ if environ is None else environ
    kind = chosen(pins, env, pin)
    pinned = bool(pins.get(pin) or pins.get("store"))
    if kind == "":
        # A vault that a killed first write left unpinned is where something was stored.
        found = os.path.exists(vault_path)
        kind = "sealed" if found or not keychain.probe().ok else "keychain"

    def note(name: str) -> None:
        # Written into a store that is not the one in use any more: nobody would find it there.
        of_codes = str(pins.get("codes_store") or "") if name.startswith("totp/") else ""
        now = of_codes or str(pins.get("store") or "")
        if now and now != kind:
            raise moved_meanwhile()
        if not pins.get(pin):
            pins.set(pin, kind)

    if kind == "keychain":
        backend, name = keychain.open_keychain(pinned, lambda: alone(KEYCHAIN_CHANGE))
        return SecretStore(
            backend, "keychain", name, lambda: alone("vault-index"), on_write=note,
            found=finder(backend, known), on_mended=on_mended,
        )  # fmt: skip
    label = "CredGuard’s vault"
    open_already = held() if held is not None else None
    if open_already is not None:
        return SecretStore(open_already, "sealed", label, listing=open_already, on_write=note)
    vault = (
        sealed()
        if sealed is not None
        else sealed_backend(vault_path=vault_path, alone=alone, ask=ask, environ=env, cost=cost, seen=seen)
    )
    # The vault's own lock is taken for each change; the store needs none around it.
    return SecretStore(vault, "sealed", label, listing=vault, on_write=note)


def sealed_backend(
    *,
    vault_path: str,
    alone: Alone,
    ask: Ask | None = None,
    environ: Mapping[str, str] | None = None,
    cost: argon.Cost | None = None,
    seen: Callable[[], Seen] | None = None,
    ways: Ways | None = None,
    compartments: tuple[str, ...] = ("keys", "codes"),
    clock: Clock | None = None,
) -> SealedBackend:
    """The sealed vault, closed. `compartments` are those of a vault that is made anew."""
    from credguard.vault.sealed.backend import SealedBackend  # with cryptography and nacl
    from credguard.vault.sealed.vault import SealedVault

    env = os.environ if environ is None else environ
    vault = SealedVault(vault_path, lambda: alone("vault"), clock=clock, seen=seen)
    return SealedBackend(vault, ask, env.get("CREDGUARD_PASSPHRASE_FILE") or None, cost, ways, compartments)


def keychain_store(alone: Alone, known: Known | None = None) -> SecretStore:
    """The keychain, whatever the settings say. Raises CredGuardError `store-silent`."""
    backend, label = keychain.open_keychain(alone=lambda: alone(KEYCHAIN_CHANGE))
    return _of(backend, label, alone, known)


def _of(backend: keychain.Keychain, label: str, alone: Alone, known: Known | None = None) -> SecretStore:
    return SecretStore(
        backend, "keychain", label, lambda: alone("vault-index"), found=finder(backend, known),
        many=backend.get_passwords,
    )  # fmt: skip


def moved_meanwhile() -> CredGuardError:
    """Another process moved the store while this one wrote into the old one."""
    return CredGuardError(
        "store-moved",
        text("Your secrets were moved to another store meanwhile."),
        text("Do the same again: it goes to the new one. What was just stored is taken along or left out."),
        retry=True,
    )


def quiet_keychain_store(alone: Alone) -> SecretStore | None:
    """The keychain beside a sealed vault; None where none answers now without asking anybody."""
    found = keychain.quiet_keychain(lambda: alone(KEYCHAIN_CHANGE))
    if found is None:
        return None
    backend, label = found
    return _of(backend, label, alone)
