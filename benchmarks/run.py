"""How fast CredGuard is, as multiples of a reference measured in the same minute: `make bench`.

    python benchmarks/run.py [--only NAME] [--runs N] [--json FILE] [--list]

Nothing is judged here: times depend on the computer, and no run fails for being slow.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from pathlib import Path

if not __package__:  # run by path
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from benchmarks.cases import cases, fill
from benchmarks.measure import Broken, Case, Figure, figures
from benchmarks.places import World, world

RUNS = 15


def main(arguments: list[str]) -> int:
    """0 done, 1 something could not be measured, 2 wrong usage."""
    given = _arguments(arguments)
    try:
        with world() as made:
            every = cases(made)
            chosen = [case for case in every if not given.only or case.name.startswith(tuple(given.only))]
            if given.list:
                print("\n".join(case.name for case in every))
                return 0
            if not chosen:
                print(
                    f"Nothing is called that. There is: {', '.join(c.name for c in every)}", file=sys.stderr
                )
                return 2
            fill(made)
            return _measure(chosen, made, given.runs, given.json)
    except Broken as problem:
        print(f"Not measured. {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make bench", description="How fast, as multiples of a reference measured in the same run."
    )
    parser.add_argument(
        "--only", action="append", metavar="NAME", help="only what begins with NAME; may be repeated"
    )
    parser.add_argument("--runs", type=_count, default=RUNS, metavar="N", help=f"pairs of each ({RUNS})")
    parser.add_argument("--json", metavar="FILE", help="the figures as a file too")
    parser.add_argument("--list", action="store_true", help="the names, and nothing is measured")
    return parser.parse_args(arguments)


def _count(word: str) -> int:
    number = int(word)
    if number < 1:
        raise argparse.ArgumentTypeError("at least one run")
    return number


def _measure(chosen: list[Case], made: World, runs: int, path: str | None) -> int:
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    machine = {
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "pyside6": _pyside(),
        "load_before": None if load is None else round(load, 2),
    }
    found: list[Figure] = []
    failed: list[str] = []
    for case in chosen:
        try:
            found += figures(case, runs, _progress(case.name, runs))
        except Broken as problem:
            failed.append(f"{case.name}: {problem}")
    _progress("", 0)(0)
    print("\n".join(table(found, machine, runs)))
    for line in made.left_out:
        print(f"Left out, {line}.")
    for line in failed:
        print(f"Not measured, {line}", file=sys.stderr)
    if path:
        document = {
            "machine": machine,
            "runs": runs,
            "figures": [one.to_json() for one in found],
            "left_out": made.left_out,
            "failed": failed,
        }
        Path(path).write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return 1 if failed else 0


def table(found: list[Figure], machine: dict[str, object], runs: int) -> list[str]:
    """The figures as lines for people: grouped by reference, minimum, median and maximum of each."""
    lines = [
        f"{machine['cores']} cores, {machine['system']}, Python {machine['python']}, "
        f"PySide6 {machine['pyside6']}; {runs} pairs in turn, load {machine['load_before']} before",
    ]
    width = max((len(one.title) for one in found), default=0)
    shown = ""
    for one in found:
        if one.against != shown:
            shown = one.against
            lines += [
                "",
                f"{'times ' + shown:<{width}}   {'min':>5}  median  {'max':>5}      ms (median, min)",
            ]
        ratio, ours = one.ratio, one.ours
        lines.append(
            f"{one.title:<{width}}   {ratio.least:>5.2f}  {ratio.middle:>6.2f}  {ratio.most:>5.2f}"
            f"      {ours.middle * 1000:>6.0f} {ours.least * 1000:>6.0f}"
            f"  of {one.reference.middle * 1000:.0f} {one.reference.least * 1000:.0f}"
        )
    return lines


def _pyside() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("PySide6-Essentials")
    except PackageNotFoundError:
        return "?"


def _progress(name: str, runs: int):
    """A line that counts on a terminal and is gone afterwards; nothing in a file."""

    def tell(done: int) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(f"\r\x1b[K{name} {done}/{runs}" if name else "\r\x1b[K")
            sys.stderr.flush()

    return tell


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
