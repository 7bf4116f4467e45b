"""The index's pages, read once for one listing or for one change under the lock, and all in one go where the
keychain can. What is written is read back from the keychain itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence

#: Values of the names that have one; none of them where the keychain gives one item at a time only.
Many = Callable[[Sequence[str]], Mapping[str, str]]
_FIRST = "index/0"
_MOST_AT_ONCE = 10_000


class Pages:
    """`get`, `put` and `delete` for vault/index.py. Not for longer than one operation: others write too."""

    def __init__(
        self,
        get: Callable[[str], str | None],
        put: Callable[[str, str], None],
        delete: Callable[[str], None],
        many: Many | None = None,
    ) -> None:
        self._get = get
        self._put = put
        self._delete = delete
        self._many = many
        self._known: dict[str, str | None] = {}

    def get(self, name: str) -> str | None:
        if name not in self._known:
            value = self._get(name)
            self._known[name] = value
            if name == _FIRST and value is not None:
                self._read_ahead(value)
        return self._known[name]

    def put(self, name: str, value: str) -> None:
        self._known.pop(name, None)
        self._put(name, value)

    def delete(self, name: str) -> None:
        self._known.pop(name, None)
        self._delete(name)

    def _read_ahead(self, first: str) -> None:
        """The other pages in one question, once. One that is not among the answers is asked for by itself."""
        many, self._many = self._many, None
        if many is None:
            return
        try:
            noted = json.loads(first).get("pages")
        except (ValueError, AttributeError):
            return
        if isinstance(noted, int) and 1 < noted <= _MOST_AT_ONCE:
            self._known.update(many([f"index/{number}" for number in range(1, noted)]))
