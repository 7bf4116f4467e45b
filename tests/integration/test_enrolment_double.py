"""MFA enrolment against the double over HTTP: real boto3, catalog, codes and AWS files, time by hand."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from credguard.catalog.devices import Devices
from credguard.demo.cloud.companies import ACME_PRODUCTION, NORTHWIND, Company
from credguard.domain.errors import CredGuardError
from credguard.domain.otp import OtpEntry
from credguard.domain.secret import Secret
from credguard.workflows.enrolment import device_named
from tests.support.aws_double import client
from tests.support.mfa_desk import CONFIG, MfaDesk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Callable[..., MfaDesk]]:
    made: list[MfaDesk] = []

    def make(company: Company, **options: Any) -> MfaDesk:
        made.append(MfaDesk(tmp_path, company, **options))
        return made[-1]

    yield make
    for each in made:
        each.close()


def own_policy(desk: MfaDesk, *statements: dict[str, Any]) -> None:
    """Let the user's only policy be this one."""
    group = desk.company.group
    name = desk.company.people[0].name
    iam = client(desk.double, "iam", desk.company)
    iam.put_user_policy(
        UserName=name,
        PolicyName="own",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": list(statements)}),
    )
    iam.remove_user_from_group(GroupName=group, UserName=name)


LOOK = {
    "Effect": "Allow",
    "Action": ["iam:ListVirtualMFADevices", "iam:ListMFADevices", "iam:EnableMFADevice"],
    "Resource": "*",
}


def test_a_first_device_is_enrolled_and_works(desk: Callable[..., MfaDesk]) -> None:
    acme = desk(ACME_PRODUCTION)
    began = acme.clock.now()
    report = acme.begin()
    assert report.failure is None
    assert report.state == "done"
    assert report.on
    assert [s.state for s in report.steps] == ["done"] * 4 + ["skipped"]
    assert acme.enabled() == [report.serial]
    assert acme.clock.now() - began < 20, "no waiting but for STS"
    assert acme.works(report.serial)
    assert acme.config.read_text() == CONFIG, "no policy demands MFA: the profile stays as it is"
    assert acme.store.names("session/") == ()


def test_where_mfa_is_demanded_the_profile_names_the_device(desk: Callable[..., MfaDesk]) -> None:
    northwind = desk(NORTHWIND)
    report = northwind.begin()
    assert report.failure is None
    assert report.profiles == ("work",)
    link = northwind.profiles.get("p-work")
    assert link is not None
    assert link.mfa_serial == report.serial
    item = northwind.store.read("profile/p-work")
    assert item is not None
    assert (item["direct"], item["mfa_serial"]) == (False, report.serial)
    line = f"mfa_serial = {report.serial}\n"
    assert northwind.config.read_text().replace(line, "") == CONFIG
    assert len(list((northwind.folder / "backups" / "edits").iterdir())) == 1
    gone = northwind.enrolments().remove(northwind.row, "Northwind", report.serial)
    assert gone.failure is None
    assert northwind.config.read_text() == CONFIG
    assert (northwind.enabled(), northwind.free()) == ([], [])
    assert northwind.codes().of_serial(report.serial) is None


def test_the_tries_until_sts_knows_it_stay_within_the_budget(desk: Callable[..., MfaDesk]) -> None:
    acme = desk(ACME_PRODUCTION)
    acme.double.timing.device = 40.0
    report = acme.begin()
    assert report.failure is None
    assert acme.double.counters.of("GetSessionToken") <= 8
    codes = [device.tries for device in acme.user.devices]
    assert max(max(tries.values()) for tries in codes) <= 9
    assert acme.works(report.serial)


def test_a_device_that_sts_does_not_learn_of_is_kept_and_resumed(desk: Callable[..., MfaDesk]) -> None:
    acme = desk(ACME_PRODUCTION)
    acme.double.timing.device = 400.0
    report = acme.begin()
    assert report.failure is not None
    assert report.failure.code == "device-late"
    assert report.halted
    assert report.on
    assert acme.codes().of_serial(report.serial) is not None
    acme.clock.sleep(600)
    again = acme.enrolments().resume(report.run_id)
    assert again.state == "done"
    assert acme.works(report.serial)


