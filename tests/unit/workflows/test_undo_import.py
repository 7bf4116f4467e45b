"""undo-import: the plaintext comes back, later changes stay, and a rotated key comes back as it is today."""

from __future__ import annotations

from pathlib import Path

import pytest

from credguard.domain.errors import CredGuardError
from credguard.domain.secret import Secret
from credguard.files import backups
from credguard.system.interlock import Interlock
from credguard.wire import items
from credguard.workflows.undo_import import plan, undo_import
from tests.support.aws_files import KEY, KEY_2, SECRET, SECRET_2
from tests.support.clock import FakeClock
from tests.support.intake import Computer
from tests.unit.workflows.test_intake import CONFIG, CREDENTIALS


@pytest.fixture
def computer(tmp_path: Path) -> Computer:
    made = Computer(tmp_path)
    made.cloud.keys[KEY_2] = (SECRET_2, "arn:aws:iam::210987654321:user/bob")
    made.write(CREDENTIALS, CONFIG)
    return made


def test_everything_is_as_it_was(computer: Computer) -> None:
    before = computer.files()
    assert all(o.ok for o in computer.import_all())
    todo = plan(computer.tools())
    assert (todo.count, todo.plain, set(todo.names)) == (2, 2, {"work", "büro münchen"})
    done = undo_import(computer.tools())
    assert done.ok
    assert computer.files() == before
    assert computer.tools().profiles.all() == ()
    # Stored items stay.
    assert len(computer.store.names("access-key/")) == 2
    with pytest.raises(CredGuardError, match="no import to undo"):
        undo_import(computer.tools())


def test_without_a_config_file_there_is_none_again(tmp_path: Path) -> None:
    computer = Computer(tmp_path)
    computer.write(f"[default]\naws_access_key_id={KEY}\naws_secret_access_key={SECRET}".encode())
    before = computer.files()
    assert all(o.ok for o in computer.import_all())
    assert undo_import(computer.tools()).ok
    assert computer.files() == before


def test_later_changes_stay(computer: Computer) -> None:
    assert all(o.ok for o in computer.import_all())
    for path in (computer.config, computer.credentials):
        data = Path(path).read_bytes().replace(b"[", b"# new\n[", 1)
        Path(path).write_bytes(data + b"[profile new]\nregion = eu-west-3\n")
    assert undo_import(computer.tools()).ok
    assert computer.resolved("work") == (KEY, "shared-credentials-file")
    assert computer.resolved("büro münchen") == (KEY_2, "shared-credentials-file")
    for path, old in ((computer.config, CONFIG), (computer.credentials, CREDENTIALS)):
        data = Path(path).read_bytes()
        assert data.endswith(b"[profile new]\nregion = eu-west-3\n")
        assert data.replace(b"# new\n", b"").startswith(old)


def test_a_rotated_key_comes_back_as_it_is_today(computer: Computer) -> None:
    assert all(o.ok for o in computer.import_all("aws", ("work",)))
    (link,) = computer.tools().profiles.all()
    fresh, secret = "AKIAZQ4ROTATEEXAMPLE", "ROTATEDFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY12"
    item = items.access_key_item(fresh, "", "123456789012", None, None)
    computer.store.write(items.access_key(fresh), {**item, "secret": Secret(secret)})
    profile = computer.store.read(items.profile(link.profile_id))
    assert profile is not None
    computer.store.write(items.profile(link.profile_id), {**profile, "access_key_id": fresh})
    assert undo_import(computer.tools()).ok
    assert computer.resolved("work") == (fresh, "shared-credentials-file")
    expected = CREDENTIALS.replace(KEY.encode(), fresh.encode()).replace(SECRET.encode(), secret.encode())
    # The old key's session token is not put beside the new key.
    assert Path(computer.credentials).read_bytes() == expected.replace(
        b"aws_session_token = stale-EXAMPLE\r\n", b""
    )
    assert Path(computer.config).read_bytes() == CONFIG


def test_a_profile_that_the_import_made_goes_with_its_line(computer: Computer) -> None:
    path = computer.downloads / "alice_accessKeys.csv"
    path.write_text(f"Access key ID,Secret access key\n{KEY},{SECRET}\n")
    before = computer.files()
    assert all(o.ok for o in computer.import_all(f"csv:{path}", ("fresh",)))
    assert computer.resolved("fresh") == (KEY, "custom-process")
    assert undo_import(computer.tools()).ok
    assert computer.files() == before
    assert path.exists()


def test_csv_comes_back(computer: Computer) -> None:
    path = computer.downloads / "alice_accessKeys.csv"
    data = f"Access key ID,Secret access key\r\n{KEY},{SECRET}\r\n".encode()
    path.write_bytes(data)
    assert all(o.ok for o in computer.import_all(f"csv:{path}"))
    assert not path.exists()
    assert undo_import(computer.tools()).ok
    assert path.read_bytes() == data


def test_the_folder_alone_is_enough(computer: Computer) -> None:
    before = computer.files()
    assert all(o.ok for o in computer.import_all())
    computer.database.close()
    for file in (computer.folder / "state").glob("catalog.sqlite*"):
        file.unlink()
    again = Computer(computer.folder)
    assert undo_import(again.tools()).ok
    assert again.files() == before


