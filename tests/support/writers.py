"""Processes that write into one store on a word from the test: `python -m tests.support.writers …`.

A line in, a line out: `put NAME VALUE`, `remove NAME`, `get NAME`; `ok`, a value, or `error CODE`.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from credguard.domain.errors import CredGuardError
from credguard.system.interlock import Interlock
from credguard.vault.choose import KEYCHAIN_CHANGE, keychain_store
from credguard.vault.sealed.backend import SealedBackend
from credguard.vault.sealed.vault import SealedVault
from credguard.vault.store import SecretStore
from tests.support.stores import CHEAP, PASSPHRASE

ROOT = Path(__file__).parents[2]


class Writer:
    """One of them. `tell` begins, `answer` waits: between the two the others may do what they like."""

    def __init__(self, kind: str, folder: Path, command: Sequence[str] = ()) -> None:
        """`command`: what becomes the process, instead of starting it as it is."""
        self.process = subprocess.Popen(
            command or [sys.executable, "-m", "tests.support.writers", kind, str(folder)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, cwd=ROOT,
        )  # fmt: skip

    def tell(self, *words: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(" ".join(words) + "\n")

    def answer(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def ask(self, *words: str) -> str:
        self.tell(*words)
        return self.answer()


@contextmanager
def writers(kind: str, folder: Path, count: int = 2) -> Iterator[list[Writer]]:
    """`count` processes with a store of `kind` in `folder` (the keychain: the one of this process)."""
    made = [Writer(kind, folder) for _ in range(count)]
    try:
        yield made
    finally:
        for writer in made:
            writer.process.kill()
            writer.process.communicate()


def open_one(kind: str, folder: str) -> SecretStore:
    """The store as these processes open it."""
    interlock = Interlock(f"{folder}/run")
    if kind == "keychain":
        # A change that another process gave up is refused soon; all else waits for its turn.
        return keychain_store(
            lambda name: interlock.hold(name, wait=1.0 if name == KEYCHAIN_CHANGE else 20.0)
        )
    vault = SealedVault(f"{folder}/vault.cgv", lambda: interlock.hold("vault", wait=20.0))
    backend = SealedBackend(vault, lambda question: PASSPHRASE, cost=CHEAP)
    return SecretStore(backend, "sealed", "Sealed vault", listing=backend)


def _do(store: SecretStore, words: list[str]) -> str:
    match words:
        case ["put", name, value]:
            store.write(name, {"v": 1, "n": value})
        case ["remove", name]:
            store.remove(name)
        case ["get", name]:
            item = store.read(name)
            return "none" if item is None else str(item["n"])
        case ["names"]:
            return ",".join(store.names()) or "none"
    return "ok"


def main(kind: str, folder: str) -> None:
    store = open_one(kind, folder)
    for line in sys.stdin:
        try:
            said = _do(store, line.split())
        except CredGuardError as error:
            said = f"error {error.code}"
        print(said, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
