"""Passphrases: the questions a vault asks, how strong an answer is, and six words to take instead."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from credguard.domain.text import Text, text

#: What a sealed vault asks. A face that knows them can draw one dialog for what a terminal asks twice.
OPEN = "Passphrase of the sealed vault"
AGAIN = "That was not it. Passphrase of the sealed vault"
WRONG = "That was not it. "
RECOVERY = "Recovery code of the sealed vault"
#: Behind a question that nothing typed answers with a security key.
OR_KEY = " (nothing: a security key)"
WITH_KEY = "Passphrase that goes with this security key"
NEW = "A passphrase for the new sealed vault"
REPEAT = "The same once more"

#: Words of a suggestion. Of 512 words each is 9 bits, so six are 54: with the vault's slow derivation
#: (half a second a try) some hundred million years of one computer.
WORDS = 6
_COMMON = ("password", "passw0rd", "qwert", "asdf", "letmein", "admin", "welcome", "secret", "123", "abc")


@dataclass(frozen=True, slots=True)
class Strength:
    """`level` 1 (weak) to 4 (strong); a word and the reason always stand with it."""

    level: int
    word: Text
    why: Text


def strength(passphrase: str, words: Sequence[str] = ()) -> Strength | None:
    """How hard a guess is; None for nothing typed. `words` are those of the suggestions.

    A rough lower estimate: runs and repeats count once, usual words and years for next to nothing.
    """
    if not passphrase:
        return None
    known = set(words)
    parts = [p for p in re.split(r"[\s\-_.,]+", passphrase.casefold()) if p]
    if known and len(parts) >= WORDS and len(set(parts)) == len(parts) and known.issuperset(parts):
        return Strength(4, text("Strong."), text("Six words chosen by chance; nobody can guess them."))
    bits = _bits(passphrase)
    if bits < 30:
        return Strength(
            1, text("Weak:"), text("names and years are guessed first. Take the six words instead.")
        )
    if bits < 45:
        return Strength(2, text("Fair:"), text("a few more words make it strong."))
    if bits < 60:
        return Strength(3, text("Good."), text("Long enough to withstand many tries."))
    return Strength(4, text("Strong."), text("Long and mixed; nobody can guess it soon."))


def _bits(passphrase: str) -> float:
    folded = passphrase.casefold()
    mixed = passphrase not in {passphrase.upper(), passphrase.lower()}
    for usual in _COMMON:
        folded = folded.replace(usual, "\0")
    folded = re.sub(r"(?:19|20)\d\d", "\0", folded)  # a year
    folded = re.sub(r"(.)\1+", r"\1", folded)
    total = 0.0
    for run in re.findall(r"[^\W\d_]+|\d+|[\W_]", folded):
        if run == "\0":
            total += 2
        elif run.isdigit():
            total += len(run) * math.log2(10) * 0.7
        elif run.isalpha() and len(run) > 3:
            # A word is one of some thousands, however long.
            total += min(len(run) * 2.2, 11.0)
        elif run.isalpha():
            total += len(run) * (5.7 if mixed else 4.7)  # too short for a word: each letter counts
        else:
            total += 1 if run in " -_.," else 4
    distinct = len(set(folded))
    return min(total, distinct * 4.5)


def suggest(words: Sequence[str], choose: Callable[[Sequence[str]], str]) -> str:
    """`WORDS` words joined by hyphens; `choose` picks one by chance (`secrets.choice`)."""
    taken: list[str] = []
    while len(taken) < WORDS:
        word = choose(words)
        if word not in taken:
            taken.append(word)
    return "-".join(taken)
