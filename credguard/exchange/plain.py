"""Everything in plaintext, as JSON for people and scripts. Written only when asked for by word."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from credguard.domain.secret import Secret


def write_plain(items: Mapping[str, Mapping[str, object]], accounts: Sequence[Mapping[str, Any]]) -> bytes:
    """`{"access_keys":[…],"codes":[…],"profiles":[…],"accounts":[…]}`; secrets stand in it."""
    kinds = {"access_keys": "access-key/", "codes": "totp/", "profiles": "profile/"}
    document: dict[str, Any] = {"v": 1}
    for kind, start in kinds.items():
        document[kind] = [
            {field: _plain(value) for field, value in item.items() if field not in {"v", "session", "direct"}}
            for name, item in sorted(items.items())
            if name.startswith(start)
        ]
    document["accounts"] = list(accounts)
    return (json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True) + "\n").encode()


def _plain(value: object) -> object:
    return value.reveal() if isinstance(value, Secret) else value
