"""The pins, and what is said about them, fit pyproject.toml."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PINS = ("requirements.txt", "requirements-dev.txt", "requirements-awscli.txt")


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def named(requirements: list[str]) -> set[str]:
    names = {canonical(re.match(r"[A-Za-z0-9._-]+", r)[0]) for r in requirements}  # type: ignore[index]
    return names - {"credguard-desktop"}


def pinned(name: str) -> set[str]:
    lines = (ROOT / "packaging" / name).read_text().splitlines()
    return {canonical(line.split("==")[0]) for line in lines if "==" in line}


@pytest.fixture(scope="module")
def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@pytest.mark.parametrize("name", PINS)
def test_pins_have_hashes_and_no_address(name: str) -> None:
    content = (ROOT / "packaging" / name).read_text()
    assert "http" not in content
    assert not re.search(r"^-", content, re.MULTILINE)
    blocks = re.split(r"\n(?=\S)", content.strip())
    assert all("--hash=sha256:" in block for block in blocks if not block.startswith("#"))


def test_everything_asked_for_is_pinned(project: dict) -> None:
    extras = project["optional-dependencies"]
    assert named(project["dependencies"] + extras["demo"]) <= pinned("requirements.txt")
    everything = named(project["dependencies"] + extras["demo"] + extras["dev"])
    assert everything <= pinned("requirements-dev.txt")


def test_one_version_everywhere() -> None:
    versions: dict[str, set[str]] = {}
    for name in PINS[:2]:
        for line in (ROOT / "packaging" / name).read_text().splitlines():
            if "==" in line:
                package, _, rest = line.partition("==")
                versions.setdefault(package, set()).add(rest.rstrip(" \\"))
    # Two pins of one package are for two Pythons, and then the marker says so.
    assert {p: v for p, v in versions.items() if len(v) > 1 and not all(";" in one for one in v)} == {}


def test_each_dependency_has_its_reason(project: dict) -> None:
    told = {
        canonical(w) for w in re.findall(r"[A-Za-z0-9._-]+", (ROOT / "docs" / "dependencies.md").read_text())
    }
    extras = project["optional-dependencies"]
    assert named(project["dependencies"] + extras["demo"] + extras["dev"]) <= told


@pytest.mark.parametrize("script", ["packaging/bootstrap.sh", "packaging/lock.sh", ".ci/run"])
def test_scripts_parse_and_may_be_run(script: str) -> None:
    path = ROOT / script
    assert path.stat().st_mode & 0o111
    subprocess.run(["bash", "-n", str(path)], check=True)
