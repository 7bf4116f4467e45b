"""The agent over real sockets, in processes of its own: who may ask, what it answers, how it ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from credguard.agent.server import patient
from credguard.domain.errors import CredGuardError, Locked
from credguard.domain.secret import Secret
from credguard.vault.launch import start
from credguard.vault.remote import Agent, connect
from credguard.wire import frames, items, places
from tests.support.agent import ACCOUNT, KEY, ROOT, SECRET, SEED, Desk, until_true
from tests.support.agent import desk as desk
from tests.support.stores import PASSPHRASE, passphrase

on_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")


def _document(ran: subprocess.CompletedProcess[str]) -> dict[str, object]:
    assert ran.returncode == 0, ran.stderr
    return dict(json.loads(ran.stdout))


# ── opening, answering, locking ──────────────────────────────────────────────────────────────────
def test_the_provider_gets_its_key_and_after_the_lock_exit_4(desk: Desk) -> None:
    started = desk.start()
    ran = desk.provider()
    assert _document(ran) == {
        "Version": 1,
        "AccessKeyId": KEY,
        "SecretAccessKey": SECRET,
        "AccountId": ACCOUNT,
    }
    assert ran.stderr == ""
    locked = desk.credguard("lock")
    assert (locked.returncode, locked.stdout) == (0, "Locked. The agent has ended.\n")
    until_true(started.gone)
    assert not os.path.exists(places.agent_socket())
    refused = desk.provider()
    assert (refused.returncode, refused.stdout) == (4, "")
    assert len(refused.stderr.splitlines()) == 1
    assert desk.credguard("totp", "code", "Northwind").returncode == 4


def test_commands_use_what_it_holds(desk: Desk) -> None:
    desk.start()
    code = _document(desk.credguard("totp", "code", "Northwind", "--json"))
    assert str(code["code"]).isdigit()
    added = desk.run(
        [sys.executable, "-c", "import sys; from credguard.services import Services as S; s = S();"
         "print(s.add_code(secret='KRSXG5CTMVRXEZLUKRSXG5CTMVRXEZLU', name='Fresh').name); s.close()"],
        {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert added.stdout == "Fresh\n", added.stderr
    again = desk.run(
        [sys.executable, "-c", "from credguard.services import Services as S;"
         "S().add_code(secret='KRSXG5CTMVRXEZLUKRSXG5CTMVRXEZLU', name='Twin')"],
        {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert "This code is here already, as Fresh." in again.stderr
    assert "Fresh" in desk.credguard("totp", "list").stdout
    assert desk.credguard("totp", "remove", "Fresh").returncode == 0
    assert "Fresh" not in desk.credguard("totp", "list").stdout
    assert desk.credguard("totp", "remove", "Fresh", "--undo").returncode == 0
    by_name = _document(desk.credguard("credential-process", "--profile", "work"))
    assert by_name["SecretAccessKey"] == SECRET


def test_unlock_with_a_passphrase_file_then_lock(desk: Desk) -> None:
    file = desk.folder / "passphrase"
    file.touch(mode=0o600)
    file.write_text(PASSPHRASE + "\n")
    ran = desk.credguard("unlock", "--json", CREDGUARD_PASSPHRASE_FILE=str(file))
    document = json.loads(ran.stdout)
    assert (document["store"], document["open"]) == ("sealed", ["keys", "codes"])
    assert 840 < document["closes_in"]["keys"] <= 900
    assert 240 < document["closes_in"]["codes"] <= 300
    assert desk.provider().returncode == 0
    assert json.loads(desk.credguard("lock", "--json").stdout)["agent_ended"] is True
    assert json.loads(desk.credguard("lock", "--json").stdout)["agent_ended"] is False


def test_unlock_without_anybody_to_ask_is_locked(desk: Desk) -> None:
    ran = desk.credguard("unlock")
    assert ran.returncode == 4
    assert ran.stdout == ""


def test_a_wrong_passphrase_starts_nothing(desk: Desk) -> None:
    with pytest.raises(CredGuardError) as caught:
        start({"passphrase": "not it"}, environ=desk.env)
    assert caught.value.code == "wrong-passphrase"
    assert Agent().open_parts() == ()
    desk.start()
    assert desk.provider().returncode == 0


def test_in_the_foreground_it_waits_for_unlock(desk: Desk) -> None:
    program = [sys.executable, "-I", f"{places.package()}/__main__.py", "agent"]
    with subprocess.Popen(program, env=desk.env, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == b"Waiting for: credguard unlock\n"
        assert desk.provider().returncode == 4
        agent = Agent()
        with pytest.raises(CredGuardError) as caught:
            agent.unlock(Secret("not it"))
        assert caught.value.code == "wrong-passphrase"
        assert agent.unlock(passphrase())["open"] == ["keys", "codes"]
        assert desk.provider().returncode == 0
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    assert not os.path.exists(places.agent_socket())


def test_a_child_ends_with_whoever_started_it(desk: Desk) -> None:
    code = (
        "import os; from credguard.vault.launch import start; from tests.support.stores import passphrase;"
        "how = {'passphrase': passphrase().reveal()}; print(start(how, child=True).pid, flush=True);"
        "os.kill(os.getpid(), 9)"
    )
    ran = desk.run([sys.executable, "-c", code], {"PYTHONPATH": str(ROOT)})
    pid = int(ran.stdout)
    until_true(lambda: not Path(f"/proc/{pid}").exists() or "Z" in _state(pid))
    assert desk.provider().returncode == 4


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][:1]
    except OSError:
        return "Z"


# ── who may ask ──────────────────────────────────────────────────────────────────────────────────
def test_the_socket_is_its_users_alone(desk: Desk) -> None:
    desk.start()
    status = os.stat(places.agent_socket())
    assert stat.S_ISSOCK(status.st_mode)
    assert stat.S_IMODE(status.st_mode) == 0o600
    assert stat.S_IMODE(os.stat(places.run_folder()).st_mode) == 0o700


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="needs root to become another user")
def test_another_user_is_turned_away_though_the_folder_lets_them_in(desk: Desk) -> None:
    desk.start()
    for path in (desk.folder, desk.folder / "state", places.run_folder()):
        os.chmod(path, 0o755)
    os.chmod(places.agent_socket(), 0o666)
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.setgid(65534)
        os.setuid(65534)
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(10)
                connection.connect(places.agent_socket())
                connection.sendall(frames.pack(frames.QUESTION, b'{"ask":"credentials","profile":"p-work"}'))
                os.write(write, b"got " + connection.recv(4096))
        except OSError as error:
            os.write(write, b"refused " + type(error).__name__.encode())
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as answer:
        said = answer.read()
    os.waitpid(child, 0)
    assert said in {b"got ", b"refused ConnectionResetError", b"refused BrokenPipeError"}
    assert desk.provider().returncode == 0
    rows = json.loads(desk.credguard("activity", "--json").stdout)
    assert any(row["kind"] == "refused" and "user 65534" in row["detail"] for row in rows)


def test_two_agents_at_once_are_one(desk: Desk) -> None:
    desk.start()
    with pytest.raises(CredGuardError) as caught:
        start({"passphrase": passphrase().reveal()}, environ=desk.env)
    assert caught.value.code == "agent-running"
    assert desk.provider().returncode == 0


def test_of_many_started_at_once_one_runs(desk: Desk) -> None:
    def attempt(_: int) -> object:
        try:
            return desk.start()
        except CredGuardError as error:
            return error.code

    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(attempt, range(6)))
    assert [one for one in found if isinstance(one, str)] == ["agent-running"] * 5
    assert desk.provider().returncode == 0


def test_a_socket_left_by_a_dead_agent_is_replaced(desk: Desk) -> None:
    first = desk.start()
    os.kill(first.pid, signal.SIGKILL)
    until_true(first.gone)
    assert os.path.exists(places.agent_socket())
    assert desk.provider().returncode == 4
    desk.start()
    assert desk.provider().returncode == 0


def test_what_is_no_socket_of_ours_is_left_alone(desk: Desk) -> None:
    Path(places.agent_socket()).write_text("somebody's notes")
    with pytest.raises(CredGuardError) as caught:
        desk.start()
    assert caught.value.code == "not-private"
    assert Path(places.agent_socket()).read_text() == "somebody's notes"


# ── what it gives ────────────────────────────────────────────────────────────────────────────────
def test_a_seed_never_leaves_it(desk: Desk) -> None:
    desk.start()
    agent = Agent()
    with pytest.raises(CredGuardError) as caught:
        agent.ask("get", name="totp/e-1")
    assert caught.value.code == "seed-stays"
    for what, more in (
        ("codes", {}), ("code-entry", {"id": "e-1"}), ("code", {"id": "e-1"}), ("names", {}),
        ("code-remove", {"id": "e-1"}), ("code-restore", {"id": "e-1"}), ("status", {}), ("notices", {}),
    ):  # fmt: skip
        answer = json.dumps(agent.ask(what, **more))
        assert SEED not in answer
        assert SECRET not in answer


def test_items_come_and_go_one_by_one(desk: Desk) -> None:
    desk.start()
    agent = Agent()
    agent.ask("put", name="account/1", value=items.encode({"v": 1, "name": "x"}))
    assert agent.ask("add", name="account/1", value="other") == {"added": False}
    assert "account/1" in agent.ask("names")["names"]
    assert desk.reopened().get("account/1") == '{"name":"x","v":1}'
    agent.ask("remove", name="account/1")
    assert agent.ask("get", name="account/1") == {"value": None}


def test_who_asked_is_in_activity(desk: Desk) -> None:
    desk.start()
    script = desk.folder / "deploy"
    script.write_text(
        "import subprocess, sys\nsubprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)\n"
    )
    assert desk.run([sys.executable, str(script), *places.helper(), "p-work"]).returncode == 0
    Agent().ask("get", name=f"access-key/{KEY}")
    rows = json.loads(desk.credguard("activity", "--json").stdout)
    used = next(row for row in rows if row["action"] == "used the key of work")
    assert (used["actor"], used["access_key_id"], used["account_id"]) == ("deploy", KEY, ACCOUNT)
    assert str(script) in used["detail"]
    assert any(row["action"] == f"read access-key/{KEY} from the vault" for row in rows)


def test_fifty_questions_at_once(desk: Desk) -> None:
    desk.start()

    def ask(number: int) -> bool:
        agent = Agent()
        try:
            answer = agent.finished("credentials", profile="p-work")
            agent.ask("put", name=f"account/{number}", value="{}")
            return answer is not None and json.loads(answer)["SecretAccessKey"] == SECRET
        finally:
            agent.close()

    with ThreadPoolExecutor(50) as pool:
        assert all(pool.map(ask, range(50)))
    assert len([n for n in desk.reopened().names() if n.startswith("account/")]) == 50


# ── garbage, half frames, slow clients ───────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\0" * 100,
        frames.pack(frames.QUESTION, b"[]"),
        frames.pack(frames.QUESTION, b"{"),
        frames.pack(frames.QUESTION, b'{"ask":"everything"}'),
        frames.pack(frames.QUESTION, b'{"ask":["get"],"name":"x"}'),
        frames.pack(frames.QUESTION, b'{"ask":"get","name":7}'),
        frames.pack(frames.QUESTION, b'{"ask":"get"}'),
        frames.pack(frames.QUESTION, b'{"ask":"code-add","entry":7}'),
        frames.pack(frames.QUESTION, b'{"a":' + b"[" * 50_000),
        frames.pack(frames.ANSWER, b"{}"),
    ],
)  # fmt: skip
def test_garbage_ends_its_own_connection_alone(desk: Desk, data: bytes) -> None:
    desk.start()
    connection = connect(places.agent_socket())
    assert connection is not None
    with connection:
        connection.settimeout(10)
        connection.sendall(data)
        said = b""
        try:
            while piece := connection.recv(4096):
                said += piece
        except ConnectionResetError:
            pass  # it closed with bytes of ours unread
    assert SECRET.encode() not in said
    assert desk.provider().returncode == 0


def test_who_is_slow_keeps_nobody_waiting(desk: Desk) -> None:
    desk.start()
    slow = [connect(places.agent_socket()) for _ in range(20)]
    try:
        for connection in slow:
            assert connection is not None
            connection.sendall(frames.pack(frames.QUESTION, b'{"ask":"status"}')[:9])  # and no more
        assert desk.provider().returncode == 0
        agent = Agent()
        assert agent.open_parts() == ("keys", "codes")
        for connection in slow:
            assert connection is not None
            connection.settimeout(10)
            assert connection.recv(10) == b""  # let go of
    finally:
        for connection in slow:
            if connection is not None:
                connection.close()


def test_who_sends_a_byte_now_and_then_is_let_go_of_too() -> None:
    """Each byte comes in time; the frame as a whole does not."""
    ours, theirs = socket.socketpair()
    stop = threading.Event()

    def drip() -> None:
        whole = frames.pack(frames.QUESTION, b"x" * 1000)
        for at in range(len(whole)):
            if stop.wait(0.02):
                return
            theirs.sendall(whole[at : at + 1])

    with ours, theirs:
        dripping = threading.Thread(target=drip)
        dripping.start()
        with pytest.raises(TimeoutError):
            frames.read(patient(ours, idle=30, frame=0.3))
        stop.set()
        dripping.join()


def test_who_does_not_take_the_answer_keeps_nobody_waiting(desk: Desk) -> None:
    desk.start()
    agent = Agent()
    agent.ask("put", name="note", value="x" * 500_000)
    connection = connect(places.agent_socket())
    assert connection is not None
    with connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        question = frames.pack(frames.QUESTION, b'{"ask":"get","name":"note"}')
        connection.sendall(question * 5)
        assert desk.provider().returncode == 0
        assert agent.open_parts() == ("keys", "codes")


# ── killed, and what may be seen from outside ────────────────────────────────────────────────────
def test_killed_in_the_middle_of_writing_the_vault_stays_whole(desk: Desk) -> None:
    written: dict[str, str] = {}
    for turn in range(8):
        started = desk.start()
        enough = threading.Event()

        def write(turn: int = turn, enough: threading.Event = enough) -> None:
            agent = Agent()
            for number in range(10_000):
                name, value = f"account/{turn}-{number}", "v" * (1 + 37 * number % 4000)
                try:
                    agent.ask("put", name=name, value=value)
                except CredGuardError:
                    return
                written[name] = value
                if number >= 2 + turn:
                    enough.set()

        writer = threading.Thread(target=write)
        writer.start()
        assert enough.wait(30)
        os.kill(started.pid, signal.SIGKILL)
        writer.join(30)
        until_true(started.gone)
        vault = desk.reopened()
        assert {name: vault.get(name) for name in written} == written
    assert len(written) >= 8 * 3


@on_linux
def test_nothing_secret_can_be_seen_from_outside(desk: Desk) -> None:
    desk.env["AWS_SECRET_ACCESS_KEY"] = SECRET
    started = desk.start()
    assert desk.provider().returncode == 0
    folder = Path(f"/proc/{started.pid}")
    for name in ("environ", "cmdline"):
        content = (folder / name).read_bytes()
        assert content
        for secret in (SECRET, SEED, PASSPHRASE):
            assert secret.encode() not in content
    limits = (folder / "limits").read_text()
    core = next(line for line in limits.splitlines() if line.startswith("Max core file size"))
    assert core.split()[4:6] == ["0", "0"]
    os.kill(started.pid, signal.SIGABRT)
    until_true(started.gone)
    assert list(desk.folder.rglob("core*")) == []


def test_a_vault_put_back_to_an_older_state_locks_it(desk: Desk) -> None:
    older = Path(places.vault_file()).read_bytes()
    started = desk.start()
    Agent().ask("put", name="account/1", value="{}")
    Path(places.vault_file()).write_bytes(older)
    with pytest.raises(Locked):
        Agent().ask("get", name="account/1")
    until_true(started.gone)
    rows = json.loads(desk.credguard("activity", "--json").stdout)
    assert any("older state" in row["action"] for row in rows)


def test_a_long_path_of_the_state_folder_works(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    long = tmp_path / ("deep" * 20) / ("deeper" * 10)
    long.parent.mkdir()
    os.rename(desk.folder / "state", long)
    monkeypatch.setenv("CREDGUARD_HOME", str(long))
    desk.env["CREDGUARD_HOME"] = str(long)
    desk.start()
    assert desk.provider().returncode == 0
    assert Agent().open_parts() == ("keys", "codes")


def test_a_backup_opens_the_vault_anew_since_the_agent_gives_no_seed(desk: Desk) -> None:
    desk.start()
    file, own = desk.folder / "passphrase", desk.folder / "own"
    for path, word in ((file, "four words for backups EXAMPLE"), (own, PASSPHRASE)):
        path.touch(mode=0o600)
        path.write_text(word + "\n")
    code = (
        "import sys; from credguard.domain.secret import Secret; from credguard.services import Services\n"
        "made = Services().backup(sys.argv[1], Secret('four words for backups EXAMPLE'))\n"
        "print(made.keys, made.codes)"
    )
    command = [sys.executable, "-c", code, str(desk.folder / "b.cgv")]
    refused = desk.run(command, {"PYTHONPATH": str(ROOT)})
    assert "nobody to ask" in refused.stderr
    ran = desk.run(command, {"PYTHONPATH": str(ROOT), "CREDGUARD_PASSPHRASE_FILE": str(own)})
    assert ran.stdout.split() == ["1", "1"], ran.stderr
