"""Where the benchmark works: a keychain, a display and state folders of its own, taken away at the end.

Nothing of the person who runs it is read or written.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.measure import Broken
from tests.support.keyring import PrivateKeyring
from tests.support.keyring import missing as keyring_missing

ROOT = Path(__file__).resolve().parents[1]
#: What a child may see of the environment of this process.
_KEPT = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ")


@dataclass
class World:
    """`keyring` and `display` are the environment that reaches them, None where there is none."""

    folder: Path
    keyring: dict[str, str] | None = None
    display: str | None = None
    left_out: list[str] = field(default_factory=list)
    at_end: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    def environ(self, state: str, **more: str) -> dict[str, str]:
        """The environment of one command: its own home, state folder and AWS files."""
        home = self.folder / state
        home.mkdir(exist_ok=True)
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        return {
            **kept,
            "HOME": str(home),
            "CREDGUARD_HOME": str(home / "state"),
            **(self.keyring or {}),
            **more,
        }

    def sealed(self) -> dict[str, str]:
        """The environment of a state whose keys are in the sealed vault, its passphrase in a file."""
        passphrase = self.folder / "passphrase"
        if not passphrase.exists():
            passphrase.touch(mode=0o600)
            passphrase.write_text("six random words EXAMPLE\n")
        return self.environ("sealed", CREDGUARD_STORE="sealed", CREDGUARD_PASSPHRASE_FILE=str(passphrase))

    def agent(self) -> dict[str, str]:
        """The environment of a state whose vault an agent holds open until the end; without a passphrase.

        Raises Broken.
        """
        knowing = {**self.sealed(), **self.environ("agent", CREDGUARD_STORE="sealed")}
        self.fill(knowing, 6)
        settings = Path(knowing["CREDGUARD_HOME"]) / "settings.json"
        if "lock_keys" not in settings.read_text():
            self._credguard(knowing, "settings", "lock_keys", "never")
            self._credguard(knowing, "unlock")
            self.at_end.callback(self._credguard, knowing, "lock")
        return {name: value for name, value in knowing.items() if name != "CREDGUARD_PASSPHRASE_FILE"}

    @staticmethod
    def _credguard(environ: dict[str, str], *words: str) -> None:
        command = [sys.executable, "-m", "credguard", *words]
        ran = subprocess.run(command, env=environ, cwd=ROOT, capture_output=True, text=True, check=False)
        if ran.returncode:
            raise Broken(f"credguard {words[0]} did not go well. {ran.stderr.strip()[-400:]}")

    def fill(self, environ: dict[str, str], accounts: int) -> None:
        """Invented accounts in the state of `environ`. Raises Broken."""
        ran = subprocess.run(
            [sys.executable, "-m", "benchmarks.prepare", str(accounts)],
            env=environ,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        if ran.returncode:
            raise Broken(f"The invented accounts could not be made. {ran.stderr.strip()[-400:]}")


@contextlib.contextmanager
def world() -> Iterator[World]:
    """A World, with a keychain and a display where this computer has the programs for them."""
    # A short path: a socket's address has 108 bytes at most.
    folder = Path(tempfile.mkdtemp(prefix="cgb-"))
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        made = World(folder)
        stack.enter_context(made.at_end)
        lacking = keyring_missing()
        if lacking:
            made.left_out.append(f"the keychain: {lacking} is not installed")
        else:
            made.keyring = stack.enter_context(_keyring(folder / "keyring"))
        if shutil.which("Xvfb") is None:
            made.left_out.append("the window on an X display: Xvfb is not installed")
        else:
            made.display = stack.enter_context(_display())
        yield made


@contextlib.contextmanager
def _keyring(folder: Path) -> Iterator[dict[str, str]]:
    folder.mkdir()
    private = PrivateKeyring(folder)
    try:
        private.start()
        yield {name: private.env[name] for name in ("DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR")}
    finally:
        private.stop()


@contextlib.contextmanager
def _display() -> Iterator[str]:
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", "1600x1000x24", "-nolisten", "tcp"],
        pass_fds=(write,),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    try:
        with open(read, encoding="ascii") as numbers:
            number = numbers.readline().strip()
        if not number:
            raise Broken("Xvfb did not start.")
        yield f":{number}"
    finally:
        server.terminate()
        server.wait()
