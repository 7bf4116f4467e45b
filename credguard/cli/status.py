"""`credguard status`: one screen, and the next thing to do."""

from __future__ import annotations

import click

from credguard.cli.context import Context
from credguard.cli.help import Command
from credguard.cli.output import Output, bar, day, harmless, iso, pad
from credguard.domain.accounts import grouped
from credguard.queries.accounts import AccountRow
from credguard.queries.home import HomeView, freshness, status_json


@click.command(
    cls=Command, help="Accounts, key ages, root alarms, plaintext found, and the next thing to do."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_obj
def command(context: Context, as_json: bool) -> int:
    services = context.services
    view = services.home()
    output = context.output(as_json)
    if as_json:
        output.document(status_json(view, iso))
    else:
        show(output, view, services.clock.now(), services.settings.get("due_days"))
    return 3 if view.alarms or view.plaintext else 0


def show(output: Output, view: HomeView, now: float, due_days: int) -> None:
    """The screen of the design, section 12."""
    rows = view.accounts
    if rows:
        count = output.paint(f"{len(rows)} account{'' if len(rows) == 1 else 's'}", "bold")
        output.line(f"{count}, {output.words(freshness(view.checked_at, now))}")
    else:
        output.line("No accounts yet")
    for alarm in view.alarms:
        output.line()
        output.line(f"{output.paint('!', 'bold', 'red')} {output.paint(output.words(alarm.title), 'bold')}")
        output.line(f"  It can do anything in account {grouped(alarm.account_id)}, including closing it.")
    if rows:
        output.line()
        name_width = max(len("Account"), *(len(harmless(r.account.name)) for r in rows))
        output.line(
            f"  {pad('Account', name_width)}    {pad('Key', 5, True)}  of {due_days} days"
            f"  {pad('Due', 11, True)}   MFA"
        )
        for row in rows:
            output.line(_account_line(output, row, name_width, now, due_days))
    if view.waiting or view.plaintext:
        output.line()
    width = max((len(output.words(w.title)) for w in view.waiting), default=0)
    for waiting in view.waiting:
        title = pad(output.words(waiting.title), width)
        shown = output.paint(harmless(waiting.command), "cyan")
        output.line(f"{output.paint('!', 'yellow')} {title}   {shown}")
    if view.next_command:
        output.line()
        output.line(f"Next: {output.paint(harmless(view.next_command), 'cyan')}")


def _account_line(output: Output, row: AccountRow, width: int, now: float, due_days: int) -> str:
    key = row.current
    name = pad(harmless(row.account.name), width)
    mfa = output.paint("✓", "green") if row.mfa else "no"
    if key is None:
        return f"  {name}    no key"
    if key.root:
        return f"  {name}    {output.paint(pad('root', 5, True), 'bold', 'red')}{' ' * 28}   {mfa}"
    if key.age_days is None or key.due is None:
        return f"  {name}    {pad('?', 5, True)}{' ' * 28}   {mfa}"
    late = int((now - key.due) // 86_400)
    due = f"{late} days late" if late > 0 else day(key.due, now)
    if row.grace is not None:
        due = "old key off"
    color = "yellow" if row.urgency in {"late", "soon"} else "green"
    drawn = output.paint(bar(key.age_days / max(due_days, 1)), color)
    shown_due = output.paint(pad(due, 13, True), "yellow") if late > 0 else pad(due, 13, True)
    return f"  {name}    {pad(f'{key.age_days} d', 5, True)}  {drawn}{shown_due}   {mfa}"
