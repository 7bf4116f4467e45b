"""`credguard lock`: lock now."""

from __future__ import annotations

import click

from credguard.cli.context import Context
from credguard.cli.help import Command


@click.command(
    cls=Command, help="Lock now: ends the agent; at the keychain drops sessions, and programs may wait."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_obj
def command(context: Context, as_json: bool) -> int:
    done = context.services.lock()
    output = context.output(as_json)
    if as_json:
        output.document(
            {"agent_ended": done.ended, "sessions_dropped": done.sessions, "programs_wait": done.waiting}
        )
        return 0
    if done.ended:
        output.line("Locked. The agent has ended.")
    if done.waiting:
        output.line("Programs wait until you unlock.")
    if done.sessions:
        output.line(f"{done.sessions} session{'' if done.sessions == 1 else 's'} forgotten.")
    if not (done.ended or done.waiting or done.sessions):
        output.line("Nothing was open.")
    return 0
