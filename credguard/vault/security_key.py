"""Security keys (FIDO2) through python-fido2: the PRF extension gives 32 bytes for a touch.

The only file that imports fido2, and late: that takes up to half a second. Credentials are not
discoverable, so nothing is stored on the key. WebAuthn level 3, PRF extension; CTAP 2.1, hmac-secret.
Windows: read in the library's source, never run (docs/security-keys-checklist.md).
"""

from __future__ import annotations

import functools
import glob
import os
import secrets
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, cast

from credguard.domain.errors import CredGuardError
from credguard.domain.secret import Secret
from credguard.vault.sealed.credentials import ORIGIN, RP_ID, KnownKey, Touched, foreign_key
from credguard.vault.security_key_errors import cannot, not_accessible, nothing_plugged_in, translate

#: How long a person has for a touch, in seconds; keys themselves give up after about thirty.
PATIENCE = 60.0
_ES256 = -7  # COSE


class Person(Protocol):
    """Who sits before the keys."""

    def touch(self) -> None:
        """The key blinks and waits."""

    def pin(self, tries_left: int | None) -> Secret | None:
        """The key's PIN; None = does not want to. Called once for each time a PIN is needed."""


@dataclass
class _Plugged:
    """One key: its device, the library's client, and what its own information says."""

    device: Any
    client: Any
    ears: _Ears

    @property
    def has_uv(self) -> bool:
        options = self.client.info.options
        return bool(options.get("clientPin") or options.get("uv"))


class _Ears:
    """fido2.client.UserInteraction, without importing it before it is needed."""

    def __init__(self, person: Person, remember_pin: bool) -> None:
        self._person = person
        self._remember = remember_pin
        self._pin: Secret | None = None
        self.tries_left: Callable[[], int | None] = lambda: None

    def prompt_up(self) -> None:
        self._person.touch()

    def request_pin(self, permissions: Any, rp_id: str | None) -> str | None:
        pin = self._pin or self._person.pin(self.tries_left())
        # For the one enrolment, which asks twice; a refused PIN ends it, so none is tried twice.
        self._pin = pin if self._remember else None
        return pin.reveal() if pin is not None else None

    def request_uv(self, permissions: Any, rp_id: str | None) -> bool:
        return True


