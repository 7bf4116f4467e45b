"""A new recovery code: shown once in its boxes, two of its groups typed back, or left out on purpose."""

from __future__ import annotations

import datetime
from collections.abc import Callable

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QHideEvent, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from credguard.domain.secret import Secret
from credguard.gui.journeys.first_run_parts import hint
from credguard.gui.paper import print_code
from credguard.gui.theme import LARGE, theme
from credguard.gui.widgets.button import Button, Link
from credguard.gui.widgets.cards import row
from credguard.gui.widgets.field import Field
from credguard.gui.widgets.overlay import Panel
from credguard.gui.widgets.surface import Card, Icon
from credguard.gui.widgets.text import Text, draw, width_of
from credguard.vault.sealed.recovery import GROUP, asked_back, groups, is_group

WITHOUT = "Without it, a forgotten passphrase closes the vault for good. Nobody can help then."
Print = Callable[[Secret, datetime.date, QWidget], bool]


class _Group(QLabel):
    """One group of four, 40 high."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self._number = number
        self.setObjectName(f"code-group-{number}")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_group(self, letters: str) -> None:
        self.setText(letters)
        # Letter by letter, or a screen reader makes a word of it.
        self.setAccessibleName(f"Group {self._number}: {' '.join(letters)}" if letters else "")

    def measure(self) -> None:
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        return QSize(round(width_of("WWWW", "recovery")) + theme().u(20), theme().u(40))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(theme().color("border"))
        painter.setBrush(theme().color("sunken"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)
        middle = Qt.AlignmentFlag.AlignHCenter
        draw(painter, QRectF(self.rect()), self.text(), "recovery", "text", middle)


class RecoveryCard(Card):
    """`ready` says whether both groups fit, or it was left out; `entered` after Enter in the last field.

    The code is in widgets only while the card is shown.
    """

    ready = Signal(bool)
    entered = Signal()

    def __init__(
        self,
        code: Secret,
        day: datetime.date,
        asked: tuple[int, int] | None = None,
        print_it: Print = print_code,
        may_skip: bool = True,
    ) -> None:
        """`asked`: the numbers of the groups to type back (None: two at random)."""
        super().__init__(name="recovery code")
        self._code, self._day, self._print = code, day, print_it
        self.asked = asked or asked_back()
        self.skipped = False
        self._fields: dict[int, Field] = {}
        self._ticks: dict[int, Icon] = {}
        self._printed: Button | None = None
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 12, 20, 14)
        layout.setSpacing(0)
        self._shown, self._left_out = QWidget(), QWidget()
        layout.addWidget(self._shown)
        layout.addWidget(self._left_out)
        self._build_shown(may_skip)
        self._build_left_out()
        self._left_out.hide()

    def _build_shown(self, may_skip: bool) -> None:
        large = theme().scale >= LARGE
        layout = QVBoxLayout(self._shown)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        said = Text("opens the vault if the passphrase is lost", color="text2", wrap=large)
        skip = Link("Go without one", name="Go on without a recovery code", role="link")
        skip.clicked.connect(lambda: self._skip(True))
        if not may_skip:
            skip.hide()  # never shown by itself: it has no parent yet
        if large:
            layout.addWidget(Text("Recovery code, shown once", "card"))
            layout.addWidget(said)
            layout.addLayout(row(skip, None))
        else:
            layout.addLayout(row(Text("Recovery code, shown once", "card"), said, None, skip, spacing=12))
        layout.addSpacing(8)
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(8)
        wide = 2 if large else 4
        start = Text("CG1-", "recovery", "text2")
        start.setFixedWidth(round(width_of("CG1-", "recovery")) + 2)
        grid.addWidget(start, 0, 0)
        self._boxes = [_Group(number) for number in range(1, 9)]
        for at, box in enumerate(self._boxes):
            grid.addWidget(box, at // wide, 1 + at % wide)
        layout.addLayout(grid)
        layout.addSpacing(10)
        paper = Button("Print it", "secondary", "printer")
        paper.clicked.connect(self._on_paper)
        parts: list[QWidget | int | None] = []
        for number in self.asked:
            name = Text(f"Group {number}", color="text2")
            parts += [name, self._field(number), self._ticks[number]]
        from_paper = Text("From the paper:", color="text2")
        if large:
            layout.addLayout(row(paper, None))
            layout.addSpacing(10)
            layout.addWidget(from_paper)
            layout.addLayout(row(*parts[:3], None))
            layout.addSpacing(8)
            layout.addLayout(row(*parts[3:], None))
        else:
            layout.addLayout(row(paper, None, from_paper, 4, *parts))
        self.missing = Text("", color="warn", wrap=True)
        self.missing.hide()
        layout.addWidget(self.missing)

    def _field(self, number: int) -> Field:
        field = Field("", f"Group {number}", 32, role="mono")
        field.setFixedWidth(theme().u(76))
        field.edit.setMaxLength(GROUP + 4)  # a dash or a space may slip in
        field.edit.textChanged.connect(lambda _: self._typed())
        field.edit.returnPressed.connect(lambda: self._enter(number))
        tick = self._ticks[number] = Icon("check", 16, "ok", 2.25)
        keep = tick.sizePolicy()
        keep.setRetainSizeWhenHidden(True)
        tick.setSizePolicy(keep)
        tick.setAccessibleName("")
        tick.hide()
        self._fields[number] = field
        return field

    def _build_left_out(self) -> None:
        layout = QVBoxLayout(self._left_out)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(Text("No recovery code", "card"))
        layout.addLayout(hint("triangle-alert", WITHOUT, "warn"))
        back = Link("Keep one after all", role="link")
        back.clicked.connect(lambda: self._skip(False))
        layout.addLayout(row(back, None))

    # ── what it knows ────────────────────────────────────────────────────────────────────────────
    def fits(self) -> bool:
        """Whether both groups are what stands on the paper."""
        return all(is_group(self._code, n, field.text()) for n, field in self._fields.items())

    def is_ready(self) -> bool:
        return self.skipped or self.fits()

    def kept(self) -> Secret | None:
        """The code, if it was proved to be written down."""
        return self._code if self.fits() and not self.skipped else None

    def focus_first(self) -> None:
        self._fields[self.asked[0]].edit.setFocus()

    def _typed(self) -> None:
        self.missing.hide()
        for number, field in self._fields.items():
            fit = is_group(self._code, number, field.text())
            self._ticks[number].setVisible(fit)
            field.edit.setAccessibleDescription("It fits" if fit else "")
        self.ready.emit(self.is_ready())

    def _enter(self, number: int) -> None:
        if self.is_ready():
            self.entered.emit()
            return
        other = next(n for n in self.asked if n != number)
        if is_group(self._code, number, self._fields[number].text()):
            self._fields[other].edit.setFocus()
            return
        self.missing.setText(f"Group {number} is another one. Look at the paper.")
        self.missing.show()

    def _skip(self, skipped: bool) -> None:
        self.skipped = skipped
        self._shown.setVisible(not skipped)
        self._left_out.setVisible(skipped)
        self._put_code(not skipped)
        self.ready.emit(self.is_ready())
        if not skipped:
            self.focus_first()

    def _on_paper(self) -> None:
        self._print(self._code, self._day, self)

    # ── only while it is shown ───────────────────────────────────────────────────────────────────
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._put_code(not self.skipped)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        if event.spontaneous():
            return  # minimised
        self._put_code(False)

    def _put_code(self, shown: bool) -> None:
        for box, letters in zip(self._boxes, groups(self._code), strict=True):
            box.show_group(letters if shown else "")
        for field in self._fields.values() if not shown else ():
            field.edit.clear()


class RecoveryPanel(Panel):
    """The card as a dialog. `given`: `kept` or `skipped`; `refused` when the person goes away."""

    given = Signal(str)
    refused = Signal()

    def __init__(
        self, code: Secret, day: datetime.date, action: str = "Make the vault", may_skip: bool = True
    ) -> None:
        super().__init__(600)
        self.setAccessibleName("Recovery code")
        self.body.addWidget(Text("Keep a way back in", "dialog", wrap=True))
        self.body.addSpacing(4)
        self.body.addWidget(Text(WITHOUT, color="text2", wrap=True))
        self.body.addSpacing(16)
        self.card = RecoveryCard(code, day, may_skip=may_skip)
        self.body.addWidget(self.card)
        cancel = Button("Cancel", "secondary")
        cancel.clicked.connect(self.refused)
        self.go = Button(action, "primary")
        self.go.setEnabled(False)
        self.go.clicked.connect(self._enter)
        self.card.ready.connect(self.go.setEnabled)
        self.card.entered.connect(self._enter)
        self.foot(None, cancel, self.go)

    def _enter(self) -> None:
        if self.card.is_ready():
            self.given.emit("kept" if self.card.kept() is not None else "skipped")
