"""Settings › Locking: when keys and codes lock, in two columns; what programs do meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from credguard.gui.pages.setting_rows import SettingPage, duration, setting_row
from credguard.gui.theme import LARGE, theme
from credguard.gui.widgets.button import Button
from credguard.gui.widgets.controls import Switch
from credguard.gui.widgets.select import Select
from credguard.gui.widgets.surface import Note
from credguard.gui.widgets.text import Text
from credguard.system.sharing import Reach, reach

if TYPE_CHECKING:
    from credguard.gui.window import Window

_PARTS = (("keys", "Keys"), ("codes", "Codes"))
_AWAY = (1, 5, 15, 30, 60, 120, 240)
_LONGEST = (15, 60, 240, 480, 720, 1440)
_CLIPBOARD = (10, 30, 60, 120)
_COLUMN = 140
_SHARING: dict[Reach, str] = {
    "all": "Others do not see it, recordings neither",
    "most": "Since macOS 15 some programs see it all the same",
    "none": "Linux has no such thing: what you share is seen",
}


class LockingPage(SettingPage):
    """From the table of settings; what a store does not do is not offered for it."""

    shapes = (222, 116, 58)

    def __init__(self, window: Window) -> None:
        super().__init__(window, "Locking", "Locked pages show no names and no numbers", back="Settings")
        now = Button("Lock now", "secondary", "lock", key="Ctrl L")
        now.clicked.connect(window.lock)
        self.head.addWidget(now)

    def reload(self) -> None:
        services = self.window_.services
        self.read(lambda: (dict(services.settings.all()), services.store_kind(), services.store_label()))

    def draw(self) -> None:
        values, kind, label = self.data
        if "sealed" not in {kind, values["codes_store"] or kind}:
            self.content.addWidget(
                Note(
                    f"These times are for the sealed vault. Yours is {label}: it locks when the system locks "
                    "it, and CredGuard when you do."
                )
            )
        self.group("When to lock", self._when(values))
        self.group("While it is locked", [self._programs(values, kind), self._tray(values, kind)])
        seconds = int(values["clipboard_seconds"])
        items = [(str(n), f"{n} seconds", "") for n in sorted({*_CLIPBOARD, seconds})]
        clipboard = _sized(Select(items, "Clear the clipboard", str(seconds)))
        clipboard.chosen.connect(lambda at: self.change(("clipboard_seconds", at)))
        row = setting_row("Clear the clipboard", "If what was copied is still there", clipboard)
        self.group("On the screen", [row, self._sharing(values)])
        self.content.addStretch(1)

    # ── rows ─────────────────────────────────────────────────────────────────────────────────────
    def _when(self, values: Mapping[str, Any]) -> list[QWidget]:
        away: dict[str, QWidget] = {}
        longest: dict[str, QWidget] = {}
        screen: dict[str, QWidget] = {}
        sleep: dict[str, QWidget] = {}
        each: dict[str, QWidget] = {}
        for part, name in _PARTS:
            away[part] = self._away(part, name, values)
            longest[part] = self._longest(part, name, values)
            for row, setting, title in (
                (screen, f"lock_{part}_on_screen_lock", "when the screen locks"),
                (sleep, f"lock_{part}_on_sleep", "when the computer sleeps"),
            ):
                switch = Switch(f"{name}: {title}", bool(values[setting]))
                switch.toggled.connect(partial(self._switched, setting))
                row[part] = switch
            way = Switch(f"{name}: after each use", values[f"lock_{part}"] == "each-use")
            way.toggled.connect(partial(self._each_use, part))
            each[part] = way
        return [
            _columns("When you are away", "Nothing used them for that long", away, heads=True),
            _columns("At the latest", "After opening, used or not", longest),
            _columns("When the screen locks", "", screen),
            _columns("When the computer sleeps", "", sleep),
            _columns("After each use", "The safest, and the most typing", each),
        ]

    def _away(self, part: str, name: str, values: Mapping[str, Any]) -> Select:
        now, way = int(values[f"lock_{part}_minutes"]), values[f"lock_{part}"]
        items = [(str(n), duration(n), "") for n in sorted({*_AWAY, now})]
        items.append(("never", "Never", ""))
        select = Select(items, f"{name}: when you are away", "never" if way == "never" else str(now))
        # Each use is shorter than any time away.
        select.setEnabled(way != "each-use")
        select.chosen.connect(partial(self._away_chosen, part))
        return select

    def _away_chosen(self, part: str, at: str) -> None:
        if at == "never":
            self.change((f"lock_{part}", "never"))
        else:
            self.change((f"lock_{part}_minutes", at), (f"lock_{part}", "away"))

    def _longest(self, part: str, name: str, values: Mapping[str, Any]) -> Select:
        setting = f"lock_{part}_longest_minutes"
        now, never = int(values[setting]), values[f"lock_{part}"] == "never"
        items = [(str(n), duration(n), "") for n in sorted({*_LONGEST, now})]
        if never:
            items = [("never", "Never", "")]
        select = Select(items, f"{name}: at the latest", "never" if never else str(now))
        select.setEnabled(not never)
        select.chosen.connect(lambda at: self.change((setting, at)))
        return select

    def _switched(self, setting: str, on: bool) -> None:
        self.change((setting, "on" if on else "off"))

    def _each_use(self, part: str, on: bool) -> None:
        self.change((f"lock_{part}", "each-use" if on else "away"))

    def _programs(self, values: Mapping[str, Any], kind: str) -> QWidget:
        title = "Programs that need a key"
        if kind == "sealed":
            # Nothing to choose: without the vault there is nothing to give them.
            return setting_row(title, "They wait up to 40 seconds for you, then get a clear error")
        waits = values["locked_programs"] == "wait"
        line = (
            "They wait up to 40 seconds for you, then get a clear error"
            if waits
            else "They get their keys as before"
        )
        items = [("go-on", "Go on", ""), ("wait", "Wait, then refuse", "")]
        select = _sized(Select(items, title, "wait" if waits else "go-on"), 168)
        select.chosen.connect(lambda at: self.change(("locked_programs", at)))
        return setting_row(title, line, select)

    def _tray(self, values: Mapping[str, Any], kind: str) -> QWidget:
        title = "Keep codes in the tray"
        sealed = "sealed" in {values["codes_store"] or kind}
        waits = values["locked_programs"] == "wait"
        line = "Names and codes stay there while the window is locked"
        if sealed:
            line = "Not with the sealed vault: locked, it makes no codes"
        elif waits:
            line = "Not while programs wait: nothing is given out then"
        elif values["tray"] == "off":
            line = "The tray is turned off"
        can = not (sealed or waits or values["tray"] == "off")
        switch = Switch(title, can and bool(values["tray_codes"]))
        switch.setEnabled(can)
        switch.toggled.connect(partial(self._switched, "tray_codes"))
        return setting_row(title, line, switch)

    def _sharing(self, values: Mapping[str, Any]) -> QWidget:
        title, can = "Hide the window from screen sharing", reach()
        switch = Switch(title, can != "none" and bool(values["hide_from_sharing"]))
        switch.setEnabled(can != "none")
        switch.toggled.connect(partial(self._switched, "hide_from_sharing"))
        return setting_row(title, _SHARING[can], switch)


def _sized(select: Select, width: int = 128) -> Select:
    select.setFixedWidth(theme().u(width))
    return select


def _columns(title: str, line: str, controls: Mapping[str, QWidget], heads: bool = False) -> QWidget:
    """A row with a control for keys and one for codes; with large text each below, with its name."""
    for control in controls.values():
        if isinstance(control, Select):
            _sized(control)
    holder, large = QWidget(), theme().scale >= LARGE
    text = QVBoxLayout()
    text.setSpacing(0)
    text.addWidget(Text(title, "row", wrap=large))
    if line:
        text.addWidget(Text(line, color="text2", wrap=large))
    outer = QVBoxLayout(holder)
    outer.setContentsMargins(20, 8, 12, 8)
    outer.setSpacing(8)
    if large:
        outer.addLayout(text)
        for part, name in _PARTS:
            below = QHBoxLayout()
            below.setSpacing(12)
            label = Text(name, color="text2")
            label.setFixedWidth(theme().u(52))
            below.addWidget(label)
            below.addWidget(controls[part])
            below.addStretch(1)
            outer.addLayout(below)
        return holder
    if heads:
        head = QHBoxLayout()
        head.addStretch(1)
        for _, name in _PARTS:
            label = Text(name, "link", "text2", center=True)
            label.setFixedWidth(theme().u(_COLUMN))
            head.addWidget(label)
        head.setSpacing(0)
        outer.addLayout(head)
    line_of_all = QHBoxLayout()
    line_of_all.setSpacing(0)
    line_of_all.addLayout(text, 1)
    for part, _ in _PARTS:
        column = QWidget()
        column.setFixedWidth(theme().u(_COLUMN))
        middle = QHBoxLayout(column)
        middle.setContentsMargins(0, 0, 0, 0)
        middle.addWidget(controls[part], 0, Qt.AlignmentFlag.AlignCenter)
        line_of_all.addWidget(column)
    outer.addLayout(line_of_all)
    return holder


def summary(values: Mapping[str, Any], sealed: bool) -> str:
    """What stands on Settings: `Keys after 15 minutes, codes after 5 minutes and when the screen locks`."""
    if not sealed:
        waits = values["locked_programs"] == "wait"
        return "When you lock it. Programs " + ("wait meanwhile" if waits else "go on meanwhile")
    said: list[str] = []
    for part, name in _PARTS:
        way = values[f"lock_{part}"]
        when = {"never": "never by themselves", "each-use": "after each use"}.get(
            way, f"after {duration(int(values[f'lock_{part}_minutes']))}"
        )
        if values[f"lock_{part}_on_screen_lock"]:
            when += " and when the screen locks"
        said.append(f"{name if not said else name.lower()} {when}")
    return ", ".join(said)
