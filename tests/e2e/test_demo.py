"""Demo mode and the tour: the real commands on an invented computer, and nothing of the person's touched."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from credguard.cli.tour import STOPS
from credguard.demo.cloud.companies import COMPANIES, NORTHWIND

ROOT = Path(__file__).parents[2]


class Person:
    """Somebody with a home of their own, which the demo must not touch."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        (self.home / ".aws").mkdir(parents=True)
        (self.home / ".aws" / "credentials").write_text("[mine]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\n")
        own = {n: v for n, v in os.environ.items() if not n.startswith(("AWS_", "CREDGUARD_", "DBUS_"))}
        own.pop("DISPLAY", None)
        own.pop("WAYLAND_DISPLAY", None)
        own.pop("QT_QPA_PLATFORM", None)
        self.env = own | {
            "HOME": str(self.home),
            "CREDGUARD_HOME": str(folder / "state"),
            "AWS_PROFILE": "mine",
            "PYTHONPATH": str(ROOT),
        }
        self.demo = folder / "state-demo"

    def run(self, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "credguard", *arguments],
            env=self.env,
            input=typed,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )

    def lying_about(self) -> dict[str, bytes]:
        return {str(p.relative_to(self.home)): p.read_bytes() for p in self.home.rglob("*") if p.is_file()}


@pytest.fixture(scope="module")
def person(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Person]:
    made = Person(tmp_path_factory.mktemp("person"))
    yield made
    made.run("demo", "--reset")


def test_the_demo_lasts_from_one_command_to_the_next(person: Person) -> None:
    before = person.lying_about()
    found = person.run("--demo", "status", "--json")
    assert found.returncode == 3, found.stderr
    assert len(json.loads(found.stdout)["plaintext"]) == 5
    moved = person.run("--demo", "import", "--yes", "--json")
    assert moved.returncode == 3, moved.stderr  # a root key is among them
    keys = json.loads(person.run("--demo", "keys", "--json").stdout)
    assert {key["account_id"] for key in keys} >= {NORTHWIND.account_id}
    server = json.loads((person.demo / "server.json").read_text())
    who = person.run("--demo", "whoami", "northwind", "--json")
    assert json.loads(who.stdout)["kind"] == "user", who.stderr
    assert json.loads((person.demo / "server.json").read_text()) == server, "one AWS for all commands"
    assert person.lying_about() == before
    assert not (person.demo.parent / "state").exists()


def test_an_aws_that_ended_is_started_again_as_it_was(person: Person) -> None:
    person.run("--demo", "import", "--yes")
    server = json.loads((person.demo / "server.json").read_text())
    os.kill(server["pid"], 15)
    who = person.run("--demo", "whoami", "northwind", "--json")
    assert who.returncode == 0, who.stderr


def test_a_reset_begins_anew(person: Person) -> None:
    person.run("--demo", "import", "--yes")
    gone = person.run("demo", "--reset")
    assert gone.returncode == 0, gone.stderr
    assert not person.demo.exists()
    assert json.loads(person.run("--demo", "keys", "--json").stdout) == []


def test_the_tour_shows_the_main_job_and_draws_the_window(person: Person, tmp_path: Path) -> None:
    before = person.lying_about()
    toured = person.run("demo", "--tour", "--pictures", str(tmp_path / "pictures"))
    assert toured.returncode == 0, toured.stdout + toured.stderr
    for stop in STOPS:
        assert f"$ credguard {stop.command}" in toured.stdout
    assert "This key is root" in toured.stdout
    assert "AWS accepts it, 5 times in a row" in toured.stderr
    secrets = [company.secret(n) for company in COMPANIES for n in (0, 1)]
    assert not any(secret in toured.stdout + toured.stderr for secret in secrets)
    pictures = {p.name for p in (tmp_path / "pictures").iterdir()}
    assert {"home-light.png", "home-dark.png", "accounts-light.png", "codes-light.png"} <= pictures
    assert all((tmp_path / "pictures" / name).stat().st_size > 5_000 for name in pictures)
    assert person.lying_about() == before
