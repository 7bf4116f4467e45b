"""KeePass databases: what KeePassXC wrote is read, what is written reads back, and no file gets its way."""

from __future__ import annotations

import shutil
import struct
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from credguard.domain import otp
from credguard.domain.errors import CredGuardError
from credguard.domain.otp import OtpEntry
from credguard.domain.secret import Secret
from credguard.exchange import kdbx
from credguard.exchange.keepass import ExportCode, ExportKey, Keepass, read_keepass, write_keepass
from tests.support.aws_files import KEY, SECRET
from tests.support.vault_samples import KEEPASSXC_31, KEEPASSXC_PASSWORD

PASSWORD = Secret("pass wörd EXAMPLE")
GROUP = ("North & <Co>", "northwind")
SEED = Secret("JBSWY3DPEHPK3PXP")
CODES = (
    OtpEntry("", SEED, issuer="Amazon Web Services", account="alice@northwind", name="AWS"),
    OtpEntry("", SEED, "totp", "SHA256", 8, 60, issuer="Big: co", account="a:b", name="big"),
    OtpEntry("", SEED, "steam", digits=5, issuer="Steam", account="me", name="steam"),
    OtpEntry("", SEED, "hotp", counter=7, issuer="Count", account="me", name="count"),
    OtpEntry("", SEED, issuer="With device", account="x", serial="arn:aws:iam::123456789012:mfa/alice"),
)
needs_cli = pytest.mark.skipif(shutil.which("keepassxc-cli") is None, reason="keepassxc-cli is not installed")


def _written(memory: int = 8 * 1024, passes: int = 1) -> bytes:
    keys = [ExportKey(KEY, Secret(SECRET), "northwind alice", GROUP, {"AWS account": "123456789012"})]
    codes = [ExportCode(code, GROUP if n % 2 else ("Codes",)) for n, code in enumerate(CODES)]
    return write_keepass(keys, codes, PASSWORD, now=1_800_000_000.0, memory=memory, passes=passes)


@pytest.fixture(scope="module")
def data() -> bytes:
    return _written()


def _says(data: bytes, password: Secret = PASSWORD) -> str:
    with pytest.raises(CredGuardError) as caught:
        read_keepass(data, password)
    assert SECRET not in str(caught.value)
    return caught.value.code


def _essence(entry: OtpEntry) -> tuple[object, ...]:
    return entry.secret, entry.type, entry.algorithm, entry.digits, entry.period, entry.counter, entry.account


def test_what_is_written_is_read_back(data: bytes) -> None:
    found = read_keepass(data, PASSWORD)
    (key,) = found.keys
    assert (key.access_key_id, key.secret, key.title) == (KEY, Secret(SECRET), "northwind")
    assert key.where == "North & <Co>/northwind/northwind alice"
    assert sorted(map(str, map(_essence, found.codes))) == sorted(map(str, map(_essence, CODES)))
    assert {c.serial for c in found.codes} == {None, "arn:aws:iam::123456789012:mfa/alice"}
    assert SECRET.encode() not in data


def test_a_database_of_keepassxc() -> None:
    found = read_keepass(KEEPASSXC_31, Secret(KEEPASSXC_PASSWORD))
    assert [(k.access_key_id, k.secret, k.where) for k in found.keys] == [
        (KEY, Secret(SECRET), "Work/northwind")
    ]
    assert [(c.name, c.type, c.algorithm, c.digits) for c in found.codes] == [
        ("AWS:alice", "totp", "SHA1", 6),
        ("Old", "steam", "SHA1", 5),
        ("KeePass", "totp", "SHA256", 8),
    ]
    assert found.skipped == ()
    assert _says(KEEPASSXC_31, Secret("another EXAMPLE")) == "wrong-passphrase"


def test_another_password_and_other_files(data: bytes) -> None:
    assert _says(data, Secret("another EXAMPLE")) == "wrong-passphrase"
    assert _says(b"") == "kdbx-unsupported"
    assert _says(b"PK\x03\x04" * 9) == "kdbx-unsupported"
    assert _says(data[:10] + struct.pack("<H", 5) + data[12:]) == "kdbx-unsupported"


def test_every_cut_and_every_flipped_byte_is_said(data: bytes) -> None:
    known = {"kdbx-damaged", "kdbx-unsupported", "kdbx-cost", "wrong-passphrase"}
    for length in range(0, len(data), 3):
        assert _says(data[:length]) in known, length
    changed = bytearray(data)
    for at in range(len(data)):
        changed[at] ^= 1 << (at % 8)
        if not 8 <= at < 10:  # the minor version says nothing about how to read
            assert _says(bytes(changed)) in known, at
        changed[at] = data[at]


