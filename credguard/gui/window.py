"""The window: how it begins, locks, takes keys, changes its size, and ends."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QKeyEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QApplication, QWidget

from credguard.domain.errors import CredGuardError
from credguard.gui.actions import Actions
from credguard.gui.routes import PAGES
from credguard.gui.theme import LARGE, NARROW, theme

if TYPE_CHECKING:
    from credguard.gui.agent_link import AgentLink
    from credguard.gui.passphrase import Asker
    from credguard.gui.security_keys import KeysAtWindow
    from credguard.gui.tray import Tray
    from credguard.queries.openness import Openness
    from credguard.services import Services


class Window(Actions):
    """1120 × 720 at first, 800 × 560 at least. `opened` gives the Openness whenever it is another."""

    opened = Signal(object)

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self.setWindowTitle("CredGuard" + (" (demo)" if services.demo else ""))
        self.setMinimumSize(800, 560)
        self.resize(1120, 720)
        self._narrow = False
        self.locked = False
        self.asker: Asker | None = None  # asks for the sealed vault's passphrase
        self.security_keys: KeysAtWindow | None = None
        self.tray: Tray | None = None
        self.link: AgentLink | None = None
        self.waiting: tuple[dict[str, Any], ...] = ()  # programs that wait for somebody to unlock
        self._ending = False
        # The agent ends for a change of ours: inf while that goes on, then the moment it was through.
        self.lock_due: float | None = None
        self.openness: Openness | None = None
        self._looking = False
        self._locked_at = "home"
        self.rail.searched.connect(self.open_palette)
        self.rail.locked.connect(self._lock_row)
        self._watch = QTimer(self)
        self._watch.setInterval(2000)
        self._watch.timeout.connect(self._look_around)
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
        self.follow_sharing()
        self._watch.start()
        # To open the store loads more than Home needs, so it waits until Home is there.
        self.tasks.idle.connect(self.look_at_lock, Qt.ConnectionType.SingleShotConnection)

    def follow_sharing(self) -> None:
        """Whether others see our windows on a shared screen may have changed."""
        from credguard.gui.sharing import keep_out

        hidden = bool(self.services.settings.get("hide_from_sharing"))
        popup = self.tray.shown_popup if self.tray is not None else None
        for one in (self, popup, self.link.prompt if self.link is not None else None):
            if one is not None:
                keep_out(one, hidden)

    # ── locking ──────────────────────────────────────────────────────────────────────────────────
    def look_at_lock(self) -> None:
        """Show what is open now; it may have been opened or closed elsewhere."""
        if self._looking:
            return
        self._looking = True
        services = self.services

        def found(now: Openness) -> None:
            self._looking = False
            if now != self.openness:
                self.openness = now
                self.rail.lock.set_state(now.label, now.state)
                self.opened.emit(now)

        def failed(error: CredGuardError) -> None:
            self._looking = False  # what needs the store says so itself

        self.tasks.run(lambda tell: services.openness(), found, failed, quick=True)

    def _lock_row(self) -> None:
        """A click on the lock row: the other way round from what it says."""
        if self.openness is None or self.openness.state == "open":
            self.lock()
        elif self.openness.state == "none":
            self.first_run()
        else:
            self.open_vault()

    def unlock_now(self) -> None:
        """From elsewhere: the locked page opens what asks for nothing, else its field waits."""
        page = self.findChild(QWidget, "locked")
        if page is not None and self.locked:
            page.unlock()  # type: ignore[attr-defined]
        elif self.openness is None or self.openness.state != "open":
            self._lock_row()

    def show_waiting(self, events: tuple[dict[str, Any], ...]) -> None:
        """Programs wait for this person (docs/agent.md, `waiting`), or do no more. The window comes up
        without the keyboard: somebody may be typing elsewhere."""
        more = len(events) > len(self.waiting)
        self.waiting = events
        page = self.findChild(QWidget, "locked")
        if page is not None and self.locked:
            page.show_waiting()  # type: ignore[attr-defined]
        if more and not self.isVisible():
            self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
            self.show()
            self.raise_()
            self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating, False)
        if more:
            QApplication.alert(self)

    def open_vault(self) -> None:
        """Ask for what opens the vault, and show what it held back."""
        services = self.services

        def done(_: bool) -> None:
            self.look_at_lock()
            self.changed()

        def failed(error: CredGuardError) -> None:
            self.look_at_lock()
            if error.code not in {"vault-locked", "key-cancelled"}:
                self.show_error(error)

        self.tasks.run(lambda tell: services.open_by_asking(), done, failed)

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
        self.opened.emit(self.openness)

    def unlocked(self) -> None:
        """Everything is read again."""
        self.locked = False
        self.setProperty("locked", False)
        self.opened.emit(self.openness)
        self.look_at_lock()
        self._stack.show()
        if self._journey is not None:
            self._journey.setFocus()
            return
        self.rail.show()
        self.show_page(self._locked_at)

    def _look_around(self) -> None:
        """Every two seconds: another process may have written, opened or closed the vault, or asked for
        this window."""
        from credguard.gui.single import wanted

        if wanted():
            self.bring_up()
        self._look_for_changes()
        if self.isVisible() and self.openness is not None and not self.tasks.busy:
            self.look_at_lock()

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
        add("Ctrl+Q", self.quit)
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

    def bring_up(self) -> None:
        """Show it before all others."""
        if self.isMinimized():
            self.setWindowState(self.windowState() & ~Qt.WindowState.WindowMinimized)
        self.show()
        self.raise_()
        self.activateWindow()
        self.look_at_lock()

    def quit(self) -> None:
        """Ctrl Q, and Quit in the tray: also where closing would only put it away."""
        self._ending = True
        self.close()
        QApplication.quit()

    def closeEvent(self, event: QCloseEvent) -> None:
        """What runs goes on where it stopped, at the next start. With the tray it only goes there."""
        from PySide6.QtCore import QSettings
        from PySide6.QtGui import QGuiApplication

        QSettings("credguard", "window").setValue("geometry", self.saveGeometry())
        app = QGuiApplication.instance()
        leaving = self._ending or (isinstance(app, QGuiApplication) and app.isSavingSession())
        if not leaving and self.tray is not None and self.tray.keeps():
            event.ignore()
            self.hide()
            return
        self._watch.stop()
        self.clipboard.clear()
        super().closeEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(self.rect(), theme().color("page"))
        if not self._begun:
            self._begun = True
            QTimer.singleShot(0, self._begin)
