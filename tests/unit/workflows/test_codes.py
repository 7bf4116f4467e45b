"""Codes added, removed, shown and sent: no step is ever sent twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from credguard.catalog.database import open_database
from credguard.catalog.devices import Devices
from credguard.domain import otp
from credguard.domain.errors import CredGuardError, Locked
from credguard.domain.otp import OtpEntry
from credguard.domain.secret import Secret
from credguard.domain.text import text
from credguard.exchange.qr import read_bytes, read_picture
from credguard.system.interlock import Interlock
from credguard.workflows.codes import Codes, known_in
from tests.support.clock import FakeClock
from tests.support.stores import MemoryBackend, memory_store

ADDRESS = "otpauth://totp/AWS:m.keller?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[tuple[Codes, FakeClock, MemoryBackend]]:
    database = open_database(str(tmp_path / "catalog.sqlite"))
    clock = FakeClock()
    store, backend = memory_store()
    yield Codes(store, Devices(database), Interlock(str(tmp_path / "run")), clock), clock, backend
    database.close()


World = tuple[Codes, FakeClock, MemoryBackend]


def test_added_shown_removed_and_back(world: World) -> None:
    codes, clock, _ = world
    entry = codes.add(otp.parse_address(ADDRESS))
    shown = codes.show(entry.entry_id)
    assert shown.code.code == otp.code_at(entry, clock.now()).code
    assert not shown.used
    codes.remove(entry.entry_id)
    assert codes.entries() == ()
    clock.sleep(6 * 86_400)
    assert codes.sweep() == 0
    assert codes.restore(entry.entry_id).name == "AWS:m.keller"
    codes.remove(entry.entry_id)
    clock.sleep(8 * 86_400)
    assert codes.sweep() == 1
    with pytest.raises(CredGuardError) as caught:
        codes.get(entry.entry_id)
    assert caught.value.code == "no-such-code"


def test_the_same_code_twice_is_refused_and_names_stay_apart(world: World) -> None:
    codes, _, _ = world
    codes.add(otp.parse_address(ADDRESS))
    with pytest.raises(CredGuardError) as caught:
        codes.add(otp.parse_address(ADDRESS))
    assert caught.value.code == "code-already-here"
    other = codes.add(otp.parse_address(ADDRESS.replace("JBSWY3DP", "KBSWY3DP")))
    assert other.name == "AWS:m.keller (2)"


def test_one_unreadable_code_hides_no_other(world: World) -> None:
    codes, _, backend = world
    entry = codes.add(otp.parse_address(ADDRESS))
    backend.items["totp/broken"] = '{"v":1,"name":"Broken","secret":"0189"}'
    backend.items["index/0"] = backend.items["index/0"].replace("totp/", 'totp/broken","totp/', 1)
    found = codes.entries()
    assert [type(f).__name__ for f in found] == ["OtpEntry", "CredGuardError"]
    assert entry in found


def test_five_codes_at_once_and_none_twice(world: World) -> None:
    codes, clock, _ = world
    entry = codes.add(otp.parse_address(ADDRESS))
    sent = [codes.send(entry).reveal() for _ in range(5)]
    assert len(set(sent)) == 5
    step = otp.step_at(entry, clock.now())
    assert sent[0] == otp.code_of_step(entry, step)
    assert codes.show(entry.entry_id).used
    with pytest.raises(CredGuardError) as caught:
        codes.send(entry)
    assert caught.value.code == "codes-spent"


def test_a_code_a_person_took_is_avoided(world: World) -> None:
    codes, clock, _ = world
    entry = codes.add(otp.parse_address(ADDRESS))
    codes.note_shown(entry.entry_id)
    assert codes.send(entry).reveal() != otp.code_at(entry, clock.now()).code
    assert not codes.show(entry.entry_id).used


def test_two_failures_stop(world: World) -> None:
    codes, _, _ = world
    entry = codes.add(otp.parse_address(ADDRESS))
    for _ in range(2):
        codes.send(entry)
        codes.note_answer(entry, False)
    with pytest.raises(CredGuardError) as caught:
        codes.send(entry)
    assert caught.value.code == "codes-stopped"
    assert "credguard mfa resync" in str(caught.value.next)


@pytest.mark.parametrize(("offset", "says"), [(95.0, "95 seconds behind"), (-95.0, "95 seconds ahead")])
def test_two_failures_with_a_clock_that_is_off_say_so(world: World, offset: float, says: str) -> None:
    codes, _, _ = world
    codes = replace(codes, offset=lambda: offset)
    entry = codes.add(otp.parse_address(ADDRESS))
    for _ in range(2):
        codes.send(entry)
        codes.note_answer(entry, False)
    with pytest.raises(CredGuardError) as caught:
        codes.send(entry)
    assert caught.value.code == "codes-stopped"
    assert says in str(caught.value.next)


def test_the_tenth_code_of_three_minutes_is_refused_here(world: World) -> None:
    codes, clock, _ = world
    clock.at -= clock.at % 180
    entry = codes.add(otp.parse_address(ADDRESS))
    for _ in range(4):
        codes.send(entry)
    clock.sleep(150)
    for _ in range(5):
        codes.send(entry)
    with pytest.raises(CredGuardError) as caught:
        codes.send(entry)
    assert caught.value.code == "tries-spent"
    assert "30 seconds" in str(caught.value.next)
    clock.sleep(30)
    codes.send(entry)


def test_the_counter_moves_before_the_code_is_shown(world: World) -> None:
    codes, _, _ = world
    entry = codes.add(otp.parse_address(ADDRESS.replace("totp/", "hotp/") + "&counter=3"))
    first = codes.show(entry.entry_id).code
    assert first.code == otp.code_of_step(entry, 3)
    assert codes.get(entry.entry_id).counter == 4
    codes.show(entry.entry_id, move_counter=False)
    assert codes.get(entry.entry_id).counter == 4


def _picture(text: str, path: Path) -> None:
    import segno

    segno.make(text).save(str(path), scale=4)


def test_a_qr_picture_and_what_is_none(tmp_path: Path) -> None:
    _picture(ADDRESS, tmp_path / "qr.png")
    assert read_picture(str(tmp_path / "qr.png")) == (ADDRESS,)
    for data in (b"", b"x", (tmp_path / "qr.png").read_bytes()[:60], b"GIF89a" + b"\0" * 50):
        with pytest.raises(CredGuardError):
            read_bytes(data)
    from PIL import Image

    Image.new("L", (50, 50), 255).save(tmp_path / "white.png")
    with pytest.raises(CredGuardError) as caught:
        read_picture(str(tmp_path / "white.png"))
    assert caught.value.code == "no-qr-code"
    with pytest.raises(CredGuardError):
        read_picture(str(tmp_path / "nothing.png"))


def test_a_picture_bomb_is_refused(tmp_path: Path) -> None:
    from PIL import Image

    Image.new("1", (9000, 9000), 1).save(tmp_path / "bomb.png")
    with pytest.raises(CredGuardError) as caught:
        read_picture(str(tmp_path / "bomb.png"))
    assert caught.value.code == "picture-unreadable"


def test_an_entry_of_an_account_is_found_by_its_user(world: World) -> None:
    from dataclasses import replace

    codes, _, _ = world
    serial = "arn:aws:iam::482011739056:mfa/m.keller"
    made: OtpEntry = replace(otp.parse_address(ADDRESS), serial=serial, account_id="482011739056")
    entry = codes.add(made)
    assert codes.of_serial(serial) == entry
    assert codes.of_account("482011739056", "m.keller") == entry
    assert codes.of_account("000000000000") is None


def test_a_user_with_two_devices_of_other_names_has_a_code(world: World) -> None:
    """Neither serial ends in the user's name: whose they are is known from AWS, or from the address."""
    codes, _, _ = world
    account, path = "482011739056", "arn:aws:iam::482011739056:mfa"

    def add(serial: str | None, label: str, seed: str) -> OtpEntry:
        entry = OtpEntry("", Secret(seed * 16), account=label, serial=serial, account_id=account)
        return codes.add(entry, label or serial)

    phone, laptop = add(f"{path}/phone", "", "A"), add(f"{path}/laptop", "", "B")
    assert codes.of_account(account, "m.keller") is None
    assert codes.of_account(account, "m.keller", {f"{path}/laptop"}) == laptop
    assert codes.of_account(account, "m.keller", {f"{path}/phone", f"{path}/laptop"}) in (phone, laptop)
    ours = add(f"{path}/m.keller-credguard-x2y3", "m.keller", "C")
    site = add(f"{path}/tablet", "j.braun@northwind", "D")
    mail = add(f"{path}/watch", "j.braun@northwind.example", "E")
    assert codes.of_account(account, "m.keller") == ours
    assert codes.of_account(account, "j.braun") == site
    assert codes.of_account(account, "j.braun@northwind.example") == mail
    assert codes.of_account(account, "j") is None
    assert codes.of_account(account, "keller") is None


