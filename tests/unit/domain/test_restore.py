"""The rules of a restore: nothing vanishes, nothing differing is replaced unasked, twice is once."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from credguard.domain.restore import Held, Item, Keep, merge
from credguard.domain.secret import Secret

Items = dict[str, Held]
_WORD = st.sampled_from(["", "a", "b", "northwind"])
_MAYBE = st.one_of(st.none(), _WORD)
_SECRET = st.sampled_from(["one EXAMPLE", "two EXAMPLE"]).map(Secret)


def _key(draw: Any, name: str) -> dict[str, object]:
    return {
        "v": 1,
        "access_key_id": name.partition("/")[2],
        "secret": draw(_SECRET),
        "account_id": draw(_MAYBE),
    }


def _code(draw: Any, name: str) -> dict[str, object]:
    return {
        "v": 1, "id": name.partition("/")[2], "secret": draw(_SECRET), "type": "hotp", "algorithm": "SHA1",
        "digits": 6, "period": 30, "counter": draw(st.integers(0, 3)), "name": draw(_WORD),
        "serial": draw(_MAYBE), "account_id": draw(_MAYBE),
        "deleted_at": draw(st.one_of(st.none(), st.just(5.0))),
    }  # fmt: skip


def _profile(draw: Any, name: str) -> dict[str, object]:
    return {
        "v": 1, "id": name.partition("/")[2], "name": draw(_WORD), "access_key_id": draw(_WORD),
        "account_id": draw(_MAYBE), "session": draw(_MAYBE), "direct": draw(st.booleans()),
    }  # fmt: skip


def _account(draw: Any, name: str) -> dict[str, object]:
    return {
        "v": 1,
        "account_id": name.partition("/")[2],
        "name": draw(_WORD),
        "company": draw(_WORD),
        "color": "blue",
    }


def _other(draw: Any, name: str) -> dict[str, object]:
    return {"v": 1, "key": draw(_SECRET)}


_MAKERS = {
    "access-key/AKIA1": _key, "access-key/AKIA2": _key, "account/1": _account, "profile/p-1": _profile,
    "totp/u-1": _code, "totp/u-2": _code, "file-backup": _other, "session/x": _other, "new-kind/1": _other,
}  # fmt: skip


@st.composite
def sets(draw: Any) -> Items:
    names = draw(st.lists(st.sampled_from(sorted(_MAKERS)), unique=True))
    return {n: Held(_MAKERS[n](draw, n), draw(st.one_of(st.none(), st.floats(1, 9)))) for n in names}


def applied(ours: Items, theirs: Items, keep: Keep) -> Items:
    result = dict(ours)
    for row in merge(ours, theirs):
        item = row.to_write(keep)
        if item is not None:
            result[row.name] = Held(item, 10.0)
    return result


@given(sets(), sets(), st.sampled_from(["mine", "theirs"]))
def test_nothing_vanishes_and_nothing_of_this_computer_is_touched(
    ours: Items, theirs: Items, keep: Keep
) -> None:
    result = applied(ours, theirs, keep)
    assert set(ours) <= set(result)
    assert {n for n in result if n not in ours} <= {n for n in theirs if not n.startswith("session/")}
    for name in {"session/x", "file-backup"} & set(ours):
        assert result[name] == ours[name]


@given(sets(), sets(), st.sampled_from(["mine", "theirs"]))
def test_a_second_restore_changes_nothing(ours: Items, theirs: Items, keep: Keep) -> None:
    once = applied(ours, theirs, keep)
    assert {n: h.item for n, h in applied(once, theirs, keep).items()} == {n: h.item for n, h in once.items()}


@given(sets(), sets())
def test_what_is_known_here_stays_when_ours_is_kept(ours: Items, theirs: Items) -> None:
    result = applied(ours, theirs, "mine")
    for name, held in ours.items():
        for field, value in held.item.items():
            if value is not None and field != "counter":
                assert result[name].item[field] == value, (name, field)


@given(sets(), sets(), st.sampled_from(["mine", "theirs"]))
def test_a_counter_never_goes_back(ours: Items, theirs: Items, keep: Keep) -> None:
    """A code that was used is never made again."""
    result = applied(ours, theirs, keep)
    for name in set(ours) & set(theirs):
        if name.startswith("totp/"):
            counters = [int(str(h[name].item["counter"])) for h in (ours, theirs)]
            assert result[name].item["counter"] == max(counters)


@given(sets(), sets())
def test_what_differs_is_asked_and_says_no_secret(ours: Items, theirs: Items) -> None:
    for row in merge(ours, theirs):
        assert (row.state == "differs") == bool(row.differs)
        words = " ".join(str(sentence) for sentence in row.differs)
        assert "EXAMPLE" not in words
        if row.state in {"same", "differs"}:
            mine = ours.get(row.name)
            assert row.mine is None or mine is not None
        if row.name.startswith("access-key/") and row.name in ours:
            other = theirs[row.name].item["secret"] != ours[row.name].item["secret"]
            assert (row.state == "differs") == other


def _one(
    ours: Item | None, theirs: Item, name: str, at: tuple[float | None, float | None] = (None, None)
) -> Any:
    mine = {} if ours is None else {name: Held(ours, at[0])}
    return merge(mine, {name: Held(theirs, at[1])})[0]


def test_the_sentences() -> None:
    mine = {"name": "Northwind", "company": "", "color": "blue"}
    row = _one(mine, {**mine, "name": "North", "company": "Wind Ltd"}, "account/1", (2.0, 9.0))
    assert [str(s) for s in row.differs] == [
        "name: Northwind here, North in the backup",
        "company: none here, Wind Ltd in the backup",
    ]
    assert row.newer == "theirs"
    key = {"access_key_id": "AKIA1", "secret": Secret("one EXAMPLE"), "account_id": None}
    other = {**key, "secret": Secret("two EXAMPLE")}
    assert [str(s) for s in _one(key, other, "access-key/AKIA1").differs] == ["the secret differs"]


def test_a_fact_that_is_missing_here_is_filled_in() -> None:
    key = {"access_key_id": "AKIA1", "secret": Secret("one EXAMPLE"), "account_id": None}
    row = _one(key, {**key, "account_id": "123456789012"}, "access-key/AKIA1")
    assert row.state == "filled"
    assert row.mine == row.theirs == {**key, "account_id": "123456789012"}


def test_a_profile_comes_without_its_session() -> None:
    profile = {"id": "p-1", "name": "n", "access_key_id": "AKIA1", "session": "session/abc", "direct": True}
    assert _one(None, profile, "profile/p-1").theirs == {**profile, "session": None}


def test_the_same_code_under_another_id_is_not_added() -> None:
    code = {
        "id": "a", "secret": Secret("ONE"), "type": "totp", "algorithm": "SHA1", "digits": 6, "period": 30,
        "name": "AWS",
    }  # fmt: skip
    row = merge({"totp/b": Held({**code, "id": "b", "name": "mine"})}, {"totp/a": Held(code)})[0]
    assert (row.state, row.twin, row.to_write("theirs")) == ("same", "mine", None)


def test_a_key_is_written_before_the_profile_that_names_it() -> None:
    items = {n: Held({"name": n}) for n in ("profile/p", "totp/u", "access-key/AKIA1", "account/1")}
    assert [row.kind for row in merge({}, items)] == ["key", "account", "code", "profile"]


def test_no_secret_is_lost_when_two_codes_changed_places() -> None:
    """Ours under u-1 is theirs under u-2: taking theirs for u-1 must not drop the one that moved."""
    code = {"type": "totp", "algorithm": "SHA1", "digits": 6, "period": 30, "name": "AWS", "deleted_at": None}
    one, two = ({**code, "secret": Secret(s)} for s in ("ONE", "TWO"))
    result = applied({"totp/u-1": Held(one)}, {"totp/u-1": Held(two), "totp/u-2": Held(one)}, "theirs")
    assert {str(h.item["secret"].reveal()) for h in result.values()} == {"ONE", "TWO"}  # type: ignore[attr-defined]


def test_a_code_that_was_removed_here_hides_no_restored_one() -> None:
    code = {"type": "totp", "algorithm": "SHA1", "digits": 6, "period": 30, "secret": Secret("ONE")}
    rows = merge(
        {"totp/a": Held({**code, "deleted_at": 5.0})}, {"totp/b": Held({**code, "deleted_at": None})}
    )
    assert rows[0].state == "new"


def test_a_code_whose_twin_is_removed_by_theirs_is_not_taken_for_here() -> None:
    """Theirs holds it twice, once removed: taking theirs must not leave the removed one alone."""
    code = {"v": 1, "id": "u-2", "secret": Secret("two EXAMPLE"), "type": "totp", "algorithm": "SHA1",
            "digits": 6, "period": 30, "deleted_at": None}  # fmt: skip
    ours = {"totp/u-2": Held(code, None)}
    theirs = {
        "totp/u-1": Held({**code, "id": "u-1"}, None),
        "totp/u-2": Held({**code, "deleted_at": 5.0}, None),
    }
    after = applied(ours, theirs, "theirs")
    assert after["totp/u-1"].item["deleted_at"] is None
    assert applied(after, theirs, "theirs") == after
