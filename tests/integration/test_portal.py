"""A picture of the screen through a portal: on a private bus, from one that answers as the desktop's does."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from credguard.system.portal import screenshot

_BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:dir={folder}</listen>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""
NAME, PATH = "org.freedesktop.portal.Desktop", "/org/freedesktop/portal/desktop"


class Portal:
    """`status` is what its person says (0 yes, 1 no); `uri` where the picture is; `asked` what was wanted."""

    def __init__(self, folder: Path) -> None:
        config = folder / "bus.conf"
        config.write_text(_BUS.format(folder=folder))
        shown = subprocess.run(
            ["dbus-daemon", f"--config-file={config}", "--fork", "--print-address=1", "--print-pid=1"],
            capture_output=True, text=True, check=True,
        ).stdout.split()  # fmt: skip
        self.address, self._pid = shown[0], int(shown[1])
        self.picture = folder / "a picture.png"
        self.picture.write_bytes(b"\x89PNG picture")
        self.uri = self.picture.as_uri()
        self.status = 0
        self.silent = self.refuses = False
        self.asked: list[dict[str, Any]] = []
        self._end = threading.Event()
        from jeepney import message_bus
        from jeepney.io.blocking import open_dbus_connection

        self._connection = open_dbus_connection(self.address)
        self._connection.send_and_get_reply(message_bus.RequestName(NAME))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        from jeepney import DBusAddress, HeaderFields, MessageType, new_error, new_method_return, new_signal

        while not self._end.is_set():
            try:
                message = self._connection.receive(timeout=0.1)
            except TimeoutError:
                continue
            except OSError:
                return
            fields = message.header.fields
            if message.header.message_type != MessageType.method_call:
                continue
            if self.refuses or fields.get(HeaderFields.member) != "Screenshot":
                self._connection.send(new_error(message, "org.freedesktop.DBus.Error.UnknownMethod"))
                continue
            options = message.body[1]
            self.asked.append({name: value for name, (_, value) in options.items()})
            sender = str(fields[HeaderFields.sender])[1:].replace(".", "_")
            path = f"{PATH}/request/{sender}/{options['handle_token'][1]}"
            results = {"uri": ("s", self.uri)} if self.status == 0 else {}
            answer = new_signal(
                DBusAddress(path, interface="org.freedesktop.portal.Request"), "Response", "ua{sv}",
                (self.status, results),
            )  # fmt: skip
            if not self.silent:
                self._connection.send(answer)  # before the call is answered, as the fastest desktop may
            self._connection.send(new_method_return(message, "o", (path,)))

    def stop(self) -> None:
        self._end.set()
        self._thread.join(5)
        self._connection.close()
        os.kill(self._pid, 15)


@pytest.fixture
def portal() -> Iterator[Portal]:
    if shutil.which("dbus-daemon") is None:
        pytest.skip("dbus-daemon is not installed: the portal is not tested")
    folder = Path(tempfile.mkdtemp(prefix="cgp-"))
    made = Portal(folder)
    try:
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize("region", [False, True])
def test_the_picture_is_read_and_taken_away(portal: Portal, region: bool) -> None:
    assert screenshot(region, portal.address, 10) == b"\x89PNG picture"
    assert not portal.picture.exists(), "it may hold a secret, so it does not stay"
    assert portal.asked[0]["interactive"] is region


def test_a_no_is_a_no(portal: Portal) -> None:
    portal.status = 1
    assert screenshot(False, portal.address, 10) is None
    assert portal.picture.exists()


@pytest.mark.parametrize(
    "uri", ["https://example.com/a.png", "file:///nowhere/a.png", "", "file://other/etc"]
)
def test_a_place_that_is_no_file_here_gives_nothing(portal: Portal, uri: str) -> None:
    portal.uri = uri
    assert screenshot(False, portal.address, 10) is None


def test_no_answer_in_time_gives_nothing(portal: Portal) -> None:
    portal.silent = True
    assert screenshot(False, portal.address, 0.2) is None


def test_a_desktop_without_it_gives_nothing(portal: Portal) -> None:
    portal.refuses = True
    assert screenshot(False, portal.address, 10) is None
    assert screenshot(False, "unix:path=/nowhere/bus", 10) is None
