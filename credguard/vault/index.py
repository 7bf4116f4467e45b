"""The keychain's index: `index/0`, `index/1` … hold the names of all other items.

Called under the store's interlock. Each page is written whole and read back before anything relies on it.
`index/0` also notes how many pages there were at the least, so that one that vanished is missed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from credguard.domain.errors import CredGuardError
from credguard.domain.text import text
from credguard.wire import items

Read = Callable[[str], str | None]
Write = Callable[[str, str], None]
Delete = Callable[[str], None]
PREFIX = "index/"
_MOST_PAGES = 10_000
_QUOTED = re.compile(r'"([!#-\[\]-~]+/[!#-\[\]-~]*|file-backup)')


class Lost(Exception):
    """A page is gone or says nothing. `names` are those of the other pages and what can still be made out
    of it; `none`: there is no index at all, as before the first item."""

    def __init__(self, names: Iterable[str], pages: int, none: bool = False) -> None:
        super().__init__("index")
        self.names = tuple(names)
        self.pages = pages
        self.none = none


@dataclass(frozen=True, slots=True)
class _Page:
    names: list[str]
    pages: int = 0  # `index/0`: at least so many
    damaged: bool = field(default=False)


def read(get: Read) -> tuple[str, ...]:
    """All names, in the order they came. Raises Lost."""
    return tuple(name for page in _pages(get) for name in page)


def add(get: Read, put: Write, names: Iterable[str]) -> None:
    """Enter `names`, read back before this returns. Raises Lost before anything is written."""
    pages = _pages(get)
    before = len(pages)
    known = {name for page in pages for name in page}
    touched: set[int] = set()
    for name in names:
        if name in known:
            continue
        known.add(name)
        if _size([*pages[-1], name]) >= items.MAX_BYTES:
            pages.append([])
        pages[-1].append(name)
        touched.add(len(pages) - 1)
    # The page before the note that there is one: a kill in between leaves one page more than noted.
    for number in sorted(touched, reverse=True):
        _put(get, put, number, pages)
    if len(pages) > before and 0 not in touched:
        _put(get, put, 0, pages)


def remove(get: Read, put: Write, names: Iterable[str], delete: Delete) -> None:
    """Take `names` out. A page in the middle may become empty; empty ones at the end go away. Raises Lost."""
    pages = _pages(get)
    gone = set(names)
    before = len(pages)
    touched = {n for n, page in enumerate(pages) if gone & set(page)}
    for number in touched:
        pages[number] = [name for name in pages[number] if name not in gone]
    while pages and not pages[-1]:
        pages.pop()
    if pages and len(pages) < before:
        touched.add(0)
    for number in sorted(touched):
        if number < len(pages):
            _put(get, put, number, pages)
    for number in range(before - 1, len(pages) - 1, -1):
        delete(_name(number))


def rewrite(get: Read, put: Write, delete: Delete, names: Iterable[str], stale: int) -> None:
    """The whole index anew; pages up to number `stale` that it does not need go away.

    Until the end `index/0` notes a page that is not there, so a rewriting that was cut off is taken up. A
    name only ever moves to an earlier page, which is written first: none that could be read gets lost.
    """
    pages: list[list[str]] = [[]]
    for name in dict.fromkeys(names):
        if _size([*pages[-1], name]) >= items.MAX_BYTES:
            pages.append([])
        pages[-1].append(name)
    _put(get, put, 0, pages, max(stale, len(pages)) + 1)
    for number in range(1, len(pages)):
        _put(get, put, number, pages)
    for number in range(len(pages), stale):
        delete(_name(number))
    _put(get, put, 0, pages)


def _pages(get: Read) -> list[list[str]]:
    """At least one page; Lost where there is none."""
    found: list[_Page] = []
    expected = _MOST_PAGES
    for number in range(_MOST_PAGES):
        value = get(_name(number))
        if value is None and (number >= (found[0].pages if found else 0)):
            break
        page = _Page([], damaged=True) if value is None else _parsed(value)
        found.append(page)
        expected = found[0].pages
    if not found:
        raise Lost((), 0, none=True)
    if any(page.damaged for page in found):
        raise Lost((name for page in found for name in page.names), max(len(found), expected))
    return [page.names for page in found]


def _parsed(value: str) -> _Page:
    try:
        page = json.loads(value)
    except ValueError:
        page = None
    version = page.get("v") if isinstance(page, dict) else None
    if isinstance(version, int) and version > items.VERSION:
        raise CredGuardError(
            "index-unreadable",
            text("The list of stored items was written by a newer CredGuard."),
            text("Use that version, or a newer one. Nothing was changed: your keys are where they were."),
        )
    names = page.get("names") if isinstance(page, dict) and version == items.VERSION else None
    if not isinstance(names, list):
        return _Page(_QUOTED.findall(value), damaged=True)
    pages = page.get("pages")
    return _Page([str(name) for name in names], pages if isinstance(pages, int) else 0)


def _name(number: int) -> str:
    return f"{PREFIX}{number}"


def _put(get: Read, put: Write, number: int, pages: list[list[str]], noted: int | None = None) -> None:
    value = _page(pages[number], (noted or len(pages)) if number == 0 else 0)
    put(_name(number), value)
    if get(_name(number)) != value:
        raise CredGuardError(
            "read-back-differs",
            text("The store did not give back the list of items."),
            text("Nothing that depends on it was changed. Try again."),
        )


def _page(names: list[str], pages: int = 0) -> str:
    noted: dict[str, object] = {"pages": pages} if pages > 1 else {}
    return items.encode({"v": items.VERSION, "names": names, **noted})


def _size(names: list[str]) -> int:
    # With room for the number of pages, which only the first one has.
    return len(_page(names, _MOST_PAGES)) * 2
