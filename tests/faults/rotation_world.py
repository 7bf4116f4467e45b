"""A world in which rotations are broken: catalog on disk, store and IAM in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from credguard.catalog.activity import Activity
from credguard.catalog.database import open_database
from credguard.catalog.keys import Keys, Profiles
from credguard.domain.keys import AccessKey, Credentials
from credguard.domain.profiles import ProfileLink
from credguard.domain.secret import Secret
from credguard.system.interlock import Interlock
from credguard.vault.sessions import Sessions
from credguard.vault.store import SecretStore, secret_of
from credguard.wire import items
from credguard.workflows.rotation import RotationReport, Rotations
from tests.faults.harness import TickingJournals, Ticks
from tests.support.clock import FakeClock
from tests.support.memory_iam import ARN, MemoryIam
from tests.support.stores import MemoryBackend

OLD = "AKIATW5NHGREXAMPLE00"
ACCOUNT = "482011739056"
DAY = 86_400.0


@dataclass
class World:
    folder: Path
    clock: FakeClock = field(default_factory=FakeClock)
    backend: MemoryBackend = field(default_factory=MemoryBackend)
    ticks: Ticks = field(default_factory=Ticks)
    has_code: bool = True
    codes_given: int = 0
    answers: list[bool] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.iam = MemoryIam(self.clock)
        self.iam.add(OLD)
        self.store = SecretStore(self.backend, "keychain", "Memory")
        self._open()
        self.store.write(items.access_key(OLD), items.access_key_item(OLD, "old/EXAMPLE", ACCOUNT, ARN, None))
        for name in ("northwind", "nw-etl"):
            self.store.write(items.profile(f"p-{name}"), items.profile_item(f"p-{name}", name, OLD, ACCOUNT))
            self.profiles.save(ProfileLink(f"p-{name}", name, OLD, ACCOUNT, "/c"))
        self.keys.save(AccessKey(OLD, ACCOUNT, ARN, self.clock.now() - 97 * DAY, "active"))

    def _open(self) -> None:
        self.database = open_database(str(self.folder / "catalog.sqlite"))
        self.keys, self.profiles = Keys(self.database), Profiles(self.database)
        self.journals = TickingJournals(self.database, self.clock)

    def restart(self) -> None:
        """The process died and another one comes up."""
        self.database.close()
        self.iam.tick = lambda name: None
        self.backend.fail = lambda method, name: None
        self._open()

    def rotations(self, ticks: Ticks | None = None, codes: Any = None) -> Rotations:
        self.journals.ticks = ticks or Ticks()
        if ticks is not None:
            self.iam.tick = ticks
            self.backend.fail = lambda method, name: ticks(f"{method} {name}") if method != "get" else None
        return Rotations(
            store=self.store,
            keys=self.keys,
            profiles=self.profiles,
            journals=self.journals,
            activity=Activity(self.database),
            clients=self.iam,  # type: ignore[arg-type]
            sessions=Sessions(self.store),
            interlock=Interlock(str(self.folder / "run"), self.clock),
            clock=self.clock,
            codes=codes or self._code,
            code_answered=lambda serial, ok: self.answers.append(ok),
        )

    def _code(self, identity: Any) -> tuple[str, Secret] | None:
        """A code never sent before, as the catalog's claims give out."""
        if self.iam.mfa_serial is None or not self.has_code:
            return None
        self.codes_given += 1
        return self.iam.mfa_serial, Secret(f"{self.codes_given:06d}")

    def begin(self, ticks: Ticks | None = None, **options: Any) -> RotationReport:
        key = self.keys.get(OLD)
        assert key is not None
        return self.rotations(ticks, **options).begin(key, "Northwind", 7)

    # ── what must be true, always ────────────────────────────────────────────────────────────────
    def served(self) -> dict[str, str]:
        """profile → the key id its item points to."""
        found = {}
        for name in self.store.names("profile/"):
            item = self.store.read(name)
            assert item is not None
            found[str(item["name"])] = str(item["access_key_id"])
        return found

    def assert_safe(self) -> None:
        """Every profile is served with a stored key; some stored key works; no secret outside the store."""
        self.clock.sleep(120)  # IAM has settled
        working = False
        for profile, key_id in self.served().items():
            item = self.store.read(items.access_key(key_id))
            assert item is not None, f"{profile} points to {key_id}, which is not stored"
            assert key_id in self.iam.keys, f"{profile} points to {key_id}, which IAM does not have"
            assert self.iam.accepts(Credentials(key_id, secret_of(item))), f"{profile} does not work"
            working = True
        assert working
        assert len(self.iam.keys) <= 2
        on_disk = b"".join(p.read_bytes() for p in self.folder.rglob("*") if p.is_file())
        for key in self.iam.keys.values():
            assert key.secret.encode() not in on_disk
            assert Secret(key.secret).reveal() == key.secret

    def finish(self) -> None:
        """Resume until the rotation is in its grace, then let the grace pass."""
        for _ in range(40):
            rotations = self.rotations()
            rows = rotations.to_resume()
            if not rows:
                parked = self.journals.unfinished("rotation")
                if not parked:
                    return
                assert parked[0].parked == "wait"
                assert parked[0].until is not None
                self.clock.at = max(self.clock.at, parked[0].until)
                continue
            rotations.resume(rows[0].run_id)
            self.assert_safe()
        raise AssertionError("the rotation does not end")
