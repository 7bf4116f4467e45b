"""KDBX in all its kinds, with KeePassXC itself: it opens and rewrites each, and what it wrote is read."""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
import time
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from credguard.domain import otp
from credguard.domain.errors import CredGuardError
from credguard.domain.secret import Secret
from credguard.exchange import kdbx, keepass
from credguard.exchange.keepass import Keepass, read_codes, read_keepass
from tests.support import kdbx_files as files
from tests.support.aws_files import KEY, KEY_2, SECRET, SECRET_2

PASSWORD = "pässwörd 鍵 EXAMPLE"
SEED, OTHER = "JBSWY3DPEHPK3PXP", "GEZDGNBVGY3TQOJQ"
needs_cli = pytest.mark.skipif(shutil.which("keepassxc-cli") is None, reason="keepassxc-cli is not installed")


def _uuid(name: str) -> str:
    return base64.b64encode(hashlib.md5(name.encode(), usedforsecurity=False).digest()).decode()


def _entry(title: str, more: str = "", user: str = "", password: str = "", **strings: str) -> str:
    """An entry; `_` in a name stands for `-`, `__` for a space."""
    values = {
        "Title": title,
        "UserName": user,
        "Password": password,
        "URL": "",
        "Notes": "Zeile 1\nZeile 2 €",
    }
    values |= {name.replace("__", " ").replace("_", "-"): value for name, value in strings.items()}
    shown = "".join(
        f"<String><Key>{key}</Key><Value>{escape(value)}</Value></String>" for key, value in values.items()
    )
    return f"<Entry><UUID>{_uuid(title)}</UUID>{shown}{more}</Entry>"


def _xml(entries: str, meta: str = "", groups: str = "") -> bytes:
    return (
        '<?xml version="1.0" encoding="utf-8" standalone="yes"?>\n<KeePassFile><Meta><Generator>T</Generator>'
        f"<RecycleBinEnabled>True</RecycleBinEnabled><RecycleBinUUID>{_uuid('bin')}</RecycleBinUUID>{meta}"
        "<MemoryProtection><ProtectPassword>True</ProtectPassword></MemoryProtection></Meta>"
        f"<Root><Group><UUID>{_uuid('root')}</UUID><Name>Wurzel</Name>{entries}"
        f"<Group><UUID>{_uuid('bin')}</UUID><Name>Recycle Bin</Name>"
        f"{_entry('gone', user=KEY_2, password=SECRET_2, otp=f'otpauth://totp/gone?secret={OTHER}')}</Group>"
        f"{groups}</Group></Root></KeePassFile>"
    ).encode()


#: A history with another secret, and a code; 4.1 because of the group it came from.
OLD = _entry("alice ✓", user=KEY, password=SECRET_2, otp=f"otpauth://totp/old?secret={OTHER}")
MOVED = f"<PreviousParentGroup>{_uuid('bin')}</PreviousParentGroup>"
CODES = {
    "kpxc": ({"otp": f"otpauth://totp/AWS:a?secret={SEED}&issuer=AWS&period=60&digits=8&algorithm=SHA256"},
             ("totp", "SHA256", 8, 60)),
    "steam": ({"otp": f"otpauth://totp/S:a?secret={SEED}&issuer=S&encoder=steam"}, ("steam", "SHA1", 5, 30)),
    "keeotp": ({"otp": f"key={SEED}&size=8&step=60&otpHashMode=Sha512"}, ("totp", "SHA512", 8, 60)),
    "legacy": ({"TOTP__Seed": SEED, "TOTP__Settings": "45;8"}, ("totp", "SHA1", 8, 45)),
    "legacy-steam": ({"TOTP__Seed": SEED, "TOTP__Settings": "30;S"}, ("steam", "SHA1", 5, 30)),
    "seed": ({"TOTP__Seed": SEED}, ("totp", "SHA1", 6, 30)),
    "keepass": ({"TimeOtp_Secret": "Hello!", "TimeOtp_Length": "8", "TimeOtp_Algorithm": "HMAC-SHA-512"},
                ("totp", "SHA512", 8, 30)),
    "keepass-hex": ({"TimeOtp_Secret_Hex": "48656c6c6f21"}, ("totp", "SHA1", 6, 30)),
    "keepass-32": ({"TimeOtp_Secret_Base32": SEED, "TimeOtp_Period": "60"}, ("totp", "SHA1", 6, 60)),
    "keepass-64": ({"TimeOtp_Secret_Base64": "SGVsbG8h", "TimeOtp_Algorithm": "HMAC-SHA-256"},
                   ("totp", "SHA256", 6, 30)),
    "counter": ({"HmacOtp_Secret_Base32": SEED, "HmacOtp_Counter": "9"}, ("hotp", "SHA1", 6, 30)),
}  # fmt: skip


