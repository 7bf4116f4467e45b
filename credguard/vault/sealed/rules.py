"""The rule that keeps a person from being locked out, and the advice that goes with it. Pure.

Checked before every change of slots, for each compartment. A keychain slot never counts: it is a
convenience that goes with the computer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from credguard.domain.errors import CredGuardError
from credguard.domain.text import Text, text
from credguard.vault.sealed.slots import Slot

#: One on you, one at home, one elsewhere.
KEYS_ADVISED = 3
REMIND_SECONDS = 180 * 86_400.0
_NAMES = {"keys": "keys", "codes": "codes"}


def check(slots: Sequence[Slot], compartments: Iterable[str]) -> None:
    """Raises CredGuardError `slot-last` or `slot-few` where these slots would not do."""
    for name in compartments:
        kinds = [slot["type"] for slot in slots if name in slot["opens"] and slot["type"] != "keychain"]
        if not kinds:
            raise CredGuardError(
                "slot-last",
                text("Nothing else would open the {what} of this vault.", what=_NAMES.get(name, name)),
                text("Add another way in first. The keychain of one computer alone is not enough."),
            )
        if set(kinds) == {"fido2"} and len(kinds) < 2:
            raise CredGuardError(
                "slot-few",
                text("One security key alone would open the {what}: a lost key would close them for good.",
                     what=_NAMES.get(name, name)),
                text("Add a second security key or a recovery code first."),
            )  # fmt: skip


def advice(slots: Sequence[Slot]) -> Text | None:
    """A sentence for a vault with one or two security keys; None where there is nothing to say."""
    count = sum(slot["type"] == "fido2" for slot in slots)
    if not 0 < count < KEYS_ADVISED:
        return None
    return text(
        "{n} of 3 security keys: one on you, one at home, one elsewhere, so that a lost one is no loss.",
        n=count,
    )


def without_recovery(slots: Sequence[Slot], compartments: Iterable[str]) -> tuple[str, ...]:
    """The compartments that no recovery code opens."""
    return tuple(
        name
        for name in compartments
        if not any(slot["type"] == "recovery" and name in slot["opens"] for slot in slots)
    )