def test_a_code_given_to_a_person_is_not_sent_by_us(world: World) -> None:
    codes, clock, _ = world
    entry = codes.add(otp.parse_address(ADDRESS))
    looked = codes.show(entry.entry_id)
    given = codes.show(entry.entry_id, given=True)
    assert looked.code == given.code
    assert codes.send(entry).reveal() != given.code.code
    again = codes.show(entry.entry_id, given=True)
    assert (again.code.code, again.used) == (given.code.code, False)  # it may be shown again
    codes.show(entry.entry_id, at=clock.now() + 30, given=True)
    assert codes.send(entry).reveal()  # --at marks nothing


def test_one_item_that_cannot_be_read_hides_no_other(world: World) -> None:
    codes, _, backend = world
    entry = codes.add(otp.parse_address(ADDRESS))
    codes.add(otp.parse_address(ADDRESS.replace("JBSW", "KBSW").replace("m.keller", "other")))
    backend.items[f"totp/{entry.entry_id}"] = "no JSON at all"
    unreadable, readable = sorted(codes.entries(), key=lambda e: isinstance(e, OtpEntry))
    assert isinstance(unreadable, CredGuardError)
    assert isinstance(readable, OtpEntry)


def test_a_removed_code_that_is_added_again_keeps_what_was_sent(world: World) -> None:
    codes, _, _ = world
    entry = codes.add(otp.parse_address(ADDRESS))
    sent = [codes.send(entry).reveal() for _ in range(3)]
    codes.remove(entry.entry_id)
    again = codes.add(otp.parse_address(ADDRESS))
    more = [codes.send(again).reveal() for _ in range(2)]
    assert len({*sent, *more}) == 5


