"""The line that an import writes: it means the same to everybody who runs it, loads next to nothing, and one
MFA session serves all that ask at once."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import sysconfig
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from credguard.demo.cloud.companies import ACME_PRODUCTION, NORTHWIND
from credguard.demo.cloud.server import Double
from tests.integration.test_provider import ALLOWED
from tests.support.keyring import PrivateKeyring
from tests.support.laptop import AWS, Laptop, section

pytestmark = pytest.mark.keyring
SERIAL = f"arn:aws:iam::{NORTHWIND.account_id}:mfa/m.keller"


@pytest.fixture
def laptop(tmp_path: Path, double: Double, private_keyring: PrivateKeyring) -> Laptop:
    return Laptop(tmp_path, double.url, private_keyring.env)


def _line(laptop: Laptop) -> str:
    """The value of credential_process."""
    (line,) = (x for x in laptop.config.read_text().splitlines() if x.startswith("credential_process"))
    return line.partition("=")[2].strip()


def _asked(laptop: Laptop, command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, env=laptop.env, cwd="/", capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL
    )


def test_the_line_means_the_same_to_everybody(laptop: Laptop) -> None:
    """Python's shlex, a shell, and the aws command line; with an interpreter at a path with spaces."""
    folder = laptop.home / "my tools & größe $HOME (1)"
    folder.mkdir()
    python = folder / "python"
    python.symlink_to(Path(sys.executable).resolve())
    laptop.env["PYTHONPATH"] += os.pathsep + sysconfig.get_paths()["purelib"]
    laptop.write(section("wörk & more", ACME_PRODUCTION.key_id(), ACME_PRODUCTION.secret()))
    moved = subprocess.run(
        [str(python), "-m", "credguard", "import", "--yes"],
        env=laptop.env, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert moved.returncode == 0, moved.stderr
    line = _line(laptop)
    words = shlex.split(line)
    assert words[:3] == [str(python), "-I", "-S"]
    assert "wörk" not in line
    answers = [
        _asked(laptop, command)
        for command in (words, ["/bin/sh", "-c", line], ["/bin/sh", "-c", f"exec {line}"])
    ]
    for answer in answers:
        assert (answer.returncode, answer.stderr) == (0, "")
        document = json.loads(answer.stdout)
        assert document == {
            "Version": 1,
            "AccessKeyId": ACME_PRODUCTION.key_id(),
            "SecretAccessKey": ACME_PRODUCTION.secret(),
            "AccountId": ACME_PRODUCTION.account_id,
        }
        assert type(document["Version"]) is int
        assert answer.stdout.count("\n") <= 1
    if AWS is not None:
        assert laptop.asks_aws("wörk & more").endswith(":user/maria")


def test_the_line_loads_the_pinned_modules_alone(laptop: Laptop) -> None:
    """What a real run imports, told by the interpreter itself."""
    laptop.write(section("work", ACME_PRODUCTION.key_id(), ACME_PRODUCTION.secret()))
    assert laptop.run("import", "--yes").code == 0

    def imported(*command: str) -> set[str]:
        ran = _asked(laptop, [command[0], "-X", "importtime", *command[1:]])
        assert ran.returncode == 0, ran.stderr
        told = [x.split("|") for x in ran.stderr.splitlines() if x.startswith("import time:")]
        return {columns[2].strip() for columns in told if len(columns) == 3} - {"imported package"}

    bare = imported(sys.executable, "-I", "-S", "-c", "pass")
    loaded = imported(*shlex.split(_line(laptop)))
    assert loaded - bare <= ALLOWED
    assert "credguard.provider.dbus" in loaded
    # The check sees what it is there for.
    assert "json" in imported(sys.executable, "-I", "-S", "-c", "import json, dataclasses") - bare - ALLOWED


@pytest.mark.awscli
@pytest.mark.skipif(AWS is None, reason="no aws command line here")
def test_one_mfa_session_serves_all_that_ask_at_once(laptop: Laptop, double: Double) -> None:
    person = NORTHWIND.people[0]
    laptop.write(
        section("northwind", NORTHWIND.key_id(), NORTHWIND.secret()),
        f"[profile northwind]\nmfa_serial = {SERIAL}\nregion = eu-central-1\n",
    )
    assert laptop.run("import", "--yes").code == 0
    # Without a code the key alone is served, as before: and what is guarded by MFA stays shut.
    asked = ("iam", "list-access-keys", "--user-name", "m.keller", "--profile", "northwind")
    assert "explicit deny" in laptop.aws(*asked).err
    address = f"otpauth://totp/AWS:m.keller@{NORTHWIND.account_id}?secret={person.seed}&issuer=AWS"
    assert laptop.run("totp", "add", "--uri", "-", given=address + "\n").code == 0

    sent = double.counters.of("GetSessionToken")
    line = ["/bin/sh", "-c", _line(laptop)]
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: _asked(laptop, line), range(6)))
    assert [(a.returncode, a.stderr) for a in answers] == [(0, "")] * 6
    documents = [json.loads(a.stdout) for a in answers]
    assert all(d == documents[0] for d in documents)
    assert {*documents[0]} == {
        "Version", "AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration", "AccountId",
    }  # fmt: skip
    assert documents[0]["AccessKeyId"].startswith("ASIA")
    assert documents[0]["Expiration"].endswith("Z")
    assert double.counters.of("GetSessionToken") - sent == 1

    # The real command line goes through with it, and no further code is sent.
    listed = laptop.aws(*asked)
    assert listed.code == 0, listed.err
    assert json.loads(listed.out)["AccessKeyMetadata"][0]["AccessKeyId"] == NORTHWIND.key_id()
    assert double.counters.of("GetSessionToken") - sent == 1
    secrets = [
        documents[0]["SecretAccessKey"],
        documents[0]["SessionToken"],
        NORTHWIND.secret(),
        person.seed or "",
    ]
    assert laptop.leaks(secrets) == []
