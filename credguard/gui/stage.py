"""What the window is built on: the rail, the pages made when first opened, dialogs and toasts above them."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, cast

from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QWidget

from credguard.domain.errors import CredGuardError
from credguard.gui.clipboard import Clipboard
from credguard.gui.routes import BOTTOM, INSIDE, PAGES, make_page
from credguard.gui.tasks import Tasks
from credguard.gui.translate import words
from credguard.gui.widgets.rail import Rail

if TYPE_CHECKING:
    from credguard.gui.focus import FocusRing
    from credguard.gui.pages.page import Page
    from credguard.gui.widgets.overlay import DialogHost
    from credguard.gui.widgets.toast import Toast
    from credguard.gui.window import Window
    from credguard.queries.home import HomeView
    from credguard.services import Services


class Stage(QWidget):
    """Shows one page of `routes.py` at a time. `itself` is what pages and journeys are given."""

    _ring: FocusRing

    def __init__(self, services: Services) -> None:
        super().__init__()
        self.services = services
        self.tasks = Tasks(self)
        self.clipboard = Clipboard(self)
        self._pages: dict[str, Page] = {}
        self._history: list[str] = []
        self._current = ""
        self.offline = False
        self.problems: dict[str, CredGuardError] = {}
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        self.rail = Rail(PAGES, BOTTOM)
        self.rail.chosen.connect(self.show_page)
        self.rail.select("home")
        layout.addWidget(self.rail)
        self._stack = QStackedWidget()
        layout.addWidget(self._stack, 1)
        self._journey: QWidget | None = None
        self._version = -1

    @property
    def itself(self) -> Window:
        return cast("Window", self)

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
    def show_page(self, key: str) -> None:
        """Show a page, made when first opened, and let it read again."""
        if key not in self._pages:
            self._pages[key] = make_page(self.itself, key)
            self._pages[key].setObjectName(f"page-{key.partition(':')[0]}")
            self._stack.addWidget(self._pages[key])
        if self._current and self._current != key:
            self._history.append(self._current)
        self._current = key
        self._stack.setCurrentWidget(self._pages[key])
        self.rail.select(INSIDE.get(key.partition(":")[0], key))
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

    # ── what is said ─────────────────────────────────────────────────────────────────────────────
    def copy_plain(self, value: str, sentence: str) -> None:
        self.clipboard.copy_plain(value)
        self.toast.say(sentence, icon="clipboard")

    def show_error(self, error: CredGuardError) -> None:
        """An error that belongs to no dialog."""
        self.toast.say(f"{words(error.what)} {words(error.next)}", icon="triangle-alert", seconds=10)
