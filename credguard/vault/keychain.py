"""The keychain of this computer, through `keyring`: asked whether it can work, then wrapped.

keyring is imported only here and only when a keychain is opened.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from credguard.domain.errors import CredGuardError, Locked
from credguard.domain.text import Text, text

PROBE_SECONDS = 2.0
#: A person may have to answer the desktop's own prompt.
PROMPT_SECONDS = 120.0
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Probe:
    """Whether a keychain answers here; `reason` says why not."""

    ok: bool
    label: str
    reason: Text | None = None


def probe(timeout: float = PROBE_SECONDS, make: Callable[[], Any] | None = None) -> Probe:
    """Ask for a keychain, for `timeout` seconds at most: a bus that hangs never hangs us."""
    if sys.platform.startswith("linux") and make is None and not _bus_address():
        return Probe(False, "", text("No keychain answers here: there is no D-Bus session."))

    def look() -> Probe:
        backend = (make or _backend)()
        if backend is None:
            return Probe(False, "", text("No keychain answers here."))
        return Probe(True, label_of(backend))

    found = _within(timeout, look)
    if found is None:
        return Probe(False, "", text("The keychain did not answer within {n} seconds.", n=int(timeout)))
    return found


class Keychain:
    """A keyring backend whose failures are sentences."""

    def __init__(self, backend: Any, timeout: float = PROMPT_SECONDS) -> None:
        self._backend = backend
        self._timeout = timeout

    def get_password(self, service: str, username: str) -> str | None:
        found: str | None = self._ask(lambda: self._backend.get_password(service, username))
        return found

    def set_password(self, service: str, username: str, password: str) -> None:
        self._ask(lambda: self._backend.set_password(service, username, password))

    def delete_password(self, service: str, username: str) -> None:
        from keyring.errors import PasswordDeleteError

        def delete() -> None:
            try:
                self._backend.delete_password(service, username)
            except PasswordDeleteError:
                # Gone already is what was asked for; still there is not.
                if self._backend.get_password(service, username) is not None:
                    raise

        self._ask(delete)

    def _ask(self, call: Callable[[], T]) -> T:
        try:
            return call()
        except CredGuardError:
            raise
        except Exception as error:  # a keychain raises whatever its system library does
            raise _translated(error) from None


def open_keychain() -> tuple[Keychain, str]:
    """The keychain and its name for people.

    Raises CredGuardError `store-silent` where none answers within two seconds.
    """
    found = probe()
    if not found.ok:
        raise CredGuardError(
            "store-silent",
            found.reason or text("The keychain does not answer."),
            text("Unlock it or sign in to the desktop. Without one: CREDGUARD_STORE=sealed"),
            retry=True,
        )
    return Keychain(_backend()), found.label


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
    owner = _owner()
    if owner.startswith("keepassxc"):
        return "KeePassXC"
    return "KWallet" if owner.startswith(("kwallet", "ksecret")) else "GNOME Keyring"


def _owner() -> str:
    """The program behind the Secret Service, or "" (Linux; only for the name that people see)."""
    try:
        import secretstorage
        from jeepney import DBusAddress, new_method_call

        connection = secretstorage.dbus_init()
        try:
            bus = DBusAddress("/org/freedesktop/DBus", "org.freedesktop.DBus", "org.freedesktop.DBus")
            ask = new_method_call(bus, "GetConnectionUnixProcessID", "s", ("org.freedesktop.secrets",))
            pid = int(connection.send_and_get_reply(ask)[0])
        finally:
            connection.close()
        with open(f"/proc/{pid}/comm", encoding="utf-8") as file:
            return file.read().strip()
    except Exception:
        return ""


def _bus_address() -> str:
    address = os.environ.get("DBUS_SESSION_BUS_ADDRESS", "")
    if address:
        return address
    runtime = os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}"
    path = os.path.join(runtime, "bus")
    return f"unix:path={path}" if os.path.exists(path) else ""


def _within(seconds: float, call: Callable[[], T]) -> T | None:
    """What `call` gives, or None when it takes longer or fails."""
    box: list[T] = []

    def work() -> None:
        try:
            box.append(call())
        except Exception:
            return

    thread = threading.Thread(target=work, daemon=True, name="keychain-probe")
    thread.start()
    thread.join(seconds)
    return box[0] if box else None


def _translated(error: Exception) -> CredGuardError:
    name = type(error).__name__
    if name in {"KeyringLocked", "LockedException", "PromptDismissedException"}:
        return Locked(
            "store-locked",
            text("The keychain is locked."),
            text("Unlock it and try again. Nothing was changed."),
            retry=True,
        )
    if "stub received bad data" in str(error):
        return CredGuardError(
            "item-too-large",
            text("The keychain takes no item of this size."),
            text("Nothing was changed. Use the sealed vault: credguard settings store sealed"),
        )
    # The library's own words may quote a value: only the kind of error goes on.
    return CredGuardError(
        "store-silent",
        text("The keychain does not answer ({kind}).", kind=name),
        text("See that it runs and is unlocked, then try again. Nothing was changed."),
        retry=True,
    )
