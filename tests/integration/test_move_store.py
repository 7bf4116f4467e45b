"""`credguard settings store …` between a real keychain and the sealed vault."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.keyring import PrivateKeyring
from tests.support.laptop import Laptop, Ran

SECRET = "JBSWY3DPEHPK3PXP"  # RFC 4648's example


@pytest.fixture
def laptop(tmp_path: Path, private_keyring: PrivateKeyring) -> Laptop:
    made = Laptop(tmp_path, "http://127.0.0.1:9", private_keyring.env)
    file = tmp_path / "words"
    file.write_text("six random words EXAMPLE\n")
    file.chmod(0o600)
    made.env["CREDGUARD_PASSPHRASE_FILE"] = str(file)
    return made


def _ok(ran: Ran, code: int = 0) -> Ran:
    assert ran.code == code, (ran.code, ran.out, ran.err)
    assert SECRET not in ran.out + ran.err
    return ran


def _code(laptop: Laptop) -> str:
    return str(
        _ok(laptop.run("totp", "code", "mail", "--json", "--at", "2026-01-01T00:00:00Z")).document()["code"]
    )


def test_codes_go_into_a_vault_and_back(laptop: Laptop) -> None:
    _ok(laptop.run("totp", "add", "mail", "--secret", "-", given=SECRET + "\n"))
    assert json.loads((laptop.state / "settings.json").read_text())["store"] == "keychain"
    code = _code(laptop)
    moved = _ok(laptop.run("settings", "codes_store", "sealed"))
    assert "sealed" in moved.out
    slots = _ok(laptop.run("vault", "slots", "--json")).document()
    assert slots["compartments"] == ["codes"]
    assert _code(laptop) == code
    locked = _ok(laptop.run("totp", "code", "mail", CREDGUARD_PASSPHRASE_FILE=""), 4)
    assert locked.out == ""
    # The keys join the codes, and everything goes back.
    _ok(laptop.run("settings", "store", "sealed"))
    assert _ok(laptop.run("vault", "slots", "--json")).document()["compartments"] == ["codes", "keys"]
    assert _code(laptop) == code
    _ok(laptop.run("settings", "codes_store", "keychain"))
    assert _ok(laptop.run("vault", "slots", "--json")).document()["compartments"] == ["keys"]
    _ok(laptop.run("settings", "store", "keychain"))
    assert not list(laptop.state.glob("vault.cgv*"))
    assert _code(laptop) == code
    assert "mail" in _ok(laptop.run("totp", "list")).out
    wrong = _ok(laptop.run("settings", "store", "cloud"), 2)
    assert "keychain or sealed" in wrong.err


_CUT_OFF = """
import os, sys
from credguard.services import Services
from credguard.workflows import move_store

setattr(move_store._Performer, sys.argv[1], lambda self: os._exit(9))  # the power goes
Services().move_store("store", sys.argv[2])
"""


@pytest.mark.parametrize("step", ["_copy", "_switch", "_catch_up", "_remove"])
@pytest.mark.parametrize("target", ["sealed", "keychain"])
def test_a_move_that_was_cut_off_is_said_and_taken_up(
    laptop: Laptop, private_keyring: PrivateKeyring, step: str, target: str
) -> None:
    _ok(laptop.run("totp", "add", "mail", "--secret", "-", given=SECRET + "\n"))
    if target == "keychain":
        _ok(laptop.run("settings", "store", "sealed"))
    code = _code(laptop)
    assert laptop.python(_CUT_OFF, step, target).code == 9
    command = f"credguard settings store {target}"
    # The next command works, and says so; so do the screen and the doctor.
    listed = _ok(laptop.run("totp", "list"))
    assert "not finished" in listed.err
    assert command in listed.err
    assert _code(laptop) == code
    assert laptop.run("status", "--json").document()["next"] == command
    doctor = laptop.run("doctor", "--json")
    assert doctor.code == 1
    assert any(command in (row["fix"] or "") for row in doctor.document())
    # What it says is what helps.
    _ok(laptop.run("settings", "store", target))
    assert _code(laptop) == code
    left = {name for name in private_keyring.items() if name.startswith("totp/")}
    assert bool(left) == (target == "keychain")
    assert bool(list(laptop.state.glob("vault.cgv*"))) == (target == "sealed")
    assert "not finished" not in _ok(laptop.run("totp", "list")).err
    assert laptop.run("status", "--json").document()["next"] != command


def test_while_a_move_is_at_work_nothing_is_called_unfinished(laptop: Laptop) -> None:
    from credguard.system.interlock import Interlock

    _ok(laptop.run("totp", "add", "mail", "--secret", "-", given=SECRET + "\n"))
    assert laptop.python(_CUT_OFF, "_remove", "sealed").code == 9
    with Interlock(str(laptop.state / "run")).hold("move-store"):
        assert "not finished" not in laptop.run("totp", "list").err
    assert "not finished" in laptop.run("totp", "list").err
