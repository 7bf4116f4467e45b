"""Approvals and waiting for keys in the keychain: a real gnome-keyring, the provider, an agent, a window."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from credguard.catalog.accounts import Accounts
from credguard.catalog.database import open_database
from credguard.catalog.keys import Keys, Profiles
from credguard.domain.accounts import Account
from credguard.domain.errors import CredGuardError
from credguard.domain.keys import AccessKey
from credguard.domain.profiles import ProfileLink
from credguard.services import Services
from credguard.settings import Settings
from credguard.vault.watch import Watch
from credguard.wire import items, places
from credguard.workflows import direct_use
from tests.support.agent import ACCOUNT, ARN, KEY, SECRET, until_true
from tests.support.keyring import PrivateKeyring

OTHER, OTHER_KEY = "710938264405", "AKIA2U7WXHMEXAMPLE01"


class Desk:
    """A keychain with the profiles `work` (Northwind) and `home` (Fabrikam)."""

    def __init__(self, folder: Path) -> None:
        self.settings = Settings(places.settings_file())
        self.settings.set("store", "keychain")
        self.services = Services(starts_agent=True)  # the window's
        self.heard: list[dict[str, Any]] = []
        store = self.services.store
        with contextlib.closing(open_database(places.catalog())) as database:
            for profile, name, key, account in (
                ("p-work", "work", KEY, ACCOUNT), ("p-home", "home", OTHER_KEY, OTHER),
            ):  # fmt: skip
                store.write(items.access_key(key), items.access_key_item(key, SECRET, account, ARN, None))
                store.write(items.profile(profile), items.profile_item(profile, name, key, account))
                Accounts(database).save(Account(account, name.title(), name.title(), "violet"))
                Keys(database).save(AccessKey(key, account, ARN, 1.0, "active", "keychain"))
                Profiles(database).save(ProfileLink(profile, name, key, account, str(folder / "config")))
            database.rebuilt()
        self._watch: Watch | None = None

    def direct(self) -> tuple[bool, bool]:
        found = [self.services.store.read(items.profile(p)) or {} for p in ("p-work", "p-home")]
        return found[0]["direct"] is True, found[1]["direct"] is True

    def provider(self, profile: str = "p-work") -> subprocess.CompletedProcess[str]:
        return self._run([*places.helper(), profile])

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self._run([sys.executable, "-I", f"{places.package()}/__main__.py", *words])

    @staticmethod
    def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=90, check=False
        )

    def window(self, decide: Callable[[dict[str, Any]], str | None]) -> None:
        """An agent stands by, and its window's person decides."""
        assert self.services.stand_by()
        watch = self._watch = Watch()

        def listen() -> None:
            for event in watch.events():
                self.heard.append(event)
                decision = decide(event)
                if decision is not None:
                    watch.answer(event["id"], decision)

        threading.Thread(target=listen, daemon=True).start()

    def close(self) -> None:
        if self._watch is not None:
            self._watch.close()
        self.services.close()


