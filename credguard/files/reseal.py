"""The sealed copies in `backups/`, sealed with a new key: after a slot of the vault was removed."""

from __future__ import annotations

import os

from credguard.domain.errors import CredGuardError
from credguard.files.backups import Sealer, listed
from credguard.system.durable import replace_file, translate


def reseal(folder: str, sealer: Sealer) -> int:
    """Seal every copy anew, one after the other, each replaced whole; returns how many.

    Safe to repeat. A copy that cannot be opened is left as it is. Raises what replacing a file raises.
    """
    done = 0
    for copy in listed(folder):
        path = os.path.join(folder, copy.name)
        try:
            with open(path, "rb") as file:
                sealed = file.read()
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
