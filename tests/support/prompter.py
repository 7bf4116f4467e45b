"""The question of gnome-keyring on a screen that nobody sees, and a person who closes it.

The window is the real one of gcr; it is closed as a window manager does it (WM_DELETE_WINDOW, by Xlib).
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.support.keyring import PrivateKeyring

_PLACES = ("/usr/libexec/gcr-prompter", "/usr/lib/gcr/gcr-prompter", "/usr/lib/x86_64-linux-gnu/gcr-prompter")
_CLIENT_MESSAGE = 33


def missing() -> str | None:
    """What this machine lacks, or None."""
    if shutil.which("Xvfb") is None:
        return "Xvfb"
    if not any(Path(place).exists() for place in _PLACES):
        return "gcr-prompter"
    try:
        ctypes.CDLL("libX11.so.6")
    except OSError:
        return "libX11"
    return None


class _Data(ctypes.Union):
    _fields_ = (("longs", ctypes.c_long * 5),)


class _ClientMessage(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("serial", ctypes.c_ulong),
        ("send_event", ctypes.c_int),
        ("display", ctypes.c_void_p),
        ("window", ctypes.c_ulong),
        ("message_type", ctypes.c_ulong),
        ("format", ctypes.c_int),
        ("data", _Data),
        ("room", ctypes.c_long * 12),  # an XEvent is 24 longs
    )


class Screen:
    """An X server with gcr's prompter on the bus of a keyring."""

    def __init__(self, display: str) -> None:
        self._x: Any = ctypes.CDLL("libX11.so.6")
        self._x.XOpenDisplay.restype = ctypes.c_void_p
        self._x.XInternAtom.restype = ctypes.c_ulong
        self._x.XDefaultRootWindow.restype = ctypes.c_ulong
        self._display = ctypes.c_void_p(self._x.XOpenDisplay(display.encode()))
        assert self._display.value, "the X server did not answer"

    def close_question(self, title: str = "Unlock", tries: int = 400) -> str:
        """Wait for the question and close it; its title."""
        for _ in range(tries):
            for window, name in self._windows():
                if name.startswith(title):
                    self._close(window)
                    return name
            time.sleep(0.05)
        raise AssertionError("no question was shown")

    def _windows(self) -> list[tuple[int, str]]:
        root = self._x.XDefaultRootWindow(self._display)
        ignored, count = ctypes.c_ulong(), ctypes.c_uint()
        children = ctypes.POINTER(ctypes.c_ulong)()
        self._x.XQueryTree(
            self._display, ctypes.c_ulong(root), ctypes.byref(ignored), ctypes.byref(ignored),
            ctypes.byref(children), ctypes.byref(count),
        )  # fmt: skip
        found = []
        for number in range(count.value):
            name = ctypes.c_char_p()
            if self._x.XFetchName(self._display, ctypes.c_ulong(children[number]), ctypes.byref(name)):
                found.append((int(children[number]), (name.value or b"").decode(errors="replace")))
        return found

    def _close(self, window: int) -> None:
        atom = self._x.XInternAtom
        event = _ClientMessage(type=_CLIENT_MESSAGE, window=window, format=32)
        event.message_type = atom(self._display, b"WM_PROTOCOLS", 0)
        event.data.longs[0] = atom(self._display, b"WM_DELETE_WINDOW", 0)
        self._x.XSendEvent(self._display, ctypes.c_ulong(window), 0, ctypes.c_long(0), ctypes.byref(event))
        self._x.XFlush(self._display)

    def end(self) -> None:
        self._x.XCloseDisplay(self._display)


@contextlib.contextmanager
def screen(keyring: PrivateKeyring) -> Iterator[Screen]:
    """The prompter of `keyring` runs for as long as this lasts."""
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", "1024x700x24", "-nolisten", "tcp"],
        pass_fds=(write,), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(write)
    started = [server]
    try:
        with os.fdopen(read) as pipe:
            display = f":{pipe.readline().strip()}"
        started.append(
            subprocess.Popen(
                [next(place for place in _PLACES if Path(place).exists())],
                env={**os.environ, **keyring.env, "DISPLAY": display, "NO_AT_BRIDGE": "1"},
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )
        )  # fmt: skip
        keyring.await_name("org.gnome.keyring.SystemPrompter")
        shown = Screen(display)
        yield shown
        shown.end()
    finally:
        for process in reversed(started):
            process.kill()
            process.wait()
