"""Backup, restore, export and the vault's own commands: what they write, where, and with which mode.

Real processes on the sealed vault. Every secret is looked for in everything that was written, and in every
command line and environment that any of their processes was started with.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from credguard.demo.cloud.companies import ACME_PRODUCTION as WORK
from credguard.demo.cloud.server import Double
from tests.support.laptop import Laptop, Ran, forms_of, section

SECRET = WORK.secret()
SEED, VAULT, FILE = "JBSWY3DPEHPK3PXPJBSWY3DP", "six random words EXAMPLE", "other random words EXAMPLE"


class House:
    """A computer with the sealed vault, a code and a key in it; temporary files in a folder of its own."""

    def __init__(self, folder: Path, endpoint: str, mask: int = 0o022) -> None:
        self.laptop = Laptop(folder, endpoint, None)
        self.mask = mask
        self.temporary = self.laptop.home / "tmp"
        self.temporary.mkdir()
        self.laptop.env |= {
            "CREDGUARD_STORE": "sealed",
            "TMPDIR": str(self.temporary),
            "CREDGUARD_PASSPHRASE_FILE": self.words(VAULT),
        }

    def words(self, passphrase: str) -> str:
        """A passphrase file outside the home, which is searched for it."""
        path = self.laptop.home.parent / passphrase.split()[0]
        path.touch(mode=0o600)
        path.write_text(passphrase + "\n")
        return str(path)

    def run(self, *words: str, given: str = "", code: int | None = 0, largest: int | None = None) -> Ran:
        old = os.umask(self.mask)
        try:
            ran = self.laptop.run(*words, given=given, largest=largest)
        finally:
            os.umask(old)
        assert "Traceback" not in ran.err, ran.err
        assert code is None or ran.code == code, ran.err
        for secret in (SEED, SECRET, VAULT, FILE):
            assert secret not in ran.out + ran.err
        return ran

    @property
    def all_it_does(self) -> list[tuple[str, ...]]:
        """Every command that handles the whole vault."""
        home, file = self.laptop.home, self.words(FILE)
        return [
            ("backup", str(home / "b.cgb"), "--password-file", file),
            ("restore", str(home / "b.cgb"), "--password-file", file, "--keep", "theirs", "--yes"),
            ("export", str(home / "e.kdbx"), "--password-file", file),
            ("totp", "export", str(home / "e.json"), "--password-file", file),
            ("vault", "add", "passphrase", "--name", "second", "--passphrase-file", file),
            ("vault", "test", "second", "--passphrase-file", file),
            ("vault", "rename", "second", "third"),
            ("vault", "passphrase", "third", "--strengthen", "--passphrase-file", file),
            ("vault", "slots", "--json"),
            ("vault", "merge", str(self.laptop.state / "vault.cgv.prev")),
            ("vault", "remove", "third", "--yes"),
            ("vault", "accept", "--yes"),
            ("status", "--json"),
        ]


@pytest.fixture
def house(tmp_path: Path, double: Double) -> House:
    return _filled(House(tmp_path, double.url))


def _filled(house: House) -> House:
    house.laptop.write(section("work", WORK.key_id(), SECRET))
    house.run("import", "--all", "--yes")
    house.run("totp", "add", "work", "--secret", "-", given=SEED + "\n")
    return house


@pytest.mark.parametrize("mask", [0, 0o077])
def test_whatever_the_mask_nobody_else_reads_it_and_no_secret_lies_in_it(
    tmp_path: Path, double: Double, mask: int
) -> None:
    house = _filled(House(tmp_path, double.url, mask))
    for words in house.all_it_does:
        house.run(*words)
    assert house.laptop.leaks([SEED, SECRET, VAULT, FILE]) == []
    assert list(house.temporary.iterdir()) == []
    house.run("export", str(house.laptop.home / "plain.json"), "--format", "plain", given="plaintext\n")
    home = house.laptop.home
    ours_not = {house.temporary, home / "Downloads", home / ".aws", *house.laptop.state.parents}
    loose = [
        f"{stat.S_IMODE(path.lstat().st_mode):o} {path.relative_to(house.laptop.home)}"
        for path in house.laptop.home.rglob("*")
        if path not in ours_not and stat.S_IMODE(path.lstat().st_mode) & 0o077
    ]
    assert loose == []


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_no_secret_is_in_the_command_line_or_environment_of_any_process(house: House) -> None:
    log = house.laptop.home.parent / "log"
    for words in house.all_it_does:
        ran = subprocess.run(
            ["strace", "-f", "-qq", "-v", "-s", "100000", "-e", "trace=execve", "-o", str(log),
             sys.executable, "-m", "credguard", *words],
            env=house.laptop.env, cwd=house.laptop.home, capture_output=True, check=False, timeout=120,
        )  # fmt: skip
        if b"PTRACE" in ran.stderr:
            pytest.skip("processes cannot be watched here")
        started = log.read_bytes()
        assert b"execve(" in started
        for secret in (SEED, SECRET, VAULT, FILE):
            for form, data in forms_of(secret):
                assert data not in started, (words, form)


@pytest.mark.parametrize("given", ["", "yes\n", "Plaintext\n", "plain text\n"])
@pytest.mark.parametrize("command", [("export", "--format", "plain"), ("totp", "export", "--format", "uris"),
                                     ("totp", "export", "--format", "google-qr")])  # fmt: skip
def test_plaintext_needs_that_very_word(bare: House, command: tuple[str, ...], given: str) -> None:
    name = bare.laptop.home / "out"
    bare.run(*command, str(name), given=given, code=1)
    assert not list(bare.laptop.home.glob("out*"))


@pytest.mark.parametrize("flag", ["--yes", "-y", "--force", "--all", "--confirm=plaintext"])
def test_no_flag_stands_for_the_word(bare: House, flag: str) -> None:
    name = bare.laptop.home / "out"
    bare.run("export", str(name), "--format", "plain", flag, given="", code=2)
    bare.run("totp", "export", str(name), "--format", "uris", flag, given="", code=2)
    assert not name.exists()


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> House:
    """With one code, for what needs no more."""
    made = House(tmp_path_factory.mktemp("bare"), "http://127.0.0.1:9")
    made.run("totp", "add", "work", "--secret", "-", given=SEED + "\n")
    return made


@pytest.mark.parametrize("most", [1, 4096, 12_000, 33_000])
def test_a_full_disk_at_any_write_leaves_what_was_there(house: House, most: int) -> None:
    """No file can grow beyond `most` bytes: each command says so or is done, and nothing is half written."""
    home, file = house.laptop.home, house.words(FILE)
    house.run("backup", str(home / "b.cgb"), "--password-file", file)
    before = (home / "b.cgb").read_bytes()
    vault = (house.laptop.state / "vault.cgv").read_bytes()
    house.run("totp", "add", "more", "--secret", "-", given="GEZDGNBVGY3TQOJQGEZDGNBV\n")
    for words in (
        ("backup", str(home / "b.cgb"), "--password-file", file),
        ("backup", str(home / "new.cgb"), "--password-file", file),
        ("export", str(home / "e.kdbx"), "--password-file", file),
        ("totp", "export", str(home / "e.json"), "--password-file", file),
    ):
        ran = house.run(*words, code=None, largest=most)
        made = Path(words[-3])
        if ran.code:
            assert ran.err.strip(), words
            assert (made.read_bytes() == before) if made.name == "b.cgb" else not made.exists(), words
    (house.laptop.state / "vault.cgv").write_bytes(vault)
    house.run("vault", "accept", "--yes", code=None)
    restore = ("restore", str(home / "b.cgb"), "--password-file", file, "--keep", "theirs")
    house.run(*restore, code=None, largest=most)
    house.run(*restore, code=None)
    names = {row["name"] for row in json.loads(house.run("totp", "list", "--json").out)}
    assert "work" in names
    assert [row["access_key_id"] for row in house.run("keys", "--json").document()] == [WORK.key_id()]
    left = [p.name for p in home.rglob("*") if ".credguard-new" in p.name or ".tmp" in p.name]
    assert left == []
