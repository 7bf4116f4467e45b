"""`credguard rename NAME NEW`: what an account is called here, its company and its colour."""

from __future__ import annotations

import click

from credguard.cli.context import Context
from credguard.cli.help import Command
from credguard.cli.output import harmless
from credguard.domain.accounts import COLORS
from credguard.queries.accounts import account_json
from credguard.queries.names import resolve


@click.command(cls=Command, help="What an account is called here, and its company. AWS is not told.")
@click.argument("name")
@click.argument("new", required=False)
@click.option("--company", default=None, help="The client or company it belongs to; '' for none.")
@click.option("--color", type=click.Choice(COLORS), default=None, help="The colour of its bar.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_obj
def command(
    context: Context, name: str, new: str | None, company: str | None, color: str | None, as_json: bool
) -> int:
    if new is None and company is None and color is None:
        raise click.UsageError("Say what is new: a NAME, --company or --color.")
    services = context.services
    row = resolve(name, services.accounts()).row
    account = services.describe_account(row.account.account_id, name=new, company=company, color=color)
    output = context.output(as_json)
    if as_json:
        output.document(account_json(resolve(account.account_id, services.accounts()).row))
    else:
        of = f", of {harmless(account.company)}" if account.company else ""
        output.line(f"{harmless(account.name)}{of}: {account.account_id}")
    return 0
