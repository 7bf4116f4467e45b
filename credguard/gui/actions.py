"""What cards, rows and shortcuts ask the window for: journeys, codes, a terminal, the website."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from PySide6.QtGui import QGuiApplication

from credguard.gui.stage import Stage
from credguard.gui.translate import words

if TYPE_CHECKING:
    from credguard.gui.journeys.add_code import AddCodeDialog
    from credguard.queries.accounts import AccountRow
    from credguard.queries.codes import CodeNow
    from credguard.queries.home import Waiting
    from credguard.workflows.check import CheckProblem
    from credguard.workflows.intake import Outcome


def sign_in_address(row: AccountRow) -> str:
    """Where a person signs in on the website; root has no address of its own account."""
    if row.is_root:
        return "console.aws.amazon.com"
    return f"{row.account.alias or row.account.account_id}.signin.aws.amazon.com/console"


class Actions(Stage):
    """One method for each thing that can be asked; what comes of it is said in a toast."""

    # ── journeys ─────────────────────────────────────────────────────────────────────────────────
    def first_run(self) -> None:
        """The import journey; the welcome only where there is nothing yet."""
        from credguard.gui.journeys.first_run import FirstRun

        known = bool(self._pages.get("home")) and self.sender() is not None
        self._journey = FirstRun(self.itself, skip_welcome=known)
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

        dialog = AddCodeDialog(self.itself, way or "screen")
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

            open_undo(self.itself, account.name, row.grace.run_id)
        elif action == "rotate":
            self._rotate(row)

    def _rotate(self, row: AccountRow) -> None:
        from credguard.gui.journeys.rotation import open_resume, open_rotation

        if row.rotating is not None:
            open_resume(self.itself, row.account.name, row.rotating)
        elif row.current is not None:
            open_rotation(self.itself, row.account.name, row.current.access_key_id)

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
        if waiting.kind == "move":
            # Both stores are opened for it, with their seeds: never in the window’s own process.
            QGuiApplication.clipboard().setText(waiting.command)
            self.toast.say("Command copied. Run it in a terminal.", icon="clipboard")
            return
        if waiting.kind == "mfa":
            from credguard.gui.journeys.enrolment_run import resume

            resume(self.itself, waiting.account_id)
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
