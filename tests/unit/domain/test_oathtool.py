"""Ten thousand codes side by side with oathtool, for random secrets and times."""

from __future__ import annotations

import base64
import random
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from credguard.domain import otp
from credguard.domain.otp import OtpEntry
from credguard.domain.secret import Secret

pytestmark = pytest.mark.skipif(shutil.which("oathtool") is None, reason="oathtool is not installed")
#: oathtool makes so many codes in a row in one start (its --window), each from another step.
STARTS, ROW = 1_000, 10


def _row(seed: int) -> list[tuple[str, str]]:
    chance = random.Random(seed)
    secret = chance.randbytes(chance.randint(1, 80))
    kind = chance.choice(("totp", "totp", "hotp"))
    algorithm = chance.choice(otp.ALGORITHMS) if kind == "totp" else "SHA1"
    digits, period = chance.randint(6, 8), chance.choice((30, 60, 1, 97))
    start = chance.randrange(0, 2**33)
    mode = [f"--totp={algorithm.lower()}", "-s", f"{period}s", "--now", f"@{start}"]
    if kind == "hotp":
        mode = ["--hotp", "-c", str(start)]
    # The secret of a test may stand in arguments: `oathtool -` reads it from standard input all the same.
    ran = subprocess.run(
        ["oathtool", *mode, "-d", str(digits), "-w", str(ROW - 1), "-"],
        input=secret.hex() + "\n", capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    entry = OtpEntry(
        "", Secret(base64.b32encode(secret).decode().rstrip("=")), kind,  # type: ignore[arg-type]
        algorithm, digits, period, start,
    )  # fmt: skip
    first = start if kind == "hotp" else otp.step_at(entry, start)
    return [(otp.code_of_step(entry, first + n), theirs) for n, theirs in enumerate(ran.stdout.split())]


def test_ten_thousand_codes_are_those_of_oathtool() -> None:
    with ThreadPoolExecutor(4) as pool:
        pairs = [pair for row in pool.map(_row, range(STARTS)) for pair in row]
    assert len(pairs) == STARTS * ROW
    assert [pair for pair in pairs if pair[0] != pair[1]] == []
