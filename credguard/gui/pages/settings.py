"""Settings: groups as cards; title, what it does, the control right; a change applies at once."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QWidget

from credguard.domain.errors import CredGuardError
from credguard.gui.pages.locking import summary
from credguard.gui.pages.setting_rows import OpenRow, SettingPage, setting_row
from credguard.gui.theme import theme
from credguard.gui.widgets.controls import Segmented
from credguard.gui.widgets.select import Select

if TYPE_CHECKING:
    from credguard.gui.window import Window
    from credguard.workflows.vault_care import WayIn

#: name, title, line, unit (one, many), what is offered
_NUMBERS = [
    (
        "due_days", "A key is due after", "Older keys are shown as late",
        ("day", "days"), (30, 60, 90, 180, 365),
    ),
    (
        "grace_days", "Keep an old key before it is deleted", "Turned off, with Undo",
        ("day", "days"), (1, 3, 7, 14, 30),
    ),
]  # fmt: skip
_THEMES = [("system", "System"), ("light", "Light"), ("dark", "Dark")]
_TRAY = [
    ("stay", "When the window closes, too", ""), ("show", "While the window is open", ""),
    ("off", "Not shown", ""),
]  # fmt: skip
_TRAY_LINES = {
    "stay": "Closing the window leaves CredGuard there; Ctrl Q ends it",
    "show": "Closing the window ends CredGuard",
    "off": "Closing the window ends CredGuard",
}
_MOTION = [("system", "System"), ("on", "Reduced"), ("off", "Full")]


class SettingsPage(SettingPage):
    """Made from the table of settings: those that do something in this window."""

    shapes = (174, 116, 100)

    def __init__(self, window: Window) -> None:
        super().__init__(window, "Settings", "They apply at once")

    def reload(self) -> None:
        services = self.window_.services

        def look() -> tuple[Any, ...]:
            ways: tuple[WayIn, ...] = ()
            with contextlib.suppress(CredGuardError):  # its own page says what is wrong with the vault
                ways = services.vault.state().ways if services.vault.exists else ()
            keys = sum(way.slot.type == "fido2" for way in ways)
            return dict(services.settings.all()), services.store_kind(), services.store_label(), keys

        self.read(look)

    def draw(self) -> None:
        values, kind, store, count = self.data
        sealed = "sealed" in {kind, values["codes_store"] or kind}
        locking = OpenRow("Locking", summary(values, sealed))
        locking.activated.connect(lambda: self.window_.show_page("locking"))
        keys = OpenRow("Security keys", _keys_line(count, sealed))
        keys.activated.connect(lambda: self.window_.show_page("security-keys"))
        self.group("Safety", [locking, keys, setting_row("Where secrets live", store)])
        self.group("Keys", [self._number(number, values) for number in _NUMBERS])
        look = Segmented(_THEMES, values["theme"], "Light or dark")
        look.chosen.connect(lambda at: self.change(("theme", at)))
        motion = Segmented(_MOTION, values["reduced_motion"], "Movement")
        motion.chosen.connect(lambda at: self.change(("reduced_motion", at)))
        looks = [setting_row("Light or dark", "", look), setting_row("Movement", "", motion)]
        self.group("Looks", [*looks, self._tray(values)])
        self.content.addStretch(1)

    def _tray(self, values: Any) -> QWidget:
        tray, title = self.window_.tray, "In the tray"
        if tray is None or not tray.is_there:
            return setting_row(title, "This desktop has no tray: closing the window ends CredGuard")
        select = Select(_TRAY, title, values["tray"])
        select.setFixedWidth(theme().u(220))
        select.chosen.connect(lambda at: self.change(("tray", at)))
        return setting_row(title, _TRAY_LINES[values["tray"]], select)

    def _number(self, number: tuple[str, str, str, tuple[str, str], tuple[int, ...]], values: Any) -> QWidget:
        name, title, line, (one, many), offered = number
        now = int(values[name])
        items = [(str(n), f"{n} {one if n == 1 else many}", "") for n in sorted({*offered, now})]
        select = Select(items, title, str(now))
        select.setFixedWidth(theme().u(128))
        select.chosen.connect(lambda at: self.change((name, at)))
        return setting_row(title, line, select)


def _keys_line(count: int, sealed: bool) -> str:
    if not sealed and not count:
        return "They open the sealed vault, which is not in use here"
    if not count:
        return "None yet. Three are a good number, one kept away from here"
    return f"{count} {'opens' if count == 1 else 'open'} the vault with a touch"
