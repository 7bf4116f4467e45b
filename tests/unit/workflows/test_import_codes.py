"""An import of codes: previewed, compared, stored in one write or not at all."""

from __future__ import annotations

import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from credguard.catalog.database import open_database
from credguard.catalog.devices import Devices
from credguard.domain import otp
from credguard.domain.errors import CredGuardError, Locked
from credguard.domain.otp import OtpEntry
from credguard.domain.secret import Secret
from credguard.domain.text import Text
from credguard.exchange import detect
from credguard.exchange.apart import read_apart
from credguard.exchange.parsed import Parsed
from credguard.system.interlock import Interlock
from credguard.vault.store import SecretStore
from credguard.workflows.codes import Codes
from credguard.workflows.codes_adding import plan_all
from credguard.workflows.export_codes import export_codes
from credguard.workflows.import_codes import Preview, Source, apply, preview
from tests.support import code_files as files
from tests.support.clock import FakeClock
from tests.support.stores import CHEAP, MemoryBackend, memory_store, sealed_store

PASSWORD = Secret(files.PASSWORD)
FAST = {"n": 2, "r": 8, "p": 1}


def _read(data: bytes, password: Secret | None = None, key_file: bytes | None = None,
          format_name: str | None = None, cancelled: Any = None) -> Parsed:  # fmt: skip
    return detect.read(data, password, key_file, format_name)


def _book(tmp_path: Path, store: SecretStore) -> Codes:
    database = open_database(str(tmp_path / "catalog.sqlite"))
    return Codes(store, Devices(database), Interlock(str(tmp_path / "run")), FakeClock())


@pytest.fixture
def world(tmp_path: Path) -> tuple[Codes, MemoryBackend]:
    store, backend = memory_store()
    return _book(tmp_path, store), backend


World = tuple[Codes, MemoryBackend]


def _preview(book: Codes, *data: bytes, **more: Any) -> Preview:
    sources = [Source(f"file-{n}", one) for n, one in enumerate(data)]
    given = {"reader": _read, "ask": lambda name, wrong: None, **more}
    return preview(sources, book=lambda: book, **given)


def _stored(book: Codes) -> list[OtpEntry]:
    return [e for e in book.entries() if isinstance(e, OtpEntry)]


# ── preview and apply ────────────────────────────────────────────────────────────────────────────
def test_a_preview_stores_nothing_and_shows_no_secret(world: World) -> None:
    book, backend = world
    plan = _preview(book, files.PLAIN["aegis"])
    assert [row.state for row in plan.rows] == ["new"] * 3
    assert backend.items == {}
    assert files.SEED not in repr(plan)
    assert files.SEED not in str(plan)


def test_apply_stores_what_was_shown_and_again_nothing(world: World) -> None:
    book, _ = world
    done = apply(_preview(book, files.PLAIN["2fas"]), book)
    assert len(done.added) == 3
    assert [(e.name, e.secret) for e in _stored(book)] == [
        ("AWS:m.keller", Secret(files.SEED)),
        ("Bank:ops", Secret(files.SEED_3)),
        ("Tax office:m.keller", Secret(files.SEED_2)),
    ]
    plan = _preview(book, files.PLAIN["proton"])
    assert [row.state for row in plan.rows] == ["duplicate"] * 3
    assert apply(plan, book).added == frozenset()


def test_only_what_is_chosen(world: World) -> None:
    book, _ = world
    done = apply(_preview(book, files.PLAIN["uris"]), book, chosen=[1])
    assert done.added == {1}
    assert [e.name for e in _stored(book)] == ["Tax office:m.keller"]


def test_the_same_name_with_another_secret_and_the_same_twice_in_a_file(world: World) -> None:
    book, _ = world
    one, *_ = files.ADDRESSES.splitlines()
    words = "\n".join([one, one.replace(files.SEED, files.SEED_2), one])
    plan = _preview(book, words.encode())
    assert [(row.state, row.name) for row in plan.rows] == [
        ("new", "AWS:m.keller"),
        ("new", "AWS:m.keller (2)"),
        ("duplicate", "AWS:m.keller"),
    ]
    assert "(2)" in str(plan.rows[1].notes[-1])
    apply(plan, book)
    assert len(_stored(book)) == 2


def test_a_higher_counter_is_offered(world: World) -> None:
    book, _ = world
    line = files.ADDRESSES.splitlines()[2]
    apply(_preview(book, line.encode()), book)
    higher = line.replace("counter=41", "counter=50").encode()
    assert [row.state for row in _preview(book, higher).rows] == ["counter"]
    assert apply(_preview(book, higher), book).moved == frozenset()
    assert _stored(book)[0].counter == 41
    assert apply(_preview(book, higher), book, counters=True).moved == {0}
    assert _stored(book)[0].counter == 50
    lower = line.replace("counter=41", "counter=7").encode()
    assert [row.state for row in _preview(book, lower).rows] == ["duplicate"]
    assert len(_stored(book)) == 1


