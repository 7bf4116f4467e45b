"""Codes as a person moved them, and rows of codes that are locked."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from credguard.catalog.devices import MfaDevice
from credguard.domain.accounts import Account
from credguard.queries.codes import CodeRow, as_moved, known_rows


def rows(*ids: str) -> tuple[CodeRow, ...]:
    return tuple(CodeRow(one, one, "") for one in ids)


def ids(found: tuple[CodeRow, ...]) -> str:
    return "".join(row.entry_id for row in found)


def test_a_code_that_came_later_stands_behind_its_neighbour() -> None:
    assert ids(as_moved(rows("a", "b", "c"), ())) == "abc"
    assert ids(as_moved(rows("a", "b", "c"), "cab")) == "cab"
    assert ids(as_moved(rows("a", "b", "n", "m", "c"), "cab")) == "cabnm"
    assert ids(as_moved(rows("n", "a", "b"), "ba")) == "nba"
    assert ids(as_moved(rows("a", "c"), "cba")) == "ca"


@given(st.sets(st.sampled_from("abcdefgh")), st.permutations("abcdefgh"), st.integers(0, 8))
def test_none_is_lost_and_the_known_ones_stand_in_order(
    present: set[str], order: list[str], cut: int
) -> None:
    known = order[:cut]
    found = ids(as_moved(rows(*sorted(present)), known))
    assert sorted(found) == sorted(present)
    assert [one for one in found if one in known] == [one for one in known if one in present]


def test_locked_codes_are_whose_they_are_and_no_more() -> None:
    account = Account("112233445566", "Northwind", "Northwind Ltd", "teal")
    root = "arn:aws:iam::112233445566:mfa/root-account-mfa-device"
    found = known_rows(
        (
            MfaDevice(None, "e-1", account.account_id, "AWS:maria", "maria"),
            MfaDevice(root, "e-2", account.account_id, "root"),
            MfaDevice("GAHT1", None, account.account_id, "a key elsewhere"),
            MfaDevice(None, "e-3", "999999999999", "Old"),
        ),
        (account,),
    )
    assert [(r.title, r.user, r.color, r.root) for r in found] == [
        ("Northwind", "maria", "teal", False), ("Northwind", "", "teal", True), ("Old", "", None, False),
    ]  # fmt: skip
