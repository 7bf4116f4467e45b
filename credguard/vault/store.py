"""SecretStore: write, read back, compare; over any keyring backend.

A keychain is never asked to list (keyring cannot): names live in the index. A name enters the index,
read back, before its item is written, and leaves after its item is gone.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any, Literal, Protocol

from credguard.domain.errors import CredGuardError
from credguard.domain.secret import Secret
from credguard.domain.text import text
from credguard.vault import index
from credguard.wire import items

Kind = Literal["keychain", "sealed"]
Item = dict[str, object]


class Backend(Protocol):
    """The three methods of a keyring backend. They raise CredGuardError (see keychain.py, sealed/)."""

    def get_password(self, service: str, username: str) -> str | None: ...

    def set_password(self, service: str, username: str, password: str) -> None: ...

    def delete_password(self, service: str, username: str) -> None: ...


class Named(Protocol):
    """A backend that can list its names itself (the sealed vault)."""

    def names(self) -> tuple[str, ...]: ...


class SecretStore:
    """Named items in one store. Values of `items.SECRET_FIELDS` come and go as Secret."""

    def __init__(
        self,
        backend: Backend,
        kind: Kind,
        label: str,
        alone: Callable[[], AbstractContextManager[None]] = contextlib.nullcontext,
        listing: Named | None = None,
        on_write: Callable[[], None] | None = None,
    ) -> None:
        """`alone` holds the index for one process at a time; `on_write` is called after the first write."""
        self.kind: Kind = kind
        self.label = label
        self._backend = backend
        self._alone = alone
        self._listing = listing
        self._on_write = on_write

    # ── reading ──────────────────────────────────────────────────────────────────────────────────
    def read(self, name: str) -> Item | None:
        """The item, or None where there is none.

        Raises CredGuardError: Locked, `store-silent`, or `item-unreadable` for a value that is none of ours.
        """
        value = self._get(name)
        return None if value is None else _wrap(name, value)

    def names(self, prefix: str = "") -> tuple[str, ...]:
        """The names of all items that start with `prefix`, sorted."""
        found = self._listing.names() if self._listing is not None else index.read(self._raw)
        return tuple(sorted(n for n in set(found) if n.startswith(prefix) and not _is_part(n)))

    def check(self) -> None:
        """Raises CredGuardError (Locked, `store-silent`, …) when the store cannot be read now."""
        self._raw("index/0")

    # ── writing ──────────────────────────────────────────────────────────────────────────────────
    def write(self, name: str, item: Mapping[str, object]) -> None:
        """Write, read back, compare. When this returns, the item is there.

        Raises CredGuardError; then either the old item is there or none, and nothing depends on it yet.
        """
        value = items.encode({key: _plain(field) for key, field in item.items()})
        with self._alone():
            if len(value) * 2 > items.MAX_BYTES and self._listing is None:
                self._write_split(name, value)
            else:
                self._write_one(name, value)
        if _read_back_differs(self._get(name), value):
            raise CredGuardError(
                "read-back-differs",
                text("{store} did not give back what was stored.", store=self.label),
                text("Nothing that depends on it was changed. Try again, or see: credguard doctor"),
            )
        if self._on_write is not None:
            self._on_write()

    def remove(self, name: str) -> None:
        """Take the item away; nothing happens where there is none."""
        with self._alone():
            parts = _parts(self._raw(name))
            for gone in (name, *parts):
                self._backend.delete_password(items.SERVICE, gone)
            if self._listing is None:
                index.remove(self._raw, self._set, (name, *parts), self._delete)

    # ── inside ───────────────────────────────────────────────────────────────────────────────────
    def _raw(self, name: str) -> str | None:
        return self._backend.get_password(items.SERVICE, name)

    def _set(self, name: str, value: str) -> None:
        self._backend.set_password(items.SERVICE, name, value)

    def _delete(self, name: str) -> None:
        self._backend.delete_password(items.SERVICE, name)

    def _get(self, name: str) -> str | None:
        value = self._raw(name)
        parts = _parts(value)
        if not parts:
            return value
        pieces = [self._raw(part) for part in parts]
        if any(piece is None for piece in pieces):
            raise _unreadable(name)
        return "".join(piece for piece in pieces if piece is not None)

    def _write_one(self, name: str, value: str) -> None:
        old = _parts(self._raw(name))
        if self._listing is None:
            index.add(self._raw, self._set, (name,))
        self._set(name, value)
        self._forget(old)

    def _write_split(self, name: str, value: str) -> None:
        """`NAME/<fresh id>/1` … first, and `NAME`, written last, names them."""
        old = _parts(self._raw(name))
        size = items.MAX_BYTES // 2 - 8
        fresh = secrets.token_hex(4)
        pieces = [value[at : at + size] for at in range(0, len(value), size)]
        parts = [f"{name}/{fresh}/{number}" for number in range(1, len(pieces) + 1)]
        index.add(self._raw, self._set, (*parts, name))
        for part, piece in zip(parts, pieces, strict=True):
            self._set(part, piece)
        self._set(name, items.encode({"v": items.VERSION, "parts": parts}))
        self._forget(old)

    def _forget(self, parts: tuple[str, ...]) -> None:
        for part in parts:
            self._delete(part)
        if parts and self._listing is None:
            index.remove(self._raw, self._set, parts, self._delete)


def _parts(value: str | None) -> tuple[str, ...]:
    if value is None or '"parts"' not in value:
        return ()
    try:
        found = items.decode(value).get("parts")
    except ValueError:
        return ()
    return tuple(str(part) for part in found) if isinstance(found, list) else ()


def _is_part(name: str) -> bool:
    """`session/abc/1f2e3d4c/1`: two pieces more than any name of ours."""
    return name.count("/") >= 3 and name.rsplit("/", 1)[1].isdigit()


def _plain(value: object) -> object:
    return value.reveal() if isinstance(value, Secret) else value


def _read_back_differs(found: str | None, value: str) -> bool:
    return found is None or Secret(found) != Secret(value)


def _wrap(name: str, value: str) -> Item:
    try:
        item = items.decode(value)
    except ValueError:
        raise _unreadable(name) from None
    return {
        key: Secret(field) if key in items.SECRET_FIELDS and isinstance(field, str) else field
        for key, field in item.items()
    }


def _unreadable(name: str) -> CredGuardError:
    return CredGuardError(
        "item-unreadable",
        text("The stored item {name} cannot be read.", name=name),
        text("It was made by a newer CredGuard, or changed by another program. Nothing was changed."),
    )


def secret_of(item: Mapping[str, Any], field: str = "secret") -> Secret:
    """The Secret in `field`; CredGuardError `item-unreadable` where there is none."""
    value = item.get(field)
    if not isinstance(value, Secret):
        raise _unreadable(str(item.get("access_key_id") or item.get("id") or field))
    return value


def iterate(store: SecretStore, prefix: str) -> Iterator[tuple[str, Item]]:
    """Every item under `prefix`; a name without an item is harmless and left out."""
    for name in store.names(prefix):
        item = store.read(name)
        if item is not None:
            yield name, item
