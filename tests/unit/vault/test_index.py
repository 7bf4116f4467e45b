"""The keychain's index: any page lost or spoilt, at any moment, and no name is lost with it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credguard.domain.errors import CredGuardError
from credguard.vault import index
from credguard.vault.recover import finder
from credguard.vault.store import SecretStore
from credguard.wire import items
from credguard.workflows.known_names import _points_to
from tests.support.stores import MemoryBackend

NAMES = tuple(f"access-key/AKIA{n:016d}" for n in range(150))
SPOILT = ("", "{", "[]", '{"v":1}', '{"v":1,"names":3}', "\x00", '{"names":[],"v":"x"}')


def _store(backend: MemoryBackend, found: Callable[[index.Read], Iterable[str]] | None = None) -> SecretStore:
    return SecretStore(backend, "keychain", "Memory", found=found or (lambda get: sorted(backend.items)))


def _full() -> MemoryBackend:
    backend = MemoryBackend()
    for name in NAMES:
        backend.items[name] = items.encode({"v": 1, "n": name})
    index.rewrite(
        backend.items.get, backend.items.__setitem__, lambda n: backend.items.pop(n, None), NAMES, 0
    )
    return backend


def _pages(backend: MemoryBackend) -> list[str]:
    return sorted(name for name in backend.items if name.startswith("index/"))


FULL = _full()


@pytest.mark.parametrize("page", _pages(FULL))
@pytest.mark.parametrize("spoilt", [None, *SPOILT])
@pytest.mark.parametrize("first", ["list", "write", "remove"])
def test_a_page_that_is_gone_or_spoilt_is_made_anew(page: str, spoilt: str | None, first: str) -> None:
    backend = MemoryBackend()
    backend.items = dict(FULL.items)
    if spoilt is None:
        del backend.items[page]
    else:
        backend.items[page] = spoilt
    told: list[int] = []
    store = _store(backend)
    store._on_mended = told.append
    left = set(NAMES)
    if first == "write":
        store.write("totp/new", {"v": 1})
        left |= {"totp/new"}
    elif first == "remove":
        store.remove(NAMES[70])
        left -= {NAMES[70]}
    assert store.names() == tuple(sorted(left))
    assert told == [150]
    # The index stands by itself again.
    assert set(index.read(backend.items.get)) == left


def test_every_page_gone_and_too_many_of_them() -> None:
    backend = MemoryBackend()
    backend.items = {name: value for name, value in FULL.items.items() if not name.startswith("index/")}
    backend.items["index/7"] = "left behind"
    store = _store(backend)
    assert store.names() == NAMES
    assert "index/7" not in backend.items


def test_nothing_stored_is_no_loss_and_writes_nothing() -> None:
    backend = MemoryBackend()
    assert _store(backend).names() == ()
    assert backend.items == {}


def test_a_newer_version_is_left_alone() -> None:
    backend = MemoryBackend()
    backend.items = {**FULL.items, "index/1": '{"v":2,"names":{}}'}
    before = dict(backend.items)
    for call in (lambda: _store(backend).names(), lambda: _store(backend).write("totp/a", {"v": 1})):
        with pytest.raises(CredGuardError) as caught:
            call()
        assert caught.value.code == "index-unreadable"
        assert "newer" in str(caught.value.what)
    assert backend.items == before


def test_without_any_other_source_nothing_is_changed() -> None:
    backend = MemoryBackend()
    backend.items = {**FULL.items, "index/1": "{"}
    before = dict(backend.items)
    with pytest.raises(CredGuardError) as caught:
        SecretStore(backend, "keychain", "Memory").names()
    assert caught.value.code == "index-unreadable"
    assert backend.items == before


class _Killed(Exception):
    pass


@given(st.integers(0, 12), st.sampled_from(["index/0", "index/1", "index/2"]), st.booleans())
def test_killed_while_it_is_made_anew(at: int, page: str, gone: bool) -> None:
    """Where the system lists nothing: what could be read, and what is known elsewhere, comes through a kill
    at any write."""
    backend = MemoryBackend()
    backend.items = dict(FULL.items)
    backend.items[page] = backend.items[page][:-30]  # still readable by eye
    if gone:
        del backend.items[page]
    known = set(NAMES) - set(index_names(FULL, other_than=page)) if gone else set(NAMES[:3])
    left = at

    def killed(method: str, name: str) -> None:
        nonlocal left
        if method in {"set", "delete"}:
            left -= 1
            if left < 0:
                raise _Killed

    backend.fail = killed
    store = _store(backend, lambda get: [n for n in sorted(known) if get(n) is not None])
    with contextlib.suppress(_Killed):
        store.names()
    backend.fail = lambda method, name: None
    missing = set(NAMES) - set(store.names())
    # A page cut off in the middle of a name has lost that one, where nobody else knows it.
    assert len(missing) <= (0 if gone else 1)


def index_names(backend: MemoryBackend, other_than: str) -> list[str]:
    return [
        str(name)
        for page in _pages(backend)
        if page != other_than
        for name in items.decode(backend.items[page])["names"]  # type: ignore[attr-defined]
    ]


class _NoListing:
    def names(self) -> None:
        return None


def test_where_the_system_lists_nothing_known_names_are_asked_for() -> None:
    backend = MemoryBackend()
    profile = items.encode(
        items.profile_item("p-1", "work", "AKIAIOSFODNN7EXAMPLE", "123456789012", "session/a")
    )
    backend.items = {"profile/p-1": profile, "access-key/AKIAIOSFODNN7EXAMPLE": items.encode({"v": 1})}
    found = finder(
        _NoListing(),  # type: ignore[arg-type]
        lambda get: ("profile/p-1", *_points_to(get("profile/p-1")), "profile/p-gone"),
    )
    store = _store(backend, found)
    assert store.names() == ("access-key/AKIAIOSFODNN7EXAMPLE", "profile/p-1")
