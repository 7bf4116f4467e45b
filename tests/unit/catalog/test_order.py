"""The order in which a person put the codes."""

from __future__ import annotations

import pytest

from credguard.catalog.database import Database
from credguard.catalog.order import CodeOrder


def test_it_is_empty_then_kept_then_replaced(database: Database) -> None:
    order = CodeOrder(database)
    assert order.get() == ()
    order.set(["b", "a"])
    assert CodeOrder(database).get() == ("b", "a")
    order.set(["a"])
    assert order.get() == ("a",)
    order.set(())
    assert order.get() == ()


@pytest.mark.parametrize("value", ["", "{", '{"a":1}', "7", "null"])
def test_what_is_none_of_ours_counts_as_nothing(database: Database, value: str) -> None:
    with database.transaction() as connection:
        connection.execute("INSERT INTO meta (name, value) VALUES ('code-order', ?)", (value,))
    assert CodeOrder(database).get() == ()
