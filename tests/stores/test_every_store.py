"""One suite, every store: the real keychain, the sealed vault, and a keyring backend in memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from credguard.domain.errors import CredGuardError, Locked
from credguard.domain.keys import Credentials
from credguard.domain.secret import Secret
from credguard.domain.text import Text
from credguard.vault.filebackup import BackupSealer
from credguard.vault.keychain import Keychain, open_keychain, probe
from credguard.vault.sessions import Sessions
from credguard.vault.store import SecretStore
from tests.support.keyring import PrivateKeyring
from tests.support.stores import memory_store, sealed_store

VALUE = Secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")


@pytest.fixture(params=["memory", "sealed", "keychain"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> SecretStore:
    if request.param == "memory":
        return memory_store()[0]
    if request.param == "sealed":
        return sealed_store(tmp_path)
    request.getfixturevalue("private_keyring")
    keychain, label = open_keychain()
    return SecretStore(keychain, "keychain", label)


def test_what_was_written_comes_back_and_secrets_stay_wrapped(store: SecretStore) -> None:
    store.write("access-key/AKIAEXAMPLE", {"v": 1, "secret": VALUE, "account_id": "1", "ünï": "日本"})
    item = store.read("access-key/AKIAEXAMPLE")
    assert item is not None
    assert item["secret"] == VALUE
    assert item["ünï"] == "日本"
    assert VALUE.reveal() not in repr(item)


def test_nothing_there_is_none(store: SecretStore) -> None:
    assert store.read("access-key/NOPE") is None
    assert store.names() == ()
    store.remove("access-key/NOPE")


def test_names_follow_the_items(store: SecretStore) -> None:
    for name in ("access-key/A", "profile/p-1", "totp/x"):
        store.write(name, {"v": 1, "n": name})
    assert store.names() == ("access-key/A", "profile/p-1", "totp/x")
    assert store.names("profile/") == ("profile/p-1",)
    store.remove("profile/p-1")
    assert store.names() == ("access-key/A", "totp/x")


def test_a_long_value_is_split_and_joined(store: SecretStore) -> None:
    token = Secret("FwoGZXIvYXdzEXAMPLE" * 200)
    store.write("session/abc", {"v": 1, "session_token": token})
    store.write("session/abc", {"v": 1, "session_token": Secret(token.reveal() + "2")})
    item = store.read("session/abc")
    assert item is not None
    assert item["session_token"] == Secret(token.reveal() + "2")
    assert store.names() == ("session/abc",)
    store.write("session/abc", {"v": 1, "session_token": Secret("short")})
    store.remove("session/abc")
    assert store.names() == ()


def test_many_names_need_several_index_pages(store: SecretStore) -> None:
    names = [f"access-key/AKIA{n:016d}" for n in range(60)]
    for name in names:
        store.write(name, {"v": 1})
    assert store.names() == tuple(sorted(names))
    for name in names[10:]:
        store.remove(name)
    assert store.names() == tuple(names[:10])


def test_the_backup_key_is_made_once(store: SecretStore) -> None:
    sealed = BackupSealer(store).seal(b"plain")
    assert b"plain" not in sealed
    assert BackupSealer(store).unseal(sealed) == b"plain"
    with pytest.raises(CredGuardError) as caught:
        BackupSealer(store).unseal(sealed[:-1])
    assert caught.value.code == "backup-unreadable"


def test_sessions(store: SecretStore) -> None:
    sessions = Sessions(store)
    credentials = Credentials("ASIAEXAMPLE", VALUE, Secret("token" * 300), 1_795_000_000.0, "123456789012")
    sessions.put("d1", credentials)
    assert sessions.get("d1") == credentials
    sessions.drop()
    assert sessions.get("d1") is None


@pytest.mark.parametrize("fault", [("set", "index/0"), ("set", "a/b"), ("get", "a/b")])
def test_a_store_that_fails_leaves_a_name_without_an_item_at_most(fault: tuple[str, str]) -> None:
    """Where only the reading back failed, the item is there, and its writer was told that it may not be."""
    store, backend = memory_store()

    def fail(method: str, name: str) -> None:
        if (method, name) == fault:
            raise CredGuardError("store-silent", Text("what"), Text("next"))

    backend.fail = fail
    with pytest.raises(CredGuardError):
        store.write("a/b", {"v": 1})
    backend.fail = lambda method, name: None
    assert store.read("a/b") == ({"v": 1} if fault[0] == "get" else None)
    assert set(backend.items) - {"index/0"} <= set(store.names())


def test_a_store_that_forgets_is_noticed() -> None:
    store, backend = memory_store()

    def forget(method: str, name: str) -> None:
        if method == "get" and name == "a/b":
            backend.items.pop("a/b", None)

    backend.fail = forget
    with pytest.raises(CredGuardError) as caught:
        store.write("a/b", {"v": 1})
    assert caught.value.code == "read-back-differs"


class _Raises:
    def __init__(self, error: Exception) -> None:
        self._error = error

    def get_password(self, service: str, username: str) -> str:
        raise self._error


def test_library_errors_become_sentences_without_their_words() -> None:
    from keyring.errors import KeyringLocked

    with pytest.raises(Locked):
        Keychain(_Raises(KeyringLocked("wJalrXUtnFEMI"))).get_password("s", "u")
    with pytest.raises(CredGuardError) as caught:
        Keychain(_Raises(RuntimeError("wJalrXUtnFEMI"))).get_password("s", "u")
    assert "wJalr" not in str(caught.value)


def test_a_bus_that_hangs_does_not_hang_us() -> None:
    import threading

    never = threading.Event()
    found = probe(timeout=0.05, make=lambda: never.wait(5))
    assert not found.ok
    assert "did not answer" in str(found.reason)


def test_a_locked_keychain_says_so(private_keyring: PrivateKeyring) -> None:
    keychain, label = open_keychain()
    store = SecretStore(keychain, "keychain", label)
    store.write("a/b", {"v": 1})
    private_keyring.kill_daemon()
    try:
        with pytest.raises(CredGuardError) as caught:
            store.read("a/b")
        assert caught.value.code in {"store-silent", "store-locked"}
    finally:
        private_keyring.start_daemon()
    assert store.read("a/b") == {"v": 1}


def test_many_at_once_are_there_and_replace_what_was(store: SecretStore) -> None:
    store.write("totp/x", {"v": 1, "n": "old"})
    values = {f"totp/{n}": {"v": 1, "secret": VALUE, "n": n} for n in range(50)}
    store.write_all({**values, "totp/x": {"v": 1, "n": "new"}, "totp/long": {"v": 1, "n": "n" * 4000}})
    assert set(store.names("totp/")) == {*values, "totp/x", "totp/long"}
    assert store.read("totp/49") == {"v": 1, "secret": VALUE, "n": 49}
    assert store.read("totp/x") == {"v": 1, "n": "new"}
    assert store.read("totp/long") == {"v": 1, "n": "n" * 4000}
    store.write_all({})
