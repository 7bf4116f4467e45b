"""Files of codes as other programs write them, made here from the description of their formats with the real
key derivations, at a cheap cost. None of it uses the program's own writers."""

from __future__ import annotations

import base64
import csv
import hashlib
import hmac
import io
import json
import os
import struct
import zipfile
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from nacl import bindings

SEED, SEED_2, SEED_3 = (
    "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
    "KRSXG5CTMVRXEZLUKRSXG5CTMVRXEZLU",
    "GEZDGNBVGY3TQOJQ",
)
PASSWORD = "pass EXAMPLE ünï"
#: What every full sample holds: type, issuer, account, algorithm, digits, period or counter.
CODES = (
    ("totp", "AWS", "m.keller", "SHA1", 6, 30, SEED),
    ("totp", "Tax office", "m.keller", "SHA256", 8, 60, SEED_2),
    ("hotp", "Bank", "ops", "SHA512", 6, 41, SEED_3),
)


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def raw(seed: str) -> bytes:
    return base64.b32decode(seed + "=" * (-len(seed) % 8))


def address(code: tuple[Any, ...]) -> str:
    kind, issuer, account, algorithm, digits, beat, seed = code
    name = "counter" if kind == "hotp" else "period"
    label = f"{issuer}:{account}".replace(" ", "%20")
    return (
        f"otpauth://{kind}/{label}?secret={seed}&issuer={issuer.replace(' ', '%20')}"
        f"&algorithm={algorithm}&digits={digits}&{name}={beat}"
    )


ADDRESSES = "\n".join(address(code) for code in CODES) + "\n"


# ── Aegis ────────────────────────────────────────────────────────────────────────────────────────
def aegis_db() -> dict[str, Any]:
    entries = [
        {
            "type": kind, "name": account, "issuer": issuer, "note": "", "favorite": False, "groups": [],
            "info": {"secret": seed, "algo": algorithm, "digits": digits,
                     ("counter" if kind == "hotp" else "period"): beat},
        }
        for kind, issuer, account, algorithm, digits, beat, seed in CODES
    ]  # fmt: skip
    return {"version": 3, "entries": entries, "groups": []}


def aegis_plain(db: dict[str, Any] | None = None, version: int = 1) -> bytes:
    header = {"slots": None, "params": None}
    return json.dumps({"version": version, "header": header, "db": db or aegis_db()}).encode()


def aegis(password: str = PASSWORD, n: int = 2, content: bytes | None = None) -> bytes:
    """Two slots for passwords, the second of them ours, and one for a fingerprint."""
    master = os.urandom(32)

    def slot(words: str) -> dict[str, Any]:
        salt, nonce = os.urandom(32), os.urandom(12)
        kek = hashlib.scrypt(words.encode(), salt=salt, n=n, r=8, p=1, dklen=32)
        wrapped = AESGCM(kek).encrypt(nonce, master, None)
        return {
            "type": 1, "uuid": "u", "key": wrapped[:-16].hex(),
            "key_params": {"nonce": nonce.hex(), "tag": wrapped[-16:].hex()},
            "n": n, "r": 8, "p": 1, "salt": salt.hex(),
        }  # fmt: skip

    nonce = os.urandom(12)
    sealed = AESGCM(master).encrypt(nonce, content or json.dumps(aegis_db()).encode(), None)
    return json.dumps(
        {
            "version": 1,
            "header": {
                "slots": [{"type": 2, "key": "00"}, slot("another"), slot(password)],
                "params": {"nonce": nonce.hex(), "tag": sealed[-16:].hex()},
            },
            "db": b64(sealed[:-16]),
        }
    ).encode()


# ── 2FAS ─────────────────────────────────────────────────────────────────────────────────────────
def _services() -> list[dict[str, Any]]:
    return [
        {
            "name": issuer, "secret": seed, "order": {"position": 0},
            "otp": {"account": account, "issuer": "other", "digits": digits, "algorithm": algorithm,
                    "tokenType": kind.upper(), ("counter" if kind == "hotp" else "period"): beat},
        }
        for kind, issuer, account, algorithm, digits, beat, seed in CODES
    ]  # fmt: skip


def twofas_plain() -> bytes:
    return json.dumps({"services": _services(), "schemaVersion": 4, "groups": []}).encode()


def twofas(password: str = PASSWORD) -> bytes:
    salt, iv = os.urandom(256), os.urandom(12)
    key = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, 10_000, 32)
    sealed = AESGCM(key).encrypt(iv, json.dumps(_services()).encode(), None)
    value = ":".join(b64(part) for part in (sealed, salt, iv))
    document = json.dumps({"services": [], "servicesEncrypted": value, "schemaVersion": 4})
    return document.replace("/", "\\/").encode()


