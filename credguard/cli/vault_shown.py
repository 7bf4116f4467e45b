"""Ways into the vault as lines and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from credguard.cli.context import Context
from credguard.cli.output import Output, harmless

if TYPE_CHECKING:
    from credguard.vault.sealed.slots import SlotView
    from credguard.workflows.vault_care import RemovedWay, VaultState

SHOWN = {"passphrase": "passphrase", "recovery": "recovery code", "keychain": "keychain",
          "fido2": "security key"}  # fmt: skip


def document(state: VaultState) -> dict[str, object]:
    """The shape of `vault slots --json`."""
    return {
        "path": state.path,
        "compartments": list(state.compartments),
        "slots": [
            {
                "id": way.slot.id, "type": way.slot.type, "label": way.slot.label,
                "created": way.slot.created, "opens": list(way.slot.opens), "proved": way.slot.proved,
                "due": way.due, "weak": way.slot.weak, "with_passphrase": way.slot.with_passphrase,
            }
            for way in state.ways
        ],
        "without_recovery": list(state.without_recovery),
        "advice": None if state.advice is None else str(state.advice),
    }  # fmt: skip


def remarks(output: Output, state: VaultState) -> list[str]:
    """What is missing or due, one line each."""
    mark = output.paint("!", "yellow")
    lines = [] if state.advice is None else [f"{mark} {output.words(state.advice)}"]
    if state.without_recovery:
        what = harmless(" and ".join(state.without_recovery))
        lines.append(f"{mark} No recovery code opens the {what}. Make one: credguard vault recovery")
    due = [way.slot for way in state.ways if way.due]
    if due:
        names = ", ".join(called(slot) for slot in due)
        lines.append(f"{mark} Not tested for 180 days: {names}. Test with: credguard vault test")
    if any(way.slot.weak for way in state.ways):
        lines.append(f"{mark} A passphrase is cheap to guess: credguard vault passphrase --strengthen")
    return lines


def left_to_do(output: Output, removed: RemovedWay) -> None:
    """After a removal: what a copy of the vault could still give away."""
    output.line(f"{output.paint('✓', 'green')} {called(removed.slot)} opens nothing any more")
    if removed.access_keys or removed.codes:
        output.line("  Whoever has it and an old copy of the vault could still read that copy. To be safe,")
        output.line("  rotate these keys, and set these codes up anew:")
        for name in (*removed.access_keys, *removed.codes):
            output.line(f"    {harmless(name)}")
    for path in removed.set_aside:
        output.line(f"  It may still open {harmless(path)}: delete that file when you need it no more.")


def called(slot: SlotView) -> str:
    """A way in by its name and kind."""
    kind = SHOWN.get(slot.type, slot.type)
    return harmless(f"{slot.label} ({kind})" if slot.label else f"{kind} {slot.id[:8]}")


def told(context: Context, output: Output, what: str, slot: SlotView) -> int:
    """It went well; and what is missing or due."""
    output.line(f"{output.paint('✓', 'green')} {what} {called(slot)}")
    for line in remarks(output, context.services.vault.state()):
        output.line(line)
    return 0


def no_code(output: Output) -> int:
    """Nobody wrote the code down."""
    output.note("No recovery code was made: it has to be written down by somebody at a terminal.")
    return 1
