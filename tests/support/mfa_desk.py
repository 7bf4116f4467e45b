"""A user's desk against the AWS double over HTTP: real boto3, catalog, codes and AWS files; time by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from credguard.aws.clients import AwsClients
from credguard.aws.sts import get_session_token
from credguard.catalog.activity import Activity
from credguard.catalog.database import open_database
from credguard.catalog.devices import Devices
from credguard.catalog.journal import Journals
from credguard.catalog.keys import Keys, Profiles
from credguard.demo.cloud.companies import Company
from credguard.demo.cloud.server import Double
from credguard.domain.keys import AccessKey, Credentials
from credguard.domain.otp import OtpEntry
from credguard.domain.profiles import ProfileLink
from credguard.domain.secret import Secret
from credguard.system.interlock import Interlock
from credguard.vault.filebackup import BackupSealer
from credguard.vault.sessions import Sessions
from credguard.wire import items
from credguard.workflows.codes import Codes
from credguard.workflows.enrolment import Enrolments
from credguard.workflows.enrolment_files import SerialWriter
from tests.support.clock import FakeClock
from tests.support.stores import memory_store

CONFIG = """\
# mine
[default]
region = eu-central-1

[profile work]
credential_process = /usr/bin/python3 -I -S /opt/credguard/provider/client.py p-work
region = eu-west-1 ; kept
"""


class MfaDesk:
    """One company's key in a store, a profile that uses it, and the double with the same clock."""

    begun = ""  # for a test to remember its device or run

    def __init__(
        self,
        folder: Path,
        company: Company,
        devices: bool = False,
        known: bool = True,
        double: Double | None = None,
        clock: FakeClock | None = None,
        clients: AwsClients | None = None,
        hasty: bool = False,
    ) -> None:
        """`devices`: the user keeps the devices of the invented company; `known`: their codes are here.
        `double`: one that is there already, with its `clock`; `clients`: those that reach it without HTTP.
        `hasty`: nothing waits for the disk, which is for deaths that leave the computer running."""
        self.folder, self.company, self.hasty = folder, company, hasty
        self.clock = clock or FakeClock()
        self.double = double or Double(self.clock)
        self.double.timing.device = 10.0
        person = company.people[0]
        self.user = self.double.user(company.account_id, person.name)
        if not devices:
            self.user.devices.clear()
        self.key = company.key_id()
        self.clients = clients or AwsClients(
            self.clock, {"AWS_ENDPOINT_URL": self.double.url, "NO_PROXY": "127.0.0.1"}
        )
        self.store, self.backend = memory_store()
        self.config = folder / "config"
        self.config.write_text(CONFIG)
        self.open()
        arn, account = self.user.arn, company.account_id
        self.store.write(
            items.access_key(self.key), items.access_key_item(self.key, company.secret(), account, arn, None)
        )
        self.store.write(items.profile("p-work"), items.profile_item("p-work", "work", self.key, account))
        self.profiles.save(ProfileLink("p-work", "work", self.key, account, str(self.config)))
        self.keys.save(AccessKey(self.key, account, arn, self.user.keys[0].created, "active"))
        if devices and known and person.seed:
            entry = OtpEntry(
                "", Secret(person.seed), account=person.name or "", serial=self.serial(person.name or ""),
                account_id=account,
            )  # fmt: skip
            self.codes().add(entry, company.name)

    def open(self) -> None:
        self.database = open_database(str(self.folder / "catalog.sqlite"))
        if self.hasty:
            self.database.rows("PRAGMA synchronous = OFF")
        self.keys, self.profiles = Keys(self.database), Profiles(self.database)
        self.journals = Journals(self.database, self.clock)

    def serial(self, name: str) -> str:
        return f"arn:aws:iam::{self.company.account_id}:mfa/{name}"

    def codes(self) -> Codes:
        return Codes(self.store, Devices(self.database), self.interlock(), self.clock)

    def interlock(self) -> Interlock:
        return Interlock(str(self.folder / "run"), self.clock)

    def enrolments(self, **changes: Any) -> Enrolments:
        parts: dict[str, Any] = {
            "store": self.store,
            "codes": self.codes(),
            "keys": self.keys,
            "profiles": self.profiles,
            "journals": self.journals,
            "activity": Activity(self.database),
            "clients": self.clients,
            "sessions": Sessions(self.store),
            "interlock": self.interlock(),
            "clock": self.clock,
            "serials": SerialWriter(
                store=self.store,
                profiles=self.profiles,
                sealer=BackupSealer(self.store),
                backup_folder=str(self.folder / "backups"),
                credentials=str(self.folder / "credentials"),
                interlock=self.interlock(),
                clock=self.clock,
            ),
        }
        return Enrolments(**{**parts, **changes})

    @property
    def row(self) -> AccessKey:
        found = self.keys.get(self.key)
        assert found is not None
        return found

    def begin(self, **options: Any) -> Any:
        return self.enrolments().begin(self.row, self.company.name, **options)

    # ── what must be true ────────────────────────────────────────────────────────────────────────
    def enabled(self) -> list[str]:
        return [device.serial for device in self.user.devices]

    def free(self) -> list[str]:
        return list(self.double.state.accounts[self.company.account_id].unassigned)

    def works(self, serial: str) -> bool:
        """Whether STS takes a code that is made here for this device."""
        self.clock.sleep(600)
        entry = self.codes().of_serial(serial)
        if entry is None:
            return False
        code = self.codes().send(entry)
        item = Credentials(self.key, Secret(self.company.secret()))
        get_session_token(self.clients, item, serial=serial, code=code, seconds=900)
        self.codes().note_answer(entry, True)
        return True

    def close(self) -> None:
        self.database.close()
        self.double.stop()
