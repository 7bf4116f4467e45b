"""The rotate dialog: six steps; the running one says why it waits; closing it is safe."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtGui import QHideEvent

from credguard.gui.journeys.rotation_run import Run, runs_of
from credguard.gui.widgets.button import Button
from credguard.gui.widgets.overlay import Panel
from credguard.gui.widgets.steps import SafeBox, StepList
from credguard.gui.widgets.text import Text

if TYPE_CHECKING:
    from credguard.domain.machine import Step
    from credguard.gui.window import Window

_CLOSE_IT = "Close this or the laptop at any time. Nothing is lost."


class RotationDialog(Panel):
    """Draws a run; the run lives on when this is closed."""

    def __init__(self, window: Window, run: Run) -> None:
        super().__init__()
        self.window_, self.run = window, run
        self.setAccessibleName(f"Rotation of {run.account}’s key")
        self.title = Text("", "dialog")
        self.note = Text(_CLOSE_IT, color="text2", wrap=True)
        self.steps = StepList()
        self.body.addWidget(self.title)
        self.body.addWidget(self.note)
        self.body.addSpacing(20)
        self.body.addWidget(self.steps)
        self._box: SafeBox | None = None
        self.stop = Button("Stop and keep the old key", "quiet", "undo-2")
        self.stop.clicked.connect(self._stopped)
        self.close_button = Button("Carry on in the background", "secondary")
        self.close_button.clicked.connect(window.dialogs.close_panel)
        self.again = Button("Try again", "primary")
        self.again.clicked.connect(self._again)
        self.foot(self.stop, None, self.close_button, self.again)
        run.watched = True
        run.changed.connect(self.show_run)
        self.show_run()

    def hideEvent(self, event: QHideEvent) -> None:
        self.run.watched = False
        super().hideEvent(event)

    # ── drawing ──────────────────────────────────────────────────────────────────────────────────
    def show_run(self) -> None:
        """What stands now."""
        run, report = self.run, self.run.report
        if report is not None and report.ask is not None:
            from credguard.gui.journeys.two_keys import TwoKeysDialog

            self.window_.dialogs.show_panel(TwoKeysDialog(self.window_, run))
            return
        steps = run.steps
        if run.running:
            self._running()
        elif run.error is not None:
            self._ended(f"{run.account}’s key was not changed", run.what(), again=run.error.retry)
        elif report is not None and report.failure is not None:
            self._failed()
            steps = tuple(_bare(step) for step in steps)
        elif report is not None:
            self._well()
        self._show_failure()
        self.steps.show_steps(steps, dict(run.times))
        self.steps.setVisible(bool(steps))
        self.again.setFocus() if self.again.isVisibleTo(self) else None
        self.window_.dialogs.place()

    def _running(self) -> None:
        run = self.run
        self.title.setText(
            f"Going back to {run.account}’s old key" if run.back else f"Rotating {run.account}’s key"
        )
        note = f"Carried on after a restart. {_CLOSE_IT}" if run.carried_on else _CLOSE_IT
        if run.stopping:
            note = "It stops after this step, then the old key is put back."
        self.note.setText(note)
        self._buttons("" if run.back else "Stop and keep the old key", "Carry on in the background", "")

    def _well(self) -> None:
        run, report = self.run, self.run.report
        assert report is not None
        if report.state == "rolled-back":
            note = "The new key is deleted. " if report.new_key else "Nothing was changed. "
            self._say(f"{run.account} uses the old key again", f"{note}Your aws commands work as before.")
            self._buttons("", "", "Done")
        elif report.until:
            self._say(f"{run.account}’s key was rotated", "Your aws commands work as before.")
            self._buttons("Turn the old key on again", "", "Done")
        else:
            self._say(f"{run.account}’s old key is deleted", "Your aws commands work as before.")
            self._buttons("", "", "Done")

    def _failed(self) -> None:
        run, report = self.run, self.run.report
        assert report is not None
        assert report.failure is not None
        if report.halted:
            self._say(
                f"{run.account}’s rotation has stopped",
                "Nothing is lost. It can wait, and goes on from here.",
            )
            self._buttons("" if run.back else "Put everything back", "Later", "Try again")
        elif report.state == "done":
            self._ended(f"{run.account} uses the new key", run.what(), again=False)
        else:
            self._ended(f"{run.account}’s key was not changed", run.what(), again=report.failure.retry)

    def _ended(self, title: str, note: str, again: bool) -> None:
        self._say(title, note)
        self._buttons("", "Close" if again else "", "Try again" if again else "Close")

    def _say(self, title: str, note: str) -> None:
        self.title.setText(title)
        self.note.setText(note)

    def _buttons(self, stop: str, close: str, again: str) -> None:
        """The words of the three; an empty one is not there."""
        for button, label in ((self.stop, stop), (self.close_button, close), (self.again, again)):
            button.setVisible(bool(label))
            if label:
                button.setText(label)
        self.stop.setEnabled(not self.run.stopping)

    def _show_failure(self) -> None:
        """The box hangs under the step that failed; without one it stands alone."""
        run = self.run
        wrong = not run.running and bool(run.what())
        at_step = wrong and any(step.state == "failed" for step in run.steps)
        self.steps.show_failure(run.safe() if at_step else (), run.todo() if at_step else ())
        if self._box is not None:
            self._box.hide()
            self._box.deleteLater()
            self._box = None
        if wrong and not at_step:
            self._box = SafeBox(run.safe(), run.todo())
            self.body.addWidget(self._box)

    # ── what is pressed ──────────────────────────────────────────────────────────────────────────
    def _stopped(self) -> None:
        if self.run.running:
            self.run.stop()
        else:
            self._go(self.run.undo)

    def _again(self) -> None:
        run, report = self.run, self.run.report
        if self.again.text() != "Try again":
            self.window_.dialogs.close_panel()
        elif report is not None and report.halted:
            self._go(run.resume)
        elif run.run_id and run.back:
            self._go(run.undo)
        else:
            self._go(run.begin if run.key else run.resume)

    def _go(self, start: object) -> None:
        runs_of(self.window_).add(self.run)
        self.run.watched = True
        start()  # type: ignore[operator]


def _bare(step: Step) -> Step:
    """In a list that stopped only the step that failed says more than its title."""
    return step if step.state in {"failed", "skipped"} else replace(step, detail=None)


def _open(window: Window, run: Run) -> RotationDialog:
    dialog = RotationDialog(window, run)
    window.dialogs.show_panel(dialog)
    return dialog


def open_rotation(window: Window, account: str, access_key_id: str) -> RotationDialog:
    """Rotate `access_key_id` in a dialog over the page; one that runs already is shown again."""
    runs = runs_of(window)
    known = runs.of(account)
    if known is not None:
        return _open(window, known)
    run = runs.add(Run(window, account, key=access_key_id))
    dialog = _open(window, run)
    run.begin()
    return dialog


def open_undo(window: Window, account: str, run_id: str) -> RotationDialog:
    """Go back to the old key, in a dialog."""
    runs = runs_of(window)
    run = runs.of(account) or runs.add(Run(window, account, run_id=run_id))
    dialog = _open(window, run)
    if not run.running:
        run.undo()
    return dialog


def open_resume(window: Window, account: str, run_id: str) -> RotationDialog:
    """Go on with a rotation that was left unfinished."""
    runs = runs_of(window)
    known = runs.of(account)
    if known is not None:
        return _open(window, known)
    run = runs.add(Run(window, account, run_id=run_id))
    run.carried_on = True
    dialog = _open(window, run)
    run.resume()
    return dialog
