"""Sleep and the screen's lock on macOS, through ctypes.

After Apple's documentation: IORegisterForSystemPower (IOKit, Technical Q&A QA1340) and the distributed
notification com.apple.screenIsLocked. Never run by us.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from typing import Any

_WILL_SLEEP, _CAN_SLEEP = 0xE0000280, 0xE0000270  # kIOMessageSystemWillSleep, kIOMessageCanSystemSleep
_IMMEDIATELY, _UTF8 = 4, 0x08000100
_FRAMEWORKS = "/System/Library/Frameworks/{0}.framework/{0}"


class MacEvents:
    """A thread with a run loop of its own."""

    def __init__(self, told: Callable[[Any], None]) -> None:
        self._told = told
        self._loop: Any = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        if self._loop is not None:
            self._core.CFRunLoopStop(self._loop)
        self._thread.join(2)

    def _run(self) -> None:
        try:
            core: Any = ctypes.CDLL(_FRAMEWORKS.format("CoreFoundation"))
            kit: Any = ctypes.CDLL(_FRAMEWORKS.format("IOKit"))
        except OSError:
            return
        self._core = core
        pointer = ctypes.c_void_p
        for name in ("CFRunLoopGetCurrent", "CFNotificationCenterGetDistributedCenter",
                     "CFStringCreateWithCString"):  # fmt: skip
            getattr(core, name).restype = pointer
        core.CFStringCreateWithCString.argtypes = [pointer, ctypes.c_char_p, ctypes.c_uint32]
        core.CFRunLoopAddSource.argtypes = [pointer, pointer, pointer]
        core.CFRunLoopStop.argtypes = [pointer]
        self._loop = core.CFRunLoopGetCurrent()

        notified = ctypes.CFUNCTYPE(None, pointer, pointer, pointer, pointer, pointer)
        self._locked = notified(lambda *_: self._told("screen-lock"))
        core.CFNotificationCenterAddObserver.argtypes = [
            pointer, pointer, notified, pointer, pointer, ctypes.c_long
        ]  # fmt: skip
        core.CFNotificationCenterAddObserver(
            core.CFNotificationCenterGetDistributedCenter(), None, self._locked,
            core.CFStringCreateWithCString(None, b"com.apple.screenIsLocked", _UTF8), None, _IMMEDIATELY,
        )  # fmt: skip

        power = ctypes.CFUNCTYPE(None, pointer, ctypes.c_uint32, ctypes.c_uint32, pointer)
        port, notifier = pointer(), ctypes.c_uint32()

        def heard(_: Any, service: int, message: int, argument: Any) -> None:
            if message == _WILL_SLEEP:
                self._told("sleep")
            if message in {_WILL_SLEEP, _CAN_SLEEP}:
                kit.IOAllowPowerChange(root, argument)

        self._power = power(heard)
        kit.IORegisterForSystemPower.argtypes = [
            pointer, ctypes.POINTER(pointer), power, ctypes.POINTER(ctypes.c_uint32)
        ]  # fmt: skip
        kit.IORegisterForSystemPower.restype = ctypes.c_uint32
        kit.IOAllowPowerChange.argtypes = [ctypes.c_uint32, pointer]
        kit.IONotificationPortGetRunLoopSource.restype = pointer
        kit.IONotificationPortGetRunLoopSource.argtypes = [pointer]
        root = kit.IORegisterForSystemPower(None, ctypes.byref(port), self._power, ctypes.byref(notifier))
        if root:
            common = pointer.in_dll(core, "kCFRunLoopCommonModes")
            core.CFRunLoopAddSource(self._loop, kit.IONotificationPortGetRunLoopSource(port), common)
        core.CFRunLoopRun()
