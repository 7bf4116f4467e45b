"""A sealed vault on a disk that is full, cannot be written, or loses the file; with real disks and processes.

docs/stores.md has the table of faults and where each is held.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from credguard.domain.errors import CredGuardError
from credguard.system.durable import TICKS
from tests.support import program
from tests.support.stores import sealed_store
from tests.support.writers import Writer

#: A tmpfs of its own (nobody else sees it), and root is held to the modes of files: without
#: CAP_DAC_OVERRIDE (1) and CAP_DAC_READ_SEARCH (2).
_SMALL_DISK = """
import ctypes, os, subprocess, sys
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "none", sys.argv[1]], check=True)
os.chmod(sys.argv[1], 0o700)
for right in (1, 2):
    ctypes.CDLL(None).prctl(24, right, 0, 0, 0)
os.execv(sys.executable, [sys.executable, "-m", "tests.support.writers", "sealed", sys.argv[1]])
"""


def _unshare() -> list[str]:
    return ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user", "--user"])]


class _SmallDisk(Writer):
    """A writer whose vault lies on a disk of 512 KiB; `seen` is that disk from here."""

    def __init__(self, folder: Path) -> None:
        super().__init__("sealed", folder, [*_unshare(), sys.executable, "-c", _SMALL_DISK, str(folder)])
        self.seen = Path(f"/proc/{self.process.pid}/root{folder}")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[_SmallDisk]:
    lacking = shutil.which("unshare") is None
    if lacking or subprocess.run([*_unshare(), "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("a disk of its own cannot be mounted here (unshare)")
    folder = tmp_path / "disk"
    folder.mkdir()
    writer = _SmallDisk(folder)
    try:
        yield writer
    finally:
        writer.process.kill()
        writer.process.communicate()


def test_a_full_disk(disk: _SmallDisk) -> None:
    assert disk.ask("put", "profile/kept", "kept") == "ok"
    assert disk.ask("put", "totp/kept", "seed") == "ok"
    before = (disk.seen / "vault.cgv").read_bytes()
    filler = disk.seen / "filler"
    with pytest.raises(OSError, match="No space"):
        filler.write_bytes(b"f" * 1_000_000)
    for words in (("put", "profile/more", "more"), ("put", "profile/kept", "x"), ("remove", "totp/kept")):
        assert disk.ask(*words) == "error disk-full"
        assert (disk.seen / "vault.cgv").read_bytes() == before
    assert disk.ask("get", "profile/kept") == "kept"
    assert disk.ask("names") == "profile/kept,totp/kept"
    filler.unlink()
    assert disk.ask("put", "profile/more", "more") == "ok"
    assert disk.ask("names") == "profile/kept,profile/more,totp/kept"


def test_a_disk_that_cannot_be_written(disk: _SmallDisk) -> None:
    assert disk.ask("put", "profile/kept", "kept") == "ok"
    before = (disk.seen / "vault.cgv").read_bytes()
    disk.seen.chmod(0o500)
    for words in (("put", "profile/more", "more"), ("remove", "profile/kept")):
        assert disk.ask(*words) == "error not-writable"
        assert (disk.seen / "vault.cgv").read_bytes() == before
    assert disk.ask("get", "profile/kept") == "kept"
    disk.seen.chmod(0o700)
    assert disk.ask("put", "profile/more", "more") == "ok"


def test_the_file_is_gone(tmp_path: Path) -> None:
    """Moved away under an open vault: nothing is written in its place, and it goes on when it is back."""
    store = sealed_store(tmp_path)
    store.write("profile/p", {"v": 1, "n": "kept"})
    file = tmp_path / "vault.cgv"
    away = file.rename(tmp_path / "away")
    with pytest.raises(CredGuardError) as caught:
        store.write("profile/q", {"v": 1})
    assert caught.value.code == "no-vault"
    assert not file.exists()
    away.rename(file)
    assert store.read("profile/p") == {"v": 1, "n": "kept"}
    store.write("profile/q", {"v": 1})
    assert sealed_store(tmp_path).names() == ("profile/p", "profile/q")


_KILLED = """
import os, signal, sys
from credguard.vault.sealed.vault import SealedVault
from tests.support.stores import passphrase

def fault(tick):
    if tick == sys.argv[2]:
        os.kill(os.getpid(), signal.SIGKILL)

vault = SealedVault(sys.argv[1], fault=fault)
vault.open(passphrase())
vault.put("profile/p", "changed" * 3000)
"""


@pytest.mark.parametrize("tick", TICKS)
def test_the_power_goes_in_the_middle_of_a_write(tmp_path: Path, tick: str) -> None:
    """The process ends without a last word, and of the file beside the vault half of the bytes arrived."""
    store = sealed_store(tmp_path)
    store.write("profile/p", {"v": 1, "n": "kept"})
    file = tmp_path / "vault.cgv"
    before = set(tmp_path.iterdir())
    ended = subprocess.run([sys.executable, "-c", _KILLED, str(file), tick], check=False)
    assert ended.returncode == -signal.SIGKILL
    for beside in set(tmp_path.iterdir()) - before:
        if beside.suffix == ".credguard-new":
            beside.write_bytes(beside.read_bytes()[: beside.stat().st_size // 2])
    after = sealed_store(tmp_path)
    value = after.value("profile/p")
    assert value is not None
    assert value.reveal() in {'{"n":"kept","v":1}', "changed" * 3000}
    after.write("profile/q", {"v": 1})
    assert after.names() == ("profile/p", "profile/q")
    assert not list(tmp_path.glob("*.credguard-new")), "what a killed write left stays for ever"


def test_a_damaged_catalog_is_made_anew_from_the_vault(tmp_path: Path) -> None:
    """By the whole program: keys and codes are listed again, and a code of this moment counts as sent."""
    environ = program.sealed_home(tmp_path)
    before = json.loads(program.run(environ, "totp", "list", "--json").stdout)
    state = tmp_path / "state"
    (state / "catalog.sqlite").write_bytes(b"SQLite format 3\0" + b"\xff" * 4000)
    for beside in state.glob("catalog.sqlite-*"):
        beside.unlink()
    program.run(environ, "keys", "--json", code=None)
    after = json.loads(program.run(environ, "totp", "list", "--json").stdout)
    assert [code["name"] for code in after] == [code["name"] for code in before] == ["Northwind"]
    assert list(state.glob("catalog.sqlite.damaged-*"))
    assert "sent" in program.run(environ, "totp", "code", "Northwind").stderr
