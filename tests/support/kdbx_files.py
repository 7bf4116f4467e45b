"""KDBX files of every kind that KeePass programs write, made from their XML: versions, derivations, ciphers.

Written after the KeePass help page "KDBX 4" and KeePassXC's `src/format/Kdbx3Writer.cpp`, apart from the code
that is tested: only the key derivation and the ciphers are the library's.
"""

from __future__ import annotations

import gzip
import hashlib
import hmac
import struct

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES, ChaCha20
from cryptography.hazmat.primitives.ciphers.modes import CBC, ECB
from cryptography.hazmat.primitives.kdf.argon2 import Argon2d, Argon2id
from cryptography.hazmat.primitives.padding import PKCS7

CIPHERS = {
    "aes": bytes.fromhex("31c1f2e6bf714350be5805216afc5aff"),
    "chacha20": bytes.fromhex("d6038a2b8b6f4cb5a524339a31dbb59a"),
    "twofish": bytes.fromhex("ad68f29f576f4bb9a36ad47af965346c"),
}
KDFS = {
    "aes-kdf": bytes.fromhex("7c02bb8279a74ac0927d114a00648238"),
    "argon2d": bytes.fromhex("ef636ddf8c29444b91f7a9a403e30a0c"),
    "argon2id": bytes.fromhex("9e298b1956db4773b23dfc3ec6f0a1e6"),
}
_MAGIC = bytes.fromhex("03d9a29a67fb4bb5")
_SEED, _SALT, _STREAM, _ROUNDS, _MEMORY = b"\1" * 32, b"\2" * 32, b"\3" * 32, 1000, 8 << 20


def composite_of(password: str | None, key: bytes | None = None) -> bytes:
    """The composite key: password and the 32 bytes of a key file, each where there is one."""
    parts = b"" if password is None else hashlib.sha256(password.encode()).digest()
    return hashlib.sha256(parts + (key or b"")).digest()


def kdbx3(xml: bytes, composite: bytes, cipher: str = "aes") -> bytes:
    """KDBX 3.1, gzip."""
    fields = (
        (2, CIPHERS[cipher]), (3, struct.pack("<I", 1)), (4, _SEED), (5, _SALT),
        (6, struct.pack("<Q", _ROUNDS)), (7, bytes(16)), (8, _STREAM), (9, b"\4" * 32),
        (10, struct.pack("<I", 2)), (0, b"\r\n\r\n"),
    )  # fmt: skip
    start = _MAGIC + struct.pack("<HH", 1, 3)
    start += b"".join(struct.pack("<BH", n, len(value)) + value for n, value in fields)
    packed = gzip.compress(xml)
    blocks = struct.pack("<I", 0) + hashlib.sha256(packed).digest() + struct.pack("<I", len(packed)) + packed
    blocks += struct.pack("<I", 1) + bytes(36)
    key = hashlib.sha256(_SEED + _aes_kdf(composite)).digest()
    return start + _locked("aes", key, bytes(16), b"\4" * 32 + blocks)


def kdbx4(xml: bytes, composite: bytes, cipher: str, kdf: str, minor: int = 0) -> bytes:
    """KDBX 4.0 or 4.1, gzip, the values hidden by ChaCha20 (where the XML says that any are)."""
    iv = bytes(12 if cipher == "chacha20" else 16)
    if kdf == "aes-kdf":
        values = [(0x42, "$UUID", KDFS[kdf]), (0x05, "R", struct.pack("<Q", _ROUNDS)), (0x42, "S", _SALT)]
        derived = _aes_kdf(composite)
    else:
        values = [
            (0x42, "$UUID", KDFS[kdf]), (0x05, "I", struct.pack("<Q", 2)),
            (0x05, "M", struct.pack("<Q", _MEMORY)), (0x04, "P", struct.pack("<I", 2)),
            (0x42, "S", _SALT), (0x04, "V", struct.pack("<I", 0x13)),
        ]  # fmt: skip
        maker = Argon2d if kdf == "argon2d" else Argon2id
        derived = maker(
            salt=_SALT, length=32, iterations=2, lanes=2, memory_cost=_MEMORY // 1024
        ).derive(composite)  # fmt: skip
    dictionary = struct.pack("<H", 0x0100) + b"".join(
        struct.pack("<BI", kind, len(name)) + name.encode() + struct.pack("<I", len(value)) + value
        for kind, name, value in values
    )
    fields = (
        (2, CIPHERS[cipher]), (3, struct.pack("<I", 1)), (4, _SEED), (7, iv), (11, dictionary + b"\0"),
        (0, b"\r\n\r\n"),
    )  # fmt: skip
    start = _MAGIC + struct.pack("<HH", minor, 4)
    start += b"".join(struct.pack("<BI", n, len(value)) + value for n, value in fields)
    base = hashlib.sha512(_SEED + derived + b"\x01").digest()
    inner = struct.pack("<BII", 1, 4, 3) + struct.pack("<BI", 2, 64) + b"\5" * 64 + bytes(5)
    body = _locked(cipher, hashlib.sha256(_SEED + derived).digest(), iv, gzip.compress(inner + xml))
    data = start + hashlib.sha256(start).digest() + _mac(base, (1 << 64) - 1, start)
    for number, part in enumerate((body, b"")):
        framed = struct.pack("<I", len(part)) + part
        data += _mac(base, number, struct.pack("<Q", number) + framed) + framed
    return data


def fields_of(data: bytes) -> tuple[int, int, str, str]:
    """Major and minor version, cipher and derivation that a file names in its header."""
    minor, major = struct.unpack_from("<HH", data, 8)
    end = data.index(b"\r\n\r\n")
    kdf = next((name for name, mark in KDFS.items() if mark in data[:end]), "aes-kdf")
    return major, minor, next(name for name, mark in CIPHERS.items() if mark in data[:end]), kdf


def _aes_kdf(composite: bytes) -> bytes:
    encryptor = Cipher(AES(_SALT), ECB()).encryptor()
    for _ in range(_ROUNDS):
        composite = encryptor.update(composite)
    return hashlib.sha256(composite).digest()


def _locked(cipher: str, key: bytes, iv: bytes, plain: bytes) -> bytes:
    if cipher == "chacha20":
        return Cipher(ChaCha20(key, bytes(4) + iv), None).encryptor().update(plain)
    padder = PKCS7(128).padder()
    encryptor = Cipher(AES(key), CBC(iv)).encryptor()  # in a file said to be Twofish: nobody gets this far
    return encryptor.update(padder.update(plain) + padder.finalize()) + encryptor.finalize()


def _mac(base: bytes, number: int, content: bytes) -> bytes:
    return hmac.digest(hashlib.sha512(struct.pack("<Q", number) + base).digest(), content, "sha256")