def test_a_removed_code_that_comes_back_is_the_same_device(world: World) -> None:
    book, _ = world
    apply(_preview(book, files.PLAIN["uris"]), book)
    before = _stored(book)[0]
    book.remove(before.entry_id)
    apply(_preview(book, files.PLAIN["uris"]), book)
    assert {e.entry_id for e in _stored(book)} >= {before.entry_id}


def test_parts_in_two_files_and_a_missing_one(world: World) -> None:
    book, _ = world
    parts = [
        files.google([files.google_entry(files.raw(seed), name)], 3, index).encode()
        for index, (seed, name) in enumerate([(files.SEED, "a"), (files.SEED_2, "b"), (files.SEED_3, "c")])
    ]
    plan = _preview(book, parts[2], parts[0])
    assert [(part.index, part.size) for part in plan.missing_parts] == [(1, 3)]
    apply(plan, book)
    assert _preview(book, *parts).missing_parts == ()
    apply(_preview(book, parts[1]), book)
    assert len(_stored(book)) == 3


# ── passwords ────────────────────────────────────────────────────────────────────────────────────
def test_a_person_is_asked_and_may_mistype(world: World) -> None:
    book, _ = world
    asked: list[tuple[str, Text | None]] = []

    def ask(name: str, wrong: Text | None) -> Secret:
        asked.append((name, wrong))
        return PASSWORD if len(asked) == 3 else Secret("wrong")

    assert len(_preview(book, files.ENCRYPTED["aegis"], ask=ask).held) == 3
    assert [wrong is None for _, wrong in asked] == [True, False, False]
    with pytest.raises(CredGuardError) as caught:
        _preview(book, files.ENCRYPTED["aegis"], ask=lambda name, wrong: Secret("wrong"))
    assert caught.value.code == "wrong-passphrase"


def test_nobody_to_ask_is_locked_and_a_given_password_is_not_asked_again(world: World) -> None:
    book, _ = world
    with pytest.raises(Locked) as caught:
        _preview(book, files.ENCRYPTED["2fas"])
    assert caught.value.code == "password-needed"
    with pytest.raises(CredGuardError) as wrong:
        _preview(book, files.ENCRYPTED["2fas"], password=Secret("wrong"), ask=_never)
    assert wrong.value.code == "wrong-passphrase"


def _never(*_: object) -> Secret:
    raise AssertionError("asked")


# ── all or nothing ───────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("method", ["set", "get"])
@pytest.mark.parametrize("which", range(3))
def test_a_keychain_that_fails_half_way_has_none_of_them(world: World, method: str, which: int) -> None:
    book, backend = world
    apply(_preview(book, b"otpauth://totp/first?secret=MFRGGZDFMFRGGZDFMFRGGZDFMFRGGZDF"), book)
    before = dict(backend.items)
    plan = _preview(book, files.PLAIN["uris"])
    seen: list[str] = []

    def fail(what: str, name: str) -> None:
        if what == "set" and name.startswith("totp/") and name not in before and name not in seen:
            seen.append(name)
        if what == method and len(seen) == which + 1 and name == seen[-1]:
            raise CredGuardError("store-silent", Text("what"), Text("next"))

    backend.fail = fail
    with pytest.raises(CredGuardError):
        apply(plan, book)
    backend.fail = lambda what, name: None
    assert backend.items == before
    assert len(apply(plan, book).added) == 3


def test_one_write_of_the_sealed_vault(tmp_path: Path) -> None:
    store = sealed_store(tmp_path)
    book = _book(tmp_path, store)
    store.write("totp/x", otp.to_item(OtpEntry("x", Secret("MFRGGZDFMFRGGZDF"), name="x")))
    vault = store._backend.vault  # type: ignore[attr-defined]
    before = vault.loaded().file.generation
    apply(_preview(book, files.PLAIN["uris"]), book)
    assert vault.loaded().file.generation == before + 1
    assert len(_stored(book)) == 4


def test_long_items_are_split_and_taken_back(world: World) -> None:
    book, backend = world
    long = "A" * 1600
    words = f"otpauth://totp/{'n' * 256}?secret={long}\notpauth://totp/b?secret={files.SEED}\n".encode()

    def fail(what: str, name: str) -> None:
        if what == "get" and files.SEED in backend.items.get(name, ""):
            raise CredGuardError("store-silent", Text("what"), Text("next"))

    backend.fail = fail
    with pytest.raises(CredGuardError):
        apply(_preview(book, words), book)
    backend.fail = lambda what, name: None
    assert set(backend.items) <= {"index/0"}
    assert book.store.names() == ()
    assert len(apply(_preview(book, words), book).added) == 2
    assert {e.secret for e in _stored(book)} == {Secret(long), Secret(files.SEED)}
    assert all(len(value) * 2 <= 2560 for value in backend.items.values())


def test_twenty_thousand_names_stay_apart() -> None:
    letters = str.maketrans("0123456789", "ABCDEFGHIJ")
    seeds = [f"MFRGGZDF{n:08d}".translate(letters) for n in range(20_000)]
    entries = [OtpEntry("", Secret(seed), issuer="same", name="same") for seed in seeds]
    plan = plan_all(entries, (), (), False)
    assert len(plan.writes) == 20_000
    assert len({e.name for e in plan.writes}) == len(plan.writes)