class UsbSecurityKeys:
    """The keys that are plugged in now. `cancel` is set by another thread when the person gives up."""

    def __init__(
        self,
        person: Person,
        devices: Callable[[], Iterable[Any]] | None = None,
        cancel: threading.Event | None = None,
        patience: float = PATIENCE,
        window: int | None = None,
    ) -> None:
        """`devices` lists CtapDevices (None: USB); `window` is the native window id for Windows' dialogs."""
        self._person = person
        self._devices = devices
        self._cancel = cancel or threading.Event()
        self._patience = patience
        self._window = window

    def enrol(self, vault: str, known: Sequence[bytes], salt: bytes) -> Touched:
        """A new credential on the key that is touched, and its 32 bytes for `salt`.

        One touch where the key gives them at registration (hmac-secret-mc), else two. Raises CredGuardError
        `key-known` for a key of this vault, and those of security_key_errors.py.
        """
        with self._one(known=None, remember_pin=True) as (key, event):
            uv = _uv(key.has_uv)
            options = _creation(vault, known, salt, uv)
            with self._translated(event, enrolling=True):
                made = key.client.make_credential(options, event=event)
            results = made.client_extension_results.prf
            if results is None or results.enabled is False:
                raise cannot()
            output = results.results.first if results.results is not None else None
            flag = made.response.attestation_object.auth_data.is_user_verified()
            if output is None:
                return self._assert(key, event, [KnownKey(made.raw_id, salt, flag)], uv)
            return Touched(bytes(made.raw_id), bytes(output), bool(flag))

    def ask(self, known: Sequence[KnownKey]) -> Touched:
        """The 32 bytes of the known credential that the touched key holds.

        Raises CredGuardError `key-foreign` where no key that is plugged in knows one, and those of
        security_key_errors.py.
        """
        with self._one(known=known, remember_pin=False) as (key, event):
            its = self._its(key, known) if isinstance(key, _Plugged) else known
            wanted = its or known
            uv = _uv(all(one.uv for one in wanted) if its else key.has_uv)
            return self._assert(key, event, wanted, uv)

    # ── inside ───────────────────────────────────────────────────────────────────────────────────
    def _assert(self, key: _Plugged, event: threading.Event, known: Sequence[KnownKey], uv: str) -> Touched:
        with self._translated(event):
            answer = key.client.get_assertion(_request(known, uv), event=event).get_response(0)
        results = answer.client_extension_results.prf
        if results is None or results.results is None:
            raise cannot()
        flag = answer.response.authenticator_data.is_user_verified()
        return Touched(bytes(answer.raw_id), bytes(results.results.first), bool(flag))

    @contextmanager
    def _one(
        self, known: Sequence[KnownKey] | None, remember_pin: bool
    ) -> Iterator[tuple[Any, threading.Event]]:
        """The one key to talk to: the only one that can be meant, or the one that is touched first."""
        event = threading.Event()
        with self._cancelling(event):
            system = self._windows()
            if system is not None:
                yield system, event
                return
            found = self._plugged(remember_pin)
            try:
                able = [key for key in found if "hmac-secret" in key.client.info.extensions]
                if not able:
                    raise cannot() if found else self._none()
                if known is not None:
                    # Silent: no touch. A key that will not say (always wants its PIN) stays in.
                    able = [key for key in able if self._its(key, known) != ()]
                    if not able:
                        raise foreign_key()
                yield (able[0] if len(able) == 1 else self._touched(able, event)), event
            finally:
                for key in found:
                    key.device.close()

    def _plugged(self, remember_pin: bool) -> list[_Plugged]:
        from fido2.client import DefaultClientDataCollector, Fido2Client
        from fido2.ctap2.extensions import HmacSecretExtension

        found = []
        for device in self._devices() if self._devices is not None else _usb():
            ears = _Ears(self._person, remember_pin)
            with self._translated(threading.Event()):
                client = Fido2Client(
                    device,
                    DefaultClientDataCollector(ORIGIN),
                    user_interaction=cast(Any, ears),
                    extensions=[HmacSecretExtension()],  # type: ignore[no-untyped-call]
                )
            ears.tries_left = functools.partial(_tries_left, device)
            found.append(_Plugged(device, client, ears))
        return found

    def _touched(self, keys: list[_Plugged], event: threading.Event) -> _Plugged:
        """One thread for each key: the first touch wins, the others are called off."""
        from fido2.client import ClientError

        first: list[_Plugged] = []
        done, lock = threading.Event(), threading.Lock()

        def wait(key: _Plugged) -> None:
            try:
                key.client.selection(done)
            except (ClientError, OSError, ValueError):
                return
            with lock:
                if not done.is_set():
                    first.append(key)
                    done.set()

        self._person.touch()
        threads = [threading.Thread(target=wait, args=(key,), daemon=True, name="key") for key in keys]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads) and not done.is_set():
            done.wait(0.05)
            if event.is_set():
                break
        done.set()
        for thread in threads:
            thread.join(5)
        if not first:
            raise translate(None, self._cancel.is_set())
        return first[0]

    def _its(self, key: Any, known: Sequence[KnownKey]) -> tuple[KnownKey, ...] | None:
        """Which of the known credentials this key holds; None where it will not say without its PIN."""
        from fido2.ctap import CtapError
        from fido2.ctap2.base import Ctap2

        found: list[KnownKey] = []
        with self._translated(threading.Event()):
            ctap = Ctap2(key.device)
            for one in known:
                try:
                    allowed = [{"type": "public-key", "id": one.credential}]
                    ctap.get_assertions(RP_ID, bytes(32), allowed, None, {"up": False})
                    found.append(one)
                except CtapError as error:
                    if error.code != CtapError.ERR.NO_CREDENTIALS:
                        return None
        return tuple(found)

    @contextmanager
    def _cancelling(self, event: threading.Event) -> Iterator[None]:
        """`event` is set when the person gives up, or when time is over."""
        over = threading.Event()

        def watch() -> None:
            waited = 0.0
            while not over.is_set() and waited < self._patience and not self._cancel.wait(0.05):
                waited += 0.05
            if not over.is_set():
                event.set()

        watcher = threading.Thread(target=watch, daemon=True, name="patience")
        watcher.start()
        try:
            yield
        finally:
            over.set()

    @contextmanager
    def _translated(self, event: threading.Event, enrolling: bool = False) -> Iterator[None]:
        try:
            yield
        except CredGuardError:
            raise
        except Exception as error:  # the library raises its own, OSError, and ValueError for odd keys
            raise translate(error, self._cancel.is_set(), enrolling) from None

    def _windows(self) -> Any:
        """Windows' own client, where it answers: the system draws the dialogs and picks the key."""
        if sys.platform != "win32" or self._devices is not None:
            return None
        from fido2.client import DefaultClientDataCollector
        from fido2.client.windows import WindowsClient

        if not WindowsClient.is_available():
            return None
        collector = DefaultClientDataCollector(ORIGIN)
        return _System(WindowsClient(collector, handle=self._window))

    def _none(self) -> CredGuardError:
        if self._devices is None and sys.platform.startswith("linux"):
            there = glob.glob("/dev/hidraw*")
            if there and not any(os.access(path, os.R_OK | os.W_OK) for path in there):
                return not_accessible()
        return nothing_plugged_in()


