"""The tray icon: a click shows the codes, its menu opens, locks and quits. Where the system has a tray."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QSettings
from PySide6.QtGui import QAction, QCursor
from PySide6.QtWidgets import QApplication, QMenu, QSystemTrayIcon

from credguard.gui.icons import app_icon, mask_icon
from credguard.gui.widgets.rail import LOCK_WORDS

if TYPE_CHECKING:
    from credguard.gui.tray_popup import TrayPopup
    from credguard.gui.window import Window
    from credguard.queries.openness import Openness

#: A click on the icon takes the keyboard from the popup first, which hides it: not to be shown at once again.
_SAME_CLICK = 0.3  # seconds


class Tray(QObject):
    """Owns the icon and the popup. `available` says whether the system has a tray now: some have none,
    some get one later, and where it goes away the window closes as if there had never been one."""

    def __init__(
        self, window: Window, available: Callable[[], bool] = QSystemTrayIcon.isSystemTrayAvailable
    ) -> None:
        super().__init__(window)
        self._window = window
        self._available = available
        self._popup: TrayPopup | None = None
        self._closed = False
        self.menu = QMenu()
        self.show_action = self._action("Show codes", self.pop_up)
        self.open_action = self._action("Open CredGuard", window.bring_up)
        self.lock_action = self._action("Lock", self._lock_or_unlock)
        self.menu.addSeparator()
        self.quit_action = self._action("Quit", window.quit)
        # macOS tints it by itself; nobody else says how light the panel is, so there it has its colours.
        self.icon = QSystemTrayIcon(mask_icon() if sys.platform == "darwin" else app_icon(), self)
        self.icon.setContextMenu(self.menu)
        self.icon.activated.connect(self._activated)
        window.opened.connect(self._say)
        self._say(window.openness)
        self.follow()

    def _action(self, words: str, call: Callable[[], object]) -> QAction:
        action = QAction(words, self)
        action.setObjectName(f"tray-menu-{words.lower().replace(' ', '-')}")
        action.triggered.connect(lambda: call())
        self.menu.addAction(action)
        return action

    # ── what the settings say ────────────────────────────────────────────────────────────────────
    @property
    def is_there(self) -> bool:
        """Whether the system has a tray now."""
        return not self._closed and self._available()

    @property
    def way(self) -> str:
        """`stay`, `show` or `off`; `off` where the system has no tray."""
        if not self.is_there:
            return "off"
        return str(self._window.services.settings.get("tray"))

    def follow(self) -> None:
        """The setting may be another one."""
        way = self.way
        self.icon.setVisible(way != "off")
        QApplication.setQuitOnLastWindowClosed(way != "stay")
        if way == "off" and not self._window.isVisible() and not self._closed:
            self._window.bring_up()  # nothing else would lead back to it

    def keeps(self) -> bool:
        """Whether the window goes into the tray when it is closed; said once that it does."""
        if self.way != "stay":
            return False
        kept = QSettings("credguard", "window")
        if not kept.value("tray-said", False, type=bool):
            kept.setValue("tray-said", True)
            self.icon.showMessage(
                "CredGuard stays here",
                "It goes on in the tray. Quit ends it; Settings can change that.",
                app_icon(),
            )
        return True

    # ── the icon ─────────────────────────────────────────────────────────────────────────────────
    def _say(self, now: Openness | None) -> None:
        words, _, act = LOCK_WORDS.get(now.state if now is not None else "", ("", "", "Lock"))
        if self._window.locked:
            words, act = "Locked", "Unlock"
        self.lock_action.setText(act)
        self.icon.setToolTip(f"CredGuard: {words.lower()}" if words else "CredGuard")

    def _activated(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        # The context menu shows itself.
        if reason in {QSystemTrayIcon.ActivationReason.Trigger, QSystemTrayIcon.ActivationReason.DoubleClick}:
            self.pop_up()

    @property
    def popup(self) -> TrayPopup:
        if self._popup is None:
            from credguard.gui.tray_popup import TrayPopup

            made = self._popup = TrayPopup(self._window)
            made.opens.connect(self._open)
            made.locks.connect(self._window.lock)
            made.unlocks.connect(self._unlock)
            made.quits.connect(self._window.quit)
            self._window.follow_sharing()
        return self._popup

    @property
    def shown_popup(self) -> TrayPopup | None:
        """The popup, where it was made already."""
        return self._popup

    def pop_up(self) -> None:
        """Show the codes beside the icon; where they are shown already, put them away."""
        popup = self.popup
        if popup.isVisible() or popup.hidden_for() < _SAME_CLICK:
            popup.hide()
            return
        box = self.icon.geometry()
        popup.pop_up(box.center() if box.isValid() and not box.isEmpty() else QCursor.pos())

    def _open(self, page: str) -> None:
        self._window.bring_up()
        if page and not self._window.locked:
            self._window.show_page(page)

    # ── lock, unlock ─────────────────────────────────────────────────────────────────────────────
    def _lock_or_unlock(self) -> None:
        now = self._window.openness
        locked = self._window.locked or (now is not None and now.state not in {"open", ""})
        (self._unlock if locked else self._window.lock)()

    def _unlock(self) -> None:
        """In the window, where a person can type; what asks for nothing opens at once."""
        self._window.bring_up()
        self._window.unlock_now()

    def close(self) -> None:
        """The program ends."""
        self._closed = True
        self.icon.hide()
        if self._popup is not None:
            self._popup.hide()
            self._popup.deleteLater()
            self._popup = None
