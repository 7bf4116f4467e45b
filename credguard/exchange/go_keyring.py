"""The stores of the Go library `keyring` (99designs), which aws-vault and granted keep keys in.

Read only, never written: the Secret Service (Linux), a folder of encrypted files, a macOS keychain file.
An item is JSON with `Key` and `Data` (base64); on macOS the keychain holds the data itself.
"""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

from credguard.domain.errors import CredGuardError, Locked
from credguard.domain.secret import Secret
from credguard.domain.text import text
from credguard.exchange import jwe
from credguard.system.bounded import read_bounded

#: A desktop may ask its person to unlock the collection.
UNLOCK_SECONDS = 60.0
_PATH = "/org/freedesktop/secrets/collection/"


# ── a folder of files ────────────────────────────────────────────────────────────────────────────
def folder_names(folder: str) -> tuple[str, ...]:
    """The names of the items in a folder; () where there is none."""
    try:
        files = sorted(os.listdir(folder))
    except OSError:
        return ()
    return tuple(_unescaped(name) for name in files if os.path.isfile(os.path.join(folder, name)))


def read_folder(folder: str, password: Secret, wanted: Callable[[str], bool]) -> dict[str, Secret]:
    """Name → data of each item that is `wanted`.

    Raises CredGuardError `wrong-passphrase`, `vault-item-unreadable`.
    """
    found = {}
    for file in sorted(os.listdir(folder)):
        name, path = _unescaped(file), os.path.join(folder, file)
        if not wanted(name) or not os.path.isfile(path):
            continue
        try:
            plain = jwe.decrypt(read_bounded(path, jwe.MAX_SIZE).decode("ascii"), password)
            found[name] = _data(plain)
        except jwe.WrongPassword:
            raise CredGuardError(
                "wrong-passphrase",
                text("That is not the password of {folder}.", folder=folder),
                text("Try again. Nothing was imported."),
                retry=True,
            ) from None
        except (CredGuardError, ValueError, KeyError, TypeError, RecursionError, jwe.Unreadable):
            raise _unreadable(path) from None
    return found


def _unescaped(file: str) -> str:
    """The library writes `/` and `%` in names as `%2F` and `%25`."""
    return re.sub("%([0-9A-Fa-f]{2})", lambda match: chr(int(match[1], 16)), file)


def _data(plain: bytes) -> Secret:
    item = json.loads(plain)
    return Secret(base64.b64decode(item["Data"], validate=True).decode())


# ── the Secret Service ───────────────────────────────────────────────────────────────────────────
def read_collection(
    name: str, wanted: Callable[[str], bool], seconds: float = UNLOCK_SECONDS
) -> dict[str, Secret]:
    """Name → data of the items in the collection `name`; {} where there is none, or no Secret Service.

    Raises Locked `vault-locked` where it stays locked, CredGuardError `vault-item-unreadable`.
    """
    if not sys.platform.startswith("linux"):
        return {}
    results: list[dict[str, Secret]] = []
    errors: list[BaseException] = []

    def work() -> None:
        try:
            results.append(_collection(name, wanted))
        except BaseException as error:  # handed to whoever waits
            errors.append(error)

    thread = threading.Thread(target=work, daemon=True, name="secret-service")
    thread.start()
    thread.join(seconds)
    if errors and isinstance(errors[0], CredGuardError):
        raise errors[0]
    if errors:
        return {}  # no bus, no service: nothing is kept there
    if not results:
        raise _locked(name)
    return results[0]


def _collection(name: str, wanted: Callable[[str], bool]) -> dict[str, Secret]:
    import secretstorage

    connection = secretstorage.dbus_init()
    try:
        for collection in secretstorage.get_all_collections(connection):
            if _path(str(collection.collection_path)) == _PATH + name:
                return _items(collection, name, wanted)
        return {}
    finally:
        connection.close()


def _items(collection: Any, name: str, wanted: Callable[[str], bool]) -> dict[str, Secret]:
    if collection.is_locked() and collection.unlock():
        raise _locked(name)
    found = {}
    for item in collection.get_all_items():
        # The library looks items up by the attribute and lists them by the label; both are the name.
        key = str(item.get_attributes().get("profile") or item.get_label())
        if wanted(key):
            try:
                found[key] = _data(item.get_secret())
            except (ValueError, KeyError, TypeError):
                raise _unreadable(f"{name}/{key}") from None
    return found


def _path(path: str) -> str:
    """D-Bus writes what is no letter or digit as `_2d`."""
    plain = re.sub("_([0-9a-f]{2})", lambda match: chr(int(match[1], 16)), path)
    return plain.encode("latin-1", "replace").decode("utf-8", "replace")


# ── macOS ────────────────────────────────────────────────────────────────────────────────────────
def read_keychain(file: str, service: str, wanted: Callable[[str], bool]) -> dict[str, Secret]:
    """Name → data of the items of `service` in a keychain file, through the system's own `security`, which
    asks the person where it has to. {} on other systems, or where there is no such file."""
    if sys.platform != "darwin":
        return {}
    shown = subprocess.run(
        ["/usr/bin/security", "dump-keychain", file], capture_output=True, text=True, check=False
    )
    found = {}
    for name in keychain_names(shown.stdout, service):
        if wanted(name):
            asked = subprocess.run(
                ["/usr/bin/security", "find-generic-password", "-s", service, "-a", name, "-w", file],
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            if asked.returncode != 0:
                raise _locked(os.path.basename(file))
            found[name] = Secret(_printed(asked.stdout.rstrip("\n")))
    return found


def keychain_names(dump: str, service: str) -> tuple[str, ...]:
    """The accounts of `service` in what `security dump-keychain` prints."""
    names = []
    for part in dump.split("keychain: ")[1:]:
        fields = dict(re.findall(r'"(acct|svce)"<blob>=(?:0x[0-9A-F]+ +)?"((?:[^"\\]|\\.)*)"', part))
        if fields.get("svce") == service and "acct" in fields:
            # What is not ASCII stands there byte by byte, in octal.
            plain = re.sub(r"\\([0-7]{3})", lambda m: chr(int(m[1], 8)), fields["acct"])
            names.append(plain.encode("latin-1", "replace").decode("utf-8", "replace"))
    return tuple(dict.fromkeys(names))


def _printed(value: str) -> str:
    """`security -w` prints what is not plain ASCII in hexadecimal."""
    if re.fullmatch("(?:[0-9a-f]{2})+", value):
        return bytes.fromhex(value).decode("utf-8", "replace")
    return value


def _locked(name: str) -> Locked:
    return Locked(
        "other-vault-locked",
        text("{name} is locked, and it was not unlocked.", name=name),
        text("Unlock it as its own program does, then import again. Nothing was imported."),
        retry=True,
    )


def _unreadable(name: str) -> CredGuardError:
    return CredGuardError(
        "vault-item-unreadable",
        text("{name} cannot be read: it is damaged, or of a kind not known here.", name=name),
        text("See that its own program still reads it. Nothing was imported."),
    )
