"""A child that hangs, and an agent that answers what this version does not know."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from credguard.domain.errors import Locked
from credguard.vault.launch import _ended
from credguard.vault.watch import Watch
from credguard.wire import frames


def test_a_child_that_hangs_is_ended() -> None:
    process = subprocess.Popen([sys.executable, "-I", "-c", "import time; time.sleep(60)"])
    _ended(process, 0.05)
    assert process.returncode is not None
    assert process.returncode != 0


@pytest.mark.skipif(sys.platform == "win32", reason="a pipe there")
@pytest.mark.parametrize(
    "answer", [(frames.ERROR, b'{"odd":1}'), (frames.EVENT, b"{}"), (frames.ERROR, b"\xff")]
)
def test_an_odd_answer_counts_as_no_agent(tmp_path: Path, answer: tuple[bytes, bytes]) -> None:
    path = str(tmp_path / "a.sock")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(1)

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            frames.read(connection.recv)
            connection.sendall(frames.pack(*answer))

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with pytest.raises(Locked):
            Watch(path)
    finally:
        thread.join()
        listener.close()
