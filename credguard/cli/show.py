"""`credguard show NAME`: all about one account."""

from __future__ import annotations

import click

from credguard.cli.context import Context
from credguard.cli.help import Command
from credguard.cli.output import day, harmless
from credguard.domain.accounts import grouped
from credguard.domain.text import quoted
from credguard.queries.accounts import account_json
from credguard.queries.names import resolve


@click.command(cls=Command, help="All about one account: keys, profiles, MFA.")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_obj
def command(context: Context, name: str, as_json: bool) -> int:
    services = context.services
    row = resolve(name, services.accounts()).row
    output = context.output(as_json)
    if as_json:
        output.document(account_json(row))
        return 0
    now = services.clock.now()
    output.line(output.paint(harmless(row.account.name), "bold") + f"  {grouped(row.account.account_id)}")
    if row.identity is not None:
        output.line(f"  {harmless(row.identity.arn)}")
    for key in row.keys:
        output.line()
        age = "" if key.age_days is None else f", {key.age_days:,} days old"
        due = f", due {day(key.due, now)}" if key.due is not None and not key.root else ""
        output.line(f"  {key.access_key_id}{age}{due}")
        if key.root:
            output.line(f"  {output.paint('!', 'bold', 'red')} This is a root key. It can do anything.")
        for link in key.profiles:
            output.line(f"    profile {harmless(link.name)}")
        if key.leftover:
            output.line("    nothing uses it")
    for device in row.mfa:
        output.line()
        made = "CredGuard makes its codes" if device.code else "its codes come from elsewhere"
        output.line(f"  MFA {harmless(device.name)}: {made}")
    if row.together is not None:
        output.line(f"  {row.together}")
    if row.grace is not None:
        output.line()
        output.line(f"  The old key is off, deleted on {day(row.grace.delete_at, now)}")
        output.line(f"  Undo: credguard rotate --undo {quoted(harmless(row.account.name))}")
    return 0
