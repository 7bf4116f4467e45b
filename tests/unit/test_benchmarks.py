"""The benchmarks measure what they say, and never a command that failed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.measure import Broken, Case, Command, Spread, figure, figures, run
from benchmarks.run import table

ROOT = Path(__file__).parents[2]
ENVIRON = {"PATH": os.environ["PATH"]}
MARKED = "import time; print('painted', time.monotonic()); print('home', time.monotonic() + 5)"


def _python(code: str, expect: str = "") -> Command:
    return Command((sys.executable, "-I", "-c", code), ENVIRON, expect)


def test_the_ratio_is_formed_pair_by_pair() -> None:
    made = figure("x", "the x", "the y", [(2.0, 1.0), (9.0, 3.0), (4.0, 4.0)])
    assert made.ours == Spread(2.0, 4.0, 9.0)
    assert made.reference == Spread(1.0, 3.0, 4.0)
    assert made.ratio == Spread(1.0, 2.0, 3.0)


def test_a_failure_is_no_figure() -> None:
    for wrong in (_python("raise SystemExit(3)"), _python("print('no')", expect="yes")):
        with pytest.raises(Broken):
            run(wrong)
    with pytest.raises(Broken, match="home"):
        run(_python("print('painted', 1.0)"), {"painted", "home"})


def test_a_failure_does_not_show_what_was_printed() -> None:
    with pytest.raises(Broken) as caught:
        run(_python("print('wJalrXUtnFEMIEXAMPLE'); raise SystemExit(1)"))
    assert "wJalr" not in str(caught.value)


def test_moments_count_from_the_start_of_the_process() -> None:
    case = Case(
        "window", _python(MARKED), "nothing", _python("import time; print('painted', time.monotonic())"),
        marks=(("painted", "first picture"), ("home", "Home")),
    )  # fmt: skip
    painted, home = figures(case, 2)
    assert (painted.name, home.name) == ("window-painted", "window-home")
    assert 0 < painted.ours.least < home.ours.least - 4.9
    assert any("first picture" in line for line in table([painted], {}.fromkeys(_MACHINE, 1), 2))


_MACHINE = ("cores", "system", "python", "pyside6", "load_before")


def test_one_run_from_end_to_end(tmp_path: Path) -> None:
    to = tmp_path / "figures.json"
    ran = subprocess.run(
        [
            sys.executable,
            str(ROOT / "benchmarks" / "run.py"),
            "--only",
            "help",
            "--runs",
            "2",
            "--json",
            str(to),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert "credguard --help" in ran.stdout
    document = json.loads(to.read_text())
    assert document["runs"] == 2
    assert [one["name"] for one in document["figures"]] == ["help"]
    spread = document["figures"][0]["ratio"]
    assert 0 < spread["min"] <= spread["median"] <= spread["max"]
    assert str(tmp_path) not in to.read_text()