# ── andOTP ───────────────────────────────────────────────────────────────────────────────────────
def andotp_plain() -> bytes:
    return json.dumps(
        [
            {
                "secret": seed + "=" * (-len(seed) % 8), "issuer": issuer, "label": account, "digits": digits,
                "type": kind.upper(), "algorithm": algorithm, "tags": [],
                ("counter" if kind == "hotp" else "period"): beat,
            }
            for kind, issuer, account, algorithm, digits, beat, seed in CODES
        ]
    ).encode()  # fmt: skip


def andotp(password: str = PASSWORD, rounds: int = 7) -> bytes:
    salt, iv = os.urandom(12), b"\xff" + os.urandom(11)  # the first byte keeps it from being text
    key = hashlib.pbkdf2_hmac("sha1", password.encode(), salt, rounds, 32)
    return struct.pack(">i", rounds) + salt + iv + AESGCM(key).encrypt(iv, andotp_plain(), None)


def andotp_old(password: str = PASSWORD) -> bytes:
    iv = b"\xff" + os.urandom(11)
    return iv + AESGCM(hashlib.sha256(password.encode()).digest()).encrypt(iv, andotp_plain(), None)


# ── Ente ─────────────────────────────────────────────────────────────────────────────────────────
def ente(password: str = PASSWORD, tag: int = 0, memory: int = 8192) -> bytes:
    salt = os.urandom(16)
    key = bindings.crypto_pwhash_alg(
        32, password.encode(), salt, 1, memory, bindings.crypto_pwhash_ALG_ARGON2ID13
    )
    state = bindings.crypto_secretstream_xchacha20poly1305_state()
    header = bindings.crypto_secretstream_xchacha20poly1305_init_push(state, key)
    sealed = bindings.crypto_secretstream_xchacha20poly1305_push(state, ADDRESSES.encode(), tag=tag)
    return json.dumps(
        {
            "version": 1,
            "kdfParams": {"memLimit": memory, "opsLimit": 1, "salt": b64(salt)},
            "encryptedData": b64(sealed),
            "encryptionNonce": b64(header),
        }
    ).encode()


# ── Bitwarden ────────────────────────────────────────────────────────────────────────────────────
def bitwarden_items() -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = [
        {"type": 1, "name": "x", "login": {"username": "y", "totp": address(code)}} for code in CODES
    ]
    rows.insert(0, {"type": 2, "name": "a note", "notes": "otpauth"})
    rows.insert(1, {"type": 1, "name": "no code", "login": {"username": "y", "totp": None}})
    return rows


def bitwarden_plain(items: list[dict[str, Any]] | None = None) -> bytes:
    rows = bitwarden_items() if items is None else items
    return json.dumps({"encrypted": False, "folders": [], "items": rows}).encode()


def bitwarden_csv() -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(["folder", "type", "name", "notes", "login_uri", "login_username", "login_totp"])
    writer.writerow(["", "note", "a note", 'two\nlines, "quoted"', "", "", ""])
    for code in CODES:
        writer.writerow(["", "login", "x", 'a\nnote with "quotes"', "https://x", "y", address(code)])
    return out.getvalue().encode()


def bitwarden_zip(data: bytes | None = None, name: str = "data.json") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("attachments/1/photo.png", b"x" * 100)
        archive.writestr(name, bitwarden_plain() if data is None else data)
    return out.getvalue()


def bitwarden(password: str = PASSWORD, argon: bool = False, content: bytes | None = None) -> bytes:
    salt = b64(os.urandom(16))
    more: dict[str, Any]
    if argon:
        more = {"kdfType": 1, "kdfIterations": 1, "kdfMemory": 1, "kdfParallelism": 2}
        hashed = hashlib.sha256(salt.encode()).digest()
        key = Argon2id(salt=hashed, length=32, iterations=1, lanes=2, memory_cost=1024).derive(
            password.encode()
        )
    else:
        more = {"kdfType": 0, "kdfIterations": 5}
        key = hashlib.pbkdf2_hmac("sha256", password.encode(), salt.encode(), 5, 32)
    enc, mac = (hmac.digest(key, word + b"\x01", "sha256") for word in (b"enc", b"mac"))

    def seal(data: bytes) -> str:
        iv = os.urandom(16)
        count = 16 - len(data) % 16
        cipher = Cipher(AES(enc), CBC(iv)).encryptor()
        sealed = cipher.update(data + bytes([count]) * count) + cipher.finalize()
        return f"2.{b64(iv)}|{b64(sealed)}|{b64(hmac.digest(mac, iv + sealed, 'sha256'))}"

    return json.dumps(
        {
            "encrypted": True, "passwordProtected": True, "salt": salt, **more,
            "encKeyValidation_DO_NOT_EDIT": seal(b"a-uuid"), "data": seal(content or bitwarden_plain()),
        }
    ).encode()  # fmt: skip


