"""`credguard activity`: who used which key when, and what was changed."""

from __future__ import annotations

import datetime

import click

from credguard.cli.context import Context
from credguard.cli.help import Command
from credguard.cli.output import harmless, iso


@click.command(
    cls=Command, help="Which program used which key when; rotations and other changes. Newest first."
)
@click.option("--limit", type=click.IntRange(1, 100_000), default=50, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_obj
def command(context: Context, limit: int, as_json: bool) -> int:
    rows = context.services.activity(limit)
    output = context.output(as_json)
    if as_json:
        output.document(
            [
                {
                    "at": iso(r.at),
                    "actor": r.actor,
                    "action": str(r.action),
                    "kind": r.kind,
                    "account_id": r.account_id,
                    "access_key_id": r.access_key_id,
                    "detail": r.detail,
                }
                for r in rows
            ]
        )
        return 0
    if not rows:
        output.line("Nothing yet. Programs that use a key will show up here.")
        return 0
    for row in rows:
        at = datetime.datetime.fromtimestamp(row.at).astimezone()
        output.line(f"{at:%Y-%m-%d %H:%M}  {harmless(row.actor)} {output.words(row.action)}")
    return 0