def _whole(minor: int = 0) -> bytes:
    entries = _entry("alice ✓", f"{MOVED if minor else ''}<History>{OLD}</History>", KEY, SECRET)
    entries += "".join(_entry(title, user="a", **strings) for title, (strings, _) in CODES.items())
    return _xml(entries)


def _check(found: Keepass, added: tuple[str, str] | None = None) -> None:
    keys = {(k.access_key_id, k.secret.reveal()) for k in found.keys}
    assert keys == {(KEY, SECRET)} | ({added} if added else set()), "neither the bin nor the history"
    assert {k.where for k in found.keys if k.access_key_id == KEY} == {"alice ✓"}
    assert [(c.type, c.algorithm, c.digits, c.period) for c in found.codes] == [
        essence for _, essence in CODES.values()
    ]
    assert found.skipped == ()


KINDS = [
    ("3.1", "aes", "aes-kdf"),
    *(
        (version, cipher, kdf)
        for version in ("4.0", "4.1")
        for cipher in ("aes", "chacha20")
        for kdf in files.KDFS
    ),
]


def _made(version: str, cipher: str, kdf: str, composite: bytes, xml: bytes | None = None) -> bytes:
    minor = int(version[-1])
    content = _whole(minor if version != "3.1" else 0) if xml is None else xml
    if version == "3.1":
        return files.kdbx3(content, composite, cipher)
    return files.kdbx4(content, composite, cipher, kdf, minor)


@pytest.mark.parametrize("kind", KINDS, ids="-".join)
def test_every_kind_is_read(kind: tuple[str, str, str]) -> None:
    data = _made(*kind, files.composite_of(PASSWORD))
    _check(read_keepass(data, Secret(PASSWORD)))
    for other in ("pässwörd EXAMPLE", ""):
        with pytest.raises(CredGuardError) as caught:
            read_keepass(data, Secret(other))
        assert caught.value.code == "wrong-passphrase"


def _cli(path: Path, *words: str, given: str = "", password: str | None = PASSWORD) -> str:
    ran = subprocess.run(
        ["keepassxc-cli", words[0], "-q", *words[1:]],
        input=("" if password is None else f"{password}\n") + given,
        text=True, capture_output=True, check=False, timeout=60, encoding="utf-8",
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": str(path.parent),
             "QT_QPA_PLATFORM": "offscreen"},
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@needs_cli
@pytest.mark.parametrize("kind", KINDS, ids="-".join)
def test_every_kind_as_keepassxc_rewrites_it(kind: tuple[str, str, str], tmp_path: Path) -> None:
    """It opens the file, adds an entry and an attachment, and hides what has to be: read again."""
    path = tmp_path / "db.kdbx"
    path.write_bytes(_made(*kind, files.composite_of(PASSWORD)))
    note = tmp_path / "note.bin"
    note.write_bytes(bytes(range(256)) * 40)
    secret = "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY"
    _cli(path, "add", "-p", "-u", "AKIAZQ4SOUTHWEXAMPLE", str(path), "süd", given=f"{secret}\n")
    _cli(path, "attachment-import", str(path), "alice ✓", "note.bin", str(note))
    before = time.time()
    shown = _cli(path, "show", "-t", str(path), "kpxc").strip()
    data = path.read_bytes()
    major, minor, cipher, kdf = files.fields_of(data)
    assert (f"{major}.{minor}", cipher, kdf) == kind, "as it was"
    _check(read_keepass(data, Secret(PASSWORD)), ("AKIAZQ4SOUTHWEXAMPLE", secret))
    code = next(c for c in read_keepass(data, Secret(PASSWORD)).codes if c.issuer == "AWS")
    assert shown in {otp.code_at(code, at).code for at in (before, time.time())}


