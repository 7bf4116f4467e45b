"""The window: rail, pages built when first opened, dialogs and toasts above them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QTimer
from PySide6.QtGui import QCloseEvent, QKeyEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QApplication, QHBoxLayout, QStackedWidget, QWidget

from credguard.domain.errors import CredGuardError
from credguard.gui.clipboard import Clipboard
from credguard.gui.tasks import Tasks
from credguard.gui.theme import LARGE, NARROW, theme
from credguard.gui.translate import words
from credguard.gui.widgets.rail import Rail

if TYPE_CHECKING:
    from credguard.gui.journeys.add_code import AddCodeDialog
    from credguard.gui.pages.page import Page
    from credguard.gui.passphrase import Asker
    from credguard.gui.security_keys import KeysAtWindow
    from credguard.gui.widgets.overlay import DialogHost, Toast
    from credguard.queries.accounts import AccountRow
    from credguard.queries.codes import CodeNow
    from credguard.queries.home import HomeView, Waiting
    from credguard.services import Services
    from credguard.workflows.check import CheckProblem
    from credguard.workflows.intake import Outcome

PAGES = [
    ("home", "house", "Home"), ("accounts", "briefcase", "Accounts"), ("codes", "timer", "Codes"),
    ("plaintext", "file-search", "Plaintext"), ("activity", "activity", "Activity"),
]  # fmt: skip
BOTTOM = [("settings", "settings", "Settings")]
#: The page of the rail that a sub page belongs to.
_INSIDE = {"account": "accounts", "root": "accounts", "locking": "settings", "security-keys": "settings"}


def sign_in_address(row: AccountRow) -> str:
    """Where a person signs in on the website; root has no address of its own account."""
    if row.is_root:
        return "console.aws.amazon.com"
    return f"{row.account.alias or row.account.account_id}.signin.aws.amazon.com/console"


class Window(QWidget):
    """1120 × 720 at first, 800 × 560 at least."""

    def __init__(self, services: Services) -> None:
        super().__init__()
        self.services = services
        self.tasks = Tasks(self)
        self.clipboard = Clipboard(self)
        self.setWindowTitle("CredGuard" + (" (demo)" if services.demo else ""))
        self.setMinimumSize(800, 560)
        self.resize(1120, 720)
        self._pages: dict[str, Page] = {}
        self._history: list[str] = []
        self._current = ""
        self._narrow = False
        self.locked = False
        self.asker: Asker | None = None  # asks for the sealed vault's passphrase
        self.security_keys: KeysAtWindow | None = None
        self._locked_at = "home"
        self.offline = False
        self.problems: dict[str, CredGuardError] = {}
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        self.rail = Rail(PAGES, BOTTOM)
        self.rail.chosen.connect(self.show_page)
        self.rail.searched.connect(self.open_palette)
        self.rail.locked.connect(self.lock)
        self.rail.select("home")
        layout.addWidget(self.rail)
        self._stack = QStackedWidget()
        layout.addWidget(self._stack, 1)
        self._journey: QWidget | None = None
        self._version = -1
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

    # Above the pages; made when first needed, which is never before the first paint.
    @cached_property
    def dialogs(self) -> DialogHost:
        from credguard.gui.widgets.overlay import DialogHost

        return DialogHost(self)

    @cached_property
    def toast(self) -> Toast:
        from credguard.gui.widgets.toast import Toast

        return Toast(self)

    def reveal(self, widget: QWidget) -> None:
        """Scroll the page so that `widget` and the ring around it are seen."""
        if self._current in self._pages:
            self._pages[self._current].area.ensureWidgetVisible(widget, 0, 24)

    def ring_is_on(self, widget: QWidget | None) -> bool:
        """Whether the focus ring is drawn around `widget`: the keyboard is in use."""
        return widget is not None and self._ring.target is widget

    # ── pages ────────────────────────────────────────────────────────────────────────────────────
    def _make(self, key: str) -> Page:
        name, _, argument = key.partition(":")
        if name == "home":
            from credguard.gui.pages.home import HomePage

            return HomePage(self)
        if name == "accounts":
            from credguard.gui.pages.accounts import AccountsPage

            return AccountsPage(self)
        if name == "codes":
            from credguard.gui.pages.codes import CodesPage

            return CodesPage(self)
        if name == "plaintext":
            from credguard.gui.pages.plaintext import PlaintextPage

            return PlaintextPage(self)
        if name == "activity":
            from credguard.gui.pages.activity import ActivityPage

            return ActivityPage(self)
        if name == "settings":
            from credguard.gui.pages.settings import SettingsPage

            return SettingsPage(self)
        if name == "locking":
            from credguard.gui.pages.locking import LockingPage

            return LockingPage(self)
        if name == "security-keys":
            from credguard.gui.pages.security_keys import SecurityKeysPage

            return SecurityKeysPage(self)
        if name == "root":
            from credguard.gui.pages.root import RootPage

            return RootPage(self, argument)
        from credguard.gui.pages.account import AccountPage

        return AccountPage(self, argument)

    def show_page(self, key: str) -> None:
        """Show a page, made when first opened, and let it read again."""
        if key not in self._pages:
            self._pages[key] = self._make(key)
            self._pages[key].setObjectName(f"page-{key.partition(':')[0]}")
            self._stack.addWidget(self._pages[key])
        if self._current and self._current != key:
            self._history.append(self._current)
        self._current = key
        self._stack.setCurrentWidget(self._pages[key])
        self.rail.select(_INSIDE.get(key.partition(":")[0], key))
        self._pages[key].reload()

    def back(self) -> None:
        """Alt ←, Esc on a sub page, and the back link."""
        key = self._history.pop() if self._history else "accounts"
        self._current = ""
        self.show_page(key)

    def show_account(self, account_id: str) -> None:
        self.show_page(f"account:{account_id}")

    def show_root(self, account_id: str) -> None:
        self.show_page(f"root:{account_id}")

    def changed(self) -> None:
        """Something was changed: what is shown reads again, the rest when next shown."""
        if self._current:
            self._pages[self._current].reload()

    def _look_for_changes(self) -> None:
        """Another process wrote: read again."""
        if "database" not in self.services.__dict__:
            return
        try:
            version = self.services.database.data_version()
        except CredGuardError:
            return
        if self._version not in {-1, version}:
            self.changed()
        self._version = version

    def set_badges(self, view: HomeView) -> None:
        self.rail.items["home"].set_badge("!" if view.alarms else "", "danger" if view.alarms else "")
        count = len(view.plaintext)
        self.rail.items["plaintext"].set_badge(str(count) if count else "", "warn" if count else "")

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

    # ── journeys ─────────────────────────────────────────────────────────────────────────────────
    def first_run(self) -> None:
        """The import journey; the welcome only where there is nothing yet."""
        from credguard.gui.journeys.first_run import FirstRun

        known = bool(self._pages.get("home")) and self.sender() is not None
        self._journey = FirstRun(self, skip_welcome=known)
        self.rail.hide()
        self._stack.addWidget(self._journey)
        self._stack.setCurrentWidget(self._journey)
        self._journey.setFocus()

    def leave_journey(self, root: str | None = None) -> None:
        """Back to the pages."""
        if self._journey is not None:
            self._stack.removeWidget(self._journey)
            self._journey.deleteLater()
            self._journey = None
        self.rail.show()
        self._current = ""
        if root:
            self.show_root(root)
        else:
            self.show_page("home")

    def add_code(self, way: str = "") -> AddCodeDialog:
        from credguard.gui.journeys.add_code import AddCodeDialog

        dialog = AddCodeDialog(self, way or "screen")
        self.dialogs.show_panel(dialog)
        return dialog

    # ── what cards and rows ask for ──────────────────────────────────────────────────────────────
    def act(self, action: str, row: AccountRow) -> None:
        """One of a card's actions."""
        account = row.account
        if action == "copy-id":
            self.copy_plain(account.account_id, f"{account.name}: account number copied.")
        elif action == "code":
            self._copy_code(row)
        elif action == "console":
            from PySide6.QtCore import QUrl
            from PySide6.QtGui import QDesktopServices

            QDesktopServices.openUrl(QUrl(f"https://{sign_in_address(row)}"))
        elif action == "terminal":
            self._terminal(row)
        elif action == "root":
            self.show_root(account.account_id)
        elif action == "undo" and row.grace is not None:
            from credguard.gui.journeys.rotation import open_undo

            open_undo(self, account.name, row.grace.run_id)
        elif action == "rotate":
            self._rotate(row)

    def _rotate(self, row: AccountRow) -> None:
        from credguard.gui.journeys.rotation import open_resume, open_rotation

        if row.rotating is not None:
            open_resume(self, row.account.name, row.rotating)
        elif row.current is not None:
            open_rotation(self, row.account.name, row.current.access_key_id)

    def _copy_code(self, row: AccountRow) -> None:
        entry = next((m.entry_id for m in row.mfa if m.code and m.entry_id), None)
        if entry is None:
            self.toast.say(f"CredGuard makes no codes for {row.account.name} yet.", icon="info")
            return
        self.copy_code(entry, row.account.name)

    def copy_code(self, entry: str, name: str) -> None:
        """Copy the present code of an entry; `name` is what the toast calls it."""
        services = self.services

        def got(now: CodeNow) -> None:
            if now.used:
                self.toast.say(f"This code was used, the next one comes in {now.valid_for} s.", icon="info")
                return
            self.copied(entry, name, now)

        self.tasks.run(lambda tell: services.code(entry), got, self.show_error, quick=True)

    def copied(self, entry: str, name: str, now: CodeNow) -> None:
        """Copy a code that is on the screen; the toast counts the clipboard."""
        services, seconds = self.services, self.services.settings.get("clipboard_seconds")
        self.clipboard.copy_secret(now.code, seconds)
        said = f"{name} code copied. The clipboard is cleared in {{n}} s."
        self.toast.say(said, icon="clipboard", count=seconds)
        self.tasks.run(lambda tell: services.note_copied(entry, now.step), quick=True)

    def _terminal(self, row: AccountRow) -> None:
        """The system's terminal with AWS_PROFILE set."""
        import shutil
        import subprocess

        key = row.current
        profile = key.profiles[0].name if key and key.profiles else None
        names = ("x-terminal-emulator", "gnome-terminal", "konsole", "xfce4-terminal", "xterm")
        program = next((p for n in names if (p := shutil.which(n))), None)
        if sys.platform == "darwin":
            program = shutil.which("open")
        if profile is None or program is None:
            why = "No profile uses this key." if profile is None else "No terminal program was found."
            self.toast.say(why, icon="info")
            return
        env = {**os.environ, "AWS_PROFILE": profile}
        arguments = [program, "-a", "Terminal"] if sys.platform == "darwin" else [program]
        subprocess.Popen(arguments, env=env, start_new_session=True)

    def do_waiting(self, waiting: Waiting) -> None:
        """The one button of a row in `Can wait`."""
        if waiting.kind == "plaintext":
            self.first_run()
            return
        if waiting.kind == "import":
            self._finish_imports()
            return
        services, wanted = self.services, waiting.account_id

        def found(rows: tuple[AccountRow, ...]) -> None:
            row = next((r for r in rows if r.account.account_id == wanted), None)
            if row is not None:
                self._rotate(row)

        self.tasks.run(lambda tell: services.accounts(), found, self.show_error, quick=True)

    def _finish_imports(self) -> None:
        services = self.services

        def done(outcomes: tuple[Outcome, ...]) -> None:
            kept = [outcome for outcome in outcomes if not outcome.ok]
            self.toast.say(words(kept[0].summary) if kept else "The import is finished.")
            self.changed()

        self.tasks.run(lambda tell: services.finish_imports(), done, self.show_error)

    def check_now(self) -> None:
        """F5: ask AWS about every key."""
        services = self.services
        self.toast.say("Asking AWS …", icon="refresh")

        def done(wrong: tuple[CheckProblem, ...]) -> None:
            silent = [p for p in wrong if p.error.code == "no-network"]
            self.offline = bool(silent)
            self.problems = {p.account_id or "": p.error for p in wrong if p not in silent}
            if silent:
                self.toast.say(words(silent[0].error.what), icon="cloud-off")
            elif wrong:
                self.toast.say(words(wrong[0].error.what), icon="info")
            else:
                self.toast.say("Checked just now.")
            self.changed()

        self.tasks.run(lambda tell: services.check(), done, self.show_error)

    def copy_plain(self, value: str, sentence: str) -> None:
        self.clipboard.copy_plain(value)
        self.toast.say(sentence, icon="clipboard")

    def show_error(self, error: CredGuardError) -> None:
        """An error that belongs to no dialog."""
        self.toast.say(f"{words(error.what)} {words(error.next)}", icon="triangle-alert", seconds=10)

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