@pytest.mark.parametrize("deleted", [True, False])
def test_a_device_that_was_taken_away_meanwhile(desk: Callable[..., MfaDesk], deleted: bool) -> None:
    acme = desk(ACME_PRODUCTION)
    acme.double.timing.device = 400.0
    halted = acme.begin()
    assert halted.halted
    # On the website, by a person.
    gone = acme.user.devices.pop()
    acme.double.timing.device = 10.0
    if not deleted:
        acme.double.state.accounts[acme.company.account_id].unassigned[gone.serial] = gone
    acme.clock.sleep(600)
    report = acme.enrolments().resume(halted.run_id)
    assert acme.enrolments().to_resume() == ()
    if deleted:
        assert (report.on, report.failure and report.failure.code) == (False, "no-such-entity")
        assert (acme.enabled(), acme.free()) == ([], [])
        assert acme.codes().of_serial(gone.serial) is None
    else:
        assert (report.on, report.failure) == (True, None)
        assert acme.works(gone.serial)


def test_a_second_device_takes_a_code_of_the_first(desk: Callable[..., MfaDesk]) -> None:
    northwind = desk(NORTHWIND, devices=True)
    report = northwind.begin(device_name="laptop")
    assert report.failure is None
    assert report.serial.endswith(":mfa/laptop")
    assert len(northwind.enabled()) == 3
    assert northwind.works(report.serial)


def test_without_a_code_of_the_first_nothing_is_begun(desk: Callable[..., MfaDesk]) -> None:
    northwind = desk(NORTHWIND, devices=True, known=False)
    report = northwind.begin()
    assert report.failure is not None
    assert report.failure.code == "mfa-needed"
    assert "Assign MFA device" in str(report.failure.next)
    assert northwind.free() == []
    assert northwind.double.counters.of("CreateVirtualMFADevice") == 0


def test_a_security_key_alone_makes_no_session(desk: Callable[..., MfaDesk]) -> None:
    northwind = desk(NORTHWIND, devices=True)
    northwind.user.devices[:] = [d for d in northwind.user.devices if d.kind == "fido"]
    report = northwind.begin()
    assert report.failure is not None
    assert report.failure.code == "security-key-only"


def test_eight_devices_are_all(desk: Callable[..., MfaDesk]) -> None:
    acme = desk(ACME_PRODUCTION)
    for number in range(8):
        report = acme.begin()
        assert report.failure is None, number
        acme.clock.sleep(600)
    report = acme.begin()
    assert report.failure is not None
    assert report.failure.code == "too-many-devices"
    assert (len(acme.enabled()), acme.free()) == (8, [])


def test_a_name_that_exists_is_passed_over(desk: Callable[..., MfaDesk]) -> None:
    acme = desk(ACME_PRODUCTION)
    client(acme.double, "iam", ACME_PRODUCTION).create_virtual_mfa_device(VirtualMFADeviceName="laptop")
    report = acme.begin(device_name="laptop")
    assert report.failure is None
    assert report.serial.startswith(acme.serial("laptop-"))
    assert acme.free() == [acme.serial("laptop")], "somebody else's stays"


def test_where_only_the_own_name_is_allowed(desk: Callable[..., MfaDesk]) -> None:
    acme = desk(ACME_PRODUCTION)
    own = "arn:aws:iam::*:mfa/${aws:username}"
    own_policy(acme, LOOK, {"Effect": "Allow", "Action": "iam:CreateVirtualMFADevice", "Resource": own})
    report = acme.begin()
    assert report.failure is None, report.failure
    assert report.serial == acme.serial("maria")
    assert acme.works(report.serial)


def test_what_may_not_be_deleted_is_named(desk: Callable[..., MfaDesk]) -> None:
    """The documented policy for one's own MFA lacks the right to delete a device."""
    acme = desk(ACME_PRODUCTION)
    own_policy(acme, LOOK, {"Effect": "Allow", "Action": "iam:CreateVirtualMFADevice", "Resource": "*"})
    acme.double.faults.add("EnableMFADevice", "denied", times=None)
    report = acme.begin()
    assert report.failure is not None
    assert report.failure.code == "access-denied"
    assert acme.enabled() == []
    assert list(report.left_serials) == acme.free() != []
    assert acme.free()[0] in str(report.left)
    assert acme.codes().of_serial(acme.free()[0]) is None


