"""QR codes in image files, read with zxing-cpp; bounded before the work starts."""

from __future__ import annotations

import os

from credguard.domain.errors import CredGuardError
from credguard.domain.text import Text, text

MAX_FILE = 32 << 20
MAX_PIXELS = 40_000_000
MAX_CODES = 64


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
    """The texts of all QR codes in an image (PNG, JPEG, GIF, BMP, WebP)."""
    if len(data) > MAX_FILE:
        raise _unreadable(text("The picture is larger than {n} MB.", n=MAX_FILE >> 20))
    import io
    import warnings

    import zxingcpp
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "GIF", "BMP", "WEBP")) as picture:
                width, height = picture.size
                if width * height > MAX_PIXELS:
                    raise _unreadable(text("The picture has more than {n} million pixels.", n=40))
                gray = picture.convert("RGBA")
                # Transparent paper is white paper.
                paper = Image.new("RGBA", gray.size, "white")
                paper.alpha_composite(gray)
                found = zxingcpp.read_barcodes(paper.convert("L"))
    except CredGuardError:
        raise
    except Exception:
        raise _unreadable(text("{name} is no picture that can be read.", name=name or "This")) from None
    texts = tuple(dict.fromkeys(code.text for code in found if "QR" in str(code.format).upper()))[:MAX_CODES]
    if not texts:
        raise CredGuardError(
            "no-qr-code",
            text("There is no QR code in {name}.", name=name or text("the picture")),
            text("Save the picture with the whole code and a white edge around it, then try again."),
        )
    return texts


def _unreadable(what: Text) -> CredGuardError:
    return CredGuardError(
        "picture-unreadable", what, text("Use a PNG or JPEG file with the QR code. Nothing was stored.")
    )
