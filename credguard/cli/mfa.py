"""`credguard mfa`: MFA devices of IAM users: enrol, list, resync, remove."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from credguard.cli import mfa_words
from credguard.cli.context import Context
from credguard.cli.help import Group
from credguard.cli.output import Output, harmless
from credguard.cli.questions import confirm, typed
from credguard.cli.steps import StepLines

if TYPE_CHECKING:
    from credguard.queries.accounts import KeyRow


@click.group(cls=Group, help="MFA devices: add one whose code is kept here, list, synchronise, remove.")
def command() -> None:
    pass


@command.command("enrol", help="Give a user an MFA device and keep its code: no picture, no waiting.")
@click.argument("name", required=False)
@click.option("--device-name", default=None, help="What AWS calls the device; else a name nobody used.")
@click.option("--security-key", is_flag=True, help="Show how to add a security key on the AWS website.")
@click.option("--resume", is_flag=True, help="Go on with what was begun.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_obj
def enrol(
    context: Context,
    name: str | None,
    device_name: str | None,
    security_key: bool,
    resume: bool,
    yes: bool,
    as_json: bool,
) -> int:
    if not (name or resume) or (security_key and not name):
        raise click.UsageError("Say which: mfa enrol NAME, or --resume.")
    services, output = context.services, context.output(as_json)
    if resume:
        return _resume(context, output, name, yes, as_json)
    target = services.target(name or "")
    key = services.key_to_rotate(target)
    if security_key or key.root:
        lines = services.mfa_guide("root" if key.root else "security-key", target.row.user)
        return mfa_words.guide(output, key.root, target.row.account.name, lines, as_json)
    who = f"{harmless(target.row.user)} in {harmless(target.row.account.name)}"
    run = services.enrolment_of(key.access_key_id)
    output.note(f"Going on with an MFA device for {who}" if run else f"Adding an MFA device for {who}")
    if not yes and not confirm(output, "Go on?" if run else "Create it and keep its code here?", "--yes"):
        output.note("Nothing was changed.")
        return 1
    output.note()
    with _lines(output) as tell:
        report = services.enrolment(key.access_key_id, tell, device_name)
    return mfa_words.end(output, report, as_json)


@command.command("list", help="The devices of a user as AWS lists them, and whose code is here.")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_obj
def list_devices(context: Context, name: str, as_json: bool) -> int:
    services, output = context.services, context.output(as_json)
    target = services.target(name)
    key = services.key_to_rotate(target)
    if services.enrolment_of(key.access_key_id) is not None:
        output.note("An MFA device of this user is not finished. Go on: credguard mfa enrol --resume")
    devices = services.mfa_devices(key.access_key_id)
    if as_json:
        output.document([mfa_words.row_json(device) for device in devices])
        return 0
    if not devices:
        output.line(f"{harmless(target.row.user)} has no MFA device.")
        output.line(f'Add one: credguard mfa enrol "{harmless(target.row.account.name)}"')
        return 0
    output.table([mfa_words.row(device) for device in devices], indent=0)
    return 0


@command.command("resync", help="Let AWS learn a device's clock anew, with two codes in a row.")
@click.argument("name")
@click.option("--device", default=None, help="Its serial or name, where the user has several.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_obj
def resync(context: Context, name: str, device: str | None, as_json: bool) -> int:
    services, output = context.services, context.output(as_json)
    key = services.key_to_rotate(services.target(name))
    _finish_first(context, output, key)
    chosen = services.mfa_device(key.access_key_id, device, with_code=True)
    with _lines(output) as tell:
        report = services.mfa_resync(key.access_key_id, chosen.serial, tell)
    return mfa_words.end(output, report, as_json)


@command.command("remove", help="Take a device from its user and delete it; or take back what was begun.")
@click.argument("name")
@click.option("--device", default=None, help="Its serial or name, where the user has several.")
@click.option("--yes", is_flag=True, help="Do not ask. The last device always asks.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_obj
def remove(context: Context, name: str, device: str | None, yes: bool, as_json: bool) -> int:
    services, output = context.services, context.output(as_json)
    target = services.target(name)
    key = services.key_to_rotate(target)
    user, account = harmless(target.row.user), harmless(target.row.account.name)
    run = services.enrolment_of(key.access_key_id)
    if run is not None:
        if not yes and not confirm(output, f"Take back what was begun for {user} in {account}?", "--yes"):
            return 1
        with _lines(output) as tell:
            return mfa_words.end(output, services.enrolment_undo(run, tell), as_json)
    meant = services.mfa_removal(key.access_key_id, device)
    chosen = meant.device
    if meant.last:
        lost = (
            f"{harmless(chosen.name)} is the last MFA device of {user} in {account}.\n"
            "Without one a password is enough to sign in, and what a policy allows only with MFA is"
            " refused."
        )
        sure = typed(output, target.row.account.name, lost)
    else:
        sure = yes or confirm(output, f"Remove {harmless(chosen.name)} of {user} in {account}?", "--yes")
    if not sure:
        output.note("Nothing was changed.")
        return 1
    with _lines(output) as tell:
        report = services.mfa_remove(key.access_key_id, chosen.serial, tell)
    return mfa_words.end(output, report, as_json)


# ── parts ────────────────────────────────────────────────────────────────────────────────────────
def _lines(output: Output) -> StepLines:
    return StepLines(output, time.monotonic)


def _resume(context: Context, output: Output, name: str | None, yes: bool, as_json: bool) -> int:
    services = context.services
    runs = services.enrolments_to_resume(name)
    if not runs:
        if as_json:
            output.document([])
        else:
            output.line("No MFA device was left unfinished.")
        return 0
    if not yes and not confirm(output, f"Go on with {len(runs)}?", "--yes"):
        return 1
    reports = []
    for run in runs:
        with _lines(output) as tell:
            reports.append(services.enrolment_resume(run, tell))
    if as_json:
        output.document([report.to_json() for report in reports])
    codes = [mfa_words.end(output, report, False, quiet=as_json) for report in reports]
    return 3 if 0 in codes and any(codes) else max(codes)


def _finish_first(context: Context, output: Output, key: KeyRow) -> None:
    """What was begun for the same user comes first."""
    run = context.services.enrolment_of(key.access_key_id)
    if run is None:
        return
    output.note("Going on with what was begun.")
    with _lines(output) as tell:
        context.services.enrolment_finish(run, tell)
