"""Working credentials for a profile, now: the key itself, or a cached MFA session."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from credguard.aws.clients import AwsClients
from credguard.aws.sts import DEFAULT, LONGEST_ROOT, assume_role, get_session_token
from credguard.catalog.keys import Profiles
from credguard.domain.accounts import Identity
from credguard.domain.errors import CredGuardError
from credguard.domain.keys import Credentials
from credguard.domain.roles import Role, checked, session_name
from credguard.domain.secret import Secret
from credguard.domain.text import text
from credguard.system.clock import Clock
from credguard.system.interlock import Interlock
from credguard.vault.sessions import Sessions, digest
from credguard.vault.store import SecretStore, secret_of
from credguard.wire import items
from credguard.workflows.mfa_session import CodeAnswered, not_noted, noted

#: SDKs ask again below 15 minutes; a session is never served with less than this left (seconds).
LEAST = 16 * 60
#: Waits for the call of another process, which may wait for its next code and then for AWS (seconds).
WAIT = 40.0
#: A code whose step is not there yet is waited for (seconds); AWS moves on every 30.
CODE_WAIT = 20.0


@dataclass(frozen=True, slots=True)
class Taken:
    """Credentials and the name that they are kept under; None: the key itself."""

    name: str | None
    credentials: Credentials


@dataclass(frozen=True, slots=True)
class WorkingCredentials:
    """The adapters that serving a profile touches. `codes` gives a code never sent before, for a serial."""

    store: SecretStore
    profiles: Profiles
    sessions: Sessions
    clients: AwsClients
    interlock: Interlock
    clock: Clock
    codes: Callable[[str], Secret | None]
    code_answered: CodeAnswered = not_noted

    def of(self, profile: str) -> Credentials:
        """The credentials of a profile's id or name: its key, an MFA session of it, or its role's.

        Raises CredGuardError `no-such-profile`, `item-missing`, `role-invalid`, Locked, and what STS raises.
        """
        link = self.profiles.get(profile) or self.profiles.by_name(profile)
        profile_id = link.profile_id if link is not None else profile
        item = self.store.read(items.profile(profile_id))
        if item is None:
            raise CredGuardError(
                "no-such-profile",
                text("CredGuard keeps no key for profile {name}.", name=profile),
                text("See: credguard doctor"),
            )
        key = self._key(str(item["access_key_id"]))
        serial = item.get("mfa_serial") or (link.mfa_serial if link is not None else None)
        found = self.taken(key, str(serial) if serial else None, roles_of(item))
        if found.name is not None and item.get("session") != found.name:
            self._note(profile_id, key.access_key_id, found.name)
        return found.credentials

    def taken(self, key: Credentials, serial: str | None, roles: Sequence[Role]) -> Taken:
        """The last of `roles`, taken one after the other from `key`, or from its MFA session where `serial`
        names a device. A first role that wants a code itself is asked for with the key.

        Raises as `of`, and `code-missing` where a role wants a code that is not stored here.
        """
        at = Taken(None, key)
        if serial is not None and not (roles and roles[0].mfa_serial):
            name, found = self._named(serial, key)
            at = Taken(name, found) if found is not None else at  # no code here: the key alone, as without us
        who = session_name(self._arn(key.access_key_id))
        for role in roles:
            at = self._role(at, key.access_key_id, role, who)
        return at

    def with_key(
        self, access_key_id: str, serial: str | None, roles: Sequence[Role], seconds: int | None
    ) -> Credentials:
        """As `taken`; with `seconds`, a session of the key that lasts so long, with MFA where it can."""
        key = self._key(access_key_id)
        if seconds is None or roles:
            return self.taken(key, serial, roles).credentials
        found = self._named(serial, key, seconds)[1] if serial is not None else None
        return found or self._plain_session(key, seconds)

    def _plain_session(self, key: Credentials, seconds: int) -> Credentials:
        """Without MFA: nothing of it is kept, as it costs no code."""
        arn = self._arn(key.access_key_id)
        return get_session_token(
            self.clients, key, seconds=seconds, partition=Identity(arn, "").partition if arn else "aws",
            account_id=key.account_id,
        )  # fmt: skip

    def _role(self, source: Taken, access_key_id: str, role: Role, who: str) -> Taken:
        name = digest(
            "assume-role", access_key_id, source.name, role.arn, role.session_name or who, role.external_id,
            role.seconds, role.mfa_serial, role.region, role.partition, self.clients.endpoint("sts"),
        )  # fmt: skip

        def ask(code: Secret | None) -> Credentials:
            return assume_role(self.clients, source.credentials, role, session_name=who, code=code)

        def make() -> Credentials:
            if role.mfa_serial is None:
                made = ask(None)
            else:
                sent = self._with_code(role.mfa_serial, ask)
                if sent is None:
                    raise no_code(role)
                made = sent
            self._keep(name, made, access_key_id)
            return made

        found = self._once(name, make)
        assert found is not None
        return Taken(name, found)

    def _key(self, access_key_id: str) -> Credentials:
        stored = self.store.read(items.access_key(access_key_id))
        if stored is None:
            raise CredGuardError(
                "item-missing",
                text("The key {key} is not in the store any more.", key=access_key_id),
                text("Import it again, or see: credguard doctor"),
            )
        account = stored.get("account_id")
        return Credentials(access_key_id, secret_of(stored), account_id=str(account) if account else None)

    def session(self, serial: str, key: Credentials) -> Credentials | None:
        """An MFA session of this key, cached or new; None where no code is stored for `serial`.

        Raises what the store and STS raise.
        """
        return self._named(serial, key)[1]

    def _arn(self, access_key_id: str) -> str:
        return str((self.store.read(items.access_key(access_key_id)) or {}).get("arn") or "")

    def _named(
        self, serial: str, key: Credentials, wanted: int | None = None
    ) -> tuple[str, Credentials | None]:
        arn = self._arn(key.access_key_id)
        seconds = wanted or (LONGEST_ROOT if arn.endswith(":root") else DEFAULT)
        partition = Identity(arn, "").partition if arn else "aws"
        name = digest(
            "get-session-token", key.access_key_id, serial, seconds, partition, self.clients.endpoint("sts")
        )

        def ask(code: Secret) -> Credentials:
            return get_session_token(
                self.clients, key, serial=serial, code=code, seconds=seconds, partition=partition,
                account_id=key.account_id,
            )  # fmt: skip

        def make() -> Credentials | None:
            made = self._with_code(serial, ask)
            if made is not None:
                self._keep(name, made, key.access_key_id)
            return made

        return name, self._once(name, make)

    def _with_code(self, serial: str, ask: Callable[[Secret], Credentials]) -> Credentials | None:
        """A call with a code that was never sent. A refused one may have been used on another computer, or
        have told how far off the clock is: one more is sent, then `codes` says why it stops.

        None where no code is stored for `serial`.
        """
        self.clients.load("sts")
        for last in (False, True):
            code = self._next_code(serial)
            if code is None:
                return None
            try:
                return noted(serial, self.code_answered, functools.partial(ask, code))
            except CredGuardError as error:
                if error.code != "code-refused":
                    raise
                if last:
                    self.codes(serial)  # stopped by now, with the reason
                    raise
        raise AssertionError

    def _next_code(self, serial: str) -> Secret | None:
        """Waits a while for the next step where all that AWS takes now were sent."""
        until = self.clock.monotonic() + CODE_WAIT
        while True:
            try:
                return self.codes(serial)
            except CredGuardError as error:
                if error.code != "codes-spent" or self.clock.monotonic() >= until:
                    raise
            self.clock.sleep(1.0)

    def _keep(self, name: str, made: Credentials, source: str) -> None:
        """AWS gave it, with a code that is used now: served even where the store cannot keep it. A store
        that others write into gets a second try."""
        for _ in range(2):
            try:
                self.sessions.put(name, made, source)
            except CredGuardError as error:
                if error.code == "busy":
                    continue
            return

    def _once(self, name: str, make: Callable[[], Credentials | None]) -> Credentials | None:
        """One STS call for all processes that ask at once: the others find what the first one got.

        Whoever waited looks in the cache without the lock: a crowd that read the store one after the other
        would keep its last ones waiting too long.
        """
        until = self.clock.monotonic() + WAIT
        while (found := self._cached(name)) is None:
            with contextlib.ExitStack() as held:
                try:
                    held.enter_context(self.interlock.hold(f"session-{name}"))
                except CredGuardError as error:
                    left = until - self.clock.monotonic()
                    if error.code != "busy" or left <= 0:
                        raise
                    self.interlock.until_free(f"session-{name}", wait=left)
                    continue
                return self._cached(name) or make()
        return found

    def _note(self, profile_id: str, access_key_id: str, name: str) -> None:
        """Let the provider serve the session by itself, unless a rotation switched the profile meanwhile."""
        try:
            with self.interlock.hold(f"profile-{profile_id}"):
                item = self.store.read(items.profile(profile_id)) or {}
                if item.get("access_key_id") == access_key_id and item.get("session") != name:
                    self.store.write(items.profile(profile_id), {**item, "session": name})
        except CredGuardError as error:
            if error.code != "busy":  # another process notes it; else whoever asks next does
                raise

    def _cached(self, name: str) -> Credentials | None:
        session = self.sessions.get(name)
        if session is None or (session.expiration or 0.0) - self.clock.now() < LEAST:
            return None
        return session


def roles_of(item: Mapping[str, object]) -> tuple[Role, ...]:
    """The roles of a profile's item. What cannot be read is refused: the key may do more than the role.

    Raises CredGuardError `role-invalid`.
    """
    given = item.get("roles")
    try:
        return checked([Role.from_json(role) for role in given]) if isinstance(given, list) else ()
    except (TypeError, KeyError, AttributeError, IndexError):
        raise CredGuardError(
            "role-invalid",
            text("The role of the profile {name} cannot be read.", name=str(item.get("name") or "")),
            text("See: credguard doctor"),
        ) from None


def no_code(role: Role) -> CredGuardError:
    """A role wants the code of a device, and the device's code is not here."""
    return CredGuardError(
        "code-missing",
        text("The role {role} wants a code of {device}, which CredGuard does not have.",
             role=role.name, device=role.mfa_serial or ""),
        text("Add it: credguard totp add --qr FILE"),
    )  # fmt: skip


def document(credentials: Credentials) -> str:
    """The answer of a credential_process."""
    import datetime

    from credguard.wire.credential_process import answer

    token, until = credentials.session_token, credentials.expiration
    return answer(
        credentials.access_key_id,
        credentials.secret.reveal(),
        credentials.account_id,
        token.reveal() if token is not None else None,
        None if until is None else
        datetime.datetime.fromtimestamp(until, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    )  # fmt: skip


def from_document(answer: str) -> Credentials:
    """What `document` was made of."""
    import datetime
    import json

    found = json.loads(answer)
    token, until = found.get("SessionToken"), found.get("Expiration")
    return Credentials(
        found["AccessKeyId"],
        Secret(found["SecretAccessKey"]),
        Secret(token) if token else None,
        datetime.datetime.fromisoformat(until).timestamp() if until else None,
        found.get("AccountId"),
    )
