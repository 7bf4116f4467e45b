"""A backup opened by a security key on another computer: the whole program, with keys in software.

Backup, copy, restore: the key that opened the vault opens the file, without a word being typed.
"""

from __future__ import annotations

import json
import shutil
import stat
from pathlib import Path

import pytest

from tests.support import key_program
from tests.support.laptop import Ran
from tests.support.program import run, sealed_home
from tests.support.terminal import Terminal

WORDS = "the backup’s own words EXAMPLE"


class _Computer:
    """A home with a sealed vault, and the program with the keys that are plugged in."""

    def __init__(self, folder: Path, keys: Path, code: str, seed: str = "JBSWY3DPEHPK3PXP") -> None:
        folder.mkdir()
        self.folder = folder
        self.environ = sealed_home(folder, code, seed)
        self._program = [*key_program.program(keys)]

    def codes(self) -> set[str]:
        listed = json.loads(run(self.environ, "totp", "list", "--json").stdout)
        return {code["name"] for code in listed}

    def types(self, *words: str) -> Terminal:
        return Terminal([*self._program, *words], {**self.environ, "TERM": "dumb"})

    def backup(self) -> Path:
        words = self.folder / "words"
        words.touch(mode=0o600)
        words.write_text(WORDS + "\n")
        file = self.folder / "all.cgb"
        made = json.loads(
            run(self.environ, "backup", str(file), "--password-file", str(words), "--json").stdout
        )
        assert made["security_keys"] == 1
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        words.unlink()
        return file


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    folder = tmp_path / "keys"
    folder.mkdir()
    key_program.finger(folder)
    return folder


def _add_key(computer: _Computer, pin: str | None = None) -> None:
    with computer.types("vault", "add", "key", "--name", "desk key") as terminal:
        if pin is not None:
            terminal.until("PIN of the security key: ")
            terminal.type(pin)
        terminal.until("desk key")
        assert terminal.ended() == 0, terminal.shown


def _restore(computer: _Computer, file: Path, pin: str | None = None) -> Ran:
    with computer.types("restore", str(file), "--security-key") as terminal:
        if pin is not None:
            terminal.until("PIN of the security key: ")
            terminal.type(pin)
        code = terminal.ended()
        return Ran(code, terminal.shown, "")


@pytest.mark.parametrize("pin", [None, "1234"])
def test_the_key_of_the_vault_opens_its_backup_elsewhere(tmp_path: Path, keys: Path, pin: str | None) -> None:
    key_program.plug_in(keys, "one", pin)
    here = _Computer(tmp_path / "here", keys, "Northwind")
    _add_key(here, pin)
    file = shutil.copy(here.backup(), tmp_path / "stick.cgb")
    shutil.rmtree(here.folder)  # lost, with its vault and its words
    there = _Computer(tmp_path / "there", keys, "Blue Kite", "KRUGKIDROVUWG2ZA")
    ran = _restore(there, Path(file), pin)
    assert ran.code == 0, ran.out
    assert "Touch the security key while it blinks." in ran.out
    assert "restored and read back" in ran.out
    assert there.codes() == {"Northwind", "Blue Kite"}
    if pin is not None:
        assert pin not in ran.out
    again = _restore(there, Path(file), pin)
    assert again.code == 0, again.out
    assert "Nothing changed" in again.out


def test_another_key_and_a_reset_one_open_nothing(tmp_path: Path, keys: Path) -> None:
    key_program.plug_in(keys)
    here = _Computer(tmp_path / "here", keys, "Northwind")
    _add_key(here)
    file = here.backup()
    there = _Computer(tmp_path / "there", keys, "Blue Kite", "KRUGKIDROVUWG2ZA")
    key_program.plug_in(keys)  # the same key after a reset: what it knew is gone
    ran = _restore(there, file)
    assert ran.code == 1, ran.out
    assert "Traceback" not in ran.out
    assert there.codes() == {"Blue Kite"}
    (keys / "one.key").unlink()
    none = _restore(there, file)
    assert none.code == 1, none.out
    assert "No security key is plugged in." in none.out
    assert there.codes() == {"Blue Kite"}


def test_with_nobody_to_touch_it(tmp_path: Path, keys: Path) -> None:
    here = _Computer(tmp_path / "here", keys, "Northwind")
    key_program.plug_in(keys)
    _add_key(here)
    file = here.backup()
    ran = run(here.environ, "restore", str(file), "--security-key", code=None)
    assert ran.returncode in {1, 4}
    assert "nobody here to touch" in ran.stderr
    assert here.codes() == {"Northwind"}
