"""Key files of KeePass databases, and pictures that are hard to read."""

from __future__ import annotations

import base64
import hashlib
import io
import shutil
import subprocess
from pathlib import Path

import pytest
from PIL import Image

from credguard.domain.errors import CredGuardError
from credguard.domain.secret import Secret
from credguard.exchange import picture_codes
from credguard.exchange.detect import read
from credguard.exchange.key_file import key_of
from tests.support import code_files as files

KEY = bytes(range(32))
HASH = b' Hash="' + hashlib.sha256(KEY).hexdigest()[:8].upper().encode() + b'"'
XML = b"<KeyFile><Meta><Version>%b</Version></Meta>\n<Key><Data%b>\n%b\n</Data></Key></KeyFile>"


@pytest.mark.parametrize(
    "data",
    [
        KEY,
        KEY.hex().encode(),
        XML % (b"1.00", b"", base64.b64encode(KEY)),
        XML % (b"2.0", HASH, b"00010203 04050607 08090A0B 0C0D0E0F\n" + KEY[16:].hex().encode()),
    ],
)  # fmt: skip
def test_every_kind_of_key_file(data: bytes) -> None:
    assert key_of(data) == KEY


def test_any_file_is_a_key_by_its_hash_and_a_changed_one_is_refused() -> None:
    assert key_of(b"holiday.jpg") == hashlib.sha256(b"holiday.jpg").digest()
    for data in (
        b"<KeyFile/>",
        b'<KeyFile><Version>2.0</Version><Data Hash="00000000">' + KEY.hex().encode() + b"</Data>",
    ):
        with pytest.raises(CredGuardError) as caught:
            key_of(data)
        assert caught.value.code == "key-file"


@pytest.mark.skipif(shutil.which("keepassxc-cli") is None, reason="keepassxc-cli is not installed")
def test_a_database_of_keepassxc_with_a_key_file(tmp_path: Path) -> None:
    database, key = (str(tmp_path / name) for name in ("db.kdbx", "db.keyx"))
    made = subprocess.run(
        ["keepassxc-cli", "db-create", "-q", "-t", "100", "-p", "--set-key-file", key, database],
        input="pass EXAMPLE\npass EXAMPLE\n", capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    data, password, key_file = Path(database).read_bytes(), Secret("pass EXAMPLE"), Path(key).read_bytes()
    assert read(data, password, key_file).entries == ()
    for wrong in ((password, None), (password, b"x"), (None, key_file), (Secret("x"), key_file)):
        with pytest.raises(CredGuardError) as caught:
            read(data, *wrong)
        assert caught.value.code == "wrong-passphrase"


def _png(picture: Image.Image, kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    picture.save(out, kind)
    return out.getvalue()


@pytest.fixture(scope="module")
def picture() -> Image.Image:
    (data,) = picture_codes.draw([files.ADDRESSES.splitlines()[0]])
    return Image.open(io.BytesIO(data)).convert("L")


def _clear(picture: Image.Image, ink: int) -> Image.Image:
    """Ink on nothing."""
    return Image.merge("RGBA", [picture.point(lambda _: ink)] * 3 + [picture.point(lambda v: 255 - v)])


@pytest.mark.parametrize(
    "change",
    [
        lambda p: p,
        lambda p: p.point(lambda v: 255 - v),
        lambda p: p.rotate(17, expand=True, fillcolor=255),
        lambda p: p.point(lambda v: 120 + v // 20),  # twelve grey levels
        lambda p: _clear(p, 0),
        lambda p: _clear(p, 255),
    ],
)
def test_pictures_that_are_hard_to_read(picture: Image.Image, change: object) -> None:
    for kind in ("PNG", "WEBP", "TIFF"):
        found = read(_png(change(picture), kind))  # type: ignore[operator]
        assert [r.entry.secret.reveal() for r in found.entries] == [files.SEED], kind


def test_two_codes_in_a_picture_and_one_that_is_none(picture: Image.Image) -> None:
    other = Image.open(io.BytesIO(picture_codes.draw(["https://example.com/secret-path"])[0]))
    paper = Image.new("L", (picture.width + other.width, max(picture.height, other.height)), 255)
    paper.paste(picture, (0, 0))
    paper.paste(other, (picture.width, 0))
    found = read(_png(paper))
    assert len(found.entries) == 1
    assert "a web address" in str(found.skipped[0].reason)
    assert "secret-path" not in str(found)


def test_a_picture_bomb_is_refused_before_it_is_drawn() -> None:
    with pytest.raises(CredGuardError) as caught:
        read(_png(Image.new("1", (10_000, 5_001))))
    assert (caught.value.code, "50 million" in str(caught.value.what)) == ("picture-unreadable", True)
