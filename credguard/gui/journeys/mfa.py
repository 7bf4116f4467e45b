"""Adding, synchronising and removing a user's MFA devices: the steps, why it waits, and the way back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QHBoxLayout

from credguard.domain.machine import Step
from credguard.domain.text import Text as Words
from credguard.gui.journeys.mfa_run import DeviceRun, device_run_of
from credguard.gui.journeys.rotation_run import runs_of
from credguard.gui.translate import harmless, words
from credguard.gui.widgets.button import Button
from credguard.gui.widgets.guide import Number
from credguard.gui.widgets.overlay import ConfirmDialog, Panel
from credguard.gui.widgets.steps import SafeBox, StepList
from credguard.gui.widgets.surface import Note
from credguard.gui.widgets.text import Text

if TYPE_CHECKING:
    from credguard.domain.enrolment_guide import Kind
    from credguard.gui.window import Window
    from credguard.queries.accounts import AccountRow

_CLOSE_IT = "Close this or the laptop at any time. Nothing is lost."
TOGETHER = (
    "Key and code then live on this laptop. That stops a stolen password or a copied key, not somebody who"
    " has your unlocked laptop."
)
_STOP = "Stop and remove the device"


class MfaDialog(Panel):
    """Draws a run; the run lives on when this is closed."""

    def __init__(self, window: Window, run: DeviceRun) -> None:
        super().__init__()
        self.window_, self.run = window, run
        self.setAccessibleName(f"MFA of {harmless(run.user)} in {harmless(run.account)}")
        self.title = Text("", "dialog", wrap=True)
        self.note = Text(_CLOSE_IT, color="text2", wrap=True)
        self.steps = StepList()
        self.body.addWidget(self.title)
        self.body.addWidget(self.note)
        self.body.addSpacing(20)
        self.body.addWidget(self.steps)
        self._box: SafeBox | None = None
        if run.purpose == "enrol":
            self.body.addSpacing(20)
            self.body.addWidget(Note(TOGETHER))
        self.stop = Button(_STOP, "quiet", "undo-2")
        self.stop.clicked.connect(self._stopped)
        self.close_button = Button("Carry on in the background", "secondary")
        self.close_button.clicked.connect(window.dialogs.close_panel)
        self.again = Button("Try again", "primary")
        self.again.clicked.connect(self._again)
        self.foot(self.stop, None, self.close_button, self.again)
        self._timer = QTimer(self)
        self._timer.setInterval(1000)
        self._timer.timeout.connect(self._draw_steps)
        run.watched = True
        run.changed.connect(self.show_run)
        self.show_run()

    def hideEvent(self, event: QHideEvent) -> None:
        self.run.watched = False
        self._timer.stop()
        super().hideEvent(event)

    # ── drawing ──────────────────────────────────────────────────────────────────────────────────
    def show_run(self) -> None:
        """What stands now."""
        run, report = self.run, self.run.done_report
        if run.running:
            self._running()
        elif run.error is not None:
            self._say(_NOT[run.purpose], run.what())
            self._buttons("", "Close", "Try again")
        elif report is not None and report.failure is not None:
            self._failed(report.halted, report.on, report.failure.retry)
        elif report is not None:
            self._well()
        self._show_failure()
        self._draw_steps()
        self._timer.start() if run.running else self._timer.stop()
        self.again.setFocus() if self.again.isVisibleTo(self) else None
        self.window_.dialogs.place()

    def _who(self) -> str:
        return f"{harmless(self.run.user)} in {harmless(self.run.account)}"

    def _running(self) -> None:
        run = self.run
        titles = {
            "enrol": f"Adding MFA for {self._who()}", "remove": f"Removing an MFA device of {self._who()}",
            "resync": f"Synchronising the device of {self._who()}",
        }  # fmt: skip
        note = f"Carried on where it stopped. {_CLOSE_IT}" if run.carried_on else _CLOSE_IT
        if run.stopping:
            note = "It stops after this step, then the device is removed."
        title = f"Taking the device of {self._who()} back" if run.back else titles[run.purpose]
        self._say(title, note)
        can_stop = run.purpose == "enrol" and not (run.back and not run.stopping)
        self._buttons(_STOP if can_stop else "", "Carry on in the background", "")

    def _well(self) -> None:
        run, report = self.run, self.run.done_report
        assert report is not None
        left = f" {words(report.left)}" if report.left is not None else ""
        if run.purpose == "resync":
            self._say("AWS knows the device’s clock again", "Its next code is good.")
        elif report.state == "rolled-back":
            self._say(f"No new device is on for {self._who()}", f"Your key works as before.{left}")
        elif run.purpose == "remove":
            self._say(f"The device of {self._who()} is removed", f"Its code is kept for seven days.{left}")
        else:
            uses = "Your aws commands get their code from CredGuard." if report.profiles else (
                "Its code is on the Codes page."
            )  # fmt: skip
            self._say(f"MFA is on for {self._who()}", uses + left)
        self._buttons("", "", "Done")

    def _failed(self, halted: bool, on: bool, retry: bool) -> None:
        run = self.run
        if halted:
            self._say("It has stopped", "Nothing is lost. It can wait, and goes on from here.")
            can_stop = run.purpose == "enrol" and not run.back
            self._buttons(_STOP if can_stop else "", "Later", "Try again")
            return
        title = f"MFA is on for {self._who()}" if on and run.purpose == "enrol" else _NOT[run.purpose]
        self._say(title, run.what())
        self._buttons("", "Close" if retry else "", "Try again" if retry else "Close")

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

    def _draw_steps(self) -> None:
        """The running step says how long it takes."""
        run = self.run
        self.steps.lead = ""
        steps = tuple(self._timed(step) for step in run.steps)
        self.steps.show_steps(steps, dict(run.times))
        self.steps.setVisible(bool(steps))

    def _timed(self, step: Step) -> Step:
        if step.state != "running" or step.id != "wait":
            return step
        self.steps.lead = f"{self.run.elapsed()} s so far,"
        return replace(step, detail=Words(f"{self.steps.lead} usually 8 to 14. The device is already yours."))

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
        run, report = self.run, self.run.done_report
        if self.again.text() != "Try again":
            self.window_.dialogs.close_panel()
        elif report is not None and report.halted:
            self._go(run.resume)
        else:
            self._go(run.begin)

    def _go(self, start: object) -> None:
        runs_of(self.window_).add(self.run)
        self.run.watched = True
        start()  # type: ignore[operator]


_NOT = {
    "enrol": "No device was added", "remove": "The device was not removed",
    "resync": "The device was not synchronised",
}  # fmt: skip


class GuidePanel(Panel):
    """What no API can do: numbered steps on the AWS website, with the exact path."""

    def __init__(self, window: Window, kind: Kind, account: str, user: str) -> None:
        super().__init__()
        root = kind == "root"
        what = "Root’s MFA" if root else "A security key"
        self.setAccessibleName(f"{what} for {harmless(account)}")
        self.body.addWidget(Text(f"{what} for {harmless(account)}", "dialog", wrap=True))
        self.body.addWidget(
            Text("AWS lets nobody do this but you, on its website.", color="text2", wrap=True)
        )
        self.body.addSpacing(16)
        for number, line in enumerate(window.services.mfa_guide(kind, user), 1):
            row = QHBoxLayout()
            row.setContentsMargins(0, 6, 0, 6)
            row.setSpacing(16)
            row.addWidget(Number(number, "current" if number == 1 else "later"))
            row.addWidget(Text(words(line), wrap=True), 1)
            self.body.addLayout(row)
        close = Button("Close", "secondary")
        close.clicked.connect(window.dialogs.close_panel)
        add = Button("Add its code", "primary", "plus")
        add.clicked.connect(lambda: window.add_code("picture"))
        if root:
            self.foot(None, close, add)
        else:
            self.foot(None, close)


class RemovePanel(Panel):
    """A device goes while another one stays on."""

    def __init__(self, window: Window, run: DeviceRun, name: str) -> None:
        super().__init__(440)
        title = f"Remove {harmless(name)}?"
        self.setAccessibleName(title)
        self.body.addWidget(Text(title, "dialog", wrap=True))
        self.body.addSpacing(8)
        self.body.addWidget(
            Text(
                f"AWS forgets it for {harmless(run.user)}. Another device stays on. Its code is kept here for"
                " seven days.", "body14", wrap=True,
            )
        )  # fmt: skip
        keep = Button("Keep it", "secondary")
        keep.clicked.connect(window.dialogs.close_panel)
        go = Button("Remove it", "primary")
        go.clicked.connect(lambda: start(window, run))
        self.foot(None, keep, go)


def start(window: Window, run: DeviceRun) -> MfaDialog:
    """Begin `run` in its dialog."""
    runs_of(window).add(run)
    dialog = MfaDialog(window, run)
    window.dialogs.show_panel(dialog)
    run.begin()
    return dialog


def _key(row: AccountRow) -> str:
    return row.current.access_key_id if row.current is not None else ""


def open_enrolment(window: Window, row: AccountRow, carried_on: bool = False) -> None:
    """Add a device for the user of the account's key; for root the steps that only a person can do."""
    account = row.account.name
    known = device_run_of(window, account)
    if known is not None:
        window.dialogs.show_panel(MfaDialog(window, known))
    elif row.is_root:
        window.dialogs.show_panel(GuidePanel(window, "root", account, row.user))
    elif row.current is not None:
        run = DeviceRun(window, account, row.user, _key(row))
        run.carried_on = carried_on
        start(window, run)


