"""The credentials of one profile, for a program: opened, approved, noted, handed out."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from credguard.agent.approvals import Approvals, Wish
from credguard.agent.keeper import Keeper
from credguard.agent.waiting import Waiting
from credguard.domain.errors import CredGuardError
from credguard.domain.text import Text, text
from credguard.system.asking import Asker, asker
from credguard.vault.remote import locked
from credguard.vault.talk import FarPerson
from credguard.wire import flat, frames, places, spool

if TYPE_CHECKING:
    from credguard.services import Services


@dataclass
class Caller:
    """One connection: its process, and which parts it used. `gone` tells that it closed; `talk` is whoever
    sits before it."""

    pid: int
    gone: Callable[[], bool]
    talk: FarPerson | None = None
    used: set[str] = field(default_factory=set)
    noted: set[str] = field(default_factory=set)
    listed: list[dict[str, Any]] = field(default_factory=list)  # a long list while it is handed over in parts
    #: New codes on their way, until the last is there; then what became of each.
    staged: list[Any] = field(default_factory=list)
    added: tuple[Any, ...] = ()
    _asker: Asker | None = None

    @property
    def asker(self) -> Asker:
        if self._asker is None:
            self._asker = asker(self.pid)
        return self._asker


class Serving:
    """From any thread. `waiting` holds who came while it is locked."""

    def __init__(self, keeper: Keeper, services: Services, approvals: Approvals, waiting: Waiting) -> None:
        self._keeper = keeper
        self._services = services
        self._approvals = approvals
        self._waiting = waiting

    def credentials(
        self, profile: str, alone: bool, caller: Caller, most: float | None = None
    ) -> tuple[bytes, bytes]:
        """Kind and body of the answer. `alone`: whoever asks could open the vault by itself; `most`: it
        waits only this long for a person (seconds).

        Raises CredGuardError `not-allowed`, Locked `programs-wait`, and as `Services.credentials`.
        """
        services = self._services
        left: float | None = None
        if services.keys_in_keychain:
            waits = os.path.lexists(places.locked_file())
            # Without a reason to ask it needs nobody: whoever asks reads the keychain itself.
            if not waits and not self._approvals.demanded(_account(services.profile_link(profile))):
                return frames.WITHOUT, b""
            if waits:
                # `credguard unlock` ends the wait too, so there need not be a window.
                left = self._wait(
                    lambda: not os.path.lexists(places.locked_file()), profile, caller, True, most
                )
        elif not self._keeper.use("keys"):
            if self._approvals.is_window(caller.pid):
                raise locked()  # it is the one that asks the person
            if alone or not self._approvals.has_window or services.opens_by_itself():
                # The full program opens the vault by itself, knows who else to ask, or says what is locked.
                return frames.WITHOUT, b""
            left = self._wait(lambda: self._keeper.use("keys"), profile, caller, most=most)
        if not services.keys_in_keychain:
            caller.used.add("keys")
        link = services.profile_link(profile)
        name = link.name if link is not None else profile
        account_id = _account(link)
        self.approve(account_id, text("the key of {profile}", profile=name), caller, left)
        given = services.credentials(profile)
        if given.session_token is not None:
            caller.used.add("codes")
        self._spool(caller.asker, name, given.access_key_id if given.session_token is None else "", link)
        from credguard.workflows.credentials import document

        return frames.FINISHED, document(given).encode()

    def _wait(
        self,
        is_open: Callable[[], bool],
        profile: str,
        caller: Caller,
        alone: bool = False,
        most: float | None = None,
    ) -> float:
        """Until somebody unlocked; the seconds left of a person's time. Raises Locked `programs-wait`."""
        name = profile
        with contextlib.suppress(CredGuardError):  # a catalog that was lost is made anew once it is open
            link = self._services.profile_link(profile)
            name = link.name if link is not None else profile
        return self._waiting.until(is_open, caller.asker, name, caller.gone, alone, most)

    def _spool(self, who: Asker, profile: str, key_id: str, link: Any) -> None:
        """One line for Activity before the answer goes out; the catalog takes it in later."""
        line = flat.encode(
            [
                ("at", round(self._services.clock.now())),
                ("program", who.program),
                ("pid", who.pid),
                ("file", who.file),
                ("profile", link.profile_id if link is not None else profile),
                ("access_key_id", key_id or (link.access_key_id if link is not None else "")),
                *([("role", link.roles[-1].arn)] if link is not None and link.roles else []),
            ]
        )
        spool.append(places.spool(), line)

    def approve(self, account_id: str, what: Text, caller: Caller, left: float | None = None) -> None:
        """Ask the person, where the settings say so. `left`: seconds they still have. Raises CredGuardError
        `not-allowed`."""
        if self._approvals.is_window(caller.pid):
            return
        account = self._services.account(account_id)
        self._approvals.check(
            Wish(
                caller.asker,
                account_id,
                account.name if account is not None else account_id or "this account",
                account.color if account is not None else "blue",
                what,
            ),
            caller.gone,
            left,
        )


def _account(link: Any) -> str:
    return str(link.account_id or "") if link is not None else ""
