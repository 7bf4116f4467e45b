"""`credguard whoami NAME`: the identity behind a key; exit 3 when it is root."""

from __future__ import annotations

import click

from credguard.cli.context import Context
from credguard.cli.help import Command


@click.command(cls=Command, help="Who a key is, asked of AWS now. Exit 3 and a warning when it is root.")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_obj
def command(context: Context, name: str, as_json: bool) -> int:
    answer = context.services.whoami(name)
    output = context.output(as_json)
    words = [output.words(w) for w in answer.warnings]
    if as_json:
        output.document(
            {
                "arn": answer.identity.arn,
                "account_id": answer.identity.account_id,
                "kind": answer.identity.kind,
                "root": answer.identity.is_root,
                "warnings": words,
            }
        )
    else:
        from credguard.cli.output import harmless
        from credguard.domain.accounts import grouped

        output.line(harmless(answer.identity.arn))
        output.line(f"Account {grouped(answer.identity.account_id)}")
        if words:
            output.line()
            output.line(f"{output.paint('!', 'bold', 'red')} {output.paint(words[0], 'bold')}")
        for sentence in words[1:]:
            output.line(f"  {sentence}")
    return 3 if answer.identity.is_root else 0