def open_security_key(window: Window, row: AccountRow) -> None:
    """The website's steps for a security key."""
    window.dialogs.show_panel(GuidePanel(window, "security-key", row.account.name, row.user))


def open_resync(window: Window, row: AccountRow, serial: str) -> None:
    """Two codes in a row, from which AWS learns the device's clock."""
    start(window, DeviceRun(window, row.account.name, row.user, _key(row), serial, "resync"))


def ask_to_remove(window: Window, row: AccountRow, serial: str, name: str) -> None:
    """Ask first; of the last device the account's name is typed."""
    services, key, account = window.services, _key(row), row.account.name
    run = DeviceRun(window, account, row.user, key, serial, "remove")

    def known(last: bool) -> None:
        if not last:
            window.dialogs.show_panel(RemovePanel(window, run, name))
            return
        dialog = ConfirmDialog(
            f"Remove the last MFA device of {harmless(account)}",
            "Without one a password is enough to sign in, and what a policy allows only with MFA is refused."
            " This cannot be undone.",
            account, "Remove it",
        )  # fmt: skip
        dialog.confirmed.connect(lambda: start(window, run))
        dialog.refused.connect(window.dialogs.close_panel)
        window.dialogs.show_panel(dialog)

    window.tasks.run(lambda tell: services.mfa_is_last(key, serial), known, window.show_error, quick=True)
