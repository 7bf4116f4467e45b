"""What a reader of codes gives back: the entries, those it left out and why, and parts that it saw."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from credguard.domain import otp
from credguard.domain.errors import CredGuardError
from credguard.domain.otp import Noted, OtpEntry
from credguard.domain.secret import Secret
from credguard.domain.text import Text, text
from credguard.exchange.limits import check_count

#: What a place in a file is called.
Unit = Literal["line", "entry"]


@dataclass(frozen=True, slots=True)
class Read:
    """One entry, the place in its file where it stands (from 1), and what is to be noted of it."""

    entry: OtpEntry
    number: int
    notes: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True)
class Skipped:
    """One that is left out. `name` is what the file calls it, "" where it does not."""

    number: int
    reason: Text
    name: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Part:
    """One of several pictures of Google Authenticator; `index` from 0."""

    batch: int
    size: int
    index: int


@dataclass(frozen=True, slots=True)
class Parsed:
    """`program`: who wrote it, as people know it. `encrypted`: a password opened it."""

    format: str
    program: str
    entries: tuple[Read, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    parts: tuple[Part, ...] = ()
    unit: Unit = "entry"
    encrypted: bool = False

    @property
    def missing_parts(self) -> tuple[Part, ...]:
        return missing(self.parts)


def missing(parts: Iterable[Part]) -> tuple[Part, ...]:
    """Those that belong to what was seen and were not seen, of all files of an import together.

    Raises CredGuardError `codes-cost` where more belong to it than may be imported.
    """
    seen = set(parts)
    sets = sorted({(part.batch, part.size) for part in seen})
    check_count(sum(size for _, size in sets))  # each has a code at least
    wanted = (Part(batch, size, index) for batch, size in sets for index in range(size))
    return tuple(part for part in wanted if part not in seen)


@dataclass
class Collector:
    """Gathers what a reader finds; one entry that cannot be read never hides the others."""

    format: str
    program: str
    unit: Unit = "entry"
    entries: list[Read] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)

    def add(self, number: int, name: object, make: Callable[[], Noted]) -> None:
        """What `make` gives, or why it gives nothing."""
        try:
            found = make()
        except CredGuardError as error:
            if error.code != "code-unreadable":
                raise
            self.skip(number, name, error.what)
            return
        self.entries.append(Read(found.entry, number, found.notes))
        check_count(len(self.entries))

    def skip(self, number: int, name: object, reason: Text) -> None:
        self.skipped.append(Skipped(number, reason, otp.clean_name(name) if isinstance(name, str) else ""))
        check_count(len(self.skipped))

    def part(self, part: Part) -> None:
        self.parts.append(part)
        check_count(len(self.parts))

    def done(self, encrypted: bool = False) -> Parsed:
        return Parsed(
            self.format, self.program, tuple(self.entries), tuple(self.skipped), tuple(self.parts),
            self.unit, encrypted,
        )  # fmt: skip


def with_fallback(noted: Noted, issuer: object, account: object) -> Noted:
    """Issuer and account from around the address where it has none itself."""
    entry = noted.entry
    names = [value if isinstance(value, str) else "" for value in (issuer, account)]
    issuer_, account_ = entry.issuer or otp.clean_name(names[0]), entry.account or otp.clean_name(names[1])
    made = replace(entry, issuer=issuer_, account=account_)
    return Noted(replace(made, name=otp.handle(made)), noted.notes)


# ── errors of all formats ────────────────────────────────────────────────────────────────────────
def damaged() -> CredGuardError:
    return CredGuardError(
        "codes-damaged",
        text("The file is cut off or damaged: nothing was imported."),
        text("Use another copy of it, or export the codes again."),
    )


def wrong_password() -> CredGuardError:
    return CredGuardError(
        "wrong-passphrase",
        text("The password is wrong, or the file was changed."),
        text("Try again with the password that was set when the codes were exported. Nothing was imported."),
        retry=True,
    )


def newer(program: str, version: object) -> CredGuardError:
    shown = otp.clean_name(str(version))[:20]
    return CredGuardError(
        "codes-newer",
        text("This file was made by a newer {program} (version {version}) than is known here.",
             program=program, version=shown),
        text("Export the codes as a list of addresses, or update CredGuard. Nothing was imported."),
    )  # fmt: skip


def not_read(what: Text, todo: Text) -> CredGuardError:
    """For a file that is known and not read: what it is, and what to do."""
    return CredGuardError("codes-not-read", what, todo)


def needs_password(program: str) -> CredGuardError:
    """Raised by a reader that was given none; a face asks, then calls it again."""
    return CredGuardError(
        "codes-password",
        text("This {program} file is encrypted.", program=program),
        text("Give its password. Nothing was imported."),
    )


# ── across a process border ──────────────────────────────────────────────────────────────────────
def to_document(parsed: Parsed) -> dict[str, Any]:
    """For the pipe from the reading process alone: secrets stand in it."""
    return {
        "format": parsed.format,
        "program": parsed.program,
        "unit": parsed.unit,
        "encrypted": parsed.encrypted,
        "entries": [
            [
                {**otp.to_item(read.entry), "secret": read.entry.secret.reveal()},
                read.number,
                [note.to_json() for note in read.notes],
            ]
            for read in parsed.entries
        ],
        "skipped": [[s.number, s.reason.to_json(), s.name] for s in parsed.skipped],
        "parts": [[p.batch, p.size, p.index] for p in parsed.parts],
    }  # fmt: skip


def from_document(document: dict[str, Any]) -> Parsed:
    """What `to_document` wrote. Raises KeyError, TypeError, ValueError, CredGuardError for anything else."""
    return Parsed(
        document["format"],
        document["program"],
        tuple(
            Read(
                otp.from_item({**item, "secret": Secret(item["secret"])}),
                number,
                tuple(Text.from_json(note) for note in notes),
            )
            for item, number, notes in document["entries"]
        ),
        tuple(Skipped(number, Text.from_json(reason), name) for number, reason, name in document["skipped"]),
        tuple(Part(*part) for part in document["parts"]),
        document["unit"],
        document["encrypted"],
    )  # fmt: skip
