"""Two processes that loaded the same state of a store: the one that comes second replays its change on what
is there by then, and neither loses what the other wrote."""

from __future__ import annotations

import os
import random
import signal
import threading
from pathlib import Path

import pytest

from credguard.domain.errors import CredGuardError
from credguard.system.interlock import Interlock
from credguard.vault.keychain import Keychain, open_keychain
from credguard.wire import items
from tests.support.keyring import PrivateKeyring
from tests.support.writers import Writer, open_one, writers

#: A change of the real keychain takes a tenth of a second.
ROUNDS = {"sealed": 200, "keychain": 40}


@pytest.fixture(params=["sealed", pytest.param("keychain", marks=pytest.mark.keyring)])
def kind(request: pytest.FixtureRequest) -> str:
    if request.param == "keychain":
        request.getfixturevalue("private_keyring")
    return str(request.param)


def _change(chosen: random.Random, expected: dict[str, str], who: int, number: int) -> tuple[str, ...]:
    """A change of a name of this writer alone, and what it leaves."""
    name = f"profile/p-{who}-{chosen.randrange(12)}"
    if chosen.random() < 0.25:
        expected.pop(name, None)
        return "remove", name
    expected[name] = str(number)
    return "put", name, str(number)


def test_many_interleavings(tmp_path: Path, kind: str) -> None:
    """Both hold the same generation; one writes, or both at once; then each is asked what is there."""
    chosen = random.Random(7)
    expected: dict[str, str] = {}
    open_one(kind, str(tmp_path)).write("profile/p-0-0", {"v": 1, "n": "first"})
    expected["profile/p-0-0"] = "first"
    with writers(kind, tmp_path) as both:
        for writer in both:  # open, at the same generation
            assert writer.ask("get", "profile/p-0-0") == "first"
        for number in range(ROUNDS[kind]):
            if chosen.random() < 0.5:
                told = [(writer, _change(chosen, expected, n, number)) for n, writer in enumerate(both)]
                for writer, words in told:
                    writer.tell(*words)
                for writer, words in told:
                    assert writer.answer() == "ok", words
            else:
                # The other one is stale when it is its turn.
                who = chosen.randrange(2)
                assert both[who].ask(*_change(chosen, expected, who, number)) == "ok"
            if number % 20 == 0:
                _all_say(both, expected)
        _all_say(both, expected)


def _all_say(both: list[Writer], expected: dict[str, str]) -> None:
    for writer in both:
        names = writer.ask("names")
        assert set(names.split(",")) - {"none"} == set(expected)
        for name, value in expected.items():
            assert writer.ask("get", name) == value


def test_both_change_the_same_item(tmp_path: Path, kind: str) -> None:
    """One of the two values is there, whole, and both processes see the same one."""
    with writers(kind, tmp_path) as both:
        assert both[0].ask("put", "profile/p", "0") == "ok"
        for number in range(20):
            for who, writer in enumerate(both):
                writer.tell("put", "profile/p", f"{number}-{who}")
            assert [writer.answer() for writer in both] == ["ok", "ok"]
            said = {writer.ask("get", "profile/p") for writer in both}
            assert len(said) == 1
            assert said <= {f"{number}-0", f"{number}-1"}


@pytest.mark.parametrize("times", range(3))
def test_killed_while_it_writes_the_other_goes_on(tmp_path: Path, kind: str, times: int) -> None:
    with writers(kind, tmp_path) as both:
        assert both[0].ask("put", "profile/kept", "kept") == "ok"
        both[1].tell("put", "profile/perhaps", "x" * (1 + 3000 * times))
        os.kill(both[1].process.pid, signal.SIGKILL)
        both[1].process.wait()
        assert both[0].ask("put", "profile/after", "after") == "ok"
        assert both[0].ask("get", "profile/kept") == "kept"
        assert both[0].ask("get", "profile/perhaps") in {"none", "x" * (1 + 3000 * times)}
        assert {"profile/kept", "profile/after"} <= set(both[0].ask("names").split(","))


# ── a change that was given up, and takes place late ─────────────────────────────────────────────────
class _Waits:
    """A keychain of which one change waits until its person answers."""

    def __init__(self, inner: Keychain) -> None:
        self.inner = inner
        self.answered = threading.Event()
        self.made = threading.Event()

    def get_password(self, service: str, username: str) -> str | None:
        return self.inner.get_password(service, username)

    def set_password(self, service: str, username: str, password: str) -> None:
        self.answered.wait(60)
        self.inner.set_password(service, username, password)
        self.made.set()

    def delete_password(self, service: str, username: str) -> None:
        self.inner.delete_password(service, username)


@pytest.mark.keyring
def test_a_change_given_up_here_keeps_other_processes_out_until_it_is_made(
    tmp_path: Path, private_keyring: PrivateKeyring
) -> None:
    """Given up: the profile points to the new key. If another process then put the old one back, and deleted
    the new key, the late answer would point the profile to nothing."""
    profile = items.profile_item("p", "work", "AKIAIOSFODNN7EXAMPLE", None)
    private_keyring.put("profile/p", items.encode({**profile, "n": "old"}))
    interlock = Interlock(str(tmp_path / "run"))
    slow = _Waits(open_keychain()[0])
    keychain = Keychain(
        slow, timeout=0.2, patience=0.1, alone=lambda: interlock.hold("keychain-change", wait=0.0)
    )
    with pytest.raises(CredGuardError) as given_up:
        keychain.set_password(items.SERVICE, "profile/p", items.encode({**profile, "n": "late"}))
    assert given_up.value.code == "store-silent"
    with writers("keychain", tmp_path, count=1) as (other,):
        assert other.ask("get", "profile/p") == "old"  # reading goes on
        other.tell("put", "profile/p", "other")
        assert other.answer() == "error busy"
        slow.answered.set()
        assert slow.made.wait(30)
        for thread in keychain._late:
            thread.join(30)
        # Made at last: from here on what the other one writes stays.
        assert other.ask("get", "profile/p") == "late"
        assert other.ask("put", "profile/p", "other") == "ok"
        assert other.ask("get", "profile/p") == "other"
