"""What a computer tells of itself: it goes to sleep, its screen is locked.

Linux: logind's PrepareForSleep and Lock on the system bus (org.freedesktop.login1), ActiveChanged of
org.freedesktop.ScreenSaver and org.gnome.ScreenSaver on the session bus, through jeepney. macOS and
Windows: events_macos.py and events_windows.py, after the systems' documentation, never run by us.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Callable
from typing import Any, Literal, Protocol

Event = Literal["sleep", "screen-lock"]
Told = Callable[[Event], None]

_LOGIN = "org.freedesktop.login1"
_MANAGER = "/org/freedesktop/login1"
_SAVERS = ("org.freedesktop.ScreenSaver", "org.gnome.ScreenSaver")
#: How long one wait for a signal is (seconds): then it looks whether it was told to end.
_LOOK = 0.5
#: Signals kept while something else is waited for.
_KEPT = 64
#: A bus that was lost is tried again after this long (seconds).
_AGAIN = 30.0


class Listener(Protocol):
    """Something that hears events until it is closed."""

    def close(self) -> None: ...


def listen(told: Told) -> Listener:
    """Call `told` for each event, from another thread. Where nothing can be heard, nothing is."""
    if sys.platform.startswith("linux"):
        return Buses(told)
    if sys.platform == "darwin":
        from credguard.system.events_macos import MacEvents

        return MacEvents(told)
    if sys.platform == "win32":
        from credguard.system.events_windows import WindowsEvents

        return WindowsEvents(told)
    return Nothing()


class Nothing:
    """A system that tells of nothing."""

    def close(self) -> None:
        return None


class Buses:
    """Linux: the system bus and the session bus, a thread for each."""

    def __init__(self, told: Told, system: str | None = None, session: str | None = None) -> None:
        """Addresses of the two buses, the usual ones unless given; `ready` once both are listened to
        or were found missing."""
        self._told = told
        self._end = threading.Event()
        self._ready = [threading.Event(), threading.Event()]
        jobs = ((self._system, system or "SYSTEM"), (self._session, session or "SESSION"))
        self._threads = [
            threading.Thread(target=self._keep, args=(job, address, ready), daemon=True)
            for (job, address), ready in zip(jobs, self._ready, strict=True)
        ]
        for thread in self._threads:
            thread.start()

    def ready(self, seconds: float) -> bool:
        return all(ready.wait(seconds) for ready in self._ready)

    def close(self) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join(2)

    # ── one bus ──────────────────────────────────────────────────────────────────────────────────
    def _keep(self, job: Callable[[Any], None], address: str, ready: threading.Event) -> None:
        """Listen; a bus that is not there, or is lost, is tried again."""
        try:
            from jeepney.io.blocking import open_dbus_connection
        except ImportError:
            ready.set()
            return
        while not self._end.is_set():
            with contextlib.suppress(Exception):  # whatever a bus does, the agent goes on without it
                # Descriptors are passed where the library can: logind's inhibitor is one.
                connection = open_dbus_connection(address, enable_fds=True)
                with contextlib.closing(connection):
                    job(_Bus(connection, self._end, ready))
            ready.set()
            self._end.wait(_AGAIN)

    def _system(self, bus: _Bus) -> None:
        bus.match(interface=f"{_LOGIN}.Manager", member="PrepareForSleep", path=_MANAGER, sender=_LOGIN)
        bus.match(interface=f"{_LOGIN}.Session", member="Lock", sender=_LOGIN)
        delay = bus.delay_sleep()
        for path, interface, member, body in bus.signals():
            if interface == f"{_LOGIN}.Manager" and member == "PrepareForSleep":
                if body and body[0] is True:
                    self._told("sleep")
                    _let_go(delay)  # it may sleep now
                    delay = None
                else:
                    delay = bus.delay_sleep()
            elif interface == f"{_LOGIN}.Session" and member == "Lock" and path in bus.my_sessions():
                self._told("screen-lock")

    def _session(self, bus: _Bus) -> None:
        for saver in _SAVERS:
            bus.match(interface=saver, member="ActiveChanged")
        for _, interface, member, body in bus.signals():
            if interface in _SAVERS and member == "ActiveChanged" and body and body[0] is True:
                self._told("screen-lock")


def _let_go(delay: Any) -> None:
    if delay is not None:
        with contextlib.suppress(Exception):
            delay.close()


class _Bus:
    """One connection of jeepney: matches, calls, signals."""

    def __init__(self, connection: Any, end: threading.Event, ready: threading.Event) -> None:
        from jeepney import MatchRule

        self._connection = connection
        self._end = end
        self._ready = ready
        # Signals that come while an answer is waited for are kept, not lost.
        self._filter = connection.filter(MatchRule(type="signal"), bufsize=_KEPT)
        self._heard = self._filter.queue

    def match(self, **rule: str) -> None:
        from jeepney import MatchRule, message_bus

        self._connection.send_and_get_reply(message_bus.AddMatch(MatchRule(type="signal", **rule)), timeout=5)

    def _call(self, member: str, signature: str | None = None, body: tuple[Any, ...] = ()) -> Any:
        from jeepney import DBusAddress, MessageType, new_method_call

        address = DBusAddress(_MANAGER, bus_name=_LOGIN, interface=f"{_LOGIN}.Manager")
        answer = self._connection.send_and_get_reply(
            new_method_call(address, member, signature, body), timeout=5
        )
        return answer.body if answer.header.message_type == MessageType.method_return else None

    def delay_sleep(self) -> Any:
        """Sleep waits (a few seconds at most) while the descriptor is open; None where it may not."""
        with contextlib.suppress(Exception):
            answer = self._call(
                "Inhibit", "ssss", ("sleep", "CredGuard", "Locks before the computer sleeps", "delay")
            )
            return answer[0] if answer else None
        return None

    def my_sessions(self) -> set[str]:
        """The object paths of this user's sessions."""
        with contextlib.suppress(Exception):
            answer = self._call("ListSessions")
            if answer:
                return {path for _, uid, _, _, path in answer[0] if uid == os.getuid()}
        return set()

    def signals(self) -> Any:
        """(path, interface, member, body) of each signal, until told to end."""
        from jeepney import HeaderFields

        self._ready.set()
        while not self._end.is_set():
            try:
                message = self._connection.recv_until_filtered(self._heard, timeout=_LOOK)
            except TimeoutError:
                continue
            fields = message.header.fields
            yield (
                fields.get(HeaderFields.path),
                fields.get(HeaderFields.interface),
                fields.get(HeaderFields.member),
                message.body,
            )
