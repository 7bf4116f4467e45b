"""The AWS double for tests: see tests/support/aws_double.py, which holds the fixtures `double` and
`double_server`. Here: the double, and plain moto, as processes of their own."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.aws_double import client, double, double_server, serial_of

__all__ = ["DoubleProcess", "client", "double", "double_process", "double_server", "plain_moto", "serial_of"]

_MOTO = """
import json, sys
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print(json.dumps({"port": server.get_host_and_port()[1]}), flush=True)
sys.stdin.read()
server.stop()
"""


@dataclass
class DoubleProcess:
    """A running `python -m credguard.demo.server`."""

    url: str
    token: str
    pid: int

    def ask(self, what: str, data: dict[str, Any] | None = None, method: str | None = None) -> Any:
        """Ask its control endpoint, `/_double/<what>`; GET without data."""
        request = urllib.request.Request(
            f"{self.url}/_double/{what}",
            data=None if data is None else json.dumps(data).encode(),
            headers={"X-Double-Token": self.token},
            method=method,
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=10) as answer:
            return json.load(answer)


@contextlib.contextmanager
def double_process(*options: str, state_file: Path | None = None) -> Iterator[DoubleProcess]:
    """The double in a process of its own; it ends with the block, or with the tests."""
    more = ["--state-file", str(state_file)] if state_file is not None else []
    command = [sys.executable, "-m", "credguard.demo.server", "--port", "0", "--until-eof", *more, *options]
    with _running(command) as told:
        yield DoubleProcess(told["endpoint"], told["token"], told["pid"])


@contextlib.contextmanager
def plain_moto() -> Iterator[str]:
    """moto as it is, without the double, in a process of its own: its address."""
    with _running([sys.executable, "-c", _MOTO]) as told:
        yield f"http://127.0.0.1:{told['port']}"


@contextlib.contextmanager
def _running(command: list[str]) -> Iterator[Any]:
    """A process that says in one line of JSON where it listens, and ends when its input does."""
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            assert line, "the server said nothing"
            yield json.loads(line)
        finally:
            process.stdin.close()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
