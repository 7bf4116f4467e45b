"""The workflows that several journeys share, handed their adapters."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from credguard.wire import places
from credguard.wiring.kinds import usual_serial
from credguard.wiring.opening import Opening

if TYPE_CHECKING:
    from credguard.domain.accounts import Identity
    from credguard.domain.keys import Credentials
    from credguard.domain.otp import OtpEntry
    from credguard.domain.secret import Secret
    from credguard.workflows.agent_codes import AgentCodes
    from credguard.workflows.check import Checks
    from credguard.workflows.codes import Codes
    from credguard.workflows.credentials import WorkingCredentials
    from credguard.workflows.intake import Tools
    from credguard.workflows.rotation import Rotations


class Runs(Opening):
    """Codes, checks, rotations and imports, wired."""

    @property
    def code_book(self) -> Codes | AgentCodes:
        """Codes: made here, or by the agent where it holds their seeds. Where there is no vault yet there
        is nothing to ask it for."""
        if self._codes_at_agent and self._unlocking.vault_exists():
            return self._agent_codes
        return self._own_codes

    @cached_property
    def _agent_codes(self) -> AgentCodes:
        from credguard.workflows.agent_codes import AgentCodes

        assert self.agent is not None
        return AgentCodes(self.agent, self.clock)

    @cached_property
    def _own_codes(self) -> Codes:
        from credguard.workflows.codes import Codes

        def offset() -> float:
            # Known once AWS answered this process; asking for it never loads boto3.
            return (self.clients.clock_offset or 0.0) if "clients" in self.__dict__ else 0.0

        return Codes(self.codes_store, self._devices, self.interlock, self.clock, offset)

    @cached_property
    def _checks(self) -> Checks:
        from credguard.workflows.check import Checks

        return Checks(
            self.store, self._accounts, self._keys, self._devices, self.clients, self.clock, self._mfa_session
        )

    def _mfa_session(self, identity: Identity, key: Credentials) -> Credentials | None:
        """A session with MFA for the key, where this user's code is stored here."""
        entry = self._entry_of(identity)
        if entry is None:
            return None
        return self._working(lambda serial: self._send(serial, entry)).session(
            entry.serial or usual_serial(identity), key
        )

    @cached_property
    def _rotations(self) -> Rotations:
        from credguard.vault.sessions import Sessions
        from credguard.workflows.rotation import Rotations
        from credguard.workflows.rotation_effects import plaintext_in_files, region_in_files

        return Rotations(
            store=self.store,
            keys=self._keys,
            profiles=self._profiles,
            journals=self._journals,
            activity=self._activity,
            clients=self.clients,
            sessions=Sessions(self.store),
            interlock=self.interlock,
            clock=self.clock,
            codes=self._code_for,
            code_answered=self._code_answered,
            region_of=region_in_files(places.aws_config(), places.aws_credentials()),
            in_plaintext=plaintext_in_files(places.aws_config(), places.aws_credentials()),
        )

    @cached_property
    def _tools(self) -> Tools:
        from credguard.aws.identity import identify
        from credguard.aws.proof import resolve_profile
        from credguard.files.reseal import renew
        from credguard.vault.filebackup import BackupSealer
        from credguard.workflows.approving import demanded_by
        from credguard.workflows.intake import Tools

        def who(credentials: Credentials, *, region: str | None, endpoint_url: str | None) -> Identity:
            return identify(self.clients, credentials, region=region, endpoint_url=endpoint_url)

        def finish(sealer: BackupSealer) -> None:
            renew(places.backups(), sealer)

        return Tools(
            store=self.store,
            accounts=self._accounts,
            keys=self._keys,
            profiles=self._profiles,
            journals=self._journals,
            activity=self._activity,
            identify=who,
            prove=resolve_profile,
            sealer=BackupSealer(self.store, finish, self._copies_alone),
            backup_folder=places.backups(),
            helper=tuple(places.helper()),
            interlock=self.interlock,
            clock=self.clock,
            environ=dict(self._environ),
            asks_before=lambda account_id: demanded_by(self.settings, account_id),
            held=lambda found: self._from_vaults.get((found.source, found.name, found.access_key_id)),
        )

    def _code_for(self, identity: Identity) -> tuple[str, Secret] | None:
        """A code never sent before for the device of this user, and its serial."""
        entry = self._entry_of(identity)
        if entry is None:
            return None
        serial = entry.serial or usual_serial(identity)
        return serial, self._send(serial, entry)

    def _entry_of(self, identity: Identity) -> OtpEntry | None:
        """The code of a device of this user, as far as it is known whose it is."""
        user, known = identity.user_name, self._devices.of_account(identity.account_id)
        listed = {d.serial for d in known if d.serial is not None and d.user_name == user}
        return self.code_book.of_account(identity.account_id, user, listed)

    def _send(self, serial: str, entry: OtpEntry) -> Secret:
        self._sent[serial] = entry
        return self.code_book.send(entry)

    def _code_answered(self, serial: str, ok: bool) -> None:
        """What AWS said of the code sent last: two refusals in a row stop the sending."""
        if serial in self._sent:
            self.code_book.note_answer(self._sent[serial], ok)

    def _working(self, code: Callable[[str], Secret | None]) -> WorkingCredentials:
        from credguard.vault.sessions import Sessions
        from credguard.workflows.credentials import WorkingCredentials

        return WorkingCredentials(
            self.store,
            self._profiles,
            Sessions(self.store),
            self.clients,
            self.interlock,
            self.clock,
            code,
            self._code_answered,
        )
