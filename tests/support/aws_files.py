"""AWS files for tests: invented keys, and what botocore makes of two files."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import botocore.session

KEY = "AKIAZQ4NORTHWEXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
KEY_2 = "AKIAZQ4SOUTHWEXAMPLE"
SECRET_2 = "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY"


def key_id(number: int) -> str:
    """An invented key id of the new generation."""
    tail = hashlib.sha256(str(number).encode()).hexdigest().upper()
    return "AKIAZQ" + "".join("ABCDEFGHIJKLMNOP"[int(c, 16)] for c in tail[:14])


def secret(number: int) -> str:
    """An invented secret of the right form."""
    return hashlib.sha256(b"secret %d" % number).hexdigest()[:30] + "EXAMPLEKEY"


def write(folder: Path, config: bytes | None, credentials: bytes | None) -> tuple[str, str]:
    """Both files in `folder`; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = folder / "config", folder / "credentials"
    for path, data in zip(paths, (config, credentials), strict=True):
        if data is not None:
            path.write_bytes(data)
            path.chmod(0o600)
    return str(paths[0]), str(paths[1])


def session(config: str, credentials: str, profile: str | None = None) -> Any:
    """A botocore session that sees these two files and nothing else."""
    made = botocore.session.Session(profile=profile)
    made.set_config_variable("config_file", config)
    made.set_config_variable("credentials_file", credentials)
    return made


def profiles_of(config: str, credentials: str) -> dict[str, Any]:
    """All profiles with their values, as botocore reads them."""
    found: dict[str, Any] = session(config, credentials).full_config["profiles"]
    return found


def resolved(config: str, credentials: str, profile: str) -> tuple[str, str, str]:
    """(access key id, secret, method) that botocore gets for a profile, running credential_process."""
    got = session(config, credentials, profile).get_credentials()
    frozen = got.get_frozen_credentials()
    return frozen.access_key, frozen.secret_key, got.method
