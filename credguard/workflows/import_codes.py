"""Codes from the files of other programs: first a preview, which stores nothing, then one write of them all.

A face asks for passwords through `ask`; the preview holds no secret that a face could show.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol, TypeAlias

from credguard.domain.errors import CredGuardError, Locked
from credguard.domain.otp import OtpEntry
from credguard.domain.secret import Secret
from credguard.domain.text import Text, text
from credguard.exchange import key_file, limits
from credguard.exchange.parsed import Parsed, Part, Read, Skipped, Unit, missing
from credguard.workflows.codes_adding import Added

#: `counter`: here already with a lower counter, which may be moved up.
State: TypeAlias = Literal["new", "duplicate", "counter", "skipped"]
#: Asks for the password of a file by its name, with what was wrong with the last one; None: nobody answers.
Ask = Callable[[str, "Text | None"], "Secret | None"]
#: How often a person may mistype.
TRIES = 3


class Reader(Protocol):
    """`exchange.apart.read_apart`: in a process of its own."""

    def __call__(
        self,
        data: bytes,
        password: Secret | None = ...,
        key_file: bytes | None = ...,
        format_name: str | None = ...,
        cancelled: Callable[[], bool] = ...,
    ) -> Parsed: ...


class Book(Protocol):
    """`Codes`, or `AgentCodes`."""

    def add_all(
        self, entries: Sequence[OtpEntry], counters: bool = ..., dry: bool = ...
    ) -> tuple[Added, ...]: ...


@dataclass(frozen=True, slots=True)
class Source:
    """One file: what it is called, and its bytes."""

    name: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a preview. `index` names it to `apply`; `number` is its place in `file`, a line or an
    entry; `reason` says why it is skipped, or which it is the same as."""

    index: int
    file: str
    number: int
    unit: Unit
    state: State
    name: str
    issuer: str = ""
    account: str = ""
    type: str = "totp"
    algorithm: str = "SHA1"
    digits: int = 6
    period: int = 30
    counter: int = 0
    account_id: str | None = None
    reason: Text | None = None
    notes: tuple[Text, ...] = ()
    serial: str | None = None

    @property
    def where(self) -> Text:
        return text("line {n}", n=self.number) if self.unit == "line" else text("entry {n}", n=self.number)


@dataclass(frozen=True, slots=True)
class Preview:
    """What an import would do. `formats` and `programs` are those of the files, each once.

    `held` are the entries themselves, by the index of their row: for `apply` alone, never for a face.
    """

    formats: tuple[str, ...]
    programs: tuple[str, ...]
    rows: tuple[Row, ...]
    missing_parts: tuple[Part, ...]
    encrypted: bool
    held: dict[int, OtpEntry] = field(default_factory=dict, repr=False)

    def of(self, *states: State) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.state in states)


@dataclass(frozen=True, slots=True)
class Imported:
    """The rows as they are after it: `added` names those that were stored, `moved` counters moved up."""

    preview: Preview
    added: frozenset[int]
    moved: frozenset[int]


# ── reading files ────────────────────────────────────────────────────────────────────────────────
def read_source(path: str) -> Source:
    """The file at `path`. Raises CredGuardError `file-unreadable`, `codes-cost` for one that is too large."""
    try:
        with open(path, "rb", opener=_without_waiting) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise _unreadable(path, "it is no file")
            data = file.read(limits.MAX_KDBX + 1)
    except (OSError, ValueError) as error:
        raise _unreadable(path, getattr(error, "strerror", None) or "unknown") from None
    limits.check_file(len(data) or 1, limits.MAX_KDBX)  # an empty one is named by the reader
    return Source(path, data)


def read_key_file(path: str) -> bytes:
    """The bytes of a KeePass key file. Raises CredGuardError `file-unreadable`."""
    data = read_source(path).data
    if len(data) > key_file.MAX_FILE:
        raise _unreadable(path, "it is too large for a key file")
    return data


def _without_waiting(path: str, flags: int) -> int:
    return os.open(
        path, flags | getattr(os, "O_NONBLOCK", 0)
    )  # a pipe nobody writes into would wait for ever


def _unreadable(path: str, why: str) -> CredGuardError:
    return CredGuardError(
        "file-unreadable",
        text("{path} cannot be read: {reason}.", path=path, reason=why),
        text("Check the path, who owns the file, and its mode. Nothing was changed."),
    )


