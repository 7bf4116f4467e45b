"""`credguard accounts`: all accounts by company."""

from __future__ import annotations

from itertools import groupby

import click

from credguard.cli.context import Context
from credguard.cli.help import Command
from credguard.cli.output import harmless, pad
from credguard.domain.accounts import grouped
from credguard.domain.text import quoted
from credguard.queries.accounts import AccountRow, account_json


@click.command(cls=Command, help="All accounts, by company.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_obj
def command(context: Context, as_json: bool) -> int:
    rows = context.services.accounts()
    output = context.output(as_json)
    if as_json:
        output.document([account_json(r) for r in rows])
        return 0
    if not rows:
        output.line("No accounts yet. Move keys in with: credguard import")
        return 0
    names = max(len(harmless(r.account.name)) for r in rows)
    users = max(len(harmless(r.user)) for r in rows)
    companies = {r.account.company for r in rows} - {""}
    for company, members in groupby(rows, key=lambda r: r.account.company):
        if companies:
            output.line(output.paint(harmless(company) or "Other", "bold"))
        for row in members:
            key = row.current
            age = "" if key is None else "?" if key.age_days is None else f"{key.age_days:,} d"
            who = pad("ROOT" if row.is_root else harmless(row.user), users)
            if row.is_root:
                who = output.paint(who, "bold", "red")
            output.line(
                f"  {pad(harmless(row.account.name), names)}  {grouped(row.account.account_id)}  "
                f"{who}  {pad(age, 8, True)}   {_mfa(row)}"
            )
    output.line()
    of = f" of {_count(len(companies), 'company', 'companies')}" if companies else ""
    output.line(f"{_count(len(rows), 'account')}{of}")
    example = rows[0].account.name
    output.line(f"More about one: credguard show {quoted(harmless(example))}")
    return 0


def _mfa(row: AccountRow) -> str:
    words = "✓ MFA" if row.mfa else "no MFA"
    return f"{words}, old key off" if row.grace is not None else words


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