def test_a_device_that_may_not_be_taken_away_keeps_its_code(desk: Callable[..., MfaDesk]) -> None:
    acme = desk(ACME_PRODUCTION)
    report = acme.begin()
    acme.user.denied.add("iam:DeactivateMFADevice")
    gone = acme.enrolments().remove(acme.row, "Acme", report.serial)
    assert gone.failure is not None
    assert acme.enabled() == [report.serial]
    assert acme.works(report.serial)


@pytest.mark.parametrize("action", [
    "ListMFADevices", "ListVirtualMFADevices", "ListAccessKeys", "CreateVirtualMFADevice", "EnableMFADevice",
    "GetSessionToken",
])  # fmt: skip
@pytest.mark.parametrize("kind", ["answer-lost", "never-arrived", "throttled", "server-error"])
def test_a_fault_leaves_nothing_behind(desk: Callable[..., MfaDesk], action: str, kind: Any) -> None:
    northwind = desk(NORTHWIND)
    northwind.double.faults.add(action, kind)
    report = northwind.begin()
    assert northwind.double.faults.left() == 0
    for _ in range(4):
        if not report.halted:
            break
        northwind.clock.sleep(200)
        report = northwind.enrolments().resume(report.run_id)
    if report.state != "done":
        assert (northwind.enabled(), northwind.free()) == ([], [])
        report = northwind.begin()
    assert report.failure is None, report.failure
    assert northwind.enabled() == [report.serial]
    # Under the demand for MFA nobody deletes a device without one: it is named.
    assert northwind.free() == list(report.left_serials)
    assert northwind.works(report.serial)


def test_root_and_roles_are_refused_with_the_way(desk: Callable[..., MfaDesk]) -> None:
    acme = desk(ACME_PRODUCTION)
    root = replace(acme.row, arn="arn:aws:iam::123456789012:root")
    with pytest.raises(CredGuardError) as caught:
        acme.enrolments().begin(root, "Acme")
    assert caught.value.code == "root-mfa"
    assert "Assign MFA device" in str(caught.value.next)
    role = replace(acme.row, arn="arn:aws:sts::123456789012:assumed-role/x/y")
    with pytest.raises(CredGuardError) as caught:
        acme.enrolments().begin(role, "Acme")
    assert caught.value.code == "no-user"


def test_devices_are_listed_with_whose_code_is_here(desk: Callable[..., MfaDesk]) -> None:
    northwind = desk(NORTHWIND, devices=True)
    found = northwind.enrolments().devices(northwind.row, "Northwind")
    assert [(d.kind, d.code) for d in found] == [("virtual", True), ("security-key", False)]
    assert device_named(found, None, with_code=True).name == "mfa/m.keller"
    assert device_named(found, "m.keller", with_code=False).kind == "virtual"
    with pytest.raises(CredGuardError) as caught:
        device_named(found, None, with_code=False)
    assert caught.value.code == "several-fit"


def test_a_clock_that_ran_off_is_learnt_anew(desk: Callable[..., MfaDesk]) -> None:
    acme = desk(ACME_PRODUCTION)
    report = acme.begin()
    device = acme.user.devices[0]
    device.drift = 7
    acme.clock.sleep(600)
    entry = acme.codes().of_serial(report.serial)
    assert entry is not None
    for _ in range(2):
        with pytest.raises(CredGuardError):
            acme.works(report.serial)
        acme.codes().note_answer(entry, False)
    assert Devices(acme.database).stopped(report.serial, acme.clock.now())
    done = acme.enrolments().resync(acme.row, "Acme", report.serial)
    assert done.failure is None
    assert acme.works(report.serial)


def test_an_older_code_without_its_serial_proves_the_user(desk: Callable[..., MfaDesk]) -> None:
    northwind = desk(NORTHWIND, devices=True, known=False)
    seed = NORTHWIND.people[0].seed
    assert seed is not None
    northwind.codes().add(OtpEntry("", Secret(seed), account_id=NORTHWIND.account_id), "Northwind")
    report = northwind.begin()
    assert report.failure is None, report.failure
    assert northwind.works(report.serial)


def test_names_that_aws_does_not_take_are_refused(desk: Callable[..., MfaDesk]) -> None:
    acme = desk(ACME_PRODUCTION)
    with pytest.raises(CredGuardError) as caught:
        acme.begin(device_name="my laptop")
    assert caught.value.code == "device-name"
    assert acme.enrolments().to_resume() == ()