# ── the preview ──────────────────────────────────────────────────────────────────────────────────
def preview(
    sources: Sequence[Source],
    *,
    book: Callable[[], Book],
    reader: Reader,
    ask: Ask,
    tied: Callable[[OtpEntry], OtpEntry] = lambda entry: entry,
    password: Secret | None = None,
    key: bytes | None = None,
    format_name: str | None = None,
    tell: Callable[[str], None] = lambda name: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Preview:
    """Read all files as one import, and compare with what is stored. Nothing is stored.

    `tied` ties an entry to its account; `tell` is told of each file before it is read; `cancelled` is asked
    while one is read. Raises CredGuardError as the readers do, `import-cancelled`; Locked
    (`password-needed`) where a file is encrypted and nobody answers.
    """
    parsed = []
    for source in sources:
        tell(source.name)
        parsed.append((source, _read(source, reader, ask, password, key, format_name, cancelled)))
    entries, rows = _rows(parsed, tied)
    wanted = [index for index, row in enumerate(rows) if row.state != "skipped"]
    if not wanted:
        states: tuple[Added, ...] = ()
    else:
        states = book().add_all([entries[index] for index in wanted], dry=True)
    for index, found in zip(wanted, states, strict=True):
        rows[index] = _compared(rows[index], found)
    return Preview(
        tuple(dict.fromkeys(p.format for _, p in parsed)),
        tuple(dict.fromkeys(p.program for _, p in parsed)),
        tuple(rows),
        missing(part for _, p in parsed for part in p.parts),
        any(p.encrypted for _, p in parsed),
        entries,
    )


def _read(
    source: Source,
    reader: Reader,
    ask: Ask,
    password: Secret | None,
    key: bytes | None,
    format_name: str | None,
    cancelled: Callable[[], bool],
) -> Parsed:
    """With the password that was given, else with none; a person is asked where it needs one."""
    more: dict[str, Any] = {"key_file": key, "format_name": format_name, "cancelled": cancelled}
    given = password
    wrong: CredGuardError | None = None
    for _ in range(TRIES):
        try:
            return reader(source.data, given, **more)
        except CredGuardError as error:
            # A key file alone may not be enough.
            asks = given is None and (
                error.code == "codes-password" or (key is not None and _is_wrong(error))
            )
            again = given is not None and password is None and _is_wrong(error)
            if not (asks or again):
                raise
            wrong = error if again else None
        given = ask(source.name, wrong.what if wrong is not None else None)
        if given is None:
            if wrong is not None:
                raise wrong
            raise Locked(
                "password-needed",
                text("{name} is encrypted, and there is nobody to ask for its password.", name=source.name),
                text("Run it in a terminal, or put the password into a file and add --password-file FILE."),
            )
    return reader(source.data, given, **more)


def _is_wrong(error: CredGuardError) -> bool:
    return error.code in {"wrong-passphrase", "codes-unopened"}


def _rows(
    parsed: Sequence[tuple[Source, Parsed]], tied: Callable[[OtpEntry], OtpEntry]
) -> tuple[dict[int, OtpEntry], list[Row]]:
    entries: dict[int, OtpEntry] = {}
    rows: list[Row] = []
    for source, found in parsed:
        both: list[Read | Skipped] = [*found.entries, *found.skipped]
        both.sort(key=lambda one: one.number)
        for one in both:
            index = len(rows)
            if isinstance(one, Read):
                entry = entries[index] = tied(one.entry)
                rows.append(
                    Row(
                        index, source.name, one.number, found.unit, "new", entry.name, entry.issuer,
                        entry.account, entry.type, entry.algorithm, entry.digits, entry.period,
                        entry.counter, entry.account_id, None, one.notes, entry.serial,
                    )
                )  # fmt: skip
            else:
                rows.append(
                    Row(index, source.name, one.number, found.unit, "skipped", one.name, reason=one.reason)
                )
    limits.check_count(len(rows))
    return entries, rows


def _compared(row: Row, found: Added) -> Row:
    if found.state == "added":
        twin = text("It is stored as {name}: that name is taken by another code.", name=found.name)
        notes = (*row.notes, twin) if found.name != row.name and row.name else row.notes
        return replace(row, name=found.name, notes=notes)
    if found.state == "counter":
        reason = text("It is here already as {name}, with a lower counter.", name=found.name)
        return replace(row, state="counter", reason=reason)
    return replace(
        row, state="duplicate", reason=text("It is here already as {name}, same secret.", name=found.name)
    )


# ── storing ──────────────────────────────────────────────────────────────────────────────────────
def apply(plan: Preview, book: Book, chosen: Sequence[int] | None = None, counters: bool = False) -> Imported:
    """Store what a preview showed, all in one write, read back and compared.

    `chosen`: the rows to store (None: all that are new); `counters`: move counters up where the file has a
    higher one. Raises CredGuardError; then nothing was stored.
    """
    kept = plan.of("new", "counter") if counters else plan.of("new")
    wanted = [row.index for row in kept if chosen is None or row.index in set(chosen)]
    # Another process may have stored some meanwhile: what it says now is what counts.
    done = book.add_all([plan.held[index] for index in wanted], counters=counters) if wanted else ()
    rows = list(plan.rows)
    for index, found in zip(wanted, done, strict=True):
        rows[index] = (
            _compared(replace(rows[index], state="new", reason=None), found)
            if (found.state != "added")
            else replace(rows[index], name=found.name)
        )
    return Imported(
        replace(plan, rows=tuple(rows)),
        frozenset(index for index, a in zip(wanted, done, strict=True) if a.state == "added"),
        frozenset(index for index, a in zip(wanted, done, strict=True) if a.state == "counter" and counters),
    )


# ── the file afterwards ──────────────────────────────────────────────────────────────────────────
def is_all_here(plan: Preview, chosen: Sequence[int]) -> bool:
    """Whether everything that the files hold would be stored once `chosen` is: then nobody needs them."""
    new = {row.index for row in plan.of("new")}
    return bool(plan.rows) and not plan.of("skipped") and not plan.missing_parts and new <= set(chosen)


def remove_files(sources: Sequence[Source]) -> tuple[str, ...]:
    """Delete the files that were read, those alone that still hold what was read; gives those that stay.

    For files in plaintext, after an import that left nothing out.
    """
    left = []
    for source in sources:
        try:
            if os.path.islink(source.name) or read_source(source.name).data != source.data:
                left.append(source.name)
                continue
            os.unlink(source.name)
        except (CredGuardError, OSError):
            left.append(source.name)
    return tuple(left)