@dataclass
class _System:
    """A client of the system, which knows the keys that we do not see."""

    client: Any
    has_uv: bool = True


def _uv(wanted: bool) -> str:
    return "required" if wanted else "discouraged"


def _usb() -> Iterable[Any]:
    from fido2.hid import CtapHidDevice

    return CtapHidDevice.list_devices()


def _tries_left(device: Any) -> int | None:
    """How many wrong PINs the key still takes; None where it does not say."""
    from fido2.ctap2.base import Ctap2
    from fido2.ctap2.pin import ClientPin

    try:
        return int(ClientPin(Ctap2(device)).get_pin_retries()[0])
    except Exception:  # only for the sentence
        return None


def _creation(vault: str, known: Sequence[bytes], salt: bytes, uv: str) -> Any:
    from fido2 import webauthn as w

    return w.PublicKeyCredentialCreationOptions(
        rp=w.PublicKeyCredentialRpEntity(id=RP_ID, name="CredGuard"),
        user=w.PublicKeyCredentialUserEntity(
            id=bytes.fromhex(vault), name="CredGuard vault", display_name="CredGuard vault"
        ),
        challenge=secrets.token_bytes(32),
        pub_key_cred_params=[
            w.PublicKeyCredentialParameters(type=w.PublicKeyCredentialType.PUBLIC_KEY, alg=_ES256)
        ],
        exclude_credentials=[_described(credential) for credential in known],
        authenticator_selection=w.AuthenticatorSelectionCriteria(
            resident_key=w.ResidentKeyRequirement.DISCOURAGED,
            user_verification=w.UserVerificationRequirement(uv),
        ),
        hints=[w.PublicKeyCredentialHint.SECURITY_KEY],
        attestation=w.AttestationConveyancePreference.NONE,
        extensions={"prf": {"eval": {"first": salt}}},
    )


def _request(known: Sequence[KnownKey], uv: str) -> Any:
    from fido2 import webauthn as w
    from fido2.utils import websafe_encode

    return w.PublicKeyCredentialRequestOptions(
        challenge=secrets.token_bytes(32),
        rp_id=RP_ID,
        allow_credentials=[_described(one.credential) for one in known],
        # Always said: absent or "preferred" fails on a key without a PIN.
        user_verification=w.UserVerificationRequirement(uv),
        hints=[w.PublicKeyCredentialHint.SECURITY_KEY],
        extensions={
            "prf": {
                "evalByCredential": {websafe_encode(one.credential): {"first": one.salt} for one in known}
            }
        },
    )


def _described(credential: bytes) -> Any:
    from fido2 import webauthn as w

    return w.PublicKeyCredentialDescriptor(type=w.PublicKeyCredentialType.PUBLIC_KEY, id=credential)
