"""`credguard import`: keys out of plaintext files, into the store."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from credguard.cli.context import Context, is_interactive
from credguard.cli.help import Command
from credguard.cli.import_codes import add_codes, code_rows, show_codes
from credguard.cli.output import Output, harmless, pad
from credguard.cli.passwords import OPTION_HELP, password
from credguard.cli.problems import show
from credguard.cli.questions import choose
from credguard.domain.accounts import grouped
from credguard.domain.errors import CredGuardError, Locked
from credguard.domain.machine import Step
from credguard.domain.text import text

if TYPE_CHECKING:
    from credguard.domain.otp import OtpEntry
    from credguard.workflows.intake import Findings, FoundKey, Outcome
    from credguard.workflows.intake_vaults import InVault

COUNT_WORDS = {True: "key", False: "keys"}


@click.command(cls=Command, help="Move keys from files to the keychain. Your aws commands go on working.")
@click.option(
    "--from",
    "source",
    default=None,
    metavar="SOURCE",
    help="aws, csv:FILE, env, aws-vault, granted or kdbx:FILE. Without it: all the usual places.",
)
@click.option("--password-file", default=None, metavar="FILE", help=f"Of another vault. {OPTION_HELP}")
@click.option("--profile", "profiles", multiple=True, help="Only this profile (may be repeated).")
@click.option("--all", "everything", is_flag=True, help="All that is found, without asking which.")
@click.option("--keep-plaintext", is_flag=True, help="Store the keys and leave the files as they are.")
@click.option("--dry-run", is_flag=True, help="Say what would happen, change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_obj
def command(
    context: Context,
    source: str | None,
    password_file: str | None,
    profiles: tuple[str, ...],
    everything: bool,
    keep_plaintext: bool,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> int:
    services = context.services
    output = context.output(as_json)
    # What was interrupted first: its plaintext may be gone already, so nothing below would see it.
    finished = () if dry_run else services.finish_imports()
    looked = _look(context, source, profiles, password_file)
    found = looked.keys
    codes: tuple[OtpEntry, ...] = getattr(looked, "codes", ())
    taken_up = _not_again(finished, found)
    for outcome in taken_up:
        output.note(_outcome_line(output, outcome.name, outcome, ""))
    if not found and not taken_up and not codes:
        for error in looked.errors:
            show(error, out=output)
        if as_json:
            output.document({"found": [], "imported": []})
        elif not looked.errors:
            output.line("No keys lie in plaintext in the usual places.")
        return 1 if looked.errors else 0
    for problem in looked.problems:
        output.note(f"{output.paint('!', 'yellow', err=True)} {output.words(problem)}")
    if found:
        _list(output, found)
    show_codes(output, codes)
    if dry_run:
        if as_json:
            more = code_rows(tuple((entry.name, None) for entry in codes)) if codes else {}
            output.document({"found": [_row(f) for f in found], "imported": [], **more})
        else:
            output.line("\nNothing was changed (--dry-run).")
        return 0
    chosen = found
    if found and not (yes or everything or profiles):
        chosen = _choose(output, found, services.store_label())
        if not chosen and not taken_up and not codes:
            output.line("Nothing was changed.")
            return 0
    added = add_codes(context, output, codes, yes or everything, bool(profiles))
    if not chosen and not taken_up:
        if as_json:
            output.document({"found": [_row(f) for f in found], "imported": [], **code_rows(added)})
        return 0
    outcomes = (*taken_up, *_move(output, context, chosen, keep_plaintext)) if chosen else taken_up
    return _summary(output, found, outcomes, as_json, code_rows(added) if codes else {})


def _look(
    context: Context, source: str | None, profiles: tuple[str, ...], password_file: str | None
) -> Findings | InVault:
    services = context.services
    if source is None or not services.is_vault(source):
        if password_file is not None:
            raise click.UsageError("--password-file is for a vault: --from aws-vault, granted or kdbx:FILE.")
        return services.look_for_keys(source, profiles)
    given = services.password_file(password_file) if password_file is not None else None
    return services.look_in_vault(source, profiles, lambda question: password(context, question, None), given)


def _not_again(finished: tuple[Outcome, ...], found: tuple[FoundKey, ...]) -> tuple[Outcome, ...]:
    """Interrupted imports that were finished now. What went back is found again, and tried again."""
    again = {(key.access_key_id, key.profile) for key in found}
    return tuple(o for o in finished if o.ok or (o.access_key_id, o.profile) not in again)


def _list(output: Output, found: tuple[FoundKey, ...]) -> None:
    output.line(f"{len(found)} {COUNT_WORDS[len(found) == 1]} found. Nothing has been sent to AWS yet.")
    output.line()
    names = max(len(harmless(f.name)) for f in found)
    for number, key in enumerate(found, 1):
        account = grouped(key.account_id) if key.account_id else "unknown"
        root = output.paint("  may be root", "red") if key.may_be_root else ""
        output.line(
            f"  {number:>2}  {pad(harmless(key.name), names)}   {pad(account, 14)}"
            f"  {harmless(key.where)}{root}"
        )
    output.line()


def _choose(output: Output, found: tuple[FoundKey, ...], store: str) -> tuple[FoundKey, ...]:
    if not is_interactive():
        raise click.UsageError("This needs an answer, and there is nobody to ask. Add --all --yes.")
    answer = choose(output, f"Move which to {store}? Enter = all, or 1 3, or n:", "--all --yes")
    if not answer:
        return found
    if answer.casefold() in {"n", "no", "none"}:
        return ()
    numbers = answer.replace(",", " ").split()
    if not all(n.isdigit() and 1 <= int(n) <= len(found) for n in numbers):
        raise click.UsageError(f"Type numbers from 1 to {len(found)}, Enter for all, or n.")
    return tuple(found[int(n) - 1] for n in dict.fromkeys(numbers))


def _move(
    output: Output, context: Context, chosen: tuple[FoundKey, ...], keep_plaintext: bool
) -> tuple[Outcome, ...]:
    names = max(len(harmless(f.name)) for f in chosen)
    began = time.monotonic()
    last = {"index": -1, "at": began}

    def tell(index: int, steps: tuple[Step, ...]) -> None:
        last["index"] = index

    def ended(index: int, outcome: Outcome) -> None:
        took = time.monotonic() - last["at"]
        last["at"] = time.monotonic()
        # One key alone that stays where it is: the error says all of it.
        if outcome.ok or len(chosen) > 1:
            name = pad(harmless(chosen[index].name), names)
            output.note(_outcome_line(output, name, outcome, f"{took:.0f} s"))

    return context.services.import_keys(chosen, tell=tell, ended=ended, keep_plaintext=keep_plaintext)


def _outcome_line(output: Output, name: str, outcome: Outcome, took: str) -> str:
    words = output.words(outcome.summary)
    colors = ("green",) if outcome.ok else ("bold", "yellow")
    mark = output.paint("✓" if outcome.ok else "!", *colors, err=True)
    return output.two_sided(f"{mark} {harmless(name)}  {words}", took)


def _summary(
    output: Output,
    found: tuple[FoundKey, ...],
    outcomes: tuple[Outcome, ...],
    as_json: bool,
    more: dict[str, Any],
) -> int:
    moved = [o for o in outcomes if o.ok]
    roots = [o for o in outcomes if o.ok and o.root]
    if as_json:
        imported = [_outcome(o) for o in outcomes]
        output.document({"found": [_row(f) for f in found], "imported": imported, **more})
    elif moved:
        output.line()
        output.line(f"{len(moved)} of {len(outcomes)} moved. Your aws commands work as before.")
        for outcome in outcomes:
            if outcome.failure is not None:
                output.line(f"{output.paint('!', 'yellow')} {output.words(outcome.failure.next)}")
        for outcome in roots:
            name = harmless(outcome.name)
            output.line(
                f"{output.paint('!', 'bold', 'red')} {name} is a root key. It can do anything in its account."
            )
        output.line("Undo: credguard undo-import")
        if roots:
            # By its number: the account may be called otherwise than the file the key came from.
            output.line(f"Next: credguard whoami {roots[0].account_id}")
    if not moved:
        return _none_moved(output, outcomes)
    return 3 if roots or len(moved) < len(outcomes) else 0


def _none_moved(output: Output, outcomes: tuple[Outcome, ...]) -> int:
    """Each reason once, in three parts. Exit 4 where it is the lock alone that stands in the way."""
    errors: dict[str, CredGuardError] = {}
    for outcome in outcomes:
        if outcome.failure is not None:
            error = outcome.failure.error()
            error.changed = outcome.stuck
            first = errors.setdefault(str(error.what), error)
            if first is not error and not (first.changed or error.changed):
                first.kept = text("they work as before; nothing changed in their files.")
    for error in errors.values():
        show(error, out=output)
    return 4 if errors and all(isinstance(e, Locked) for e in errors.values()) else 1


def _row(key: FoundKey) -> dict[str, object]:
    return {
        "name": key.name,
        "access_key_id": key.access_key_id,
        "account_id": key.account_id,
        "where": key.where,
        "may_be_root": key.may_be_root,
    }


def _outcome(outcome: Outcome) -> dict[str, object]:
    return {
        "name": outcome.name,
        "access_key_id": outcome.access_key_id,
        "account_id": outcome.account_id,
        "ok": outcome.ok,
        "root": outcome.root,
        "detail": str(outcome.summary),
    }
