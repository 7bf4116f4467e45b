"""The keychain's index: `index/0`, `index/1` … hold the names of all other items.

Called under the store's interlock. Each page is written whole and read back before anything relies on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from credguard.domain.errors import CredGuardError
from credguard.domain.text import text
from credguard.wire import items

Read = Callable[[str], str | None]
Write = Callable[[str, str], None]
Delete = Callable[[str], None]
_MOST_PAGES = 10_000


def read(get: Read) -> tuple[str, ...]:
    """All names, in the order they came."""
    return tuple(name for page in _pages(get) for name in page)


def add(get: Read, put: Write, names: Iterable[str]) -> None:
    """Enter `names`, read back before this returns."""
    pages = _pages(get)
    known = {name for page in pages for name in page}
    touched: set[int] = set()
    for name in names:
        if name in known:
            continue
        known.add(name)
        if not pages or _size([*pages[-1], name]) >= items.MAX_BYTES:
            pages.append([])
        pages[-1].append(name)
        touched.add(len(pages) - 1)
    for number in sorted(touched):
        _put(get, put, number, pages[number])


def remove(get: Read, put: Write, names: Iterable[str], delete: Delete) -> None:
    """Take `names` out. A page in the middle may become empty; empty ones at the end go away."""
    pages = _pages(get)
    gone = set(names)
    before = len(pages)
    touched = {n for n, page in enumerate(pages) if gone & set(page)}
    for number in touched:
        pages[number] = [name for name in pages[number] if name not in gone]
    while pages and not pages[-1]:
        pages.pop()
    for number in sorted(touched):
        if number < len(pages):
            _put(get, put, number, pages[number])
    for number in range(before - 1, len(pages) - 1, -1):
        delete(f"index/{number}")


def _pages(get: Read) -> list[list[str]]:
    pages: list[list[str]] = []
    for number in range(_MOST_PAGES):
        value = get(f"index/{number}")
        if value is None:
            break
        try:
            found = items.decode(value).get("names")
        except ValueError:
            found = None
        if not isinstance(found, list):
            raise CredGuardError(
                "index-unreadable",
                text("The list of stored items cannot be read."),
                text("Nothing was changed. Your keys are where they were. See: credguard doctor"),
            )
        pages.append([str(name) for name in found])
    return pages


def _put(get: Read, put: Write, number: int, names: list[str]) -> None:
    value = _page(names)
    put(f"index/{number}", value)
    if get(f"index/{number}") != value:
        raise CredGuardError(
            "read-back-differs",
            text("The store did not give back the list of items."),
            text("Nothing that depends on it was changed. Try again."),
        )


def _page(names: list[str]) -> str:
    return items.encode({"v": items.VERSION, "names": names})


def _size(names: list[str]) -> int:
    return len(_page(names)) * 2
