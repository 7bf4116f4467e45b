"""The provider as the SDKs run it: isolated, from the real keychain, and what it may load."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credguard.domain.keys import Credentials
from credguard.domain.secret import Secret
from credguard.vault.keychain import open_keychain
from credguard.vault.sessions import Sessions
from credguard.vault.store import SecretStore
from credguard.wire import flat, items, places
from tests.support.keyring import PrivateKeyring

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
KEY = "AKIATW5NHGREXAMPLE00"
#: All that the direct path may load beside what `python -I -S -c pass` loads.
ALLOWED = {
    "__future__",
    "_json",
    "_socket",
    "time",
    "os",
    "os.path",
    "posixpath",
    "genericpath",
    "stat",
    "_stat",
    "_collections_abc",
    "credguard",
    "credguard.wire",
    "credguard.wire.credential_process",
    "credguard.wire.flat",
    "credguard.wire.items",
    "credguard.wire.places",
    "credguard.wire.frames",
    "credguard.wire.spool",
    "credguard.provider",
    "credguard.provider.ask",
    "credguard.provider.alone",
    "credguard.provider.direct",
    "credguard.provider.dbus",
}
#: And with an agent that answers: the standard library's `os`, `_socket`, and three files of ours.
ALLOWED_WITH_AGENT = {
    "__future__", "_socket",
    "os", "os.path", "posixpath", "genericpath", "stat", "_stat", "_collections_abc",
    "credguard", "credguard.wire", "credguard.wire.places", "credguard.wire.frames", "credguard.provider",
    "credguard.provider.ask",
}  # fmt: skip


@pytest.fixture
def store(private_keyring: PrivateKeyring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SecretStore:
    monkeypatch.setenv("CREDGUARD_HOME", str(tmp_path / "state"))
    (tmp_path / "state" / "run").mkdir(parents=True, mode=0o700)
    keychain, label = open_keychain()
    made = SecretStore(keychain, "keychain", label)
    made.write(
        items.access_key(KEY),
        items.access_key_item(KEY, SECRET, "123456789012", "arn:aws:iam::1:user/x", 1.5),
    )
    made.write(items.profile("p-1"), items.profile_item("p-1", "mein prüfling", KEY, "123456789012"))
    return made


def _run(*arguments: str, code: str | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", "-S", *(["-c", code] if code else [places.client()]), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)


def test_the_key_comes_straight_from_the_keychain(store: SecretStore, tmp_path: Path) -> None:
    ran = _run("p-1")
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == {
        "Version": 1,
        "AccessKeyId": KEY,
        "SecretAccessKey": SECRET,
        "AccountId": "123456789012",
    }
    assert ran.stderr == ""
    spool = tmp_path / "state" / "run" / "activity.spool"
    line = json.loads(spool.read_text())
    assert line["profile"] == "mein prüfling"
    assert SECRET not in spool.read_text()
    assert spool.stat().st_mode & 0o777 == 0o600


def test_a_session_is_served_while_it_lasts(store: SecretStore) -> None:
    soon, later = time.time() + 600, time.time() + 3600
    Sessions(store).put("d1", Credentials("ASIAEXAMPLE", Secret("s"), Secret("t" * 300), later, "1"))
    store.write(items.profile("p-1"), items.profile_item("p-1", "x", KEY, "123456789012", session="d1"))
    document = json.loads(_run("p-1").stdout)
    assert document["AccessKeyId"] == "ASIAEXAMPLE"
    assert document["SessionToken"] == "t" * 300
    assert document["Expiration"].endswith("Z")
    Sessions(store).put("d1", Credentials("ASIAEXAMPLE", Secret("s"), Secret("t" * 300), soon, "1"))
    assert "ASIAEXAMPLE" not in _run("p-1").stdout


LOADED = (
    "import sys; before = set(sys.modules); client = sys.argv.pop(1); import os.path as p;"
    "sys.path.insert(0, p.dirname(p.dirname(p.dirname(client))));"
    "import credguard.provider.client as c; code = c.main(sys.argv[1:]);"
    "print(file=sys.stderr); print(*sorted(set(sys.modules) - before), file=sys.stderr); sys.exit(code)"
)


def test_only_these_modules_are_loaded(store: SecretStore) -> None:
    ran = _run(places.client(), "p-1", code=LOADED)
    assert ran.returncode == 0, ran.stderr
    loaded = set(ran.stderr.split()) - {"credguard.provider.client"}
    assert loaded <= ALLOWED


def test_with_an_agent_even_fewer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket
    import threading

    from credguard.wire import frames

    monkeypatch.setenv("CREDGUARD_HOME", str(tmp_path / "state"))
    (tmp_path / "state" / "run").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "state" / "run")  # the address of a socket is short
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("agent.sock")
        listener.listen()
        asked: list[bytes] = []

        def agent() -> None:
            connection, _ = listener.accept()
            with connection:
                found = frames.read(connection.recv)
                asked.append(found[1] if found else b"")
                connection.sendall(frames.pack(frames.FINISHED, b'{"Version":1}'))

        thread = threading.Thread(target=agent)
        thread.start()
        ran = _run(places.client(), "p-1", code=LOADED)
        thread.join(10)
    assert (ran.returncode, ran.stdout) == (0, '{"Version":1}'), ran.stderr
    assert json.loads(asked[0]) == {"ask": "credentials", "profile": "p-1"}
    assert set(ran.stderr.split()) - {"credguard.provider.client"} <= ALLOWED_WITH_AGENT


@pytest.mark.parametrize("sent", [b"", b"CG\x01", b"drops"])
def test_an_agent_that_does_not_answer_is_waited_for_once(
    sent: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing, half a frame, one byte after the other: neither anew for each byte, nor by both programs."""
    import socket
    import threading

    from credguard.wire import frames

    monkeypatch.setenv("CREDGUARD_HOME", str(tmp_path / "state"))
    (tmp_path / "state" / "run").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "state" / "run")
    code = (
        "import sys, os; sys.path.insert(0, sys.argv[1]); import credguard.provider.ask as c;"
        "c.SECONDS = 1.0;"
        "c._become = lambda command: print('BECAME', *command) or 0; sys.exit(c.main(sys.argv[2:]))"
    )
    over = threading.Event()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("agent.sock")
        listener.listen()

        def agent() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(4096)
                for byte in frames.pack(frames.FINISHED, b"x" * 4000) if sent == b"drops" else sent:
                    if over.wait(0.02):
                        return
                    with contextlib.suppress(OSError):  # it has given up
                        connection.sendall(bytes((byte,)))
                over.wait(30)

        thread = threading.Thread(target=agent, daemon=True)
        thread.start()
        ran = _run(os.path.dirname(places.package()), "p-1", code=code)
        over.set()
        thread.join(10)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == "CredGuard: the agent did not answer in time. End it with: credguard lock\n"


