"""The rotate dialog: six steps; the running one says why it waits; closing it is safe."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout

from credguard.domain.errors import CredGuardError
from credguard.domain.machine import Step
from credguard.gui.translate import words
from credguard.gui.widgets.button import Button
from credguard.gui.widgets.overlay import Panel
from credguard.gui.widgets.steps import StepList
from credguard.gui.widgets.surface import Card, Icon
from credguard.gui.widgets.text import Text
from credguard.gui.widgets.timeline import day_words

if TYPE_CHECKING:
    from credguard.gui.window import Window


class RotationDialog(Panel):
    """Draws a run's steps. `start` begins, resumes or undoes."""

    def __init__(self, window: Window, account: str) -> None:
        super().__init__()
        self.window_ = window
        self._account = account
        self._run: str | None = None
        self._times: dict[str, str] = {}
        self.title = Text(f"Rotating {account}’s key", "dialog")
        self.note = Text("Close this or the laptop at any time. Nothing is lost.", color="text2")
        self.steps = StepList()
        self.body.addWidget(self.title)
        self.body.addWidget(self.note)
        self.body.addSpacing(20)
        self.body.addWidget(self.steps)
        self._extra = QVBoxLayout()
        self.body.addLayout(self._extra)
        self._stop = Button("Stop and keep the old key", "quiet", "undo-2")
        self._stop.hide()
        self._stop.clicked.connect(self._undo)
        self._close = Button("Carry on in the background", "secondary")
        self._close.clicked.connect(window.dialogs.close_panel)
        self._again = Button("Try again", "primary")
        self._again.hide()
        self._again.clicked.connect(self._resume)
        self.foot(self._stop, None, self._close, self._again)

    def start(self, call: Any) -> None:
        """`call(tell)` runs the rotation elsewhere."""
        self.window_.set_working(True)
        self.window_.tasks.run(call, self._ended, self._failed, self._told)

    def _alive(self) -> bool:
        try:
            self.objectName()
        except RuntimeError:
            return False
        return True

    def _told(self, steps: tuple[Step, ...]) -> None:
        if not self._alive():
            return
        now = f"{datetime.datetime.now().astimezone():%H:%M:%S}"
        for step in steps:
            if step.state == "done":
                self._times.setdefault(step.id, now)
        self.steps.show_steps(steps, self._times)
        self.window_.dialogs.place()

    def _ended(self, report: Any) -> None:
        self.window_.set_working(False)
        self.window_.changed()
        if not self._alive():
            if report.failure is None:
                self.window_.toast.say(f"{self._account}: the key was rotated.")
            return
        self._run = report.run_id
        self._told(report.steps)
        if report.ask is not None:
            self._ask(report)
        elif report.failure is not None:
            self._problem(report.failure)
        elif report.state == "rolled-back":
            self.title.setText(f"{self._account} uses the old key again")
            self.note.setText("The new key is gone.")
            self._close.setText("Done")
        else:
            self.title.setText(f"{self._account}’s key was rotated")
            until = day_words(report.until) if report.until else ""
            self.note.setText(
                f"The old key is off and is deleted on {until}. Until then you can undo everything."
                if until
                else "Your aws commands work as before."
            )
            self._close.setText("Done")
            self._stop.setText("Turn the old key on again")
            self._stop.setVisible(bool(until))
        self.window_.dialogs.place()

    def _failed(self, error: CredGuardError) -> None:
        self.window_.set_working(False)
        if self._alive():
            self._problem(error)
            self.window_.dialogs.place()

    def _problem(self, failure: Any) -> None:
        self.title.setText("This needs you")
        self.note.setText(words(failure.what))
        card = Card(fill="warn_bg", border="warn_bd", name="what is safe and what to do")
        layout = QVBoxLayout(card)
        layout.setContentsMargins(16, 12, 16, 12)
        for icon, sentence in (
            ("check", words(failure.kept) if failure.kept else "Nothing was changed."),
            ("arrow-right", words(failure.next)),
        ):
            line = QHBoxLayout()
            line.setSpacing(8)
            line.addWidget(Icon(icon, 16, "text2"))
            line.addWidget(Text(sentence, wrap=True), 1)
            layout.addLayout(line)
        self._extra.addWidget(card)
        self._close.setText("Later")
        self._again.setVisible(bool(self._run) and bool(failure.retry))
        self._stop.setText("Put everything back")
        self._stop.setVisible(bool(self._run) and bool(failure.retry))

    def _ask(self, report: Any) -> None:
        self.title.setText("One key has to go first")
        self.note.setText(words(report.ask.text))
        other = next((c for c in report.ask.choices if c != "stop"), "")
        self._extra.addWidget(
            Text(
                f"The other key is {other}. Delete it on the AWS website if nobody needs it, "
                "or choose it in a terminal: credguard rotate.",
                wrap=True,
            )
        )
        services, run = self.window_.services, report.run_id
        self.window_.tasks.run(lambda tell: services.rotate_answer(run, "stop"))
        self._close.setText("Close")

    def _resume(self) -> None:
        run, services = self._run, self.window_.services
        if run is not None:
            self.note.setText("Carried on.")
            self._again.hide()
            self.start(lambda tell: services.rotate_resume(run, tell))

    def _undo(self) -> None:
        run, services = self._run, self.window_.services
        if run is not None:
            self._stop.hide()
            self.start(lambda tell: services.rotate_undo(run, tell))


def open_rotation(window: Window, account: str, access_key_id: str) -> RotationDialog:
    """Rotate `access_key_id` in a dialog over the page."""
    dialog = RotationDialog(window, account)
    window.dialogs.show_panel(dialog)
    services = window.services
    dialog.start(lambda tell: services.rotate(access_key_id, tell))
    return dialog


def open_undo(window: Window, account: str, run_id: str) -> RotationDialog:
    """Go back to the old key, in a dialog."""
    dialog = RotationDialog(window, account)
    dialog.title.setText(f"Back to {account}’s old key")
    window.dialogs.show_panel(dialog)
    services = window.services
    dialog.start(lambda tell: services.rotate_undo(run_id, tell))
    return dialog


def open_resume(window: Window, account: str, run_id: str) -> RotationDialog:
    """Go on with a rotation that was left unfinished."""
    dialog = RotationDialog(window, account)
    dialog.note.setText("Carried on after a restart.")
    window.dialogs.show_panel(dialog)
    services = window.services
    dialog.start(lambda tell: services.rotate_resume(run_id, tell))
    return dialog
