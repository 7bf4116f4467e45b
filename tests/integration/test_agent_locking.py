"""The agent locks by itself: on a clock moved by hand, on the signals of a private D-Bus, at the keychain."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from credguard.domain.errors import CredGuardError, Locked
from credguard.services import Services
from credguard.settings import Settings
from credguard.system.events import Buses
from credguard.vault.watch import Watch
from credguard.wire import items, places
from tests.support.agent import KEY, Desk, Here, until_true
from tests.support.agent import desk as desk
from tests.support.agent import here as here
from tests.support.clock import FakeClock
from tests.support.keyring import _BUS_CONFIG, PrivateKeyring

MINUTE = 60.0


def credentials(here: Here) -> bool:
    return here.agent.finished("credentials", profile="p-work") is not None


def code(here: Here) -> str:
    return str(here.agent.ask("code", id="e-1")["code"]["code"])


# ── by the clock ─────────────────────────────────────────────────────────────────────────────────
def test_codes_lock_after_5_minutes_and_keys_after_15(here: Here) -> None:
    assert code(here)
    here.pass_time(5 * MINUTE - 1)
    assert here.agent.open_parts() == ("keys", "codes")
    here.pass_time(1)
    assert here.agent.open_parts() == ("keys",)
    with pytest.raises(Locked) as caught:
        code(here)
    assert caught.value.code == "part-locked"
    assert here.process.keeper.vault.opened == ("keys",)  # forgotten, not only refused
    assert credentials(here)
    here.pass_time(15 * MINUTE - 1)
    assert credentials(here)
    assert not here.ended
    here.pass_time(15 * MINUTE)
    until_true(lambda: here.ended)
    assert not here.process.keeper.vault.is_open


def test_uses_keep_it_open_until_the_latest(here: Here) -> None:
    for _ in range(3):
        here.pass_time(4 * MINUTE)
        assert code(here)
        assert credentials(here)
    here.pass_time(3 * MINUTE)  # fifteen minutes after opening
    with pytest.raises(Locked):
        code(here)
    for _ in range(46):
        here.pass_time(10 * MINUTE)
        assert credentials(here)
    here.pass_time(5 * MINUTE)  # eight hours
    until_true(lambda: here.ended)


def test_what_runs_out_is_refused_at_once_and_not_at_the_next_look(here: Here) -> None:
    here.clock.sleep(6 * MINUTE)  # nobody looked meanwhile
    with pytest.raises(Locked):
        code(here)


def test_a_changed_setting_counts_at_once(here: Here, desk: Desk) -> None:
    desk.settings.change("lock_keys", "never")
    desk.settings.change("lock_codes_minutes", "60")
    desk.settings.change("lock_codes_longest_minutes", "60")
    here.pass_time(30 * MINUTE)
    assert here.agent.open_parts() == ("keys", "codes")
    here.pass_time(400 * MINUTE)
    assert here.agent.open_parts() == ("keys",)
    assert here.agent.status()["closes_in"] == {"keys": None}


def test_each_use_is_one_program(here: Here, desk: Desk) -> None:
    desk.settings.change("lock_keys", "each-use")
    assert credentials(here)
    assert here.agent.ask("get", name=f"access-key/{KEY}")["value"]  # the same program goes on
    assert "keys" in here.agent.open_parts()
    here.agent.close()
    until_true(lambda: here.process.keeper.open_parts == ("codes",))
    assert here.agent.finished("credentials", profile="p-work") is None


def test_a_code_that_is_locked_is_never_left_out_silently(here: Here) -> None:
    """A profile with MFA must not fall to the bare key because its codes are locked."""
    services = here.process.services
    link = services.profile_link("work")
    assert link is not None
    from dataclasses import replace

    services._profiles.save(replace(link, mfa_serial="arn:aws:iam::482011739056:mfa/m.keller"))
    here.pass_time(5 * MINUTE)
    with pytest.raises(Locked):
        here.agent.finished("credentials", profile="p-work")


def test_unlocking_again_opens_the_codes_beside_the_keys(here: Here) -> None:
    from tests.support.stores import passphrase

    here.pass_time(5 * MINUTE)
    assert here.agent.open_parts() == ("keys",)
    assert here.agent.unlock(passphrase())["open"] == ["keys", "codes"]
    assert code(here)


def test_a_window_is_told(here: Here) -> None:
    watch = Watch()
    heard: list[dict[str, Any]] = []
    thread = threading.Thread(target=lambda: heard.extend(watch.events()), daemon=True)
    thread.start()
    until_true(lambda: here.agent.status()["window"] is True)
    here.pass_time(15 * MINUTE)
    until_true(lambda: len(heard) == 2)
    assert [(e["event"], e["parts"], e["reason"]) for e in heard] == [
        ("locked", ["keys"], "away"), ("locked", ["codes"], "longest"),
    ]  # fmt: skip
    watch.close()


def test_a_window_that_draws_codes_does_not_keep_them_open(here: Here) -> None:
    watch = Watch()
    until_true(lambda: here.process.approvals.has_window)
    for _ in range(4):
        here.pass_time(MINUTE)
        assert code(here)
    assert here.agent.ask("code", id="e-1", given=True)["code"]  # a copied one is a use
    here.pass_time(4 * MINUTE)
    assert code(here)
    here.pass_time(MINUTE)
    with pytest.raises(Locked):
        code(here)
    watch.close()


# ── by what the computer tells ───────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("event", "left"), [("sleep", ()), ("screen-lock", ("keys",))]
)  # fmt: skip
def test_events_lock_as_the_settings_say(here: Here, event: str, left: tuple[str, ...]) -> None:
    here.process.keeper.event(event)
    assert here.process.keeper.open_parts == left
    if not left:
        until_true(lambda: here.ended)


def test_events_can_be_switched_off(here: Here, desk: Desk) -> None:
    for name in ("lock_keys_on_sleep", "lock_codes_on_sleep"):
        desk.settings.change(name, "off")
    here.process.keeper.event("sleep")
    assert here.agent.open_parts() == ("keys", "codes")


class Login:
    """A logind on a private bus: its name, Inhibit and ListSessions, and its signals."""

    def __init__(self, folder: Path) -> None:
        config = folder / "bus.conf"
        config.write_text(_BUS_CONFIG.format(folder=folder))
        shown = subprocess.run(
            ["dbus-daemon", f"--config-file={config}", "--fork", "--print-address=1", "--print-pid=1"],
            capture_output=True, text=True, check=True,
        ).stdout.split()  # fmt: skip
        self.address, self._pid = shown[0], int(shown[1])
        self.delays: list[int] = []
        self._end = threading.Event()
        from jeepney import message_bus
        from jeepney.io.blocking import open_dbus_connection

        self._connection = open_dbus_connection(self.address, enable_fds=True)
        self._connection.send_and_get_reply(message_bus.RequestName("org.freedesktop.login1"))
        self._sending = threading.Lock()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        from jeepney import HeaderFields, MessageType, new_error, new_method_return

        while not self._end.is_set():
            try:
                message = self._connection.receive(timeout=0.1)
            except TimeoutError:
                continue
            except OSError:
                return
            if message.header.message_type != MessageType.method_call:
                continue
            member = message.header.fields.get(HeaderFields.member)
            if member == "Inhibit":
                read, write = os.pipe()
                self.delays.append(read)
                answer = new_method_return(message, "h", (write,))
            elif member == "ListSessions":
                mine = ("1", os.getuid(), "maria", "seat0", "/org/freedesktop/login1/session/_31")
                other = ("2", os.getuid() + 1, "ben", "seat0", "/org/freedesktop/login1/session/_32")
                answer, write = new_method_return(message, "a(susso)", ([mine, other],)), None
            else:
                answer, write = new_error(message, "org.freedesktop.DBus.Error.UnknownMethod"), None
            with self._sending:
                self._connection.send(answer)
            if member == "Inhibit":
                os.close(write)

    def signal(self, path: str, interface: str, member: str, *body: Any) -> None:
        from jeepney import DBusAddress, new_signal

        with self._sending:
            self._connection.send(
                new_signal(DBusAddress(path, interface=interface), member, "b" if body else None, body)
            )

    def sleep(self, begins: bool) -> None:
        self.signal("/org/freedesktop/login1", "org.freedesktop.login1.Manager", "PrepareForSleep", begins)

    def lock(self, session: str) -> None:
        path = f"/org/freedesktop/login1/session/{session}"
        self.signal(path, "org.freedesktop.login1.Session", "Lock")

    def delayed(self) -> bool:
        """Whether the newest inhibitor is still held: the other end of its pipe is open."""
        os.set_blocking(self.delays[-1], False)
        try:
            return os.read(self.delays[-1], 1) != b""
        except BlockingIOError:
            return True

    def stop(self) -> None:
        self._end.set()
        self._thread.join(5)
        self._connection.close()
        os.kill(self._pid, 15)


@pytest.fixture
def login(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Login]:
    import shutil
    import tempfile

    if shutil.which("dbus-daemon") is None:
        pytest.skip("dbus-daemon is not installed: the signals of logind are not tested")
    folder = Path(tempfile.mkdtemp(prefix="cgd-"))
    made = Login(folder)
    try:
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder, ignore_errors=True)


def test_the_signals_of_logind_and_of_the_screen_are_heard(login: Login) -> None:
    heard: list[str] = []
    buses = Buses(heard.append, system=login.address, session=login.address)
    try:
        assert buses.ready(10)
        until_true(lambda: len(login.delays) == 1)
        login.lock("_32")  # somebody else's session
        login.sleep(True)
        until_true(lambda: heard == ["sleep"])
        until_true(lambda: not login.delayed())  # locked: now it may sleep
        login.sleep(False)
        until_true(lambda: len(login.delays) == 2 and login.delayed())
        login.lock("_31")
        until_true(lambda: heard == ["sleep", "screen-lock"])
        for saver in ("org.freedesktop.ScreenSaver", "org.gnome.ScreenSaver"):
            login.signal("/" + saver.replace(".", "/"), saver, "ActiveChanged", False)
            login.signal("/" + saver.replace(".", "/"), saver, "ActiveChanged", True)
        until_true(lambda: heard == ["sleep", "screen-lock", "screen-lock", "screen-lock"])
    finally:
        buses.close()


def test_going_to_sleep_ends_a_real_agent(login: Login, desk: Desk) -> None:
    desk.env["DBUS_SYSTEM_BUS_ADDRESS"] = login.address
    started = desk.start()
    until_true(lambda: len(login.delays) == 1)
    assert desk.provider().returncode == 0
    login.sleep(True)
    until_true(started.gone)
    assert desk.provider().returncode == 4
    until_true(lambda: not login.delayed())


# ── at the keychain ──────────────────────────────────────────────────────────────────────────────
def test_a_lock_at_the_keychain_drops_sessions_and_programs_wait_if_told_to(
    private_keyring: PrivateKeyring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDGUARD_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("CREDGUARD_STORE", raising=False)
    Settings(places.settings_file()).set("store", "keychain")
    services = Services(clock=FakeClock())
    store = services.store
    item = items.session_item("ASIAEXAMPLE", "s", "t", "2030-01-01T00:00:00Z", None)
    store.write(items.access_key(KEY), items.access_key_item(KEY, "s/EXAMPLE", None, None, None))
    store.write(items.profile("p-1"), items.profile_item("p-1", "work", KEY, None))
    store.write(items.session("d1"), item)
    done = services.lock()
    assert (done.ended, done.sessions, done.waiting) == (False, 1, False)
    assert services.store.names("session/") == ()
    assert services.credentials("p-1").access_key_id == KEY  # programs go on

    services.change_setting("locked_programs", "wait")
    assert services.lock().waiting is True
    assert os.path.exists(places.locked_file())
    before = services.clock.now()
    with pytest.raises(Locked) as caught:
        services.credentials("p-1")
    assert caught.value.code == "programs-wait"
    assert services.clock.now() - before == pytest.approx(40, abs=0.5)
    services.unlock()
    assert not os.path.exists(places.locked_file())
    assert services.credentials("p-1").access_key_id == KEY
    services.close()


def test_the_command_unlocks_who_waits(
    private_keyring: PrivateKeyring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, desk: Desk
) -> None:
    """A program waits in a process of its own, and goes on as soon as somebody unlocks."""
    env = {**desk.env, **private_keyring.env, "CREDGUARD_HOME": str(tmp_path / "state")}
    monkeypatch.setenv("CREDGUARD_HOME", str(tmp_path / "state"))
    settings = Settings(places.settings_file())
    settings.set("store", "keychain")
    settings.set("locked_programs", "wait")
    services = Services()
    services.store.write(items.access_key(KEY), items.access_key_item(KEY, "s/EXAMPLE", None, None, None))
    services.store.write(items.profile("p-1"), items.profile_item("p-1", "work", KEY, None))
    services.close()
    desk.env = env
    assert "Programs wait until you unlock." in desk.credguard("lock").stdout
    with subprocess.Popen([*places.helper(), "p-1"], env=env, stdout=subprocess.PIPE) as waiting:
        with pytest.raises(subprocess.TimeoutExpired):
            waiting.wait(1.5)
        assert "Programs get keys again." in desk.credguard("unlock").stdout
        out, _ = waiting.communicate(timeout=30)
    assert json.loads(out)["AccessKeyId"] == KEY


def test_nothing_open_is_said_so(desk: Desk) -> None:
    assert desk.credguard("lock").stdout == "Nothing was open.\n"


def test_an_unreadable_settings_file_opens_nothing_wider(here: Here, desk: Desk) -> None:
    desk.settings.change("approve", "all")
    with pytest.raises(CredGuardError):
        credentials(here)
    Path(places.settings_file()).write_text("{")
    with pytest.raises(CredGuardError) as caught:
        credentials(here)
    assert caught.value.code == "not-allowed"


def test_commands_go_on_with_the_keys_while_the_codes_are_locked(here: Here, desk: Desk) -> None:
    here.pass_time(5 * MINUTE)
    assert here.agent.open_parts() == ("keys",)
    names = here.agent.ask("names")["names"]
    assert f"access-key/{KEY}" in names
    assert not any(name.startswith("totp/") for name in names)
    assert "Northwind" in desk.credguard("accounts").stdout
    assert desk.credguard("credential-process", "--profile", "work").returncode == 0
    refused = desk.credguard("totp", "code", "Northwind")
    assert (refused.returncode, refused.stdout) == (4, "")
