"""A real gnome-keyring on a private D-Bus, for tests. Ended by process id."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

PASSWORD = "keyring-EXAMPLE"
_BUS_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <keep_umask/>
  <listen>unix:path={folder}/bus</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""

#: What the daemon is started by: root too is held to the modes of files (without CAP_DAC_OVERRIDE, 1, and
#: CAP_DAC_READ_SEARCH, 2, by PR_CAPBSET_DROP, 24), and a file that may not grow is an error and no signal.
_AS_A_USER = """
import ctypes, os, signal, sys
for right in (1, 2):
    ctypes.CDLL(None).prctl(24, right, 0, 0, 0)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
os.execv(sys.argv[1], sys.argv[1:])
"""


@dataclass
class PrivateKeyring:
    """One session bus with its keyring daemon. `env` is what a child needs to reach it."""

    folder: Path
    env: dict[str, str] = field(default_factory=dict)
    _bus: int = 0
    _daemon: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        for name in ("data", "runtime", "config", "cache"):
            (self.folder / name).mkdir(mode=0o700, exist_ok=True)
        self.env = {
            "XDG_DATA_HOME": str(self.folder / "data"),
            "XDG_RUNTIME_DIR": str(self.folder / "runtime"),
            "XDG_CONFIG_HOME": str(self.folder / "config"),
            "XDG_CACHE_HOME": str(self.folder / "cache"),
        }
        # No service folders: the bus starts no keyring of its own beside ours.
        config = self.folder / "bus.conf"
        config.write_text(_BUS_CONFIG.format(folder=self.folder))
        shown = subprocess.run(
            ["dbus-daemon", f"--config-file={config}", "--fork", "--print-address=1", "--print-pid=1"],
            env={**os.environ, **self.env},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        self.env["DBUS_SESSION_BUS_ADDRESS"] = shown[0]
        self._bus = int(shown[1])
        self.start_daemon()

    def start_daemon(self, password: str = PASSWORD) -> None:
        """Start (or restart) the daemon with the login keyring unlocked."""
        program = shutil.which("gnome-keyring-daemon") or "gnome-keyring-daemon"
        self._daemon = subprocess.Popen(
            [sys.executable, "-c", _AS_A_USER, program, "--foreground", "--unlock", "--components=secrets"],
            env={**os.environ, **self.env, "HOME": str(self.folder)},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        assert self._daemon.stdin is not None
        self._daemon.stdin.write(password.encode())
        self._daemon.stdin.close()
        self._await()

    def _await(self) -> None:
        for _ in range(200):
            answer = self._call("org.freedesktop.DBus.Peer.Ping", "/org/freedesktop/secrets")
            # The alias comes after the collection; without it a client would ask for a new collection.
            if answer.returncode == 0 and b"login" in self._collections() and b"login" in self._default():
                return
            time.sleep(0.05)
        raise RuntimeError("gnome-keyring did not come up")

    def _collections(self) -> bytes:
        return self._call(
            "org.freedesktop.DBus.Properties.Get",
            "/org/freedesktop/secrets",
            "string:org.freedesktop.Secret.Service",
            "string:Collections",
        ).stdout

    def _default(self) -> bytes:
        return self._call(
            "org.freedesktop.Secret.Service.ReadAlias", "/org/freedesktop/secrets", "string:default"
        ).stdout

    def _call(self, method: str, path: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [
                "dbus-send", "--session", "--print-reply", "--reply-timeout=2000",
                "--dest=org.freedesktop.secrets", path, method, *arguments,
            ],
            env={**os.environ, **self.env},
            capture_output=True,
            check=False,
        )  # fmt: skip

    def lock(self) -> None:
        """Lock the login keyring; nobody answers the prompt that would unlock it."""
        self._call(
            "org.freedesktop.Secret.Service.Lock",
            "/org/freedesktop/secrets",
            "array:objpath:/org/freedesktop/secrets/collection/login",
        )

    def full_disk(self) -> None:
        """From here on the daemon's files may not grow, as on a disk without room."""
        self._largest_file(64)

    def room_again(self) -> None:
        self._largest_file(-1)

    def _largest_file(self, size: int) -> None:
        import resource

        assert self._daemon is not None
        resource.prlimit(self._daemon.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    def read_only(self, so: bool = True) -> None:
        """The folder of the keyrings can (not) be written."""
        folder = self.folder / "data" / "keyrings"
        folder.chmod(0o500 if so else 0o700)

    def await_name(self, name: str) -> None:
        """Until somebody owns this name on the bus."""
        for _ in range(400):
            asked = subprocess.run(
                ["dbus-send", "--session", "--print-reply", "--dest=org.freedesktop.DBus",
                 "/org/freedesktop/DBus", "org.freedesktop.DBus.NameHasOwner", f"string:{name}"],
                env={**os.environ, **self.env}, capture_output=True, check=False,
            )  # fmt: skip
            if b"true" in asked.stdout:
                return
            time.sleep(0.05)
        raise RuntimeError(f"nobody owns {name}")

    def bring_back(self) -> None:
        """A daemon that ended in a test before this one is of no concern to this one."""
        if self._daemon is not None and self._daemon.poll() is not None:
            code, self._daemon = self._daemon.returncode, None
            print(f"gnome-keyring had ended ({code}) and is started again", file=sys.stderr)
            self.start_daemon()

    def kill_daemon(self) -> None:
        if self._daemon is not None:
            self._daemon.kill()
            self._daemon.wait()
            self._daemon = None

    def stop(self) -> None:
        self.kill_daemon()
        if self._bus:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._bus, signal.SIGTERM)
            self._bus = 0

    def clear(self) -> None:
        """Remove every item."""
        with self._collection() as collection:
            for item in list(collection.get_all_items()):
                item.delete()

    def items(self, service: str = "credguard") -> dict[str, str]:
        """Name → value of every item of a service, asked of the keychain itself."""
        with self._collection() as collection:
            return {
                str(item.get_attributes()["username"]): item.get_secret().decode()
                for item in collection.get_all_items()
                if item.get_attributes().get("service") == service
            }

    def put(self, name: str, value: str, service: str = "credguard") -> None:
        """Write an item as keyring does, behind CredGuard's back."""
        attributes = {"service": service, "username": name, "application": "Python keyring library"}
        with self._collection() as collection:
            collection.create_item(f"Password for '{name}' on '{service}'", attributes, value.encode(), True)

    def remove(self, name: str) -> None:
        """Take an item away behind CredGuard's back."""
        with self._collection() as collection:
            for item in list(collection.search_items({"service": "credguard", "username": name})):
                item.delete()

    @contextlib.contextmanager
    def _collection(self) -> Iterator[Any]:
        """The default collection, through the library the store uses."""
        import secretstorage
        from jeepney.io.blocking import open_dbus_connection

        connection = open_dbus_connection(self.env["DBUS_SESSION_BUS_ADDRESS"])
        try:
            yield secretstorage.get_default_collection(connection)
        finally:
            connection.close()


def missing() -> str | None:
    """What this machine lacks for a private keyring, or None."""
    for program in ("dbus-daemon", "dbus-send", "gnome-keyring-daemon"):
        if shutil.which(program) is None:
            return program
    return None


@pytest.fixture(scope="session")
def keyring_session() -> Iterator[PrivateKeyring]:
    lacking = missing()
    if lacking:
        pytest.skip(f"{lacking} is not installed: tests with the real keyring are skipped")
    # A short path: a socket's address has 108 bytes at most.
    folder = tempfile.mkdtemp(prefix="cgk-")
    private = PrivateKeyring(Path(folder))
    private.start()
    try:
        yield private
    finally:
        private.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def private_keyring(keyring_session: PrivateKeyring, monkeypatch: pytest.MonkeyPatch) -> PrivateKeyring:
    """The session's keyring, empty, and reachable from this process and its children."""
    for name in ("DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR"):
        monkeypatch.setenv(name, keyring_session.env[name])
    keyring_session.bring_back()
    keyring_session.clear()
    return keyring_session
