"""Which device the profiles name: a line of the AWS files, the profile's item, the catalog."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace

from credguard.catalog.keys import Profiles
from credguard.domain.edits import FileEdit
from credguard.domain.enrolment_state import Profile, State
from credguard.domain.errors import CredGuardError
from credguard.files.apply import apply
from credguard.files.backups import EDITS, Sealer, backup_name, prune, read_backup, write_backup
from credguard.files.undo import revert
from credguard.profiles.read import read_aws_files
from credguard.profiles.serial import plan_serials
from credguard.system.clock import Clock
from credguard.system.interlock import Interlock
from credguard.vault.store import SecretStore
from credguard.wire import items
from credguard.workflows.intake_effects import FILES_LOCK, FILES_WAIT

#: Writing one item takes less than this (seconds).
ITEM = 5.0


@dataclass(frozen=True, slots=True)
class SerialWriter:
    """Writes `mfa_serial` for profiles; each method is safe to repeat."""

    store: SecretStore
    profiles: Profiles
    sealer: Sealer
    backup_folder: str
    credentials: str
    interlock: Interlock
    clock: Clock

    def seal(self, run_id: str, number: int, wanted: Mapping[str, str | None]) -> str | None:
        """Seal a copy of each file that changes; the copy's name, None where no file does."""
        with self.interlock.hold(FILES_LOCK, wait=FILES_WAIT):
            return self._seal(run_id, number, wanted)

    def write(self, backup: str | None, wanted: Mapping[str, str | None]) -> None:
        """Make the edits of the sealed copy, then let the profiles here be served with the device."""
        if backup is not None:
            with self.interlock.hold(FILES_LOCK, wait=FILES_WAIT):
                apply(read_backup(self._folder, backup, self.sealer))
        for profile_id, serial in wanted.items():
            self._serve(profile_id, serial)

    def take_back(self, run_id: str, state: State, wanted: Mapping[str, str | None]) -> None:
        """The lines as they were before this run, later changes left alone; or what `wanted` says where
        this run wrote none."""
        with self.interlock.hold(FILES_LOCK, wait=FILES_WAIT):
            for name in reversed(state.backups):
                try:
                    revert(read_backup(self._folder, name, self.sealer))
                except CredGuardError as error:
                    if error.code not in {"backup-missing", "backup-unreadable"}:
                        raise
            # What a lost copy could not bring back, and all of a device of another run.
            name_of = self._seal(run_id, 99, wanted)
            if name_of is not None:
                apply(read_backup(self._folder, name_of, self.sealer))
        for profile_id, serial in wanted.items():
            self._serve(profile_id, serial)

    # ── inside ───────────────────────────────────────────────────────────────────────────────────
    @property
    def _folder(self) -> str:
        return os.path.join(self.backup_folder, EDITS)

    def _seal(self, run_id: str, number: int, wanted: Mapping[str, str | None]) -> str | None:
        plan = self._plan(wanted)
        if not plan:
            return None
        prune(self._folder, self.clock.now())
        name = backup_name(self.clock.now(), f"{number:x}", run_id)
        write_backup(self._folder, name, plan, self.sealer, {"source": "mfa"})
        return name

    def _plan(self, wanted: Mapping[str, str | None]) -> tuple[FileEdit, ...]:
        of_file: dict[str, dict[str, str | None]] = {}
        for profile_id, serial in wanted.items():
            link = self.profiles.get(profile_id)
            if link is not None:
                of_file.setdefault(link.config_path, {})[link.name] = serial
        plan: list[FileEdit] = []
        for config, named in of_file.items():
            plan += plan_serials(read_aws_files(config, self.credentials), named)
        return tuple(plan)

    def _serve(self, profile_id: str, serial: str | None) -> None:
        # Whoever serves the profile at this moment may be about to note a session of the other device.
        with self.interlock.hold(f"profile-{profile_id}", wait=ITEM):
            item = self.store.read(items.profile(profile_id))
            if item is not None:
                more = {"session": None, "direct": serial is None, "mfa_serial": serial}
                self.store.write(items.profile(profile_id), {**item, **more})
        link = self.profiles.get(profile_id)
        if link is not None:
            self.profiles.save(replace(link, mfa_serial=serial))


def to_device(profiles: tuple[Profile, ...], serial: str) -> dict[str, str | None]:
    """All of them name `serial`."""
    return {profile.profile_id: serial for profile in profiles}


def as_before(profiles: tuple[Profile, ...], gone: str, instead: str | None = None) -> dict[str, str | None]:
    """Each names what it named before; where that was `gone`, `instead`, or nothing."""
    return {p.profile_id: instead if p.serial == gone else p.serial or None for p in profiles}
