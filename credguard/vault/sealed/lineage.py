"""Which files a vault file was made from: how a branch is told from what the last one became.

The header's `before` lists the files that went before, `[generation, start of the checksum]` each. Two
computers that wrote one synced file each have a generation that the other never had; however far one of them
went on, the file noted by the other is missing in its list.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # format.py loads OpenSSL, which a look at a header does without
    from credguard.vault.sealed.format import VaultFile

#: The name in the header.
FIELD = "before"
#: How many files are listed, the youngest: about 23 KB.
LISTED = 512
#: Characters of a checksum in hex that are listed: 128 bits.
SHORT = 32

Ancestor = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Lineage:
    """The files that went before one; empty where its writer listed none."""

    files: frozenset[Ancestor] = frozenset()

    def has(self, checksum: str) -> bool:
        """Whether the file with this checksum went before."""
        return any(short == checksum[:SHORT] for _, short in self.files)

    def excludes(self, generation: int, checksum: str) -> bool:
        """Whether this generation is listed, and every file of it that is was another one."""
        return any(g == generation for g, _ in self.files) and not self.has(checksum)


def lineage_of(header: Mapping[str, Any]) -> Lineage:
    """What a header (or `VaultFile.extra`) lists. Entries of a form not known here are passed over."""
    return Lineage(frozenset(_entries(header)))


def following(file: VaultFile, *parents: tuple[VaultFile, str]) -> VaultFile:
    """`file`, listing these files (each with its checksum in hex) and those that went before them."""
    listed = {entry for parent, _ in parents for entry in _entries(parent.extra)}
    listed |= set(_entries(file.extra))
    listed |= {(parent.generation, checksum[:SHORT]) for parent, checksum in parents}
    youngest = sorted(listed, reverse=True)[:LISTED]
    return replace(file, extra={**file.extra, FIELD: [list(entry) for entry in youngest]})


def _entries(extra: Mapping[str, Any]) -> Iterable[Ancestor]:
    listed = extra.get(FIELD)
    for entry in listed if isinstance(listed, list) else ():
        match entry:
            case [int() as generation, str() as short] if len(short) == SHORT and generation >= 0:
                yield generation, short
