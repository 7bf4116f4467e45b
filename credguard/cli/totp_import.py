"""`credguard totp import`: codes from the files of other programs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from credguard.cli.context import Context, ask_passphrase, is_interactive
from credguard.cli.help import Command
from credguard.cli.output import Output, harmless
from credguard.cli.passwords import OPTION_HELP
from credguard.cli.questions import confirm

if TYPE_CHECKING:
    from credguard.domain.secret import Secret
    from credguard.domain.text import Text
    from credguard.workflows.import_codes import Preview, Row, Source

#: So many lines of a kind are shown; the rest is a number.
_SHOWN = 200
_STDIN = "standard input"


@click.command(cls=Command, help="Import codes of other programs. Their files are not changed.")
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@click.option("--format", "format_name", default=None, metavar="NAME", help="What wrote the files.")
@click.option("--password-file", default=None, metavar="FILE", help=OPTION_HELP)
@click.option("--key-file", default=None, metavar="FILE", help="The key file of a KeePass database.")
@click.option("--dry-run", is_flag=True, help="Show what would be done.")
@click.option("--yes", "sure", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_obj
def command(
    context: Context,
    files: tuple[str, ...],
    format_name: str | None,
    password_file: str | None,
    key_file: str | None,
    dry_run: bool,
    sure: bool,
    as_json: bool,
) -> int:
    from credguard.workflows.import_codes import read_key_file

    _check_format(format_name)
    if not (sure or dry_run or is_interactive()):
        raise click.UsageError("This needs an answer, and there is nobody to ask. Add --yes or --dry-run.")
    output = context.output(as_json)
    services = context.services
    password = services.password_file(password_file) if password_file is not None else None
    plan = services.preview_codes(
        [_source(name) for name in files],
        _ask,
        password=password,
        key=read_key_file(key_file) if key_file is not None else None,
        format_name=format_name,
    )
    if not plan.held:
        _tell_left_out(output, plan)
        if as_json:
            output.document(_document(plan, frozenset(), frozenset()))
        output.note(
            "No code could be read. Nothing was imported." if plan.rows else "There are no codes in it."
        )
        return 1
    if dry_run or not sure:
        _show(output, plan)
    _tell_left_out(output, plan)
    if dry_run:
        if as_json:
            output.document(_document(plan, frozenset(row.index for row in plan.of("new")), frozenset()))
        return _code(plan)
    done = plan, frozenset[int](), frozenset[int]()
    new, counters = plan.of("new"), plan.of("counter")
    if not sure and not _agreed(output, plan):
        return 1
    move = bool(counters) and (sure or confirm(output, _higher(len(counters)), "--yes"))
    if new or move:
        imported = services.import_codes(plan, counters=move)
        done = imported.preview, imported.added, imported.moved
    if as_json:
        output.document(_document(*done))
    else:
        _tell_done(output, *done)
    return _code(plan)


def _check_format(name: str | None) -> None:
    from credguard.exchange.detect import FORMATS
    from credguard.exchange.named import NAMED

    if name is not None and name not in FORMATS and name not in NAMED:
        raise click.UsageError(f"There is no format {harmless(name)}. These are read: {', '.join(FORMATS)}.")


def _source(name: str) -> Source:
    from credguard.exchange.limits import MAX_KDBX
    from credguard.workflows.import_codes import Source, read_source

    if name == "-":
        return Source(_STDIN, sys.stdin.buffer.read(MAX_KDBX + 1))
    return read_source(name)


def _ask(name: str, wrong: Text | None) -> Secret | None:
    from credguard.domain.secret import Secret

    hint = f"{Output.words(wrong)} " if wrong is not None else ""
    answer = ask_passphrase(f"{hint}Password of {harmless(name)}")
    return Secret(answer) if answer else None


# ── what a person reads ──────────────────────────────────────────────────────────────────────────
def _codes(count: int) -> str:
    return f"{count} {'code' if count == 1 else 'codes'}"


def _higher(count: int) -> str:
    return f"{_codes(count)} here with a lower counter. Take the higher counter from the file?"


def _agreed(output: Output, plan: Preview) -> bool:
    new = plan.of("new")
    if not new:
        return True
    if confirm(output, f"Add {_codes(len(new))}?", "--yes"):
        return True
    output.note("Nothing was imported.")
    return False


def _show(output: Output, plan: Preview) -> None:
    """The preview: names and kinds, never a code. On stderr, since it is no result."""
    found = ", ".join(plan.programs)
    new, here = plan.of("new"), plan.of("duplicate", "counter")
    output.note(f"{_codes(len(plan.held))} from {found}: {len(new)} new, {len(here)} here already.")
    for row in (*new, *here)[:_SHOWN]:
        state = "new" if row.state == "new" else output.words(row.reason or "")
        output.note(f"  {harmless(row.name or row.issuer or 'code')}   {_kind(row)}   {state}")
        for note in row.notes:
            output.note(f"      {output.words(note)}")
    if len(new) + len(here) > _SHOWN:
        output.note(f"  … and {len(new) + len(here) - _SHOWN} more")


def _kind(row: Row) -> str:
    if row.type == "steam":
        return "Steam"
    return f"{row.digits} digits, " + ("counter" if row.type == "hotp" else f"{row.period} s")


def _tell_left_out(output: Output, plan: Preview) -> None:
    several = len({row.file for row in plan.rows}) > 1
    skipped = plan.of("skipped")
    mark = output.paint("!", "yellow", err=True)
    for row in skipped[:_SHOWN]:
        place = (f"{harmless(row.file)}, " if several else "") + output.words(row.where)
        name = f" ({harmless(row.name)})" if row.name else ""
        output.note(f"{mark} {place}{name}: {output.words(row.reason or '')}")
    if len(skipped) > _SHOWN:
        output.note(f"{mark} … and {len(skipped) - _SHOWN} more that were left out")
    for part in plan.missing_parts:
        output.note(f"{mark} Part {part.index + 1} of {part.size} is missing: show that picture too.")


def _tell_done(output: Output, plan: Preview, added: frozenset[int], moved: frozenset[int]) -> None:
    tick = output.paint("✓", "green")
    here = plan.of("duplicate", "counter")
    if added:
        output.line(f"{tick} {_codes(len(added))} stored and read back")
        if here:
            output.line(f"  {len(here)} here already")
    else:
        output.line(f"{tick} {'It is' if len(here) == 1 else f'All {len(here)} are'} here already")
    if moved:
        output.line(f"  {len(moved)} took the higher counter")
    for row in plan.rows:
        for note in row.notes if row.index in added else ():
            output.note(f"{harmless(row.name)}: {output.words(note)}")
    if added and not plan.encrypted and any(row.file != _STDIN for row in plan.rows):
        output.note("The secrets still lie in the file in plaintext: delete it when you need it no more.")


def _code(plan: Preview) -> int:
    return 3 if plan.of("skipped") or plan.missing_parts else 0


# ── for programs ─────────────────────────────────────────────────────────────────────────────────
def _document(plan: Preview, added: frozenset[int], moved: frozenset[int]) -> dict[str, Any]:
    return {
        "format": ",".join(plan.formats),
        "added": len(added),
        "duplicates": len(plan.of("duplicate", "counter")),
        "skipped": len(plan.of("skipped")),
        "missing_parts": [part.index + 1 for part in plan.missing_parts],
        "entries": [_row(row, added, moved) for row in plan.rows],
    }


def _row(row: Row, added: frozenset[int], moved: frozenset[int]) -> dict[str, Any]:
    reason = Output.words(row.reason) if row.reason is not None else None
    if row.index in moved:
        reason = "It was here already and took the higher counter."
    known = row.state != "skipped"
    document: dict[str, Any] = {
        "name": row.name,
        "issuer": row.issuer if known else None,
        "account": row.account if known else None,
        "type": row.type if known else None,
        "algorithm": row.algorithm if known else None,
        "digits": row.digits if known else None,
    }
    if known:
        document |= {"counter": row.counter} if row.type == "hotp" else {"period": row.period}
    states = {"new": "added" if row.index in added else "skipped", "counter": "duplicate"}
    notes = [Output.words(note) for note in row.notes]
    return document | {
        "state": states.get(row.state, row.state), "reason": reason, "line": row.number, "file": row.file,
        "notes": notes,
    }  # fmt: skip
