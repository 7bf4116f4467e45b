"""What the ways into the vault are called, and what is said of them."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from credguard.gui import moments
from credguard.gui.translate import harmless, words

if TYPE_CHECKING:
    from credguard.vault.sealed.slots import SlotView
    from credguard.workflows.vault_care import VaultState, WayIn


def summary(count: int, state: VaultState) -> str:
    if state.advice is not None:
        return words(state.advice)
    if not count:
        return "None yet. Three are a good number: one on you, one at home, one elsewhere"
    return f"{count} keys: one on you, one at home, one elsewhere"


def name_of(slot: SlotView) -> str:
    kinds = {"fido2": "Security key", "passphrase": "Passphrase", "recovery": "Recovery code"}
    return harmless(slot.label) or kinds.get(slot.type, harmless(slot.type))


def _at(iso: str) -> float:
    try:
        return datetime.datetime.fromisoformat(iso.replace("Z", "+00:00")).timestamp()
    except ValueError:
        return 0.0


def detail(slot: SlotView) -> str:
    kind = {"fido2": "FIDO2, added", "recovery": "Made"}.get(slot.type, "Set")
    said = f"{kind} on {moments.date(_at(slot.created))}"
    if slot.with_passphrase:
        said += ", with a passphrase"
    if len(slot.opens) == 1:
        said += f", opens the {slot.opens[0]} alone"
    return said


def proof(way: WayIn, now: float) -> tuple[str, str, str]:
    """Icon, words and their colour: when it was tested last."""
    last = _at(way.slot.proved or way.slot.created)
    if way.due:
        return "clock", f"Not tested for {int((now - last) // 86_400)} days", "warn"
    if way.slot.proved:
        return "check", f"Tested on {moments.date(last)}", "text2"
    return "", "Not tested yet", "text2"
