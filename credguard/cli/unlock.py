"""`credguard unlock`: open the sealed vault in the agent, or let programs go on at the keychain."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from credguard.cli.context import Context
from credguard.cli.help import Command
from credguard.domain.errors import Locked
from credguard.domain.text import text

if TYPE_CHECKING:
    from credguard.workflows.unlocking import LockState


@click.command(cls=Command, help="Open the sealed vault until it locks: asks once, for words or a touch.")
@click.option("--security-key", is_flag=True, help="Open it with a security key, by a touch.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_obj
def command(context: Context, security_key: bool, as_json: bool) -> int:
    services = context.services
    way = "fido2" if security_key else None
    went_on = services.allow_programs()
    sealed = "sealed" in {services.store_kind(), services.settings.get("codes_store")}
    from_file = sealed and way is None and services.unlock_from_file()
    if sealed and not from_file and not services.unlock_by_asking(way):
        raise Locked(
            "vault-locked",
            text("The sealed vault is locked, and there is nobody to ask."),
            text("Run the command in a terminal, or name a file in CREDGUARD_PASSPHRASE_FILE."),
        )
    state = services.lock_state()
    output = context.output(as_json)
    if as_json:
        output.document(
            {"store": services.store_kind(), "open": list(state.open), "closes_in": _whole(state)}
        )
    elif not sealed:
        output.line("Programs get keys again." if went_on else "The keychain has a lock of its own.")
    else:
        for part in state.open:
            output.line(f"{part.capitalize()} are open{_until(state.closes_in.get(part))}.")
        output.line("Lock: credguard lock")
    return 0


def _until(seconds: float | None) -> str:
    if seconds is None:
        return " until you lock them"
    minutes = max(1, round(seconds / 60))
    return f" for {minutes} minute{'' if minutes == 1 else 's'} without a use"


def _whole(state: LockState) -> dict[str, int | None]:
    return {part: None if left is None else int(left) for part, left in state.closes_in.items()}
