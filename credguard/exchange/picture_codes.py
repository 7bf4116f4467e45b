"""The codes in a picture: each QR code in it is an address, or part of an export of Google Authenticator."""

from __future__ import annotations

import io
from collections.abc import Sequence

from credguard.domain.secret import Secret
from credguard.domain.text import Text, text
from credguard.exchange import address_list
from credguard.exchange.parsed import Collector, Parsed
from credguard.exchange.qr import read_bytes

FORMAT, PROGRAM = "qr", "a picture"
_SCALE, _QUIET = 6, 4  # pixels of a module, modules of white around


def read(data: bytes, password: Secret | None = None) -> Parsed:
    """Raises CredGuardError `picture-unreadable`, `no-qr-code`. Other codes are named by kind, never shown:
    one may be a password."""
    found = Collector(FORMAT, PROGRAM)
    for number, words in enumerate(read_bytes(data), 1):
        if words.strip().lower().startswith(("otpauth", "steam://")):
            address_list.one(words.strip(), number, found)
        else:
            found.skip(
                number, "", text("The QR code holds {kind}, no code for signing in.", kind=_kind(words))
            )
    return found.done()


def _kind(words: str) -> Text:
    start = words.strip().lower()
    if start.startswith(("http://", "https://")):
        return text("a web address")
    if start.startswith("wifi:"):
        return text("the password of a wireless network")
    if start.startswith(("begin:vcard", "mecard:")):
        return text("a contact")
    return text("some text")


def draw(addresses: Sequence[str]) -> tuple[bytes, ...]:
    """A PNG with a QR code for each address."""
    import zxingcpp
    from PIL import Image

    pictures = []
    for address in addresses:
        code = zxingcpp.create_barcode(address, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
        image = Image.fromarray(code.to_image(scale=_SCALE))
        edge = _SCALE * _QUIET
        paper = Image.new("L", (image.width + 2 * edge, image.height + 2 * edge), 255)
        paper.paste(image, (edge, edge))
        out = io.BytesIO()
        paper.save(out, "PNG")
        pictures.append(out.getvalue())
    return tuple(pictures)
