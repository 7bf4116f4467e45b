"""Which of our windows are kept out of shared screens: all of them, where the setting says so."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from credguard.system import sharing

#: Windows of these platforms are no windows of the system.
_DRAWN_ONLY = {"offscreen", "minimal"}


class Hider(QObject):
    """Follows one window: the system forgets it when the window gets another handle."""

    def __init__(self, widget: QWidget, hidden: bool) -> None:
        super().__init__(widget)
        self.setObjectName("hider")
        self._widget, self.hidden = widget, hidden
        widget.installEventFilter(self)
        self.follow()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in {QEvent.Type.WinIdChange, QEvent.Type.Show}:
            self.follow()
        return False

    def follow(self) -> None:
        """Tell the system, once there is a window to tell of."""
        if self._widget.internalWinId() and QGuiApplication.platformName() not in _DRAWN_ONLY:
            sharing.hide(int(self._widget.internalWinId()), self.hidden)


def keep_out(widget: QWidget, hidden: bool) -> None:
    """From now on `widget` is hidden from shared screens, or not."""
    if sharing.reach() == "none":
        return
    found = widget.findChild(Hider, "hider")
    if found is None:
        Hider(widget, hidden)
    elif found.hidden != hidden:
        found.hidden = hidden
        found.follow()
