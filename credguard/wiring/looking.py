"""What pages draw and commands print."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from credguard.domain.errors import CredGuardError
from credguard.wire import places
from credguard.wiring.importing import Importing

if TYPE_CHECKING:
    from credguard.catalog.activity import ActivityRow
    from credguard.domain.keys import Credentials
    from credguard.domain.secret import Secret
    from credguard.profiles.shadowing import Shadow
    from credguard.queries.accounts import AccountRow, KeyRow
    from credguard.queries.activity import ActivityLine
    from credguard.queries.home import HomeView
    from credguard.queries.names import Target
    from credguard.queries.plaintext import PlaintextRow
    from credguard.workflows.check import CheckProblem, WhoAmI


class Looking(Importing):
    """Questions; nothing is changed."""

    def store_label(self) -> str:
        """Where secrets live, for people."""
        return self.store.label

    def endpoint(self) -> str | None:
        """The address that the environment names instead of AWS's own."""
        return self.clients.endpoint("sts")

    def accounts(self) -> tuple[AccountRow, ...]:
        from credguard.queries.accounts import list_accounts

        return list_accounts(
            accounts=self._accounts,
            keys=self._keys,
            profiles=self._profiles,
            devices=self._devices,
            journals=self._journals,
            due_days=self.settings.get("due_days"),
            now=self.clock.now(),
            soon_days=self.settings.get("soon_days"),
        )

    def home(self) -> HomeView:
        from credguard.queries.home import home

        due = self.settings.get("due_days")
        return home(
            self.accounts(),
            self.plaintext(),
            due_days=due,
            now=self.clock.now(),
            checked_at=self._history.checked_at(),
            unfinished_imports=len(self._journals.unfinished("intake")),
        )

    def plaintext(self) -> tuple[PlaintextRow, ...]:
        """Keys in plaintext in the usual places."""
        from credguard.queries.plaintext import PlaintextRow

        found, _ = self.find_keys()
        return tuple(
            PlaintextRow(
                k.path or "",
                k.line,
                k.where,
                k.access_key_id,
                k.account_id,
                k.has_secret,
                k.stored,
                k.may_be_root,
                k.profile,
            )
            for k in found
            if k.path is not None
        )

    def activity(self, limit: int = 50) -> tuple[ActivityRow, ...]:
        self._activity.take_in(places.spool())
        return self._activity.latest(limit)

    def activity_lines(self, limit: int = 50) -> tuple[ActivityLine, ...]:
        """`activity` with names and colours, uses in a row counted."""
        from credguard.queries.activity import activity_lines

        return activity_lines(self.activity(limit), self.accounts())

    def target(self, name: str) -> Target:
        """What a person means by NAME. Raises `no-such-name`, `several-fit`."""
        from credguard.queries.names import resolve

        return resolve(name, self.accounts())

    def whoami(self, name: str) -> WhoAmI:
        return self._checks.whoami(self.key_to_rotate(self.target(name)).access_key_id)

    def check(self, account_id: str | None = None) -> tuple[CheckProblem, ...]:
        """Ask AWS about every stored key (of one account), until it cannot be reached; returns what went
        wrong, key by key."""
        from credguard.workflows.check import CheckProblem

        wrong: list[CheckProblem] = []
        offline = answered = False
        for key in self._keys.all():
            if account_id is not None and key.account_id != account_id:
                continue
            error = self._checks.refresh(key)
            if error is not None:
                wrong.append(CheckProblem(key.access_key_id, key.account_id, error))
            offline = error is not None and error.code == "no-network"
            if offline:
                break  # the other keys would each wait for the same nothing
            answered = True
        if account_id is None and answered and not offline:
            self._history.note_checked(self.clock.now())
        return tuple(wrong)

    def credentials(self, profile: str) -> Credentials:
        """Working credentials for a profile's id or name, now."""

        if self.store.kind == "sealed" and self.agent is not None and self._at_agent("keys"):
            from credguard.workflows.credentials import from_document

            answer = self.agent.finished("credentials", profile=profile)
            if answer is not None:
                return from_document(answer.decode())
        elif self.store.kind == "keychain":
            from credguard.workflows.unlocking import wait_for_person

            wait_for_person(places.locked_file(), self.clock)

        def code(serial: str) -> Secret | None:
            entry = self.code_book.of_serial(serial)
            return None if entry is None else self._send(serial, entry)

        return self._working(code).of(profile)

    def doctor(self) -> tuple[Shadow, ...]:
        """Store, clock, AWS files, and which credential source wins for each profile."""
        from credguard.workflows.doctor import examine

        return examine(
            settings=self.settings,
            open_store=lambda: self.store,
            config=places.aws_config(),
            credentials=places.aws_credentials(),
            environ=self._environ,
            helper=places.helper(),
            offset=self.clients.clock_offset,
            vault=self.vault if os.path.exists(places.vault_file()) else None,
        )

    def key_to_rotate(self, target: Target) -> KeyRow:
        """The key meant. Raises CredGuardError `no-key` for an account without one."""
        if target.key is not None:
            return target.key
        from credguard.domain.text import text

        raise CredGuardError(
            "no-key",
            text("{account} has no key in CredGuard.", account=target.row.account.name),
            text("Move one in with: credguard import"),
        )
