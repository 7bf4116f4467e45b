"""The sealed vault with 10,000 codes: opening and listing it, saving one, each beside a reference.

`python -m benchmarks.many_items` prints ratios within one run: open and list to Argon2id alone at the same
cost; list again to reading the same items as JSON; save one to an fsynced write of a file of that size.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable

from credguard.domain.secret import Secret
from credguard.system.durable import replace_file
from credguard.vault.sealed import argon
from credguard.vault.sealed.vault import SealedVault

MANY = 10_000
_PASSPHRASE = Secret("six random words EXAMPLE")
_SEED = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def item(number: int) -> tuple[str, str]:
    code = {
        "v": 1,
        "id": f"e-{number:05}",
        "secret": _SEED,
        "name": f"Client {number:05}",
        "account": "maria",
    }
    return f"totp/e-{number:05}", json.dumps(code)


def timed(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=9)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory(prefix="cg-bench-") as folder:
        path, other = os.path.join(folder, "vault.cgv"), os.path.join(folder, "plain")
        held = SealedVault(path)
        held.create(_PASSPHRASE, argon.FLOOR)
        held.put_all(dict(map(item, range(MANY))))
        size = os.path.getsize(path)
        text = json.dumps([{"name": n, "value": held.get(n), "changed": 1.0} for n in held.names()])

        def open_and_list() -> None:
            fresh = SealedVault(path)
            fresh.open(_PASSPHRASE)
            assert len(fresh.names()) == MANY

        def list_again() -> None:
            assert sum(held.get(name) is not None for name in held.names()) == MANY

        def save() -> None:
            held.put(*item(0))

        cases: list[tuple[str, str, Callable[[], object], Callable[[], object]]] = [
            ("open and list", "Argon2id alone", open_and_list,
             lambda: argon.derive(_PASSPHRASE, b"0" * argon.SALT, argon.FLOOR)),
            ("read each of an open vault", "reading them as JSON", list_again, lambda: json.loads(text)),
            ("save one", f"an fsynced write of {size / 1e6:.1f} MB", save,
             lambda: replace_file(other, os.urandom(size))),
        ]  # fmt: skip
        print(f"{MANY:,} codes, {runs} pairs, load {os.getloadavg()[0]:.1f} before")
        for name, against, ours, reference in cases:
            pairs = [(timed(ours), timed(reference)) for _ in range(runs + 1)][1:]
            ratios = sorted(a / b for a, b in pairs)
            beyond = statistics.median(a - b for a, b in pairs) * 1000
            print(
                f"{name}, times {against}: {ratios[0]:.2f} {statistics.median(ratios):.2f} {ratios[-1]:.2f}"
                f" (median ms: {statistics.median(a for a, _ in pairs) * 1000:.0f}, {beyond:+.0f} to it)"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