@pytest.fixture
def desk(private_keyring: PrivateKeyring, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    folder = Path(tempfile.mkdtemp(prefix="cga-"))
    monkeypatch.setenv("CREDGUARD_HOME", str(folder / "state"))
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={folder}/nobody")
    for name in ("CREDGUARD_STORE", "CREDGUARD_PASSPHRASE_FILE"):
        monkeypatch.delenv(name, raising=False)
    made = Desk(folder)
    try:
        yield made
    finally:
        made.close()
        shutil.rmtree(folder, ignore_errors=True)


def test_the_setting_closes_the_direct_way_for_the_accounts_it_means(desk: Desk) -> None:
    assert desk.direct() == (True, True)
    desk.services.change_setting("approve_accounts", ACCOUNT)
    assert desk.direct() == (True, True)
    desk.services.change_setting("approve", "chosen")
    assert desk.direct() == (False, True)
    desk.services.change_setting("approve", "all")
    assert desk.direct() == (False, False)
    desk.services.change_setting("approve_accounts", OTHER)
    desk.services.change_setting("approve", "chosen")
    assert desk.direct() == (True, False)
    desk.services.change_setting("approve", "off")
    assert desk.direct() == (True, True)
    with pytest.raises(CredGuardError):
        desk.services.change_setting("approve", "sometimes")
    assert desk.direct() == (True, True)


def test_the_person_at_the_window_is_asked(desk: Desk) -> None:
    desk.services.change_setting("approve_accounts", ACCOUNT)
    desk.services.change_setting("approve", "chosen")
    answers = ["once", "deny"]
    desk.window(lambda event: answers.pop(0) if event["event"] == "question" else None)
    allowed = desk.provider()
    assert allowed.returncode == 0, allowed.stderr
    assert SECRET in allowed.stdout
    denied = desk.provider()
    assert (denied.returncode, denied.stdout) == (1, "")
    assert "not allowed to use Work" in denied.stderr
    assert desk.provider("p-home").returncode == 0  # nobody is asked about this one
    questions = [event for event in desk.heard if event["event"] == "question"]
    assert [question["account"] for question in questions] == ["Work", "Work"]
    said = [str(row.action) for row in desk.services.activity()]
    assert any("was allowed the key of work by you, once" in line for line in said)
    assert any("was refused the key of work by you" in line for line in said)


def test_without_a_window_what_was_allowed_before_counts_and_nothing_else(desk: Desk) -> None:
    from credguard.system.asking import asker

    desk.services.change_setting("approve", "all")
    for ran in (desk.provider(), desk.command("credential-process", "--profile", "work")):
        assert (ran.returncode, ran.stdout) == (1, "")
        assert "not allowed to use Work" in ran.stderr
        assert "Open CredGuard’s window" in ran.stderr
        assert len(ran.stderr.splitlines()) == 1 or "credential-process" in str(ran.args)
    assert any("no window was open" in str(row.action) for row in desk.services.activity())
    # An interpreter is one of many programs: only a program that is itself can be allowed for longer.
    tool = Path(os.environ["HOME"]) / "tool"
    shutil.copy(shutil.which("env") or "/usr/bin/env", tool)
    script = f"{tool} {' '.join(places.helper())} p-work; true"
    assert asker(os.getpid()).one_of_many
    refused = desk._run(["/bin/sh", "-c", script])
    assert SECRET not in refused.stdout


def test_an_interrupted_change_is_finished_and_never_serves_what_has_to_be_asked(desk: Desk) -> None:
    from dataclasses import replace

    class Killed(BaseException):
        pass

    tools = desk.services._direct_tools
    ticks: list[str] = []
    direct_use.change(replace(tools, fault=ticks.append), "approve", "all")
    direct_use.change(tools, "approve", "off")
    assert len(ticks) > 8
    for at in range(len(ticks)):
        left = [at]

        def fault(tick: str, left: list[int] = left) -> None:
            left[0] -= 1
            if left[0] < 0:
                raise Killed

        with pytest.raises(Killed):
            direct_use.change(replace(tools, fault=fault), "approve", "all")
        asked = desk.settings.get("approve") == "all"
        assert not (asked and any(desk.direct())), ticks[at]
        direct_use.settle(tools)
        assert desk.direct() == ((False, False) if desk.settings.get("approve") == "all" else (True, True))
        direct_use.change(tools, "approve", "off")
        assert desk.direct() == (True, True)
        assert not tools.journals.unfinished("direct-use")


def test_a_setting_written_by_hand_is_followed_when_the_window_starts(desk: Desk) -> None:
    desk.settings.set("approve", "all")
    assert desk.direct() == (True, True)
    desk.window(lambda event: "deny" if event["event"] == "question" else None)
    assert desk.direct() == (False, False)
    assert desk.provider().returncode == 1


def test_locked_programs_wait_at_the_window(desk: Desk) -> None:
    desk.services.change_setting("locked_programs", "wait")
    desk.services.lock()
    assert os.path.lexists(places.locked_file())
    desk.window(lambda event: None)
    with ThreadPoolExecutor(3) as pool:
        asked = [pool.submit(desk.provider, profile) for profile in ("p-work", "p-home", "p-work")]
        until_true(lambda: sum(event["event"] == "waiting" for event in desk.heard) == 3, 60)
        assert {event["profile"] for event in desk.heard} == {"work", "home"}
        assert not any(ran.done() for ran in asked)
        desk.services.unlock()
        assert [ran.result().returncode for ran in asked] == [0, 0, 0]