def _with_kdf(name: bytes, value: bytes) -> bytes:
    """The file with one parameter of its key derivation changed, and the header's checksum mended."""
    import hashlib

    data = bytearray(_written())
    at = data.index(struct.pack("<BI", 0x05, len(name)) + name) + 5 + len(name) + 4
    data[at : at + len(value)] = value
    end = data.index(b"\r\n\r\n") + 4
    data[end : end + 32] = hashlib.sha256(data[:end]).digest()
    return bytes(data)


@pytest.mark.parametrize(("name", "value"), [(b"M", 1 << 45), (b"I", 1 << 40)])
def test_a_file_that_asks_for_too_much_is_refused_before_it_is_paid(name: bytes, value: int) -> None:
    assert _says(_with_kdf(name, struct.pack("<Q", value))) == "kdbx-cost"


def test_a_small_file_that_unpacks_to_much_is_refused() -> None:
    xml = b"<KeePassFile>" + b" " * (kdbx.MAX_XML + 1)
    assert _says(kdbx.write_kdbx(xml, bytes(64), PASSWORD, 8192, 1)) == "kdbx-cost"


@pytest.mark.parametrize("kind", [b'<!DOCTYPE x [<!ENTITY a "aaaa">]>', b'<!DOCTYPE x SYSTEM "file:///x">'])
def test_entities_are_refused(kind: bytes) -> None:
    xml = kind + b"<KeePassFile></KeePassFile>"
    assert _says(kdbx.write_kdbx(xml, bytes(64), PASSWORD, 8192, 1)) == "kdbx-damaged"


def _read_xml(strings: str) -> Keepass:
    xml = f"<KeePassFile><Root><Group><Name>r</Name><Entry>{strings}</Entry></Group></Root></KeePassFile>"
    return read_keepass(kdbx.write_kdbx(xml.encode(), bytes(64), PASSWORD, 8192, 1), PASSWORD)


def _strings(**values: str) -> str:
    return "".join(
        f"<String><Key>{k.replace('_', '-')}</Key><Value>{v}</Value></String>" for k, v in values.items()
    )


def test_the_ways_a_code_is_kept() -> None:
    for strings, essence in (
        (
            _strings(otp="key=JBSWY3DPEHPK3PXP&amp;size=8&amp;step=60&amp;otpHashMode=Sha256"),
            ("totp", "SHA256", 8, 60),
        ),
        (_strings(TimeOtp_Secret_Base32="JBSWY3DPEHPK3PXP", TimeOtp_Period="45"), ("totp", "SHA1", 6, 45)),
        (_strings(TimeOtp_Secret_Base64="SGVsbG8h3q2+7w=="), ("totp", "SHA1", 6, 30)),
        (_strings(HmacOtp_Secret_Base32="JBSWY3DPEHPK3PXP", HmacOtp_Counter="9"), ("hotp", "SHA1", 6, 30)),
    ):
        (code,) = _read_xml(strings).codes
        assert (code.type, code.algorithm, code.digits, code.period) == essence, strings
        assert code.secret == SEED


def test_what_cannot_be_read_is_named_and_hides_nothing() -> None:
    found = _read_xml(_strings(Title="bad", otp="otpauth://totp/x?secret=1O0"))
    assert [str(s) for s in found.skipped] == ['bad: The secret has "1", no such letter in Base32.']
    found = _read_xml(_strings(Title="half", UserName=KEY, Password="short"))
    assert [str(s) for s in found.skipped] == ["half: its password is no secret access key."]


@given(st.binary(max_size=400))
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_end_in_a_sentence(tail: bytes) -> None:
    for head in (b"", kdbx.MAGIC + b"\x00\x00\x04\x00", kdbx.MAGIC + b"\x01\x00\x03\x00"):
        _says(head + tail)


