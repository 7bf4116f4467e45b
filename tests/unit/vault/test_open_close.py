"""Opening and closing the sealed vault by a face, and making it where a person chose it."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest

from credguard.domain.errors import CredGuardError, Locked
from credguard.domain.secret import Secret
from credguard.vault.choose import make_vault, open_store
from tests.support.stores import CHEAP, passphrase


class Pins(dict[str, Any]):
    def set(self, name: str, value: object) -> None:
        self[name] = value


def alone(name: str) -> contextlib.AbstractContextManager[None]:
    return contextlib.nullcontext()


def make(path: Path, pins: Pins, environ: dict[str, str] | None = None) -> None:
    make_vault(pins, passphrase(), vault_path=str(path), alone=alone, environ=environ or {}, cost=CHEAP)


def test_a_vault_that_was_made_is_the_store_and_opens_and_closes(tmp_path: Path) -> None:
    path, pins = tmp_path / "vault.cgv", Pins()
    before = open_store(Pins(store="sealed"), vault_path=str(path), alone=alone, environ={})
    assert before.fresh
    make(path, pins)
    assert pins["store"] == "sealed"
    store = open_store(pins, vault_path=str(path), alone=alone, environ={})
    assert store.asks
    assert not store.fresh
    with pytest.raises(CredGuardError) as wrong:
        store.unlock(Secret("not it"))
    assert wrong.value.code == "wrong-passphrase"
    assert store.asks
    store.unlock(passphrase())
    assert not store.asks
    store.write("account/1", {"v": 1, "name": "Acme"})
    store.lock()
    assert store.asks
    with pytest.raises(Locked):
        store.read("account/1")
    store.unlock(passphrase())
    assert store.read("account/1") is not None


def test_a_file_that_names_the_passphrase_leaves_nothing_to_ask(tmp_path: Path) -> None:
    path, pins, file = tmp_path / "vault.cgv", Pins(), tmp_path / "passphrase"
    make(path, pins)
    file.write_text(passphrase().reveal() + "\n")
    file.chmod(0o600)
    environ = {"CREDGUARD_PASSPHRASE_FILE": str(file)}
    store = open_store(pins, vault_path=str(path), alone=alone, environ=environ)
    assert not store.asks
    assert not store.fresh


@pytest.mark.parametrize(("pins", "environ"), [
    (Pins(store="keychain"), {}), (Pins(), {"CREDGUARD_STORE": "keychain"}),
])  # fmt: skip
def test_no_vault_is_made_beside_a_keychain_that_was_chosen(
    tmp_path: Path, pins: Pins, environ: dict[str, str]
) -> None:
    with pytest.raises(CredGuardError) as refused:
        make(tmp_path / "vault.cgv", pins, environ)
    assert refused.value.code == "store-pinned"
    assert not (tmp_path / "vault.cgv").exists()


def test_no_second_vault_is_made_over_the_first(tmp_path: Path) -> None:
    make(tmp_path / "vault.cgv", Pins())
    with pytest.raises(CredGuardError) as refused:
        make(tmp_path / "vault.cgv", Pins())
    assert refused.value.code == "vault-exists"
