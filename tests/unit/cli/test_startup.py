"""What a command loads: what it does not need costs its person time at every call."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from credguard.services import Services

HEAVY = {"boto3", "botocore", "s3transfer", "urllib3", "rich", "PySide6", "moto", "PIL", "zxingcpp"}
CHILD = """
import sys
from credguard.__main__ import main
code = main(sys.argv[1:])
print("LOADED", *sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
sys.exit(code)
"""


@pytest.fixture(scope="module")
def environ(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A sealed vault with one code, whose passphrase is in a file."""
    home: Path = tmp_path_factory.mktemp("home")
    passphrase = home / "passphrase"
    passphrase.touch(mode=0o600)
    passphrase.write_text("six random words EXAMPLE\n")
    made = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "CREDGUARD_HOME": str(home / "state"),
        "CREDGUARD_STORE": "sealed",
        "CREDGUARD_PASSPHRASE_FILE": str(passphrase),
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CREDGUARD_HOME", made["CREDGUARD_HOME"])
        services = Services(environ=made)
        services.add_code(secret="JBSWY3DPEHPK3PXP", name="Northwind")
        services.close()
    return made


def _loaded(environ: dict[str, str], *arguments: str) -> tuple[str, set[str]]:
    """What the command printed, and the names of the packages that it loaded."""
    ran = subprocess.run(
        [sys.executable, "-I", "-c", CHILD, *arguments],
        env=environ,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return ran.stdout, set(ran.stderr.splitlines()[-1].split()[1:])


def test_a_code_needs_nothing_of_aws(environ: dict[str, str]) -> None:
    printed, loaded = _loaded(environ, "totp", "code", "Northwind")
    assert printed.strip().isdigit()
    assert "pyotp" in loaded
    assert loaded & HEAVY == set()


def test_status_needs_nothing_of_aws(environ: dict[str, str]) -> None:
    printed, loaded = _loaded(environ, "status")
    assert "No accounts yet" in printed
    assert loaded & (HEAVY | {"keyring", "cryptography", "nacl", "pyotp"}) == set()


def test_help_needs_the_table_alone(environ: dict[str, str]) -> None:
    printed, loaded = _loaded(environ, "--help")
    assert "Usage: credguard" in printed
    assert (
        loaded & (HEAVY | {"click", "keyring", "cryptography", "nacl", "sqlite3", "json", "dataclasses"})
        == set()
    )
