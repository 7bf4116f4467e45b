"""First run and every later import: welcome, found, moving, done. No rail; undo stays on the last screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from credguard.domain.accounts import grouped
from credguard.domain.errors import CredGuardError
from credguard.domain.machine import Step
from credguard.gui.pages.page import clear
from credguard.gui.theme import theme
from credguard.gui.translate import harmless, words
from credguard.gui.widgets.button import Button
from credguard.gui.widgets.cards import row
from credguard.gui.widgets.field import CheckBox
from credguard.gui.widgets.gauges import Spinner
from credguard.gui.widgets.scroll import ScrollArea
from credguard.gui.widgets.surface import Card, Dot, Icon, IconTile, Pill, Separator
from credguard.gui.widgets.text import Text

if TYPE_CHECKING:
    from credguard.gui.window import Window


class _Dots(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self.at = 0
        self.setFixedSize(68, 8)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        x = 0.0
        for number in range(4):
            on = number == self.at
            painter.setBrush(theme().color("accent" if on else "border2"))
            painter.drawRoundedRect(QRectF(x, 0, 20 if on else 8, 8), 4, 4)
            x += 28 if on else 16


class FirstRun(QWidget):
    """Four screens in a 600-wide column."""

    def __init__(self, window: Window, skip_welcome: bool = False) -> None:
        super().__init__()
        self.window_ = window
        self.setObjectName("first-run")
        self._found: tuple[Any, ...] = ()
        self._checks: list[CheckBox] = []
        self._outcomes: tuple[Any, ...] = ()
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 96, 0, 32)
        centre = QHBoxLayout()
        centre.addStretch(1)
        self._column = QWidget()
        self._column.setFixedWidth(theme().u(600))
        self._body = QVBoxLayout(self._column)
        self._body.setContentsMargins(0, 0, 0, 0)
        self._body.setSpacing(0)
        centre.addWidget(self._column)
        centre.addStretch(1)
        outer.addLayout(centre, 1)
        self._foot = QHBoxLayout()
        foot = QHBoxLayout()
        foot.addStretch(1)
        holder = QWidget()
        holder.setFixedWidth(theme().u(600))
        holder.setLayout(self._foot)
        self._foot.setContentsMargins(0, 0, 0, 0)
        foot.addWidget(holder)
        foot.addStretch(1)
        outer.addLayout(foot)
        outer.addSpacing(22)
        dots = QHBoxLayout()
        self._dots = _Dots()
        dots.addStretch(1)
        dots.addWidget(self._dots)
        dots.addStretch(1)
        outer.addLayout(dots)
        if skip_welcome:
            self._search()
        else:
            self._welcome()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self._dots.at in {0, 1, 3}:
            self.window_.leave_journey()
            return
        super().keyPressEvent(event)

    def _screen(self, at: int, title: str, sentence: str) -> None:
        clear(self._body)
        clear(self._foot)
        self._dots.at = at
        self._dots.update()
        self._body.addWidget(Text(title, "hero"))
        self._body.addSpacing(8)
        self._body.addWidget(Text(sentence, "body14", "text2", wrap=True))
        self._body.addSpacing(24)

    # ── 1 welcome ────────────────────────────────────────────────────────────────────────────────
    def _welcome(self) -> None:
        self._screen(
            0,
            "Keys belong in the keychain",
            "CredGuard moves the AWS keys on this computer out of plaintext files. "
            "aws, Terraform and every SDK go on working.",
        )
        services = self.window_.services
        card = Card(name="what happens")
        layout = QVBoxLayout(card)
        layout.setContentsMargins(20, 8, 0, 8)
        layout.setSpacing(0)
        self._where = Text("Looking where secrets can live …", "row")
        points = [
            ("lock", self._where, "Encrypted, and open only while you are signed in."),
            (
                "file-text",
                Text("Your files are changed line by line", "row"),
                "A sealed copy is kept; undo puts it back.",
            ),
            (
                "globe",
                Text("Nothing leaves this computer", "row"),
                "Except the question to AWS who a key is.",
            ),
        ]
        for number, (icon, head, detail) in enumerate(points):
            if number:
                layout.addWidget(Separator(48))
            text = QVBoxLayout()
            text.setSpacing(0)
            text.addWidget(head)
            text.addWidget(Text(detail, color="text2"))
            line = QHBoxLayout()
            line.setContentsMargins(0, 10, 20, 10)
            line.setSpacing(12)
            line.addWidget(IconTile(icon))
            line.addLayout(text, 1)
            layout.addLayout(line)
        self._body.addWidget(card)
        self._body.addStretch(1)
        later = Button("Not now", "quiet", "x", 40)
        later.clicked.connect(self.window_.leave_journey)
        look = Button("Look for keys", "primary", "arrow-right", 40, trailing=True)
        look.clicked.connect(self._search)
        self._foot.addWidget(later)
        self._foot.addStretch(1)
        self._foot.addWidget(look)
        look.setFocus()

        def label(name: str) -> None:
            self._where.setText(f"They will live in {name}")

        def none(error: CredGuardError) -> None:
            self._where.setText(words(error.what))

        self.window_.tasks.run(lambda tell: services.store_label(), label, none, quick=True)

    # ── 2 found ──────────────────────────────────────────────────────────────────────────────────
    def _search(self) -> None:
        services = self.window_.services
        self.window_.tasks.run(lambda tell: services.find_keys(), self._show_found, self._failed, quick=True)

    def _failed(self, error: CredGuardError) -> None:
        self._screen(1, "This did not work", words(error.what))
        self._body.addWidget(Text(words(error.next), wrap=True))
        self._body.addStretch(1)
        self._back_foot()

    def _show_found(self, result: tuple[tuple[Any, ...], tuple[Any, ...]]) -> None:
        self._found, problems = result
        count = len(self._found)
        if not count:
            self._screen(
                1, "No keys found here", "Nothing lies in plaintext in ~/.aws, the environment or Downloads."
            )
            for problem in problems:
                self._body.addWidget(Text(words(problem), color="warn", wrap=True))
            self._body.addStretch(1)
            self._back_foot()
            return
        title = f"{_number(count)} key{' was' if count == 1 else 's were'} found"
        self._screen(
            1, title, "The account number is read from the key itself. Nothing has been sent to AWS yet."
        )
        card = Card(name="keys found")
        layout = QVBoxLayout(card)
        layout.setContentsMargins(20, 6, 0, 6)
        layout.setSpacing(0)
        self._checks = []
        colors = ("blue", "violet", "teal", "orange", "sky", "pink", "gold", "green")
        for number, key in enumerate(self._found):
            if number:
                layout.addWidget(Separator(34))
            layout.addLayout(self._found_row(key, colors[number % len(colors)]))
        if count > 5:
            area = ScrollArea(card)
            self._body.addWidget(area, 1)
        else:
            self._body.addWidget(card)
        self._body.addSpacing(12)
        note = "A key that turns out to be root is stored too, and you are shown how to get rid of it."
        self._body.addLayout(row(Icon("info", 16), Text(note, color="text2"), None))
        for problem in problems:
            self._body.addSpacing(6)
            self._body.addWidget(Text(words(problem), color="warn", wrap=True))
        self._body.addStretch(1)
        self._back_foot()
        self._move = Button("", "primary", "arrow-right", 40, trailing=True, name="Move keys")
        self._move.clicked.connect(self._start)
        self._foot.addWidget(self._move)
        self._count()
        self._move.setFocus()

    def _found_row(self, key: Any, color: str) -> QHBoxLayout:
        check = CheckBox(name=f"Move {key.name}", checked=True)
        check.toggled.connect(lambda _: self._count())
        self._checks.append(check)
        text = QVBoxLayout()
        text.setSpacing(0)
        account = grouped(key.account_id) if key.account_id else "account not known"
        text.addLayout(
            row(Dot(color), Text(harmless(key.name), "card"), 4, Text(account, color="text2"), None)
        )
        text.addWidget(Text(harmless(key.where), color="text2"))
        line = QHBoxLayout()
        line.setContentsMargins(0, 12, 20, 12)
        line.setSpacing(16)
        line.addWidget(check)
        line.addLayout(text, 1)
        if key.may_be_root:
            line.addWidget(Pill("may be root", "root"))
        return line

    def _count(self) -> None:
        count = sum(check.isChecked() for check in self._checks)
        self._move.setText(f"Move {count} key{'' if count == 1 else 's'}")
        self._move.setEnabled(count > 0)
        self._move.updateGeometry()

    def _back_foot(self) -> None:
        back = Button("Back", "quiet", "arrow-left", 40)
        back.clicked.connect(self.window_.leave_journey)
        self._foot.addWidget(back)
        self._foot.addStretch(1)

    # ── 3 moving ─────────────────────────────────────────────────────────────────────────────────
    def _start(self) -> None:
        chosen = tuple(k for k, c in zip(self._found, self._checks, strict=True) if c.isChecked())
        self._screen(2, "Moving", "Each key is stored, read back and proved before its plaintext goes.")
        card = Card(name="moving")
        layout = QVBoxLayout(card)
        layout.setContentsMargins(20, 6, 20, 6)
        layout.setSpacing(0)
        self._lines: list[tuple[QHBoxLayout, Text]] = []
        for key in chosen:
            detail = Text("waits", color="text2")
            line = QHBoxLayout()
            line.setContentsMargins(0, 10, 0, 10)
            line.setSpacing(12)
            spinner = Spinner()
            line.addWidget(spinner)
            text = QVBoxLayout()
            text.setSpacing(0)
            text.addWidget(Text(harmless(key.name), "card"))
            text.addWidget(detail)
            line.addLayout(text, 1)
            layout.addLayout(line)
            self._lines.append((line, detail))
        self._body.addWidget(card)
        self._body.addStretch(1)
        services = self.window_.services

        def work(tell: Any) -> Any:
            return services.import_keys(
                chosen,
                tell=lambda index, steps: tell((index, steps)),
                ended=lambda index, outcome: tell((index, outcome)),
            )

        self.window_.tasks.run(work, self._done, self._failed, self._told)

    def _told(self, news: tuple[int, Any]) -> None:
        index, what = news
        line, detail = self._lines[index]
        if isinstance(what, tuple):
            running: Step | None = next((s for s in what if s.state == "running"), None)
            if running is not None:
                detail.setText(words(running.title))
            return
        detail.setText(words(what.summary))
        old = line.itemAt(0).widget()  # type: ignore[union-attr]
        if old is not None:
            line.replaceWidget(
                old, Icon("circle-check" if what.ok else "triangle-alert", 20, "ok" if what.ok else "warn")
            )
            old.deleteLater()

    # ── 4 done ───────────────────────────────────────────────────────────────────────────────────
    def _done(self, outcomes: tuple[Any, ...]) -> None:
        self._outcomes = outcomes
        moved = [o for o in outcomes if o.ok]
        kept = [o for o in outcomes if not o.ok]
        roots = [o for o in moved if o.root]
        if moved:
            self._screen(
                3,
                "Your aws commands work as before",
                "The keys are in the keychain and proved through the AWS tools.",
            )
        else:
            self._screen(3, "Nothing was moved", "Everything is as it was.")
        card = Card(name="result")
        layout = QVBoxLayout(card)
        layout.setContentsMargins(20, 6, 20, 6)
        layout.setSpacing(0)
        for outcome in outcomes:
            text = QVBoxLayout()
            text.setSpacing(0)
            text.addWidget(Text(harmless(outcome.name), "card"))
            text.addWidget(Text(words(outcome.summary), color="text2" if outcome.ok else "warn"))
            line = QHBoxLayout()
            line.setContentsMargins(0, 10, 0, 10)
            line.setSpacing(12)
            line.addWidget(
                Icon("circle-check" if outcome.ok else "triangle-alert", 20, "ok" if outcome.ok else "warn")
            )
            line.addLayout(text, 1)
            if outcome.ok and outcome.root:
                line.addWidget(Pill("ROOT", "solid"))
            layout.addLayout(line)
        self._body.addWidget(card)
        for outcome in kept:
            if outcome.failure is not None:
                self._body.addSpacing(6)
                self._body.addWidget(Text(words(outcome.failure.next), color="text2", wrap=True))
        self._body.addStretch(1)
        if moved:
            undo = Button("Undo: put the plaintext back", "quiet", "undo-2", 40)
            undo.clicked.connect(self._undo)
            self._foot.addWidget(undo)
        self._foot.addStretch(1)
        go = Button(
            "See the root key" if roots else "Show my accounts", "primary", "arrow-right", 40, trailing=True
        )
        account = roots[0].account_id if roots else None
        go.clicked.connect(lambda: self.window_.leave_journey(root=account))
        self._foot.addWidget(go)
        go.setFocus()

    def _undo(self) -> None:
        services = self.window_.services

        def done(undone: Any) -> None:
            self.window_.toast.say("The files are as they were.")
            self.window_.leave_journey()

        self.window_.tasks.run(lambda tell: services.undo_import(), done, self._failed)


def _number(count: int) -> str:
    names = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")
    return names[count] if count < len(names) else str(count)
