"""The recovery code: printed, typed with mistakes, never corrected."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credguard.domain.errors import CredGuardError
from credguard.domain.secret import Secret
from credguard.vault.sealed import recovery

FIXED = "CG1-QQQS-YQCY-Q5RQ-WZQF-PG9S-CRGW-PU2K-TSGP"


def _said(typed: str) -> str:
    with pytest.raises(CredGuardError) as caught:
        recovery.parse(Secret(typed))
    assert caught.value.code == "recovery-code"
    return str(caught.value.what)


def test_a_fixed_code() -> None:
    """A change of alphabet, order or check cannot slip in."""
    assert recovery.printed(bytes(range(16))).reveal() == FIXED
    assert recovery.parse(Secret(FIXED)) == bytes(range(16))


def test_the_check_is_bech32m() -> None:
    """A valid string of BIP 350: what we compute of its prefix and data gives its check characters."""
    assert recovery._polymod([*(ord(c) >> 5 for c in "a"), 0, *(ord(c) & 31 for c in "a"),
                              *(recovery.ALPHABET.index(c) for c in "lqfn3a")]) == 0x2BC830A3  # fmt: skip


@settings(deadline=None)
@given(st.binary(min_size=16, max_size=16))
def test_what_was_printed_is_read(bits: bytes) -> None:
    code = recovery.printed(bits).reveal()
    assert len(code) == 3 + 8 * 5
    for typed in (code, code.lower(), code.replace("-", ""), f"  {code.replace('-', ' ')}\n", code[4:]):
        assert recovery.parse(Secret(typed)) == bits


@settings(deadline=None)
@given(st.binary(min_size=16, max_size=16), st.integers(0, 31), st.integers(1, 31))
def test_one_wrong_character_is_found(bits: bytes, at: int, by: int) -> None:
    word = "".join(recovery.groups(recovery.printed(bits))).lower()
    wrong = recovery.ALPHABET[(recovery.ALPHABET.index(word[at]) + by) % 32]
    assert (
        _said(word[:at] + wrong + word[at + 1 :]) == f"Group {at // 4 + 1} of the recovery code looks wrong."
    )


def test_up_to_four_wrong_characters_are_never_taken_for_right() -> None:
    chosen = random.Random(7)
    for _ in range(300):
        word = list("".join(recovery.groups(recovery.generate())).lower())
        for at in chosen.sample(range(32), chosen.randint(2, 4)):
            word[at] = chosen.choice([c for c in recovery.ALPHABET if c != word[at]])
        _said("".join(word))


def test_what_else_is_said() -> None:
    assert _said(FIXED.replace("Q5RQ", "Q5RB")) == "Group 3 of the recovery code looks wrong."
    assert _said(FIXED.replace("Q5RQ", "Q5R")) == "Group 3 of the recovery code looks wrong."
    assert "this has 28" in _said(FIXED[:-5])
    assert "this has 0" in _said("")


def test_two_groups_are_asked_back() -> None:
    code = recovery.generate()
    for _ in range(50):
        first, second = recovery.asked_back()
        assert 1 <= first < second <= 8
    assert recovery.is_group(code, 3, f" {recovery.groups(code)[2].lower()} ")
    assert not recovery.is_group(code, 3, "")
