"""What taking away an MFA device would mean, before anything is asked of a person."""

from __future__ import annotations

from dataclasses import dataclass

from credguard.workflows.enrolment import UserDevice, device_named


@dataclass(frozen=True, slots=True)
class Removal:
    """The device that is meant. `last`: its user has no other that is on."""

    device: UserDevice
    last: bool


def removal(devices: tuple[UserDevice, ...], named: str | None) -> Removal:
    """Raises CredGuardError `no-such-device`, `several-fit`."""
    chosen = device_named(devices, named, with_code=False)
    on = [device.serial for device in devices if device.enabled_at is not None]
    return Removal(chosen, on == [chosen.serial])
