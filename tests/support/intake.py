"""A small computer for imports: AWS files, a store on disk that a helper program reads, a real catalog."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from credguard.aws.proof import resolve_profile
from credguard.catalog.accounts import Accounts
from credguard.catalog.activity import Activity
from credguard.catalog.database import open_database
from credguard.catalog.journal import Journals
from credguard.catalog.keys import Keys, Profiles
from credguard.domain.accounts import Identity
from credguard.domain.errors import CredGuardError
from credguard.domain.keys import Credentials
from credguard.domain.text import text
from credguard.system.clock import SystemClock
from credguard.system.interlock import Interlock
from credguard.vault.filebackup import BackupSealer
from credguard.vault.store import SecretStore
from credguard.workflows.intake import Findings, Outcome, Tools, find, import_keys
from tests.support.aws_files import KEY, SECRET

HELPER = """\
import json, sys
items = json.load(open(sys.argv[1], encoding="utf-8"))
profile = json.loads(items["profile/" + sys.argv[2]])
key = json.loads(items["access-key/" + profile["access_key_id"]])
print(json.dumps({"Version": 1, "AccessKeyId": key["access_key_id"], "SecretAccessKey": key["secret"]}))
"""


class FileBackend:
    """A keyring backend in one JSON file, so that another process can read it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.fail = lambda method, name: None

    def items(self) -> dict[str, str]:
        found: dict[str, str] = json.loads(self.path.read_text("utf-8")) if self.path.exists() else {}
        return found

    def _save(self, items: dict[str, str]) -> None:
        fresh = self.path.with_suffix(".new")
        fresh.write_text(json.dumps(items), "utf-8")
        os.replace(fresh, self.path)

    def get_password(self, service: str, username: str) -> str | None:
        self.fail("get", username)
        return self.items().get(username)

    def set_password(self, service: str, username: str, password: str) -> None:
        self.fail("set", username)
        self._save({**self.items(), username: password})

    def delete_password(self, service: str, username: str) -> None:
        self.fail("delete", username)
        self._save({k: v for k, v in self.items().items() if k != username})


@dataclass
class Cloud:
    """Who each key is; raises for keys it does not know and for wrong secrets. Counts what it is asked."""

    keys: dict[str, tuple[str, str]]
    asked: int = 0
    error: CredGuardError | None = None

    def __call__(self, credentials: Credentials, *, region: str | None, endpoint_url: str | None) -> Identity:
        self.asked += 1
        if self.error is not None:
            raise self.error
        secret, arn = self.keys.get(credentials.access_key_id, ("", ""))
        if not arn:
            raise _no("key-unknown", "AWS does not know this key.")
        if secret != credentials.secret.reveal():
            raise _no("wrong-secret", "The secret does not belong to this key.")
        return Identity(arn, arn.split(":")[4])


def _no(code: str, what: str) -> CredGuardError:
    return CredGuardError(code, text(what), text("Look again."))


class Computer:
    """One person's computer in a folder. Opening it twice is two processes on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = str(folder / "aws" / "config")
        self.credentials = str(folder / "aws" / "credentials")
        self.downloads = folder / "Downloads"
        (folder / "aws").mkdir(parents=True, exist_ok=True)
        self.downloads.mkdir(exist_ok=True)
        self.environ: dict[str, str] = {}
        self.cloud = Cloud({KEY: (SECRET, "arn:aws:iam::123456789012:user/alice")})
        self.backend = FileBackend(folder / "store.json")
        self.store = SecretStore(self.backend, "keychain", "Test store")
        script = folder / "helper.py"
        script.write_text(HELPER)
        self.helper = (sys.executable, "-I", "-S", str(script), str(self.backend.path))
        self.database = open_database(str(folder / "state" / "catalog.sqlite"))
        self.backups = folder / "state" / "backups"

    def write(self, credentials: bytes | None = None, config: bytes | None = None) -> None:
        for path, data in ((self.credentials, credentials), (self.config, config)):
            if data is not None:
                Path(path).write_bytes(data)
                os.chmod(path, 0o600)

    def tools(self, **changes: Any) -> Tools:
        made = Tools(
            store=self.store,
            accounts=Accounts(self.database),
            keys=Keys(self.database),
            profiles=Profiles(self.database),
            journals=Journals(self.database),
            activity=Activity(self.database),
            identify=self.cloud,
            prove=resolve_profile,
            sealer=BackupSealer(self.store),
            backup_folder=str(self.backups),
            helper=self.helper,
            interlock=Interlock(str(self.folder / "state" / "run")),
            clock=SystemClock(),
            environ=self.environ,
        )
        return replace(made, **changes)

    def find(self, source: str | None = None, profiles: tuple[str, ...] = ()) -> Findings:
        return find(
            config_path=self.config,
            credentials_path=self.credentials,
            environ=self.environ,
            downloads=str(self.downloads),
            source=source,
            profiles=profiles,
            stored=lambda key: self.store.read(f"access-key/{key}") is not None,
        )

    def import_all(
        self, source: str | None = None, profiles: tuple[str, ...] = (), **changes: Any
    ) -> tuple[Outcome, ...]:
        keep = changes.pop("keep_plaintext", False)
        return import_keys(self.find(source, profiles).keys, self.tools(**changes), keep_plaintext=keep)

    def resolved(self, profile: str) -> tuple[str, str]:
        """(key id, method) that the AWS tools get for a profile."""
        found = resolve_profile(profile, self.config, self.credentials)
        return found.access_key_id, found.method

    def files(self) -> dict[str, bytes | None]:
        paths = (self.config, self.credentials)
        return {p: Path(p).read_bytes() if os.path.exists(p) else None for p in paths}

    def plaintext_left(self, secret: str = SECRET) -> list[str]:
        """Files of this computer, the store apart, in which the secret stands."""
        found = []
        for path in self.folder.rglob("*"):
            if path.is_file() and path != self.backend.path and secret.encode() in path.read_bytes():
                found.append(str(path.relative_to(self.folder)))
        return found
