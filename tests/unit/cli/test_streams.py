"""Streams that are closed, full, or lead to a reader that went away: an exit code, never a traceback."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.support.program import PROGRAM, sealed_home

pytestmark = pytest.mark.skipif(os.name != "posix", reason="redirections of a POSIX shell")


@pytest.fixture(scope="module")
def environ(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return sealed_home(tmp_path_factory.mktemp("home"))


def _shell(environ: dict[str, str], line: str, stdin: str = "") -> tuple[int, str, str]:
    """Runs `line`, in which $cg is the program."""
    ran = subprocess.run(
        ["sh", "-c", line.replace("$cg", " ".join(PROGRAM))],
        env=environ, input=stdin, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert "Traceback" not in ran.stderr
    assert "Exception ignored" not in ran.stderr
    return ran.returncode, ran.stdout, ran.stderr


@pytest.mark.parametrize("command", ["totp list", "totp code Northwind --json", "keys --json", "--help"])
def test_a_closed_output_is_no_failure(environ: dict[str, str], command: str) -> None:
    assert _shell(environ, f"$cg {command} >&-")[0] == 0


def test_nothing_is_printed_into_a_file_of_ours(environ: dict[str, str]) -> None:
    """With all streams closed, the catalog would be opened as number 1."""
    assert _shell(environ, "$cg totp list <&- >&- 2>&-")[0] == 0
    assert _shell(environ, "$cg totp code nobody <&- >&- 2>&-")[0] == 2
    for path in Path(environ["CREDGUARD_HOME"]).rglob("*"):
        assert not path.is_file() or b"Northwind\n" not in path.read_bytes()
    assert _shell(environ, "$cg totp list")[0] == 0


def test_a_code_is_given_where_errors_go_nowhere(environ: dict[str, str]) -> None:
    code, out, _ = _shell(environ, "$cg totp code Northwind 2>&-")
    assert (code, out.strip().isdigit()) == (0, True)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
@pytest.mark.parametrize("command", ["totp list", "totp code Northwind --json", "--help", "--version"])
def test_a_full_disk_behind_the_output_is_a_sentence(environ: dict[str, str], command: str) -> None:
    code, _, err = _shell(environ, f"$cg {command} >/dev/full")
    assert code == 1
    assert "No space left" in err
    assert "To do:" in err
    assert _shell(environ, f"$cg {command} >/dev/full 2>&1")[0] == 1


@pytest.mark.parametrize("command", ["--help", "totp list", "activity"])
def test_a_reader_that_went_away_is_silence(environ: dict[str, str], command: str) -> None:
    _, _, err = _shell(environ, f"{{ sleep 0; $cg {command}; }} | true")
    assert err == ""


def test_a_closed_input_is_an_empty_one(environ: dict[str, str]) -> None:
    code, _, err = _shell(environ, "$cg totp add x --secret - <&-")
    assert code == 1
    assert "empty" in err


@pytest.mark.parametrize("at", ["-5", "nan", "inf", "1e400", "0001-01-01", "99999999999999", "soon"])
def test_a_time_that_no_code_has_is_wrong_usage(environ: dict[str, str], at: str) -> None:
    code, out, err = _shell(environ, f"$cg totp code Northwind --at {at}")
    assert (code, out) == (2, "")
    assert "is no time" in err


def test_the_first_code_of_a_new_computer_was_not_sent_already(tmp_path: Path) -> None:
    """A catalog made anew counts the codes of the moment as sent; one that is new does not."""
    environ = sealed_home(tmp_path)
    for _ in range(2):
        assert "sent to AWS" not in _shell(environ, "$cg totp code Northwind")[2]
    for path in Path(environ["CREDGUARD_HOME"]).glob("catalog.sqlite*"):
        path.unlink()
    assert "sent to AWS" in _shell(environ, "$cg totp code Northwind")[2]
