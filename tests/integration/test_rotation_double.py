"""A rotation against the double over HTTP: real boto3, real catalog, time moved by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from credguard.aws.clients import AwsClients
from credguard.aws.identity import identify
from credguard.catalog.activity import Activity
from credguard.catalog.database import open_database
from credguard.catalog.journal import Journals
from credguard.catalog.keys import Keys, Profiles
from credguard.demo.cloud.companies import ACME_PRODUCTION, NORTHWIND, Company
from credguard.demo.cloud.server import Double
from credguard.demo.cloud.timing import Timing
from credguard.domain.accounts import Identity
from credguard.domain.keys import AccessKey, Credentials
from credguard.domain.profiles import ProfileLink
from credguard.domain.secret import Secret
from credguard.system.interlock import Interlock
from credguard.vault.sessions import Sessions
from credguard.vault.store import secret_of
from credguard.wire import items
from credguard.workflows.rotation import RotationReport, Rotations
from tests.support.clock import FakeClock
from tests.support.stores import memory_store

DAY = 86_400.0


class Desk:
    """One company's key in a store, with a profile that uses it, and the double with the same clock."""

    def __init__(self, folder: Path, company: Company) -> None:
        self.company = company
        self.clock = FakeClock()
        self.double = Double(self.clock, timing=Timing(spread=6.0, device=10.0))
        self.user = self.double.user(company.account_id, company.people[0].name)
        self.old = company.key_id()
        self.clients = AwsClients(self.clock, {"AWS_ENDPOINT_URL": self.double.url, "NO_PROXY": "127.0.0.1"})
        self.store, _ = memory_store()
        self.database = open_database(str(folder / "catalog.sqlite"))
        self.keys, self.profiles = Keys(self.database), Profiles(self.database)
        self.folder = folder
        arn, account = self.user.arn, company.account_id
        item = items.access_key_item(self.old, company.secret(), account, arn, None)
        self.store.write(items.access_key(self.old), item)
        self.store.write(items.profile("p-work"), items.profile_item("p-work", "work", self.old, account))
        self.profiles.save(ProfileLink("p-work", "work", self.old, account, "/c"))
        self.keys.save(AccessKey(self.old, account, arn, self.user.keys[0].created, "active"))

    def rotations(self, codes: Any = None) -> Rotations:
        return Rotations(
            store=self.store,
            keys=self.keys,
            profiles=self.profiles,
            journals=Journals(self.database, self.clock),
            activity=Activity(self.database),
            clients=self.clients,
            sessions=Sessions(self.store),
            interlock=Interlock(str(self.folder / "run"), self.clock),
            clock=self.clock,
            codes=codes,
        )

    def code(self, identity: Identity) -> tuple[str, Secret]:
        serial = f"arn:aws:iam::{identity.account_id}:mfa/{identity.user_name}"
        return serial, Secret(self.double.code(serial))

    def begin(self, codes: Any = None) -> RotationReport:
        key = self.keys.get(self.old)
        assert key is not None
        return self.rotations(codes).begin(key, self.company.name, 7)

    def served(self) -> str:
        """The key id that the profile gets; AWS takes it."""
        profile = self.store.read(items.profile("p-work"))
        assert profile is not None
        key_id = str(profile["access_key_id"])
        item = self.store.read(items.access_key(key_id))
        assert item is not None
        who = identify(self.clients, Credentials(key_id, secret_of(item)))
        assert who.arn == self.user.arn
        return key_id

    def to_the_end(self, report: RotationReport, codes: Any = None) -> RotationReport:
        """Past the grace, and as often as it wants to be resumed."""
        for _ in range(10):
            if not self.rotations(codes).of_key(report.new_key or self.old):
                return report
            self.clock.sleep(8 * DAY)
            report = self.rotations(codes).resume(report.run_id)
        raise AssertionError("the rotation does not end")

    def close(self) -> None:
        self.database.close()
        self.double.stop()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Callable[[Company], Desk]]:
    made: list[Desk] = []

    def make(company: Company) -> Desk:
        made.append(Desk(tmp_path, company))
        return made[-1]

    yield make
    for each in made:
        each.close()


def assert_rotated(desk: Desk, report: RotationReport) -> None:
    """One key is left at AWS, the new one; the profile gets it; the old secret is forgotten."""
    (left,) = desk.user.live_keys()
    assert left.access_key_id == report.new_key == desk.served()
    assert left.access_key_id != desk.old
    assert desk.store.read(items.access_key(desk.old)) is None


def test_a_key_is_rotated(desk: Callable[[Company], Desk]) -> None:
    acme = desk(ACME_PRODUCTION)
    report = acme.begin()
    assert report.failure is None, report.failure
    assert report.until is not None
    assert acme.served() == report.new_key
    assert [k.active for k in acme.user.live_keys()] == [False, True]
    assert_rotated(acme, acme.to_the_end(report))


def test_where_mfa_is_demanded_one_code_carries_it(desk: Callable[[Company], Desk]) -> None:
    northwind = desk(NORTHWIND)
    report = northwind.begin(northwind.code)
    assert report.failure is None, report.failure
    assert northwind.served() == report.new_key
    assert northwind.double.counters.of("GetSessionToken") == 1
    assert northwind.double.counters.of("CreateAccessKey", northwind.old) == 0  # never with the plain key
    assert_rotated(northwind, northwind.to_the_end(report, northwind.code))


def test_without_a_code_nothing_is_changed(desk: Callable[[Company], Desk]) -> None:
    northwind = desk(NORTHWIND)
    report = northwind.begin()
    assert report.failure is not None
    assert report.failure.code == "mfa-needed"
    assert len(northwind.user.live_keys()) == 1
    assert northwind.served() == northwind.old


@pytest.mark.parametrize("action", ["CreateAccessKey", "UpdateAccessKey", "ListAccessKeys"])
@pytest.mark.parametrize("kind", ["answer-lost", "never-arrived", "throttled", "server-error"])
def test_a_fault_leaves_no_orphan(desk: Callable[[Company], Desk], action: str, kind: Any) -> None:
    acme = desk(ACME_PRODUCTION)
    acme.double.faults.add(action, kind)
    report = acme.begin()
    assert acme.double.faults.left() == 0
    acme.served()
    for _ in range(5):
        rows = acme.rotations().to_resume()
        if not rows:
            break
        acme.clock.sleep(60)
        report = acme.rotations().resume(rows[0].run_id)
        acme.served()
    if acme.rotations().of_key(acme.old) is None:  # it ended, with nothing changed: begin anew
        assert acme.served() == acme.old
        assert len(acme.user.live_keys()) == 1
        report = acme.begin()
    assert_rotated(acme, acme.to_the_end(report))
    assert all(n["count"] for n in acme.double.counters.all())


def test_a_lost_answer_is_not_asked_twice_by_itself(desk: Callable[[Company], Desk]) -> None:
    acme = desk(ACME_PRODUCTION)
    acme.double.faults.add("CreateAccessKey", "answer-lost")
    acme.begin()
    # Lost once, looked, the orphan deleted, asked again: two requests, and never three keys.
    assert acme.double.counters.of("CreateAccessKey") <= 2
    assert len(acme.user.live_keys()) <= 2
