"""The invented person's home folder: keys in plaintext, as many people have them."""

from __future__ import annotations

import os
from dataclasses import dataclass

from credguard.demo.cloud.companies import ACME_PRODUCTION, BLUE_KITE, NORTHWIND, PERSONAL, Company


@dataclass(frozen=True, slots=True)
class HomeFiles:
    """Where things were written (absolute paths)."""

    home: str
    credentials: str
    config: str
    downloads: str
    root_csv: str


def _section(profile: str, company: Company) -> str:
    return (
        f"[{profile}]\naws_access_key_id = {company.key_id()}\naws_secret_access_key = {company.secret()}\n"
    )


def credentials_text() -> str:
    """~/.aws/credentials: three keys in plaintext, with the comments of a busy person."""
    return (
        "# keys for work\n\n"
        + _section("acme-prod", ACME_PRODUCTION)
        + "\n# from Mara, ask her before changing\n"
        + _section("bluekite", BLUE_KITE)
        + "\n"
        + _section("northwind", NORTHWIND)
        + "# the nightly export has this one too\n"
    )


def config_text() -> str:
    """~/.aws/config: regions, and nw-etl, which holds northwind's key once more."""
    return (
        "[default]\nregion = eu-central-1\noutput = json\n\n"
        "[profile acme-prod]\nregion = eu-west-1\n\n"
        "[profile bluekite]\nregion = eu-north-1\n\n"
        "[profile northwind]\nregion = eu-central-1\n\n"
        "# nightly export, the same key as northwind\n"
        + _section("profile nw-etl", NORTHWIND)
        + "region = eu-central-1\n"
    )


def root_csv_text() -> str:
    """Downloads/rootkey.csv, as the console writes it today."""
    return f"Access key ID,Secret access key\r\n{PERSONAL.key_id()},{PERSONAL.secret()}\r\n"


def files_in(folder: str) -> HomeFiles:
    """Where the files of a home in `folder` are."""
    aws, downloads = os.path.join(folder, ".aws"), os.path.join(folder, "Downloads")
    return HomeFiles(
        folder,
        os.path.join(aws, "credentials"),
        os.path.join(aws, "config"),
        downloads,
        os.path.join(downloads, "rootkey.csv"),
    )


def write_home(folder: str) -> HomeFiles:
    """Write the home into `folder`, which need not exist. Files are 0600."""
    files = files_in(folder)
    for made in (folder, os.path.dirname(files.credentials), files.downloads):
        os.makedirs(made, mode=0o700, exist_ok=True)
    write_private(files.credentials, credentials_text())
    write_private(files.config, config_text())
    write_private(files.root_csv, root_csv_text())
    return files


def write_private(path: str, text: str) -> None:
    """A new file that only its owner can read."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(text.encode())
