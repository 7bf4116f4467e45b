"""Processes, hardening and events, on Windows (or Windows Python under Wine) only."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "win32", reason="asks Windows itself")

SLEEP = [sys.executable, "-c", "input()"]


def test_a_process_and_its_parent() -> None:
    from credguard.system.durable import alive
    from credguard.system.processes import caller, look_up, program_file

    with subprocess.Popen(SLEEP, stdin=subprocess.PIPE) as child:
        found = look_up(child.pid)
        assert found is not None
        assert (found.parent, found.name.lower()) == (os.getpid(), "python")
        assert caller(child.pid).pid == os.getpid()
        assert os.path.samefile(program_file(child.pid), sys.executable)
        assert alive(child.pid)
        child.kill()
        child.wait(10)
        assert look_up(child.pid) is None
    assert not alive(child.pid)


def test_a_command_line_is_split_as_the_c_library_does() -> None:
    from credguard.system.processes_windows import split

    assert split(r'"C:\a b\python.exe" -I "C:\c d\client.py" p-1') == [
        r"C:\a b\python.exe", "-I", r"C:\c d\client.py", "p-1",
    ]  # fmt: skip
    assert split("") == []


def test_what_takes_effect() -> None:
    """In a process of its own: it cannot be undone."""
    code = "from credguard.system.hardening import harden; print(*harden())"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert ran.stdout.split() == ["no-core", "not-dumpable"]


def test_sleep_and_lock_are_told() -> None:
    from credguard.system.events_windows import WindowsEvents

    heard: list[Any] = []
    events = WindowsEvents(heard.append)
    assert events.ready(10)
    if not events._window:
        pytest.skip("no desktop here: a window cannot be made")
    send = ctypes.WinDLL("user32").SendMessageW  # type: ignore[attr-defined,unused-ignore]
    send.argtypes = [ctypes.c_void_p, ctypes.c_uint, ctypes.c_size_t, ctypes.c_ssize_t]
    send(events._window, 0x218, 0x4, 0)  # WM_POWERBROADCAST, PBT_APMSUSPEND
    send(events._window, 0x218, 0x7, 0)  # PBT_APMRESUMESUSPEND
    send(events._window, 0x2B1, 0x7, 1)  # WM_WTSSESSION_CHANGE, WTS_SESSION_LOCK
    send(events._window, 0x2B1, 0x8, 1)  # WTS_SESSION_UNLOCK
    events.close()
    assert heard == ["sleep", "screen-lock"]


def test_the_state_folder_without_an_environment(tmp_path: Path) -> None:
    code = "from credguard.wire import places; print(places.home())"
    kept = {"SYSTEMROOT": os.environ["SYSTEMROOT"]}
    folder = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    ran = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {folder!r}); {code}"],
        env=kept, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert os.path.isabs(ran.stdout.strip())
    assert ran.stdout.strip().lower().endswith(r"\appdata\local\credguard")


def test_a_file_that_somebody_has_open_is_replaced_when_they_let_go(tmp_path: Path) -> None:
    from credguard.system.durable import put_in_place

    target, fresh = tmp_path / "a", tmp_path / "b"
    target.write_bytes(b"old")
    fresh.write_bytes(b"new")
    held = open(target, "rb")  # noqa: SIM115 closed by the third pause
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            held.close()

    put_in_place(str(fresh), str(target), sleep=sleep)
    assert target.read_bytes() == b"new"
    assert len(pauses) == 3
