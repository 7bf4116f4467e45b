"""`credguard remove NAME`: take a stored key out of CredGuard, after typing the account's name."""

from __future__ import annotations

import click

from credguard.cli.context import Context
from credguard.cli.help import Command
from credguard.cli.output import harmless
from credguard.cli.questions import typed


@click.command(
    cls=Command, help="Take a stored key out of CredGuard. AWS is not asked and nothing is deleted there."
)
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_obj
def command(context: Context, name: str, as_json: bool) -> int:
    services = context.services
    output = context.output(as_json)
    target = services.target(name)
    plan = services.remove_plan(target)
    account = target.row.account.name
    profiles = ", ".join(harmless(p) for p in plan.profiles)
    used = f"\nThese profiles stop working: {profiles}." if profiles else ""
    consequence = (
        f"Take key {plan.access_key_id} of {harmless(account)} out of CredGuard for ever.\n"
        f"This may be the only copy of its secret. It stays on at AWS until you delete it there.{used}"
    )
    if not typed(output, account, consequence):
        output.note("Nothing was changed.")
        return 1
    services.remove_key(plan)
    if as_json:
        output.document({"removed": plan.access_key_id, "profiles": [*plan.profiles]})
    else:
        output.line(f"{plan.access_key_id} is no longer in CredGuard.")
    return 0