# ── Proton ───────────────────────────────────────────────────────────────────────────────────────
def proton_plain() -> bytes:
    entries = [
        {"id": str(n), "content": {"uri": address(code), "entry_type": "Totp", "name": code[2]}, "note": None}
        for n, code in enumerate(CODES)
    ]
    return json.dumps({"version": 1, "entries": entries}).encode()


def proton(password: str = PASSWORD) -> bytes:
    salt, nonce = os.urandom(16), os.urandom(12)
    key = Argon2id(salt=salt, length=32, iterations=2, lanes=1, memory_cost=19_456).derive(password.encode())
    sealed = AESGCM(key).encrypt(nonce, proton_plain(), b"proton.authenticator.export.v1")
    return json.dumps({"version": 1, "salt": b64(salt), "content": b64(nonce + sealed)}).encode()


# ── Google Authenticator ─────────────────────────────────────────────────────────────────────────
def varint(value: int) -> bytes:
    value &= 2**64 - 1
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def sized(number: int, value: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(value)) + value


def number(name: int, value: int) -> bytes:
    return varint(name << 3) + varint(value)


def google_entry(secret: bytes, name: str, issuer: str = "", **more: int) -> bytes:
    fields = {"algorithm": 4, "digits": 5, "type": 6, "counter": 7}
    made = sized(1, secret) + sized(2, name.encode()) + (sized(3, issuer.encode()) if issuer else b"")
    return made + b"".join(number(fields[key], value) for key, value in more.items())


def google(entries: list[bytes], size: int = 1, index: int = 0, batch: int = -77) -> str:
    message = b"".join(sized(1, entry) for entry in entries)
    message += number(2, 1) + number(3, size) + (number(4, index) if index else b"") + number(5, batch)
    data = b64(message).replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")
    return f"otpauth-migration://offline?data={data}"


#: name → (bytes of the file, whether it is encrypted).
PLAIN = {
    "uris": ADDRESSES.encode(),
    "aegis": aegis_plain(),
    "2fas": twofas_plain(),
    "andotp": andotp_plain(),
    "bitwarden": bitwarden_plain(),
    "bitwarden-csv": bitwarden_csv(),
    "bitwarden-zip": bitwarden_zip(),
    "proton": proton_plain(),
}
ENCRYPTED = {
    "aegis": aegis(),
    "2fas": twofas(),
    "andotp": andotp(),
    "andotp-old": andotp_old(),
    "ente": ente(),
    "ente-final": ente(tag=3),
    "bitwarden": bitwarden(),
    "bitwarden-argon2": bitwarden(argon=True),
    "proton": proton(),
}


def import_sample() -> bytes:
    """A 2FAS backup of a person at the invented companies: new codes, three that are here, two unreadable."""
    from credguard.demo.cloud.companies import ACME_PRODUCTION, COMPANIES

    def one(issuer: str, account: str, seed: str, digits: int = 6) -> dict[str, Any]:
        otp = {"account": account, "issuer": issuer, "digits": digits, "period": 30, "algorithm": "SHA1",
               "tokenType": "TOTP"}  # fmt: skip
        return {"name": issuer, "secret": seed, "otp": otp, "order": {"position": 0}}

    fresh = [f"{letter}EXAMPLE".ljust(32, letter) for letter in "BCDFGHJKM"]
    new = [
        ("Amazon Web Services", f"ops@{ACME_PRODUCTION.account_id}"),
        ("Amazon Web Services", f"root@{ACME_PRODUCTION.account_id}"),
        ("Blue Kite", "anna@blue-kite-shop"), ("Cedar Logistics", "mk@cedar-logistics"),
        ("Dune Studio", "mk@882204417730"), ("GitHub", "mkeller"), ("Mail", "tomas"), ("Wiki", "maria"),
        ("Tax office", "m.keller"),
    ]  # fmt: skip
    services = [one("Ledger", "", "JBSWY3DPEHPK3PX8"), one("old vpn", "", "")]
    services += [
        one(issuer, account, seed, 8 if issuer == "Tax office" else 6)
        for (issuer, account), seed in zip(new, fresh, strict=True)
    ]
    here = [c for c in COMPANIES if c.people[0].seed is not None][:3]
    services += [one(c.name, c.people[0].name or "", c.people[0].seed or "") for c in here]
    return json.dumps({"services": services, "schemaVersion": 4, "groups": []}).encode()
