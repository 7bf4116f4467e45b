"""The key that seals copies of other programs' files: the item `file-backup`, made on first use."""

from __future__ import annotations

import base64
import contextlib
import secrets
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

from credguard.domain.errors import CredGuardError
from credguard.domain.secret import Secret
from credguard.domain.text import text
from credguard.vault.sealed.sealing import Damaged, WrongKey, seal, unseal
from credguard.vault.store import Item, SecretStore, secret_of
from credguard.wire import items

_PURPOSE = "file-backup"
#: The key before, while copies are being sealed anew.
_OLD = "previous_secret"
#: A new key is wanted: noted before a slot is removed, so that no kill in between forgets it.
_DUE = "renew"


class BackupSealer:
    """Seals and opens the copies. The key is in the store of the keys, read back before its first use."""

    def __init__(
        self,
        store: SecretStore,
        unfinished: Callable[[BackupSealer], None] | None = None,
        alone: Callable[[], AbstractContextManager[None]] = contextlib.nullcontext,
    ) -> None:
        """`alone`: one process at a time makes copies, or gives them a new key. `unfinished` is called before
        a copy is made while a new key is due: the copies there are have to be sealed anew first."""
        self._store = store
        self._unfinished = unfinished
        self._alone = alone

    @contextlib.contextmanager
    def making_copy(self) -> Iterator[None]:
        """Around sealing a copy and putting it in its place, so that no new key begins and ends between the
        two. Raises `busy`, and as sealing anew does."""
        with self._alone():
            if self._unfinished is not None and self.is_due:
                self._unfinished(self)
            yield

    def seal(self, plain: bytes) -> bytes:
        """`plain`, sealed; makes the key when there is none yet. Raises what the store raises."""
        key = self._key()
        if key is None:
            # Of two processes that make one at the same time, both use the one that is stored.
            fresh = Secret(base64.b64encode(secrets.token_bytes(32)).decode())
            key = _decoded(self._store.add(items.FILE_BACKUP, {"v": items.VERSION, "key": fresh}))
        return seal(key, _PURPOSE, plain)

    def unseal(self, sealed: bytes) -> bytes:
        """What was sealed. Raises CredGuardError `backup-unreadable`."""
        item = self._store.read(items.FILE_BACKUP)
        for key in _keys(item):
            try:
                return unseal(key, _PURPOSE, sealed)
            except (WrongKey, Damaged):
                continue
        raise _lost()

    # ── a new key: begin, seal every copy anew, end; whatever moment it stops at, all can be opened ──
    @property
    def is_due(self) -> bool:
        """Whether a new key was wanted, or begun, and is not done with."""
        item = self._store.read(items.FILE_BACKUP)
        return item is not None and (_OLD in item or bool(item.get(_DUE)))

    def want_new_key(self, wanted: bool = True) -> None:
        """Note that a new key is due, or that it is not after all."""
        item = self._store.read(items.FILE_BACKUP)
        if item is not None and bool(item.get(_DUE)) != wanted:
            rest = {n: v for n, v in item.items() if n != _DUE}
            self._store.write(items.FILE_BACKUP, {**rest, _DUE: True} if wanted else rest)

    def begin_new_key(self) -> None:
        """From now on a new key seals; the old one still opens. Nothing happens where that was begun."""
        item = self._store.read(items.FILE_BACKUP)
        if item is not None and _OLD not in item:
            fresh = Secret(base64.b64encode(secrets.token_bytes(32)).decode())
            rest = {n: v for n, v in item.items() if n != _DUE}
            self._store.write(items.FILE_BACKUP, {**rest, "key": fresh, _OLD: secret_of(item, "key")})

    def end_new_key(self) -> None:
        """Forget the old key."""
        item = self._store.read(items.FILE_BACKUP)
        if item is not None and _OLD in item:
            self._store.write(items.FILE_BACKUP, {n: v for n, v in item.items() if n != _OLD})

    def _key(self) -> bytes | None:
        item = self._store.read(items.FILE_BACKUP)
        return None if item is None else _decoded(item)


def _keys(item: Item | None) -> tuple[bytes, ...]:
    if item is None:
        return ()
    old = (_decoded(item, _OLD),) if _OLD in item else ()
    return (_decoded(item), *old)


def _decoded(item: Item, field: str = "key") -> bytes:
    try:
        key = base64.b64decode(secret_of(item, field).reveal(), validate=True)
    except ValueError:
        raise _lost() from None
    if len(key) != 32:
        raise _lost()
    return key


def _lost() -> CredGuardError:
    return CredGuardError(
        "backup-unreadable",
        text("The sealed copy of the file cannot be opened."),
        text("The keys themselves are in the store: credguard keys lists them."),
    )
