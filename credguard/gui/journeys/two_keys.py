"""Two keys already: the evidence for both, and what can be done. Nothing is deleted unasked."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from credguard.domain.keys import age_days
from credguard.gui.journeys.rotation_run import Run, runs_of
from credguard.gui.translate import harmless
from credguard.gui.widgets.button import Button
from credguard.gui.widgets.evidence import EvidenceCard, pair
from credguard.gui.widgets.overlay import ConfirmDialog, Panel
from credguard.gui.widgets.surface import Note
from credguard.gui.widgets.text import Text

if TYPE_CHECKING:
    from credguard.domain.rotation_state import SeenKey
    from credguard.gui.window import Window

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December",
)  # fmt: skip


def short(access_key_id: str) -> str:
    """`…LXDEXAMPLE`: the end tells two keys of one user apart."""
    return f"…{access_key_id[-10:]}"


class TwoKeysDialog(Panel):
    """AWS allows two keys, on or off: one has to be deleted before there can be a new one."""

    def __init__(self, window: Window, run: Run) -> None:
        super().__init__(600)
        report = run.report
        assert report is not None
        assert report.ask is not None
        self.window_, self.run = window, run
        self._now = window.services.clock.now()
        self._other = next((c for c in report.ask.choices if c != "stop"), "")
        own, other = report.keys[0], next(k for k in report.keys if k.access_key_id == self._other)
        user = next((str(v) for n, v in report.ask.text.values if n == "user"), "This user")
        # Nothing is recommended where AWS does not tell when a key was used.
        known = own.used is not None and other.used is not None
        newer = (other.last_used or 0.0) > (own.last_used or 0.0)
        advise = known and not newer
        self.setAccessibleName(f"{harmless(user)} already has two keys in {run.account}")
        self.body.addWidget(Text(f"{harmless(user)} already has two keys in {run.account}", "dialog"))
        self.body.addWidget(
            Text(
                "AWS allows two, on or off. One has to be deleted before CredGuard can make a new one.",
                color="text2", wrap=True,
            )
        )  # fmt: skip
        self.body.addSpacing(20)
        cards: list[QWidget] = [
            EvidenceCard(short(own.access_key_id), "keep" if advise else "in use here", self._rows(own)),
            EvidenceCard(
                short(other.access_key_id), "retire this one" if advise else "", self._rows(other), advise
            ),
        ]
        self.body.addLayout(pair(*cards))
        self.body.addSpacing(16)
        self.body.addWidget(
            Note("Deleting a key cannot be undone. A program somewhere else that uses it stops working.")
        )
        leave = Button("Leave both as they are", "quiet", "x")
        leave.clicked.connect(self._leave)
        self._delete = Button(f"Delete {short(self._other)}", "primary")
        self._delete.clicked.connect(self._confirm)
        self.foot(leave, None, self._delete)

    # ── the evidence ─────────────────────────────────────────────────────────────────────────────
    def _rows(self, key: SeenKey) -> list[tuple[str, str, str]]:
        days = age_days(key.created, self._now)
        since = f"since {_day(key.created, self._now)}" + ("" if key.active else ", turned off")
        count = len(key.profiles)
        here = (
            (f"{count} profile{'' if count == 1 else 's'}", harmless(" and ".join(key.profiles)))
            if count
            else ("nowhere", "no profile asks for it")
        )
        return [
            ("Age", f"{days} day{'' if days == 1 else 's'}", since),
            ("Last use", *self._use(key)),
            ("On this laptop", *here),
        ]

    def _use(self, key: SeenKey) -> tuple[str, str]:
        if key.used is None:
            return "unknown", "this user may not ask AWS"
        if key.last_used is None:
            return "never used", "as far as AWS knows"
        days = age_days(key.last_used, self._now)
        then = datetime.datetime.fromtimestamp(key.last_used).astimezone()
        place = " in ".join(p for p in ((key.service or "").upper(), key.region or "") if p and p != "N/A")
        if days < 2:
            today = datetime.datetime.fromtimestamp(self._now).astimezone().date() == then.date()
            return f"{'today' if today else 'yesterday'} {then:%H:%M}", place or "AWS does not say where"
        day = _day(key.last_used, self._now)
        return f"{days} days ago", f"{day}, {place}" if place else day

    # ── what is pressed ──────────────────────────────────────────────────────────────────────────
    def _leave(self) -> None:
        services, run_id = self.window_.services, self.run.run_id
        self.window_.tasks.run(
            lambda tell: services.rotate_answer(run_id, "stop"),
            lambda report: self.window_.changed(),
            self.window_.show_error,
        )
        self.window_.dialogs.close_panel()

    def _confirm(self) -> None:
        run, window, other = self.run, self.window_, self._other
        confirm = ConfirmDialog(
            f"Delete the key {short(other)}",
            f"It belongs to the same user in {run.account}. Then the key in use is rotated at once."
            " Deleting cannot be undone.",
            run.account,
            "Delete for ever",
        )

        def back() -> None:
            window.dialogs.show_panel(TwoKeysDialog(window, run))

        def go() -> None:
            from credguard.gui.journeys.rotation import RotationDialog

            runs_of(window).add(run)
            run.answer(other)
            window.dialogs.show_panel(RotationDialog(window, run))

        confirm.confirmed.connect(go)
        confirm.refused.connect(back)
        window.dialogs.show_panel(confirm)


def _day(at: float, now: float) -> str:
    """`18 August`, with the year where it is another one."""
    then = datetime.datetime.fromtimestamp(at).astimezone()
    year = datetime.datetime.fromtimestamp(now).astimezone().year
    return f"{then.day} {_MONTHS[then.month - 1]}" + ("" if then.year == year else f" {then.year}")
