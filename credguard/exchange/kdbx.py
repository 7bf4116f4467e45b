"""KDBX, the file of KeePass and KeePassXC: bytes ↔ its XML. 4 and 3.1 are read, 4 is written.

Source: the KeePass help page "KDBX 4", and KeePassXC's `src/format/Kdbx4Reader.cpp`. Every cost that a file
asks for is looked at before it is paid, and what it unpacks to has a limit.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from credguard.domain.errors import CredGuardError
from credguard.domain.secret import Secret
from credguard.domain.text import Text, text
from credguard.exchange import kdbx3
from credguard.exchange.kdbx3 import Salsa20
from credguard.exchange.key_file import key_of

MIB = 1 << 20
MAX_FILE = 64 * MIB
MAX_XML = 64 * MIB
MAX_MEMORY = 2048 * MIB  # of Argon2
MAX_WORK = 16 * 1024 * MIB  # memory × passes
MAX_LANES = 16
MAX_ROUNDS = 200_000_000  # of AES-KDF

MAGIC = bytes.fromhex("03d9a29a67fb4bb5")
_CIPHER, _COMPRESSION, _SEED, _IV, _KDF = 2, 3, 4, 7, 11
_AES = bytes.fromhex("31c1f2e6bf714350be5805216afc5aff")
_CHACHA = bytes.fromhex("d6038a2b8b6f4cb5a524339a31dbb59a")
_AES_KDF = (
    bytes.fromhex("7c02bb8279a74ac0927d114a00648238"),
    bytes.fromhex("c9d9f39a628a4460bf740d08c18a4fea"),
)
_ARGON2D = bytes.fromhex("ef636ddf8c29444b91f7a9a403e30a0c")
_ARGON2ID = bytes.fromhex("9e298b1956db4773b23dfc3ec6f0a1e6")
_HEADER_BLOCK = (1 << 64) - 1
_BLOCK = MIB


@dataclass(frozen=True, slots=True)
class Opened:
    """The XML of a file, and the stream that hides its protected values."""

    xml: bytes
    stream: Stream | Salsa20


class Stream:
    """The ChaCha20 stream over the protected values, in the order in which they stand in the XML."""

    def __init__(self, key: bytes) -> None:
        from cryptography.hazmat.primitives.ciphers import Cipher
        from cryptography.hazmat.primitives.ciphers.algorithms import ChaCha20

        material = hashlib.sha512(key).digest()
        self._stream = Cipher(ChaCha20(material[:32], bytes(4) + material[32:44]), None).encryptor()

    def over(self, data: bytes) -> bytes:
        return self._stream.update(data)


def read_kdbx(data: bytes, password: Secret | None, key_file: bytes | None = None) -> Opened:
    """Open a KDBX file with its password, its key file (the bytes of it), or both.

    Raises CredGuardError `kdbx-unsupported`, `kdbx-damaged`, `kdbx-cost` or `wrong-passphrase`.
    """
    if data[:8] != MAGIC or len(data) < 12:
        raise _unsupported(text("This is no KeePass file."))
    minor, major = struct.unpack_from("<HH", data, 8)
    if major not in {3, 4}:
        raise _unsupported(
            text(
                "This KeePass file has format {major}.{minor}; 3.1 and 4 are read.", major=major, minor=minor
            )
        )
    if len(data) > MAX_FILE:
        raise _cost(text("The file has {n} MiB; 64 are read at the most.", n=len(data) // MIB))
    composite = _composite(password, key_file)
    try:
        return _read_3(data, composite) if major == 3 else _read_4(data, composite)
    except (KeyError, struct.error, IndexError, ValueError, OverflowError, zlib.error):
        raise _damaged() from None


def _composite(password: Secret | None, key_file: bytes | None) -> bytes:
    parts = b""
    if password is not None:
        parts += hashlib.sha256(password.reveal().encode("utf-8", "replace")).digest()
    if key_file is not None:
        parts += key_of(key_file)
    return hashlib.sha256(parts).digest()


def _read_3(data: bytes, composite: bytes) -> Opened:
    fields, end = kdbx3.header(data)
    if fields[_CIPHER] != _AES or _number(fields[10]) != 2:
        raise _unsupported(text("This KeePass file is encrypted with a cipher that is not known here."))
    key = hashlib.sha256(fields[_SEED] + _aes_kdf(composite, fields[5], _number(fields[6]))).digest()
    # Without a checksum over all, only what stands at the start tells a wrong password.
    plain = _aes(key, fields[_IV], data[end:])
    if not fields[9] or not hmac.compare_digest(plain[: len(fields[9])], fields[9]):
        raise _wrong_password()
    content = kdbx3.blocks(_unpadded(plain)[len(fields[9]) :])
    if _number(fields[_COMPRESSION]) == 1:
        content = _inflated(content)
    return Opened(content, Salsa20(fields[8]))


def _read_4(data: bytes, composite: bytes) -> Opened:
    fields, end = _header(data)
    seed, kdf = fields[_SEED], _dictionary(fields[_KDF])
    if len(data) < end + 64 or hashlib.sha256(data[:end]).digest() != data[end : end + 32]:
        raise _damaged()
    transformed = _transform(composite, kdf)
    base = hashlib.sha512(seed + transformed + b"\x01").digest()
    if not hmac.compare_digest(_mac(base, _HEADER_BLOCK, data[:end]), data[end + 32 : end + 64]):
        raise _wrong_password()
    body = b"".join(_blocks(data, end + 64, base))
    plain = _decrypted(fields, hashlib.sha256(seed + transformed).digest(), body)
    if _number(fields[_COMPRESSION]) == 1:
        plain = _inflated(plain)
    return _inner(plain)


def write_kdbx(xml: bytes, stream_key: bytes, password: Secret, memory: int, passes: int) -> bytes:
    """A KDBX 4 file: AES-256, Argon2id of `memory` bytes and `passes`, gzip. `stream_key` as in Opened."""
    from cryptography.hazmat.primitives.ciphers import Cipher
    from cryptography.hazmat.primitives.ciphers.algorithms import AES
    from cryptography.hazmat.primitives.ciphers.modes import CBC
    from cryptography.hazmat.primitives.padding import PKCS7

    seed, iv, salt = secrets.token_bytes(32), secrets.token_bytes(16), secrets.token_bytes(32)
    kdf = {
        "$UUID": _ARGON2ID,
        "S": salt,
        "P": struct.pack("<I", 1),
        "M": struct.pack("<Q", memory),
        "I": struct.pack("<Q", passes),
        "V": struct.pack("<I", 0x13),
    }
    header = MAGIC + struct.pack("<HH", 0, 4)
    for number, value in (
        (_CIPHER, _AES),
        (_COMPRESSION, struct.pack("<I", 1)),
        (_SEED, seed),
        (_IV, iv),
        (_KDF, _written(kdf)),
        (0, b"\r\n\r\n"),
    ):
        header += struct.pack("<BI", number, len(value)) + value
    composite = _composite(password, None)
    transformed = _transform(composite, kdf)
    base = hashlib.sha512(seed + transformed + b"\x01").digest()
    inner = struct.pack("<BII", 1, 4, 3) + struct.pack("<BI", 2, len(stream_key)) + stream_key + bytes(5)
    packer = zlib.compressobj(wbits=31)
    padder = PKCS7(128).padder()
    padded = padder.update(packer.compress(inner + xml) + packer.flush()) + padder.finalize()
    cipher = Cipher(AES(hashlib.sha256(seed + transformed).digest()), CBC(iv)).encryptor()
    body = cipher.update(padded) + cipher.finalize()
    data = header + hashlib.sha256(header).digest() + _mac(base, _HEADER_BLOCK, header)
    parts = [body[at : at + _BLOCK] for at in range(0, len(body), _BLOCK)]
    for number, part in enumerate([*parts, b""]):
        data += _block_mac(base, number, part) + struct.pack("<I", len(part)) + part
    return data


# ── the outside ──────────────────────────────────────────────────────────────────────────────────
def _header(data: bytes) -> tuple[dict[int, bytes], int]:
    fields: dict[int, bytes] = {}
    at = 12
    while True:
        number, length = struct.unpack_from("<BI", data, at)
        at += 5
        value = data[at : at + length]
        at += length
        if len(value) != length or number in fields:
            raise _damaged()
        if number == 0:
            return fields, at
        fields[number] = value


def _dictionary(data: bytes) -> dict[str, bytes]:
    if data[1] != 1:
        raise _unsupported(text("This KeePass file keeps its parameters in a way that is not known here."))
    found: dict[str, bytes] = {}
    at = 2
    while data[at]:
        (length,) = struct.unpack_from("<I", data, at + 1)
        name = data[at + 5 : at + 5 + length].decode()
        at += 5 + length
        (length,) = struct.unpack_from("<I", data, at)
        found[name] = data[at + 4 : at + 4 + length]
        at += 4 + length
    return found


_TYPES = {"$UUID": 0x42, "S": 0x42, "P": 0x04, "M": 0x05, "I": 0x05, "V": 0x04}


def _written(values: dict[str, bytes]) -> bytes:
    parts = [struct.pack("<H", 0x0100)]
    for name, value in values.items():
        parts.append(struct.pack("<BI", _TYPES[name], len(name)) + name.encode())
        parts.append(struct.pack("<I", len(value)) + value)
    return b"".join([*parts, b"\0"])


def _number(value: bytes) -> int:
    return int.from_bytes(value, "little")


def _transform(composite: bytes, kdf: dict[str, bytes]) -> bytes:
    """The key derivation that the file asks for, if it is a reasonable one."""
    kind = kdf["$UUID"]
    if kind in _AES_KDF:
        return _aes_kdf(composite, kdf["S"], _number(kdf["R"]))
    if kind not in {_ARGON2D, _ARGON2ID}:
        raise _unsupported(text("This KeePass file derives its key in a way that is not known here."))
    memory, passes, lanes = (_number(kdf[name]) for name in ("M", "I", "P"))
    if memory > MAX_MEMORY or memory * passes > MAX_WORK or not 1 <= lanes <= MAX_LANES or passes < 1:
        raise _cost(
            text(
                "This file asks for {n} MiB of memory, {passes} times over, to open.",
                n=memory // MIB,
                passes=passes,
            )
        )
    if kdf.get("K") or kdf.get("A") or _number(kdf["V"]) != 0x13 or memory < 8 * lanes * 1024:
        raise _unsupported(text("This KeePass file derives its key in a way that is not known here."))
    from cryptography.hazmat.primitives.kdf import argon2

    maker = getattr(argon2, "Argon2d" if kind == _ARGON2D else "Argon2id", None)
    if maker is None:
        raise _unsupported(text("This KeePass file derives its key in a way that is not known here."))
    try:
        derived: bytes = maker(
            salt=kdf["S"], length=32, iterations=passes, lanes=lanes, memory_cost=memory // 1024
        ).derive(composite)
    except MemoryError:
        raise _cost(
            text("This file takes {n} MiB of memory to open, which is not free.", n=memory // MIB)
        ) from None
    return derived


def _aes_kdf(composite: bytes, salt: bytes, rounds: int) -> bytes:
    if rounds > MAX_ROUNDS or len(salt) != 32:
        raise _cost(text("This file asks for {n} rounds to open.", n=rounds))
    from cryptography.hazmat.primitives.ciphers import Cipher
    from cryptography.hazmat.primitives.ciphers.algorithms import AES
    from cryptography.hazmat.primitives.ciphers.modes import CBC

    halves = []
    for block in (composite[:16], composite[16:]):
        # CBC over zeros encrypts its own last block again and again, which is what the rounds are.
        chain, left = Cipher(AES(salt), CBC(block)).encryptor(), rounds
        while left:
            count = min(left, 65_536)
            block, left = chain.update(bytes(16 * count))[-16:], left - count
        halves.append(block)
    return hashlib.sha256(b"".join(halves)).digest()


# ── the inside ───────────────────────────────────────────────────────────────────────────────────
def _mac(base: bytes, number: int, content: bytes) -> bytes:
    return hmac.digest(hashlib.sha512(struct.pack("<Q", number) + base).digest(), content, "sha256")


def _block_mac(base: bytes, number: int, part: bytes) -> bytes:
    return _mac(base, number, struct.pack("<QI", number, len(part)) + part)


def _blocks(data: bytes, at: int, base: bytes) -> Iterator[bytes]:
    number = 0
    while True:
        mac = data[at : at + 32]
        (length,) = struct.unpack_from("<I", data, at + 32)
        part = data[at + 36 : at + 36 + length]
        if len(part) != length or not hmac.compare_digest(_block_mac(base, number, part), mac):
            raise _damaged()
        if not length:
            return
        yield part
        at, number = at + 36 + length, number + 1


def _decrypted(fields: dict[int, bytes], key: bytes, body: bytes) -> bytes:
    kind, iv = fields[_CIPHER], fields[_IV]
    if kind == _CHACHA:
        from cryptography.hazmat.primitives.ciphers import Cipher
        from cryptography.hazmat.primitives.ciphers.algorithms import ChaCha20

        return Cipher(ChaCha20(key, bytes(4) + iv), None).decryptor().update(body)
    if kind != _AES:
        raise _unsupported(text("This KeePass file is encrypted with a cipher that is not known here."))
    return _unpadded(_aes(key, iv, body))


def _aes(key: bytes, iv: bytes, body: bytes) -> bytes:
    from cryptography.hazmat.primitives.ciphers import Cipher
    from cryptography.hazmat.primitives.ciphers.algorithms import AES
    from cryptography.hazmat.primitives.ciphers.modes import CBC

    cipher = Cipher(AES(key), CBC(iv)).decryptor()
    return cipher.update(body) + cipher.finalize()


def _unpadded(plain: bytes) -> bytes:
    from cryptography.hazmat.primitives.padding import PKCS7

    remover = PKCS7(128).unpadder()
    return remover.update(plain) + remover.finalize()


def _inflated(packed: bytes) -> bytes:
    unpacker = zlib.decompressobj(wbits=31)
    plain = unpacker.decompress(packed, MAX_XML + 1)
    if len(plain) > MAX_XML:
        raise _cost(text("This file unpacks to more than {n} MiB.", n=MAX_XML // MIB))
    if not unpacker.eof:
        raise _damaged()
    return plain


def _inner(plain: bytes) -> Opened:
    at, stream, key = 0, 0, b""
    while True:
        number, length = struct.unpack_from("<BI", plain, at)
        value = plain[at + 5 : at + 5 + length]
        at += 5 + length
        if len(value) != length:
            raise _damaged()
        if number == 0:
            break
        if number == 1:
            stream = _number(value)
        elif number == 2:
            key = value
    if stream != 3:
        raise _unsupported(text("This KeePass file hides its values with a cipher that is not known here."))
    return Opened(plain[at:], Stream(key))


# ── errors ───────────────────────────────────────────────────────────────────────────────────────
def _unsupported(what: Text) -> CredGuardError:
    return CredGuardError(
        "kdbx-unsupported",
        what,
        text("Save it with KeePassXC as KDBX 4, with AES or ChaCha20, then try again. Nothing was imported."),
    )


def _wrong_password() -> CredGuardError:
    return CredGuardError(
        "wrong-passphrase",
        text("The password is wrong, or the file was changed."),
        text("Try again, with its key file too if it has one. A hardware key cannot be used here."),
        retry=True,
    )


def _damaged() -> CredGuardError:
    return CredGuardError(
        "kdbx-damaged",
        text("The KeePass file is cut off or damaged."),
        text("Use another copy of it. Nothing was imported."),
    )


def _cost(what: Text) -> CredGuardError:
    return CredGuardError(
        "kdbx-cost",
        what,
        text("Refused. Save it with cheaper settings, then try again. Nothing was imported."),
    )
