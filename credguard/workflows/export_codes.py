"""Writes the codes alone for another program: encrypted by default, in plaintext where a person said so."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace

from credguard.domain import otp
from credguard.domain.errors import CredGuardError
from credguard.domain.otp import OtpEntry
from credguard.domain.secret import Secret
from credguard.domain.text import text
from credguard.exchange import address_list, aegis, kdbx_codes, keepass, migration, picture_codes
from credguard.exchange.parsed import Parsed
from credguard.system.durable import replace_file
from credguard.vault.sealed import argon
from credguard.vault.store import SecretStore
from credguard.workflows.export import check_free

ENCRYPTED = ("aegis", "kdbx")
PLAIN = ("uris", "google-qr")


@dataclass(frozen=True, slots=True)
class CodesExported:
    """`paths`: one file, or a picture for every ten codes. `left_out`: (name, why) of those not in it."""

    paths: tuple[str, ...]
    codes: int
    left_out: tuple[tuple[str, str], ...] = ()


def export_codes(
    path: str,
    shape: str,
    password: Secret | None,
    *,
    store: SecretStore,
    now: float,
    cost: argon.Cost | None = None,
    scrypt: dict[str, int] | None = None,
) -> CodesExported:
    """All codes that are not removed, into `path` (0600), read back and compared before it takes its place.

    `shape` is one of ENCRYPTED, with a password, or of PLAIN. Raises CredGuardError `file-exists`,
    `nothing-to-export`, `export-not-whole`, and those of the store and of writing.
    """
    check_free(path)
    entries, left_out = _entries(store)
    if shape == "google-qr":
        left_out += [(e.name, why) for e in entries if (why := migration.obstacle(e))]
        entries = [e for e in entries if not migration.obstacle(e)]
    if not entries:
        raise CredGuardError(
            "nothing-to-export",
            text("There are no codes to export."),
            text("See what is stored: credguard totp list. Nothing was written."),
        )
    if shape == "google-qr":
        files = picture_codes.draw(migration.write(entries))
        back = [picture_codes.read(data) for data in files]
    else:
        data, read = _written(shape, entries, password, now, cost, scrypt)
        files, back = (data,), [read]
    found = sorted(_numbers(r.entry) for parsed in back for r in parsed.entries)
    if found != sorted(_numbers(e) for e in entries):
        raise CredGuardError(
            "export-not-whole",
            text("The new file did not open as it was written."),
            text("Nothing was written to {path}. Try again.", path=path),
        )
    paths = _paths(path, len(files))
    for target in paths:
        check_free(target)
    done: list[str] = []
    try:
        for target, content in zip(paths, files, strict=True):
            done.append(target)
            replace_file(target, content, mode=0o600)
    except BaseException:
        for target in done[:-1]:  # the last one was never there
            os.unlink(target)
        raise
    return CodesExported(tuple(os.path.abspath(p) for p in paths), len(entries), tuple(left_out))


def _written(
    shape: str,
    entries: Sequence[OtpEntry],
    password: Secret | None,
    now: float,
    cost: argon.Cost | None,
    scrypt: dict[str, int] | None,
) -> tuple[bytes, Parsed]:
    if shape == "uris":
        data = address_list.write(entries)
        return data, address_list.read(data)
    assert password is not None
    if shape == "aegis":
        data = aegis.write(entries, password, scrypt)
        return data, aegis.read(data, password)
    chosen = cost or argon.calibrate()
    codes = [keepass.ExportCode(entry, ("Codes",)) for entry in entries]
    data = keepass.write_keepass(
        [], codes, password, now=now, memory=chosen.memory, passes=chosen.passes
    )  # fmt: skip
    return data, kdbx_codes.read(data, password)


def _paths(path: str, count: int) -> list[str]:
    """`codes.png`, or `codes-1.png`, `codes-2.png` …"""
    if count == 1:
        return [path]
    stem, ending = os.path.splitext(path)
    return [f"{stem}-{number}{ending}" for number in range(1, count + 1)]


def _entries(store: SecretStore) -> tuple[list[OtpEntry], list[tuple[str, str]]]:
    found, left_out = [], []
    for where in store.names("totp/"):
        try:
            item = store.read(where)
            entry = otp.from_item(item) if item is not None else None
        except CredGuardError as error:
            if error.code not in {"item-unreadable", "code-unreadable"}:
                raise
            left_out.append((where.removeprefix("totp/"), "it cannot be read by this version"))
            continue
        if entry is not None and entry.deleted_at is None:
            # What a person calls it has to be found again in the other program.
            nameless = not (entry.issuer or entry.account)
            found.append(replace(entry, account=entry.name) if nameless else entry)
    return sorted(found, key=lambda e: (e.name.casefold(), e.entry_id)), left_out


def _numbers(entry: OtpEntry) -> tuple[str, str, str, int, int, int]:
    """What has to come back for the same numbers to be made."""
    period = 0 if entry.type == "hotp" else entry.period  # a counter code has none, whatever is stored
    return (entry.secret.reveal(), entry.type, entry.algorithm, entry.digits, period, entry.counter)
