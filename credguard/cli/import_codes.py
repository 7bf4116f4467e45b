"""The codes that an import from a vault brings along with its keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from credguard.cli.context import Context
from credguard.cli.output import Output, harmless
from credguard.cli.questions import confirm

if TYPE_CHECKING:
    from credguard.domain.otp import OtpEntry


def show_codes(output: Output, codes: Sequence[OtpEntry]) -> None:
    """The preview: names and kinds, never a code."""
    if codes:
        output.line(f"{len(codes)} {'code' if len(codes) == 1 else 'codes'} found.")
        output.line()
        for entry in codes:
            kind = {"totp": f"{entry.digits} digits, {entry.period} s", "hotp": "counter", "steam": "Steam"}
            output.line(f"      {harmless(entry.name or 'code')}   {kind[entry.type]}")
        output.line()


def add_codes(
    context: Context, output: Output, codes: tuple[OtpEntry, ...], sure: bool, keys_only: bool
) -> tuple[tuple[str, bool], ...]:
    """Store them, when a person says so; (name, added) of each, False = it is here already."""
    if not codes or (keys_only and not sure):
        return ()
    question = f"Add {len(codes)} {'code' if len(codes) == 1 else 'codes'}?"
    if not sure and not confirm(output, question, "--yes"):
        return ()
    added = context.services.add_codes(codes)
    for name, new in added:
        state = "stored and read back" if new else "here already"
        output.note(f"{output.paint('✓', 'green', err=True)} {harmless(name)}  {state}")
    return added


def code_rows(added: Sequence[tuple[str, bool | None]]) -> dict[str, Any]:
    """For the JSON document; a state of None is what a dry run found."""
    words = {True: "added", False: "duplicate", None: "found"}
    return {"codes": [{"name": name, "state": words[new]} for name, new in added]}
