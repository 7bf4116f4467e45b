"""Sleep and the screen's lock on Windows, through ctypes: a window that nobody sees.

After Microsoft's documentation: WM_POWERBROADCAST (PBT_APMSUSPEND), WTSRegisterSessionNotification and
WM_WTSSESSION_CHANGE (WTS_SESSION_LOCK). Run under Wine, where nothing locks or sleeps by itself: the messages
were sent by hand (docs/windows.md).
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from typing import Any

_DESTROY, _CLOSE, _POWER, _SESSION = 0x0002, 0x0010, 0x0218, 0x02B1
_SUSPEND, _LOCKED = 0x0004, 0x7
_THIS_SESSION = 0  # NOTIFY_FOR_THIS_SESSION


class WindowsEvents:
    """A thread with a message loop of its own."""

    def __init__(self, told: Callable[[Any], None]) -> None:
        self._told = told
        self._window: Any = None
        self._made = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def ready(self, seconds: float) -> bool:
        """Whether the window is there, or could not be made, within that time."""
        return self._made.wait(seconds)

    def close(self) -> None:
        self._made.wait(2)
        if self._window:
            self._user.PostMessageW(self._window, _CLOSE, 0, 0)
        self._thread.join(2)

    def _run(self) -> None:
        try:
            self._listen()
        finally:
            self._made.set()

    def _listen(self) -> None:
        load: Any = getattr(ctypes, "WinDLL", None)
        make: Any = getattr(ctypes, "WINFUNCTYPE", None)
        if load is None or make is None:
            return
        user, terminal, kernel = load("user32"), load("wtsapi32"), load("kernel32")
        self._user = user
        pointer, number = ctypes.c_void_p, ctypes.c_ssize_t
        procedure = make(number, pointer, ctypes.c_uint, ctypes.c_size_t, number)

        class Class(ctypes.Structure):
            _fields_ = (
                ("style", ctypes.c_uint),
                ("procedure", procedure),
                ("class_extra", ctypes.c_int),
                ("window_extra", ctypes.c_int),
                ("instance", pointer),
                ("icon", pointer),
                ("cursor", pointer),
                ("background", pointer),
                ("menu", ctypes.c_wchar_p),
                ("name", ctypes.c_wchar_p),
            )

        user.DefWindowProcW.argtypes = [pointer, ctypes.c_uint, ctypes.c_size_t, number]
        user.DefWindowProcW.restype = number
        user.CreateWindowExW.argtypes = [
            ctypes.c_uint32, ctypes.c_wchar_p, ctypes.c_wchar_p, ctypes.c_uint32,
            *[ctypes.c_int] * 4, *[pointer] * 4,
        ]  # fmt: skip
        user.CreateWindowExW.restype = pointer
        user.GetMessageW.argtypes = [pointer, pointer, ctypes.c_uint, ctypes.c_uint]
        user.PostMessageW.argtypes = [pointer, ctypes.c_uint, ctypes.c_size_t, number]
        kernel.GetModuleHandleW.argtypes = [ctypes.c_wchar_p]
        kernel.GetModuleHandleW.restype = pointer
        terminal.WTSRegisterSessionNotification.argtypes = [pointer, ctypes.c_uint32]
        terminal.WTSUnRegisterSessionNotification.argtypes = [pointer]

        def heard(window: Any, message: int, first: int, second: int) -> int:
            if message == _POWER and first == _SUSPEND:
                self._told("sleep")
                return 1
            if message == _SESSION and first == _LOCKED:
                self._told("screen-lock")
                return 0
            if message == _DESTROY:
                terminal.WTSUnRegisterSessionNotification(window)
                user.PostQuitMessage(0)
                return 0
            return int(user.DefWindowProcW(window, message, first, second))

        self._procedure = procedure(heard)
        name = "CredGuardEvents"
        kind = Class(procedure=self._procedure, instance=kernel.GetModuleHandleW(None), name=name)
        user.RegisterClassW(ctypes.byref(kind))
        # A top-level window: message-only ones get no broadcasts.
        self._window = user.CreateWindowExW(0, name, name, 0, 0, 0, 0, 0, None, None, kind.instance, None)
        if not self._window:
            return
        terminal.WTSRegisterSessionNotification(self._window, _THIS_SESSION)
        self._made.set()
        message = ctypes.create_string_buffer(64)  # MSG is 48 bytes at most
        while user.GetMessageW(message, None, 0, 0) > 0:
            user.TranslateMessage(message)
            user.DispatchMessageW(message)