@pytest.mark.parametrize(
    ("version", "cipher"), [("3.1", "twofish"), ("3.1", "chacha20"), ("4.0", "twofish"), ("4.1", "twofish")]
)
def test_a_cipher_that_is_not_read_is_said_with_a_way_round(version: str, cipher: str) -> None:
    with pytest.raises(CredGuardError) as caught:
        read_keepass(_made(version, cipher, "argon2id", files.composite_of(PASSWORD)), Secret(PASSWORD))
    assert caught.value.code == "kdbx-unsupported"
    assert "AES or ChaCha20" in str(caught.value.next)


# ── key files ────────────────────────────────────────────────────────────────────────────────────
RAW = bytes(range(100, 132))
V1 = (
    '<?xml version="1.0" encoding="utf-8"?>\n<KeyFile>\n\t<Meta>\n\t\t<Version>1.00</Version>\n\t</Meta>\n'
    f"\t<Key>\n\t\t<Data>{base64.b64encode(RAW).decode()}</Data>\n\t</Key>\n</KeyFile>\n"
).encode()
V2 = (
    '<?xml version="1.0" encoding="utf-8"?>\n<KeyFile>\n\t<Meta>\n\t\t<Version>2.0</Version>\n\t</Meta>\n'
    f'\t<Key>\n\t\t<Data Hash="{hashlib.sha256(RAW).hexdigest()[:8].upper()}">\n'
    f"\t\t\t{RAW[:16].hex(' ', 4).upper()}\n"
    f"\t\t\t{RAW[16:].hex(' ', 4).upper()}\n\t\t</Data>\n\t</Key>\n</KeyFile>\n"
).encode()
KEY_FILES = {
    "xml-1": V1,
    "xml-2": V2,
    "raw": RAW,
    "hex": RAW.hex().encode(),
    "hex-upper": RAW.hex().upper().encode(),
    "any": "Urlaub.jpg ✓".encode() * 50,
    "hex-with-line-end": RAW.hex().encode() + b"\n",
}


@needs_cli
@pytest.mark.parametrize("password", [PASSWORD, "", None])
@pytest.mark.parametrize("kind", KEY_FILES)
def test_key_files_as_keepassxc_takes_them(kind: str, password: str | None, tmp_path: Path) -> None:
    """With a password, with an empty one, with none: KeePassXC opens what we open, by the same key."""
    path, key = tmp_path / "db.kdbx", tmp_path / "key"
    key.write_bytes(KEY_FILES[kind])
    raw = keepass_key(KEY_FILES[kind])
    path.write_bytes(files.kdbx4(_whole(), files.composite_of(password, raw), "aes", "argon2id"))
    words = ["add", "-k", str(key), *(["--no-password"] if password is None else []), str(path), "new"]
    _cli(path, *words, password=password)
    given = None if password is None else Secret(password)
    found = read_codes(path.read_bytes(), given, KEY_FILES[kind])
    assert len(found) == len(CODES)
    for wrong in ((given, b"x"), (Secret("x"), KEY_FILES[kind])):
        with pytest.raises(CredGuardError) as caught:
            read_codes(path.read_bytes(), *wrong)
        assert caught.value.code == "wrong-passphrase"


def keepass_key(data: bytes) -> bytes:
    """As the KeePass help describes it, written out once more."""
    if data in {V1, V2, RAW, RAW.hex().encode(), RAW.hex().upper().encode()}:
        return RAW
    return hashlib.sha256(data).digest()


@needs_cli
def test_an_empty_password_alone(tmp_path: Path) -> None:
    path = tmp_path / "db.kdbx"
    path.write_bytes(files.kdbx4(_whole(), files.composite_of(""), "aes", "argon2id"))
    _cli(path, "add", str(path), "new", password="")
    _check(read_keepass(path.read_bytes(), Secret("")))


# ── what a file may cost ─────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    "xml",
    [
        b"<a>" + b"<b/>" * keepass.MAX_TAGS + b"</a>",
        ("<a>" + "<b/>" * keepass.MAX_TAGS + "</a>").encode("utf-16"),
        b"<a" + b"".join(b' a%x=""' % n for n in range(keepass.MAX_EQUALS + 1)) + b"/>",
    ],
    ids=["elements", "in-two-bytes", "attributes"],
)
def test_a_crowd_of_tiny_elements_is_refused_before_it_is_built(xml: bytes) -> None:
    data = kdbx.write_kdbx(xml, bytes(64), Secret("x"), 8192, 1)
    with pytest.raises(CredGuardError) as caught:
        read_keepass(data, Secret("x"))
    assert caught.value.code == "kdbx-cost"
