"""A state folder with a cheap sealed vault, and agents over it: real processes, or a server in this one."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from credguard.agent.run import Agent as AgentProcess
from credguard.agent.server import bind
from credguard.catalog.accounts import Accounts
from credguard.catalog.database import open_database
from credguard.catalog.keys import Keys, Profiles
from credguard.domain.accounts import Account
from credguard.domain.keys import AccessKey
from credguard.domain.profiles import ProfileLink
from credguard.settings import Settings
from credguard.vault.launch import Started, start
from credguard.vault.remote import Agent
from credguard.vault.sealed.vault import SealedVault
from credguard.wire import items, places
from tests.support.clock import FakeClock
from tests.support.stores import CHEAP, passphrase

KEY, ACCOUNT = "AKIATW5NHGREXAMPLE00", "482011739056"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
SEED = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
ROOT = Path(__file__).parents[2]
ARN = f"arn:aws:iam::{ACCOUNT}:user/m.keller"


class Desk:
    """The folder, made through the program's own parts: one account, a key, the profile `work`, a code."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "CREDGUARD_HOME": str(folder / "state"),
            # Nobody else's keychain, and no bus of whoever runs the tests.
            "DBUS_SESSION_BUS_ADDRESS": f"unix:path={folder}/nobody",
            "DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={folder}/nobody",
        }
        self.settings = Settings(places.settings_file())
        self.settings.set("store", "sealed")
        self.vault = SealedVault(places.vault_file())
        self.vault.create(passphrase(), CHEAP)
        self._fill()
        self.vault.close()
        self._started: list[Started] = []

    def _fill(self) -> None:
        put = self.vault.put
        put(items.access_key(KEY), items.encode(items.access_key_item(KEY, SECRET, ACCOUNT, ARN, None)))
        put(items.profile("p-work"), items.encode(items.profile_item("p-work", "work", KEY, ACCOUNT)))
        code = {"v": 1, "id": "e-1", "secret": SEED, "name": "Northwind", "account_id": ACCOUNT}
        put(items.totp("e-1"), items.encode(code))
        with contextlib.closing(open_database(places.catalog())) as database:
            Accounts(database).save(Account(ACCOUNT, "Northwind", "Northwind", "violet"))
            Keys(database).save(AccessKey(KEY, ACCOUNT, ARN, 1.0, "active", "sealed"))
            Profiles(database).save(ProfileLink("p-work", "work", KEY, ACCOUNT, str(self.folder / "config")))
            database.rebuilt()

    # ── processes ────────────────────────────────────────────────────────────────────────────────
    def start(self, child: bool = False) -> Started:
        made = start({"passphrase": passphrase().reveal()}, child=child, environ=self.env)
        self._started.append(made)
        return made

    def stop(self) -> None:
        Agent().lock()
        for made in self._started:
            made.close()
            until_true(made.gone)

    def provider(self, profile: str = "p-work") -> subprocess.CompletedProcess[str]:
        """What the SDKs run."""
        return self.run([*places.helper(), profile])

    def credguard(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        return self.run([sys.executable, "-I", f"{places.package()}/__main__.py", *words], more)

    def run(self, command: list[str], more: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            env={**self.env, **(more or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def reopened(self) -> SealedVault:
        """The vault as it lies on the disk."""
        vault = SealedVault(places.vault_file())
        vault.open(passphrase())
        return vault


def until_true(look: Callable[[], bool], seconds: float = 15.0) -> None:
    """Wait for another process; the wait is the test's limit, not its pace."""
    until = time.monotonic() + seconds
    while not look():
        assert time.monotonic() < until, "it did not happen in time"
        threading.Event().wait(0.02)


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    folder = Path(tempfile.mkdtemp(prefix="cga-"))
    monkeypatch.setenv("CREDGUARD_HOME", str(folder / "state"))
    for name in ("CREDGUARD_STORE", "CREDGUARD_PASSPHRASE_FILE"):
        monkeypatch.delenv(name, raising=False)
    made = Desk(folder)
    try:
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder, ignore_errors=True)


class Here:
    """The agent in this process, on a clock moved by hand; its loop in a thread."""

    def __init__(self, opened: bool = True, wait: float = 40.0, any_window: bool = True) -> None:
        self.clock = FakeClock()
        windows = (lambda pid: True) if any_window else None
        self.process = AgentProcess(self.clock, wait=wait, windows=windows)
        self.listener = bind(places.agent_socket())
        if opened:
            self.process.open(passphrase())
        self.agent = Agent()
        self._thread = threading.Thread(target=self.process.serve, args=(self.listener,), daemon=True)
        self._thread.start()

    def pass_time(self, seconds: float) -> None:
        """Let time pass, and the agent look at its clock."""
        self.clock.sleep(seconds)
        self.process.keeper.look()

    @property
    def ended(self) -> bool:
        return not self._thread.is_alive()

    def close(self) -> None:
        self.process.stop()
        self._thread.join(10)
        self.listener.close()
        self.process.services.close()


@pytest.fixture
def here(desk: Desk) -> Iterator[Here]:
    made = Here()
    try:
        yield made
    finally:
        made.close()
