"""KDBX 3.1, the file of older KeePass programs, read only: AES, the AES key derivation, Salsa20 inside.

Source: KeePassXC's `src/format/Kdbx3Reader.cpp`; Salsa20 as D. J. Bernstein describes it.
"""

from __future__ import annotations

import hashlib
import hmac
import struct

_NONCE = bytes.fromhex("e830094b97205d2a")
_WORD = 0xFFFFFFFF


class Salsa20:
    """The stream over the protected values. In Python: it hides some kilobytes of passwords."""

    def __init__(self, key: bytes) -> None:
        k = struct.unpack("<8I", hashlib.sha256(key).digest())
        c = struct.unpack("<4I", b"expand 32-byte k")
        n = struct.unpack("<2I", _NONCE)
        self._start = [c[0], *k[:4], c[1], *n, 0, 0, c[2], *k[4:], c[3]]
        self._counter = 0
        self._left = b""

    def over(self, data: bytes) -> bytes:
        missing = -(-max(0, len(data) - len(self._left)) // 64)
        self._left += b"".join(self._block() for _ in range(missing))
        mask, self._left = self._left[: len(data)], self._left[len(data) :]
        return bytes(a ^ b for a, b in zip(data, mask, strict=True))

    def _block(self) -> bytes:
        start = list(self._start)
        start[8], start[9] = self._counter & _WORD, self._counter >> 32
        self._counter += 1
        x = list(start)
        for _ in range(10):
            for a, b, c, d in _COLUMNS + _ROWS:
                x[b] ^= _turned(x[a] + x[d], 7)
                x[c] ^= _turned(x[b] + x[a], 9)
                x[d] ^= _turned(x[c] + x[b], 13)
                x[a] ^= _turned(x[d] + x[c], 18)
        return struct.pack("<16I", *((a + b) & _WORD for a, b in zip(x, start, strict=True)))


_COLUMNS = ((0, 4, 8, 12), (5, 9, 13, 1), (10, 14, 2, 6), (15, 3, 7, 11))
_ROWS = ((0, 1, 2, 3), (5, 6, 7, 4), (10, 11, 8, 9), (15, 12, 13, 14))


def _turned(value: int, by: int) -> int:
    value &= _WORD
    return (value << by | value >> (32 - by)) & _WORD


def header(data: bytes) -> tuple[dict[int, bytes], int]:
    """The fields, and where the content begins. Raises struct.error, ValueError."""
    fields: dict[int, bytes] = {}
    at = 12
    while True:
        number, length = struct.unpack_from("<BH", data, at)
        value = data[at + 3 : at + 3 + length]
        at += 3 + length
        if len(value) != length or number in fields:
            raise ValueError
        if number == 0:
            return fields, at
        fields[number] = value


def blocks(data: bytes) -> bytes:
    """The content of hashed blocks. Raises struct.error, ValueError."""
    found: list[bytes] = []
    at, number = 0, 0
    while True:
        index, digest, length = struct.unpack_from("<I32sI", data, at)
        part = data[at + 40 : at + 40 + length]
        if index != number or len(part) != length:
            raise ValueError
        if not length:
            return b"".join(found)
        if not hmac.compare_digest(hashlib.sha256(part).digest(), digest):
            raise ValueError
        found.append(part)
        at, number = at + 40 + length, number + 1
