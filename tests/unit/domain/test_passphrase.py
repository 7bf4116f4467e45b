"""Passphrases: what is called weak, what is suggested."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from credguard.domain.passphrase import WORDS, strength, suggest

LIST = tuple(Path(__file__).parents[3].joinpath("resources", "words.txt").read_text().split())


def level(passphrase: str) -> int:
    found = strength(passphrase, LIST)
    assert found is not None
    return found.level


def test_the_word_list_is_what_the_six_words_are_counted_with() -> None:
    assert len(LIST) == len(set(LIST)) == 512  # 9 bits each
    assert all(word.isascii() and word.isalpha() and word.islower() for word in LIST)


def test_a_suggestion_is_six_words_of_the_list_and_strong() -> None:
    chance = random.Random(7)
    for _ in range(20):
        words = suggest(LIST, chance.choice).split("-")
        assert len(set(words)) == WORDS
        assert set(words) <= set(LIST)
        assert level("-".join(words)) == 4


def test_nothing_has_no_strength() -> None:
    assert strength("", LIST) is None


@pytest.mark.parametrize(
    "weak", ["a", "password", "Password1", "anna1987", "qwerty123456", "aaaaaaaaaa", "2024"]
)
def test_what_is_guessed_first_is_weak(weak: str) -> None:
    assert level(weak) == 1


def test_more_words_and_mixed_letters_are_stronger() -> None:
    assert level("tulip") < level("tulip seven clouds run") <= level("tulip seven clouds run over Ghent")
    assert level("k8#Vq2!mZr7$Lw") == 4
    assert level("-".join(LIST[:5])) < 4  # five of the six words are not enough to be called that


def test_the_reason_always_stands_with_the_word() -> None:
    for passphrase in ("a", "tulip seven clouds", "k8#Vq2!mZr7$Lw", "-".join(LIST[:6])):
        found = strength(passphrase, LIST)
        assert found is not None
        assert str(found.word)
        assert str(found.why)
