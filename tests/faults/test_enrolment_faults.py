"""MFA enrolment under kill -9 at every moment, and under each fault of AWS and the store.

Afterwards either a device is on and its code is in the store and works at STS, or no device of ours is
left in IAM (or, where a right is missing, it is named), and no seed lies outside the store.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from credguard.demo.cloud.companies import ACME_PRODUCTION, NORTHWIND
from credguard.demo.cloud.server import Double
from credguard.domain.errors import CredGuardError, Locked
from credguard.domain.text import Text
from credguard.vault.sessions import Sessions
from tests.faults.harness import Killed, TickingJournals, Ticks
from tests.support.clock import FakeClock
from tests.support.inside import InsideClients
from tests.support.mfa_desk import CONFIG, MfaDesk

#: What is interrupted: a first device, one where a policy demands MFA (with a profile to write), a second
#: device, the removal of one, and an enrolment that is taken back.
SCENARIOS = ("first", "demanded", "second", "remove", "undo")


class Desks:
    """Desks one after the other, on one double that is as new for each."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.number = folder, 0
        self.clock = FakeClock()
        self.double = Double(self.clock, companies=(ACME_PRODUCTION, NORTHWIND))
        self.clients = InsideClients(self.clock, self.double)

    def make(self, scenario: str) -> MfaDesk:
        self.number += 1
        folder = self.folder / str(self.number)
        folder.mkdir()
        self.double.reset()
        company = ACME_PRODUCTION if scenario == "first" else NORTHWIND
        desk = MfaDesk(
            folder, company, scenario == "second",
            double=self.double, clock=self.clock, clients=self.clients, hasty=True,
        )  # fmt: skip
        if scenario == "remove":
            desk.begun = desk.begin().serial
            desk.clock.sleep(600)
        if scenario == "undo":
            self.double.timing.device = 1e6
            desk.begun = desk.begin().run_id
            self.double.timing.device = 10.0
            desk.clock.sleep(1e6)
        return desk


@pytest.fixture
def desks(tmp_path: Path) -> Iterator[Desks]:
    made = Desks(tmp_path)
    yield made
    made.double.stop()


def ticking(desk: MfaDesk, ticks: Ticks | None) -> Any:
    """The desk's enrolments; journal and store tick."""
    journals = TickingJournals(desk.database, desk.clock)
    journals.ticks = ticks or Ticks()
    if ticks is not None:
        desk.backend.fail = lambda method, name: ticks(f"{method} {name}") if method != "get" else None
    return desk.enrolments(journals=journals)


def act(desk: MfaDesk, scenario: str, ticks: Ticks | None) -> Any:
    enrolments = ticking(desk, ticks)
    if scenario == "remove":
        return enrolments.remove(desk.row, desk.company.name, desk.begun)
    if scenario == "undo":
        return enrolments.undo(desk.begun)
    return enrolments.begin(desk.row, desk.company.name)


def restart(desk: MfaDesk) -> None:
    """The process died and another one comes up."""
    desk.database.close()
    desk.backend.fail = lambda method, name: None
    desk.open()


def assert_sound(desk: MfaDesk) -> None:
    """Holds at every moment: a device of ours that is on has its code here."""
    for serial in desk.enabled():
        if "credguard" in serial:
            assert desk.codes().of_serial(serial) is not None, serial


def recover(desk: MfaDesk, after: str, report: Any = None) -> Any:
    """Go on, or back, until nothing is unfinished; then hold what has to be so."""
    assert_sound(desk)
    for round_ in range(12):
        rows = desk.enrolments().to_resume()
        if not rows:
            break
        desk.clock.sleep(200)
        run = rows[0].run_id
        back = after == "undo" and round_ == 0
        report = desk.enrolments().undo(run) if back else desk.enrolments().resume(run)
        assert_sound(desk)
    else:
        raise AssertionError("the enrolment does not end")
    ours = [serial for serial in desk.enabled() if "credguard" in serial]
    assert len(ours) <= 1
    left = [] if report is None else list(report.left_serials)
    assert set(desk.free()) <= set(left)
    for serial in ours:
        assert desk.works(serial)
    codes = {e.serial for e in desk.codes().entries() if not isinstance(e, CredGuardError)}
    assert {serial for serial in codes if "credguard" in (serial or "")} == set(ours)
    link = desk.profiles.get("p-work")
    assert link is not None
    assert link.mfa_serial in {None, *desk.enabled()}
    if link.mfa_serial is None:
        assert desk.config.read_text() == CONFIG
    else:
        assert f"mfa_serial = {link.mfa_serial}" in desk.config.read_text()
    for name in desk.store.names("session/"):
        assert Sessions(desk.store).get(name.removeprefix("session/")) is None, "a session was left behind"
    no_seed_lies_about(desk)
    desk.database.close()
    return report


