"""Real processes of `credguard rotate`, killed at random moments: real keyring, the double over HTTP.

Each of three companies has a laptop of its own. A moment is a number of requests seen at AWS and some
milliseconds after it; the seed of a failing run stands in the message.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from credguard.aws.clients import AwsClients
from credguard.aws.identity import identify
from credguard.demo.cloud.companies import ACME_PRODUCTION, BLUE_KITE, NORTHWIND, Company
from credguard.demo.cloud.server import Double
from credguard.domain.keys import Credentials
from credguard.domain.secret import Secret
from tests.support.keyring import PrivateKeyring, missing

pytestmark = pytest.mark.keyring
KILLS = 3


class Laptop:
    """A home folder, a keyring and one company's key in `~/.aws/credentials`."""

    def __init__(self, folder: Path, double: Double, company: Company) -> None:
        self.folder, self.double, self.company = folder, double, company
        self.user = double.user(company.account_id, company.people[0].name)
        self.keyring = PrivateKeyring(folder)
        self.keyring.start()
        home = folder / "home"
        (home / ".aws").mkdir(parents=True)
        (home / ".aws" / "credentials").write_text(
            f"[work]\naws_access_key_id = {company.key_id()}\naws_secret_access_key = {company.secret()}\n"
        )
        own = {
            name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "CREDGUARD_"))
        }
        self.env = {
            **own,
            **self.keyring.env,
            "HOME": str(home),
            "CREDGUARD_HOME": str(folder / "state"),
            "AWS_ENDPOINT_URL": double.url,
            "NO_PROXY": "127.0.0.1",
            "PYTHONPATH": str(Path(__file__).parents[2]),
        }

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "credguard", *arguments],
            env=self.env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
        process = self.start(*arguments)
        out, err = process.communicate(given, timeout=180)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def kill_while(self, arguments: tuple[str, ...], requests: int, after: float) -> bool:
        """kill -9 `after` seconds behind the n-th request of this account; False if it ended before."""
        seen = len(self.double.events.of(account=self.company.account_id))
        process = self.start(*arguments)
        try:
            # Polled, as the process is: what is waited for happens in another process.
            while process.poll() is None:
                if len(self.double.events.of(account=self.company.account_id)) - seen >= requests:
                    threading.Event().wait(after)
                    process.kill()
                    break
                threading.Event().wait(0.005)
        finally:
            process.kill()
            process.communicate()
        return process.returncode == -9

    def assert_works(self, why: str) -> str:
        """What the aws tools would get is a key that AWS takes. Returns its id."""
        answer = self.run("credential-process", "--profile", "work")
        assert answer.returncode == 0, (why, answer.stderr)
        given = json.loads(answer.stdout)
        clients = AwsClients(environ={"AWS_ENDPOINT_URL": self.double.url})
        token = given.get("SessionToken")
        who = identify(
            clients,
            Credentials(
                given["AccessKeyId"], Secret(given["SecretAccessKey"]), Secret(token) if token else None
            ),
        )
        assert who.arn == self.user.arn, why
        assert len(self.user.live_keys()) <= 2, why
        return str(given["AccessKeyId"])

    def assert_no_secret_lies_about(self, why: str) -> None:
        secrets = [key.secret.encode() for key in self.user.keys]
        for path in self.folder.rglob("*"):
            if path.is_file() and not path.is_symlink():
                content = path.read_bytes()
                assert not any(secret in content for secret in secrets), (why, path)


def _life(laptop: Laptop, seed: int) -> None:
    chance = random.Random(seed)
    why = f"{laptop.company.name}, seed {seed}"
    moved = laptop.run("import", "--from", "aws", "--yes")
    assert moved.returncode == 0, (why, moved.stderr)
    if laptop.company.people[0].enforced:
        person = laptop.company.people[0]
        added = laptop.run(
            "totp", "add", "--uri", "-",
            given=f"otpauth://totp/Amazon%20Web%20Services:{person.name}@{laptop.company.account_id}"
            f"?secret={person.seed}&issuer=Amazon%20Web%20Services\n",
        )  # fmt: skip
        assert added.returncode == 0, (why, added.stderr)
    killed = 0
    command: tuple[str, ...] = ("rotate", laptop.company.account_id, "--yes")
    for number in range(KILLS):
        # The first kill comes early: a rotation that ended leaves nothing to kill.
        requests = chance.randint(1, 9 if number else 4)
        killed += laptop.kill_while(command, requests, chance.uniform(0.0, 0.1))
        laptop.assert_works(why)
        begun = laptop.run("rotate", "--resume", "--json")
        command = (
            ("rotate", "--resume", "--yes") if begun.returncode != 0 or begun.stdout != "[]\n" else command
        )
    assert killed, why
    end = laptop.run(*command)
    if "No rotation was left unfinished" in end.stdout:
        end = laptop.run("rotate", laptop.company.account_id, "--yes")
    assert end.returncode == 0 or "rotate --undo" in end.stderr, (why, end.stdout, end.stderr)
    served = laptop.assert_works(why)
    assert served != laptop.company.key_id(), why
    assert [k.access_key_id for k in laptop.user.live_keys() if k.active] == [served], why
    undone = laptop.run("rotate", "--undo", laptop.company.account_id, "--yes")
    assert undone.returncode == 0, (why, undone.stderr)
    assert laptop.assert_works(why) == laptop.company.key_id(), why
    assert [k.access_key_id for k in laptop.user.live_keys()] == [laptop.company.key_id()], why
    laptop.assert_no_secret_lies_about(why)


@pytest.fixture
def laptops() -> Iterator[list[Laptop]]:
    lacking = missing()
    if lacking:
        pytest.skip(f"{lacking} is not installed: tests with the real keyring are skipped")
    made: list[Laptop] = []
    with Double() as double:
        try:
            for company in (ACME_PRODUCTION, NORTHWIND, BLUE_KITE):
                made.append(Laptop(Path(tempfile.mkdtemp(prefix="cgr-")), double, company))
            yield made
        finally:
            for laptop in made:
                laptop.keyring.stop()
                shutil.rmtree(laptop.folder, ignore_errors=True)


def test_killed_processes_leave_a_working_key(laptops: list[Laptop]) -> None:
    seed = int(os.environ.get("CREDGUARD_TEST_SEED") or random.SystemRandom().randint(0, 10**6))
    with ThreadPoolExecutor(len(laptops)) as pool:
        lives = [pool.submit(_life, laptop, seed + n) for n, laptop in enumerate(laptops)]
        for life in lives:
            life.result()
