"""The switch "Codes need a key" at a keychain, pressed in the real window over a real keychain."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QWidget

from credguard.domain.errors import CredGuardError
from credguard.gui.journeys.recovery_card import RecoveryPanel
from credguard.gui.journeys.unlock_panel import NewVaultPanel
from credguard.gui.passphrase import Asker
from credguard.gui.security_keys import KeysAtWindow
from credguard.gui.window import Window
from credguard.services import Services
from credguard.settings import Settings
from credguard.vault.remote import Agent
from credguard.wire import places
from tests.support.agent import SEED
from tests.support.gui import application
from tests.support.keyring import PrivateKeyring
from tests.support.pages import button, page_of, said
from tests.support.window import read

pytestmark = pytest.mark.keyring


def test_codes_move_into_a_vault_of_their_own(
    private_keyring: PrivateKeyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(tempfile.mkdtemp(prefix="cg"))  # a socket's path has to be short
    monkeypatch.setenv("CREDGUARD_HOME", str(folder / "state"))
    application()
    Settings(places.settings_file()).set("store", "keychain")
    asker = Asker()
    keys = KeysAtWindow(asker, list)
    services = Services(
        starts_agent=True, environ={**os.environ}, passphrase=asker.ask, keeps_code=asker.keeps_code,
        keys=keys, hands=keys.at_hand,
    )  # fmt: skip
    entry = services.add_code(secret=SEED, name="Northwind").entry_id
    window = Window(services)
    window.asker, window.security_keys = asker, keys
    asker.attach(window)
    asker.watch_keys(keys)
    window.show()
    read(window)

    def wait(met: Callable[[], object]) -> None:
        for _ in range(6000):
            if met():
                return
            QTest.qWait(5)
        raise AssertionError(f"what was waited for did not come: {said(window)}")

    def seen(kind: type[QWidget]) -> QWidget | None:
        return next((w for w in window.findChildren(kind) if w.isVisible()), None)

    try:
        window.show_page("security-keys")
        wait(lambda: "vault of their own" in said(page_of(window)))
        button(page_of(window), "Codes need a key").click()
        wait(lambda: seen(NewVaultPanel))
        panel = seen(NewVaultPanel)
        assert panel is not None
        fields = [edit for edit in panel.findChildren(QLineEdit) if edit.isVisible()]
        if not fields[0].text():
            QTest.keyClicks(fields[0], "six random words EXAMPLE")
        passphrase = fields[0].text()
        QTest.keyClicks(fields[1], passphrase)
        QTest.keyClick(fields[1], Qt.Key.Key_Return)
        wait(lambda: seen(RecoveryPanel))
        paper = seen(RecoveryPanel)
        assert isinstance(paper, RecoveryPanel)
        groups = paper.card._code.reveal().removeprefix("CG1-").split("-")
        for field in (edit for edit in paper.findChildren(QLineEdit) if edit.isVisible()):
            QTest.keyClicks(field, groups[int(field.accessibleName().split()[1]) - 1])
        wait(paper.go.isEnabled)
        QTest.mouseClick(paper.go, Qt.MouseButton.LeftButton)
        wait(lambda: not window.tasks.busy)
        wait(lambda: "Recovery code" in said(page_of(window)))
        assert "They are not in this vault, but in" in said(page_of(window)), "the access keys"
        assert [way.slot.type for way in services.vault.state().ways] == ["passphrase", "recovery"]
        assert services.vault.state().compartments == ("codes",)
        assert not [name for name in private_keyring.items() if name.startswith("totp/")]
        assert entry
    finally:
        asker.close()
        with contextlib.suppress(CredGuardError):
            services.lock()
        Agent().lock()
        window.close()
        services.close()
        shutil.rmtree(folder, ignore_errors=True)
