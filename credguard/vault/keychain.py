"""The keychain of this computer, through `keyring`: asked whether it can work, then wrapped.

keyring is imported only when a keychain is opened. Its own choice of a backend is not used: that could
be one that keeps plaintext, or nothing at all.
"""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, TypeVar

from credguard.domain.errors import CredGuardError, Locked
from credguard.domain.text import Text, text
from credguard.vault import listing, secret_service
from credguard.wire import items

PROBE_SECONDS = 2.0
#: A person may have to answer the desktop's own question; SDKs wait 60 s for all of it.
PROMPT_SECONDS = 40.0
#: https://specifications.freedesktop.org/secret-service/: it was locked between opening and use.
_IS_LOCKED = "org.freedesktop.Secret.Error.IsLocked"
T = TypeVar("T")
Alone = Callable[[], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True)
class Probe:
    """Whether a keychain answers here; `reason` says why not. `locked` where that can be told."""

    ok: bool
    label: str
    reason: Text | None = None
    locked: bool | None = None


def probe(timeout: float = PROBE_SECONDS, make: Callable[[], Any] | None = None) -> Probe:
    """Ask for a keychain, for `timeout` seconds at most: a bus that hangs never hangs us."""
    return _find(timeout, make)[0]


def _find(timeout: float, make: Callable[[], Any] | None = None) -> tuple[Probe, Any]:
    """The probe and the keyring backend that it found."""
    linux = sys.platform.startswith("linux") and make is None
    if linux and not secret_service.bus_address():
        return Probe(False, "", text("No keychain answers here: there is no D-Bus session.")), None

    if make is None:
        load()  # no part of the answer: from a cold disk it alone may take seconds

    def look() -> tuple[Probe, Any]:
        backend = (make or _backend)()
        if backend is None:
            return Probe(False, "", text("No keychain answers here.")), None
        if not linux:
            return Probe(True, label_of(backend)), backend
        if not secret_service.answers(timeout):
            return Probe(False, "", _silent(timeout)), None
        return Probe(True, label_of(backend), locked=secret_service.locked(timeout)), backend

    try:
        return _within(timeout, look)
    except TimeoutError:
        return Probe(False, "", _silent(timeout)), None
    except Exception as error:
        kind = type(error).__name__
        return Probe(False, "", text("No keychain can be used here ({kind}).", kind=kind)), None


def _silent(seconds: float) -> Text:
    return text("The keychain did not answer within {n} seconds.", n=max(1, round(seconds)))


class Keychain:
    """A keyring backend whose failures are sentences, and which never hangs its caller."""

    def __init__(
        self,
        backend: Any,
        timeout: float = PROMPT_SECONDS,
        alive: Callable[[float], bool] | None = None,
        patience: float = PROBE_SECONDS,
        alone: Alone = contextlib.nullcontext,
    ) -> None:
        """A call that takes longer than `patience` goes on only while the keychain is `alive`: then it
        is asking its person something, for which there are `timeout` seconds. `alone` keeps changes of
        other processes out, also while one that was given up may still take place; it raises `busy`."""
        self._backend = backend
        self._timeout = timeout
        self._patience = min(patience, timeout)
        self._late: list[threading.Thread] = []
        self._alive = alive or (lambda seconds: True)
        self._alone = alone

    def get_password(self, service: str, username: str) -> str | None:
        def get() -> str | None:
            found: str | None = self._backend.get_password(service, username)
            return found

        return self._ask(lambda: _again(get))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._ask(lambda: self._backend.set_password(service, username, password), changes=True)

    def delete_password(self, service: str, username: str) -> None:
        from keyring.errors import PasswordDeleteError

        def delete() -> None:
            try:
                self._backend.delete_password(service, username)
            except PasswordDeleteError:
                # Gone already is what was asked for; still there is not.
                if self._backend.get_password(service, username) is not None:
                    raise

        self._ask(delete, changes=True)

    def get_passwords(self, names: Sequence[str]) -> dict[str, str]:
        """Those of `names` that could be read in one go; the others are for `get_password`, which asks and
        says what is wrong."""
        if "SecretService" not in type(self._backend).__module__:
            return {}
        try:
            return self._ask(lambda: secret_service.values(items.SERVICE, names))
        except CredGuardError:
            return {}

    def names(self) -> tuple[str, ...] | None:
        """What the system itself lists of ours; None where this keychain cannot list."""
        return self._ask(lambda: listing.names(self._backend, self._patience))

    def _ask(self, call: Callable[[], T], changes: bool = False) -> T:
        """A change that was given up may still take place, when its person answers at last. Until then no
        other one is made, which that one would undo: not here, and by the lock that its thread goes on
        holding not in another process."""
        self._late = [thread for thread in self._late if thread.is_alive()]

        def change() -> T:
            with self._alone():
                return call()

        try:
            if not changes:
                return _within(self._timeout, call, self._patience, self._alive)
            if self._late:
                raise TimeoutError
            return _within(self._timeout, change, self._patience, self._alive, self._late)
        except CredGuardError as error:
            if error.code != "busy":
                raise
            raise CredGuardError(
                "busy",
                error.what,
                text("Answer the keychain’s question if it shows one, then do the same again."),
                retry=True,
            ) from None
        except Exception as error:  # a keychain raises whatever its system library does
            raise _translated(error, changes) from None


def _again(look: Callable[[], T]) -> T:
    """A crowd of programs may find no place at the bus for a moment: reading is tried a second and a third
    time before it is said that the keychain does not answer."""
    from keyring.errors import InitError

    for seconds in (0.2, 0.6):
        try:
            return look()
        except InitError:
            time.sleep(seconds)
    return look()


