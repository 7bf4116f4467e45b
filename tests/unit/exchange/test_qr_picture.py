"""QR codes made of addresses are read back as they were."""

from __future__ import annotations

import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from credguard.domain.errors import CredGuardError
from credguard.domain.secret import Secret
from credguard.exchange.qr_picture import QUIET, squares


def read_back(address: str) -> str:
    made = squares(Secret(address))
    side = len(made) + 2 * QUIET
    picture = Image.new("L", (side, side), 255)
    for y, line in enumerate(made):
        for x, dark in enumerate(line):
            picture.putpixel((x + QUIET, y + QUIET), 0 if dark else 255)
    found = zxingcpp.read_barcodes(picture.resize((side * 4, side * 4), Image.Resampling.NEAREST))
    assert len(found) == 1
    return str(found[0].text)


@settings(max_examples=30, deadline=None)
@given(st.text(st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"), min_size=16, max_size=600))
def test_it_reads_back(secret: str) -> None:
    address = f"otpauth://totp/AWS:m.keller?secret={secret}&issuer=AWS"
    assert read_back(address) == address


def test_one_that_is_too_long_is_said_so_without_its_text() -> None:
    with pytest.raises(CredGuardError) as caught:
        squares(Secret("otpauth://totp/x?secret=" + "A" * 9000))
    assert caught.value.code == "too-long-for-qr"
    assert "AAAA" not in str(caught.value)
