"""The demo that lasts: a home, a state folder and an AWS of their own, found again by the next command.

The double runs as a process of its own and ends by itself when nobody asked it anything for a while;
what its users, keys and devices are is kept in a file and taken up by the next one.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import json
import os
import select
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from credguard.demo.cloud.companies import NORTHWIND
from credguard.demo.cloud.home import HomeFiles, files_in, write_home, write_private
from credguard.demo.cloud.world import CLEARED, PASSPHRASE, variables
from credguard.domain.errors import CredGuardError
from credguard.domain.text import text
from credguard.system.durable import replace_file
from credguard.system.interlock import Interlock

#: In Downloads: what the AWS website showed when m.keller got an MFA device.
QR_PICTURE = "northwind-mfa.png"
IDLE = 900.0  # seconds without a question, after which the double's process ends
_START = 60.0  # seconds in which it has to listen


@dataclass(frozen=True, slots=True)
class DemoSession:
    """One invented person's computer in `folder` (0700); `like_aws` lets news of keys spread slowly."""

    folder: str
    like_aws: bool = False

    @property
    def files(self) -> HomeFiles:
        return files_in(os.path.join(self.folder, "home"))

    def reset(self) -> None:
        """Throw the invented computer away. What runs there ends first."""
        told = _read(self._server_file)
        if told is not None and _answers(told):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(int(told["pid"]), 15)
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextlib.contextmanager
    def entered(self, lasting: bool = False) -> Iterator[DemoSession]:
        """This process lives there until the end of the block: its environment is that of the demo.

        `lasting` keeps the double awake all the while, for a window. Raises CredGuardError `demo-silent`.
        """
        changed = self.variables()
        before = {name: os.environ.get(name) for name in {*CLEARED, *changed}}
        for name in CLEARED:
            os.environ.pop(name, None)
        os.environ.update(changed)
        over = threading.Event()
        if lasting:
            threading.Thread(target=self._keep_awake, args=(over,), daemon=True).start()
        try:
            yield self
        finally:
            over.set()
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value

    def variables(self) -> dict[str, str]:
        """What the environment of a process in the demo holds; makes and starts what is missing."""
        os.makedirs(self.folder, mode=0o700, exist_ok=True)
        with Interlock(os.path.join(self.folder, "run")).hold("demo", wait=_START):
            if not os.path.exists(self._passphrase_file):
                write_home(os.path.join(self.folder, "home"))
                _draw_qr_code(os.path.join(self.files.downloads, QR_PICTURE))
                write_private(self._passphrase_file, PASSPHRASE + "\n")
            endpoint = self._endpoint()
        return variables(self.folder, self.files, endpoint)

    # ── inside ───────────────────────────────────────────────────────────────────────────────────
    @property
    def _passphrase_file(self) -> str:
        return os.path.join(self.folder, "passphrase")

    @property
    def _server_file(self) -> str:
        return os.path.join(self.folder, "server.json")

    def _keep_awake(self, over: threading.Event) -> None:
        while not over.wait(IDLE / 5):
            told = _read(self._server_file)
            if told is not None:
                _answers(told)

    def _endpoint(self) -> str:
        told = _read(self._server_file)
        if told is None or not _answers(told):
            told = self._start()
            replace_file(self._server_file, json.dumps(told).encode(), mode=0o600)
        return str(told["endpoint"])

    def _start(self) -> Mapping[str, Any]:
        state = os.path.join(self.folder, "aws.json")
        command = [sys.executable, "-m", "credguard.demo.server", "--state-file", state, "--idle", str(IDLE)]
        if self.like_aws:
            command.append("--like-aws")
        package = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
        before = os.environ.get("PYTHONPATH")
        with open(os.path.join(self.folder, "aws.log"), "ab") as log:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                env={**os.environ, "PYTHONPATH": package + (os.pathsep + before if before else "")},
                start_new_session=True,
            )
        line = _first_line(process)
        if not line:
            process.kill()
            process.wait()
            raise _silent(os.path.join(self.folder, "aws.log"))
        told: Mapping[str, Any] = json.loads(line)
        return told


def _draw_qr_code(path: str) -> None:
    import segno

    person = NORTHWIND.people[0]
    label = f"Amazon%20Web%20Services:{person.name}@{NORTHWIND.alias}"
    address = f"otpauth://totp/{label}?secret={person.seed}&issuer=Amazon%20Web%20Services"
    picture = io.BytesIO()
    segno.make(address, error="m").save(picture, kind="png", scale=6, border=4)
    replace_file(path, picture.getvalue(), mode=0o600)


def _first_line(process: subprocess.Popen[bytes]) -> bytes:
    assert process.stdout is not None
    if sys.platform != "win32":
        ready, _, _ = select.select([process.stdout], [], [], _START)
        if not ready:
            return b""
    line = process.stdout.readline()
    process.stdout.close()
    return line


def _read(path: str) -> Mapping[str, Any] | None:
    try:
        with open(path, "rb") as file:
            found = json.load(file)
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and {"endpoint", "port", "token", "pid"} <= found.keys() else None


def _answers(told: Mapping[str, Any]) -> bool:
    """Whether the double of that note still listens, and is that one."""
    connection = http.client.HTTPConnection("127.0.0.1", int(told["port"]), timeout=2.0)
    try:
        connection.request("GET", "/_double/status", headers={"X-Double-Token": str(told["token"])})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _silent(log: str) -> CredGuardError:
    return CredGuardError(
        "demo-silent",
        text("The invented AWS of the demo did not start."),
        text("See why in {path}, or begin anew: credguard demo --reset", path=log),
    )


def is_installed() -> bool:
    """Whether the extra `demo` is here."""
    import importlib.util

    return all(importlib.util.find_spec(name) is not None for name in ("moto", "flask"))
