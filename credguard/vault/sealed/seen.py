"""What was noted of a vault outside its file, and what a person is told when the file does not fit it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from credguard.domain.text import Text, text
from credguard.vault.sealed.lineage import Lineage

ROLLED_BACK, OTHER_BRANCH, MENDED = "rolled-back", "other-branch", "mode-mended"


class Seen(Protocol):
    """Where the generation last seen is noted, outside the vault file (catalog and keychain)."""

    def get(self, vault: str) -> tuple[int, str] | None:
        """Generation and checksum (the trailer, hex) of the file last noted for this vault id."""

    def note(self, vault: str, generation: int, checksum: str, accept: bool = False) -> None:
        """Note them; a lower generation than the noted one only when `accept` says so."""

    def any(self) -> bool:
        """Whether a vault was ever noted here."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something a person should know of a vault that opened all the same.

    `rolled-back`, `other-branch` (warnings, both until accepted) or `mode-mended`.
    """

    code: str
    text: Text

    @property
    def warns(self) -> bool:
        """Whether a command that went well ends with exit code 3 because of it."""
        return self.code != MENDED


def compare(seen: Seen, vault: str, generation: int, checksum: str, before: Lineage) -> Notice | None:
    """The file against what was noted; notes what is newer. `before`: the files that it was made from."""
    noted = seen.get(vault)
    if noted is None or before.has(noted[1]):
        seen.note(vault, generation, checksum, accept=noted is not None and generation <= noted[0])
    elif checksum == noted[1]:
        return None
    elif generation < noted[0]:
        return Notice(
            ROLLED_BACK,
            text("The vault is older than the one used last (generation {n}, not {last}): "
                 "a restored backup, or somebody’s doing.", n=generation, last=noted[0]),
        )  # fmt: skip
    elif generation == noted[0] or before.excludes(*noted):
        return Notice(
            OTHER_BRANCH,
            text(
                "The vault was written in two places at once: this is not the file used last. "
                "To have both: credguard vault merge FILE"
            ),
        )
    else:  # younger, and its list does not reach back that far
        seen.note(vault, generation, checksum)
    return None


def leave_open(seen: Seen, vault: str, generation: int) -> None:
    """Before `generation` is written while a warning stands, which a change does not answer: the file used
    last stays the one to compare with."""
    noted = seen.get(vault)
    if noted is not None and generation > noted[0]:
        seen.note(vault, generation, noted[1])
