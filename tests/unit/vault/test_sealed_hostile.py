"""Sealed vaults under two processes, odd names, and harm done to the file."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credguard.system.interlock import Interlock
from credguard.vault.sealed.backend import SealedBackend
from credguard.vault.sealed.vault import SealedVault
from tests.support.program import run, sealed_home
from tests.support.stores import CHEAP, PASSPHRASE, passphrase


def test_two_processes_that_make_the_first_vault_both_store(tmp_path: Path) -> None:
    lock = Interlock(str(tmp_path / "run"))
    started = threading.Barrier(2)

    def alone() -> AbstractContextManager[None]:
        return lock.hold("vault", wait=20.0)

    def ask(question: str) -> str:
        return PASSPHRASE

    def write(name: str, errors: list[Exception]) -> None:
        try:
            backend = SealedBackend(SealedVault(str(tmp_path / "vault.cgv"), alone), ask, cost=CHEAP)
            started.wait(20)
            backend.set_password("credguard", name, name)
        except Exception as error:
            errors.append(error)

    errors: list[Exception] = []
    threads = [threading.Thread(target=write, args=(name, errors)) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    vault = SealedVault(str(tmp_path / "vault.cgv"))
    vault.open(passphrase())
    assert vault.names() == ("a", "b")


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.text(st.characters(), max_size=9), st.text(st.characters(), max_size=9))))
def test_any_name_and_value_comes_back(
    tmp_path_factory: pytest.TempPathFactory, pairs: list[tuple[str, str]]
) -> None:
    """Control characters and half surrogate pairs too: nothing that gets in is lost or a traceback."""
    vault = SealedVault(str(tmp_path_factory.mktemp("v") / "vault.cgv"))
    vault.create(passphrase(), CHEAP)
    for name, value in pairs:
        vault.put(name, value)
    again = SealedVault(vault.path)
    again.open(passphrase())
    assert {name: again.get(name) for name, _ in pairs} == dict(pairs)


# ── the whole program ────────────────────────────────────────────────────────────────────────────
def _flipped(vault: Path) -> None:
    data = bytearray(vault.read_bytes())
    data[len(data) // 2] ^= 1
    vault.write_bytes(data)


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (_flipped, "is damaged"),
        (Path.unlink, "There is no vault at"),
        (lambda vault: vault.write_bytes(vault.read_bytes()[:100]), "damaged"),
        (lambda vault: vault.write_bytes(b""), "does not start as"),
    ],
)
def test_the_program_says_it(tmp_path: Path, harm: Callable[[Path], object], words: str) -> None:
    home = sealed_home(tmp_path)
    vault = Path(home["CREDGUARD_HOME"]) / "vault.cgv"
    harm(vault)
    ran = run(home, "totp", "list", "--json", code=1)
    flat = " ".join(ran.stderr.split())
    assert words in flat
    assert ran.stdout == ""
    assert "vault.cgv.prev" in flat or "vault.cgv.day" in flat  # the whole copy is named
    before = vault.read_bytes() if vault.exists() else None
    run(home, "totp", "add", "Other", "--secret", "-", stdin="LBSWY3DPEHPK3PXP\n", code=1)
    assert (vault.read_bytes() if vault.exists() else None) == before
