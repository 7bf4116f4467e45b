"""Whether a window could be shown here."""

from __future__ import annotations

import os
import sys


def has_display() -> bool:
    """On Linux a display server must be named; elsewhere there always is one."""
    if os.environ.get("QT_QPA_PLATFORM") in {"offscreen", "minimal"}:
        return True
    if sys.platform.startswith("linux"):
        return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    return True
