"""Whether keys and codes are open now, in one word, as the lock row, the tray and the locked page show it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

State = Literal["open", "locked", "keys-locked", "codes-locked", "none"]
PARTS = ("keys", "codes")


@dataclass(frozen=True, slots=True)
class Openness:
    """`state`: `none` where nothing was stored yet and a vault has to be made first. `label` is the store
    of the keys, as people know it."""

    state: State
    label: str

    @property
    def closed(self) -> tuple[str, ...]:
        """The parts that are locked."""
        return {"locked": PARTS, "keys-locked": ("keys",), "codes-locked": ("codes",)}.get(self.state, ())


def openness(
    label: str,
    stores: Mapping[str, str],
    opened: Collection[str],
    *,
    fresh: bool,
    by_itself: bool,
    waiting: bool,
) -> Openness:
    """`stores` gives the kind of store of each part; `opened` the parts of the sealed vault that are open.

    `fresh`: the vault has to be made first. `by_itself`: a passphrase file opens it for whoever needs it.
    `waiting`: programs are kept from the keychain until somebody unlocks.
    """
    closed = [
        part for part in PARTS
        if (waiting if stores[part] == "keychain" else part not in opened and not by_itself)
    ]  # fmt: skip
    if fresh and stores["keys"] == "sealed":
        return Openness("none", label)
    if not closed:
        return Openness("open", label)
    if len(closed) == len(PARTS):
        return Openness("locked", label)
    return Openness("codes-locked" if closed == ["codes"] else "keys-locked", label)
