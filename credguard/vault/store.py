"""SecretStore: write, read back, compare; over any keyring backend.

A keychain is never asked to list (keyring cannot): names live in the index. A name enters the index,
read back, before its item is written, and leaves after its item is gone.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any, Literal, Protocol, TypeVar

from credguard.domain.errors import CredGuardError
from credguard.domain.secret import Secret
from credguard.domain.text import Text, text
from credguard.vault import index
from credguard.vault.pages import Many, Pages
from credguard.wire import items

Kind = Literal["keychain", "sealed"]
T = TypeVar("T")
Item = dict[str, object]

#: `NAME/<fresh id>/<number>`: a piece of a value that is longer than the keychain takes.
_PART = re.compile(r"(?P<name>.+)/[0-9a-f]{8}/[1-9][0-9]*")
_LOOKS = 4  # how often a reader looks again when a writer replaced the pieces under its eyes


class Backend(Protocol):
    """The three methods of a keyring backend. They raise CredGuardError (see keychain.py, sealed/)."""

    def get_password(self, service: str, username: str) -> str | None: ...

    def set_password(self, service: str, username: str, password: str) -> None: ...

    def delete_password(self, service: str, username: str) -> None: ...


class Named(Protocol):
    """What the sealed vault does by itself: it lists, adds in one step, reads back what it writes, and
    takes values of any length. It says what a person should know of it."""

    def names(self, prefix: str = "") -> tuple[str, ...]:
        """All names; those with `prefix` at the least. What holds them is opened for it."""

    def add_password(self, service: str, username: str, password: str) -> bool: ...

    def set_passwords(self, service: str, values: Mapping[str, str]) -> None: ...

    def notices(self) -> tuple[Text, ...]: ...

    def changed(self, name: str) -> float | None: ...

    @property
    def asks(self) -> bool: ...

    @property
    def fresh(self) -> bool: ...

    def unlock(self, passphrase: Secret) -> None: ...

    def lock(self) -> None: ...


class SecretStore:
    """Named items in one store. Values of `items.SECRET_FIELDS` come and go as Secret."""

    def __init__(
        self,
        backend: Backend,
        kind: Kind,
        label: str,
        alone: Callable[[], AbstractContextManager[None]] = contextlib.nullcontext,
        listing: Named | None = None,
        on_write: Callable[[str], None] | None = None,
        found: Callable[[index.Read], Iterable[str]] | None = None,
        on_mended: Callable[[int], None] | None = None,
        many: Many | None = None,
    ) -> None:
        """`alone` holds the index for one process at a time; `on_write` is called after each write.

        `found` gives the names of what is there when the index is lost (vault/recover.py); `on_mended` is
        then told how many names the index that was made anew has. `many` reads several items at once.
        """
        self.kind: Kind = kind
        self.label = label
        self._backend = backend
        self._alone = alone
        self._listing = listing
        self._on_write = on_write
        self._found = found
        self._on_mended = on_mended
        self._many = many

    # ── reading ──────────────────────────────────────────────────────────────────────────────────
    def read(self, name: str) -> Item | None:
        """The item, or None where there is none.

        Raises CredGuardError: Locked, `store-silent`, or `item-unreadable` for a value that is none of ours.
        """
        value = self._get(name)
        return None if value is None else _wrap(name, value)

    def value(self, name: str) -> Secret | None:
        """The item as it is stored, for a backup: also one of a newer version. Raises as `read`."""
        value = self._get(name)
        return None if value is None else Secret(value)

    def changed(self, name: str) -> float | None:
        """When the item was written last, in seconds since 1970; None where the store does not know."""
        return self._listing.changed(name) if self._listing is not None else None

    def names(self, prefix: str = "") -> tuple[str, ...]:
        """The names of all items that start with `prefix`, sorted."""
        found = self._listing.names(prefix) if self._listing is not None else self._indexed()
        return tuple(sorted(n for n in set(found) if n.startswith(prefix) and not _PART.fullmatch(n)))

    def check(self) -> None:
        """Raises CredGuardError (Locked, `store-silent`, …) when the store cannot be read now."""
        self._raw("index/0")

    def notices(self) -> tuple[Text, ...]:
        """Warnings (exit code 3), such as a vault older than the one used last."""
        return self._listing.notices() if self._listing is not None else ()

    # ── opening and closing ──────────────────────────────────────────────────────────────────────
    @property
    def asks(self) -> bool:
        """Whether the next use asks a person for a passphrase (a keychain asks by itself)."""
        return self._listing is not None and self._listing.asks

    @property
    def fresh(self) -> bool:
        """Whether the store has to be made first, with a passphrase that a person chooses."""
        return self._listing is not None and self._listing.fresh

    def unlock(self, passphrase: Secret) -> None:
        """Open the store with its passphrase; nothing to do for a keychain.

        Raises CredGuardError `wrong-passphrase`, or what the vault raises.
        """
        if self._listing is not None:
            self._listing.unlock(passphrase)

    def lock(self) -> None:
        """Forget what was opened."""
        if self._listing is not None:
            self._listing.lock()

    # ── writing ──────────────────────────────────────────────────────────────────────────────────
    def write(self, name: str, item: Mapping[str, object]) -> None:
        """Write, read back, compare. When this returns, the item is there.

        Raises CredGuardError; then the old item is there, or none, or (where only the reading back
        failed) the new one, and nothing depends on it yet.
        """
        value = _encode(item)
        if self._listing is not None:
            self._set(name, value)
        else:
            self.check()  # a locked keychain asks its person here, not under the lock
            with self._alone():
                self._write(name, value, self._pages())
        self._written(name)

    def add(self, name: str, item: Mapping[str, object]) -> Item:
        """Write the item unless there is one; the item that is there then. Of two processes, one wins."""
        value = _encode(item)
        if self._listing is not None:
            added = self._listing.add_password(items.SERVICE, name, value)
        else:
            self.check()
            with self._alone():
                added = self._get(name) is None
                if added:
                    self._write(name, value, self._pages())
        if added:
            self._written(name)
        found = self.read(name)
        if found is None:
            raise self._differs()
        return found

    def write_all(self, values: Mapping[str, Mapping[str, object]]) -> None:
        """Write several items of one kind, all of them or none; read back and compared.

        One write of a sealed vault. A keychain takes one item after the other: what failed half-way is taken
        back. Raises CredGuardError as `write`; then what was there before is there.
        """
        encoded = {name: _encode(item) for name, item in values.items()}
        if not encoded:
            return
        if self._listing is not None:
            self._listing.set_passwords(items.SERVICE, encoded)
        else:
            self.check()
            with self._alone():
                self._write_all(encoded)
        self._written(next(iter(encoded)))

    def remove(self, name: str) -> None:
        """Take the item away; nothing happens where there is none."""
        if self._listing is not None:
            self._delete(name)
            return
        self.check()
        with self._alone():
            pages = self._pages()
            parts = (*_parts(name, self._raw(name)), *self._indexed_parts(name, pages))
            # The item first: without it, pieces are nothing. Names leave the index last.
            for gone in dict.fromkeys((name, *parts)):
                self._delete(gone)
            self._unindex(pages, (name, *parts))

    # ── the index ────────────────────────────────────────────────────────────────────────────────
    def _pages(self) -> Pages:
        return Pages(self._raw, self._set, self._delete, self._many)

    def _indexed(self) -> tuple[str, ...]:
        try:
            return index.read(self._pages().get)
        except index.Lost as lost:
            if lost.none and not self._elsewhere():
                return ()  # nothing was stored yet
        with self._alone():
            pages = self._pages()
            return self._mended(pages, lambda: index.read(pages.get))

    def _enter(self, pages: Pages, names: Iterable[str]) -> None:
        self._mended(pages, lambda: index.add(pages.get, pages.put, names))

    def _unindex(self, pages: Pages, names: Iterable[str]) -> None:
        self._mended(pages, lambda: index.remove(pages.get, pages.put, names, pages.delete))

    def _mended(self, pages: Pages, call: Callable[[], T]) -> T:
        """`call`, once more where the index was lost and could be made anew. Under the lock."""
        try:
            return call()
        except index.Lost as lost:
            self._make_anew(pages, lost)
        return call()

    def _make_anew(self, pages: Pages, lost: index.Lost) -> None:
        elsewhere = self._elsewhere()
        if self._found is None and not lost.none:
            raise _index_unreadable()
        names = [name for name in (*lost.names, *elsewhere) if not name.startswith(index.PREFIX)]
        numbers = [int(n) for n in _numbers(elsewhere)]
        stale = max([lost.pages, *(n + 1 for n in numbers)])
        index.rewrite(pages.get, pages.put, pages.delete, names, stale)
        if self._on_mended is not None and names:
            self._on_mended(len(set(names)))

    def _elsewhere(self) -> tuple[str, ...]:
        return tuple(self._found(self._raw)) if self._found is not None else ()

    # ── inside ───────────────────────────────────────────────────────────────────────────────────
    def _raw(self, name: str) -> str | None:
        return self._backend.get_password(items.SERVICE, name)

    def _set(self, name: str, value: str) -> None:
        self._backend.set_password(items.SERVICE, name, value)

    def _delete(self, name: str) -> None:
        self._backend.delete_password(items.SERVICE, name)

    def _get(self, name: str) -> str | None:
        for _ in range(_LOOKS):
            value = self._raw(name)
            parts = _parts(name, value)
            if not parts:
                return value
            pieces = [self._raw(part) for part in parts]
            if None not in pieces:
                return "".join(piece for piece in pieces if piece is not None)
        raise _unreadable(name)

    def _write(self, name: str, value: str, pages: Pages) -> None:
        """One item, whole or in pieces; what an earlier or interrupted writing left of it goes away."""
        parts: tuple[str, ...] = ()
        if len(value) * 2 >= items.MAX_BYTES:
            # `NAME/<fresh id>/1` … first, and `NAME`, written last, names them.
            size = items.MAX_BYTES // 2 - 8
            fresh = os.urandom(4).hex()
            pieces = [value[at : at + size] for at in range(0, len(value), size)]
            parts = tuple(f"{name}/{fresh}/{number}" for number in range(1, len(pieces) + 1))
            self._enter(pages, (*parts, name))
            for part, piece in zip(parts, pieces, strict=True):
                self._set(part, piece)
            self._set(name, items.encode({"v": items.VERSION, "parts": list(parts)}))
        else:
            self._enter(pages, (name,))
            self._set(name, value)
        found = self._get(name)
        if found is None or Secret(found) != Secret(value):
            raise self._differs()
        old = tuple(part for part in self._indexed_parts(name, pages) if part not in parts)
        for part in old:
            self._delete(part)
        if old:
            self._unindex(pages, old)

    def _write_all(self, values: Mapping[str, str]) -> None:
        pages = self._pages()
        known = set(self._mended(pages, lambda: index.read(pages.get)))
        before = {name: self._get(name) for name in values if name in known}
        self._enter(pages, tuple(values))
        done: list[str] = []
        try:
            for name, value in values.items():
                done.append(name)
                if name in known or len(value) * 2 >= items.MAX_BYTES:
                    self._write(name, value, pages)
                    continue
                self._set(name, value)
                found = self._raw(name)
                if found is None or Secret(found) != Secret(value):
                    raise self._differs()
        except BaseException:
            self._take_back(done, before, [name for name in values if name not in known], self._pages())
            raise

    def _take_back(
        self, done: list[str], before: Mapping[str, str | None], fresh: list[str], pages: Pages
    ) -> None:
        """As far as the keychain lets us; the first error is the one to tell. A name left is harmless."""
        gone: set[str] = set()
        for name in done:
            with contextlib.suppress(CredGuardError):
                value = before.get(name)
                if value is not None:
                    self._write(name, value, pages)
                    continue
                parts = self._indexed_parts(name, pages)
                for one in (name, *parts):
                    self._delete(one)
                gone.update((name, *parts))
        with contextlib.suppress(CredGuardError):
            names = {*gone, *fresh} - (set(done) - gone)
            self._unindex(pages, names)

    def _indexed_parts(self, name: str, pages: Pages) -> tuple[str, ...]:
        indexed = self._mended(pages, lambda: index.read(pages.get))
        return tuple(found for found in indexed if _is_part_of(name, found))

    def _written(self, name: str) -> None:
        if self._on_write is not None:
            self._on_write(name)

    def _differs(self) -> CredGuardError:
        return CredGuardError(
            "read-back-differs",
            text("{store} did not give back what was stored.", store=self.label),
            text("Nothing that depends on it was changed. Try again, or see: credguard doctor"),
        )


def _parts(name: str, value: str | None) -> tuple[str, ...]:
    """The pieces that `value`, stored under `name`, stands for; () for a value that is whole."""
    if value is None or '"parts"' not in value:
        return ()
    try:
        found = items.decode(value).get("parts")
    except ValueError:
        return ()
    if not isinstance(found, list):
        return ()
    parts = tuple(part for part in found if isinstance(part, str) and _is_part_of(name, part))
    if len(parts) != len(found):
        raise _unreadable(name)
    return parts


def _is_part_of(name: str, part: str) -> bool:
    match = _PART.fullmatch(part)
    return match is not None and match["name"] == name


def _encode(item: Mapping[str, object]) -> str:
    return items.encode({key: _plain(field) for key, field in item.items()})


def _plain(value: object) -> object:
    return value.reveal() if isinstance(value, Secret) else value


def _wrap(name: str, value: str) -> Item:
    try:
        item = items.decode(value)
    except ValueError:
        raise _unreadable(name) from None
    return {
        key: Secret(field) if key in items.SECRET_FIELDS and isinstance(field, str) else field
        for key, field in item.items()
    }


def unpacked(name: str, value: Secret) -> Item:
    """The item in a stored value; CredGuardError `item-unreadable` for one that is none of this version."""
    return _wrap(name, value.reveal())


def _numbers(names: Iterable[str]) -> list[str]:
    """The page numbers among the names of a listing; no more of them than an index can have."""
    found = (name.removeprefix(index.PREFIX) for name in names if name.startswith(index.PREFIX))
    return [number for number in found if re.fullmatch(r"0|[1-9][0-9]{0,3}", number)]


def _index_unreadable() -> CredGuardError:
    return CredGuardError(
        "index-unreadable",
        text("The list of stored items cannot be read."),
        text("Nothing was changed. Your keys are where they were. See: credguard doctor"),
    )


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
