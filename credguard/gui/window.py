"""The window: how it begins, locks, takes keys, changes its size, and ends."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QTimer
from PySide6.QtGui import QCloseEvent, QKeyEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QApplication, QWidget

from credguard.gui.actions import Actions
from credguard.gui.routes import PAGES
from credguard.gui.theme import LARGE, NARROW, theme

if TYPE_CHECKING:
    from credguard.gui.passphrase import Asker
    from credguard.gui.security_keys import KeysAtWindow
    from credguard.services import Services


class Window(Actions):
    """1120 × 720 at first, 800 × 560 at least."""

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self.setWindowTitle("CredGuard" + (" (demo)" if services.demo else ""))
        self.setMinimumSize(800, 560)
        self.resize(1120, 720)
        self._narrow = False
        self.locked = False
        self.asker: Asker | None = None  # asks for the sealed vault's passphrase
        self.security_keys: KeysAtWindow | None = None
        self._locked_at = "home"
        self.rail.searched.connect(self.open_palette)
        self.rail.locked.connect(self.lock)
        self._watch = QTimer(self)
        self._watch.setInterval(2000)
        self._watch.timeout.connect(self._look_for_changes)
        self._begun = False

    def _begin(self) -> None:
        """After the first paint: nothing is loaded, built or read before it that it does not show."""
        from PySide6.QtGui import QGuiApplication

        from credguard.gui.focus import FocusRing
        from credguard.gui.icons import app_icon

        self._ring = FocusRing(self)
        self._shortcuts()
        self.show_page("home")
        QGuiApplication.setWindowIcon(app_icon())
        self._watch.start()
        # To open the store loads more than Home needs, so it waits until Home is there.
        self.tasks.idle.connect(self._name_store)

    def _name_store(self) -> None:
        self.tasks.idle.disconnect(self._name_store)
        services = self.services

        def named(label: str) -> None:
            self.rail.lock.store = label
            self.rail.lock.update()

        self.tasks.run(lambda tell: services.store_label(), named, lambda error: None, quick=True)

    # ── locking ──────────────────────────────────────────────────────────────────────────────────
    def lock(self) -> None:
        """Ctrl L and the lock row: nothing is shown or kept in widgets until it is unlocked."""
        from credguard.gui.journeys.lock import lock

        if self.locked:
            return
        self.locked = True
        self.setProperty("locked", True)
        self.clipboard.clear()
        if self.asker is not None:
            self.asker.give_up()
        if "dialogs" in self.__dict__:
            self.dialogs.close_panel()
        shown = self.findChild(QWidget, "palette")
        if shown is not None:
            shown.hide()
            shown.deleteLater()
        if "toast" in self.__dict__:
            self.toast.hide()
        self._locked_at, self._current = self._current or "home", ""
        for page in self._pages.values():
            self._stack.removeWidget(page)
            page.deleteLater()
        self._pages.clear()
        self._stack.hide()
        self.rail.hide()
        lock(self)

    def unlocked(self) -> None:
        """Everything is read again."""
        self.locked = False
        self.setProperty("locked", False)
        self._stack.show()
        if self._journey is not None:
            self._journey.setFocus()
            return
        self.rail.show()
        self.show_page(self._locked_at)

    # ── keys and sizes ───────────────────────────────────────────────────────────────────────────
    def _shortcuts(self) -> None:
        from PySide6.QtGui import QKeySequence, QShortcut

        def add(keys: str, call: Callable[[], Any]) -> None:
            QShortcut(QKeySequence(keys), self).activated.connect(call)

        for number, (key, _, _) in enumerate(PAGES, 1):
            add(f"Ctrl+{number}", partial(self.show_page, key))
        add("Ctrl+L", self.lock)
        add("Ctrl+K", self.open_palette)
        add("Ctrl+F", self._search)
        add("F5", self.check_now)
        add("Alt+Left", self.back)
        add("Ctrl+N", lambda: self.add_code() if self._current == "codes" else self.first_run())

    def open_palette(self) -> None:
        """Ctrl K and the Find field: the palette over what is shown; again closes it."""
        from credguard.gui.palette import Palette

        shown = self.findChild(Palette)
        if shown is not None and shown.isVisible():
            shown.close_palette()
        elif self._journey is None and ("dialogs" not in self.__dict__ or self.dialogs.panel is None):
            Palette(self)

    def _search(self) -> None:
        if self._current in self._pages:
            self._pages[self._current].search()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """What nobody took is the page's: Enter does its first thing wherever the focus is."""
        page, focus = self._pages.get(self._current), QApplication.focusWidget()
        inside = page is not None and focus is not None and (focus is page or page.isAncestorOf(focus))
        if page is None or inside or self._journey is not None:
            super().keyPressEvent(event)
        else:
            page.keyPressEvent(event)

    def measure(self) -> None:
        """The text size changed."""
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()
        if "toast" in self.__dict__:
            self.toast.place()

    def _fit(self) -> None:
        narrow = self.width() < NARROW or theme().scale >= LARGE
        if narrow != self._narrow:
            self._narrow = narrow
            self.rail.set_narrow(narrow)
            self.changed()

    def closeEvent(self, event: QCloseEvent) -> None:
        """What runs goes on where it stopped, at the next start."""
        from PySide6.QtCore import QSettings

        QSettings("credguard", "window").setValue("geometry", self.saveGeometry())
        self._watch.stop()
        self.clipboard.clear()
        super().closeEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(self.rect(), theme().color("page"))
        if not self._begun:
            self._begun = True
            QTimer.singleShot(0, self._begin)
