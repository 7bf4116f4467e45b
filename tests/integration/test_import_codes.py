"""`credguard totp import` and `export` as a person runs them: a terminal, the agent, a keychain."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from credguard.demo.cloud.server import Double
from credguard.wire import items
from tests.support import code_files as files
from tests.support.agent import Desk, until_true
from tests.support.agent import desk as desk
from tests.support.keyring import PrivateKeyring
from tests.support.laptop import Laptop
from tests.support.program import PROGRAM, run, sealed_home
from tests.support.terminal import Terminal

SEEDS = (files.SEED, files.SEED_2, files.SEED_3)


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    return sealed_home(tmp_path)


def _file(home: dict[str, str], data: bytes, name: str = "codes") -> str:
    path = Path(home["HOME"]) / name
    path.write_bytes(data)
    return str(path)


def _other(folder: Path) -> dict[str, str]:
    folder.mkdir()
    return sealed_home(folder)


def _password(home: dict[str, str], words: str = files.PASSWORD) -> str:
    path = Path(home["HOME"]) / "words"
    path.touch(mode=0o600)
    path.write_text(words + "\nsecond line\n")
    return str(path)


def _names(home: dict[str, str]) -> set[str]:
    return {row["name"] for row in json.loads(run(home, "totp", "list", "--json").stdout)}


def _quiet(ran: subprocess.CompletedProcess[str]) -> None:
    assert not any(seed in ran.stdout + ran.stderr for seed in SEEDS)


ALL = {"Northwind", "AWS:m.keller", "Tax office:m.keller", "Bank:ops"}


def test_an_encrypted_file_and_the_shape_of_its_json(home: dict[str, str]) -> None:
    path = _file(home, files.ENCRYPTED["aegis"])
    ran = run(home, "totp", "import", path, "--yes", "--json", "--password-file", _password(home))
    _quiet(ran)
    document = json.loads(ran.stdout)
    found = tuple(document[name] for name in ("format", "added", "duplicates", "skipped", "missing_parts"))
    assert found == ("aegis", 3, 0, 0, [])
    first, _, counter = document["entries"]
    shown = ("name", "issuer", "account", "type", "algorithm", "digits", "period", "state", "reason", "line")
    assert [first[name] for name in shown] == [
        "AWS:m.keller", "AWS", "m.keller", "totp", "SHA1", 6, 30, "added", None, 1,
    ]  # fmt: skip
    assert (counter["counter"], "period" in counter) == (41, False)
    assert _names(home) == ALL
    again = json.loads(
        run(home, "totp", "import", path, "--yes", "--json", "--password-file", _password(home)).stdout
    )
    assert (again["added"], again["duplicates"]) == (0, 3)


def test_several_files_standard_input_and_exit_3(home: dict[str, str]) -> None:
    part = files.google([files.google_entry(files.raw(files.SEED), "a")], 2, 1)
    path = _file(home, f"{part}\nwhat\n".encode())
    ran = run(home, "totp", "import", path, "-", "--yes", "--json", stdin=files.ADDRESSES, code=3)
    document = json.loads(ran.stdout)
    assert (document["added"], document["duplicates"], document["skipped"]) == (3, 1, 1)
    assert document["missing_parts"] == [1]
    assert "line 2" in ran.stderr
    assert "Part 1 of 2 is missing" in ran.stderr
    _quiet(ran)


def test_a_dry_run_stores_nothing(home: dict[str, str]) -> None:
    path = _file(home, files.PLAIN["bitwarden-csv"])
    ran = run(home, "totp", "import", path, "--dry-run")
    assert "3 codes from Bitwarden: 3 new" in ran.stderr
    assert _names(home) == {"Northwind"}


def test_nobody_to_ask(home: dict[str, str]) -> None:
    plain, sealed = _file(home, files.PLAIN["aegis"], "a"), _file(home, files.ENCRYPTED["aegis"], "b")
    assert "--yes" in run(home, "totp", "import", plain, code=2).stderr
    assert "--password-file" in run(home, "totp", "import", sealed, "--yes", code=4).stderr
    wrong = _password(home, "wrong")
    assert "wrong" in run(home, "totp", "import", sealed, "--yes", "--password-file", wrong, code=1).stderr
    os.chmod(wrong, 0o644)
    assert "Others" in run(home, "totp", "import", sealed, "--yes", "--password-file", wrong, code=1).stderr
    assert _names(home) == {"Northwind"}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"[" * 1_000_000, "100 levels"),
        (files.bitwarden_zip(b" " * (65 << 20)), "64 MB"),
        (files.ENCRYPTED["aegis"].replace(b'"n": 2', b'"n": 34359738368'), "32 TB"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 100, "picture"),
        (("what " * 20_000).encode("utf-16"), "not recognised"),
        (b"\0" * 5000, "not recognised"),
        (b"\x03\xd9\xa2\x9a\x67\xfb\x4b\xb5" + b"\xff" * 50, "KeePass"),
        (files.aegis_plain({"version": 3, "entries": []}), "no codes"),
        (b"AUTHENTICATORPRO" + bytes(90), "Stratum"),
    ],
)
def test_hostile_files_are_a_sentence(home: dict[str, str], data: bytes, words: str) -> None:
    ran = run(home, "totp", "import", _file(home, data), "--yes", "--password-file", _password(home), code=1)
    assert words in " ".join(ran.stderr.split()), ran.stderr
    assert ran.stdout == ""
    assert _names(home) == {"Northwind"}


def test_other_things_than_files(home: dict[str, str]) -> None:
    folder = Path(home["HOME"])
    os.mkfifo(folder / "pipe")
    for name in ("pipe", "nowhere", "."):
        said = run(home, "totp", "import", str(folder / name), "--yes", code=1).stderr
        assert "cannot be read" in " ".join(said.split())
    assert "no format nope" in run(home, "totp", "import", "x", "--yes", "--format", "nope", code=2).stderr


def test_on_a_terminal_a_preview_a_password_and_a_question(home: dict[str, str]) -> None:
    path = _file(home, files.ENCRYPTED["2fas"])
    with Terminal([*PROGRAM, "totp", "import", path], home) as terminal:
        terminal.until("Password of ")
        terminal.type("wrong")
        terminal.until("The password is wrong")
        terminal.type(files.PASSWORD)
        shown = terminal.until("Add 3 codes?")
        assert "AWS:m.keller" in shown
        assert files.SEED not in shown
        terminal.type("n")
        assert terminal.ended() == 1
    assert _names(home) == {"Northwind"}
    with Terminal([*PROGRAM, "totp", "import", path], home) as terminal:
        terminal.until("Password of ")
        terminal.type(files.PASSWORD)
        terminal.until("Add 3 codes?")
        terminal.type("y")
        terminal.until("3 codes stored and read back")
        assert terminal.ended() == 0
    assert _names(home) == ALL


def test_ctrl_c_while_a_key_is_derived(home: dict[str, str]) -> None:
    costly = (10_000_000).to_bytes(4, "big") + bytes(12) + b"\xff" * 60
    path = _file(home, costly)
    started = subprocess.Popen(
        [*PROGRAM, "totp", "import", path, "--yes", "--password-file", _password(home)],
        env=home, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    child = _child_of(started.pid)
    started.send_signal(signal.SIGINT)
    _, said = started.communicate(timeout=60)
    assert (started.returncode, "Traceback" in said) == (130, False)
    until_true(lambda: _has_ended(child))
    assert _names(home) == {"Northwind"}


def _has_ended(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].startswith("Z")
    except OSError:
        return True


def _child_of(pid: int) -> int:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        for entry in Path("/proc").glob("[0-9]*/stat"):
            try:
                name, _, rest = entry.read_text().rpartition(") ")
            except OSError:
                continue
            if int(rest.split()[1]) == pid and "read-codes" in (entry.parent / "cmdline").read_text():
                return int(name.split()[0])
    raise AssertionError("it started no child")


if not sys.platform.startswith("linux"):
    del test_ctrl_c_while_a_key_is_derived  # reads /proc


# ── export ───────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("shape", ["aegis", "kdbx"])
def test_export_then_import_elsewhere(home: dict[str, str], tmp_path: Path, shape: str) -> None:
    run(home, "totp", "import", _file(home, files.PLAIN["uris"]), "--yes")
    out = str(tmp_path / "out")
    words = _password(home)
    ran = run(home, "totp", "export", out, "--format", shape, "--password-file", words)
    assert "4 codes" in ran.stdout
    assert not any(seed.encode() in Path(out).read_bytes() for seed in SEEDS)
    other = _other(tmp_path / "other")
    assert (
        json.loads(run(other, "totp", "import", out, "--yes", "--json", "--password-file", words).stdout)[
            "added"
        ]
        == 3
    )


def test_plain_export_only_after_the_word(home: dict[str, str], tmp_path: Path) -> None:
    out = tmp_path / "out.txt"
    run(home, "totp", "export", str(out), "--format", "uris", stdin="yes\n", code=1)
    assert not out.exists()
    run(home, "totp", "export", str(out), "--format", "uris", stdin="plaintext\n")
    assert out.read_text().startswith("otpauth://totp/")
    assert out.stat().st_mode & 0o777 == 0o600
    assert "another file" in run(home, "totp", "export", str(out), stdin="x\n", code=1).stderr


# ── the agent, the keychain ──────────────────────────────────────────────────────────────────────
def test_through_the_agent(desk: Desk) -> None:
    """Also more than fit into one frame, with the longest names."""
    desk.start()
    path = desk.folder / "codes.txt"
    seeds = [f"MFRGGZDF{n:08d}".translate(str.maketrans("0123456789", "ABCDEFGHIJ")) for n in range(2000)]
    path.write_text(
        "".join(
            f"otpauth://totp/{'n' * 200}{n}?secret={seed}&issuer={'i' * 200}\n"
            for n, seed in enumerate(seeds)
        )
    )
    dry = desk.credguard("totp", "import", str(path), "--dry-run", "--json")
    assert json.loads(dry.stdout)["added"] == 2000, dry.stderr
    ran = desk.credguard("totp", "import", str(path), "--yes", "--json")
    assert (ran.returncode, json.loads(ran.stdout)["added"]) == (0, 2000), ran.stderr
    again = desk.credguard("totp", "import", str(path), "--yes", "--json")
    assert json.loads(again.stdout)["duplicates"] == 2000
    assert len(json.loads(desk.credguard("totp", "list", "--json").stdout)) == 2001
    vault = desk.reopened()
    assert sum(name.startswith("totp/") for name in vault.names()) == 2001


@pytest.mark.keyring
def test_into_a_real_keychain(tmp_path: Path, double: Double, private_keyring: PrivateKeyring) -> None:
    laptop = Laptop(tmp_path, double.url, private_keyring.env)
    path = laptop.home / "codes.json"
    path.write_bytes(files.PLAIN["andotp"])
    ran = laptop.run("totp", "import", str(path), "--yes")
    assert ran.code == 0, ran.err
    stored = private_keyring.items()
    found = {items.decode(value)["name"] for name, value in stored.items() if name.startswith("totp/")}
    assert found == ALL - {"Northwind"}
