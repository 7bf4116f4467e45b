"""Keeping a window out of shared screens and recordings, where the system has a call for it.

Windows: `SetWindowDisplayAffinity` (learn.microsoft.com, winuser.h). macOS: `NSWindow.sharingType`
(developer.apple.com, AppKit), which ScreenCaptureKit of macOS 15 and newer passes over. Linux desktops have
nothing of the kind. A guard against what happens by oversight: no guard against who photographs the screen.
"""

from __future__ import annotations

import ctypes
import sys
from typing import Any, Literal

#: `most`: macOS 15 and newer, where programs of the new kind see the window all the same.
Reach = Literal["all", "most", "none"]

_WDA_NONE, _WDA_EXCLUDEFROMCAPTURE = 0x0, 0x11  # below Windows 10 2004 it acts as WDA_MONITOR: a black window
_SHARING_NONE, _SHARING_READ_ONLY = 0, 1  # NSWindowSharingType
_PASSED_OVER = 15


def reach(platform: str = sys.platform, mac_version: str = "") -> Reach:
    """How much `hide` does on this system."""
    if platform == "win32":
        return "all"
    if platform != "darwin":
        return "none"
    if not mac_version:
        import platform as system

        mac_version = system.mac_ver()[0]
    major = mac_version.partition(".")[0]
    return "all" if major.isdigit() and int(major) < _PASSED_OVER else "most"


def hide(handle: int, hidden: bool, platform: str = sys.platform, library: Any = None) -> bool:
    """Hide the top-level window `handle` (HWND, NSView *) from captures, or show it to them again.

    Returns whether the system took it; never raises. `library` stands in for the system's own, in tests.
    """
    try:
        if platform == "win32":
            return _hide_windows(handle, hidden, library)
        if platform == "darwin":
            return _hide_macos(handle, hidden, library)
    except (OSError, AttributeError):
        return False
    return False


def _hide_windows(handle: int, hidden: bool, library: Any) -> bool:
    user32 = library or ctypes.WinDLL("user32")  # type: ignore[attr-defined,unused-ignore]
    call = user32.SetWindowDisplayAffinity
    call.argtypes, call.restype = [ctypes.c_void_p, ctypes.c_uint32], ctypes.c_int
    return bool(call(handle, _WDA_EXCLUDEFROMCAPTURE if hidden else _WDA_NONE))


def _hide_macos(handle: int, hidden: bool, library: Any) -> bool:
    objc = library or ctypes.CDLL("/usr/lib/libobjc.A.dylib")
    objc.sel_registerName.argtypes, objc.sel_registerName.restype = [ctypes.c_char_p], ctypes.c_void_p
    # Each signature needs a prototype of its own: objc_msgSend is not variadic on Apple silicon.
    call = objc.objc_msgSend
    send = int((ctypes.cast(call, ctypes.c_void_p).value or 0) if library is None else call)
    kind = ctypes.CFUNCTYPE
    ask = kind(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)(send)
    tell = kind(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_ulong)(send)
    window = ask(handle, objc.sel_registerName(b"window"))
    if not window:
        return False
    tell(window, objc.sel_registerName(b"setSharingType:"), _SHARING_NONE if hidden else _SHARING_READ_ONLY)
    return True
