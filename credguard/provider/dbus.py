"""As much of D-Bus as one question to the Secret Service needs, over `_socket`.

D-Bus Specification (message format, EXTERNAL authentication) and the Secret Service API draft
(session `plain`). Standard library only; little-endian messages; two seconds for everything.
"""

from __future__ import annotations

import _socket
import os
from time import monotonic

SERVICE = "org.freedesktop.secrets"
ROOT = "/org/freedesktop/secrets"
_CALL, _RETURN, _ERROR = 1, 2, 3
_MAX = 1 << 20
_ALIGN = {"y": 1, "u": 4, "i": 4, "b": 4, "s": 4, "o": 4, "g": 1, "a": 4, "(": 8, "{": 8, "v": 1}


class Unavailable(Exception):
    """The bus or the keychain does not answer as expected: leave it to the full program."""


def bus_addresses() -> list[bytes]:
    """Socket addresses of the session bus, abstract ones starting with a zero byte."""
    named = os.environ.get("DBUS_SESSION_BUS_ADDRESS", "")
    if not named:
        runtime = os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}"
        return [os.fsencode(f"{runtime}/bus")]
    found = []
    for address in named.split(";"):
        transport, _, options = address.partition(":")
        pairs = dict(option.partition("=")[::2] for option in options.split(","))
        if transport == "unix" and "path" in pairs:
            found.append(_unescaped(pairs["path"]))
        elif transport == "unix" and "abstract" in pairs:
            found.append(b"\0" + _unescaped(pairs["abstract"]))
    return found


def _unescaped(value: str) -> bytes:
    first, *rest = os.fsencode(value).split(b"%")
    return first + b"".join(bytes((int(part[:2], 16),)) + part[2:] for part in rest)


