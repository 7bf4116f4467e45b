"""MFA devices of IAM users: added, resumed, taken back, synchronised, removed, listed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from credguard.domain.errors import CredGuardError
from credguard.wire import places
from credguard.wiring.kinds import Tell, nobody
from credguard.wiring.rotating import Rotating

if TYPE_CHECKING:
    from credguard.catalog.journal import RunRow
    from credguard.domain.enrolment_guide import Kind
    from credguard.domain.keys import AccessKey
    from credguard.domain.text import Text
    from credguard.workflows.enrolment import EnrolmentReport, Enrolments, UserDevice
    from credguard.workflows.mfa_removal import Removal


class Enrolling(Rotating):
    """A user is named by one of its keys, which signs."""

    def enrolment(
        self, access_key_id: str, tell: Tell = nobody, device_name: str | None = None
    ) -> EnrolmentReport:
        """Add a virtual MFA device for the user of this key; `tell` hears of each step.

        What was left unfinished of this user goes on instead. Raises CredGuardError `root-mfa`, `no-user`,
        `device-name`, `busy`; what happens on the way is in the report.
        """
        run = self.enrolment_of(access_key_id)
        if run is not None:
            return self.enrolment_resume(run, tell)
        key, account = self._mfa_key(access_key_id)
        return self._enrolments.begin(key, account, device_name, tell)

    def enrolment_resume(self, run: RunRow | str, tell: Tell = nobody) -> EnrolmentReport:
        """Go on with what was begun."""
        return self._enrolments.resume(run if isinstance(run, str) else run.run_id, tell)

    def enrolment_finish(self, run: RunRow | str, tell: Tell = nobody) -> None:
        """Go on with what was begun; raises what it stopped at, as a CredGuardError."""
        report = self.enrolment_resume(run, tell)
        if report.failure is not None:
            raise report.failure.error()

    def enrolment_undo(self, run: RunRow | str, tell: Tell = nobody) -> EnrolmentReport:
        """Stop it and remove the device, as far as the rights go; what is left is named in the report."""
        return self._enrolments.undo(run if isinstance(run, str) else run.run_id, tell)

    def enrolment_of(self, access_key_id: str) -> RunRow | None:
        """The unfinished run of this key's user. Opens no store."""
        key = self._keys.get(access_key_id)
        rows = self._journals.unfinished("enrolment") if key is not None else ()
        return next((row for row in rows if key is not None and row.subject == key.arn), None)

    def enrolment_now(self, run: RunRow | str) -> EnrolmentReport:
        """Where a run stands. Touches nothing."""
        return self._enrolments.last(run if isinstance(run, str) else run.run_id)

    def enrolments_to_resume(self, name: str | None = None) -> tuple[RunRow, ...]:
        """Runs that were begun and not ended, those of one NAME."""
        rows = self._journals.unfinished("enrolment")
        if name is None or not rows:
            return rows
        arns = {key.arn for key in self.target(name).row.keys}
        return tuple(row for row in rows if row.subject in arns)

    def mfa_devices(self, access_key_id: str) -> tuple[UserDevice, ...]:
        """What IAM lists for the user of this key."""
        return self._enrolments.devices(*self._mfa_key(access_key_id))

    def mfa_device(self, access_key_id: str, named: str | None = None, with_code: bool = False) -> UserDevice:
        """The device that is meant: the one of this serial or name, else the only one (whose code is here).

        Raises CredGuardError `no-such-device`, `several-fit`.
        """
        from credguard.workflows.enrolment import device_named

        found = self.mfa_devices(access_key_id)
        return device_named(found, named, with_code)

    def mfa_is_last(self, access_key_id: str, serial: str) -> bool:
        """Whether the user has no other device that is on."""
        return self.mfa_removal(access_key_id, serial).last

    def mfa_removal(self, access_key_id: str, named: str | None = None) -> Removal:
        """What `mfa_remove` would take away. Raises CredGuardError `no-such-device`, `several-fit`."""
        from credguard.workflows.mfa_removal import removal

        return removal(self.mfa_devices(access_key_id), named)

    def mfa_remove(self, access_key_id: str, serial: str, tell: Tell = nobody) -> EnrolmentReport:
        """Take a device away, with a code of one that is on; its code is put away for seven days."""
        key, account = self._mfa_key(access_key_id)
        return self._enrolments.remove(key, account, serial, tell)

    def mfa_resync(self, access_key_id: str, serial: str, tell: Tell = nobody) -> EnrolmentReport:
        """Send two codes in a row, from which AWS learns the device's clock."""
        key, account = self._mfa_key(access_key_id)
        return self._enrolments.resync(key, account, serial, tell)

    def mfa_guide(self, kind: Kind, user: str = "") -> tuple[Text, ...]:
        """The steps on the AWS website for what no API can do."""
        from credguard.domain.enrolment_guide import guide

        return guide(kind, user)

    # ── inside ───────────────────────────────────────────────────────────────────────────────────
    def _mfa_key(self, access_key_id: str) -> tuple[AccessKey, str]:
        from credguard.domain.text import text

        key = self._keys.get(access_key_id)
        if key is None:
            raise CredGuardError(
                "no-key", text("{key} is not in CredGuard.", key=access_key_id), text("See: credguard keys")
            )
        account = self._accounts.get(key.account_id or "")
        return key, account.name if account else access_key_id

    @property
    def _enrolments(self) -> Enrolments:
        from credguard.vault.filebackup import BackupSealer
        from credguard.vault.sessions import Sessions
        from credguard.workflows.enrolment import Enrolments
        from credguard.workflows.enrolment_files import SerialWriter

        return Enrolments(
            store=self.store,
            codes=self.code_book,
            keys=self._keys,
            profiles=self._profiles,
            journals=self._journals,
            activity=self._activity,
            clients=self.clients,
            sessions=Sessions(self.store),
            interlock=self.interlock,
            clock=self.clock,
            serials=SerialWriter(
                store=self.store,
                profiles=self._profiles,
                sealer=BackupSealer(self.store),
                backup_folder=places.backups(),
                credentials=places.aws_credentials(),
                interlock=self.interlock,
                clock=self.clock,
            ),
        )
