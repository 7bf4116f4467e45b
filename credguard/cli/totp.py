"""`credguard totp`: codes; add, list, remove, import and export them."""

from __future__ import annotations

import sys
import time
from typing import Any

import click

from credguard.cli import totp_export, totp_import
from credguard.cli.context import Context
from credguard.cli.help import Group
from credguard.cli.output import harmless
from credguard.domain.text import quoted
from credguard.queries.codes import CodeNow, CodeRow

_YEAR_10000 = 253_402_300_800.0  # seconds since 1970


@click.group(cls=Group, help="Codes: show one, add, list, remove; import and export them.")
def command() -> None:
    pass


command.add_command(totp_import.command, "import")
command.add_command(totp_export.command, "export")


@command.command("list", help="The codes CredGuard makes, without the codes.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_obj
def list_codes(context: Context, as_json: bool) -> int:
    rows = context.services.codes()
    output = context.output(as_json)
    if as_json:
        output.document([r.to_json() for r in rows])
        return 0
    if not rows:
        output.line("No codes yet. Add one with: credguard totp add --qr FILE")
        return 0
    output.table([[harmless(r.name), harmless(r.user), r.account_id or ""] for r in rows], indent=0)
    return 0


@command.command("code", help="The present code, how long it lasts, and the next one.")
@click.argument("name", required=False)
@click.option("--all", "everything", is_flag=True, help="All codes.")
@click.option("--at", default=None, help="For this time (ISO 8601, or seconds since 1970); marks nothing.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_obj
def code(context: Context, name: str | None, everything: bool, at: str | None, as_json: bool) -> int:
    if bool(name) == everything:
        raise click.UsageError("Say which: a NAME, or --all.")
    moment = _moment(at) if at is not None else None
    services = context.services
    output = context.output(as_json)
    rows = services.codes() if everything else (services.code_row(name or ""),)
    answers = [
        (row, services.code(row.entry_id, moment, move_counter=not everything, given=True))
        for row in rows
        if row.deleted_at is None and row.unreadable is None
    ]
    for row in rows:
        if row.unreadable is not None:
            output.note(row.unreadable)
    if as_json:
        documents = [_document(row, now) for row, now in answers]
        output.document(documents if everything else documents[0])
    for row, now in answers:
        if now.used:
            output.note(f"{harmless(row.name)}: this code was sent to AWS already. Wait for the next one.")
        if not as_json and everything:
            output.line(f"{now.code}  {now.valid_for:>2} s  {harmless(row.name)}")
        elif not as_json:
            output.line(now.code)
            output.note(f"good for {now.valid_for} s" if now.valid_for else "")
    return 0


def _document(row: CodeRow, now: CodeNow) -> dict[str, Any]:
    document: dict[str, Any] = {"name": row.name, "code": now.code}
    if row.type != "hotp":
        document |= {"valid_for_seconds": now.valid_for, "next_code": now.next_code}
    return document


def _moment(at: str) -> float:
    """Seconds since 1970 from either form; a time without a zone is local."""
    import datetime

    try:
        moment = float(at)
    except ValueError:
        try:
            moment = datetime.datetime.fromisoformat(at).astimezone().timestamp()
        except (ValueError, OverflowError, OSError):
            moment = -1.0
    if not 0 <= moment < _YEAR_10000:  # false for nan as well
        raise click.UsageError(f"{at} is no time. Use seconds since 1970 or 2026-11-30T10:44:00Z.")
    return moment


@command.command("add", help="Add a code from a QR picture, an address or a secret.")
@click.argument("name", required=False)
@click.option("--uri", help="An otpauth:// address; - reads it from stdin.")
@click.option("--qr", "picture", help="An image file with the QR code.")
@click.option("--secret", help="- reads the Base32 secret from stdin.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_obj
def add(
    context: Context,
    name: str | None,
    uri: str | None,
    picture: str | None,
    secret: str | None,
    as_json: bool,
) -> int:
    if sum(x is not None for x in (uri, picture, secret)) != 1:
        raise click.UsageError("Say one of --uri -, --qr FILE or --secret -.")
    if any(given not in {None, "-"} for given in (uri, secret)):
        raise click.UsageError(
            "A secret on the command line can be read by others. Use - and standard input."
        )
    if secret is not None and not name:
        raise click.UsageError("--secret needs a NAME.")
    typed = sys.stdin.readline().strip() if (uri or secret) else ""
    row = context.services.add_code(
        address=typed if uri else None,
        secret=typed if secret else None,
        image_path=picture,
        name=name,
    )
    output = context.output(as_json)
    if as_json:
        output.document(row.to_json())
    else:
        output.line(f"{output.paint('✓', 'green')} {harmless(row.name)} stored and read back")
        output.line(f"Show it: credguard totp code {quoted(harmless(row.name))}")
    return 0


@command.command("remove", help="Take a code away; it is kept for 7 days.")
@click.argument("name")
@click.option("--undo", is_flag=True, help="Bring it back.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_obj
def remove(context: Context, name: str, undo: bool, as_json: bool) -> int:
    services = context.services
    row = services.code_row(name, deleted=undo)
    output = context.output(as_json)
    if undo:
        row = services.restore_code(row.entry_id)
        sentence = f"{harmless(row.name)} is back."
    else:
        row = services.remove_code(row.entry_id)
        until = time.strftime("%d %B", time.localtime((row.deleted_at or 0) + 7 * 86_400))
        shown = harmless(row.name)
        sentence = f"{shown} is kept until {until}. Back: credguard totp remove --undo {quoted(shown)}"
    if as_json:
        output.document(row.to_json())
    else:
        output.line(sentence)
    return 0
