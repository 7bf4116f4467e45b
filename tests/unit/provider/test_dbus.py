"""A bus that answers nonsense: the provider leaves the work to the full program, soon and without harm."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from credguard.provider import client, dbus, direct

pytestmark = pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="needs Unix sockets")

Answer = Callable[[int, bytes], bytes]


def _u32(value: int) -> bytes:
    return value.to_bytes(4, "little")


def _reply(serial: int, signature: str, body: bytes, kind: int = 2) -> bytes:
    """A well-formed reply to call number `serial`."""
    header = b"\x05\x01u\0" + _u32(serial)
    if signature:
        header += b"\x08\x01g\0" + bytes((len(signature),)) + signature.encode() + b"\0"
    fixed = b"l" + bytes((kind, 0, 1)) + _u32(len(body)) + _u32(serial) + _u32(len(header))
    return fixed + header + bytes(-len(header) % 8) + body


def _honest(number: int, request: bytes) -> bytes:
    """Hello, OpenSession, SearchItems, GetSecret … of a keychain with one item."""
    if number == 1:
        return _reply(1, "s", dbus.string(":1.7"))
    if number == 2:
        body = b"\x01s\0\0" + dbus.string("")
        return _reply(2, "vo", body + bytes(-len(body) % 4) + dbus.string("/session/1"))
    if number % 2:
        path = dbus.string("/item/1")
        return _reply(number, "aoao", _u32(len(path)) + path + bytes(-(4 + len(path)) % 4) + _u32(0))
    body = dbus.string("/session/1")
    body += bytes(-len(body) % 4) + _u32(0) + _u32(3) + b"{} "
    return _reply(number, "(oayays)", body)


class Bus:
    """Accepts connections, signs everybody in, and answers each call with what `answer` makes."""

    def __init__(self, path: Path) -> None:
        self.answer: Answer = _honest
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(str(path))
        self._server.listen(8)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            try:
                connection.recv(4096)
                connection.sendall(b"OK 1234deadbeef\r\n")
                number = 0
                while request := connection.recv(65536):
                    request = request.removeprefix(b"BEGIN\r\n")
                    if not request:
                        continue
                    number += 1
                    connection.sendall(self.answer(number, request))
            except OSError:
                return

    def close(self) -> None:
        self._server.close()


@pytest.fixture
def bus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bus]:
    path = tmp_path / "bus"
    made = Bus(path)
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={path}")
    monkeypatch.setenv("CREDGUARD_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("CREDGUARD_STORE", raising=False)
    yield made
    made.close()


def _asked() -> tuple[str | None, float]:
    """What the direct way gives for a profile, as `main` takes it, and how long that took."""
    began = time.monotonic()
    try:
        found = client._direct("p-1")
    except Exception:  # what `main` does
        found = None
    return found, time.monotonic() - began


def test_the_double_is_a_keychain(bus: Bus) -> None:
    keychain = direct.SecretService()
    assert keychain.read("profile/p-1") == "{} "
    keychain.close()


def test_answers_of_several_collections_are_left_to_the_full_program(bus: Bus) -> None:
    """A copy in another collection may be an old one, with a key that is off."""

    def answer(number: int, request: bytes) -> bytes:
        if number != 3:
            return _honest(number, request)
        one, other = dbus.string("/item/1"), dbus.string("/item/2")
        both = one + bytes(-len(one) % 4) + other
        return _reply(3, "aoao", _u32(len(both)) + both + bytes(-(4 + len(both)) % 4) + _u32(0))

    bus.answer = answer
    with pytest.raises(dbus.Unavailable, match="several"):
        direct.SecretService().read("profile/p-1")


@pytest.mark.parametrize("seed", range(150))
def test_changed_cut_and_invented_answers(bus: Bus, seed: int) -> None:
    luck = random.Random(seed)
    victim = luck.randint(1, 4)

    def answer(number: int, request: bytes) -> bytes:
        honest = bytearray(_honest(number, request))
        if number != victim:
            return bytes(honest)
        match seed % 5:
            case 0:  # some bytes changed
                for _ in range(luck.randint(1, 6)):
                    honest[luck.randrange(len(honest))] = luck.randrange(256)
            case 1:  # cut, and the connection stays
                del honest[luck.randrange(len(honest)) :]
                honest += b"l\x02\0\1" + bytes(12)
            case 2:  # a length out of all proportion
                at = luck.choice([4, 12, len(honest) - 4])
                honest[at : at + 4] = luck.choice([b"\xff\xff\xff\xff", b"\0\0\x10\0", b"\xff\xff\xff\x7f"])
            case 3:
                honest = bytearray(luck.randbytes(luck.randint(1, 300)))
            case _:  # an error reply, and one to another call
                honest = bytearray(_reply(99, "s", dbus.string("x")) + _reply(number, "", b"", kind=3))
        return bytes(honest)

    bus.answer = answer
    found, took = _asked()
    assert found is None
    assert took < direct.SECONDS + 1


def test_signals_without_end_stop_with_the_time(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(direct, "SECONDS", 0.3)
    bus.answer = lambda number, request: _reply(77, "s", dbus.string("noise"), kind=4) * 20_000
    assert _asked()[0] is None
