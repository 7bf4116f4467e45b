"""What pages draw and commands print."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from credguard.domain.errors import CredGuardError, Locked
from credguard.wire import places
from credguard.wiring.importing import Importing

if TYPE_CHECKING:
    from credguard.catalog.activity import ActivityRow
    from credguard.domain.keys import Credentials
    from credguard.domain.move_store import Move
    from credguard.domain.secret import Secret
    from credguard.profiles.shadowing import Shadow
    from credguard.queries.accounts import AccountRow, KeyRow
    from credguard.queries.activity import ActivityLine
    from credguard.queries.half_enrolled import HalfEnrolled
    from credguard.queries.home import HomeView
    from credguard.queries.names import Target
    from credguard.queries.plaintext import PlaintextRow
    from credguard.workflows.check import CheckProblem, WhoAmI

#: Of the time that an SDK gives, this is kept for AWS itself (seconds).
_FOR_AWS = 8.0


#: How long a program waits for its turn at the keychain (seconds).
TURN = 15.0
#: How often the keychain is asked by a program, on a computer that may be busy; a person is told at once.
TRIES = 3


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
            unfinished_move=self.unfinished_move(),
            unfinished_mfa=self.unfinished_mfa(),
        )

    def unfinished_mfa(self) -> tuple[HalfEnrolled, ...]:
        """MFA devices that were begun and not finished. Opens no store."""
        from credguard.queries.half_enrolled import half_enrolled

        return half_enrolled(self._journals, self.interlock)

    def unfinished_move(self) -> Move | None:
        """A move between the stores that was interrupted."""
        from credguard.queries.half_moved import half_moved

        return half_moved(self._journals, self.interlock)

    def unfinished_move_noticed(self) -> Move | None:
        """The same where the catalog was opened already; opens nothing."""
        return self.unfinished_move() if "database" in self.__dict__ else None

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

    def credentials(self, profile: str, within: float | None = None) -> Credentials:
        """Working credentials for a profile's id or name, now. `within`: whoever asks has only this long
        (seconds). Raises Locked `programs-wait` when it waited
        for somebody to unlock and nobody did, CredGuardError `not-allowed`, and as `WorkingCredentials.of`.
        """
        from credguard.workflows.credentials import from_document

        self._open_in_turn()
        answer = None
        if self.agent is None:
            pass
        elif self.store.kind == "sealed":
            answer = self._from_agent(profile, within)
        elif not self._starts_agent:
            answer = self._approved(profile)
        if answer is not None:
            return from_document(answer.decode())
        if self.store.kind == "keychain":
            from credguard.workflows.unlocking import PERSON, wait_for_person

            rest = PERSON if within is None else max(0.0, min(PERSON, within - _FOR_AWS))
            wait_for_person(places.locked_file(), self.clock, rest)

        def code(serial: str) -> Secret | None:
            entry = self.code_book.of_serial(serial)
            return None if entry is None else self._send(serial, entry)

        given = self._working(code).of(profile)
        link = self.profile_link(profile)
        if link is not None and link.roles:
            self._note_use(link.profile_id, link.access_key_id, link.roles[-1].arn)
        return given

    def _note_use(self, profile: str, access_key_id: str, role: str | None) -> None:
        """One line for Activity, as the agent and the provider leave them; never in the way of the answer."""
        from credguard.system.asking import asker
        from credguard.wire import flat, spool

        who = asker(os.getpid())
        line: list[tuple[str, str | int]] = [
            ("at", round(self.clock.now())), ("program", who.program), ("pid", who.pid), ("file", who.file),
            ("profile", profile), ("access_key_id", access_key_id), *([("role", role)] if role else []),
        ]  # fmt: skip
        with contextlib.suppress(OSError):
            spool.append(places.spool(), flat.encode(line))

    def _open_in_turn(self) -> None:
        """A crowd of programs opens the keychain one after the other: all at once they are slower than the
        two seconds in which it has to answer. Whoever waited too long goes on all the same."""
        if "store" in self.__dict__ or self.settings.get("store") != "keychain":
            return
        from credguard.vault import keychain

        keychain.load()
        with contextlib.ExitStack() as turn:
            try:
                turn.enter_context(self.interlock.hold("keychain-open", wait=TURN))
            except CredGuardError as error:
                if error.code != "busy":
                    raise
            for _ in range(TRIES):
                with contextlib.suppress(CredGuardError):
                    self.store.label  # noqa: B018 opens it
                    return

    def _from_agent(self, profile: str, within: float | None) -> bytes | None:
        """The agent's answer; a locked one with a window waits for its person. None: do it without."""
        assert self.agent is not None
        until = self.clock.monotonic() + within if within is not None else None
        if self._at_agent("keys"):
            return self.agent.finished("credentials", profile=profile)
        if self._person is not None or self._environ.get("CREDGUARD_PASSPHRASE_FILE"):
            return None  # somebody, or something, opens it here
        from credguard.workflows.unlocking import agent_of_window

        agent_of_window(self.agent, lambda: self.interlock.holder("window") is not None, self.clock)
        left = {} if until is None else {"seconds": max(0.0, until - self.clock.monotonic() - _FOR_AWS)}
        try:
            return self.agent.finished("credentials", profile=profile, **left)
        except Locked as error:
            if error.code != "vault-locked":
                raise
        return None

    def _approved(self, profile: str) -> bytes | None:
        """A key in the keychain whose use a person has to allow: asked through the agent where one runs."""
        from credguard.workflows.approving import allowed_before, demanded_by

        link = self.profile_link(profile)
        account_id = link.account_id if link is not None and link.account_id else ""
        if not demanded_by(self.settings, account_id):
            return None
        assert self.agent is not None
        try:
            answer = self.agent.finished("credentials", profile=profile)
        except Locked as error:
            if error.code != "vault-locked":
                raise
            answer = None
        if answer is None:
            from credguard.domain.text import text
            from credguard.system.asking import asker

            account = self.account(account_id)
            name = account.name if account is not None else account_id or "this account"
            what = text("the key of {profile}", profile=link.name if link is not None else profile)
            allowed_before(
                self._approvals, asker(os.getpid()), account_id, name, what, self.clock.now(), self.record
            )
        return answer

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
            unfinished=self.unfinished_move(),
            mfa=[run.title for run in self.unfinished_mfa()],
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
