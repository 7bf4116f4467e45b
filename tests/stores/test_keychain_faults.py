"""A real gnome-keyring that fails: at the worst moment, and by the hand of others.

After each fault a secret that was there is there, and the same write done again takes place. docs/stores.md
has the table of faults and where each is held.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from credguard.demo.cloud.companies import ACME_PRODUCTION
from credguard.demo.cloud.server import Double
from credguard.domain.errors import CredGuardError, Locked
from credguard.domain.secret import Secret
from credguard.vault.choose import keychain_store
from credguard.vault.keychain import Keychain, open_keychain
from credguard.vault.store import SecretStore, iterate
from tests.support import prompter
from tests.support.keyring import PrivateKeyring
from tests.support.laptop import Laptop, section

pytestmark = pytest.mark.keyring
NAME = "session/abc"
KEPT = {"v": 1, "secret": Secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")}
OLD = {"v": 1, "session_token": Secret("old" * 450)}  # in two pieces
NEW = {"v": 1, "session_token": Secret("new" * 450)}


def _alone(name: str) -> AbstractContextManager[None]:
    return contextlib.nullcontext()


@pytest.fixture
def keyring(private_keyring: PrivateKeyring) -> PrivateKeyring:
    """Filled: a key, and a long item with an index."""
    store = keychain_store(_alone)
    store.write("access-key/A", KEPT)
    store.write(NAME, OLD)
    return private_keyring


class _Strikes:
    """A keychain that `strike`s before its change of this number, so after the one before."""

    def __init__(self, at: int, strike: Callable[[], None]) -> None:
        self._inner: Keychain = open_keychain()[0]
        self._at = at
        self._strike = strike
        self.changes = 0

    def get_password(self, service: str, username: str) -> str | None:
        return self._inner.get_password(service, username)

    def set_password(self, service: str, username: str, password: str) -> None:
        self._change(lambda: self._inner.set_password(service, username, password))

    def delete_password(self, service: str, username: str) -> None:
        self._change(lambda: self._inner.delete_password(service, username))

    def _change(self, change: Callable[[], None]) -> None:
        self.changes += 1
        if self.changes == self._at:
            self._strike()
        change()


class _Killed(BaseException):
    """The process has ended: nothing cleans up."""


def _at_every_change(
    act: Callable[[SecretStore], None], strike: Callable[[], None], mend: Callable[[], None]
) -> list[CredGuardError]:
    """What was said for a fault at each change that `act` makes; each time the store is whole after it."""
    said: list[CredGuardError] = []
    for at in range(1, 40):
        failing = _Strikes(at, strike)
        try:
            act(SecretStore(failing, "keychain", "GNOME Keyring"))
        except CredGuardError as error:
            said.append(error)
        except _Killed:
            pass
        if failing.changes < at:
            return said
        mend()
        store = keychain_store(_alone)
        assert store.read("access-key/A") == KEPT
        assert store.read(NAME) in (OLD, NEW, None)
        if act is _write:
            assert store.read(NAME) is not None, "the old value went before the new one was there"
        act(store)
        assert store.read(NAME) == (NEW if act is _write else None)
        assert set(store.names()) == ({"access-key/A", NAME} if act is _write else {"access-key/A"})
        store.write(NAME, OLD)
    raise AssertionError("too many changes")


def _write(store: SecretStore) -> None:
    store.write(NAME, NEW)


def _remove(store: SecretStore) -> None:
    store.remove(NAME)


@pytest.mark.parametrize("act", [_write, _remove])
def test_the_daemon_is_killed_at_every_change(
    keyring: PrivateKeyring, act: Callable[[SecretStore], None]
) -> None:
    """What it acknowledged is on its disk: nothing of it is lost with the process."""
    said = _at_every_change(act, keyring.kill_daemon, keyring.start_daemon)
    assert len(said) > 2
    assert {error.code for error in said} == {"store-silent"}


@pytest.mark.parametrize("act", [_write, _remove])
def test_the_power_goes_at_every_change(keyring: PrivateKeyring, act: Callable[[SecretStore], None]) -> None:
    """Both end: the daemon with what is on its disk, and who writes without another call."""

    def off() -> None:
        keyring.kill_daemon()
        raise _Killed

    assert _at_every_change(act, off, keyring.start_daemon) == []


@pytest.mark.parametrize("act", [_write, _remove])
def test_the_daemon_is_restarted_at_every_change(
    keyring: PrivateKeyring, act: Callable[[SecretStore], None]
) -> None:
    """One that is back at once (as systemd does it) is not even noticed."""

    def restart() -> None:
        keyring.kill_daemon()
        keyring.start_daemon()

    assert _at_every_change(act, restart, lambda: None) == []


@pytest.mark.parametrize("act", [_write, _remove])
def test_locked_at_every_change(keyring: PrivateKeyring, act: Callable[[SecretStore], None]) -> None:
    def open_again() -> None:
        keyring.kill_daemon()
        keyring.start_daemon()

    said = _at_every_change(act, keyring.lock, open_again)
    assert len(said) > 2
    assert {error.code for error in said} == {"store-locked"}


@pytest.mark.parametrize("fault", ["full", "read-only"])
@pytest.mark.parametrize("act", [_write, _remove])
def test_a_disk_without_room_or_read_only_at_every_change(
    keyring: PrivateKeyring, act: Callable[[SecretStore], None], fault: str
) -> None:
    strikes = {
        "full": (keyring.full_disk, keyring.room_again),
        "read-only": (keyring.read_only, lambda: keyring.read_only(False)),
    }
    strike, mend = strikes[fault]
    try:
        said = _at_every_change(act, strike, mend)
    finally:
        mend()
    assert len(said) > 2
    assert {error.code for error in said} == {"store-refused"}
    assert all("disk" in str(error.next) for error in said)


# ── the question of the keychain ─────────────────────────────────────────────────────────────────────
@pytest.mark.skipif(prompter.missing() is not None, reason=f"{prompter.missing()} is not installed")
def test_its_question_is_closed_unanswered(keyring: PrivateKeyring) -> None:
    store = keychain_store(_alone)
    before = keyring.items()
    with prompter.screen(keyring) as screen:
        for use in (lambda: store.read("access-key/A"), lambda: _write(store), lambda: store.names()):
            keyring.lock()
            closed: list[str] = []
            person = threading.Thread(target=lambda found=closed: found.append(screen.close_question()))
            person.start()
            with pytest.raises(Locked) as caught:
                use()
            person.join(30)
            assert closed, "it asked nobody"
            assert caught.value.code == "store-locked"
            assert "Nothing was changed" in str(caught.value.next)
    keyring.kill_daemon()
    keyring.start_daemon()
    assert keyring.items() == before


# ── what other programs do ───────────────────────────────────────────────────────────────────────────
def test_an_item_that_another_program_removed(keyring: PrivateKeyring) -> None:
    """It is nowhere, its name is harmless, and it can be written and removed as any other."""
    store = keychain_store(_alone)
    keyring.remove("access-key/A")
    assert store.read("access-key/A") is None
    assert [name for name, _ in iterate(store, "")] == [NAME]
    store.remove("access-key/A")
    assert store.names() == (NAME,)
    store.write("access-key/A", KEPT)
    assert store.read("access-key/A") == KEPT


def test_a_piece_of_a_long_item_that_another_program_removed(keyring: PrivateKeyring) -> None:
    store = keychain_store(_alone)
    piece = next(name for name in keyring.items() if name.startswith(NAME + "/"))
    keyring.remove(piece)
    with pytest.raises(CredGuardError) as caught:
        store.read(NAME)
    assert caught.value.code == "item-unreadable"
    assert store.read("access-key/A") == KEPT
    store.write(NAME, NEW)
    assert store.read(NAME) == NEW


def test_a_removed_key_is_said_by_the_program(
    tmp_path: Path, double: Double, private_keyring: PrivateKeyring
) -> None:
    laptop = Laptop(tmp_path, double.url, private_keyring.env)
    laptop.write(section("work", ACME_PRODUCTION.key_id(), ACME_PRODUCTION.secret()))
    assert laptop.run("import", "--all", "--yes").code == 0
    private_keyring.remove(f"access-key/{ACME_PRODUCTION.key_id()}")
    asked = laptop.run("credential-process", "--profile", "work")
    assert (asked.code, asked.out) == (1, "")
    assert len(asked.err.strip().splitlines()) <= 3
    assert "Traceback" not in asked.err
    assert laptop.run("keys").code in {0, 3}


# ── what a newer version wrote ───────────────────────────────────────────────────────────────────────
def test_items_of_a_newer_version_stay_as_they_are(keyring: PrivateKeyring) -> None:
    """After a downgrade: they cannot be read, are neither lost nor changed, and the others go on."""
    newer = '{"v":2,"cipher":"of tomorrow"}'
    keyring.put("totp/new", newer)
    store = keychain_store(_alone)
    with pytest.raises(CredGuardError) as caught:
        store.read("totp/new")
    assert caught.value.code == "item-unreadable"
    assert "newer" in str(caught.value.next)
    store.write(NAME, NEW)
    store.remove("access-key/A")
    assert keyring.items()["totp/new"] == newer
    value = store.value("totp/new")
    assert value is not None
    assert value.reveal() == newer  # a backup takes it along