class Connection:
    """One authenticated connection. Every wait ends at `deadline` (monotonic seconds)."""

    def __init__(self, deadline: float) -> None:
        self._deadline = deadline
        self._serial = 0
        self._buffer = b""
        self._socket = self._connect()
        self._authenticate()
        self.call("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "Hello")

    def _connect(self) -> _socket.socket:
        for address in bus_addresses():
            made = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
            made.settimeout(self._left())
            try:
                made.connect(address)
            except OSError:
                made.close()
                continue
            return made
        raise Unavailable("no bus")

    def _left(self) -> float:
        left = self._deadline - monotonic()
        if left <= 0:
            raise Unavailable("time")
        return left

    def _authenticate(self) -> None:
        uid = str(os.getuid()).encode().hex().encode()
        self._send(b"\0AUTH EXTERNAL " + uid + b"\r\n")
        line = b""
        while not line.endswith(b"\r\n"):
            line += self._receive(1)
            if len(line) > 200:
                raise Unavailable("authentication")
        if not line.startswith(b"OK "):
            raise Unavailable("authentication")
        self._send(b"BEGIN\r\n")

    def _send(self, data: bytes) -> None:
        try:
            self._socket.settimeout(self._left())
            while data:
                data = data[self._socket.send(data) :]
        except OSError:
            raise Unavailable("send") from None

    def _receive(self, count: int) -> bytes:
        while len(self._buffer) < count:
            try:
                self._socket.settimeout(self._left())
                piece = self._socket.recv(max(4096, count - len(self._buffer)) if count > 1 else 1)
            except OSError:
                raise Unavailable("receive") from None
            if not piece:
                raise Unavailable("closed")
            self._buffer += piece
        data, self._buffer = self._buffer[:count], self._buffer[count:]
        return data

    def call(
        self,
        destination: str,
        path: str,
        interface: str,
        member: str,
        signature: str = "",
        body: bytes = b"",
    ) -> tuple[str, bytes]:
        """Signature and body of the reply. Raises Unavailable for an error or anything unexpected."""
        self._serial += 1
        fields = (
            (1, "o", path), (2, "s", interface), (3, "s", member), (6, "s", destination), (8, "g", signature),
        )  # fmt: skip
        header = b""
        for code, kind, value in fields:
            if value:
                header += bytes(-len(header) % 8) + bytes((code, 1)) + kind.encode() + b"\0"
                header += bytes(-len(header) % _ALIGN[kind]) + string(value, kind)
        fixed = b"l" + bytes((_CALL, 0, 1)) + _u32(len(body)) + _u32(self._serial) + _u32(len(header))
        self._send(fixed + header + bytes(-(len(fixed) + len(header)) % 8) + body)
        while True:
            message, answers, found, content = self._message()
            if answers != self._serial:
                continue  # a signal, or something else that is not ours
            if message != _RETURN:
                raise Unavailable(found or "error")
            return found, content

    def _message(self) -> tuple[int, int, str, bytes]:
        fixed = self._receive(16)
        if fixed[:1] != b"l":
            raise Unavailable("byte order")
        length, size = _read_u32(fixed, 4), _read_u32(fixed, 12)
        if length > _MAX or size > _MAX:
            raise Unavailable("size")
        header = self._receive(size + -size % 8)[:size]
        body = self._receive(length)
        answers, signature, error = 0, "", ""
        at = 0
        while at < size:
            at += -at % 8
            code = header[at]
            kind, at = _signature(header, at + 1)
            if kind == "u":
                at += -at % 4
                number, at = _read_u32(header, at), at + 4
                answers = number if code == 5 else answers
            elif kind in {"s", "o"}:
                word, at = read_string(header, at)
                error = word if code == 4 else error
            elif kind == "g":
                word, at = _signature(header, at)
                signature = word if code == 8 else signature
            else:
                raise Unavailable("header")
        return fixed[1], answers, (signature if fixed[1] == _RETURN else error), body

    def close(self) -> None:
        self._socket.close()


def _u32(value: int) -> bytes:
    return value.to_bytes(4, "little")


def _read_u32(data: bytes, at: int) -> int:
    if at + 4 > len(data):
        raise Unavailable("short")
    return int.from_bytes(data[at : at + 4], "little")


def string(value: str, kind: str = "s") -> bytes:
    """A string, object path (`s`, `o`) or signature (`g`), not aligned."""
    data = value.encode()
    return (bytes((len(data),)) if kind == "g" else _u32(len(data))) + data + b"\0"


def read_string(data: bytes, at: int) -> tuple[str, int]:
    """The string at `at` (aligned here) and where it ends."""
    at += -at % 4
    length = _read_u32(data, at)
    end = at + 4 + length
    if end + 1 > len(data):
        raise Unavailable("short")
    return data[at + 4 : end].decode(), end + 1


def _signature(data: bytes, at: int) -> tuple[str, int]:
    length = data[at]
    return data[at + 1 : at + 1 + length].decode(), at + 2 + length


def read_paths(data: bytes, at: int) -> tuple[list[str], int]:
    """The array of object paths at `at` and where it ends."""
    at += -at % 4
    end = at + 4 + _read_u32(data, at)
    at += 4
    paths = []
    while at < end:
        path, at = read_string(data, at)
        paths.append(path)
    return paths, at


def read_bytes(data: bytes, at: int) -> tuple[bytes, int]:
    """The array of bytes at `at` and where it ends."""
    at += -at % 4
    length = _read_u32(data, at)
    end = at + 4 + length
    if end > len(data):
        raise Unavailable("short")
    return data[at + 4 : end], end


def attributes(pairs: tuple[tuple[str, str], ...]) -> bytes:
    """The body `a{ss}`."""
    content = b""
    for name, value in pairs:
        content += bytes(-len(content) % 8)
        content += string(name)
        content += bytes(-len(content) % 4)
        content += string(value)
    # The array's length does not count the padding before its first pair: 4 bytes length, 4 of padding.
    return _u32(len(content)) + bytes(4) + content
