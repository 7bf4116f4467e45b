"""The index's pages of one operation: each read once, written through, the rest in one question."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from credguard.vault import index
from credguard.vault.pages import Pages
from credguard.vault.store import SecretStore
from tests.support.keyring import PrivateKeyring
from tests.support.stores import MemoryBackend

NAMES = [f"account/{n:0120d}" for n in range(45)]


@pytest.fixture
def backend() -> MemoryBackend:
    made = MemoryBackend()
    pages = _pages(made)
    index.rewrite(pages.get, pages.put, pages.delete, NAMES, 0)
    assert {"index/0", "index/1", "index/2"} <= set(made.items)
    return made


def _pages(backend: MemoryBackend) -> Pages:
    return Pages(
        lambda name: backend.get_password("s", name),
        lambda name, value: backend.set_password("s", name, value),
        lambda name: backend.delete_password("s", name),
    )


def test_a_write_reads_each_page_once_and_what_it_wrote_again(backend: MemoryBackend) -> None:
    asked: list[tuple[str, str]] = []
    backend.fail = lambda method, name: asked.append((method, name))
    SecretStore(backend, "keychain", "Memory").write("totp/x", {"v": 1})
    assert asked.count(("get", "index/1")) == 1
    written = [name for method, name in asked if method == "set" and name.startswith("index/")]
    for page in written:  # read back from the keychain itself
        assert asked.index(("set", page)) < len(asked) - 1 - asked[::-1].index(("get", page))


@pytest.mark.parametrize("given", ["all", "one", "none"])
def test_what_was_not_among_the_answers_is_asked_for(backend: MemoryBackend, given: str) -> None:
    asked: list[str] = []

    def many(names: Sequence[str]) -> dict[str, str]:
        assert list(names) == [f"index/{n}" for n in range(1, len(names) + 1)]
        chosen = {"all": names, "one": names[:1], "none": ()}[given]
        return {name: backend.items[name] for name in chosen}

    backend.fail = lambda method, name: asked.append(name)
    store = SecretStore(backend, "keychain", "Memory", many=many)
    assert store.names() == tuple(NAMES)
    assert ("index/1" in asked) == (given == "none")
    assert ("index/2" in asked) == (given != "all")


@pytest.mark.keyring
def test_a_real_keychain_gives_them_in_one_go_and_nothing_while_locked(
    private_keyring: PrivateKeyring,
) -> None:
    from credguard.vault.keychain import open_keychain

    for name in ("index/1", "index/2"):
        private_keyring.put(name, f"value of {name}")
    keychain, _ = open_keychain()
    values = {name: f"value of {name}" for name in ("index/1", "index/2")}
    assert keychain.get_passwords(["index/1", "index/2", "index/3"]) == values
    private_keyring.lock()
    try:
        assert keychain.get_passwords(["index/1"]) == {}
    finally:
        private_keyring.kill_daemon()
        private_keyring.start_daemon()
