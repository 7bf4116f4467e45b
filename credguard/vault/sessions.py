"""STS sessions, kept in the store until they run out."""

from __future__ import annotations

import datetime
import hashlib

from credguard.domain.errors import CredGuardError
from credguard.domain.keys import Credentials
from credguard.vault.store import SecretStore, secret_of
from credguard.wire import items


def digest(*parts: str | int | None) -> str:
    """The name of a session: everything that matters (key id, type, role, serial, duration, endpoint …)."""
    joined = "\0".join("" if part is None else str(part) for part in parts)
    return hashlib.sha256(joined.encode()).hexdigest()[:32]


class Sessions:
    """Sessions by their digest."""

    def __init__(self, store: SecretStore) -> None:
        self._store = store

    def get(self, name: str) -> Credentials | None:
        """The session, whatever time it has left; None where there is none that can be used."""
        try:
            item = self._store.read(items.session(name))
            if item is None:
                return None
            return Credentials(
                str(item["access_key_id"]),
                secret_of(item),
                secret_of(item, "session_token"),
                _epoch(str(item["expiration"])),
                str(item["account_id"]) if item.get("account_id") else None,
            )
        except (KeyError, ValueError):
            return None  # a session is made anew more easily than mended
        except CredGuardError as error:
            if error.code == "item-unreadable":
                return None
            raise

    def put(self, name: str, credentials: Credentials, source: str | None = None) -> None:
        """Keep a session made with the key `source`; read back before this returns."""
        if credentials.session_token is None or credentials.expiration is None:
            raise ValueError("only sessions are kept here")
        item = items.session_item(
            credentials.access_key_id, "", "", _iso(credentials.expiration), credentials.account_id, source
        )
        self._store.write(
            items.session(name),
            {**item, "secret": credentials.secret, "session_token": credentials.session_token},
        )

    def drop(self, name: str | None = None) -> None:
        """Forget one session, or all."""
        for item in (items.session(name),) if name else self._store.names("session/"):
            self._store.remove(item)

    def drop_of(self, access_key_id: str) -> None:
        """Forget what was made with a key, and what does not say what it was made with: it is made anew."""
        for name in self._store.names("session/"):
            try:
                source = (self._store.read(name) or {}).get("source")
            except CredGuardError as error:
                if error.code != "item-unreadable":
                    raise
                source = None
            if source is None or source == access_key_id:
                self._store.remove(name)


def _iso(at: float) -> str:
    return datetime.datetime.fromtimestamp(at, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _epoch(value: str) -> float:
    return datetime.datetime.fromisoformat(value.replace("Z", "+00:00")).timestamp()
