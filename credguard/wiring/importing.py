"""Moving keys in from files and other vaults, and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from credguard.domain.errors import CredGuardError
from credguard.wire import places
from credguard.wiring.kinds import Tell, nobody
from credguard.wiring.runs import Runs

if TYPE_CHECKING:
    from credguard.domain.machine import Step
    from credguard.domain.otp import OtpEntry
    from credguard.domain.secret import Secret
    from credguard.domain.text import Text
    from credguard.workflows.intake import Findings, FoundKey, Outcome
    from credguard.workflows.intake_vaults import InVault
    from credguard.workflows.undo_import import Undone, UndoPlan


class Importing(Runs):
    """Import and its undo."""

    def find_keys(
        self, source: str | None = None, profiles: tuple[str, ...] = ()
    ) -> tuple[tuple[FoundKey, ...], tuple[Text, ...]]:
        """The keys that can be imported, and what else was seen, in sentences."""
        found = self.look_for_keys(source, profiles)
        return found.keys, found.problems

    def look_for_keys(self, source: str | None = None, profiles: tuple[str, ...] = ()) -> Findings:
        """The keys that can be imported, and what else was seen, with what to do about it."""
        import platformdirs

        from credguard.workflows.intake_find import find

        known = {key.access_key_id for key in self._keys.all()}
        return find(
            config_path=places.aws_config(),
            credentials_path=places.aws_credentials(),
            environ=self._environ,
            downloads=platformdirs.user_downloads_dir(),
            source=source,
            profiles=profiles,
            stored=known.__contains__,
        )

    def is_vault(self, source: str) -> bool:
        """Whether keys are to come from a vault of another program."""
        from credguard.workflows.intake_vaults import is_vault

        return is_vault(source)

    def look_in_vault(
        self, source: str, profiles: tuple[str, ...], ask: Callable[[str], Secret], password: Secret | None
    ) -> InVault:
        """The keys and codes in a vault of another program. Their secrets are held until the end."""
        from credguard.workflows.intake_vaults import find_in_vault

        known = {key.access_key_id for key in self._keys.all()}
        found = find_in_vault(
            source,
            config_path=places.aws_config(),
            credentials_path=places.aws_credentials(),
            environ=self._environ,
            ask=ask,
            password=password,
            profiles=profiles,
            stored=known.__contains__,
        )
        self._from_vaults.update(found.held)
        return found

    def add_codes(self, codes: tuple[OtpEntry, ...]) -> tuple[tuple[str, bool], ...]:
        """Store the codes of a vault; (name, whether it was added) of each, False = it is here already."""
        from credguard.workflows.add_code import from_elsewhere

        done = []
        for entry in codes:
            try:
                added = self.code_book.add(from_elsewhere(entry, self._accounts.all(), self._keys.all()))
                done.append((added.name, True))
            except CredGuardError as error:
                if error.code != "code-already-here":
                    raise
                done.append((entry.name, False))
        return tuple(done)

    def import_keys(
        self,
        found: tuple[FoundKey, ...],
        tell: Callable[[int, tuple[Step, ...]], None] = nobody,
        ended: Callable[[int, Outcome], None] = nobody,
        keep_plaintext: bool = False,
        stopped: Callable[[], bool] = lambda: False,
    ) -> tuple[Outcome, ...]:
        from credguard.workflows.intake import import_keys

        outcomes = import_keys(
            found, self._tools, tell=tell, ended=ended, keep_plaintext=keep_plaintext, stopped=stopped
        )
        for outcome in outcomes:
            key = self._keys.get(outcome.access_key_id)
            if outcome.ok and key is not None:
                self._checks.refresh(key)  # age, MFA, alias: facts; what is missing stays unknown
                if self._history.checked_at() is None:
                    self._history.note_checked(self.clock.now())
        return outcomes

    def finish_imports(self) -> tuple[Outcome, ...]:
        """Finish what was interrupted; the store is not even opened where nothing was."""
        from credguard.domain.intake import NAME
        from credguard.workflows.intake import finish_interrupted

        if not self._journals.unfinished(NAME):
            return ()
        return finish_interrupted(self._tools)

    def undo_import_plan(self) -> UndoPlan:
        from credguard.workflows.undo_import import plan

        return plan(self._tools)

    def undo_import(self, tell: Tell = nobody) -> Undone:
        from credguard.workflows.undo_import import undo_import

        return undo_import(self._tools, tell)
