"""`credguard restore FILE`: what a backup holds, merged with what is here. Nothing is deleted."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from credguard.cli.context import Context, is_interactive
from credguard.cli.help import Command
from credguard.cli.output import Output, harmless
from credguard.cli.passwords import OPTION_HELP, password
from credguard.cli.questions import choose, confirm

if TYPE_CHECKING:
    from credguard.domain.restore import Keep, Row
    from credguard.workflows.intake import FoundKey, Outcome
    from credguard.workflows.restore import Plan, Restored

_WORDS = {
    "key": ("key", "keys"),
    "code": ("code", "codes"),
    "account": ("account", "accounts"),
    "profile": ("profile", "profiles"),
    "other": ("other item", "other items"),
}


@click.command(
    cls=Command, help="Bring back what a backup holds. What differs is shown and asked; nothing is deleted."
)
@click.argument("file")
@click.option("--password-file", default=None, metavar="FILE", help=OPTION_HELP)
@click.option("--recovery", is_flag=True, help="Open it with the recovery code.")
@click.option("--security-key", is_flag=True, help="Open it with a security key that the vault had.")
@click.option("--keep", type=click.Choice(["mine", "theirs"]), help="For all that differs, without asking.")
@click.option("--dry-run", is_flag=True, help="Say what would happen, change nothing.")
@click.option("--yes", is_flag=True, help="Also write the missing lines into ~/.aws/config.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_obj
def command(
    context: Context,
    file: str,
    password_file: str | None,
    recovery: bool,
    security_key: bool,
    keep: Keep | None,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> int:
    services = context.services
    output = context.output(as_json)
    if security_key and (recovery or password_file):
        raise click.UsageError("One way to open it: --security-key, --recovery or a passphrase.")
    question = "Recovery code of the backup" if recovery else "Passphrase of the backup"
    if security_key:
        together = "Passphrase that goes with this security key"
        plan = services.restore_plan_with_key(file, lambda: password(context, together, None))
    else:
        plan = services.restore_plan(file, password(context, question, password_file), recovery)
    _show(output, plan)
    if dry_run:
        if as_json:
            output.document(_document(plan, None, (), ()))
        else:
            output.line("Nothing was changed (--dry-run).")
        return _code(plan, ())
    answers = _answers(output, plan, keep)
    done = services.restore(plan, lambda row: answers[row.name])
    if not as_json:
        changed = done.items + done.facts
        output.line(_done(done) if changed else "Everything in it is here already. Nothing changed.")
    missing = services.profiles_without_line(plan)
    outcomes = _lines(output, context, missing, yes)
    if as_json:
        output.document(_document(plan, done, missing, outcomes))
    return _code(plan, outcomes)


def _show(output: Output, plan: Plan) -> None:
    kinds = Counter(row.kind for row in plan.rows)
    parts = ", ".join(_count(n, kind) for kind, n in kinds.items())
    made = f" of {harmless(plan.created[:16].replace('T', ' '))} UTC" if plan.created else ""
    output.line(f"The backup{made} holds {parts or 'nothing'}.")
    new = Counter(row.kind for row in plan.rows if row.state == "new")
    if new:
        output.line(f"Not here yet: {', '.join(_count(n, kind) for kind, n in new.items())}.")
    for row in plan.rows:
        if row.twin is not None:
            output.line(f"  {harmless(row.label)} is here already, as {harmless(row.twin)}")
    for row in plan.conflicts:
        output.line(f"{output.paint('!', 'yellow')} {_differs(output, row)}")
    for name in plan.unreadable:
        output.note(f"! {harmless(name)} cannot be read by this version and is left as it is.")
    for name in plan.locked:
        output.note(f"! The {harmless(name)} in this file open with another passphrase or key.")


def _differs(output: Output, row: Row) -> str:
    newer = {"mine": " (changed later here)", "theirs": " (changed later in the backup)"}.get(
        row.newer or "", ""
    )
    what = "; ".join(output.words(sentence) for sentence in row.differs)
    return f"{_WORDS[row.kind][0]} {harmless(row.label)} differs{newer}: {what}"


def _answers(output: Output, plan: Plan, keep: Keep | None) -> dict[str, Keep]:
    if keep is not None:
        return dict.fromkeys((row.name for row in plan.conflicts), keep)
    if plan.conflicts and not is_interactive():
        raise click.UsageError(
            "Some items differ, and there is nobody to ask. Add --keep mine or --keep theirs."
        )
    found: dict[str, Keep] = {}
    for row in plan.conflicts:
        answer = ""
        while answer not in {"m", "t"}:
            question = f"{_WORDS[row.kind][0]} {harmless(row.label)}: keep mine or take theirs? [M/t]"
            answer = choose(output, question, "--keep mine").casefold()[:1] or "m"
        found[row.name] = "theirs" if answer == "t" else "mine"
    return found


def _done(done: Restored) -> str:
    words = [f"{done.items} item{'' if done.items == 1 else 's'} restored and read back"]
    if done.kept:
        words.append(f"{len(done.kept)} kept as here")
    return ", ".join(words) + "."


def _lines(
    output: Output, context: Context, missing: tuple[FoundKey, ...], yes: bool
) -> tuple[Outcome, ...]:  # fmt: skip
    """Profiles that the AWS tools do not know yet: offered, else listed."""
    if not missing:
        return ()
    names = ", ".join(harmless(key.name) for key in missing)
    output.line(f"Not in the AWS config file yet: {names}")
    if not yes and (output.as_json or not is_interactive()):
        output.line("To write their lines: the same command with --yes")
        return ()
    if not yes and not confirm(
        output, f"Write {'its line' if len(missing) == 1 else 'their lines'}?", "--yes"
    ):
        return ()
    began = time.monotonic()

    def ended(index: int, outcome: Outcome) -> None:
        mark = output.paint("✓", "green", err=True) if outcome.ok else output.paint("!", "yellow", err=True)
        took = f"{time.monotonic() - began:.0f} s"
        left = f"{mark} {harmless(missing[index].name)}  {output.words(outcome.summary)}"
        output.note(output.two_sided(left, took))
        if outcome.failure is not None:
            output.note(f"  {output.words(outcome.failure.next)}")

    return context.services.import_keys(missing, ended=ended)


def _code(plan: Plan, outcomes: tuple[Outcome, ...]) -> int:
    return 3 if plan.unreadable or plan.locked or any(not o.ok for o in outcomes) else 0


def _count(n: int, kind: str) -> str:
    return f"{n} {_WORDS[kind][n != 1]}"


def _document(
    plan: Plan, done: Restored | None, missing: tuple[FoundKey, ...], outcomes: tuple[Outcome, ...]
) -> dict[str, Any]:
    taken = {row.name for row in done.replaced} if done else set()
    state = {"differs": "differs" if done is None else "kept"}
    by_name = {outcome.name: outcome for outcome in outcomes}
    return {
        "created": plan.created or None,
        "items": [
            {
                "name": row.name,
                "kind": row.kind,
                "label": row.label,
                "state": "replaced" if row.name in taken else state.get(row.state, row.state),
                "differs": [str(sentence) for sentence in row.differs],
            }
            for row in plan.rows
        ],
        "unreadable": [*plan.unreadable],
        "locked": [*plan.locked],
        "changed": done.items + done.facts if done else 0,
        "profiles": [
            {
                "name": key.name,
                "access_key_id": key.access_key_id,
                "state": "missing"
                if key.name not in by_name
                else "added"
                if by_name[key.name].ok
                else "failed",
            }
            for key in missing
        ],
    }
