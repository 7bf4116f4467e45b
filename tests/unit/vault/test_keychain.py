"""A keychain that hangs and answers late; pieces of long values under the eyes of a reader."""

from __future__ import annotations

import contextlib
import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credguard.domain.errors import CredGuardError
from credguard.domain.secret import Secret
from credguard.vault.keychain import Keychain
from credguard.vault.store import SecretStore
from credguard.wire import items
from tests.support.stores import MemoryBackend, memory_store


class Slow(MemoryBackend):
    """Waits, while it is asked to, before each change takes place: its person has not answered yet."""

    def __init__(self) -> None:
        super().__init__()
        self.answered = threading.Event()
        self.answered.set()
        self.done = threading.Event()

    def set_password(self, service: str, username: str, password: str) -> None:
        self.answered.wait(20)
        super().set_password(service, username, password)
        self.done.set()


def test_a_change_that_was_given_up_undoes_no_later_one() -> None:
    """Given up: the profile points to the new key. Then back to the old one, and the new one is deleted:
    an answer that comes now must find nothing done in between."""
    slow = Slow()
    keychain = Keychain(slow, timeout=0.2, patience=0.1)
    keychain.set_password("s", "profile", "old")
    slow.answered.clear()
    slow.done.clear()
    with pytest.raises(CredGuardError, match="did not answer"):
        keychain.set_password("s", "profile", "new")
    for change in (
        lambda: keychain.set_password("s", "profile", "old"),
        lambda: keychain.delete_password("s", "other"),
    ):
        with pytest.raises(CredGuardError) as refused:
            change()
        assert refused.value.code == "store-silent"
    assert keychain.get_password("s", "profile") == "old"  # reading goes on
    slow.answered.set()
    assert slow.done.wait(20)
    for thread in keychain._late:
        thread.join(20)
    keychain.set_password("s", "profile", "old")
    assert keychain.get_password("s", "profile") == "old"


class Narrow(MemoryBackend):
    """Takes what Windows takes."""

    def set_password(self, service: str, username: str, password: str) -> None:
        assert len(password.encode("utf-16-le")) <= items.MAX_BYTES
        super().set_password(service, username, password)


@given(st.integers(-4, 4), st.sampled_from([1, 2, 3, 8]))
def test_values_around_the_borders(off: int, pieces: int) -> None:
    backend = Narrow()
    store = SecretStore(backend, "keychain", "Narrow")
    bare = len(items.encode({"v": 1, "secret": ""}))
    for length in (
        items.MAX_BYTES // 2 * pieces - bare + off,
        (items.MAX_BYTES // 2 - 8) * pieces - bare + off,
    ):
        value = Secret("x" * length)
        store.write("session/a", {"v": 1, "secret": value})
        found = store.read("session/a")
        assert found is not None
        assert found["secret"] == value
    assert store.names() == ("session/a",)
    store.remove("session/a")
    assert {name for name in backend.items if not name.startswith("index/")} == set()


@given(st.lists(st.booleans(), min_size=1, max_size=6), st.integers(1, 12))
def test_a_reader_sees_the_old_value_or_the_new_one(sizes: list[bool], at: int) -> None:
    store, backend = memory_store()
    writer = SecretStore(backend, "keychain", "Memory")
    meant = [{"v": 1, "n": number, "x": "y" * (4000 if long else 4)} for number, long in enumerate(sizes)]
    store.write("a", {"v": 1, "n": -1, "x": "z" * 4000})
    left = [at]
    todo = list(meant)

    def between(method: str, name: str) -> None:
        left[0] -= 1
        if left[0] <= 0 and todo:
            item = todo.pop(0)
            backend.fail = lambda method, name: None
            writer.write("a", item)
            left[0] = at
            backend.fail = between

    backend.fail = between
    seen: Any = None
    with contextlib.suppress(CredGuardError):  # a writer at every single step: said, never mixed
        seen = store.read("a")
    if seen is None:
        return
    assert len(set(seen["x"])) == 1
    assert seen["n"] == -1 or seen in meant


def test_reading_is_tried_again_where_the_bus_has_no_place() -> None:
    from keyring.errors import InitError

    class Crowded(MemoryBackend):
        refused = 2

        def get_password(self, service: str, username: str) -> str | None:
            if self.refused:
                self.refused -= 1
                raise InitError
            return super().get_password(service, username)

    backend = Crowded()
    backend.items["a"] = "1"
    assert Keychain(backend).get_password("credguard", "a") == "1"
    backend.refused = 3
    with pytest.raises(CredGuardError) as caught:
        Keychain(backend).get_password("credguard", "a")
    assert caught.value.code == "store-silent"
