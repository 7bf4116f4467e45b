"""The recovery code: 128 random bits as `CG1-` and eight groups of four characters.

Bech32m (BIP 350) with the prefix `cg`: 26 characters of data, 6 of check, which finds any four wrong
characters. A code that does not check is never corrected: the person is told which group to look at.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator

from credguard.domain.errors import CredGuardError
from credguard.domain.secret import Secret
from credguard.domain.text import text

ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"  # without 1, b, i, o
BITS = 128
GROUPS, GROUP = 8, 4
_PREFIX = "cg"
_DATA, _CHECK = 26, 6
_CONSTANT = 0x2BC830A3
_GENERATORS = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)


def generate() -> Secret:
    """A fresh code, as printed."""
    return printed(secrets.token_bytes(BITS // 8))


def printed(bits: bytes) -> Secret:
    """`CG1-QQQQ-…` for 16 bytes."""
    if len(bits) != BITS // 8:
        raise ValueError("a recovery code holds 16 bytes")
    number = int.from_bytes(bits, "big") << (_DATA * 5 - BITS)
    data = [(number >> (5 * at)) & 31 for at in reversed(range(_DATA))]
    rest = _polymod([*_expanded(), *data, *[0] * _CHECK]) ^ _CONSTANT
    values = data + [(rest >> (5 * at)) & 31 for at in reversed(range(_CHECK))]
    word = "".join(ALPHABET[value] for value in values).upper()
    return Secret("-".join(["CG1", *(word[at : at + GROUP] for at in range(0, len(word), GROUP))]))


def groups(code: Secret) -> tuple[str, ...]:
    """The eight groups of a code as printed."""
    return tuple(code.reveal().split("-")[1:])


def asked_back() -> tuple[int, int]:
    """Two different group numbers (from 1), at random, in order."""
    first, second = sorted(secrets.SystemRandom().sample(range(1, GROUPS + 1), 2))
    return first, second


def is_group(code: Secret, number: int, answer: str) -> bool:
    """Whether `answer` is group `number` of the code; case, spaces and dashes do not matter."""
    return Secret(_plain(answer)) == Secret(groups(code)[number - 1].lower())


def parse(typed: Secret) -> bytes:
    """The 16 bytes of a typed code. Case, spaces, dashes and a missing `CG1` do not matter.

    Raises CredGuardError `recovery-code`, which names the group that looks wrong where that can be told.
    """
    word = _plain(typed.reveal())
    if word.startswith(f"{_PREFIX}1"):
        word = word[len(_PREFIX) + 1 :]
    if len(word) != _DATA + _CHECK:
        raise _wrong_length(typed, len(word))
    strange = {at // GROUP + 1 for at, letter in enumerate(word) if letter not in ALPHABET}
    if strange:
        raise _wrong(sorted(strange))
    values = [ALPHABET.index(letter) for letter in word]
    syndrome = _polymod([*_expanded(), *values]) ^ _CONSTANT
    if syndrome:
        raise _wrong(_suspects(syndrome))
    number = 0
    for value in values[:_DATA]:
        number = number << 5 | value
    spare = _DATA * 5 - BITS
    if number & ((1 << spare) - 1):
        raise _wrong([])
    return (number >> spare).to_bytes(BITS // 8, "big")


def is_whole(typed: Secret) -> bool:
    """Whether it is a code without a mistake, of whatever vault."""
    try:
        parse(typed)
    except CredGuardError:
        return False
    return True


# ── inside ───────────────────────────────────────────────────────────────────────────────────────
def _plain(typed: str) -> str:
    return re.sub(r"[\s\-\u2010-\u2015]+", "", typed).lower()


def _expanded() -> list[int]:
    return [*(ord(c) >> 5 for c in _PREFIX), 0, *(ord(c) & 31 for c in _PREFIX)]


def _polymod(values: list[int]) -> int:
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate(_GENERATORS):
            check ^= generator if top >> bit & 1 else 0
    return check


def _errors() -> Iterator[tuple[int, int]]:
    """(syndrome, position) of each single wrong character. The check is linear: errors add up by XOR."""
    for at in range(_DATA + _CHECK):
        for value in range(1, 32):
            shifted = value
            for _ in range(_DATA + _CHECK - 1 - at):
                top = shifted >> 25
                shifted = (shifted & 0x1FFFFFF) << 5
                for bit, generator in enumerate(_GENERATORS):
                    shifted ^= generator if top >> bit & 1 else 0
            yield shifted, at


def _suspects(syndrome: int) -> list[int]:
    """The groups that one or two wrong characters would have to be in; [] where that cannot be told."""
    single = dict(_errors())
    if syndrome in single:
        return [single[syndrome] // GROUP + 1]
    pairs = {
        tuple(sorted({at // GROUP + 1, single[syndrome ^ error] // GROUP + 1}))
        for error, at in single.items()
        if single.get(syndrome ^ error, at) != at
    }
    return list(next(iter(pairs))) if len(pairs) == 1 else []


def _wrong(numbers: list[int]) -> CredGuardError:
    if not numbers:
        what = text("That is not a recovery code: several characters differ.")
    elif len(numbers) == 1:
        what = text("Group {n} of the recovery code looks wrong.", n=numbers[0])
    else:
        listed = ", ".join(str(n) for n in numbers)
        what = text("Groups {list} of the recovery code look wrong.", list=listed)
    return CredGuardError(
        "recovery-code", what, text("Compare it with the paper, then type it again. Nothing was changed."),
        retry=True,
    )  # fmt: skip


def _wrong_length(typed: Secret, found: int) -> CredGuardError:
    parts = [part for part in re.split(r"[\s\-\u2010-\u2015]+", typed.reveal().strip().lower()) if part]
    if parts and parts[0] in {"cg1", "cg"}:
        parts = parts[1:]
    odd = [n for n, part in enumerate(parts, 1) if len(part) != GROUP]
    if len(parts) == GROUPS and odd:
        return _wrong(odd)
    return CredGuardError(
        "recovery-code",
        text("A recovery code has {most} characters after CG1, in 8 groups of 4; this has {n}.",
             most=_DATA + _CHECK, n=found),
        text("Compare it with the paper, then type it again. Nothing was changed."),
        retry=True,
    )  # fmt: skip
