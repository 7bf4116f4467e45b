"""One computer and one IAM user, on which imports, rotations and undos meet."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from credguard.aws.identity import identify
from credguard.catalog.activity import Activity
from credguard.catalog.journal import Journals
from credguard.catalog.keys import Keys, Profiles
from credguard.domain.accounts import Identity
from credguard.domain.keys import Credentials
from credguard.profiles.read import read_aws_files
from credguard.system.interlock import Interlock
from credguard.vault.sessions import Sessions
from credguard.workflows.intake import Tools
from credguard.workflows.rotation import RotationReport, Rotations
from credguard.workflows.rotation_effects import plaintext_in_files
from tests.support.aws_files import KEY, SECRET
from tests.support.clock import FakeClock
from tests.support.intake import Computer
from tests.support.memory_iam import MemoryIam

DAY = 86_400.0


def section(name: str, key: str = KEY, secret: str = SECRET) -> str:
    return f"[{name}]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n"


class Crossing:
    """Everything real but IAM and the clock. `open` again is another process on the same computer."""

    def __init__(self, folder: Path, profiles: tuple[str, ...] = ("work",)) -> None:
        self.clock = FakeClock()
        self.iam = MemoryIam(self.clock)
        self.iam.add(KEY, SECRET)
        self.computer = Computer(folder)
        self.computer.write("\n".join(section(name) for name in profiles).encode())

    def tools(self, **changes: Any) -> Tools:
        def who(credentials: Credentials, *, region: str | None, endpoint_url: str | None) -> Identity:
            return identify(self.iam, credentials, region=region)  # type: ignore[arg-type]

        made = self.computer.tools(identify=who, clock=self.clock)
        return replace(made, **changes)

    def rotations(self) -> Rotations:
        computer, database = self.computer, self.computer.database
        return Rotations(
            store=computer.store,
            keys=Keys(database),
            profiles=Profiles(database),
            journals=Journals(database, self.clock),
            activity=Activity(database),
            clients=self.iam,  # type: ignore[arg-type]
            sessions=Sessions(computer.store),
            interlock=Interlock(str(computer.folder / "state" / "run")),
            clock=self.clock,
            in_plaintext=plaintext_in_files(computer.config, computer.credentials),
        )

    def rotate(self, key: str = KEY) -> RotationReport:
        known = Keys(self.computer.database).get(key)
        assert known is not None
        return self.rotations().begin(known, "Northwind", 7)

    def works(self, profile: str) -> bool:
        """Whether AWS accepts what the AWS tools get for `profile`."""
        self.clock.sleep(120)
        key_id, method = self.computer.resolved(profile)
        if method == "custom-process":
            item = self.computer.store.read(f"access-key/{key_id}")
            assert item is not None
            secret = item["secret"]
        else:
            files = read_aws_files(self.computer.config, self.computer.credentials)
            found = files.profile(profile)
            assert found is not None
            secret = found.secret
        return self.iam.accepts(Credentials(key_id, secret))  # type: ignore[arg-type]
