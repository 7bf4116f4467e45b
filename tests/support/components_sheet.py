"""Every control in every state on one sheet, 1120 × 720: `python -m tests.support.components_sheet FOLDER`.

It stands beside the picture `components-light.png` (and dark) of the visual target.
"""

from __future__ import annotations

import sys
from pathlib import Path

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from credguard.gui.focus import paint_ring
from credguard.gui.theme import LIGHT, theme
from credguard.gui.widgets.button import Button, Kind
from credguard.gui.widgets.controls import CheckBox, Segmented, Switch
from credguard.gui.widgets.field import Field
from credguard.gui.widgets.gauges import AgeBar, ScoreRing, TimeRing
from credguard.gui.widgets.marks import KeyHint, Pill, SeverityGlyph
from credguard.gui.widgets.overlay import Toast
from credguard.gui.widgets.surface import Banner, Card, Dot
from credguard.gui.widgets.text import Text
from credguard.gui.widgets.tiles import SkeletonCard
from tests.support.gui import application, save

KINDS: tuple[tuple[str, Kind, str], ...] = (
    ("primary", "primary", ""),
    ("secondary", "secondary", "rotate-cw"),
    ("quiet", "quiet", "rotate-cw"),
    ("danger", "danger", ""),
    ("danger 2", "danger2", ""),
)
STATES = ("rest", "hover", "pressed", "focus", "disabled")


class Sheet(QWidget):
    """Places everything by hand, as the picture does."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedSize(1120, 720)
        self._rings: list[QRectF] = []
        self._buttons()
        self._fields()
        self._marks()
        self._gauges()
        self._colors()
        self._states()
        toast = Toast(self)
        toast.say("Northwind Sandbox: old key turned off", undo=True)
        toast.setGeometry(24, 652, 396, 44)

    def _card(self, x: int, y: int, width: int, height: int, title: str) -> None:
        card = Card(parent=self)
        card.setGeometry(x, y, width, height)
        self._put(Text(title, "card"), x + 20, y + 16)

    def _put(self, widget: QWidget, x: int, y: int, width: int = 0, height: int = 0) -> QWidget:
        widget.setParent(self)
        hint = widget.sizeHint()
        widget.setGeometry(x, y, width or hint.width(), height or hint.height())
        return widget

    def _buttons(self) -> None:
        self._card(24, 24, 568, 300, "Buttons")
        for column, state in enumerate(STATES):
            x = 112 + 92 * column
            self._put(Text(state, "caption", "text2"), x, 72)
            for line, (label, kind, icon) in enumerate(KINDS):
                y = 96 + 44 * line
                if not column:
                    self._put(Text(label, "caption", "text2"), 44, y + 8)
                button = Button("Rotate", kind, icon)
                self._put(button, x, y)
                button.setAttribute(Qt.WidgetAttribute.WA_UnderMouse, state in {"hover", "pressed"})
                button.setDown(state == "pressed")
                button.setEnabled(state != "disabled")
                if state == "focus":
                    self._rings.append(QRectF(button.geometry()))

    def _fields(self) -> None:
        self._card(24, 340, 568, 152, "Fields and switches")
        self._put(Field("Account name", "Account name"), 44, 388, 152, 36)
        focused = Field("Passphrase", "Passphrase")
        focused.edit.hasFocus = lambda: True  # type: ignore[method-assign]
        self._put(focused, 208, 388, 152, 36)
        self._put(Field("Find a code", "Find a code", search=True), 372, 388, 152, 36)
        self._put(CheckBox(name="a", checked=True), 44, 447)
        self._put(CheckBox(name="b"), 70, 447)
        self._put(Switch("c", True), 112, 446)
        self._put(Switch("d"), 156, 446)
        items = [("findings", "Findings"), ("map", "Map"), ("muted", "Muted")]
        self._put(Segmented(items), 216, 440)

    def _marks(self) -> None:
        self._card(24, 508, 568, 124, "Pills, severity, keys")
        x = 44
        pills = (
            Pill("ROOT", "solid"),
            Pill("root", "root"),
            Pill("No MFA", "warn", "triangle-alert"),
            Pill("Active", "ok", "check"),
            Pill("Off"),
            Pill("New", "accent"),
        )
        for pill in pills:
            self._put(pill, x, 556)
            x += pill.width() + 8
        self._put(KeyHint("Ctrl K"), x + 8, 556)
        x = 44
        for severity in ("critical", "high", "medium", "low", "info"):
            self._put(SeverityGlyph(severity), x, 592)
            word = self._put(Text(severity, "body", "text2"), x + 26, 592)
            x += 26 + word.width() + 16

    def _gauges(self) -> None:
        self._card(608, 24, 488, 152, "Rings and age bars")
        for number, score in enumerate((92, 67, 38)):
            self._put(ScoreRing(score, 56, 6), 628 + 68 * number, 72)
        for number, left in enumerate((24, 11, 4)):
            ring = TimeRing()
            ring.show_time(left, 30)
            self._put(ring, 844 + 48 * number, 82)
        ages = ((30, False), (82, False), (97, False), (1412, True))
        for number, (age, root) in enumerate(ages):
            self._put(AgeBar(age, root=root), 628 + 117 * number, 144, 97, 12)

    def _colors(self) -> None:
        self._card(608, 192, 488, 104, "Account colours")
        names = ("blue", "orange", "teal", "pink", "violet", "gold", "sky", "green")
        for number, name in enumerate(names):
            x = 628 + 56 * number
            self._put(Dot(name, 20), x + 18, 240)
            self._put(Text(name, "caption", "text2", center=True), x, 264, 56, 16)

    def _states(self) -> None:
        self._put(Text("Loading: shape of the card, after 300 ms", "caption", "text2"), 608, 312)
        self._put(SkeletonCard(delay=0), 608, 336, 488, 86)
        self._put(
            Text("Offline and error: a banner above what is already known", "caption", "text2"), 608, 438
        )
        offline = ("No connection to AWS", "Codes still work. Scores are from 09:12.", "Try again")
        self._put(Banner("neutral", "cloud-off", *offline), 608, 462, 488, 76)
        refused = ("Northwind refused to be read", "m.keller may not do iam:GetAccountSummary.", "Show how")
        self._put(Banner("warn", "triangle-alert", *refused), 608, 546, 488, 76)

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(self.rect(), theme().color("page"))


class Rings(QWidget):
    """The focus rings, above everything."""

    def __init__(self, sheet: Sheet) -> None:
        super().__init__(sheet)
        self._rects = sheet._rings
        self.setGeometry(sheet.rect())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        for rect in self._rects:
            paint_ring(painter, rect, 8, theme().color("focus"))


def main(folder: str) -> None:
    """Write components-light.png and components-dark.png."""
    app = application()
    for mode in ("light", "dark"):
        theme().set_mode(mode)  # type: ignore[arg-type]
        sheet = Sheet()
        Rings(sheet).show()
        save(sheet, Path(folder) / f"components-{mode}.png")
        sheet.deleteLater()
    assert LIGHT
    app.processEvents()


if __name__ == "__main__":
    main(sys.argv[1])
