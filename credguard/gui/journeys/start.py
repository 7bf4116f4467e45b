"""What the window takes up by itself when it opens: the first run, and what was left unfinished."""

from __future__ import annotations

from typing import TYPE_CHECKING

from credguard.gui.journeys import enrolment_run

if TYPE_CHECKING:
    from credguard.catalog.journal import RunRow
    from credguard.gui.window import Window
    from credguard.queries.accounts import AccountRow


def begin(window: Window) -> None:
    """Once Home is there: the welcome where nothing is known yet, else what was left unfinished."""
    services = window.services

    def found(rows: tuple[AccountRow, ...]) -> None:
        if rows:
            carry_on(window)
            enrolment_run.carry_on(window)
        elif not services.settings.is_set("store"):
            window.first_run()

    window.tasks.run(lambda tell: services.accounts(), found, lambda error: None, quick=True)


def carry_on(window: Window) -> None:
    """Go on with rotations that were interrupted, and end those whose grace is over."""
    services = window.services

    def look(tell: object) -> list[tuple[str, RunRow]]:
        left = services.rotations_to_resume()
        if not left:
            return []
        names = {key.access_key_id: row.account.name for row in services.accounts() for key in row.keys}
        return [(next((names[k] for k in run.touches if k in names), run.subject), run) for run in left]

    def found(left: list[tuple[str, RunRow]]) -> None:
        from credguard.gui.journeys.rotation_run import Run, runs_of

        for account, row in left:
            run = Run(window, account, run_id=row.run_id)
            run.carried_on = True
            runs_of(window).add(run).resume()

    window.tasks.run(look, found, lambda error: None, quick=True)
