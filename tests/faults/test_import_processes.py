"""Real processes of `credguard import` and `undo-import`, killed at random moments: real keyring, the double.

A moment is a part of what an undisturbed run takes here, or some milliseconds behind a request at AWS; the
seed of a failing run stands in the message.
"""

from __future__ import annotations

import json
import os
import random
import threading
import time
from pathlib import Path

import pytest

from credguard.catalog.database import open_database
from credguard.catalog.journal import Journals
from credguard.demo.cloud.companies import ACME_PRODUCTION, ACME_STAGING, BLUE_KITE, NORTHWIND
from credguard.demo.cloud.server import Double
from tests.support.keyring import PrivateKeyring
from tests.support.laptop import Laptop, section

pytestmark = pytest.mark.keyring
PROFILES = {"acme": ACME_PRODUCTION, "größe 2": ACME_STAGING, "kite": BLUE_KITE, "northwind": NORTHWIND}
CREDENTIALS = "# mine, keep\n\n" + "; next\n".join(
    section(name, company.key_id(), company.secret()) for name, company in PROFILES.items()
)
CONFIG = "[default]\nregion = eu-west-1\n\n[profile acme]\noutput = json\n# the end"
SECRETS = [company.secret() for company in PROFILES.values()]
LIVES = 3
#: What the AWS tools get, profile by profile, through botocore's own chain.
ASK = """
import botocore.session, json, sys
found = {}
for name in sys.argv[1:]:
    got = botocore.session.Session(profile=name).get_credentials()
    frozen = got.get_frozen_credentials()
    found[name] = [frozen.access_key, frozen.secret_key, got.method]
print(json.dumps(found))
"""


def _methods(laptop: Laptop, why: str) -> list[str]:
    """How each profile is served; each with the key it always had."""
    ran = laptop.python(ASK, *PROFILES)
    assert ran.code == 0, (why, ran.err)
    found = json.loads(ran.out)
    for name, company in PROFILES.items():
        assert found[name][0] == company.key_id(), (why, name)
        assert found[name][1] == company.secret(), (why, name)
    return [method for _, _, method in found.values()]


def _kill(
    laptop: Laptop, double: Double, words: tuple[str, ...], given: str, chance: random.Random, whole: float
) -> bool:
    """Start `credguard WORDS` and kill -9 it at a random moment; False when it ended before."""
    requests = chance.choice((0, 0, 1, 2, 3, 5, 8))
    after = chance.uniform(0.0, 0.3) if requests else chance.uniform(0.1, 1.0) * whole
    seen = len(double.events.of())
    process = laptop.start(*words)
    assert process.stdin is not None
    process.stdin.write(given)
    process.stdin.close()
    process.stdin = None
    until = time.monotonic() + whole * 2
    try:
        # Polled, as the process is: what is waited for happens in another process.
        while process.poll() is None and time.monotonic() < until:
            if len(double.events.of()) - seen >= requests:
                threading.Event().wait(after)
                break
            threading.Event().wait(0.005)
    finally:
        process.kill()
        process.communicate()
    return process.returncode == -9


def _unfinished(laptop: Laptop) -> int:
    database = open_database(str(laptop.state / "catalog.sqlite"))
    try:
        return len(Journals(database).unfinished())
    finally:
        database.close()


def _life(laptop: Laptop, double: Double, chance: random.Random, whole: float, why: str) -> int:
    """Kills until an import ended by itself, then the same with the undo. Returns how many were killed."""
    before = laptop.snapshot()
    killed = 0
    for _ in range(4):
        if not _kill(laptop, double, ("import", "--yes"), "", chance, whole):
            break
        killed += 1
        _methods(laptop, why)
    end = laptop.run("import", "--yes")
    assert end.code == 0, (why, end.out, end.err)
    assert _methods(laptop, why) == ["custom-process"] * len(PROFILES), why
    assert laptop.leaks(SECRETS) == [], why
    assert _unfinished(laptop) == 0, why
    words = [line.split("=")[0] for line in laptop.config.read_text().splitlines() if "=" in line]
    assert words.count("credential_process ") == len(PROFILES), (why, words)

    for _ in range(2):
        if not _kill(laptop, double, ("undo-import",), "plaintext\n", chance, whole / 2):
            break
        killed += 1
        _methods(laptop, why)
    # Killed imports are batches of their own: each is undone by itself, the newest first.
    for _ in range(8):
        if laptop.snapshot() == before:
            break
        undone = laptop.run("undo-import", given="plaintext\n")
        assert undone.code == 0, (why, undone.err)
        _methods(laptop, why)
    assert laptop.snapshot() == before, why
    assert _methods(laptop, why) == ["shared-credentials-file"] * len(PROFILES), why
    return killed


def test_killed_imports_leave_working_keys_and_are_finished(
    tmp_path: Path, double: Double, private_keyring: PrivateKeyring
) -> None:
    seed = int(os.environ.get("CREDGUARD_TEST_SEED") or random.SystemRandom().randint(0, 10**6))
    killed, whole = 0, 0.0
    for number in range(LIVES + 1):
        private_keyring.clear()
        laptop = Laptop(tmp_path / str(number), double.url, private_keyring.env)
        laptop.write(CREDENTIALS, CONFIG)
        if number == 0:
            began = time.monotonic()
            assert laptop.run("import", "--yes").code == 0
            whole = time.monotonic() - began
            continue
        why = f"seed {seed}, life {number}"
        killed += _life(laptop, double, random.Random(seed + number), whole, why)
    assert killed >= LIVES, f"seed {seed}: too few were killed to say anything"


KILLED_AT = """
import os, sys
from dataclasses import replace
from credguard.services import Services
services = Services()
tick = lambda name: os._exit(9) if name == sys.argv[1] else None
services.__dict__["_tools"] = replace(services._tools, fault=tick)
services.import_keys(services.find_keys("aws", ("kite",))[0])
"""


@pytest.mark.parametrize("tick", ["performed Switched", "before Settle"])
def test_an_import_killed_when_the_plaintext_was_gone_is_finished_by_the_next(
    tick: str, tmp_path: Path, double: Double, private_keyring: PrivateKeyring
) -> None:
    """Nothing that the next import finds in the files leads to it: it looks into its journal first."""
    laptop = Laptop(tmp_path, double.url, private_keyring.env)
    laptop.write(section("kite", BLUE_KITE.key_id(), BLUE_KITE.secret()))
    assert laptop.python(KILLED_AT, tick).code == 9
    assert BLUE_KITE.secret() not in laptop.credentials.read_text()
    assert _unfinished(laptop) == 1
    assert laptop.run("import", "--dry-run").code == 0
    assert _unfinished(laptop) == 1
    end = laptop.run("import", "--yes", "--json")
    assert end.code == 0, end.err
    document = end.document()
    assert document["found"] == []
    assert [(row["name"], row["ok"]) for row in document["imported"]] == [("kite", True)]
    assert _unfinished(laptop) == 0
    assert laptop.run("import", "--yes").out == "No keys lie in plaintext in the usual places.\n"