# ── apart ────────────────────────────────────────────────────────────────────────────────────────
def test_the_child_reads_what_the_function_reads() -> None:
    for name in ("uris", "aegis", "bitwarden-zip"):
        assert read_apart(files.PLAIN[name]) == detect.read(files.PLAIN[name])
    for name in ("ente", "bitwarden-argon2"):
        assert read_apart(files.ENCRYPTED[name], PASSWORD) == detect.read(files.ENCRYPTED[name], PASSWORD)
    with pytest.raises(CredGuardError) as caught:
        read_apart(files.ENCRYPTED["aegis"], Secret("wrong"))
    assert caught.value.code == "wrong-passphrase"


def test_a_cancel_ends_the_child() -> None:
    costly = struct.pack(">i", 10_000_000) + bytes(12) + b"\xff" * 60
    asked: list[int] = []

    def cancelled() -> bool:
        asked.append(1)
        return True

    with pytest.raises(CredGuardError) as caught:
        read_apart(costly, PASSWORD, cancelled=cancelled)
    assert caught.value.code == "import-cancelled"
    assert asked == [1]


# ── and out ──────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("shape", ["aegis", "kdbx", "uris", "google-qr"])
def test_what_is_exported_comes_back(world: World, tmp_path: Path, shape: str) -> None:
    book, _ = world
    apply(_preview(book, files.PLAIN["uris"], f"steam://{files.SEED}".encode()), book)
    book.remove(book.add(OtpEntry("", Secret("MFRGGZDFMFRGGZDF"), name="removed")).entry_id)
    path = tmp_path / "out"
    plain = shape in {"uris", "google-qr"}
    done = export_codes(str(path), shape, None if plain else PASSWORD, store=book.store, now=1.0, cost=CHEAP,
                        scrypt=FAST)  # fmt: skip
    assert path.stat().st_mode & 0o777 == 0o600
    if not plain:
        assert files.SEED.encode() not in path.read_bytes()
    left = [name for name, _ in done.left_out]
    assert left == (["Steam", "Tax office:m.keller"] if shape == "google-qr" else [])
    rows = _preview(book, path.read_bytes(), password=None if plain else PASSWORD).rows
    assert [row.state for row in rows] == ["duplicate"] * done.codes
    assert done.codes == 4 - len(left)
    with pytest.raises(CredGuardError) as caught:
        export_codes(str(path), "uris", None, store=book.store, now=1.0)
    assert caught.value.code == "file-exists"


def test_more_than_ten_codes_are_several_pictures(world: World, tmp_path: Path) -> None:
    book, _ = world
    base = OtpEntry("", Secret(files.SEED))
    seeds = [f"{'ABCDEFGHIJKLMNOPQRSTUVWX'[n] * 8}MFRGGZDF" for n in range(23)]
    book.add_all(
        [replace(base, secret=Secret(seed), name=f"code {n}", account=f"{n}") for n, seed in enumerate(seeds)]
    )
    done = export_codes(str(tmp_path / "out.png"), "google-qr", None, store=book.store, now=1.0)
    assert [Path(p).name for p in done.paths] == ["out-1.png", "out-2.png", "out-3.png"]
    plan = _preview(book, *(Path(p).read_bytes() for p in reversed(done.paths)))
    assert ([row.state for row in plan.rows], plan.missing_parts) == (["duplicate"] * 23, ())
    assert _preview(book, Path(done.paths[0]).read_bytes()).missing_parts != ()


# ── names and periods that must not be lost ─────────────────────────────────────────────
@pytest.mark.parametrize("shape", ["aegis", "uris", "kdbx", "google-qr"])
def test_what_a_person_calls_a_code_goes_along(tmp_path: Path, world: World, shape: str) -> None:
    book, _ = world
    book.add(OtpEntry("", Secret(files.SEED), name="My bank"), "My bank")
    path = tmp_path / "out"
    password = None if shape in {"uris", "google-qr"} else PASSWORD
    export_codes(str(path), shape, password, store=book.store, now=1e9, cost=CHEAP, scrypt=FAST)
    (found,) = detect.read(path.read_bytes(), password).entries
    assert (found.entry.name, found.entry.account, found.entry.issuer) == ("My bank", "My bank", "")


@pytest.mark.parametrize("shape", ["aegis", "uris", "kdbx", "google-qr"])
def test_a_counter_code_with_a_period_can_be_exported(tmp_path: Path, world: World, shape: str) -> None:
    book, _ = world
    book.add(OtpEntry("", Secret(files.SEED), "hotp", period=60, counter=7, name="x", account="x"))
    path = tmp_path / "out"
    password = None if shape in {"uris", "google-qr"} else PASSWORD
    export_codes(str(path), shape, password, store=book.store, now=1e9, cost=CHEAP, scrypt=FAST)
    (found,) = detect.read(path.read_bytes(), password).entries
    assert (found.entry.type, found.entry.counter) == ("hotp", 7)
