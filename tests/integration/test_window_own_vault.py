"""Codes in a vault of their own beside keys in a real keychain, as the window makes it, uses it and ends it:
moved in a child, opened by a touch, asked of the agent."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from credguard.domain.errors import CredGuardError
from credguard.domain.secret import Secret
from credguard.services import Services
from credguard.settings import Settings
from credguard.vault.remote import Agent
from credguard.vault.sealed.vault import SealedVault
from credguard.vault.talk import AtHand
from credguard.wire import places
from tests.support import key_program
from tests.support.agent import SEED
from tests.support.keyring import PrivateKeyring
from tests.support.stores import PASSPHRASE

pytestmark = pytest.mark.keyring


class Window:
    """The window's services over a keychain with one code, and the person before them."""

    def __init__(self, folder: Path) -> None:
        self.keys = folder / "keys"
        self.keys.mkdir()
        self.asked: list[str] = []
        self.codes: list[Secret] = []
        self.keeps = True
        self.answer: str | None = PASSPHRASE
        Settings(places.settings_file()).set("store", "keychain")
        self.services = Services(
            passphrase=self._ask,
            keeps_code=self._keep,
            starts_agent=True,
            environ={**os.environ},
            hands=lambda: AtHand(lambda left: None, None, lambda event: None, threading.Event()),
            program=key_program.program(self.keys),
        )
        self.entry = self.services.add_code(secret=SEED, name="Northwind").entry_id

    def _ask(self, question: str) -> str | None:
        self.asked.append(question)
        return self.answer

    def _keep(self, code: Secret) -> bool:
        self.codes.append(code)
        return self.keeps


@pytest.fixture
def window(private_keyring: PrivateKeyring, monkeypatch: pytest.MonkeyPatch) -> Iterator[Window]:
    folder = Path(tempfile.mkdtemp(prefix="cg"))  # a socket's path has to be short
    monkeypatch.setenv("CREDGUARD_HOME", str(folder / "state"))
    made = Window(folder)
    try:
        yield made
    finally:
        with contextlib.suppress(CredGuardError):
            made.services.lock()
        Agent().lock()
        made.services.close()
        shutil.rmtree(folder)


@pytest.fixture(autouse=True)
def never_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """The vault is opened by other processes alone."""

    def opened(*_: object, **__: object) -> None:
        raise AssertionError("opened in the window's process")

    for name in ("create_with", "unlock", "loaded", "edit"):
        monkeypatch.setattr(SealedVault, name, opened)


def _in_keychain(keyring: PrivateKeyring) -> list[str]:
    return [name for name in keyring.items() if name.startswith("totp/")]


def test_from_one_switch_to_a_touch_and_back(window: Window, private_keyring: PrivateKeyring) -> None:
    services = window.services
    assert _in_keychain(private_keyring)
    services.move_store("codes_store", "sealed")
    assert _in_keychain(private_keyring) == []
    assert services.vault.state().compartments == ("codes",)
    assert len(window.codes) == 1
    assert [way.slot.type for way in services.vault.state().ways] == ["passphrase", "recovery"]

    # Two keys, then nothing but a key.
    key_program.finger(window.keys)
    key_program.plug_in(window.keys, "one")
    services.vault.add_security_key("desk")
    removed, _ = services.without_agent(lambda: services.vault.need_key("codes", True))
    assert removed is None
    assert [way.slot.type for way in services.vault.state().ways] == ["recovery", "fido2"]
    services.close_beside_agent()

    # Locked: no code. Opened by a touch: a code, through the agent.
    services.lock()
    window.answer = None
    key_program.finger(window.keys, down=False)
    (window.keys / "one.key").rename(window.keys / "one.away")
    with pytest.raises(CredGuardError):
        services.unlock_with("fido2")
    with pytest.raises(CredGuardError):
        services.code(window.entry)
    (window.keys / "one.away").rename(window.keys / "one.key")
    key_program.finger(window.keys)
    services.unlock_with("fido2")
    assert services.code(window.entry).code.isdigit()
    assert Agent().open_parts() == ("codes",)

    # And back again: nothing is typed, a key is touched.
    window.answer = ""
    services.move_store("codes_store", "keychain")
    assert len(_in_keychain(private_keyring)) == 1
    assert not Path(places.vault_file()).exists()
    assert services.code(window.entry).code.isdigit()


def test_a_vault_that_nobody_wants_after_all_leaves_the_codes_where_they_are(
    window: Window, private_keyring: PrivateKeyring
) -> None:
    window.answer = None
    with pytest.raises(CredGuardError):
        window.services.move_store("codes_store", "sealed")
    assert len(_in_keychain(private_keyring)) == 1
    assert window.services.code(window.entry).code.isdigit()


def test_without_a_recovery_code_on_purpose(window: Window) -> None:
    window.keeps = False
    window.services.move_store("codes_store", "sealed")
    assert [way.slot.type for way in window.services.vault.state().ways] == ["passphrase"]
    assert window.services.code(window.entry).code.isdigit()
