"""The docs say what is so: error codes are listed, rooms described, dependencies explained and used."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

from credguard.cli.main import COMMANDS
from credguard.settings import TABLE

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "credguard").rglob("*.py"))


def _codes(path: Path) -> set[str]:
    """First arguments of CredGuardError(…), Locked(…) and Failure(…) that stand there as words."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            wanted = node.func.id in {"CredGuardError", "Locked", "Failure"}
            if wanted and node.args and isinstance(node.args[0], ast.Constant):
                found.add(str(node.args[0].value))
    return found


def test_every_error_code_is_listed_and_nothing_else() -> None:
    listed = {
        line.split("`")[1]
        for line in (ROOT / "docs" / "errors.md").read_text().splitlines()
        if line.startswith("| `")
    }
    raised = set().union(*(_codes(path) for path in SOURCES))
    assert raised - listed == set()
    text = "".join(path.read_text() for path in SOURCES)
    assert {code for code in listed if f'"{code}"' not in text} == set(), "no longer raised"


@pytest.mark.parametrize(
    "folder", [p for p in (ROOT / "credguard").iterdir() if (p / "__init__.py").exists()]
)
def test_every_room_is_described(folder: Path) -> None:
    assert f"`{folder.name}/`" in (ROOT / "docs" / "architecture.md").read_text()


def test_every_dependency_is_explained_and_used() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    explained = (ROOT / "docs" / "dependencies.md").read_text()
    modules = {"pyside6-essentials": "PySide6", "pynacl": "nacl", "zxing-cpp": "zxingcpp", "pillow": "PIL"}
    text = "".join(path.read_text() for path in SOURCES)
    for requirement in project["dependencies"]:
        name = requirement.split(";")[0].split(">")[0].split("<")[0].strip()
        assert f"| {name}" in explained or f", {name}" in explained, name
        module = modules.get(name.lower(), name)
        assert f"import {module}" in text or f"from {module}" in text, f"{name} is used by nobody"


def test_every_command_has_a_module_and_a_line_of_help() -> None:
    for name, entry in COMMANDS.items():
        assert (ROOT / "credguard" / "cli" / f"{entry.module}.py").exists(), name
        assert entry.help, name


def test_every_setting_has_a_meaning() -> None:
    assert all(str(setting.meaning) for setting in TABLE)


FAULTS = (
    "locked", "its question dismissed", "an item vanished", "the daemon, or the agent, ended half-way",
    "two processes at once", "disk full", "read-only", "power cut in a write", "catalog damaged",
    "downgrade: a newer version wrote it",
)  # fmt: skip


def test_every_fault_of_the_stores_names_tests_that_exist() -> None:
    rows = {}
    for line in (ROOT / "docs" / "stores.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and "::" in line:
            rows[cells[0]] = [re.findall(r"`([^`]+\.py)::(test_\w+)`", cell) for cell in cells[1:]]
    for fault in FAULTS:
        assert all(rows[fault]), f"{fault}: a store without a test"
    for file, name in {test for cells in rows.values() for cell in cells for test in cell}:
        tree = ast.parse((ROOT / "tests" / file).read_text())
        assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, name
