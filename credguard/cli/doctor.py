"""`credguard doctor`: why a profile does not work."""

from __future__ import annotations

import click

from credguard.cli.context import Context
from credguard.cli.help import Command


@click.command(cls=Command, help="Store, D-Bus, clock, AWS files, and which source wins for each profile.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_obj
def command(context: Context, as_json: bool) -> int:
    findings = context.services.doctor()
    output = context.output(as_json)
    if as_json:
        output.document(
            [
                {"subject": f.subject, "ok": f.ok, "text": str(f.text), "fix": str(f.fix) if f.fix else None}
                for f in findings
            ]
        )
    for finding in findings:
        mark = output.paint("✓", "green") if finding.ok else output.paint("!", "yellow")
        output.line(f"{mark} {output.words(finding.text)}")
        if finding.fix is not None:
            output.line(f"  {output.words(finding.fix)}")
    return 0 if all(f.ok for f in findings) else 1
