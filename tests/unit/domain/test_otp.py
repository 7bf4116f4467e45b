"""Codes against the RFCs' own vectors, and addresses as programs really write them."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credguard.domain import otp
from credguard.domain.errors import CredGuardError
from credguard.domain.otp import OtpEntry, code_at, code_of_step, parse_address
from credguard.domain.secret import Secret


def _b32(data: bytes) -> Secret:
    return Secret(base64.b32encode(data).decode().rstrip("="))


# RFC 4226, Appendix D
@pytest.mark.parametrize(
    ("counter", "code"),
    list(
        enumerate(
            [
                "755224",
                "287082",
                "359152",
                "969429",
                "338314",
                "254676",
                "287922",
                "162583",
                "399871",
                "520489",
            ]
        )
    ),
)
def test_hotp_vectors(counter: int, code: str) -> None:
    entry = OtpEntry("x", _b32(b"12345678901234567890"), "hotp", counter=counter)
    assert code_at(entry, 0.0).code == code


# RFC 6238, Appendix B; the SHA-256 and SHA-512 seeds are 32 and 64 bytes long
@pytest.mark.parametrize(
    ("at", "algorithm", "code"),
    [
        (59, "SHA1", "94287082"), (59, "SHA256", "46119246"), (59, "SHA512", "90693936"),
        (1111111109, "SHA1", "07081804"), (1111111109, "SHA256", "68084774"),
        (1111111109, "SHA512", "25091201"), (1234567890, "SHA1", "89005924"),
        (1234567890, "SHA256", "91819424"), (1234567890, "SHA512", "93441116"),
        (2000000000, "SHA1", "69279037"), (20000000000, "SHA512", "47863826"),
    ],
)  # fmt: skip
def test_totp_vectors(at: int, algorithm: str, code: str) -> None:
    seed = (b"1234567890" * 7)[: {"SHA1": 20, "SHA256": 32, "SHA512": 64}[algorithm]]
    entry = OtpEntry("x", _b32(seed), algorithm=algorithm, digits=8)
    assert code_at(entry, float(at)).code == code


def test_time_left_and_the_next_code() -> None:
    entry = OtpEntry("x", _b32(b"12345678901234567890"))
    now = code_at(entry, 1_000_000_030.0)
    assert now.valid_for == 20
    after = code_at(entry, 1_000_000_030.0 + now.valid_for)
    assert after.code == now.next_code
    assert after.valid_for == 30


@given(
    st.binary(min_size=1, max_size=64),
    st.sampled_from(otp.ALGORITHMS),
    st.integers(5, 10),
    st.integers(0, 2**40),
)
def test_codes_have_their_digits(seed: bytes, algorithm: str, digits: int, step: int) -> None:
    code = code_of_step(OtpEntry("x", _b32(seed), algorithm=algorithm, digits=digits), step)
    assert len(code) == digits
    assert code.isdigit()


def test_steam_codes_are_five_of_its_letters() -> None:
    code = code_of_step(OtpEntry("x", _b32(b"12345678901234567890"), "steam", digits=5), 1)
    assert len(code) == 5
    assert set(code) <= set("23456789BCDFGHJKMNPQRTVWXY")


@pytest.mark.parametrize(
    ("address", "issuer", "account"),
    [
        ("otpauth://totp/A%20W:maria@1?secret=JBSWY3DPEHPK3PXP&issuer=A%20W", "A W", "maria@1"),
        ("OTPAUTH://TOTP/AWS:maria?SECRET=jbsw%20y3dp-ehpk3pxp", "AWS", "maria"),
        ("otpauth://totp/AWS%3Amaria?secret=JBSWY3DPEHPK3PXP%3D%3D", "AWS", "maria"),
        ("otpauth://totp/maria?secret=JBSWY3DPEHPK3PXP&issuer=A+B", "A B", "maria"),
        ("otpauth://totp/Old:maria?secret=JBSWY3DPEHPK3PXP&issuer=New", "New", "maria"),
        ("otpauth://totp/?secret=JBSWY3DPEHPK3PXP", "", ""),
        ("otpauth://totp/A: b:c ?secret=JBSWY3DPEHPK3PXP", "A", "b:c"),
        ("otpauth://totp/a+b?secret=JBSWY3DPEHPK3PXP", "", "a+b"),
        ("otpauth://totp/we#rk?secret=JBSWY3DPEHPK3PXP", "", "we#rk"),
        ("otpauth://totp/Ünï:日本?secret=JBSWY3DPEHPK3PXP", "Ünï", "日本"),
        ("otpauth://totp/x%E2%80%AEy?secret=JBSWY3DPEHPK3PXP", "", "xy"),
    ],
)  # fmt: skip
def test_addresses(address: str, issuer: str, account: str) -> None:
    entry = parse_address(address)
    assert (entry.issuer, entry.account) == (issuer, account)
    assert entry.secret == Secret("JBSWY3DPEHPK3PXP")
    assert (entry.type, entry.digits, entry.period, entry.algorithm) == ("totp", 6, 30, "SHA1")


def test_parameters() -> None:
    entry = parse_address(
        "otpauth://totp/x?secret=JBSWY3DPEHPK3PXP&digits=8&period=60&algorithm=HMAC-SHA-256&secret=AAAA"
    )
    assert (entry.digits, entry.period, entry.algorithm) == (8, 60, "SHA256")
    assert entry.secret == Secret("JBSWY3DPEHPK3PXP")
    empty = parse_address("otpauth://totp/x?secret=JBSWY3DPEHPK3PXP&digits=0&period=&algorithm=")
    assert (empty.digits, empty.period, empty.algorithm) == (6, 30, "SHA1")
    assert parse_address("otpauth://hotp/x?secret=JBSWY3DPEHPK3PXP&counter=7").counter == 7
    for steam in (
        "otpauth://steam/x?secret=JBSWY3DPEHPK3PXP",
        "otpauth://totp/x?secret=JBSWY3DPEHPK3PXP&encoder=steam",
        "steam://JBSWY3DPEHPK3PXP",
    ):
        assert (parse_address(steam).type, parse_address(steam).digits) == ("steam", 5)


@pytest.mark.parametrize(
    "address",
    [
        "", "x", "https://a/b", "otpauth://", "otpauth://totp", "otpauth://totp/x", "otpauth://totp/x?issuer=a",
        "otpauth://totp/x?secret=", "otpauth://totp/x?secret=JBSW8", "otpauth://totp/x?secret=A",
        "otpauth://totp/x?secret=JBSWY3DPEHPK3PXP&digits=99", "otpauth://totp/x?secret=JBSWY3DPEHPK3PXP&period=0",
        "otpauth://totp/x?secret=JBSWY3DPEHPK3PXP&period=-1", "otpauth://hotp/x?secret=JBSWY3DPEHPK3PXP",
        "otpauth://motp/x?secret=JBSWY3DPEHPK3PXP", "otpauth://totp/%FF?secret=JBSWY3DPEHPK3PXP",
        "otpauth://totp/x?secret=JBSWY3DPEHPK3PXP&algorithm=MD5", "otpauth-migration://offline?data=x",
        "otpauth://totp/x?secret=" + "A" * 70_000,
    ],
)  # fmt: skip
def test_what_is_no_code_gets_a_sentence(address: str) -> None:
    with pytest.raises(CredGuardError) as caught:
        parse_address(address)
    assert caught.value.code == "code-unreadable"
    assert "JBSWY3DP" not in str(caught.value.what)


@given(st.text(max_size=80))
def test_hostile_addresses_never_crash(value: str) -> None:
    for address in (value, f"otpauth://{value}", f"otpauth://totp/{value}", f"otpauth://totp/x?{value}"):
        try:
            entry = parse_address(address)
        except CredGuardError:
            continue
        assert code_at(entry, 1e9).code


def test_items_round_trip() -> None:
    entry = replace(parse_address("otpauth://totp/A:b?secret=JBSWY3DPEHPK3PXP"), entry_id="u", serial="arn:x")
    assert otp.from_item(otp.to_item(entry)) == entry


@pytest.mark.parametrize(
    ("code", "shown"),
    [("123456", "123 456"), ("12345678", "1234 5678"), ("1234567", "123 4567"), ("12345", "12345")],
)
def test_grouping(code: str, shown: str) -> None:
    assert otp.grouped(code) == shown


def test_the_last_second_is_one_second() -> None:
    entry = OtpEntry("x", Secret("JBSWY3DPEHPK3PXP"))
    assert [code_at(entry, 60.0 + past).valid_for for past in (0, 0.5, 28.9, 29.0, 29.5, 29.999)] == [
        30, 29, 1, 1, 1, 1,
    ]  # fmt: skip


@pytest.mark.parametrize(
    "wrong",
    [
        {"digits": 0}, {"digits": 11}, {"digits": "six"}, {"digits": True}, {"period": 0}, {"period": -30},
        {"period": None}, {"counter": -1}, {"counter": 2**64}, {"counter": 1.5}, {"secret": Secret("!")},
    ],
)  # fmt: skip
def test_a_stored_entry_that_makes_no_code_is_a_sentence(wrong: dict[str, object]) -> None:
    item = {**otp.to_item(OtpEntry("x", Secret("JBSWY3DPEHPK3PXP"))), **wrong}
    with pytest.raises(CredGuardError) as caught:
        otp.from_item(item)
    assert caught.value.code == "code-unreadable"
