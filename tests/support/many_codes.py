"""Many codes at once: written into the sealed vault in one go, as an import of a whole phone would be."""

from __future__ import annotations

import json

from credguard.services import Services
from credguard.wire import items

SEED = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def item(number: int) -> tuple[str, str]:
    """Name and value of one entry in the store: `Client 00042`, 30 s, six digits."""
    name, entry_id = f"Client {number:05}", f"e-{number:05}"
    code = {"v": 1, "id": entry_id, "secret": SEED, "name": name, "issuer": name, "account": "maria"}
    return items.totp(entry_id), items.encode(code)


def fill(services: Services, count: int) -> None:
    """`Client 00000` and so on; the sealed vault of this process is made where there is none."""
    services.codes_page()  # a catalog that is made when codes are there already counts their steps as used
    services.codes_store.write(item(0)[0], json.loads(item(0)[1]))
    vault = services._sealed_backend.vault
    with vault._threads, vault._alone():
        loaded = vault._current()
        now = services.clock.now()
        made = {name: (value, now) for name, value in map(item, range(count))}
        vault._change(loaded, "codes", made)
