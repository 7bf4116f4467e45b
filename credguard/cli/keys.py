"""`credguard keys`: every key CredGuard keeps."""

from __future__ import annotations

import click

from credguard.cli.context import Context
from credguard.cli.help import Command
from credguard.cli.output import harmless
from credguard.domain.keys import masked
from credguard.queries.accounts import key_json


@click.command(cls=Command, help="Every key: age, profiles that use it, where it is stored.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_obj
def command(context: Context, as_json: bool) -> int:
    rows = [key for account in context.services.accounts() for key in account.keys]
    output = context.output(as_json)
    if as_json:
        output.document([key_json(k) for k in rows])
        return 0
    if not rows:
        output.line("No keys yet. Move them in with: credguard import")
        return 0
    table = [["Key", "Id", "Age", "State", "Profiles"]]
    for key in rows:
        age = "?" if key.age_days is None else f"{key.age_days:,} d"
        state = "root" if key.root else "left over" if key.leftover else key.status
        profiles = ", ".join(harmless(link.name) for link in key.profiles) or "none"
        table.append([harmless(key.name), masked(key.access_key_id), age, state, profiles])
    output.table(table, right=(2,), indent=0)
    return 0