def test_a_clock_that_was_years_ahead_for_a_moment_frees_no_code(world: World) -> None:
    codes, clock, _ = world
    entry = codes.add(otp.parse_address(ADDRESS))
    now = clock.now()
    sent = [codes.send(entry).reveal() for _ in range(3)]
    clock.at = now + 3 * 365 * 86_400
    codes.send(entry)
    clock.at = now
    more = [codes.send(entry).reveal() for _ in range(2)]
    assert len({*sent, *more}) == 5
    with pytest.raises(CredGuardError, match="sent already"):
        codes.send(entry)


def test_a_counter_is_not_set_back_by_a_removal(world: World, tmp_path: Path) -> None:
    codes, _, _ = world
    entry = codes.add(otp.parse_address(ADDRESS.replace("totp/", "hotp/") + "&counter=7"))
    with Interlock(str(tmp_path / "run")).hold("codes"):
        for change in (codes.remove, codes.restore):
            with pytest.raises(CredGuardError) as caught:  # as while another process moves the counter
                change(entry.entry_id)
            assert caught.value.code == "busy"
    first, second = (codes.show(entry.entry_id).code.code for _ in range(2))
    assert first != second
    codes.remove(entry.entry_id)
    assert codes.restore(entry.entry_id).counter == 9


def test_a_counter_entry_is_no_mfa_device(world: World) -> None:
    codes, _, _ = world
    serial, account = "arn:aws:iam::123456789012:mfa/alice", "123456789012"
    hotp = otp.parse_address(ADDRESS.replace("totp/", "hotp/") + "&counter=7")
    codes.add(replace(hotp, serial=serial, account_id=account))
    assert codes.of_serial(serial) is None
    assert codes.of_account(account) is None


def test_the_clock_of_aws_counts_where_this_one_is_wrong(world: World) -> None:
    codes, clock, _ = world
    entry = codes.add(otp.parse_address(ADDRESS))
    for offset, step in ((0.0, 0), (3.0, 0), (-9.0, 0), (120.0, 4), (-240.0, -8)):
        moved = replace(codes, offset=lambda offset=offset: offset)
        clock.at = 1_800_000_005.0
        present = otp.step_at(entry, clock.at)
        assert moved.show(entry.entry_id).code.step == present + step


def test_what_was_removed_long_ago_goes_with_the_next_removal(world: World) -> None:
    codes, clock, backend = world
    first = codes.add(otp.parse_address(ADDRESS))
    other = codes.add(otp.parse_address(ADDRESS.replace("JBSW", "KBSW")))
    codes.remove(first.entry_id)
    clock.sleep(8 * 86_400)
    assert f"totp/{first.entry_id}" in backend.items
    codes.remove(other.entry_id)
    assert f"totp/{first.entry_id}" not in backend.items


