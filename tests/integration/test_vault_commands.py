"""`credguard vault …` as a person runs it, and the sealed vault made on a terminal. Real Argon2id."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from pathlib import Path

import pytest

from tests.support.laptop import Laptop, Ran, parts
from tests.support.terminal import Terminal

SECRET = "JBSWY3DPEHPK3PXP"  # RFC 4648's example
WORDS, OTHER = "six random words EXAMPLE", "other words EXAMPLE"

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs a terminal of its own")


@pytest.fixture
def laptop(tmp_path: Path) -> Laptop:
    made = Laptop(tmp_path, "http://127.0.0.1:9", None)
    for name, words in (("words", WORDS), ("other", OTHER)):
        file = tmp_path / name
        file.write_text(words + "\n")
        file.chmod(0o600)
        made.env["CREDGUARD_PASSPHRASE_FILE" if name == "words" else "OTHER_FILE"] = str(file)
    return made


def _ok(ran: Ran, code: int = 0) -> Ran:
    assert ran.code == code, (ran.code, ran.out, ran.err)
    assert "Traceback" not in ran.err
    assert WORDS not in ran.out + ran.err
    return ran


def test_ways_in_roll_back_and_damage(laptop: Laptop) -> None:
    _ok(laptop.run("totp", "add", "mail", "--secret", "-", given=SECRET + "\n"))
    vault = laptop.state / "vault.cgv"
    other = laptop.env["OTHER_FILE"]
    said = _ok(laptop.run("vault", "slots", "--json")).document()
    assert [slot["type"] for slot in said["slots"]] == ["passphrase"]
    assert said["without_recovery"] == ["keys", "codes"]
    # Nobody at a terminal: no code is shown, none is made, and it is said.
    refused = _ok(laptop.run("vault", "recovery"), 1)
    assert "CG1-" not in refused.out + refused.err
    assert "No recovery code" in _ok(laptop.run("doctor"), 1).out  # the endpoint is the fault
    _ok(laptop.run("vault", "add", "passphrase", "--name", "spare", "--passphrase-file", other))
    tested = _ok(laptop.run("vault", "test", "spare", "--passphrase-file", other))
    assert "opens the vault" in tested.out
    wrong = _ok(laptop.run("vault", "test", "spare"), 4)  # nobody to type
    assert parts(wrong.err)
    listed = _ok(laptop.run("vault", "slots", "--json")).document()["slots"]
    assert listed[1]["label"] == "spare"
    assert listed[1]["proved"] is not None
    assert listed[0]["proved"] is None
    before = vault.read_bytes()
    removed = _ok(laptop.run("vault", "remove", "spare", "--yes"))
    assert "mail" in removed.out
    assert _ok(laptop.run("vault", "remove", "passphrase", "--yes"), 1).err.startswith("Not changed:")
    assert _ok(laptop.run("vault", "remove", "nobody", "--yes"), 1)

    # An older file is put in its place: it opens, and the exit code warns until it is accepted.
    newest = vault.read_bytes()
    vault.write_bytes(before)
    warned = _ok(laptop.run("totp", "code", "mail", "--json"), 3)
    assert json.loads(warned.out)["name"] == "mail"
    assert "older than the one used last" in warned.err
    _ok(laptop.run("vault", "accept"), 2)  # a question, and nobody to answer
    _ok(laptop.run("vault", "accept", "--yes"))
    assert "older" not in _ok(laptop.run("totp", "code", "mail")).err
    vault.write_bytes(newest)
    _ok(laptop.run("vault", "accept", "--yes"))

    # Damage: the copy is named, put in place when asked, and what stood there is kept.
    _ok(laptop.run("totp", "add", "second", "--secret", "-", given="GEZDGNBVGY3TQOJQ\n"))
    data = bytearray(vault.read_bytes())
    data[len(data) // 2] ^= 1
    vault.write_bytes(bytes(data))
    damaged = _ok(laptop.run("totp", "list"), 1)
    assert "credguard vault use-copy" in " ".join(damaged.err.split())
    used = _ok(laptop.run("vault", "use-copy", "--yes"))
    assert "is kept as" in used.out
    assert _ok(laptop.run("totp", "code", "mail"), 3)
    assert list(laptop.state.glob("vault.cgv.damaged-*"))
    # A lost file is no reason to begin anew.
    for path in laptop.state.glob("vault.cgv*"):
        path.unlink()
    lost = _ok(laptop.run("totp", "add", "third", "--secret", "-", given=SECRET + "\n"), 1)
    assert "There is no vault at" in " ".join(lost.err.split())
    assert not vault.exists()


def test_another_passphrase_and_a_merge(laptop: Laptop) -> None:
    _ok(laptop.run("totp", "add", "mail", "--secret", "-", given=SECRET + "\n"))
    vault = laptop.state / "vault.cgv"
    shutil.copy(vault, laptop.home / "elsewhere.cgv")
    _ok(laptop.run("totp", "add", "second", "--secret", "-", given="GEZDGNBVGY3TQOJQ\n"))
    _ok(laptop.run("vault", "rename", "passphrase", "everyday"))
    merged = _ok(laptop.run("vault", "merge", str(laptop.home / "elsewhere.cgv")))
    assert "0 added" in merged.out
    other = laptop.env["OTHER_FILE"]
    _ok(laptop.run("vault", "passphrase", "everyday", "--known", "--passphrase-file", other))
    assert "is not the one of this vault" in " ".join(_ok(laptop.run("totp", "list"), 1).err.split())
    _ok(laptop.run("totp", "list", CREDGUARD_PASSPHRASE_FILE=other))
    foreign = _ok(
        laptop.run("vault", "merge", str(laptop.home / "elsewhere.cgv"), CREDGUARD_PASSPHRASE_FILE=other), 1
    )
    assert "another vault" in foreign.err


def _terminal(laptop: Laptop, *words: str) -> Terminal:
    env = {k: v for k, v in laptop.env.items() if k != "CREDGUARD_PASSPHRASE_FILE"}
    return Terminal([sys.executable, "-m", "credguard", *words], {**env, "TERM": "xterm"})


def test_a_vault_made_on_a_terminal_shows_its_code_once_and_asks_it_back(laptop: Laptop) -> None:
    with _terminal(laptop, "totp", "add", "mail", "--secret", "-") as person:
        person.type(SECRET)
        person.until("new sealed vault: ")
        person.type(WORDS)
        person.until("once more: ")
        person.type(WORDS)
        shown = person.until("Group ")
        code = "CG1-" + "-".join(re.findall(r"\b[A-Z0-9]{4}\b", shown[shown.index("CG1-") + 4 :])[:8])
        assert len(code) == 43
        for last in (False, True):
            number = int(person.until(" of the code").split()[0])
            if not last:
                person.until(": ")
                person.type("AAAA")
                assert "another one" in person.until("Group ")
                assert int(person.until(" of the code").split()[0]) == number
            person.until(": ")
            person.type(code.split("-")[number].lower())
            if not last:
                person.until("Group ")
        assert person.ended() == 0, person.shown
        assert WORDS not in person.shown
    with _terminal(laptop, "totp", "list") as person:
        person.until("Passphrase of the sealed vault: ")
        person.type(code)
        assert person.ended() == 0, person.shown
        assert "mail" in person.shown
        assert code not in person.shown
    slots = _ok(laptop.run("vault", "slots", "--json")).document()
    assert [slot["type"] for slot in slots["slots"]] == ["passphrase", "recovery"]
    assert slots["without_recovery"] == []
    with _terminal(laptop, "vault", "test", "recovery") as person:
        person.until("Recovery code: ")
        person.type(code[:-1] + ("Q" if code[-1] != "Q" else "P"))
        assert person.ended() == 1
        assert "Group 8 of the recovery code looks wrong" in " ".join(person.shown.split())
    assert code not in "".join(
        path.read_text(errors="replace") for path in laptop.state.rglob("*") if path.is_file()
    )


def test_the_code_is_skipped_only_in_words(laptop: Laptop) -> None:
    with _terminal(laptop, "totp", "add", "mail", "--secret", "-") as person:
        person.type(SECRET)
        person.until("new sealed vault: ")
        person.type(WORDS)
        person.until("once more: ")
        person.type(WORDS)
        person.until("skip): ")
        person.type("")
        assert "another one" in person.until("skip): ")
        person.type("skip")
        assert person.ended() == 0, person.shown
    slots = _ok(laptop.run("vault", "slots", "--json")).document()
    assert slots["without_recovery"] == ["keys", "codes"]
