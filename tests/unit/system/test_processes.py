"""Who is asking."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from credguard.system.processes import Process, caller, look_up

on_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
ASK = "from credguard.system.processes import caller; c = caller(); print(c.program, c.pid, sep='|')"


def table(*processes: Process):
    return {p.pid: p for p in processes}.get


def test_a_shell_in_between_is_left_out() -> None:
    look = table(
        Process(50, 40, "python3"),
        Process(40, 30, "sh"),
        Process(30, 20, "terraform"),
        Process(20, 1, "bash"),
    )
    asking = caller(50, look)
    assert (asking.program, asking.pid) == ("terraform", 30)
    assert [p.name for p in asking.chain] == ["sh", "terraform", "bash"]


def test_by_hand_from_a_terminal_it_is_the_shell() -> None:
    look = table(Process(50, 40, "python3"), Process(40, 30, "bash"), Process(30, 1, "konsole"))
    assert caller(50, look).program == "bash"


def test_a_chain_that_bites_its_tail_ends() -> None:
    look = table(Process(50, 40, "a"), Process(40, 30, "sh"), Process(30, 40, "bash"))
    assert caller(50, look).program == "sh"


def test_nothing_is_known() -> None:
    assert caller(50, lambda pid: None).program == "unknown"


@on_linux
def test_this_process() -> None:
    me = look_up(os.getpid())
    assert me is not None
    assert me.parent == os.getppid()


@on_linux
def test_a_script_is_called_by_its_name_and_its_arguments_are_not_read(tmp_path: Path) -> None:
    script = tmp_path / "deploy tool.py"
    script.write_text("import subprocess, sys\nsubprocess.run(['sh', '-c', sys.argv[2]], check=True)\n")
    inner = f'"{sys.executable}" -c "import sys; {ASK}"; true'
    done = subprocess.run(
        [sys.executable, "-B", str(script), "--password=hunter2EXAMPLE", inner],
        capture_output=True,
        text=True,
        check=True,
    )
    program, pid = done.stdout.strip().split("|")
    assert program == "deploy tool"
    assert int(pid) > 1


@on_linux
def test_core_dumps_are_off_and_memory_is_closed() -> None:
    code = (
        "import os, resource\n"
        "from credguard.system.hardening import harden\n"
        "print(harden(), resource.getrlimit(resource.RLIMIT_CORE), os.stat('/proc/self/mem').st_uid)\n"
        "import ctypes; print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    first, dumpable = done.stdout.splitlines()
    assert first.startswith("('no-core', 'not-dumpable') (0, 0)")
    assert dumpable == "0"