def test_the_pair_for_aws_is_the_last_step_and_this_one(world: World) -> None:
    codes, clock, _ = world
    entry = codes.add(otp.parse_address(ADDRESS))
    before, now, left, period = codes.pair(entry.entry_id)
    assert now == otp.code_at(entry, clock.now()).code
    clock.sleep(left)
    following = codes.pair(entry.entry_id)
    assert following[0] == now
    assert before not in following
    assert period == 30
    assert not codes.show(entry.entry_id).used  # looking marks nothing


def test_what_is_offered_is_not_stored_and_moves_no_counter(world: World) -> None:
    codes, _, _ = world
    entry = otp.parse_address(ADDRESS.replace("totp", "hotp") + "&counter=4")
    assert codes.offered(entry).code.code == codes.offered(entry).code.code
    assert codes.entries() == ()


def test_a_screen_of_codes_comes_in_one_answer_and_moves_no_counter(world: World) -> None:
    codes, clock, backend = world
    timed = codes.add(otp.parse_address(ADDRESS))
    counted = codes.add(otp.parse_address("otpauth://hotp/VPN?secret=OFFICEEXAMPLEOFFICEEXAMP&counter=7"))
    backend.items["totp/broken"] = '{"v":1,"id":"broken"}'
    found = codes.show_many([timed.entry_id, "broken", "gone", counted.entry_id])
    assert list(found) == [timed.entry_id, counted.entry_id]
    assert found[timed.entry_id].code == otp.code_at(timed, clock.now())
    assert codes.get(counted.entry_id).counter == 7
    assert not codes.devices.was_shown(f"entry/{timed.entry_id}", found[timed.entry_id].code.step)


def test_a_store_that_is_closed_is_no_empty_screen(world: World) -> None:
    codes, _, backend = world
    entry = codes.add(otp.parse_address(ADDRESS))

    def closed(method: str, name: str) -> None:
        raise Locked("vault-locked", text("Locked."), text("Open it."))

    backend.fail = closed
    with pytest.raises(Locked):
        codes.show_many([entry.entry_id])


def test_everything_is_read_once_and_what_is_over_goes(world: World) -> None:
    codes, clock, _ = world
    kept = codes.add(otp.parse_address(ADDRESS))
    gone = codes.add(otp.parse_address("otpauth://totp/Mail?secret=MAILEXAMPLEMAILEXAMPLEMA"))
    codes.remove(gone.entry_id)
    assert {e.entry_id for e in codes.everything() if isinstance(e, OtpEntry)} == {
        kept.entry_id, gone.entry_id,
    }  # fmt: skip
    clock.sleep(8 * 86_400)
    assert [e.entry_id for e in codes.everything() if isinstance(e, OtpEntry)] == [kept.entry_id]
    assert codes.entries(deleted=True) == ()


@pytest.mark.parametrize(
    ("offset", "why"), [(0.0, "device"), (9.0, "device"), (42.0, "clock"), (-42.0, "clock")]
)
def test_two_refusals_pause_a_device_with_the_reason(world: World, offset: float, why: str) -> None:
    codes = replace(world[0], offset=lambda: offset)
    clock = world[1]
    entry = codes.add(otp.parse_address(ADDRESS))
    assert codes.show(entry.entry_id).pause is None
    for _ in range(2):
        codes.send(entry)
        codes.note_answer(entry, False)
    until = clock.now() + 180
    assert codes.show(entry.entry_id).pause == otp.Pause(until, why)
    clock.sleep(1)
    assert codes.show_many([entry.entry_id])[entry.entry_id].pause == otp.Pause(until, why)
    codes.try_again(entry.entry_id)
    assert codes.show(entry.entry_id).pause is None


def test_nine_tries_pause_a_device_until_the_window_ends(world: World) -> None:
    codes, clock, _ = world
    clock.at -= clock.at % 180
    entry = codes.add(otp.parse_address(ADDRESS))
    start = clock.now()
    for _ in range(9):
        codes.devices.note_try(f"entry/{entry.entry_id}", clock.now(), True)
    assert codes.show(entry.entry_id).pause == otp.Pause(start + 180, "budget")
    codes.try_again(entry.entry_id)
    assert codes.show(entry.entry_id).pause is not None, "a person cannot give AWS more tries"
    clock.sleep(180)
    assert codes.show(entry.entry_id).pause is None


def test_a_new_device_is_known_to_aws_within_fourteen_seconds() -> None:
    assert [known_in(100.0, at) for at in (100.0, 100.5, 108.0, 113.2, 114.0, 300.0)] == [14, 14, 6, 1, 0, 0]
    assert known_in(100.0, 40.0) == 14, "a clock that was set back promises nothing more"
