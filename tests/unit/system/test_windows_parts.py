"""What of the Windows parts needs no Windows."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from credguard.profiles.edit import our_profile_id, process_line
from credguard.system import hardening_windows, pipes_windows
from credguard.wire import places, spool

SID = "S-1-5-21-1-2-3-1001"


def test_a_pipe_has_one_name_for_each_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    links = os.name != "nt"  # there making one takes a privilege
    if links:
        (tmp_path / "link").symlink_to(folder)
    name = places.pipe_name(str(folder))
    assert name.startswith("\\\\.\\pipe\\credguard-")
    assert len(name) < 256  # CreateNamedPipe
    assert "\\" not in name.removeprefix("\\\\.\\pipe\\")
    monkeypatch.chdir(tmp_path)
    link = str(tmp_path / "link") if links else "STATE"
    for spelled in ("state", "./state/", link, str(tmp_path / "x" / ".." / "state")):
        assert places.pipe_name(spelled) == name
    assert places.pipe_name(str(tmp_path)) != name


def test_short_names_stand_where_a_line_cannot_carry_the_long_ones() -> None:
    names = {r"C:\Program Files": r"C:\PROGRA~1", "C:\\Users\\J\u00f6rg K": r"C:\Users\JRGK~1"}
    client = r"\credguard\provider\client.py"
    for folder, name in names.items():
        assert places.short(folder + client, names.__getitem__) == name + client
    plain = r"C:\Tools\Python312\python.exe"
    assert places.short(plain, names.__getitem__) == plain
    # A disk without short names: the path stays as it is, and the line is refused.
    long = r"D:\My Tools\python.exe"
    assert places.short(long, lambda path: path) == long
    assert profile_of(places.short(r"C:\Program Files" + client, names.__getitem__)) == "p-1"


def profile_of(client: str) -> str | None:
    return our_profile_id(process_line([r"C:\PROGRA~1\python.exe", "-I", "-S", client], "p-1", "win32"))


def test_only_the_owner_may_open_the_pipe() -> None:
    assert pipes_windows.descriptor_for(SID) == f"O:{SID}D:P(D;;GA;;;NU)(A;;GA;;;{SID})"


def test_others_may_see_and_end_the_process_and_no_more() -> None:
    """VM_READ is 0x10, VM_WRITE 0x20, DUP_HANDLE 0x40, WRITE_DAC 0x40000."""
    assert hardening_windows._LOOK_AND_END & (0x10 | 0x20 | 0x40 | 0x40000) == 0
    assert f"(A;;0x101001;;;{SID})" in hardening_windows.descriptor_for(SID)
    assert hardening_windows.descriptor_for(SID).startswith("D:P(A;;0x101001;;;OW)")


def test_lines_are_appended_whole_and_private(tmp_path: Path) -> None:
    path = tmp_path / "activity.spool"
    spool.append(str(path), '{"at":1}')
    spool.append(str(path), '{"at":2}')
    assert path.read_bytes() == b'{"at":1}\n{"at":2}\n'
    assert os.name == "nt" or path.stat().st_mode & 0o777 == 0o600
