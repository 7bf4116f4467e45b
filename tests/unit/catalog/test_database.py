"""The file itself: several processes, damage, other versions, a full disk."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from credguard.catalog.accounts import Accounts
from credguard.catalog.database import APPLICATION_ID, Database, open_database
from credguard.catalog.schema import scripts
from credguard.domain.accounts import Account
from credguard.domain.errors import CredGuardError
from credguard.system.interlock import Interlock

NORTHWIND = Account("112233445566", "Northwind")


def modes(folder: Path) -> set[int]:
    return {stat.S_IMODE(p.stat().st_mode) for p in folder.rglob("*") if p.is_file()}


def test_a_new_catalog(home: Path, database: Database) -> None:
    assert database.row("PRAGMA user_version")[0] == len(scripts())
    assert database.row("PRAGMA application_id")[0] == APPLICATION_ID
    assert database.row("PRAGMA journal_mode")[0] == "wal"
    assert database.row("PRAGMA synchronous")[0] == 2
    assert database.needs_rebuild
    assert database.set_aside is None
    database.rebuilt()
    assert not database.needs_rebuild
    Accounts(database).save(NORTHWIND)
    assert modes(home) == {0o600}
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


def test_a_loose_file_is_made_private(home: Path) -> None:
    home.mkdir(mode=0o700)
    path = home / "catalog.sqlite"
    path.touch(mode=0o644)
    path.chmod(0o644)
    database = open_database(str(path))
    Accounts(database).save(NORTHWIND)
    assert modes(home) == {0o600}
    database.close()


def test_facts_are_there_the_next_time(home: Path, database: Database) -> None:
    Accounts(database).save(NORTHWIND)
    database.rebuilt()
    again = open_database(str(home / "catalog.sqlite"))
    assert Accounts(again).all() == (NORTHWIND,)
    assert not again.needs_rebuild
    again.close()


def test_a_transaction_is_all_or_nothing(database: Database) -> None:
    accounts = Accounts(database)

    def fail_halfway() -> None:
        with database.transaction():
            accounts.save(NORTHWIND)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_halfway()
    assert accounts.all() == ()
    accounts.save(NORTHWIND)
    assert accounts.all() == (NORTHWIND,)


def test_many_processes_open_a_new_catalog_at_once(home: Path) -> None:
    code = (
        "import sys\n"
        "from credguard.catalog.accounts import Accounts\n"
        "from credguard.catalog.database import open_database\n"
        "from credguard.domain.accounts import Account\n"
        "sys.stdin.readline()\n"
        "db = open_database(sys.argv[1])\n"
        "for n in range(10):\n"
        "    Accounts(db).save(Account(f'{int(sys.argv[2]):06d}{n:06d}', 'A'))\n"
    )
    path = str(home / "catalog.sqlite")
    command = [sys.executable, "-c", code, path]
    running = [
        subprocess.Popen([*command, str(n)], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for n in range(6)
    ]
    for process in running:  # all have to be ready to go before the first one is let go
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    ended = [process.communicate(timeout=120)[1] for process in running]
    assert [process.returncode for process in running] == [0] * 6, ended
    database = open_database(path)
    assert len(Accounts(database).all()) == 60
    assert [p.name for p in home.iterdir() if "damaged" in p.name] == []
    database.close()


def test_threads_share_a_catalog(database: Database) -> None:
    problems: list[BaseException] = []

    def write(number: int) -> None:
        try:
            for n in range(20):
                Accounts(database).save(Account(f"{number:06d}{n:06d}", "A"))
                Accounts(database).all()
        except BaseException as error:
            problems.append(error)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert len(Accounts(database).all()) == 80


def test_what_another_process_wrote_shows(home: Path, database: Database) -> None:
    Accounts(database).save(NORTHWIND)
    seen = database.data_version()
    Accounts(database).save(NORTHWIND)
    assert database.data_version() == seen  # our own writing is no news
    other = open_database(str(home / "catalog.sqlite"))
    Accounts(other).save(Account("665544332211", "Globex"))
    other.close()
    assert database.data_version() != seen


@pytest.mark.parametrize("damage", ["garbage", "head", "middle", "cut", "foreign"])
def test_a_damaged_catalog_is_set_aside(home: Path, damage: str) -> None:
    path = home / "catalog.sqlite"
    database = open_database(str(path))
    for n in range(300):
        Accounts(database).save(Account(f"{n:012d}", "A" * 100))
    database.rebuilt()
    database.close()
    content = bytearray(path.read_bytes())
    if damage == "garbage":
        content = bytearray(os.urandom(20_000))
    elif damage == "head":
        content[:16] = b"\0" * 16
    elif damage == "middle":
        content[8192 : 8192 + 20_480] = b"\xff" * 20_480
    elif damage == "cut":
        del content[len(content) // 2 :]
    path.write_bytes(content)
    if damage == "foreign":
        path.unlink()
        foreign = sqlite3.connect(path)
        foreign.execute("CREATE TABLE shopping (item)")
        foreign.commit()
        foreign.close()
        content = bytearray(path.read_bytes())
    fresh = open_database(str(path))
    assert fresh.needs_rebuild
    assert Accounts(fresh).all() == ()
    (kept,) = (p for p in home.iterdir() if p.name.startswith("catalog.sqlite.damaged-"))
    assert fresh.set_aside == str(kept)
    assert kept.read_bytes() == bytes(content)
    fresh.rebuilt()
    assert fresh.set_aside is None
    fresh.close()


def test_a_second_damage_in_the_same_second_overwrites_nothing(home: Path) -> None:
    path = home / "catalog.sqlite"
    home.mkdir()
    for n in range(3):
        path.write_bytes(b"garbage %d" % n * 500)
        open_database(str(path)).close()
    assert len([p for p in home.iterdir() if ".damaged-" in p.name]) == 3


def test_an_empty_file_is_a_start_that_was_killed(home: Path) -> None:
    home.mkdir()
    (home / "catalog.sqlite").touch()
    database = open_database(str(home / "catalog.sqlite"))
    assert database.needs_rebuild
    assert database.set_aside is None
    database.close()


def test_a_newer_catalog_is_refused_and_untouched(home: Path) -> None:
    path = home / "catalog.sqlite"
    database = open_database(str(path))
    with database.transaction() as connection:
        connection.execute(f"PRAGMA user_version={len(scripts()) + 1}")
    database.close()
    before = path.read_bytes()
    with pytest.raises(CredGuardError) as caught:
        open_database(str(path))
    assert caught.value.code == "catalog-newer"
    assert path.read_bytes() == before


def test_a_migration_that_was_killed_in_the_middle_is_done_again(home: Path) -> None:
    """kill -9 after half of the first script: its transaction never took place."""
    home.mkdir(mode=0o700)
    path = home / "catalog.sqlite"
    code = (
        "import os, signal, sys\n"
        "import credguard.catalog.database as module\n"
        "real = module._statements\n"
        "def half(script):\n"
        "    for n, statement in enumerate(real(script)):\n"
        "        if n == 5: os.kill(os.getpid(), signal.SIGKILL)\n"
        "        yield statement\n"
        "module._statements = half\n"
        "module.open_database(sys.argv[1])\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], check=False)
    assert done.returncode == -9
    database = open_database(str(path))
    assert database.row("PRAGMA user_version")[0] == len(scripts())
    assert database.needs_rebuild
    database.close()


def test_another_process_that_writes_for_long_is_a_sentence(home: Path, database: Database) -> None:
    impatient = open_database(str(home / "catalog.sqlite"), busy=0.05)
    with database.transaction() as connection:
        connection.execute("DELETE FROM accounts")
        with pytest.raises(CredGuardError) as caught:
            Accounts(impatient).save(NORTHWIND)
    assert caught.value.code == "catalog-busy"
    assert caught.value.retry
    Accounts(impatient).save(NORTHWIND)
    impatient.close()


def test_a_transaction_that_begins_by_reading_holds_off_other_writers(home: Path, database: Database) -> None:
    """Else what it read may be stale when it writes, and SQLite refuses the write."""
    impatient = open_database(str(home / "catalog.sqlite"), busy=0.05)
    with database.transaction() as connection:
        connection.execute("SELECT count(*) FROM accounts").fetchone()
        with pytest.raises(CredGuardError) as caught:
            Accounts(impatient).save(NORTHWIND)
    assert caught.value.code == "catalog-busy"
    impatient.close()


def test_one_process_at_a_time_makes_or_replaces_the_catalog(home: Path) -> None:
    with Interlock(str(home / "run")).hold("catalog-open"):
        with pytest.raises(CredGuardError) as caught:
            open_database(str(home / "catalog.sqlite"), busy=0.05)
        assert caught.value.code == "busy"
        assert not (home / "catalog.sqlite").exists()


def test_many_processes_meet_a_damaged_catalog(home: Path) -> None:
    home.mkdir(mode=0o700)
    path = home / "catalog.sqlite"
    path.write_bytes(b"garbage" * 5000)
    code = (
        "import sys\n"
        "from credguard.catalog.accounts import Accounts\n"
        "from credguard.catalog.database import open_database\n"
        "from credguard.domain.accounts import Account\n"
        "sys.stdin.readline()\n"
        "Accounts(open_database(sys.argv[1])).save(Account(sys.argv[2], 'A'))\n"
    )
    running = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(path), f"{n:012d}"], stdin=subprocess.PIPE, text=True
        )
        for n in range(5)
    ]
    for process in running:  # all have to be ready to go before the first one is let go
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    for process in running:
        process.communicate(timeout=60)
    assert [process.returncode for process in running] == [0] * 5
    database = open_database(str(path))
    assert len(Accounts(database).all()) == 5
    assert len([p for p in home.iterdir() if ".damaged-" in p.name]) == 1
    database.close()


def test_a_full_disk_is_a_sentence_and_loses_nothing(home: Path, database: Database) -> None:
    accounts = Accounts(database)
    accounts.save(NORTHWIND)
    pages = database.row("PRAGMA page_count")[0]
    database.row(f"PRAGMA max_page_count={pages}")
    with pytest.raises(CredGuardError) as caught:
        accounts.save(Account("665544332211", "Globex" * 10_000))
    assert caught.value.code == "disk-full"
    assert accounts.all() == (NORTHWIND,)


def test_a_catalog_that_may_not_be_opened_is_a_sentence(home: Path) -> None:
    (home / "catalog.sqlite").mkdir(parents=True)
    with pytest.raises(CredGuardError) as caught:
        open_database(str(home / "catalog.sqlite"))
    assert caught.value.code in {"catalog-unreachable", "not-writable"}


def test_a_foreign_folder_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "state").write_bytes(b"")
    with pytest.raises(CredGuardError) as caught:
        open_database(str(tmp_path / "state" / "catalog.sqlite"))
    assert caught.value.code == "not-writable"


def test_no_table_has_a_column_for_a_secret(database: Database) -> None:
    tables = database.rows("SELECT name FROM sqlite_master WHERE type = 'table'")
    columns = {
        row["name"] for table in tables for row in database.rows(f"PRAGMA table_info({table['name']})")
    }
    assert not columns & {"secret", "secret_access_key", "session_token", "token", "key", "seed", "password"}


def test_errors_of_ours_are_listed_in_the_docs() -> None:
    listed = Path(__file__).parents[3].joinpath("docs", "errors.md").read_text()
    for code in ("catalog-busy", "catalog-damaged", "catalog-newer", "catalog-unreachable", "journal-newer"):
        assert f"| `{code}` |" in listed
