"""A QR code made of an address, as rows of dark and light squares; for a screen, never for a file."""

from __future__ import annotations

from typing import Any

from credguard.domain.errors import CredGuardError
from credguard.domain.secret import Secret
from credguard.domain.text import text

#: True is dark. Whoever draws it leaves four squares of white around.
Squares = tuple[tuple[bool, ...], ...]
QUIET = 4


def squares(address: Secret) -> Squares:
    """The squares of the QR code of `address`, with error correction M.

    Raises CredGuardError `too-long-for-qr`; the address is never in the sentence.
    """
    import zxingcpp

    try:
        made = zxingcpp.create_barcode(address.reveal(), zxingcpp.BarcodeFormat.QRCode, ec_level="M")
        drawn: Any = zxingcpp.write_barcode_to_image(made, scale=1, add_quiet_zones=False)
    except (ValueError, RuntimeError):
        raise CredGuardError(
            "too-long-for-qr",
            text("This code is too long for one QR code."),
            text("Export it as a file instead: credguard totp export"),
        ) from None
    high, wide = drawn.shape
    data = bytes(memoryview(drawn))
    return tuple(tuple(data[y * wide + x] < 128 for x in range(wide)) for y in range(high))
