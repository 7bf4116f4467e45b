"""Asking AWS about stored keys: what a key may not read without MFA is read with its code."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from credguard.demo.cloud.companies import NORTHWIND
from credguard.demo.cloud.world import DemoWorld
from credguard.services import Services
from tests.support.clock import FakeClock


@pytest.fixture(scope="module")
def world() -> Iterator[tuple[DemoWorld, Services]]:
    clock = FakeClock()
    with DemoWorld(clock) as made:
        services = Services(clock=clock, environ=os.environ)
        found, _ = services.find_keys("aws", ("northwind",))
        assert services.import_keys(found)[0].ok
        yield made, services
        services.close()


def _key(services: Services) -> tuple[int | None, str]:
    key = services.target("northwind").key
    assert key is not None
    return key.age_days, key.status


def test_the_age_behind_an_mfa_policy_is_read_with_the_code(world: tuple[DemoWorld, Services]) -> None:
    made, services = world
    assert _key(services)[0] is None, "nobody may list the keys without MFA"
    assert services.check() == ()
    assert _key(services)[0] is None
    person = NORTHWIND.people[0]
    services.add_code(
        address=f"otpauth://totp/Northwind:{person.name}?secret={person.seed}&issuer=Northwind",
        account_id=NORTHWIND.account_id,
    )
    assert services.check() == ()
    assert _key(services) == (person.key_days, "active")
    assert len(made.double.events.of(action="GetSessionToken")) == 1
    services.check()
    assert len(made.double.events.of(action="GetSessionToken")) == 1, "one session serves several checks"


def test_the_devices_of_the_user_are_seen(world: tuple[DemoWorld, Services]) -> None:
    """A code and the one virtual device that AWS lists are the same thing; the security key is not."""
    _, services = world
    services.check()
    devices = services.target("northwind").row.mfa
    assert {(device.kind, device.code) for device in devices} == {("virtual", True), ("security-key", False)}
    assert {device.serial for device in devices} == {
        f"arn:aws:iam::{NORTHWIND.account_id}:mfa/m.keller",
        f"arn:aws:iam::{NORTHWIND.account_id}:u2f/user/m.keller/YubiKey5C-EXAMPLE",
    }