@pytest.mark.parametrize("change", ["locked", "no direct", "no profile", "no key", "sealed", "no bus"])
def test_anything_more_becomes_the_full_program(
    store: SecretStore, change: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if change == "locked":
        (tmp_path / "state" / "run" / "locked").touch()
    elif change == "no direct":
        store.write(items.profile("p-1"), items.profile_item("p-1", "x", KEY, None, direct=False))
    elif change == "no profile":
        store.remove(items.profile("p-1"))
    elif change == "no key":
        store.remove(items.access_key(KEY))
    elif change == "sealed":
        monkeypatch.setenv("CREDGUARD_STORE", "sealed")
    elif change == "no bus":
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path}/nobody")
    code = (
        "import sys, os; sys.path.insert(0, sys.argv[1]); import credguard.provider.ask as c;"
        "c._become = lambda command: print('BECAME', *command) or 0; sys.exit(c.main(sys.argv[2:]))"
    )
    ran = _run(os.path.dirname(places.package()), "p-1", code=code)
    assert ran.stdout.startswith("BECAME credential-process --profile p-1 --begun ")


def test_a_locked_keychain_becomes_the_full_program(
    store: SecretStore, private_keyring: PrivateKeyring
) -> None:
    private_keyring.lock()
    try:
        code = (
            "import sys, os; sys.path.insert(0, sys.argv[1]); import credguard.provider.ask as c;"
            "c._become = lambda command: print('BECAME') or 0; sys.exit(c.main(sys.argv[2:]))"
        )
        assert _run(os.path.dirname(places.package()), "p-1", code=code).stdout == "BECAME\n"
    finally:
        private_keyring.kill_daemon()
        private_keyring.start_daemon()


@pytest.mark.parametrize("argument", ["", "a b", "p-1;id", "../x", "ü", "x" * 65])
def test_an_argument_that_is_no_id_is_refused(argument: str) -> None:
    ran = _run(argument)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert len(ran.stderr.splitlines()) == 1


@given(
    st.dictionaries(
        st.text(max_size=8),
        st.one_of(st.text(max_size=30), st.none(), st.booleans(), st.integers(-(10**12), 10**12)),
        max_size=6,
    )
)
def test_flat_reads_what_items_write(item: dict[str, object]) -> None:
    assert flat.decode(items.encode(item)) == item
    assert flat.decode(json.dumps(item, indent=2)) == item


@given(st.text(max_size=40))
def test_flat_refuses_or_agrees_with_json(value: str) -> None:
    try:
        found = flat.decode(value)
    except ValueError:
        return
    assert json.loads(value) == found


def test_places_agree_with_platformdirs(monkeypatch: pytest.MonkeyPatch) -> None:
    import platformdirs

    monkeypatch.delenv("CREDGUARD_HOME", raising=False)
    for data_home in (None, "/somewhere/data", "relative"):
        if data_home is None:
            monkeypatch.delenv("XDG_DATA_HOME", raising=False)
        else:
            monkeypatch.setenv("XDG_DATA_HOME", data_home)
        if data_home != "relative":
            assert places.home() == platformdirs.user_data_dir("credguard", appauthor=False)
