"""Working credentials for a profile, now: the key itself, or a cached MFA session."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass

from credguard.aws.clients import AwsClients
from credguard.aws.sts import DEFAULT, LONGEST_ROOT
from credguard.catalog.keys import Profiles
from credguard.domain.accounts import Identity
from credguard.domain.errors import CredGuardError
from credguard.domain.keys import Credentials
from credguard.domain.profiles import ProfileLink
from credguard.domain.secret import Secret
from credguard.domain.text import text
from credguard.system.clock import Clock
from credguard.system.interlock import Interlock
from credguard.vault.sessions import Sessions, digest
from credguard.vault.store import Item, SecretStore, secret_of
from credguard.wire import items
from credguard.workflows.mfa_session import CodeAnswered, mfa_session, not_noted

#: SDKs ask again below 15 minutes; a session is never served with less than this left (seconds).
LEAST = 16 * 60
#: Waits for the call of another process, which may wait for its next code and then for AWS (seconds).
WAIT = 40.0


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
        """The credentials of a profile's id or name.

        Raises CredGuardError `no-such-profile`, `item-missing`, Locked, and what STS raises.
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
        if link is None or link.mfa_serial is None:
            return key
        return self._session(item, link, link.mfa_serial, key)

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

    def _session(self, item: Item, link: ProfileLink, serial: str, key: Credentials) -> Credentials:
        name, found = self._named(serial, key)
        if found is None:
            return key  # no code for this device is stored here: the key alone, as without CredGuard
        if item.get("session") != name:
            self._note(link.profile_id, key.access_key_id, name)
        return found

    def _named(self, serial: str, key: Credentials) -> tuple[str, Credentials | None]:
        stored = self.store.read(items.access_key(key.access_key_id)) or {}
        arn = str(stored.get("arn") or "")
        seconds = LONGEST_ROOT if arn.endswith(":root") else DEFAULT
        name = digest(
            "get-session-token", key.access_key_id, serial, seconds, self.clients.endpoint("sts") or ""
        )
        return name, self._once(name, lambda: self._fetch(name, serial, seconds, key, arn))

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

    def _fetch(self, name: str, serial: str, seconds: int, key: Credentials, arn: str) -> Credentials | None:
        code = self.codes(serial)
        if code is None:
            return None
        session = mfa_session(
            self.clients,
            key,
            serial=serial,
            code=code,
            seconds=seconds,
            partition=Identity(arn, "").partition if arn else "aws",
            account_id=key.account_id,
            answered=self.code_answered,
        )
        self.sessions.put(name, session)
        return session


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
