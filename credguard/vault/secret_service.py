"""The keychain of a Linux desktop, asked over the session bus: does it answer, is it locked, whose is it.

Only looks; nothing here opens a prompt. Uses what keyring itself uses (secretstorage and jeepney), with
a time limit on every call. https://specifications.freedesktop.org/secret-service/
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from typing import Any

NAME = "org.freedesktop.secrets"
_PATH = "/org/freedesktop/secrets"
_SERVICE = "org.freedesktop.Secret.Service"
_COLLECTION = "org.freedesktop.Secret.Collection"
_ITEM = "org.freedesktop.Secret.Item"


def bus_address() -> str:
    """Where the session bus should be, or "" where there is none."""
    address = os.environ.get("DBUS_SESSION_BUS_ADDRESS", "")
    if address:
        return address
    runtime = os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}"
    path = os.path.join(runtime, "bus")
    return f"unix:path={path}" if os.path.exists(path) else ""


def answers(seconds: float) -> bool:
    """Whether the service answers a ping; a stopped or hung one does not."""
    try:
        with _bus() as connection:
            _call(connection, seconds, _PATH, "org.freedesktop.DBus.Peer", "Ping")
    except Exception:  # whatever the bus or its library raises: it does not answer
        return False
    return True


def locked(seconds: float) -> bool | None:
    """Whether the default collection is locked; None where there is none, or that cannot be told."""
    try:
        with _bus() as connection:
            path = str(_call(connection, seconds, _PATH, _SERVICE, "ReadAlias", "s", ("default",))[0])
            if path == "/":
                return None
            found = _call(
                connection, seconds, path, "org.freedesktop.DBus.Properties", "Get", "ss",
                (_COLLECTION, "Locked"),
            )  # fmt: skip
            return bool(found[0][1])
    except Exception:
        return None


def owner(seconds: float) -> str:
    """The program behind the service, or ""; only for the name that people see."""
    try:
        with _bus() as connection:
            pid = _call(
                connection, seconds, "/org/freedesktop/DBus", "org.freedesktop.DBus",
                "GetConnectionUnixProcessID", "s", (NAME,), to="org.freedesktop.DBus",
            )[0]  # fmt: skip
        with open(f"/proc/{int(pid)}/comm", encoding="utf-8") as file:
            return file.read().strip()
    except Exception:
        return ""


def names(service: str, seconds: float) -> tuple[str, ...]:
    """The attribute `username` of every item of `service` in the default collection, as keyring writes it.

    `seconds` for each question. Raises whatever the bus or its library raises.
    """
    with _bus() as connection:
        path = str(_call(connection, seconds, _PATH, _SERVICE, "ReadAlias", "s", ("default",))[0])
        if path == "/":
            return ()
        found = _call(
            connection, seconds, path, _COLLECTION, "SearchItems", "a{ss}", ({"service": service},)
        )[0]  # fmt: skip
        attributes = (
            _call(
                connection, seconds, str(item), "org.freedesktop.DBus.Properties", "Get", "ss",
                (_ITEM, "Attributes"),
            )[0][1]
            for item in found
        )  # fmt: skip
        return tuple(str(one["username"]) for one in attributes if one.get("username"))


def values(service: str, names: Sequence[str]) -> dict[str, str]:
    """Values of the items of these names, over one connection and one session, where keyring makes two of
    them for each. Nothing where the keychain is locked: this asks nobody. Raises as `names`."""
    from secretstorage.collection import get_default_collection
    from secretstorage.util import open_session

    found: dict[str, str] = {}
    with _bus() as connection:
        collection = get_default_collection(connection)
        if collection.is_locked():
            return {}
        session = open_session(connection)
        for name in names:
            for item in collection.search_items({"service": service, "username": name}):
                item.session = session
                found[name] = item.get_secret().decode()
                break
    return found


@contextlib.contextmanager
def _bus() -> Iterator[Any]:
    import secretstorage

    connection = secretstorage.dbus_init()
    try:
        yield connection
    finally:
        connection.close()


def _call(
    connection: Any,
    seconds: float,
    path: str,
    interface: str,
    method: str,
    signature: str | None = None,
    body: tuple[object, ...] = (),
    to: str = NAME,
) -> Any:
    from jeepney import DBusAddress, MessageType, new_method_call

    address = DBusAddress(path, to, interface)
    reply = connection.send_and_get_reply(new_method_call(address, method, signature, body), timeout=seconds)
    if reply.header.message_type is MessageType.error:
        raise RuntimeError("the service answered with an error")
    return reply.body
