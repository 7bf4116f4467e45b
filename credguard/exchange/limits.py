"""What a file of codes may ask for. Looked at before the work starts; a refusal says the figure."""

from __future__ import annotations

from credguard.domain.errors import CredGuardError
from credguard.domain.text import Text, text

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
MAX_FILE = 32 * MIB
MAX_KDBX = 64 * MIB
MAX_INFLATED = 64 * MIB
MAX_LINE = 64 * KIB
MAX_ENTRIES = 20_000
MAX_NESTING = 100  # of JSON
MAX_SCRYPT_MEMORY = GIB
MAX_SCRYPT_WORK = 1 << 24  # n·r·p
MAX_ARGON_MEMORY = 2 * GIB
MAX_ARGON_WORK = 16 * GIB  # memory × passes
MAX_ARGON_LANES = 16
MAX_PBKDF2 = 20_000_000
#: What the child process that reads may take in all (bytes of address space).
CHILD_MEMORY = 4 * GIB

_UNITS = ("bytes", "KB", "MB", "GB", "TB", "PB")


def size(count: int) -> str:
    """`32 TB`: of 1024 each, as people know them."""
    number = 0
    while count >= 1024 and number < len(_UNITS) - 1:
        count, number = count // 1024, number + 1
    return f"{count if count < 10**6 else 'more than 1000000'} {_UNITS[number]}"


def too_costly(what: Text) -> CredGuardError:
    return CredGuardError(
        "codes-cost",
        what,
        text("Export the codes again with usual settings, then try once more. Nothing was imported."),
    )


def memory_refused(count: int) -> CredGuardError:
    return too_costly(text("This file asks for {size} of memory to open; refused.", size=size(count)))


def work_refused(what: str, count: int, most: int) -> CredGuardError:
    return too_costly(
        text("This file asks for {count} {what} to open, {most} at the most; refused.",
             count=count, what=what, most=most)
    )  # fmt: skip


def check_file(length: int, most: int = MAX_FILE) -> None:
    """Raises `codes-cost` for a file that is too large, `codes-empty` for one with nothing in it."""
    if length > most:
        raise too_costly(text("The file is larger than {size}; refused.", size=size(most)))
    if not length:
        raise CredGuardError(
            "codes-empty", text("The file is empty."), text("Export the codes again. Nothing was imported.")
        )


def check_count(count: int) -> None:
    if count > MAX_ENTRIES:
        raise too_costly(text("The file has more than {n} codes; refused.", n=MAX_ENTRIES))


def check_inflated(count: int) -> None:
    if count > MAX_INFLATED:
        raise too_costly(text("This file unpacks to more than {size}; refused.", size=size(MAX_INFLATED)))
