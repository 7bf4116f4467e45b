"""`credguard rotate`: change a key; resume; undo; all that are due."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from credguard.cli.context import Context
from credguard.cli.help import Command
from credguard.cli.output import Output, day, harmless
from credguard.cli.questions import confirm, typed
from credguard.cli.steps import StepLines
from credguard.domain.errors import Locked
from credguard.domain.machine import Ask
from credguard.domain.text import quoted

if TYPE_CHECKING:
    from credguard.workflows.rotation import RotationReport


@click.command(cls=Command, help="Change a key without fear: it resumes after anything, and can be undone.")
@click.argument("name", required=False)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--grace", type=click.IntRange(1, 90), default=None, help="Days until the old key is deleted.")
@click.option("--resume", is_flag=True, help="Go on with what was begun.")
@click.option("--undo", is_flag=True, help="Back to the old key, until it is deleted.")
@click.option("--due", is_flag=True, help="All keys that are due, and the ends of graces.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_obj
def command(
    context: Context,
    name: str | None,
    yes: bool,
    grace: int | None,
    resume: bool,
    undo: bool,
    due: bool,
    as_json: bool,
) -> int:
    if sum((resume, undo, due)) > 1 or (undo and not name) or not (name or resume or due):
        raise click.UsageError("Say which: rotate NAME, --resume, --undo NAME or --due.")
    services = context.services
    output = context.output(as_json)
    if due:
        plan = services.rotations_due()
        if not plan:
            return _nothing(output, as_json, "Nothing is due.")
        if not yes and not confirm(output, f"Rotate {len(plan)}?", "--yes"):
            return 1
        reports = []
        for one in plan:
            with _lines(output) as tell:
                reports += services.run_due((one,), tell=tell)
        return _several(output, reports, as_json, context)
    if resume:
        runs = services.rotations_to_resume(name)
        if not runs:
            return _nothing(output, as_json, "No rotation was left unfinished.")
        if not yes and not confirm(output, f"Go on with {len(runs)}?", "--yes"):
            return 1
        reports = []
        for run in runs:
            with _lines(output) as tell:
                reports += services.run_due((run,), tell=tell)
        return _several(output, reports, as_json, context)
    assert name is not None  # the usage check above saw to it
    target = services.target(name)
    who = harmless(target.row.account.name)
    if undo:
        if not yes and not confirm(output, f"Go back to {who}'s old key?", "--yes"):
            return 1
        with _lines(output) as tell:
            report = services.rotate_undo(target, tell)
    else:
        key = services.key_to_rotate(target)
        output.note(f"Rotating {who}, key {key.access_key_id} of {harmless(target.row.user)}")
        if not yes and not confirm(output, "Make a new key now?", "--yes"):
            output.note("Nothing was changed.")
            return 1
        output.note()
        with _lines(output) as tell:
            report = services.rotate(key.access_key_id, tell, grace_days=grace)
        if report.ask is not None:
            answer = _which(output, report.ask)
            with _lines(output) as tell:
                report = services.rotate_answer(report.run_id, answer, tell)
    return _end(output, report, as_json, context, who)


def _lines(output: Output) -> StepLines:
    return StepLines(output, time.monotonic)


def _which(output: Output, ask: Ask) -> str:
    """The key to delete, typed in full; anything else keeps both. No flag answers this."""
    keys = [choice for choice in ask.choices if choice != "stop"]
    consequence = f"{output.words(ask.text)}\nDeleting a key cannot be undone."
    return keys[0] if typed(output, keys[0], consequence) else "stop"


def _nothing(output: Output, as_json: bool, sentence: str) -> int:
    if as_json:
        output.document([])
    else:
        output.line(sentence)
    return 0


def _several(output: Output, reports: list[RotationReport], as_json: bool, context: Context) -> int:
    failed = [r for r in reports if r.failure is not None]
    if as_json:
        output.document([r.to_json() for r in reports])
    for report in reports:
        if not as_json:
            _say(output, report, context)
    if not failed:
        return 0
    return 1 if len(failed) == len(reports) else 3


def _end(output: Output, report: RotationReport, as_json: bool, context: Context, who: str) -> int:
    if as_json:
        output.document(report.to_json())
    elif report.failure is None:
        _say(output, report, context, who)
    if report.failure is not None:
        from credguard.cli.problems import show

        error = report.failure.error()
        error.changed = report.new_key is not None
        show(error, out=output)
        return 4 if isinstance(error, Locked) else 1
    return 0


def _say(output: Output, report: RotationReport, context: Context, who: str = "") -> None:
    now = context.services.clock.now()
    output.line()
    if report.failure is not None:
        from credguard.cli.problems import show

        show(report.failure.error(), out=output)
    elif report.state == "deactivated" and report.until is not None:
        output.line("Done. Your aws commands work as before.")
        name = who or harmless(report.old_key)
        output.line(f"The old key is off and is deleted on {day(report.until, now)}.")
        output.line(f"Undo until then: credguard rotate --undo {quoted(name)}")
    elif report.state == "rolled-back":
        output.line("The old key is in use again. The new one is gone.")
    elif report.ask is not None:
        output.line(report.ask.text)
    else:
        output.line("Done. Your aws commands work as before.")
