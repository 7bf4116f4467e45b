"""Rotations: begun, resumed, answered, undone, due."""

from __future__ import annotations

from typing import TYPE_CHECKING

from credguard.domain.errors import CredGuardError
from credguard.wiring.kinds import Tell, nobody
from credguard.wiring.moving import Moving

if TYPE_CHECKING:
    from credguard.catalog.journal import RunRow
    from credguard.queries.accounts import KeyRow
    from credguard.queries.names import Target
    from credguard.workflows.rotation import RotationReport


class Rotating(Moving):
    """Changing keys."""

    def rotate(
        self, access_key_id: str, tell: Tell = nobody, grace_days: int | None = None
    ) -> RotationReport:
        from credguard.domain.text import text

        key = self._keys.get(access_key_id)
        if key is None:
            raise CredGuardError(
                "no-key", text("{key} is not in CredGuard.", key=access_key_id), text("See: credguard keys")
            )
        account = self._accounts.get(key.account_id or "")
        days = grace_days if grace_days is not None else self.settings.get("grace_days")
        return self._rotations.begin(key, account.name if account else access_key_id, days, tell)

    def rotate_resume(self, run: RunRow | str, tell: Tell = nobody) -> RotationReport:
        return self._rotations.resume(run if isinstance(run, str) else run.run_id, tell)

    def rotation_of(self, access_key_id: str) -> RunRow | None:
        """The unfinished rotation of this key."""
        return self._rotations.of_key(access_key_id)

    def rotate_answer(self, run_id: str, answer: str, tell: Tell = nobody) -> RotationReport:
        return self._rotations.answer(run_id, answer, tell)

    def rotate_undo(self, target: Target | str, tell: Tell = nobody) -> RotationReport:
        """Undo the run (its id), or the unfinished rotation of an account's key."""
        from credguard.domain.text import text

        if isinstance(target, str):
            return self._rotations.undo(target, tell)
        for key in target.row.keys:
            run = self._rotations.of_key(key.access_key_id)
            if run is not None:
                return self._rotations.undo(run.run_id, tell)
        raise CredGuardError(
            "nothing-to-undo",
            text("No rotation of {account} can be undone.", account=target.row.account.name),
            text("The old key is deleted, or was never replaced."),
        )

    def rotations_to_resume(self, name: str | None = None) -> tuple[RunRow, ...]:
        """Unfinished rotations, those of one NAME."""
        rows = self._rotations.to_resume()
        if name is None:
            return rows
        ids = {key.access_key_id for key in self.target(name).row.keys}
        return tuple(row for row in rows if ids & set(row.touches))

    def rotations_due(self) -> tuple[RunRow | KeyRow, ...]:
        """Ends of graces and unfinished runs, then keys that are due."""
        now = self.clock.now()
        running = {key for row in self._journals.unfinished("rotation") for key in row.touches}
        due = [
            key
            for row in self.accounts()
            for key in row.keys
            if key.due is not None and key.due <= now and not key.root and not key.leftover
            and key.access_key_id not in running
        ]  # fmt: skip
        return (*self._rotations.to_resume(), *due)

    def run_due(self, plan: tuple[RunRow | KeyRow, ...], tell: Tell = nobody) -> list[RotationReport]:
        """One after the other; what stands in the way of one keeps none of the others waiting."""
        from credguard.queries.accounts import KeyRow
        from credguard.workflows.rotation import not_begun

        reports = []
        for one in plan:
            try:
                if isinstance(one, KeyRow):
                    reports.append(self.rotate(one.access_key_id, tell))
                else:
                    reports.append(self.rotate_resume(one, tell))
            except CredGuardError as error:
                key = one.access_key_id if isinstance(one, KeyRow) else one.subject
                reports.append(not_begun(key, error))
        return reports
