"""The sealed copies in `backups/` and its inner folder, sealed with a new key: after a slot was removed."""

from __future__ import annotations

import os
from typing import Protocol

from credguard.domain.errors import CredGuardError
from credguard.files.backups import EDITS, Sealer, listed
from credguard.system.durable import replace_file, translate


class Renewing(Sealer, Protocol):
    """A sealer whose key can be renewed (`vault/filebackup.py`)."""

    def begin_new_key(self) -> None: ...

    def end_new_key(self) -> None: ...


def renew(folder: str, sealer: Renewing) -> None:
    """A new key, every copy sealed with it, the old key forgotten. Safe to repeat after a kill.

    One process at a time: its caller sees to that.
    """
    sealer.begin_new_key()
    reseal(folder, sealer)
    sealer.end_new_key()


def reseal(folder: str, sealer: Sealer) -> int:
    """Seal every copy anew, one after the other, each replaced whole; returns how many.

    Safe to repeat. A copy that cannot be opened is left as it is. Raises what replacing a file raises.
    """
    done = 0
    inner = os.path.join(folder, EDITS)
    if os.path.isdir(inner):
        done += reseal(inner, sealer)
    for copy in listed(folder):
        path = os.path.join(folder, copy.name)
        try:
            with open(path, "rb") as file:
                sealed = file.read()
        except FileNotFoundError:  # too old meanwhile
            continue
        except OSError as error:
            raise translate(error, path) from None
        try:
            plain = sealer.unseal(sealed)
        except CredGuardError as error:
            if error.code != "backup-unreadable":
                raise
            continue
        replace_file(path, sealer.seal(plain), mode=0o600)
        done += 1
    return done
