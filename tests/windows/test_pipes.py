"""The agent's named pipe, on Windows (or Windows Python under Wine) only: it needs the system itself."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from credguard.wire import frames, pipes, places

pytestmark = pytest.mark.skipif(sys.platform != "win32", reason="named pipes are of Windows")


@pytest.fixture
def name(tmp_path: Path) -> str:
    return places.pipe_name(str(tmp_path))


@pytest.fixture
def echo(name: str) -> Iterator[str]:
    """A server that sends back what it gets."""
    from credguard.system.pipes_windows import PipeListener

    listener = PipeListener(name)

    def answer(connection: pipes.Pipe) -> None:
        connection.settimeout(10)
        with connection:
            while data := connection.recv(1 << 20):
                connection.sendall(data)

    def serve() -> None:
        while not listener.closed:
            try:
                connection, _ = listener.accept()
            except OSError:
                continue
            threading.Thread(target=answer, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield name
    listener.close()
    thread.join(5)


def test_nobody_there(name: str) -> None:
    with pytest.raises(FileNotFoundError):
        pipes.connect(name, 1)


def test_each_side_knows_the_other(name: str) -> None:
    from credguard.system.peers import Peer, me, peer_of
    from credguard.system.pipes_windows import PipeListener, other_end

    listener = PipeListener(name)
    ours = pipes.connect(name, 5)
    theirs, _ = listener.accept()
    with ours, theirs:
        assert peer_of(theirs) == Peer(os.getpid(), me())
        assert other_end(ours.handle, serves=True) == (os.getpid(), me())
        assert str(me()).startswith("S-1-5-")
    listener.close()


def test_a_pipe_of_somebody_else_is_left_alone(echo: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # Another account cannot be had in a test: what is expected changes instead of what is found.
    monkeypatch.setattr(pipes, "my_sid", lambda: "S-1-5-21-1-2-3-500")
    with pytest.raises(PermissionError):
        pipes.connect(echo, 5)


def test_frames_of_every_size_come_back(echo: str) -> None:
    with pipes.connect(echo, 5) as connection:
        connection.settimeout(20)
        for size in (0, 1, 4096, 65536, frames.MOST):
            sent = frames.pack(frames.ANSWER, b"x" * size)
            writer = threading.Thread(target=connection.sendall, args=(sent,))
            writer.start()
            assert frames.read(connection.recv) == (frames.ANSWER, b"x" * size)
            writer.join()


def test_many_come_at_once(echo: str) -> None:
    done: list[bool] = []

    def one(number: int) -> None:
        with pipes.connect(echo, 20) as connection:
            connection.settimeout(20)
            connection.sendall(b"%d" % number)
            done.append(connection.recv(64) == b"%d" % number)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(60)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done == [True] * 60


def test_a_time_out_takes_nothing(echo: str) -> None:
    with pipes.connect(echo, 5) as connection:
        connection.settimeout(0.05)
        with pytest.raises(TimeoutError):
            connection.recv(10)
        connection.settimeout(10)
        connection.sendall(b"late")
        assert connection.recv(10) == b"late"


def test_who_closes_lets_both_sides_go(name: str) -> None:
    from credguard.system.pipes_windows import PipeListener

    listener = PipeListener(name)
    ours = pipes.connect(name, 5)
    theirs, _ = listener.accept()
    listener.close()
    ended: list[bytes] = []
    waiting = threading.Thread(target=lambda: ended.append(ours.recv(10)))
    waiting.start()
    assert not theirs.is_gone()
    theirs.sendall(b"last")
    theirs.close()
    waiting.join(10)
    assert ended == [b"last"]  # what was sent before still arrives
    assert ours.recv(10) == b""
    assert ours.is_gone()
    with pytest.raises(BrokenPipeError):
        ours.sendall(b"x" * 100_000)
    ours.close()


def test_closed_by_another_thread(echo: str) -> None:
    connection = pipes.connect(echo, 5)
    ended: list[bytes] = []
    waiting = threading.Thread(target=lambda: ended.append(connection.recv(10)))
    waiting.start()
    connection.shutdown()
    waiting.join(10)
    assert ended == [b""]
    assert connection.is_gone()
