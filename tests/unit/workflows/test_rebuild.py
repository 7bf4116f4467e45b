"""The catalog made anew: one item that cannot be read keeps none of the others out."""

from __future__ import annotations

from pathlib import Path

from credguard.catalog.database import open_database
from credguard.catalog.devices import Devices
from credguard.catalog.keys import Keys, Profiles
from credguard.domain import otp
from credguard.domain.otp import OtpEntry
from credguard.domain.secret import Secret
from credguard.wire import items
from credguard.workflows.rebuild import rebuild
from tests.support.clock import FakeClock
from tests.support.stores import memory_store

ONE, OTHER = "AKIAZQ4NORTHWEXAMPLE", "AKIAZQ4SOUTHWEXAMPLE"


def test_what_can_be_read_is_there_again(tmp_path: Path) -> None:
    (store, backend), (codes, _) = memory_store(), memory_store()
    for key in (ONE, OTHER):
        store.write(items.access_key(key), items.access_key_item(key, "x", "123456789012", None, None))
    store.write(items.profile("p-1"), items.profile_item("p-1", "work", ONE, "123456789012"))
    entry = OtpEntry("an-id", Secret("JBSWY3DPEHPK3PXP"), name="Northwind")
    codes.write(items.totp("an-id"), otp.to_item(entry))
    backend.items[items.access_key(OTHER)] = "torn"
    database, clock = open_database(str(tmp_path / "catalog.sqlite")), FakeClock()
    rebuild(database, store, clock, lambda: codes)
    assert not database.needs_rebuild
    assert [key.access_key_id for key in Keys(database).all()] == [ONE]
    assert [link.name for link in Profiles(database).all()] == ["work"]
    # What was sent of this moment is no longer known, in whichever store the codes are.
    assert Devices(database).is_used("entry/an-id", otp.step_at(entry, clock.now()))
    database.close()
