"""Picks the face: the command line, or the window when nothing is asked of it.

Run by path as well (`python -I …/credguard/__main__.py`, which the provider becomes when it cannot
answer alone), so it puts the folder above the package on the path itself.
"""

from __future__ import annotations

import os
import sys

if not __package__:
    # Run by path: isolated Python sets no path, and the package's own folder must not be on it.
    _here = os.path.dirname(os.path.realpath(__file__))
    sys.path[:] = [entry for entry in sys.path if os.path.realpath(entry or ".") != _here]
    sys.path.insert(0, os.path.dirname(_here))


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns its exit code (contract: 0, 1, 2, 3, 4 or 130)."""
    _fill_streams()
    from credguard.cli.main import main as command_line

    return command_line(sys.argv[1:] if argv is None else argv)


def _fill_streams() -> None:
    """A stream that was closed at our start leads nowhere. Left closed, the next file that is opened, the
    catalog say, would take its number and be written into by whoever prints."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_RDWR)
            mode = "r" if name == "stdin" else "w"
            setattr(sys, name, open(nowhere, mode, encoding="utf-8"))  # noqa: SIM115 kept until the end
            if nowhere == number:
                os.set_inheritable(nowhere, True)  # for the programs that we start


if __name__ == "__main__":
    sys.exit(main())
