"""Activity, and the lines that providers leave in the spool."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from credguard.catalog.activity import Activity
from credguard.catalog.database import Database
from credguard.catalog.keys import Keys, Profiles
from credguard.domain.keys import AccessKey
from credguard.domain.profiles import ProfileLink
from credguard.domain.text import text
from credguard.system.interlock import Interlock

KEY = "AKIAIOSFODNN7EXAMPLE"


@pytest.fixture
def spool(home: Path, database: Database) -> Path:
    Keys(database).save(AccessKey(KEY, "112233445566"))
    Profiles(database).save(ProfileLink("p-3f9c21", "north wind", KEY, None, "/config"))
    return home / "run" / "activity.spool"


def line(at: float = 5.0, program: str = "terraform", profile: str = "p-3f9c21") -> str:
    return (
        json.dumps({"at": at, "program": program, "pid": 77, "profile": profile, "access_key_id": KEY}) + "\n"
    )


def test_rows_come_back_newest_first(database: Database) -> None:
    activity = Activity(database)
    activity.record(5.0, "you", text("rotated {n} keys", n=2), "112233445566", KEY)
    activity.record(9.0, "aws", text("was refused"), "665544332211", kind="refused", detail="AccessDenied")
    activity.record(7.0, "aws", text("used it"), kind="use")
    assert [row.at for row in activity.latest()] == [9.0, 7.0, 5.0]
    assert [row.at for row in activity.latest(1)] == [9.0]
    (row,) = activity.latest(account_id="112233445566")
    assert (row.actor, str(row.action), row.access_key_id, row.kind) == (
        "you",
        "rotated 2 keys",
        KEY,
        "change",
    )


def test_spool_lines_become_activity(database: Database, spool: Path) -> None:
    spool.write_text(line(5.0) + line(6.0, "aws", "p-unknown"))
    activity = Activity(database)
    assert activity.take_in(str(spool)) == 2
    assert not spool.exists()
    newest, oldest = activity.latest()
    assert (str(oldest.action), oldest.actor) == ("used the key of north wind", "terraform")
    assert (oldest.account_id, oldest.access_key_id, oldest.kind) == ("112233445566", KEY, "use")
    assert str(newest.action) == "used the key of p-unknown"


def test_nothing_counts_twice(database: Database, spool: Path) -> None:
    activity = Activity(database)
    spool.write_text(line())
    assert [activity.take_in(str(spool)) for _ in range(3)] == [1, 0, 0]
    spool.write_text(line())
    assert activity.take_in(str(spool)) == 1
    assert len(activity.latest()) == 2


def test_a_provider_that_was_just_writing_loses_nothing(database: Database, spool: Path) -> None:
    activity = Activity(database)
    half = line(2.0)
    with open(spool, "a") as late:
        late.write(line(1.0) + half[:20])
        late.flush()
        assert activity.take_in(str(spool)) == 1
        late.write(half[20:] + line(3.0))
    assert activity.take_in(str(spool)) == 2
    assert [row.at for row in activity.latest()] == [3.0, 2.0, 1.0]


def test_taken_files_go_when_nobody_can_write_them(database: Database, spool: Path) -> None:
    activity, now = Activity(database), time.time()
    spool.write_text(line())
    assert activity.take_in(str(spool), now) == 1
    (taken,) = spool.parent.glob("*.taken-*")
    os.utime(taken, (1, 1))  # written long ago, but moved just now
    assert activity.take_in(str(spool), now + 50) == 0
    assert taken.exists()
    assert activity.take_in(str(spool), now + 3600) == 0
    assert not taken.exists()
    assert database.rows("SELECT * FROM spools") == []


def test_a_crash_after_the_rename_is_made_good(database: Database, spool: Path) -> None:
    spool.write_text(line(1.0))
    spool.rename(spool.with_name(spool.name + ".taken-100-00ff"))
    spool.write_text(line(2.0))
    assert Activity(database).take_in(str(spool)) == 2


def test_lines_that_are_not_ours_are_left_out(database: Database, spool: Path) -> None:
    bad = ["not json", "[]", "{}", '{"at": "x"}', "\x00\xff", "[" * 5000, line().replace("77", '"x"').strip()]
    spool.write_text("\n".join(bad) + "\n" + line())
    assert Activity(database).take_in(str(spool)) == 1


def test_a_braced_profile_name_is_only_a_value(database: Database, spool: Path) -> None:
    spool.write_text(line(program="{0.__class__}", profile="{profile} {boom}"))
    activity = Activity(database)
    activity.take_in(str(spool))
    assert str(activity.latest()[0].action) == "used the key of {profile} {boom}"


def test_no_folder_no_spool_no_trouble(database: Database, tmp_path: Path, spool: Path) -> None:
    assert Activity(database).take_in(str(tmp_path / "none" / "activity.spool")) == 0
    assert Activity(database).take_in(str(spool)) == 0


def test_one_takes_in_at_a_time(database: Database, spool: Path) -> None:
    spool.write_text(line())
    with Interlock(str(spool.parent)).hold("activity"):
        assert Activity(database).take_in(str(spool)) == 0
    assert Activity(database).take_in(str(spool)) == 1


WRITE = """
import json, os, sys
for n in range(300):
    line = {"at": n, "program": sys.argv[2], "pid": 1, "profile": "p", "access_key_id": "k"}
    handle = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(handle, json.dumps(line).encode() + b"\\n")
    os.close(handle)
"""
TAKE = """
import sys
from credguard.catalog.activity import Activity
from credguard.catalog.database import open_database
activity = Activity(open_database(sys.argv[1]))
while sys.stdin.read(1) == "":
    break
for _ in range(60):
    activity.take_in(sys.argv[2])
"""


def test_writers_and_takers_at_the_same_time(home: Path, database: Database, spool: Path) -> None:
    takers = [
        subprocess.Popen(
            [sys.executable, "-c", TAKE, str(home / "catalog.sqlite"), str(spool)], stdin=subprocess.DEVNULL
        )
        for _ in range(2)
    ]
    writers = [subprocess.Popen([sys.executable, "-c", WRITE, str(spool), name]) for name in ("aws", "tofu")]
    assert [process.wait(timeout=120) for process in (*writers, *takers)] == [0, 0, 0, 0]
    activity = Activity(database)
    activity.take_in(str(spool))
    rows = activity.latest(10_000)
    assert len(rows) == 600
    assert {(row.actor, row.at) for row in rows} == {
        (name, float(n)) for name in ("aws", "tofu") for n in range(300)
    }
