"""QR codes in image files, read with zxing-cpp; bounded before the work starts."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from credguard.domain.errors import CredGuardError
from credguard.domain.text import Text, text

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_FILE = 32 << 20
MAX_PIXELS = 50_000_000
MAX_CODES = 64
FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF")


def read_picture(path: str) -> tuple[str, ...]:
    """The texts of all QR codes in the picture at `path`.

    Raises CredGuardError `picture-unreadable` or `no-qr-code`. The picture itself is not changed.
    """
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_FILE + 1)
    except OSError as error:
        raise _unreadable(
            text("The picture {path} cannot be opened ({why}).", path=path, why=error.strerror or "")
        ) from None
    if not data:
        raise _unreadable(text("The picture {path} is empty.", path=path))
    return read_bytes(data, os.path.basename(path))


def read_bytes(data: bytes, name: str = "") -> tuple[str, ...]:
    """The texts of all QR codes in an image (PNG, JPEG, GIF, BMP, WebP, TIFF); of several frames the first.

    Raises CredGuardError `picture-unreadable` or `no-qr-code`.
    """
    if len(data) > MAX_FILE:
        raise _unreadable(text("The picture is larger than {n} MB.", n=MAX_FILE >> 20))
    import io
    import warnings

    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
                width, height = picture.size
                if width * height > MAX_PIXELS:
                    raise _unreadable(
                        text("The picture has more than {n} million pixels.", n=MAX_PIXELS // 1_000_000)
                    )
                found = _codes(picture.convert("RGBA"))
    except CredGuardError:
        raise
    except Exception:
        raise _unreadable(text("{name} is no picture that can be read.", name=name or "This")) from None
    if not found:
        raise CredGuardError(
            "no-qr-code",
            text("There is no QR code in {name}.", name=name or text("the picture")),
            text("Save the picture with the whole code and a white edge around it, then try again."),
        )
    return found


def _codes(picture: Image) -> tuple[str, ...]:
    """As it is on white; with its greys drawn apart; larger, smaller; then on black, where it has holes."""
    import zxingcpp
    from PIL import Image, ImageOps

    kinds = zxingcpp.barcode_formats_from_str("QRCode")
    papers = ["white", "black"] if picture.getchannel("A").getextrema()[0] != 255 else ["white"]
    for color in papers:
        paper = Image.new("RGBA", picture.size, color)
        paper.alpha_composite(picture)
        gray = paper.convert("L")
        for change in (lambda p: p, ImageOps.autocontrast, _doubled, _halved):
            seen = zxingcpp.read_barcodes(change(gray), formats=kinds)
            texts = tuple(dict.fromkeys(code.text for code in seen if code.text))[:MAX_CODES]
            if texts:
                return texts
    return ()


def _doubled(gray: Image) -> Image:
    return (
        gray.resize((gray.width * 2, gray.height * 2)) if gray.width * gray.height * 4 <= MAX_PIXELS else gray
    )


def _halved(gray: Image) -> Image:
    return gray.resize((max(1, gray.width // 2), max(1, gray.height // 2)))


def _unreadable(what: Text) -> CredGuardError:
    return CredGuardError(
        "picture-unreadable", what, text("Use a PNG or JPEG file with the QR code. Nothing was stored.")
    )
