"""Text, Secret, key anatomy, identities and the machines' JSON."""

from __future__ import annotations

import copy
import pickle
import subprocess
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credguard.domain.accounts import COLORS, Identity, grouped, next_color
from credguard.domain.errors import CredGuardError
from credguard.domain.keys import account_of, age_days, is_temporary, looks_like_key_id, masked
from credguard.domain.machine import Effect, Failed, Failure, Unseen, from_json, to_json
from credguard.domain.secret import Secret
from credguard.domain.text import Text, plural, quoted, text


@pytest.mark.parametrize(
    ("key_id", "account"),
    [
        ("ASIAQNZGKIQY56JQ7WML", "029608264753"),
        ("AKIARZPUZDIKE23QKRMN", "123456789012"),
        ("ASIAY34FZKBOKMUTVV7A", "609629065308"),
        ("AKIAIOSFODNN7EXAMPLE", None),  # old generation: the formula gives a wrong number
        ("AKIAJAAAAAAAAAAAAAAA", None),
        ("AKIAQ0189AAAAAAAAAAA", None),  # 0, 1, 8 and 9 are no Base32
        ("AKIAQ", None),
    ],
)
def test_account_inside_a_key_id(key_id: str, account: str | None) -> None:
    assert account_of(key_id) == account


@given(st.text(max_size=40))
def test_account_of_anything_is_twelve_digits_or_nothing(value: str) -> None:
    found = account_of(value)
    assert found is None or (len(found) == 12 and found.isdigit())


def test_key_ids() -> None:
    assert looks_like_key_id("AKIAIOSFODNN7EXAMPLE")
    assert not looks_like_key_id("AIDAIOSFODNN7EXAMPLE")
    assert not looks_like_key_id("AKIA IOSFODNN7EXAMPLE")
    assert is_temporary("ASIAQNZGKIQY56JQ7WML")
    assert masked("AKIATW5NHGREXAMPLE00") == "AKIATW5N…LE00"
    assert age_days(0.0, 86_400 * 3 + 5) == 3
    assert age_days(100.0, 0.0) == 0


def test_secret_never_shows_itself() -> None:
    value = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    secret = Secret(value)
    shown = f"{secret} {secret!r} {secret:>60} {[secret]}"
    assert value not in shown
    assert "•••• (EKEY)" in shown
    assert secret.reveal() == value
    assert secret == Secret(value)
    assert secret != Secret("other")
    assert repr(Secret("short")) == "••••"
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    assert copy.deepcopy(secret) is secret


def test_text_translates_the_template_and_escapes_the_values() -> None:
    sentence = text("{who} has {n} keys", who="a<b", n=2)
    assert sentence.render(escape=lambda v: v.replace("<", "‹")) == "a‹b has 2 keys"
    assert str(plural(1, "{count} key", "{count} keys")) == "1 key"
    assert Text.from_json(sentence.to_json()) == sentence
    nested = text("Outer: {inner}", inner=sentence)
    assert Text.from_json(nested.to_json()) == nested
    # A value with braces is a value, never a template.
    assert str(text("{name}", name="{evil}")) == "{evil}"


@pytest.mark.parametrize(
    ("arn", "kind", "user"),
    [
        ("arn:aws:iam::314159265358:root", "root", None),
        ("arn:aws:iam::123456789012:user/team/maria", "user", "maria"),
        ("arn:aws:sts::123456789012:assumed-role/etl/s", "assumed-role", None),
        ("arn:aws:sts::123456789012:federated-user/x", "federated", None),
        ("arn:aws-cn:iam::123456789012:user/root", "user", "root"),
    ],
)
def test_identity(arn: str, kind: str, user: str | None) -> None:
    identity = Identity(arn, "123456789012")
    assert (identity.kind, identity.user_name) == (kind, user)
    assert identity.partition == arn.split(":")[1]


def test_colors_and_numbers() -> None:
    assert grouped("123456789012") == "1234 5678 9012"
    assert next_color([]) == COLORS[0]
    assert next_color(["blue", "sky"]) == "teal"
    assert next_color(list(COLORS)) == "blue"


@dataclass(frozen=True, slots=True)
class Make(Effect):
    what: str
    notes: tuple[Text, ...] = ()


def test_journal_json_round_trip() -> None:
    effect = Make("key", (text("a {b}", b="c"),))
    for value in (Unseen(effect), Failed(Failure("x", Text("w"), Text("n")))):
        assert from_json(to_json(value), (Make,)) == value
    with pytest.raises(ValueError, match="unknown type"):
        from_json({"!": "Nope"}, ())
    with pytest.raises(TypeError):
        to_json(Secret("wJalrXUtnFEMI/EXAMPLEKEY"))


def test_failure_is_the_error_as_data() -> None:
    error = CredGuardError("two-keys", Text("w"), Text("n"), Text("k"), retry=True)
    back = Failure.of(error).error()
    assert (back.code, back.what, back.next, back.kept, back.retry) == ("two-keys", *(map(Text, "wnk")), True)


def test_a_name_in_a_command_is_one_word_for_a_shell() -> None:
    assert quoted("Northwind AG") == '"Northwind AG"'
    for name in ('a"; id; "', "$(id)", "`id`", "a'b$c", "back\\slash", "!!", "büro – münchen"):
        ran = subprocess.run(
            ["sh", "-c", f"printf %s {quoted(name)}"], capture_output=True, text=True, check=True
        )
        assert ran.stdout == name
