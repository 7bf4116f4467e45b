"""Odd spellings, hostile sizes and round trips of codes, where two formats or two readers could disagree."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace

import pytest

from credguard.domain.errors import CredGuardError
from credguard.domain.otp import OtpEntry, clean_name, parse_address
from credguard.domain.secret import Secret
from credguard.exchange import kdbx_codes, keepass, limits, migration, picture_codes
from credguard.exchange.detect import read
from credguard.exchange.parsed import Part, missing
from credguard.workflows.codes_adding import plan_all
from tests.support import code_files as files

SEED = "MFRGGZDFMFRGGZDF"
PASSWORD = Secret(files.PASSWORD)


def one(data: str | bytes, password: Secret | None = None) -> OtpEntry:
    (found,) = read(data if isinstance(data, bytes) else data.encode(), password).entries
    return found.entry


def why(data: str | bytes) -> str:
    (left_out,) = read(data if isinstance(data, bytes) else data.encode()).skipped
    return str(left_out.reason)


# ── spellings ────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("letter", ["ß", "ı", "ſ", "ﬁ", "Ａ"])
def test_letters_that_unicode_turns_into_others_are_named(letter: str) -> None:
    assert f'"{letter}"' in why(f"otpauth://totp/x?secret={SEED}{letter}")


def test_names_stay_composed_when_something_between_is_taken_out() -> None:
    assert clean_name("e\u200b\u0301") == "\u00e9"


@pytest.mark.parametrize(
    ("address", "issuer", "account"),
    [
        (f"otpauth://totp/A:b?secret={SEED}#part", "A", "b"),
        (f"otpauth://totp/A:b?secret={SEED}&issuer=A#part", "A", "b"),
        (f"otpauth://totp/C# shop:b?secret={SEED}", "C# shop", "b"),
        (f"otpauth://totp/b?issuer=C# shop&secret={SEED}", "C# shop", "b"),
    ],
)
def test_a_hash_cuts_nothing_off_but_a_fragment(address: str, issuer: str, account: str) -> None:
    entry = one(address)
    assert (entry.issuer, entry.account, entry.secret.reveal()) == (issuer, account, SEED)


def test_a_counter_code_has_no_period() -> None:
    entries = [
        one(f"otpauth://hotp/x?secret={SEED}&counter=1&period=60"),
        one(f"otpauth://hotp/x?secret={SEED}&counter=1"),
    ]
    assert [e.period for e in entries] == [30, 30]
    stored = replace(entries[0], period=60, entry_id="a", name="x")  # as earlier versions stored it
    assert plan_all(entries, [stored], [], False).writes == ()
    assert "period" in why(f"otpauth://hotp/x?secret={SEED}&counter=1&period=0")


# ── KeePass ──────────────────────────────────────────────────────────────────────────────────────
def from_keepass(**strings: str) -> OtpEntry:
    found = keepass._code({name.replace("_", " "): value for name, value in strings.items()})
    assert found is not None
    return found


def test_keeotp_quotes_its_values() -> None:
    assert from_keepass(otp="key=MFRGGZDFMFRGG%3d%3d%3D&size=8").secret.reveal() == "MFRGGZDFMFRGG"
    assert from_keepass(otp="key=MFRGG%20ZDF").secret.reveal() == "MFRGGZDF"


@pytest.mark.parametrize("seed", [f"{SEED}&{SEED}", f"{SEED}#x", f"{SEED}%41", f"{SEED}+A"])
def test_no_part_of_a_seed_is_dropped(seed: str) -> None:
    with pytest.raises(CredGuardError):
        from_keepass(TOTP_Seed=seed)


def test_traytotp_keeps_the_address_of_a_clock_behind_its_settings() -> None:
    entry = from_keepass(TOTP_Seed=SEED, TOTP_Settings="60;8;https://time.example")
    assert (entry.period, entry.digits, entry.type) == (60, 8, "totp")
    assert from_keepass(TOTP_Seed=SEED, TOTP_Settings="30;S").type == "steam"


@pytest.mark.parametrize(
    "address",
    [
        f"otpauth://totp/bob?secret={SEED}",
        f"otpauth://totp/?issuer=ACME&secret={SEED}",
        f"otpauth://totp/ACME:bob?secret={SEED}",
        f"otpauth://hotp/GitHub:bob?secret={SEED}&counter=4",
        f"otpauth://hotp/bob?secret={SEED}&counter=4&digits=8",
    ],
)
def test_names_come_back_from_keepass(address: str) -> None:
    entry = parse_address(address)
    code = keepass.ExportCode(entry, ("Codes",))
    data = keepass.write_keepass([], [code], PASSWORD, now=1e9, memory=8 << 20, passes=1)
    (back,) = kdbx_codes.read(data, PASSWORD).entries
    assert back.entry == entry


# ── Google ───────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    "address",
    [
        f"otpauth://totp/A:b%3Ac?issuer=A%3AB&secret={SEED}",
        f"otpauth://totp/:b%3Ac?secret={SEED}",
        f"otpauth://totp/A:A%3Ac?issuer=A&secret={SEED}",
        f"otpauth://hotp/?secret={SEED}&counter=0",
    ],
)
def test_names_with_colons_come_back_from_google(address: str) -> None:
    entry = parse_address(address)
    assert one(migration.write([entry])[0]) == entry


def test_pictures_hold_as_many_codes_as_fit() -> None:
    long = [
        parse_address(f"otpauth://totp/{'ü' * 120}:{n}{'é' * 120}?secret={'7' * 408}&algorithm=SHA512")
        for n in range(7)
    ]
    short = [parse_address(f"otpauth://totp/ACME:{n}?secret={SEED}") for n in range(13)]
    pictures = picture_codes.draw(migration.write([*long, *short]))
    found = [picture_codes.read(picture) for picture in pictures]
    assert [r.entry for parsed in found for r in parsed.entries] == [*long, *short]
    assert missing(part for parsed in found for part in parsed.parts) == ()
    assert max(len(parsed.entries) for parsed in found) == 10
    giant = replace(long[0], secret=Secret("7" * 1632))
    assert "too long" in migration.obstacle(giant)
    assert [migration.obstacle(e) for e in (*long, *short)] == [""] * 20


# ── sizes ────────────────────────────────────────────────────────────────────────────────────────
def test_parts_that_are_missing_are_bounded() -> None:
    lines = "\n".join(files.google([], 1000, 0, batch) for batch in range(1, 30))
    with pytest.raises(CredGuardError) as caught:
        read(lines.encode()).missing_parts  # noqa: B018
    assert caught.value.code == "codes-cost"
    many = "\n".join(files.google([], 1, 0, batch) for batch in range(1, limits.MAX_ENTRIES + 2))
    with pytest.raises(CredGuardError) as caught:
        read(many.encode())
    assert caught.value.code == "codes-cost"
    assert len(missing([Part(1, 1000, 0)])) == 999


def test_all_slots_of_aegis_together_are_bounded() -> None:
    document = json.loads(files.aegis())
    (slot,) = [s for s in document["header"]["slots"] if s["type"] == 1][-1:]
    document["header"]["slots"] = [{**slot, "n": 1 << 17, "r": 8, "p": 1}] * 17
    with pytest.raises(CredGuardError) as caught:
        read(json.dumps(document).encode(), Secret("wrong"))
    assert caught.value.code == "codes-cost"


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_packed_as_no_program_packs_it(method: int) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.writestr("data.json", files.bitwarden_plain())
    data = bytearray(out.getvalue())
    data[60] ^= 0xFF
    with pytest.raises(CredGuardError) as caught:
        read(bytes(data))
    assert caught.value.code == "codes-damaged"
