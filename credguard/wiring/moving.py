"""Backups, restores and exports."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from credguard.domain.errors import CredGuardError
from credguard.wire import places
from credguard.wiring.using import Using

if TYPE_CHECKING:
    from credguard.domain.restore import Keep, Row
    from credguard.domain.secret import Secret
    from credguard.domain.text import Text
    from credguard.vault.sealed.backup import CopiedSlot
    from credguard.workflows.backup import Made
    from credguard.workflows.export import Exported
    from credguard.workflows.intake import FoundKey
    from credguard.workflows.restore import Plan, Restored
    from credguard.workflows.restore import Target as RestoreTarget


class Moving(Using):
    """Everything in one file, and back."""

    # ── backup, restore ──────────────────────────────────────────────────────────────────────────
    def password_file(self, path: str) -> Secret:
        """The first line of a file that only its owner can read."""
        from credguard.vault.sealed.backend import read_passphrase_file

        return read_passphrase_file(path)

    def passphrase_advice(self, passphrase: Secret) -> Text | None:
        """What to say of a passphrase for a file that can be copied; None where it is good."""
        from credguard.vault.sealed.backup import advice

        return advice(passphrase)

    def recovery_code(self) -> Secret:
        """A fresh code that can open a backup, to be shown once."""
        from credguard.vault.sealed.recovery import generate

        return generate()

    def is_same_code(self, typed: Secret, code: Secret) -> bool:
        """Whether a recovery code was typed as shown; case, spaces and dashes do not matter."""
        from credguard.vault.sealed.recovery import parse

        try:
            return parse(typed) == parse(code)
        except CredGuardError:
            return False

    def backup(
        self, path: str, passphrase: Secret, recovery: Secret | None = None, replace_it: bool = False
    ) -> Made:
        """Everything into the file at `path`, which opens with the passphrase, or with the recovery code."""
        from credguard.vault.sealed.credentials import Credential, Passphrase, RecoveryCode
        from credguard.workflows.backup import make_backup

        keys: list[Credential] = [Passphrase(passphrase)]
        if recovery is not None:
            keys.append(RecoveryCode(recovery))
        return make_backup(
            path,
            keys,
            store=self._whole[0],
            codes_store=self._whole[1],
            database=self.database,
            clock=self.clock,
            replace_it=replace_it,
            copied=self._slots_to_copy,
        )

    def _slots_to_copy(self) -> tuple[CopiedSlot, ...]:
        """The security keys of the sealed vault, where one of the stores in use is that."""
        from credguard.vault.sealed.backup import slots_to_copy

        if "sealed" not in {store.kind for store in self._whole} or not self._sealed_backend.vault.is_open:
            return ()
        return slots_to_copy(self._sealed_backend.vault.loaded())

    def restore_plan(self, path: str, secret: Secret, recovery: bool = False) -> Plan:
        """What restoring the file would do; `secret` is its passphrase, or its recovery code."""
        from credguard.vault.sealed.credentials import Credential, Passphrase, RecoveryCode
        from credguard.workflows import restore

        key: Credential = RecoveryCode(secret) if recovery else Passphrase(secret)
        return restore.plan(restore.open_backup(path, key), self._restore_target)

    def restore(self, plan: Plan, keep: Callable[[Row], Keep]) -> Restored:
        from credguard.workflows.restore import restore

        return restore(plan, self._restore_target, keep)

    def profiles_without_line(self, plan: Plan) -> tuple[FoundKey, ...]:
        """Restored profiles that the AWS tools do not know yet; `import_keys` writes their lines."""
        from credguard.workflows.restore import profiles_without_line

        return profiles_without_line(plan, self._restore_target)

    def restore_plan_with_key(self, path: str, words: Callable[[], Secret]) -> Plan:
        """The same, with a security key that the vault had when the backup was made. `words`: the passphrase
        that goes with one."""
        from credguard.vault.sealed.credentials import SecurityKey
        from credguard.vault.security_key_errors import nobody_here
        from credguard.workflows import restore

        if self._security_keys is None:
            raise nobody_here()
        key = SecurityKey(self._security_keys(), words)
        return restore.plan(restore.open_backup(path, key), self._restore_target)

    @property
    def _restore_target(self) -> RestoreTarget:
        from credguard.workflows.restore import Target

        return Target(
            store=self._whole[0],
            codes_store=self._whole[1],
            database=self.database,
            interlock=self.interlock,
            clock=self.clock,
            config_path=places.aws_config(),
            credentials_path=places.aws_credentials(),
        )

    def export(self, path: str, password: Secret | None) -> Exported:
        """Everything for another program: a KeePass database with this password, or None = plaintext."""
        from credguard.workflows.export import export_keepass, export_plain

        if password is None:
            return export_plain(
                path, store=self._whole[0], codes_store=self._whole[1], accounts=self._accounts
            )
        return export_keepass(
            path,
            password,
            store=self._whole[0],
            codes_store=self._whole[1],
            accounts=self._accounts,
            keys=self._keys,
            clock=self.clock,
        )

    def check_free(self, path: str) -> None:
        """Raises `file-exists` before anything is asked for a file that cannot be written."""
        from credguard.workflows.export import check_free

        check_free(path)
