"""Questions to the agent and their answers: one credential, one code, one item; never all, never a seed."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from credguard.agent.approvals import Approvals
from credguard.agent.keeper import Keeper
from credguard.agent.serving import Caller, Serving
from credguard.agent.staging import Staging
from credguard.agent.waiting import SECONDS, Waiting
from credguard.domain.errors import CredGuardError, Locked
from credguard.domain.secret import Secret
from credguard.domain.text import text
from credguard.system.asking import is_ours
from credguard.vault.remote import locked
from credguard.vault.sealed.backend import SealedBackend
from credguard.vault.sealed.body import compartment_of
from credguard.vault.talk import FarPerson
from credguard.wire import frames, items

if TYPE_CHECKING:
    from credguard.services import Services

Document = dict[str, Any]
#: A list is handed over in parts of this size (bytes); the longest entry still fits behind it.
LISTED = frames.MOST * 3 // 4
#: Items that hold a secret which works: reading one by itself is noted.
_SECRETS = ("access-key/", "session/")


class Answers:
    """One question after the other, from any thread. `stop` ends the process, after the answer is out."""

    def __init__(
        self,
        keeper: Keeper,
        backend: SealedBackend,
        services: Services,
        approvals: Approvals,
        stop: Callable[[], None],
        devices: Callable[[], Iterable[Any]] | None = None,
        wait: float = SECONDS,
    ) -> None:
        """`devices` lists the security keys that are plugged in; None: those on USB. `wait`: programs wait
        this long for somebody to unlock (seconds)."""
        self._devices = devices
        self._waiting = Waiting(approvals, wait)
        self._serving = Serving(keeper, services, approvals, self._waiting)
        self._noted: set[int] = set()
        self._keeper = keeper
        self._backend = backend
        self._services = services
        self._approvals = approvals
        self._stop = stop
        staging = Staging(lambda caller: self._part("codes", caller))
        self._table: dict[str, Callable[[Document, Caller], Document]] = {
            "status": self._status,
            "unlock": self._unlock,
            "lock": self._lock,
            "get": self._get,
            "put": self._put,
            "add": self._add,
            "remove": self._remove,
            "names": self._names,
            "changed": self._changed,
            "notices": self._notices,
            "rebuild": self._rebuild,
            "codes": self._codes,
            "code-entry": lambda q, c: {"entry": self._entry(self._book(c).get(_word(q, "id")))},
            "code-add": self._code_add,
            "code-stage": staging.stage,
            "code-add-all": lambda q, c: staging.add_all(q, c, self._book(c)),
            "code-added": staging.added,
            "code-remove": lambda q, c: {"entry": self._entry(self._book(c).remove(_word(q, "id")))},
            "code-restore": lambda q, c: {"entry": self._entry(self._book(c).restore(_word(q, "id")))},
            "code": self._code,
            "codes-now": self._codes_now,
            "code-try-again": self._code_try_again,
            "code-sweep": lambda q, c: {"gone": self._book(c).sweep()},
            "code-pair": self._code_pair,
            "code-shown": self._code_shown,
            "code-send": self._code_send,
            "code-answered": self._code_answered,
        }

    def answer(self, question: Document, caller: Caller) -> tuple[bytes, bytes]:
        """Kind and body of the answer. Raises CredGuardError; KeyError, TypeError and ValueError for a
        question that is none of ours."""
        what = question["ask"]
        if what == "credentials":
            most = question.get("seconds")
            return self._serving.credentials(
                _word(question, "profile"),
                question.get("alone") is True,
                caller,
                float(most) if isinstance(most, (int, float)) else None,
            )
        return frames.ANSWER, frames.encode(self._table[what](question, caller))

    def refused(self, caller: Caller) -> None:
        """A program that is not our window wanted to answer for the person. Noted once for each process."""
        with contextlib.suppress(CredGuardError):
            if caller.pid not in self._noted:
                self._noted.add(caller.pid)
                self._services.record(
                    caller.asker.program,
                    text("wanted to answer for you as CredGuard’s window, and was refused"),
                    None,
                    "refused",
                    caller.asker.detail,
                )

    def subscribed(self, caller: Caller) -> tuple[Document, ...]:
        """A window connects. Noted: it is not asked any more, and answers for its person. Returns what it
        has to be told first."""
        with contextlib.suppress(CredGuardError):
            self._services.record(
                "CredGuard" if is_ours(caller.pid) else caller.asker.program,
                text("connected as the window that answers for you"),
                None,
                "change",
                f"process {caller.pid}",
            )
        return tuple(self._waiting.events())

    # ── the agent itself ─────────────────────────────────────────────────────────────────────────
    def _status(self, question: Document, caller: Caller) -> Document:
        parts = self._keeper.open_parts
        return {
            "pid": os.getpid(),
            "open": list(parts),
            "closes_in": self._keeper.closes_in(),
            "window": self._approvals.has_window,
        }

    def _unlock(self, question: Document, caller: Caller) -> Document:
        way = question.get("way")
        if way is None:
            self._keeper.open(Secret(_word(question, "passphrase")))
        else:
            self.open_with(str(way), caller.talk)
        self._services.warm()
        return self._status(question, caller)

    def open_with(self, way: str, talk: FarPerson | None) -> None:
        """Open by `fido2` or `keychain`. Raises as `SealedVault.unlock`; `no-such-way` for another word."""
        with talk.cancelling() if talk is not None else contextlib.nullcontext(threading.Event()) as cancel:
            self._keeper.open_with(self._services.credential(way, talk, cancel, self._devices))

    def _lock(self, question: Document, caller: Caller) -> Document:
        self._keeper.close("asked")
        self._stop()
        return {}

    # ── items ────────────────────────────────────────────────────────────────────────────────────
    def _part(self, part: str, caller: Caller, counts: bool = True) -> None:
        """Note the use, where it `counts` as one. Raises Locked where the part is closed."""
        if not (self._keeper.use(part) if counts else part in self._keeper.open_parts):
            raise part_locked(part) if self._keeper.open_parts else locked()
        caller.used.add(part)

    def _get(self, question: Document, caller: Caller) -> Document:
        name = _word(question, "name")
        if name.startswith("totp/"):
            raise CredGuardError(
                "seed-stays",
                text("The agent gives codes, never the secret that they are made from."),
                text("To take codes elsewhere, export them. Nothing was changed."),
            )
        self._part("keys", caller)
        if name.startswith(_SECRETS):
            self._secret_read(name, caller)
        return {"value": self._backend.get_password(items.SERVICE, name)}

    def _secret_read(self, name: str, caller: Caller) -> None:
        """A key or session by itself: asked about as any use, noted once for each connection."""
        kind, _, which = name.partition("/")
        account_id = self._services.account_of_key(which) if kind == "access-key" else None
        self._serving.approve(account_id or "", text("the item {name}", name=name), caller)
        if name not in caller.noted and not self._approvals.is_window(caller.pid):
            caller.noted.add(name)
            self._services.record(
                caller.asker.program,
                text("read {name} from the vault", name=name),
                account_id,
                "use",
                caller.asker.detail,
            )

    def _put(self, question: Document, caller: Caller) -> Document:
        name, value = _word(question, "name"), _word(question, "value")
        self._part(compartment_of(name), caller)
        self._backend.set_password(items.SERVICE, name, value)
        return {}

    def _add(self, question: Document, caller: Caller) -> Document:
        name, value = _word(question, "name"), _word(question, "value")
        self._part(compartment_of(name), caller)
        return {"added": self._backend.add_password(items.SERVICE, name, value)}

    def _remove(self, question: Document, caller: Caller) -> Document:
        name = _word(question, "name")
        self._part(compartment_of(name), caller)
        self._backend.delete_password(items.SERVICE, name)
        return {}

    def _names(self, question: Document, caller: Caller) -> Document:
        parts = self._keeper.open_parts
        if not parts:
            raise locked()
        for part in parts:
            self._part(part, caller)
        return {"names": list(self._backend.vault.names())}  # of what is open; nobody is asked

    def _changed(self, question: Document, caller: Caller) -> Document:
        name = _word(question, "name")
        self._part(compartment_of(name), caller)
        return {"at": self._backend.changed(name)}

    def _notices(self, question: Document, caller: Caller) -> Document:
        return {"notices": [notice.to_json() for notice in self._backend.notices()]}

    def _rebuild(self, question: Document, caller: Caller) -> Document:
        for part in ("keys", "codes"):
            self._part(part, caller)
        self._services.rebuild_catalog()
        return {}

    # ── codes ────────────────────────────────────────────────────────────────────────────────────
    def _book(self, caller: Caller, counts: bool = True) -> Any:
        self._part("codes", caller, counts)
        return self._services.code_book

    @staticmethod
    def _entry(entry: Any) -> Document:
        from credguard.workflows.agent_codes import entry_document

        return entry_document(entry)

    def _codes(self, question: Document, caller: Caller) -> Document:
        """A part of the list, as long as one answer can be; `more` is where the next part begins."""
        at = question.get("at", 0)
        if not isinstance(at, int) or at < 0:
            raise ValueError("at")
        book = self._book(caller)
        if at == 0 or not caller.listed:
            whole = question.get("everything") is True
            found = book.everything() if whole else book.entries(question.get("deleted") is True)
            caller.listed = [
                {"unreadable": e.what.to_json()} if isinstance(e, CredGuardError) else self._entry(e)
                for e in found
            ]
        end, size = at, 0
        while end < len(caller.listed) and size < LISTED:
            size += len(frames.encode(caller.listed[end])) + 1
            end += 1
        part, more = caller.listed[at:end], end < len(caller.listed)
        if not more:
            caller.listed = []
        return {"entries": part, "more": end} if more else {"entries": part}

    def _codes_now(self, question: Document, caller: Caller) -> Document:
        """The codes that a window shows just now; for a program the same as asking for each."""
        from credguard.workflows.agent_codes import BATCH, shown_document

        ids = question["ids"]
        if not isinstance(ids, list) or len(ids) > BATCH or not all(isinstance(one, str) for one in ids):
            raise ValueError("ids")
        book = self._book(caller, counts=not self._approvals.is_window(caller.pid))
        found = book.show_many(ids)
        for shown in found.values():
            self._code_approved(shown.entry, caller)
            self._note_code(shown.entry, caller)
        return {"codes": {one: shown_document(shown) for one, shown in found.items()}}

    def _code_try_again(self, question: Document, caller: Caller) -> Document:
        self._book(caller).try_again(_word(question, "id"))
        return {}

    def _code_add(self, question: Document, caller: Caller) -> Document:
        from credguard.workflows.agent_codes import entry_of

        name = question.get("name")
        book = self._book(caller)
        return {"entry": self._entry(book.add(entry_of(question["entry"]), str(name) if name else None))}

    def _code(self, question: Document, caller: Caller) -> Document:
        from credguard.workflows.agent_codes import shown_document

        at, given = question.get("at"), question.get("given") is True
        # A window that draws its codes every half minute is not a person who uses them.
        book = self._book(caller, counts=given or not self._approvals.is_window(caller.pid))
        self._code_approved(book.get(_word(question, "id")), caller)
        shown = book.show(
            _word(question, "id"),
            None if at is None else float(at),
            question.get("move_counter") is not False,
            given,
        )
        self._note_code(shown.entry, caller)
        return shown_document(shown)

    def _code_pair(self, question: Document, caller: Caller) -> Document:
        """The two in a row that assign a device: taken as any code is."""
        book = self._book(caller)
        entry = book.get(_word(question, "id"))
        self._code_approved(entry, caller)
        self._note_code(entry, caller)
        return {"pair": list(book.pair(_word(question, "id")))}

    def _code_send(self, question: Document, caller: Caller) -> Document:
        book = self._book(caller)
        entry = book.get(_word(question, "id"))
        self._code_approved(entry, caller)
        code = book.send(entry)
        self._note_code(entry, caller)
        return {"code": code.reveal()}

    def _code_approved(self, entry: Any, caller: Caller) -> None:
        self._serving.approve(entry.account_id or "", text("a code of {name}", name=entry.name), caller)

    def _note_code(self, entry: Any, caller: Caller) -> None:
        """Once for each connection; not for a window, which draws all of them every half minute."""
        if entry.entry_id not in caller.noted and not self._approvals.is_window(caller.pid):
            caller.noted.add(entry.entry_id)
            self._services.record(
                caller.asker.program,
                text("took a code of {name}", name=entry.name),
                entry.account_id,
                "use",
                caller.asker.detail,
            )

    def _code_shown(self, question: Document, caller: Caller) -> Document:
        step = question.get("step")
        self._book(caller).note_shown(_word(question, "id"), None if step is None else int(step))
        return {}

    def _code_answered(self, question: Document, caller: Caller) -> Document:
        book = self._book(caller)
        book.note_answer(book.get(_word(question, "id")), question.get("ok") is True)
        return {}


def _word(question: Document, name: str) -> str:
    value = question[name]
    if not isinstance(value, str):
        raise TypeError(name)
    return value


def part_locked(part: str) -> Locked:
    return Locked(
        "part-locked",
        text("The codes are locked.") if part == "codes" else text("The keys are locked."),
        text("Open them with: credguard unlock"),
    )