def open_keychain(pinned: bool = False, alone: Alone = contextlib.nullcontext) -> tuple[Keychain, str]:
    """The keychain and its name for people; `pinned` when keys are known to be in it. `alone`: see Keychain.

    Raises CredGuardError `store-silent` where none answers within two seconds.
    """
    found, backend = _find(PROBE_SECONDS)
    if not found.ok:
        raise CredGuardError(
            "store-silent",
            found.reason or text("The keychain does not answer."),
            text("Your keys are in it. Sign in to the desktop or start it, then try again.")
            if pinned
            else text("Sign in to the desktop or start it. Without a keychain: CREDGUARD_STORE=sealed"),
            retry=True,
        )
    alive = secret_service.answers if sys.platform.startswith("linux") else None
    return Keychain(backend, alive=alive, alone=alone), found.label


def quiet_keychain(alone: Alone = contextlib.nullcontext) -> tuple[Keychain, str] | None:
    """The keychain and its name, where one answers now without asking anybody anything."""
    found, backend = _find(PROBE_SECONDS)
    if not found.ok or found.locked:
        return None
    alive = secret_service.answers if sys.platform.startswith("linux") else None
    return Keychain(backend, timeout=PROBE_SECONDS * 2, alive=alive, alone=alone), found.label


def load() -> None:
    """The code of keyring, which asks nobody anything."""
    with contextlib.suppress(Exception):  # what cannot be loaded is told by `_backend`
        if sys.platform == "darwin":
            import keyring.backends.macOS
        elif sys.platform == "win32":
            import keyring.backends.Windows
        else:
            import keyring.backends.kwallet
            import keyring.backends.SecretService  # noqa: F401


def _backend() -> Any:
    """The first keychain that can work here; never keyring's plaintext, null or failing backends."""
    if sys.platform == "darwin":
        from keyring.backends import macOS

        return macOS.Keyring()
    if sys.platform == "win32":
        from keyring.backends import Windows

        return Windows.WinVaultKeyring()
    from keyring.backends import SecretService, kwallet

    for kind in (SecretService.Keyring, kwallet.DBusKeyring):
        try:
            if kind.priority > 0:
                return kind()
        except Exception:  # noqa: S112 "cannot work here" comes as any exception
            continue
    return None


def label_of(backend: Any) -> str:
    """The keychain's name for people."""
    module = type(backend).__module__
    if "macOS" in module:
        return "macOS Keychain"
    if "Windows" in module:
        return "Windows Credential Manager"
    if "kwallet" in module:
        return "KWallet"
    owner = secret_service.owner(PROBE_SECONDS)
    if owner.startswith("keepassxc"):
        return "KeePassXC"
    if owner.startswith(("kwallet", "ksecret")):
        return "KWallet"
    return "GNOME Keyring" if owner.startswith("gnome-keyring") or not owner else "Secret Service"


def _within(
    seconds: float,
    call: Callable[[], T],
    patience: float | None = None,
    alive: Callable[[float], bool] = lambda seconds: True,
    late: list[threading.Thread] | None = None,
) -> T:
    """What `call` gives or raises. TimeoutError after `seconds`, or after `patience` (twice: one for the
    question) when what is called is not `alive`.

    The thread of a call that hangs is left behind (in `late`); it holds nothing and ends with the program.
    """
    results: list[T] = []
    errors: list[BaseException] = []

    def work() -> None:
        try:
            results.append(call())
        except BaseException as error:  # handed to whoever waits
            errors.append(error)

    thread = threading.Thread(target=work, daemon=True, name="keychain")
    thread.start()
    first = seconds if patience is None else patience
    thread.join(first)
    if thread.is_alive() and seconds > first and alive(first):
        thread.join(seconds - first)
    if errors:
        raise errors[0]
    if not results:
        if late is not None:
            late.append(thread)
        raise TimeoutError
    return results[0]


def _translated(error: Exception, changes: bool = False) -> CredGuardError:
    """`changes`: it came while something was being changed, which may have taken place by then."""
    safe = text("Nothing that depends on it was changed.") if changes else text("Nothing was changed.")
    name = type(error).__name__
    locked = name == "DBusErrorResponse" and getattr(error, "name", "") == _IS_LOCKED
    if locked or name in {"KeyringLocked", "LockedException", "PromptDismissedException"}:
        return Locked(
            "store-locked",
            text("The keychain is locked."),
            text("Unlock it, then do the same again. {safe}", safe=safe),
            retry=True,
        )
    if isinstance(error, TimeoutError):
        return CredGuardError(
            "store-silent",
            text("The keychain did not answer in time."),
            text("Answer its question if it shows one, then try again."),
            retry=True,
        )
    if "stub received bad data" in str(error):
        return CredGuardError(
            "item-too-large",
            text("The keychain takes no item of this size."),
            text("Nothing was changed. Use the sealed vault: credguard settings store sealed"),
        )
    if changes and name == "DBusErrorResponse":
        return CredGuardError(
            "store-refused",
            text("The keychain did not take the change."),
            text("See that its disk has room and can be written, then do the same again. {safe}", safe=safe),
            retry=True,
        )
    # The library's own words may quote a value: only the kind of error goes on.
    return CredGuardError(
        "store-silent",
        text("The keychain does not answer ({kind}).", kind=name),
        text("See that it runs and is unlocked, then do the same again. {safe}", safe=safe),
        retry=True,
    )