@given(
    st.builds(
        OtpEntry,
        st.just(""),
        st.just(SEED),
        st.sampled_from(["totp", "hotp", "steam"]),
        st.sampled_from(otp.ALGORITHMS),
        st.integers(6, 10),
        st.integers(1, 86_400),
        st.integers(0, 2**63 - 1),
        st.text(max_size=20).map(otp.clean_name).filter(lambda v: ":" not in v),
        st.text(max_size=20).map(otp.clean_name),
    )
)
def test_an_address_is_read_back(entry: OtpEntry) -> None:
    try:
        found = otp.parse_address(otp.address(entry).reveal())
    except UnicodeEncodeError:
        return  # half of a surrogate pair is no name
    assert (found.secret, found.type) == (entry.secret, entry.type)
    assert (found.issuer, found.account) == (entry.issuer, entry.account)
    if entry.type == "totp":
        assert (found.algorithm, found.digits, found.period) == (entry.algorithm, entry.digits, entry.period)
    if entry.type == "hotp":
        assert (found.algorithm, found.digits, found.counter) == (
            entry.algorithm,
            entry.digits,
            entry.counter,
        )


# ── KeePassXC itself ─────────────────────────────────────────────────────────────────────────────
def _cli(*words: str, given: str = "") -> str:
    ran = subprocess.run(
        ["keepassxc-cli", *words],
        input=f"{PASSWORD.reveal()}\n{given}",
        text=True,
        capture_output=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@needs_cli
def test_keepassxc_opens_what_is_written_and_makes_the_same_codes(tmp_path: Path) -> None:
    path = str(tmp_path / "out.kdbx")
    Path(path).write_bytes(_written(memory=1 << 20))
    assert (
        _cli("show", "-q", "-s", "-a", "Password", path, "North & <Co>/northwind/northwind alice").strip()
        == SECRET
    )
    assert _cli(
        "show", "-q", "-s", "-a", "AWS account", path, "/North & <Co>/northwind/northwind alice"
    ).strip() == ("123456789012")
    for entry, where in (
        (CODES[0], "Codes/AWS"),
        (CODES[1], "North & <Co>/northwind/big"),
        (CODES[2], "Codes/steam"),
    ):
        before = time.time()
        shown = _cli("show", "-q", "-t", path, where).strip()
        moments = {before, time.time()}
        assert shown in {otp.code_at(entry, at).code for at in moments}, where


@needs_cli
def test_what_keepassxc_writes_into_it_is_read(tmp_path: Path) -> None:
    path = str(tmp_path / "out.kdbx")
    Path(path).write_bytes(_written(memory=1 << 20))
    added = "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY"
    _cli("add", "-q", "-p", "-u", "AKIAZQ4SOUTHWEXAMPLE", path, "Codes/south", given=f"{added}\n")
    found = read_keepass(Path(path).read_bytes(), PASSWORD)
    assert {(k.access_key_id, k.secret) for k in found.keys} == {
        (KEY, Secret(SECRET)),
        ("AKIAZQ4SOUTHWEXAMPLE", Secret(added)),
    }
    assert sorted(map(str, map(_essence, found.codes))) == sorted(map(str, map(_essence, CODES)))


def _of(xml: bytes) -> bytes:
    return kdbx.write_kdbx(xml, b"k" * 64, PASSWORD, 8 * 1024, 1)


@pytest.mark.parametrize(
    "xml",
    [
        b'<?xml version="1.0" encoding="foo"?><a/>',
        b'<?xml version="1.0" encoding="utf-7"?><a/>',
        b'<?xml version="1.0" encoding="hex"?><a/>',
        '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'.encode("utf-16"),
        '<a><Value Protected="True">\u00e9</Value></a>'.encode(),
        b"<KeePassFile><Root>" + b"<Group>" * 20_000 + b"</Group>" * 20_000 + b"</Root></KeePassFile>",
    ],
)
def test_xml_that_no_keepass_wrote(xml: bytes) -> None:
    assert _says(_of(xml)) == "kdbx-damaged"


def test_a_hidden_attachment_moves_the_stream_on() -> None:
    """KDBX 3.1 keeps attachments in Meta, hidden by the stream of the passwords, before all of them."""
    import base64

    key = b"k" * 64
    stream = kdbx.Stream(key)
    binary, secret = (base64.b64encode(stream.over(part)) for part in (b"\xff\x00file", SECRET.encode()))
    xml = (
        b'<KeePassFile><Meta><Binaries><Binary ID="0" Protected="True">' + binary + b"</Binary></Binaries>"
        b"</Meta><Root><Group><Entry><String><Key>UserName</Key><Value>" + KEY.encode() + b"</Value></String>"
        b'<String><Key>Password</Key><Value Protected="True">' + secret + b"</Value></String></Entry></Group>"
        b"</Root></KeePassFile>"
    )
    assert [key.secret.reveal() for key in read_keepass(_of(xml), PASSWORD).keys] == [SECRET]