def no_seed_lies_about(desk: MfaDesk) -> None:
    account = desk.double.state.accounts[desk.company.account_id]
    seeds = [device.seed.encode() for device, _ in account.devices() if device.seed]
    seeds += [e.secret.reveal().encode() for e in desk.codes().entries() + desk.codes().entries(deleted=True)
              if not isinstance(e, CredGuardError)]  # fmt: skip
    for path in desk.folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not any(seed in content for seed in seeds), path


@pytest.mark.parametrize("after", ["resume", "undo"])
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_killed_at_every_moment(desks: Desks, scenario: str, after: str) -> None:
    counted = desks.make(scenario)
    ticks = Ticks()
    act(counted, scenario, ticks)
    counted.database.close()
    assert ticks.count > 15
    for moment in range(1, ticks.count + 1):
        desk = desks.make(scenario)
        killing = Ticks(moment)
        with pytest.raises(Killed):
            act(desk, scenario, killing)
        begun = bool(desk.journals.unfinished("enrolment"))
        restart(desk)
        report = recover(desk, after)
        if after == "resume" and scenario in {"first", "demanded", "second"}:
            ours = [serial for serial in desk.enabled() if "credguard" in serial]
            assert bool(ours) == begun or report is None, killing.names[-1]


@pytest.mark.parametrize("scenario", ["demanded", "undo"])
def test_killed_again_while_recovering(desks: Desks, scenario: str) -> None:
    """Every third moment of the first run with every eleventh of the second, shifted by one each time."""
    counted = desks.make(scenario)
    ticks = Ticks()
    act(counted, scenario, ticks)
    counted.database.close()
    for moment in range(2, ticks.count + 1, 3):
        for again in range(1 + moment % 11, 60, 11):
            desk = desks.make(scenario)
            with pytest.raises(Killed):
                act(desk, scenario, Ticks(moment))
            restart(desk)
            rows = desk.journals.unfinished("enrolment")
            killed = False
            if rows:
                desk.clock.sleep(200)
                try:
                    ticking(desk, Ticks(again)).resume(rows[0].run_id)
                except Killed:
                    killed = True
                restart(desk)
            recover(desk, "undo" if moment % 2 else "resume")
            if not killed:
                break


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_keychain_that_locks_at_every_moment(desks: Desks, scenario: str) -> None:
    """From its n-th use on the keychain is locked; then a person unlocks it."""
    for moment in range(1, 600, 5):
        desk = desks.make(scenario)
        uses = 0

        def fail(method: str, name: str, moment: int = moment) -> None:
            nonlocal uses
            uses += 1
            if uses >= moment:
                raise Locked("store-locked", Text("The keychain is locked."), Text("Unlock it."))

        desk.backend.fail = fail
        with contextlib.suppress(Locked):
            act(desk, scenario, None)
        restart(desk)
        for name in desk.store.names("session/"):
            desk.store.remove(name)  # the locked keychain could not forget it
        recover(desk, "resume" if moment % 2 else "undo")
        if uses < moment:
            return
    raise AssertionError("more uses than moments")


ACTIONS = (
    "ListMFADevices", "ListVirtualMFADevices", "CreateVirtualMFADevice", "EnableMFADevice",
    "GetSessionToken", "DeactivateMFADevice", "DeleteVirtualMFADevice",
)  # fmt: skip
FAULTS = ("answer-lost", "never-arrived", "throttled", "denied", "server-error")


@pytest.mark.parametrize("times", [1, None])
@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize("action", ACTIONS)
def test_faults_of_aws(desks: Desks, action: str, kind: Any, times: int | None) -> None:
    for scenario in SCENARIOS:
        desk = desks.make(scenario)
        desk.double.faults.add(action, kind, times=times)
        report = act(desk, scenario, None)
        assert_sound(desk)
        desk.double.faults.clear()
        if kind == "denied" and action.startswith("List"):
            desk.double.faults.add(action, kind, times=None)  # a right that is missing stays missing
        report = recover(desk, "resume" if times else "undo", report)
        desk.double.faults.clear()
        assert not report.halted
