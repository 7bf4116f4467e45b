"""What `credguard mfa` prints: rows, the end of a run, and the steps on the AWS website."""

from __future__ import annotations

from typing import TYPE_CHECKING

from credguard.cli.output import Output, harmless, iso
from credguard.domain.errors import CredGuardError, Locked
from credguard.domain.text import Text, quoted, text

if TYPE_CHECKING:
    from credguard.workflows.enrolment import EnrolmentReport, UserDevice

_KINDS = {"unassigned": "assigned to nobody", "security-key": "security key"}


def row(device: UserDevice) -> list[str]:
    """A line of `mfa list`."""
    return [
        harmless(device.name),
        _KINDS.get(device.kind, device.kind),
        "code here" if device.code else "no code here",
    ]


def row_json(device: UserDevice) -> dict[str, object]:
    """The same for `--json`."""
    return {
        "serial": device.serial,
        "kind": device.kind,
        "code": device.code,
        "enabled": iso(device.enabled_at),
    }


def guide(output: Output, root: bool, account: str, lines: tuple[Text, ...], as_json: bool) -> int:
    """What no API can do, step by step: exit 1 for root, which was to be enrolled."""
    if as_json:
        kind = "root" if root else "security-key"
        output.document({"guide": kind, "steps": [str(line) for line in lines]})
    else:
        what = "Root’s MFA" if root else "A security key"
        output.line(f"{what} is added on the AWS website alone. For {harmless(account)}:")
        for number, line in enumerate(lines, 1):
            output.line(text("  {n}. {line}", n=number, line=line))
    return 1 if root else 0


def end(output: Output, report: EnrolmentReport, as_json: bool, quiet: bool = False) -> int:
    """How a run ended, and the exit code that says so."""
    if as_json:
        output.document(report.to_json())
    elif not quiet and report.failure is None:
        _say(output, report)
    if report.left is not None and not quiet:
        output.note(output.words(report.left))
    if report.failure is not None:
        from credguard.cli.problems import show

        error: CredGuardError = report.failure.error()
        error.changed = report.on or bool(report.left_serials)
        show(error, out=output)
        return 4 if isinstance(error, Locked) else 1
    return 0


def _say(output: Output, report: EnrolmentReport) -> None:
    output.line()
    match report.purpose, report.state:
        case "enrol", "done":
            output.line(f"Done. {harmless(report.device)} is on and its code is kept here.")
            if report.profiles:
                output.line("Your aws commands get their code from CredGuard.")
            else:
                output.line(f"For the website: credguard totp code {quoted(harmless(report.code_name))}")
        case "enrol", _:
            output.line("Taken back. No new device is on.")
        case "remove", "done":
            output.line(f"Done. {harmless(report.device)} is removed. Its code is kept for seven days.")
        case "remove", _:
            output.line("Nothing was changed.")
        case _:
            output.line("Done. AWS knows the clock of the device again.")