def test_imports_are_undone_newest_first(computer: Computer) -> None:
    before = computer.files()
    assert all(o.ok for o in computer.import_all("aws", ("work",)))
    middle = computer.files()
    tools = computer.tools()
    later = type("Later", (), {"now": lambda self: tools.clock.now() + 60})()
    assert all(o.ok for o in computer.import_all(clock=later))
    assert undo_import(tools).ok
    assert computer.files() == middle
    assert undo_import(tools).ok
    assert computer.files() == before


def test_an_undo_that_would_change_another_profile_is_refused(computer: Computer) -> None:
    assert all(o.ok for o in computer.import_all("aws", ("work",)))
    Path(computer.credentials).write_bytes(b"[work\n")
    before = computer.files()
    with pytest.raises(CredGuardError):
        undo_import(computer.tools())
    assert computer.files() == before


def test_a_damaged_copy_is_said(computer: Computer) -> None:
    assert all(o.ok for o in computer.import_all())
    before = computer.files()
    for copy in computer.backups.glob("*.cgb"):
        data = copy.read_bytes()
        copy.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(CredGuardError) as caught:
        undo_import(computer.tools())
    assert caught.value.code == "backup-unreadable"
    assert computer.files() == before


def test_no_secret_stands_in_a_copy_or_in_the_journal(computer: Computer) -> None:
    assert all(o.ok for o in computer.import_all())
    assert list(computer.backups.glob("*.cgb"))
    assert computer.plaintext_left() == computer.plaintext_left(SECRET_2) == []


def test_old_copies_go_and_those_of_the_newest_import_stay(tmp_path: Path) -> None:
    day = 86_400.0
    start = 1_790_000_000.0
    names = [backups.backup_name(start + n * day, f"{n:08x}", "0" * 16) for n in (0, 5, 6)]
    names.append(backups.backup_name(start + 6 * day, f"{6:08x}", "1" * 16))
    for name in names:
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "other").write_bytes(b"")
    assert backups.prune(str(tmp_path), start + 93 * day) == 1
    assert backups.prune(str(tmp_path), start + 1000 * day) == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(["other", *names[2:]])


def test_what_somebody_wrote_under_our_heading_keeps_its_heading(computer: Computer) -> None:
    assert all(o.ok for o in computer.import_all())
    with open(computer.config, "ab") as file:
        file.write(b"region = eu-south-1\n")
    assert undo_import(computer.tools()).ok
    end = "\n[profile 'büro münchen']\nregion = eu-south-1\n".encode()
    assert Path(computer.config).read_bytes() == CONFIG + end
    assert computer.resolved("büro münchen") == (KEY_2, "shared-credentials-file")


def test_an_undo_waits_for_a_rotation_of_the_key(computer: Computer) -> None:
    """Nobody writes a key down while another process may be replacing it."""
    assert all(o.ok for o in computer.import_all("aws", ("work",)))
    before = computer.files()
    late = FakeClock()
    began = late.at
    tools = computer.tools()
    held = Interlock(str(computer.folder / "state" / "run"), late)
    with tools.interlock.hold(f"key-{KEY}"), pytest.raises(CredGuardError) as caught:
        undo_import(computer.tools(interlock=held))
    assert caught.value.code == "busy"
    assert late.at - began >= 30
    assert computer.files() == before
    assert undo_import(tools).ok


def test_another_key_put_there_by_hand_stays(computer: Computer) -> None:
    assert all(o.ok for o in computer.import_all("aws", ("work",)))
    path = Path(computer.credentials)
    other = f"aws_access_key_id = {KEY_2}\naws_secret_access_key = {SECRET_2}\n"
    lines = path.read_bytes().splitlines(keepends=True)
    at = next(n for n, line in enumerate(lines) if line.strip() == b"[work]")
    path.write_bytes(b"".join([*lines[: at + 1], other.encode(), *lines[at + 1 :]]))
    before = computer.files()
    assert computer.resolved("work")[0] == KEY_2
    with pytest.raises(CredGuardError, match="leaves no place for the lines of work") as caught:
        undo_import(computer.tools())
    assert caught.value.code == "undo-refused"
    assert computer.files() == before


def test_a_damaged_copy_keeps_no_other_one_from_coming_back(computer: Computer) -> None:
    assert all(o.ok for o in computer.import_all())
    damaged, whole = (computer.backups / copy.name for copy in backups.listed(str(computer.backups)))
    data = bytearray(damaged.read_bytes())
    data[50] ^= 1
    damaged.write_bytes(data)
    assert plan(computer.tools()).count == 1
    done = undo_import(computer.tools())
    assert [failure.code for failure in done.failures] == ["backup-unreadable"]
    assert damaged.name in str(done.failures[0].what)
    methods = {computer.resolved(name)[1] for name in ("work", "büro münchen")}
    assert methods == {"shared-credentials-file", "custom-process"}
    whole.write_bytes(bytes(data))
    with pytest.raises(CredGuardError) as caught:
        plan(computer.tools())
    assert caught.value.code == "backup-unreadable"
