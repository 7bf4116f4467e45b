"""A key that was found outside the store, and what is to become of it. Apart from the machine that moves it:
`status` and Home look for keys at every start and move none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

#: `store`: the key is stored already (a restored backup), and only its line is wanting.
#: `aws-vault`, `granted`, `kdbx`: another program’s vault, which is read and never changed.
SourceKind: TypeAlias = Literal["aws", "csv", "env", "store", "aws-vault", "granted", "kdbx"]
VAULTS: tuple[SourceKind, ...] = ("aws-vault", "granted", "kdbx")


@dataclass(frozen=True, slots=True)
class Found:
    """Where a key lies and what is to become of it; never the key itself.

    `profile` None = it becomes no profile. `edits` = files change: false where the plaintext is kept or
    lies in the environment alone. `account_id` is what the profile itself says. `replaces` = the
    credential_process of the other program that is to go.
    """

    access_key_id: str
    source: SourceKind
    name: str
    path: str | None
    config_path: str
    credentials_path: str
    profile: str | None = None
    profile_id: str | None = None
    account_id: str | None = None
    region: str | None = None
    endpoint_url: str | None = None
    mfa_serial: str | None = None
    edits: bool = True
    replaces: str | None = None
