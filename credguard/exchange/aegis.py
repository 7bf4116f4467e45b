"""Aegis's vault, plain and encrypted, read and written.

Source: `beemdevelopment/Aegis: docs/vault.md`, `docs/decrypt.py`.
"""

from __future__ import annotations

import base64
import json
import os
import uuid
from collections.abc import Sequence
from typing import Any

from credguard.domain.otp import OtpEntry, built
from credguard.domain.secret import Secret
from credguard.exchange import kdf, limits
from credguard.exchange.json_in import decoded, fields, parse, rows, unb64, unhex
from credguard.exchange.parsed import Collector, Parsed, damaged, needs_password, newer, wrong_password

FORMAT, PROGRAM = "aegis", "Aegis"
_PASSWORD_SLOT = 1
_NEWEST = 3  # of db.version
_COST = {"n": 32768, "r": 8, "p": 1}  # what Aegis itself writes


def read(data: bytes, password: Secret | None = None) -> Parsed:
    """Raises CredGuardError `codes-password`, `wrong-passphrase`, `codes-damaged`, `codes-newer`,
    `codes-cost`."""
    document = fields(parse(decoded(data) or ""))
    if document.get("version") != 1:
        raise newer(PROGRAM, document.get("version"))
    header, db = fields(document.get("header")), document.get("db")
    encrypted = isinstance(db, str)
    if encrypted:
        if password is None:
            raise needs_password(PROGRAM)
        db = _opened(header, str(db), password)
    content = fields(db)
    if content.get("version", 1) not in range(1, _NEWEST + 1):
        raise newer(PROGRAM, content.get("version"))
    found = Collector(FORMAT, PROGRAM)
    for number, row in enumerate(rows(content.get("entries")), 1):
        info = fields(row.get("info"))
        found.add(
            number,
            row.get("issuer") or row.get("name"),
            lambda row=row, info=info: built(  # type: ignore[misc]
                row.get("type"),
                info.get("secret"),
                algorithm=info.get("algo"),
                digits=info.get("digits"),
                period=info.get("period"),
                counter=info.get("counter"),
                issuer=row.get("issuer"),
                account=row.get("name"),
            ),
        )
    return found.done(encrypted)


def _opened(header: dict[str, Any], db: str, password: Secret) -> Any:
    params = fields(header.get("params"))
    sealed = unb64(db) + unhex(params.get("tag"), 16)
    nonce = unhex(params.get("nonce"), 12)
    slots = [s for s in rows(header.get("slots")) if s.get("type") == _PASSWORD_SLOT]
    if not slots:
        raise damaged()
    _check_work(slots)
    for slot in slots:
        own = fields(slot.get("key_params"))
        wrapped = unhex(slot.get("key"), 32) + unhex(own.get("tag"), 16)
        kek = kdf.scrypt(password, unhex(slot.get("salt")), slot.get("n"), slot.get("r"), slot.get("p"))
        master = kdf.gcm_open(kek, unhex(own.get("nonce"), 12), wrapped)
        if master is not None:
            content = kdf.gcm_open(master, nonce, sealed)
            if content is None:
                raise damaged()  # the password is right: it opened its slot
            return parse(decoded(content) or "")
    raise wrong_password()


def _check_work(slots: list[dict[str, Any]]) -> None:
    """A password that opens none is tried with each: all of them together are bounded as one is."""
    work = sum(kdf.check_scrypt(slot.get("n"), slot.get("r"), slot.get("p")) for slot in slots)
    if work > limits.MAX_SCRYPT_WORK:
        raise limits.work_refused("rounds", work, limits.MAX_SCRYPT_WORK)


# ── writing ──────────────────────────────────────────────────────────────────────────────────────
def write(entries: Sequence[OtpEntry], password: Secret, cost: dict[str, int] | None = None) -> bytes:
    """An encrypted vault that `password` opens."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    chosen = cost or _COST
    master, salt = os.urandom(32), os.urandom(32)
    kek = kdf.scrypt(password, salt, chosen["n"], chosen["r"], chosen["p"])
    slot_nonce, nonce = os.urandom(12), os.urandom(12)
    wrapped = AESGCM(kek).encrypt(slot_nonce, master, None)
    content = json.dumps({"version": _NEWEST, "entries": [_row(e) for e in entries], "groups": []}).encode()
    sealed = AESGCM(master).encrypt(nonce, content, None)
    slot = {
        "type": _PASSWORD_SLOT,
        "uuid": str(uuid.uuid4()),
        "key": wrapped[:-16].hex(),
        "key_params": {"nonce": slot_nonce.hex(), "tag": wrapped[-16:].hex()},
        **{name: chosen[name] for name in ("n", "r", "p")},
        "salt": salt.hex(),
        "repaired": True,
        "is_backup": False,
    }
    document = {
        "version": 1,
        "header": {"slots": [slot], "params": {"nonce": nonce.hex(), "tag": sealed[-16:].hex()}},
        "db": base64.b64encode(sealed[:-16]).decode(),
    }
    return json.dumps(document, indent=4).encode()


def _row(entry: OtpEntry) -> dict[str, object]:
    info: dict[str, object] = {
        "secret": entry.secret.reveal(),
        "algo": entry.algorithm,
        "digits": entry.digits,
    }
    info |= {"counter": entry.counter} if entry.type == "hotp" else {"period": entry.period}
    return {
        "type": entry.type,
        "uuid": str(uuid.uuid4()),
        "name": entry.account,
        "issuer": entry.issuer,
        "note": "",
        "favorite": False,
        "icon": None,
        "info": info,
        "groups": [],
    }
