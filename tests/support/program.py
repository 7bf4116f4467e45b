"""The whole program as a person runs it, with a home of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import credguard

PROGRAM = [sys.executable, "-I", str(Path(str(credguard.__path__[0])) / "__main__.py")]


def sealed_home(folder: Path, code: str = "Northwind", seed: str = "JBSWY3DPEHPK3PXP") -> dict[str, str]:
    """The environment of a computer whose sealed vault holds one code."""
    passphrase = folder / "passphrase"
    passphrase.touch(mode=0o600)
    passphrase.write_text("six random words EXAMPLE\n")
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "CREDGUARD_HOME": str(folder / "state"),
        "CREDGUARD_STORE": "sealed",
        "CREDGUARD_PASSPHRASE_FILE": str(passphrase),
        "AWS_CONFIG_FILE": str(folder / "aws-config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "aws-credentials"),
    }
    run(environ, "totp", "add", code, "--secret", "-", stdin=f"{seed}\n")
    return environ


def run(
    environ: dict[str, str], *arguments: str, stdin: str = "", code: int | None = 0
) -> subprocess.CompletedProcess[str]:
    """One command; it has to end with `code`, where one is given, and never with a traceback."""
    ran = subprocess.run(
        [*PROGRAM, *arguments],
        env=environ, input=stdin, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert "Traceback" not in ran.stderr, ran.stderr
    assert code is None or ran.returncode == code, ran.stderr
    return ran
