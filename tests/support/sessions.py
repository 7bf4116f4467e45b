"""A user with an MFA device at the AWS double, whose key and code are in a real store; real processes ask."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from credguard.catalog.accounts import Accounts
from credguard.catalog.database import open_database
from credguard.catalog.devices import Devices
from credguard.catalog.keys import Keys, Profiles
from credguard.demo.cloud.companies import ACME_PRODUCTION
from credguard.demo.cloud.devices import Device
from credguard.demo.cloud.server import Double
from credguard.domain.accounts import Account
from credguard.domain.keys import AccessKey
from credguard.domain.otp import OtpEntry
from credguard.domain.profiles import ProfileLink
from credguard.domain.secret import Secret
from credguard.services import Services
from credguard.vault.launch import Started, start
from credguard.vault.remote import Agent
from credguard.vault.sealed.vault import SealedVault
from credguard.vault.store import SecretStore
from credguard.wire import items, places
from credguard.workflows.codes import Codes
from tests.support.agent import until_true
from tests.support.stores import CHEAP, passphrase

USER = "maria"
ACCOUNT = ACME_PRODUCTION.account_id
KEY = ACME_PRODUCTION.key_id()
ARN = f"arn:aws:iam::{ACCOUNT}:user/{USER}"
SERIAL = f"arn:aws:iam::{ACCOUNT}:mfa/{USER}"
SEED = ACME_PRODUCTION.people[0].seed or ""
SCRIPT = str(Path(sys.executable).parent / "credguard-credentials")


@dataclass(frozen=True)
class Ended:
    """A process that ended."""

    code: int
    out: str
    err: str


class SessionDesk:
    """A state folder of one user with the profiles `p-0` … at the double, in `keychain` or `sealed`."""

    def __init__(
        self, folder: Path, double: Double, kind: str, env: dict[str, str], profiles: int = 1
    ) -> None:
        """`env` is what reaches the keychain; the process of the test has it in its own already."""
        self.folder, self.double, self.kind = folder, double, kind
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "CREDGUARD_HOME": str(folder / "state"),
            "AWS_CONFIG_FILE": str(folder / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(folder / "credentials"),
            "AWS_ENDPOINT_URL": double.url,
            "NO_PROXY": "127.0.0.1",
            "DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={folder}/nobody",
            **env,
        }
        self.services = Services(starts_agent=False)
        self.services.settings.set("store", kind)
        self._agent: Started | None = None
        if kind == "sealed":
            vault = SealedVault(places.vault_file())
            vault.create(passphrase(), CHEAP)
            self._agent = start({"passphrase": passphrase().reveal()}, environ=self.env)
        self._fill(profiles)

    @property
    def store(self) -> SecretStore:
        return self.services.store

    def _fill(self, profiles: int) -> None:
        key = items.access_key_item(KEY, ACME_PRODUCTION.secret(), ACCOUNT, ARN, None)
        self.store.write(items.access_key(KEY), key)
        with contextlib.closing(open_database(places.catalog())) as database:
            database.rebuilt()
            Accounts(database).save(Account(ACCOUNT, "Acme Production", "Acme", "violet"))
            Keys(database).save(AccessKey(KEY, ACCOUNT, ARN, 1.0, "active", self.kind))  # type: ignore[arg-type]
        for number in range(profiles):
            self.link(ProfileLink(f"p-{number}", f"work{number}", KEY, ACCOUNT, "/c", None, SERIAL))
        self.services.code_book.add(
            OtpEntry(
                "", Secret(SEED), name="Acme Production", account=USER, serial=SERIAL, account_id=ACCOUNT
            )
        )

    def link(self, link: ProfileLink) -> None:
        self.store.write(
            items.profile(link.profile_id),
            items.profile_item(
                link.profile_id, link.name, link.access_key_id, link.account_id, direct=False,
                mfa_serial=link.mfa_serial, roles=[role.to_json() for role in link.roles],
            ),
        )  # fmt: skip
        Profiles(self.services.database).save(link)

    @property
    def device(self) -> Device:
        """The device as AWS sees it."""
        return next(d for d in self.double.user(ACCOUNT, USER).devices if d.serial == SERIAL)

    def codes(self) -> Codes:
        """The catalog's own view, beside every process."""
        return Codes(
            self.store, Devices(self.services.database), self.services.interlock, self.services.clock
        )

    # ── processes ────────────────────────────────────────────────────────────────────────────────
    def begin(self, words: Sequence[str], more: dict[str, str] | None = None) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*words], env={**self.env, **(more or {})}, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def at_once(self, commands: Sequence[Sequence[str]], seconds: float = 240.0) -> list[Ended]:
        """All of them side by side; started as fast as processes can be."""
        running = [self.begin(words) for words in commands]
        ended = []
        for process in running:
            try:
                out, err = process.communicate(timeout=seconds)
            finally:
                process.kill()
            ended.append(Ended(process.returncode, out, err))
        return ended

    def close(self) -> None:
        if self._agent is not None:
            Agent().lock()
            self._agent.close()
            until_true(self._agent.gone)
        self.services.close()


@contextlib.contextmanager
def session_desk(double: Double, kind: str, env: dict[str, str], profiles: int = 1) -> Iterator[SessionDesk]:
    """CREDGUARD_HOME has to be set to `folder / state` before: see the fixtures that use this."""
    folder = Path(os.environ["CREDGUARD_HOME"]).parent
    made = SessionDesk(folder, double, kind, env, profiles)
    try:
        yield made
    finally:
        made.close()


def short_folder() -> Path:
    """A folder whose path leaves room for a socket's name."""
    return Path(tempfile.mkdtemp(prefix="cgs-"))


def remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
