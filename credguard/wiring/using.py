"""Credentials for a command that a person starts: of a key, of a session of a chosen length, of a role."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from credguard.wire import places
from credguard.wiring.looking import Looking

if TYPE_CHECKING:
    from credguard.domain.keys import Credentials
    from credguard.domain.secret import Secret
    from credguard.queries.names import Target


class Using(Looking):
    """Keys at work."""

    def take(self, target: Target, role: str | None = None, seconds: int | None = None) -> Credentials:
        """Credentials of what a person named, for a command of theirs.

        `role`: an ARN, or the name of a role in the key's own account. `seconds`: how long they last, of the
        role or, without one, of a session of the key. A key whose user has a device here goes through its
        MFA session. Raises CredGuardError `no-key`, `role-invalid`, `duration-invalid`, `not-allowed`,
        Locked, and as `Services.credentials`.
        """
        from credguard.domain.roles import checked
        from credguard.workflows.taking import role_named, seconds_checked

        key = self.key_to_rotate(target)
        link = self.profile_link(target.profile_id) if target.profile_id else None
        if link is None and key.profiles:
            link = self.profile_link(key.profiles[0].profile_id)
        if role is None and seconds is None and link is not None:
            return self.credentials(link.profile_id)
        self._open_in_turn()
        account_id = key.account_id or ""
        self._allowed_here(account_id, link.name if link is not None else key.name)
        arn = key.arn or ""
        chain = list(link.roles) if link is not None else []
        if role is not None:
            chain.append(role_named(role, account_id, arn, seconds))
        elif seconds is not None:
            seconds_checked(seconds, root=key.root)

        def code(serial: str) -> Secret | None:
            entry = self.code_book.of_serial(serial)
            return None if entry is None else self._send(serial, entry)

        given = self._working(code).with_key(
            key.access_key_id,
            link.mfa_serial if link is not None else self._serial_of(account_id, arn),
            checked(chain),
            None if role is not None else seconds,
        )
        self._note_use(link.profile_id if link is not None else "", key.access_key_id, role)
        return given

    def _serial_of(self, account_id: str, arn: str) -> str | None:
        """The device of a key's user whose code is stored here."""
        entry = self.code_book.of_account(account_id, arn.rsplit("/", 1)[-1]) if "/" in arn else None
        return entry.serial if entry is not None else None

    def _allowed_here(self, account_id: str, name: str) -> None:
        """At the keychain a person may have to have allowed the program; the agent of a vault asks itself."""
        if self.store.kind != "keychain" or self._starts_agent or self.agent is None:
            return
        from credguard.domain.text import text
        from credguard.system.asking import asker
        from credguard.workflows.approving import allowed_before, demanded_by
        from credguard.workflows.unlocking import wait_for_person

        if demanded_by(self.settings, account_id):
            account = self.account(account_id)
            allowed_before(
                self._approvals, asker(os.getpid()), account_id,
                account.name if account is not None else account_id or "this account",
                text("the key of {profile}", profile=name), self.clock.now(), self.record,
            )  # fmt: skip
        wait_for_person(places.locked_file(), self.clock)

    def region_of(self, target: Target) -> str | None:
        """The region of the profile that is meant, in the AWS files as they are now."""
        from credguard.domain.errors import CredGuardError
        from credguard.profiles.read import read_aws_files

        link = self.profile_link(target.profile_id) if target.profile_id else None
        if link is None:
            return None
        try:
            found = read_aws_files(places.aws_config(), places.aws_credentials()).profile(link.name)
        except CredGuardError:
            return None
        return found.region if found is not None else None

    def profile_named(self, target: Target) -> str | None:
        """The name of the profile that is meant, or of the first that the key has."""
        key = self.key_to_rotate(target)
        wanted = target.profile_id or (key.profiles[0].profile_id if key.profiles else None)
        link = self.profile_link(wanted) if wanted else None
        return link.name if link is not None else None
