"""Replacing files: whole before or whole after, whatever happens in between."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from credguard.domain.errors import CredGuardError
from credguard.system.durable import TICKS, make_private_folder, replace_file, sweep_leftovers


def mode(path: Path) -> int:
    return stat.S_IMODE(os.stat(path).st_mode)


def test_a_new_file_is_private(tmp_path: Path) -> None:
    path = tmp_path / "new"
    old = os.umask(0)
    try:
        replace_file(str(path), b"data")
    finally:
        os.umask(old)
    assert path.read_bytes() == b"data"
    assert mode(path) == 0o600


@pytest.mark.parametrize("kept", [0o600, 0o640, 0o644, 0o400])
def test_the_mode_is_kept(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(kept)
    replace_file(str(path), b"new")
    assert (path.read_bytes(), mode(path)) == (b"new", kept)


def test_a_mode_that_is_asked_for_wins(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(0o644)
    replace_file(str(path), b"new", mode=0o600)
    assert mode(path) == 0o600


def test_links_stay_and_their_target_is_replaced(tmp_path: Path) -> None:
    real = tmp_path / "dotfiles" / "credentials"
    real.parent.mkdir()
    real.write_bytes(b"old")
    middle = tmp_path / "middle"
    middle.symlink_to(real)
    link = tmp_path / "credentials"
    link.symlink_to("middle")
    replace_file(str(link), b"new")
    assert link.is_symlink()
    assert middle.is_symlink()
    assert real.read_bytes() == b"new"


@pytest.mark.parametrize("tick", TICKS)
@pytest.mark.parametrize("problem", [errno.ENOSPC, errno.EIO, errno.EACCES])
def test_a_disk_error_leaves_the_old_file_or_the_new_one(tmp_path: Path, tick: str, problem: int) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def fault(reached: str) -> None:
        if reached == tick:
            raise OSError(problem, os.strerror(problem))

    with pytest.raises(CredGuardError) as caught:
        replace_file(str(path), b"new", fault=fault)
    assert caught.value.code == {errno.ENOSPC: "disk-full", errno.EIO: "disk-error"}.get(
        problem, "not-writable"
    )
    assert path.read_bytes() == (b"new" if tick == "sync-folder" else b"old")
    assert os.listdir(tmp_path) == ["file"]


def test_every_tick_is_reached_in_order(tmp_path: Path) -> None:
    reached: list[str] = []
    replace_file(str(tmp_path / "file"), b"data", fault=reached.append)
    assert tuple(reached) == TICKS


def test_a_disk_that_gives_back_something_else_is_found_out(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def spoil(reached: str) -> None:
        if reached == "read-back":
            (fresh,) = tmp_path.glob(".file.*")
            fresh.write_bytes(b"nEw")

    with pytest.raises(CredGuardError) as caught:
        replace_file(str(path), b"new", fault=spoil)
    assert caught.value.code == "write-differs"
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


def test_a_real_full_disk(tmp_path: Path) -> None:
    """RLIMIT_FSIZE stands for a disk that ends in the middle of the write."""
    path = tmp_path / "file"
    path.write_bytes(b"old")
    code = (
        "import resource, signal, sys\n"
        "from credguard.domain.errors import CredGuardError\n"
        "from credguard.system.durable import replace_file\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "try:\n    replace_file(sys.argv[1], b'n' * 100_000)\n"
        "except CredGuardError as error:\n    print(error.code)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "not-writable"  # EFBIG is no ENOSPC; what counts is the old file
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("tick", TICKS)
def test_kill_9_at_every_tick(tmp_path: Path, tick: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    code = (
        "import os, signal, sys\n"
        "from credguard.system.durable import replace_file\n"
        "def fault(tick):\n"
        "    if tick == sys.argv[2]: os.kill(os.getpid(), signal.SIGKILL)\n"
        "replace_file(sys.argv[1], b'new', fault=fault)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path), tick], check=False)
    assert done.returncode == -9
    assert path.read_bytes() == (b"new" if tick == "sync-folder" else b"old")
    left = [name for name in os.listdir(tmp_path) if name != "file"]
    assert len(left) == (1 if tick in {"write", "sync", "read-back", "rename"} else 0)
    for name in left:
        assert mode(tmp_path / name) == (mode(path) if tick == "rename" else 0o600)
    replace_file(str(path), b"third")
    assert os.listdir(tmp_path) == ["file"]


def test_the_file_is_synced_before_the_rename_and_the_folder_after_it(tmp_path: Path) -> None:
    code = (
        "import os, stat, sys\n"
        "sync, replace = os.fsync, os.replace\n"
        "def synced(handle):\n"
        "    print('folder' if stat.S_ISDIR(os.fstat(handle).st_mode) else 'file')\n"
        "    sync(handle)\n"
        "def replaced(*paths):\n"
        "    print('rename')\n"
        "    replace(*paths)\n"
        "os.fsync, os.replace = synced, replaced\n"
        "from credguard.system.durable import replace_file\n"
        "replace_file(sys.argv[1], b'new')\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "file")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["file", "file", "rename", "folder"]


def test_a_living_process_keeps_its_unfinished_file(tmp_path: Path) -> None:
    ours = tmp_path / f".file.{os.getppid()}-00ff00ff.credguard-new"
    ours.write_bytes(b"")
    assert sweep_leftovers(str(tmp_path / "file")) == 0
    assert ours.exists()


def test_a_folder_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").mkdir()
    with pytest.raises(CredGuardError) as caught:
        replace_file(str(tmp_path / "file"), b"data")
    assert caught.value.code == "not-a-file"


def test_a_missing_folder_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(CredGuardError) as caught:
        replace_file(str(tmp_path / "none" / "file"), b"data")
    assert caught.value.code == "not-writable"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_a_sentence(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(CredGuardError) as caught:
            replace_file(str(tmp_path / "file"), b"data")
    finally:
        tmp_path.chmod(0o700)
    assert caught.value.code == "not-writable"


def test_folders_are_made_private_all_the_way(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        make_private_folder(str(tmp_path / "a" / "b"))
    finally:
        os.umask(old)
    assert mode(tmp_path / "a") == mode(tmp_path / "a" / "b") == 0o700


def test_a_loose_folder_is_tightened(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    make_private_folder(str(folder))
    assert mode(folder) == 0o700


def test_a_file_in_the_way_of_a_folder_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "state").write_bytes(b"")
    with pytest.raises(CredGuardError) as caught:
        make_private_folder(str(tmp_path / "state" / "run"))
    assert caught.value.code == "not-writable"


def test_who_has_the_file_open_for_a_moment_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows, where a file that is open cannot be replaced."""
    from credguard.system.durable import put_in_place

    replace, refusals = os.replace, [2]

    def stubborn(fresh: str, target: str) -> None:
        if refusals[0] > 0:
            refusals[0] -= 1
            raise PermissionError
        replace(fresh, target)

    monkeypatch.setattr(os, "replace", stubborn)
    fresh, target = tmp_path / "fresh", tmp_path / "target"
    fresh.write_bytes(b"new")
    pauses: list[float] = []
    put_in_place(str(fresh), str(target), (0.1, 0.2, 0.3), pauses.append)
    assert target.read_bytes() == b"new"
    assert pauses == [0.1, 0.2]
    refusals[0] = 9
    with pytest.raises(PermissionError):
        put_in_place(str(target), str(fresh), (0.1, 0.2, 0.3), pauses.append)
