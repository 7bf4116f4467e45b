"""Every reader of codes, against files made from the description of its format."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credguard.domain.errors import CredGuardError
from credguard.domain.secret import Secret
from credguard.exchange import address_list, aegis, limits
from credguard.exchange.detect import read
from credguard.exchange.parsed import Parsed, Part
from tests.support import code_files as files

PASSWORD = Secret(files.PASSWORD)
#: What may be said of a file that was cut off or changed.
SAID = {
    "codes-damaged", "wrong-passphrase", "codes-unopened", "codes-cost", "codes-newer", "codes-unknown",
    "codes-empty", "codes-not-read",
}  # fmt: skip


def held(found: Parsed) -> tuple[tuple[Any, ...], ...]:
    return tuple(
        (e.type, e.issuer, e.account, e.algorithm, e.digits, e.counter if e.type == "hotp" else e.period,
         e.secret.reveal())
        for e in (r.entry for r in found.entries)
    )  # fmt: skip


def refused(
    data: bytes, password: Secret | None = PASSWORD, format_name: str | None = None
) -> CredGuardError:
    with pytest.raises(CredGuardError) as caught:
        read(data, password, format_name=format_name)
    assert files.SEED not in f"{caught.value.what} {caught.value.next}"
    return caught.value


# ── what they hold ───────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("name", files.PLAIN)
def test_plain_files(name: str) -> None:
    found = read(files.PLAIN[name])
    assert held(found) == files.CODES
    assert (found.format, found.encrypted, found.skipped) == (name.partition("-")[0], False, ())


@pytest.mark.parametrize("name", files.ENCRYPTED)
def test_encrypted_files(name: str) -> None:
    found = read(files.ENCRYPTED[name], PASSWORD)
    assert held(found) == files.CODES
    assert (found.format, found.encrypted) == (name.partition("-")[0], True)


@pytest.mark.parametrize("name", files.ENCRYPTED)
def test_a_wrong_password_and_none(name: str) -> None:
    assert refused(files.ENCRYPTED[name], Secret("wrong")).code in {"wrong-passphrase", "codes-unopened"}
    assert refused(files.ENCRYPTED[name], Secret("\ud800")).code in {"wrong-passphrase", "codes-unopened"}
    assert refused(files.ENCRYPTED[name], None).code == "codes-password"


def test_a_file_with_another_name_of_its_format() -> None:
    for name in ("aegis", "2fas", "andotp", "ente", "bitwarden", "proton"):
        assert held(read(files.ENCRYPTED[name], PASSWORD, format_name=name)) == files.CODES
    assert refused(files.PLAIN["aegis"], format_name="authy").code == "codes-not-read"


@pytest.mark.parametrize(
    "encode",
    [
        lambda s: b"\xef\xbb\xbf" + s.encode(),
        lambda s: s.encode("utf-16"),
        lambda s: b"\xfe\xff" + s.encode("utf-16-be"),
        lambda s: s.replace("\n", "\r\n").encode(),
        lambda s: s.replace("\n", "\r").encode(),
        lambda s: ("# mine\n\n" + s.replace("otpauth", "OTPAUTH")).encode(),
        lambda s: "\0".join(s).encode(),
    ],
)
def test_lists_in_other_encodings_and_line_ends(encode: Any) -> None:
    assert held(read(encode(files.ADDRESSES))) == files.CODES


def test_lines_that_are_no_address_are_named_by_number() -> None:
    words = files.ADDRESSES + "what\notpauth://totp/x?secret=0189\n" + "otpauth://" + "a" * 70_000 + "\n"
    found = read(words.encode())
    assert held(found) == files.CODES
    assert [s.number for s in found.skipped] == [4, 5, 6]
    assert 'the secret has "0"' in str(found.skipped[1].reason).lower()
    assert "0189" not in str(found.skipped)


def test_ente_leaves_its_trash_out() -> None:
    one, *_ = files.ADDRESSES.splitlines()
    shown = "%7B%22pinned%22%3Afalse%2C%22trashed%22%3A{}%7D"
    words = f"{one}&codeDisplay={shown.format('false')}\n{one}&codeDisplay={shown.format('true')}\n"
    found = read((words + f"{one}&codeDisplay=[broken\n").encode())
    assert [r.number for r in found.entries] == [1, 3]
    assert [(s.number, s.name, str(s.reason)) for s in found.skipped] == [
        (2, "AWS:m.keller", "It was in the trash.")
    ]


# ── Google ───────────────────────────────────────────────────────────────────────────────────────
def test_google_in_parts() -> None:
    raw = files.raw(files.SEED)
    first = files.google(
        [
            files.google_entry(raw, "AWS:m.keller", "AWS", algorithm=1, digits=1, type=2),
            files.google_entry(raw, "AWS: root"),
            files.google_entry(raw, "ops", "Bank", algorithm=3, digits=2, type=1, counter=41),
            files.google_entry(raw, "old", "Old", algorithm=4),
            files.google_entry(b"", "empty"),
        ],
        size=3,
    )
    last = files.google([files.google_entry(raw, "z")], size=3, index=2)
    found = read(f"{last}\n{first}\n".encode())
    assert [(e.type, e.issuer, e.account, e.algorithm, e.digits, e.counter) for e in
            (r.entry for r in found.entries)] == [
        ("totp", "", "z", "SHA1", 6, 0),
        ("totp", "AWS", "m.keller", "SHA1", 6, 0),
        ("totp", "AWS", "root", "SHA1", 6, 0),
        ("hotp", "Bank", "ops", "SHA512", 8, 41),
    ]  # fmt: skip
    assert {r.entry.secret.reveal() for r in found.entries} == {files.SEED}
    assert [s.name for s in found.skipped] == ["old", "empty"]
    assert found.missing_parts == (Part(2**64 - 77, 3, 1),)
    assert read(f"{first}\n{last}\n{files.google([], 3, 1)}".encode()).missing_parts == ()


def test_a_damaged_part_counts_for_nothing() -> None:
    good = files.google([files.google_entry(files.raw(files.SEED), "x")])
    cut = files.google([files.google_entry(files.raw(files.SEED), "x")[:-1]])
    found = read(f"{good}\n{cut}\notpauth-migration://offline?data=%%%\n".encode())
    assert [r.number for r in found.entries] == [1]
    assert [s.number for s in found.skipped] == [2, 3]


# ── one entry that cannot be read hides no other ─────────────────────────────────────────────────
def test_each_format_names_what_it_leaves_out() -> None:
    db = files.aegis_db()
    db["entries"] += [
        {"type": "motp", "name": "m", "issuer": "MOTP", "info": {"secret": files.SEED}},
        {"type": "totp", "name": "n", "issuer": "Md5", "info": {"secret": files.SEED, "algo": "MD5"}},
        {"type": "steam", "name": "s", "issuer": "Steam", "info": {"secret": files.SEED, "digits": 5}},
        {"type": "hotp", "name": "h", "issuer": "No counter", "info": {"secret": files.SEED}},
        "what",
        {"type": "totp", "name": "\ud800x\u202e", "issuer": 7, "info": {"secret": files.SEED}},
    ]
    found = read(files.aegis_plain(db))
    assert held(found)[:3] == files.CODES
    assert [(s.number, s.name) for s in found.skipped] == [
        (4, "MOTP"),
        (5, "Md5"),
        (7, "No counter"),
        (8, ""),
    ]
    assert (found.entries[3].entry.type, found.entries[3].entry.digits) == ("steam", 5)
    assert found.entries[4].entry.account == "x"
    assert "Invisible" in str(found.entries[4].notes[0])


def test_bitwarden_values_of_all_kinds() -> None:
    items = [
        {"type": 1, "name": "A", "login": {"username": "u", "totp": "jbsw y3dp ehpk 3pxp"}},
        {"type": 1, "name": "B", "login": {"username": "u", "totp": f"steam://{files.SEED}"}},
        {"type": 1, "name": "C", "login": {"username": "u", "totp": f"otpauth://totp/?secret={files.SEED}"}},
        {"type": 1, "name": "D", "deletedDate": "2026", "login": {"totp": files.SEED}},
        {"type": 1, "name": "E", "login": {"totp": "not base32!"}},
    ]
    found = read(files.bitwarden_plain(items))
    assert [(e.type, e.issuer, e.account) for e in (r.entry for r in found.entries)] == [
        ("totp", "A", "u"),
        ("steam", "Steam", "u"),
        ("totp", "C", "u"),
    ]
    assert [s.name for s in found.skipped] == ["D", "E"]
    assert "short" in str(found.entries[0].notes[0])


def test_2fas_without_details_and_andotp_without_issuer() -> None:
    services = [
        {"name": "X", "secret": files.SEED},
        {"secret": files.SEED, "otp": {"issuer": "I", "label": "l"}},
    ]
    found = read(json.dumps({"schemaVersion": 1, "services": services}).encode())
    assert [(r.entry.issuer, r.entry.account, r.entry.period) for r in found.entries] == [
        ("X", "", 30),
        ("I", "l", 30),
    ]
    rows = [
        {"secret": files.SEED, "label": "GitHub - mkeller", "type": "TOTP"},
        {"secret": files.SEED, "label": "s", "issuer": "Steam", "type": "STEAM", "digits": 6},
        {"secret": files.SEED, "label": "m", "issuer": "M", "type": "MOTP"},
    ]
    found = read(json.dumps(rows).encode())
    assert [(r.entry.issuer, r.entry.account, r.entry.digits) for r in found.entries] == [
        ("GitHub", "mkeller", 6),
        ("Steam", "s", 5),
    ]
    assert len(found.skipped) == 1


def test_the_password_is_right_and_the_content_is_not() -> None:
    for name, where in (("aegis", "db"), ("bitwarden", "data")):
        document = json.loads(files.ENCRYPTED[name])
        value = document[where]
        document[where] = value[:40] + ("A" if value[40] != "A" else "B") + value[41:]
        assert refused(json.dumps(document).encode()).code == "codes-damaged"
    assert refused(files.aegis(content=b"[]")).code in {"codes-damaged"}


# ── cut off, changed ─────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("name", [n for n in files.ENCRYPTED if n != "proton"])
def test_every_truncation_and_every_changed_byte(name: str) -> None:
    """Of files with a cheap key derivation; what changes nothing of the codes may be changed."""
    data = files.ENCRYPTED[name]
    said: set[str] = set()
    for at in range(len(data)):
        for changed in (data[:at], data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]):
            try:
                found = read(changed, PASSWORD)
            except CredGuardError as error:
                said.add(error.code)
            else:
                # 2FAS keeps an empty list beside the sealed one: a changed name of it leaves no code.
                assert held(found) in {files.CODES, ()}, at
                assert changed != data[:at], at
    assert said <= SAID


def test_changed_bytes_of_a_costly_file() -> None:
    data = files.ENCRYPTED["proton"]
    for at in range(0, len(data), 17):
        for changed in (data[:at], data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]):
            assert refused(changed).code in SAID


# ── refused before the work ──────────────────────────────────────────────────────────────────────
def _with(data: bytes, **change: Any) -> bytes:
    document = json.loads(data)
    for path, value in change.items():
        *outer, last = path.split("__")
        inner: Any = document
        for step in outer:
            inner = inner[int(step)] if step.isdigit() else inner[step]
        inner[last] = value
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (_with(files.ENCRYPTED["aegis"], header__slots__1__n=2**35), "32 TB of memory"),
        (_with(files.ENCRYPTED["aegis"], header__slots__1__p=2**22), "rounds"),
        (_with(files.ENCRYPTED["aegis"], header__slots__1__n=10**300), "of memory"),
        (_with(files.ENCRYPTED["ente"], kdfParams__memLimit=2**45), "32 TB of memory"),
        (_with(files.ENCRYPTED["ente"], kdfParams__opsLimit=2**40), "passes"),
        (_with(files.ENCRYPTED["bitwarden"], kdfIterations=2**40), "rounds"),
        (_with(files.ENCRYPTED["bitwarden-argon2"], kdfMemory=2**25), "32 TB of memory"),
        (_with(files.ENCRYPTED["bitwarden-argon2"], kdfParallelism=17), "lanes"),
        (b"[" * 1_000_000, "100 levels"),
        (b'{"a":' * 1_000_000 + b"1" + b"}" * 1_000_000, "100 levels"),
        (b"[" * 101 + b"]" * 101, "100 levels"),
        (b"x" * (32 * limits.MIB + 1), "32 MB"),
        ((files.ADDRESSES.splitlines()[0] + "\n").encode() * 20_001, "20000 codes"),
        (files.bitwarden_zip(b" " * (limits.MAX_INFLATED + 1)), "64 MB"),
    ],
)  # fmt: skip
def test_what_costs_too_much_is_refused(data: bytes, words: str) -> None:
    error = refused(data)
    assert error.code == "codes-cost"
    assert words in str(error.what)


def test_nesting_up_to_the_limit_is_read() -> None:
    assert refused(b"[" * 100 + b"]" * 100).code == "codes-unknown"


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        (b"", "codes-empty", "empty"),
        (files.aegis_plain(version=99), "codes-newer", "a newer Aegis (version 99)"),
        (files.aegis_plain({"version": 4, "entries": []}), "codes-newer", "version 4"),
        (b'{"schemaVersion": 5, "services": []}', "codes-newer", "a newer 2FAS (version 5)"),
        (b"AUTHENTICATORPRO" + bytes(40), "codes-not-read", "Stratum"),
        (b"AuthenticatorPro" + bytes(40), "codes-not-read", "Stratum"),
        (b'{"Authenticators": []}', "codes-not-read", "Stratum"),
        (b'{"tokens": [], "tokenOrder": []}', "codes-not-read", "FreeOTP"),
        (b'{"deviceId": "", "accounts": []}', "codes-not-read", "LastPass"),
        (b'[{"issuer":"a","account":"b","secret":"c","kind":"TOTP"}]', "codes-not-read", "Raivo"),
        (files.bitwarden_zip(name="raivo-otp-export.json"), "codes-not-read", "Raivo"),
        (files.bitwarden_zip(name="export.data"), "codes-not-read", "1Password"),
        (b"-----BEGIN PGP MESSAGE-----\n", "codes-not-read", "OpenPGP"),
        (bytes.fromhex("8c0d0409030200000000") + bytes(60), "codes-not-read", "OpenPGP"),
        (b"<!DOCTYPE html>\n<html>", "codes-not-read", "page"),
        (b"<map><string name='com.authy.x'>", "codes-not-read", "Authy"),
        (b'{"encrypted": true, "data": ""}', "codes-not-read", "only inside the account"),
        (
            b'{"encrypted": true, "encKeyValidation_DO_NOT_EDIT": "", "items": []}',
            "codes-not-read",
            "account",
        ),
        (b"hello", "codes-unknown", "not recognised"),
        (b'{"a": 1}', "codes-unknown", "not recognised"),
        (files.bitwarden_zip(name="other.json"), "codes-unknown", "not recognised"),
        (b"PK\x03\x04" + bytes(30), "codes-damaged", "damaged"),
        (b"\xff" * 44, "codes-unknown", "not recognised"),
        (b'{"header": {}, "db": 1, "version": 1', "codes-damaged", "damaged"),
    ],
)
def test_what_is_not_read_is_named(data: bytes, code: str, words: str) -> None:
    error = refused(data)
    assert (error.code, words in str(error.what)) == (code, True), str(error.what)


# ── anything ─────────────────────────────────────────────────────────────────────────────────────
_KEYS = sorted(
    {"header", "db", "version", "entries", "content", "uri", "schemaVersion", "services", "secret", "label"}
    | {"info", "slots", "params", "items", "login", "totp", "type", "encrypted", "salt", "kdfParams", "otp"}
    | {"encryptionNonce", "servicesEncrypted", "passwordProtected", "data", "issuer"}
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        st.sampled_from(_KEYS), inner, max_size=6),
    max_leaves=25,
)  # fmt: skip


@given(st.one_of(st.binary(max_size=300), st.text(max_size=300).map(lambda s: s.encode("utf-8", "ignore")),
                 _JSON.map(lambda d: json.dumps(d).encode())))  # fmt: skip
@settings(max_examples=400)
def test_any_bytes_are_entries_or_a_sentence(data: bytes) -> None:
    with contextlib.suppress(CredGuardError):
        assert all(one.entry.secret for one in read(data, Secret("x")).entries)


@given(
    _JSON, st.sampled_from(["aegis", "2fas", "andotp", "ente", "bitwarden", "proton", "uris", "kdbx", "qr"])
)
@settings(max_examples=300)
def test_any_document_in_any_format(document: Any, name: str) -> None:
    with_version = {"version": 1, "schemaVersion": 1, **document} if isinstance(document, dict) else document
    with contextlib.suppress(CredGuardError):
        read(json.dumps(with_version).encode(), Secret("x"), format_name=name)


# ── round trips ──────────────────────────────────────────────────────────────────────────────────
def test_what_is_written_is_read_back() -> None:
    entries = [r.entry for r in read(files.ADDRESSES.encode()).entries]
    assert held(address_list.read(address_list.write(entries))) == files.CODES
    data = aegis.write(entries, PASSWORD, {"n": 2, "r": 8, "p": 1})
    assert files.SEED.encode() not in data
    assert held(read(data, PASSWORD)) == files.CODES
    assert refused(data, Secret("wrong")).code == "wrong-passphrase"
