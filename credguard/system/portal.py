"""A picture of the screen through the desktop's portal, where programs see no other windows (Wayland).

org.freedesktop.portal.Screenshot, as its documentation describes it (flatpak.github.io/xdg-desktop-portal):
the desktop asks its person, writes a file, and says where. The file is read and taken away again.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import sys
from typing import Any
from urllib.parse import unquote, urlsplit

_NAME, _PATH = "org.freedesktop.portal.Desktop", "/org/freedesktop/portal/desktop"
_REQUEST = "org.freedesktop.portal.Request"
#: A person has this long to answer what the desktop asks (seconds).
PERSON = 120.0
#: More than any screen is as a PNG (bytes); not one byte more is read.
MOST = (32 << 20) + 1


def screenshot(region: bool = False, address: str = "SESSION", seconds: float = PERSON) -> bytes | None:
    """A picture of the screen, or of the `region` that the person draws; it waits for the person.

    None where there is no portal, where the person said no, or where nothing came in time.
    """
    if not sys.platform.startswith("linux"):
        return None
    try:
        from jeepney.io.blocking import open_dbus_connection
    except ImportError:
        return None
    with contextlib.suppress(Exception):  # whatever a bus or a portal does, there are other ways to a code
        with contextlib.closing(open_dbus_connection(address)) as connection:
            found = _ask(connection, region, seconds)
        return _read(found) if found is not None else None
    return None


def _ask(connection: Any, region: bool, seconds: float) -> str | None:
    """Where the desktop has put the picture."""
    from jeepney import DBusAddress, MatchRule, MessageType, message_bus, new_method_call

    token = f"credguard{secrets.token_hex(8)}"
    sender = connection.unique_name[1:].replace(".", "_")
    path = f"{_PATH}/request/{sender}/{token}"
    # Listened to before it is asked: the answer may come first.
    rule = MatchRule(type="signal", interface=_REQUEST, member="Response", path=path)
    connection.send_and_get_reply(message_bus.AddMatch(rule), timeout=5)
    with connection.filter(
        MatchRule(type="signal", interface=_REQUEST, member="Response", path=path)
    ) as heard:
        options = {"handle_token": ("s", token), "interactive": ("b", region), "modal": ("b", True)}
        portal = DBusAddress(_PATH, bus_name=_NAME, interface="org.freedesktop.portal.Screenshot")
        asked = new_method_call(portal, "Screenshot", "sa{sv}", ("", options))
        answer = connection.send_and_get_reply(asked, timeout=25)
        if answer.header.message_type != MessageType.method_return:
            return None
        status, results = connection.recv_until_filtered(heard, timeout=seconds).body
    kind, place = results.get("uri", ("", ""))
    return str(place) if status == 0 and kind == "s" else None


def _read(place: str) -> bytes | None:
    """The bytes of the file, which goes: it may hold the secret that is in a QR code."""
    parts = urlsplit(place)
    if parts.scheme != "file" or parts.netloc not in {"", "localhost"}:
        return None
    path = unquote(parts.path)
    try:
        with open(path, "rb") as file:
            return file.read(MOST)
    finally:
        os.unlink(path)
