"""Real processes of `credguard mfa enrol`, killed at random moments: real keyring, the double over HTTP.

A moment is a number of requests seen at AWS and some milliseconds after it; the seed of a failing run
stands in the message.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from credguard.demo.cloud.companies import NORTHWIND
from credguard.demo.cloud.server import Double
from tests.faults.test_rotation_processes import Laptop
from tests.support.keyring import missing

pytestmark = pytest.mark.keyring
KILLS = 4


@pytest.fixture
def laptop() -> Iterator[Laptop]:
    lacking = missing()
    if lacking:
        pytest.skip(f"{lacking} is not installed: tests with the real keyring are skipped")
    with Double() as double:
        made = Laptop(Path(tempfile.mkdtemp(prefix="cge-")), double, NORTHWIND)
        made.user.devices.clear()
        try:
            yield made
        finally:
            made.keyring.stop()
            shutil.rmtree(made.folder, ignore_errors=True)


def test_killed_processes_leave_one_device_that_works(laptop: Laptop) -> None:
    seed = int(os.environ.get("CREDGUARD_TEST_SEED") or random.SystemRandom().randint(0, 10**6))
    chance, why = random.Random(seed), f"seed {seed}"
    moved = laptop.run("import", "--from", "aws", "--yes")
    assert moved.returncode == 0, (why, moved.stderr)
    name = laptop.company.account_id
    killed = 0
    for number in range(KILLS):
        requests = chance.randint(1, 7 if number else 4)
        command = (
            ("mfa", "enrol", name, "--yes") if number % 2 == 0 else ("mfa", "enrol", "--resume", "--yes")
        )
        killed += laptop.kill_while(command, requests, chance.uniform(0.0, 0.1))
    assert killed, why
    # Until nothing is unfinished: what was killed goes on, or is begun anew.
    for _ in range(4):
        end = laptop.run("mfa", "enrol", "--resume", "--yes", "--json")
        if end.stdout.strip() == "[]":
            break
    listed = json.loads(laptop.run("mfa", "list", name, "--json").stdout)
    on = [row for row in listed if row["kind"] == "virtual"]
    if not on:
        end = laptop.run("mfa", "enrol", name, "--yes", "--json")
        assert end.returncode == 0, (why, end.stderr)
        listed = json.loads(laptop.run("mfa", "list", name, "--json").stdout)
        on = [row for row in listed if row["kind"] == "virtual"]
    assert on, why
    assert all(row["code"] for row in on), (why, "a device is on and its code is not here")
    assert {row["serial"] for row in on} == {device.serial for device in laptop.user.devices}, why
    # The aws tools get a session made with a code of it: what MFA guards is allowed.
    got = laptop.run("credential-process", "--profile", "work")
    assert got.returncode == 0, (why, got.stderr)
    assert json.loads(got.stdout)["SessionToken"], why
    seeds = [device.seed.encode() for device in laptop.user.devices]
    for path in laptop.folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            content = path.read_bytes()
            assert not any(one in content for one in seeds), (why, path)
    for row in on:
        last = row == on[-1]
        taken = laptop.run(
            "mfa", "remove", name, "--device", row["serial"], *(() if last else ("--yes",)),
            given="work\n",
        )  # fmt: skip
        assert taken.returncode == 0, (why, taken.stdout, taken.stderr)
    assert laptop.user.devices == [], why
