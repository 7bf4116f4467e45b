"""`credguard agent`: hold the sealed vault open for programs, in this process."""

from __future__ import annotations

import sys

import click

from credguard.cli.context import Context, ask_passphrase
from credguard.cli.help import Command


@click.command(cls=Command, help="Hold the sealed vault open for programs until it locks. In the foreground.")
@click.option("--handed", is_flag=True, hidden=True)
@click.option("--leashed", is_flag=True, hidden=True)
@click.option("--care", is_flag=True, hidden=True)
@click.option("--allowed", is_flag=True, help="Programs that may use keys without a question.")
@click.option("--disallow", metavar="PROGRAM", help="Ask about this program file again; all for every one.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout (with --allowed).")
@click.pass_obj
def command(
    context: Context,
    handed: bool,
    leashed: bool,
    care: bool,
    allowed: bool,
    disallow: str | None,
    as_json: bool,
) -> int:
    if disallow is not None:
        count = context.services.disallow(None if disallow == "all" else disallow)
        context.output().line(f"{count} taken back." if count else "Nothing was allowed to it.")
        return 0
    if allowed:
        return _allowed(context, as_json)
    if care:
        from credguard.agent.care import run as run_care

        return run_care()
    from credguard.agent.run import run

    return run(
        handed=handed, leashed=leashed, ask=ask_passphrase, say=lambda line: print(line, file=sys.stderr)
    )


def _allowed(context: Context, as_json: bool) -> int:
    from credguard.cli.output import harmless, iso

    rows = context.services.allowed()
    output = context.output(as_json)
    if as_json:
        output.document(
            [
                {"program": r.program, "account_id": r.account_id, "at": iso(r.at), "until": iso(r.until)}
                for r in rows
            ]
        )
    elif not rows:
        output.line("No program is allowed anything for longer than once.")
    else:
        shown = [[harmless(r.program), r.account_id, iso(r.until) or "always"] for r in rows]
        output.table(shown, indent=0)
    return 0
