"""A vault's life at the window, over a real agent: made, used, locked, opened, a way in removed, opened by
the way that is left, and a program that asks."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QWidget

from credguard.gui.agent_link import AgentLink
from credguard.gui.journeys.frame import FOUND
from credguard.gui.journeys.lock import LockPage
from credguard.gui.journeys.recovery_card import RecoveryCard
from credguard.gui.journeys.unlock_panel import OpenPanel
from credguard.gui.journeys.vault_panels import RemovedPanel
from credguard.gui.passphrase import Asker
from credguard.gui.security_keys import KeysAtWindow
from credguard.gui.widgets.overlay import ConfirmDialog
from credguard.gui.window import Window
from credguard.services import Services
from credguard.vault.remote import Agent
from credguard.wire import places
from tests.support.agent import ACCOUNT, SEED, Desk
from tests.support.agent import desk as desk
from tests.support.gui import application
from tests.support.pages import button, page_of, said
from tests.support.window import read

Key = Qt.Key


def test_from_its_making_to_a_program_that_asks(desk: Desk) -> None:
    for path in glob.glob(places.vault_file() + "*"):
        os.unlink(path)
    desk.settings.reset("store")
    application()
    asker = Asker()
    keys = KeysAtWindow(asker, list)
    services = Services(
        starts_agent=True, environ=desk.env, passphrase=asker.ask, keeps_code=asker.keeps_code, keys=keys,
        hands=keys.at_hand,
    )  # fmt: skip
    window = Window(services)
    window.asker, window.security_keys = asker, keys
    asker.attach(window)
    asker.watch_keys(keys)
    window.show()
    read(window)
    link = window.link = AgentLink(window)

    def wait(met: Callable[[], object]) -> None:
        for _ in range(6000):
            if met():
                return
            QTest.qWait(5)
        raise AssertionError(f"what was waited for did not come: {said(window)}")

    def seen(kind: type[QWidget]) -> QWidget | None:
        return next((w for w in window.findChildren(kind) if w.isVisible()), None)

    try:
        # Made, with its recovery code typed back.
        wait(lambda: window.rail.lock.text() == "No vault yet")
        QTest.mouseClick(window.rail.lock, Qt.MouseButton.LeftButton)
        wait(lambda: seen(RecoveryCard))
        run, card = window._journey, seen(RecoveryCard)
        assert run is not None
        assert isinstance(card, RecoveryCard)
        passphrase_field, again, *back = (e for e in run.findChildren(QLineEdit) if e.isVisible())
        passphrase = passphrase_field.text()
        code = card._code.reveal()
        groups = code.removeprefix("CG1-").split("-")
        QTest.keyClicks(again, passphrase)
        for field in back:
            QTest.keyClicks(field, groups[int(field.accessibleName().split()[1]) - 1])
        QTest.mouseClick(button(run, "Make the vault"), Qt.MouseButton.LeftButton)
        wait(lambda: run._dots.at == FOUND)
        wait(lambda: not window.tasks.busy)
        window.leave_journey()
        wait(lambda: window.rail.lock.text() == "Unlocked")
        assert Agent().open_parts() == ("keys", "codes")

        # Used: a code, kept and shown.
        entry = services.add_code(secret=SEED, name="Northwind", account_id=ACCOUNT).entry_id
        assert services.code(entry).code.isdigit()

        # Locked, and opened again.
        window.activateWindow()
        QTest.keyClick(window, Key.Key_L, Qt.KeyboardModifier.ControlModifier)
        page = window.findChild(LockPage)
        assert isinstance(page, LockPage)
        wait(lambda: page.form.state == "rest")
        assert Agent().open_parts() == ()
        assert page.field.edit.placeholderText() == "Passphrase or recovery code"
        QTest.keyClicks(page.field.edit, passphrase)
        QTest.keyClick(page.field.edit, Key.Key_Return)
        wait(lambda: not window.locked)

        # The passphrase goes; what is left opens it.
        window.show_page("security-keys")
        wait(lambda: "Recovery code" in said(page_of(window)))
        button(page_of(window), "Remove: Passphrase").click()
        wait(lambda: seen(ConfirmDialog))
        dialog = seen(ConfirmDialog)
        assert isinstance(dialog, ConfirmDialog)
        QTest.keyClicks(dialog.field.edit, "remove")
        QTest.keyClick(dialog.field.edit, Key.Key_Return)
        wait(lambda: seen(OpenPanel))
        panel = seen(OpenPanel)
        assert isinstance(panel, OpenPanel)
        QTest.keyClicks(panel.field.edit, passphrase)
        QTest.keyClick(panel.field.edit, Key.Key_Return)
        wait(lambda: seen(RemovedPanel))
        removed = seen(RemovedPanel)
        assert removed is not None
        assert "Northwind" in said(removed)
        QTest.mouseClick(button(removed, "Open the vault"), Qt.MouseButton.LeftButton)
        wait(lambda: (p := seen(OpenPanel)) is not None and p.field.edit.isEnabled())  # type: ignore[attr-defined]
        panel = seen(OpenPanel)
        assert isinstance(panel, OpenPanel)
        assert panel.field.edit.accessibleName() == "Recovery code"
        QTest.keyClicks(panel.field.edit, code)
        QTest.keyClick(panel.field.edit, Key.Key_Return)
        wait(lambda: Agent().open_parts() == ("keys", "codes"))
        wait(lambda: window.rail.lock.text() == "Unlocked")
        assert [way.kind for way in services.unlock_ways()] == ["recovery"]
        assert services.code(entry).code.isdigit()

        # Locked from elsewhere, and opened by what is left.
        wait(lambda: link.connected)
        Agent().lock()
        wait(lambda: window.locked)
        page = next(p for p in window.findChildren(LockPage) if p.isVisible())
        wait(lambda: page.form.state == "rest")
        assert page.why.text() == "It was locked from elsewhere."
        assert page.field.edit.placeholderText() == "Recovery code"
        QTest.keyClicks(page.field.edit, code)
        QTest.keyClick(page.field.edit, Key.Key_Return)
        wait(lambda: not window.locked)

        # A program asks, and is told no.
        services.settings.change("approve", "all")
        wait(lambda: link.connected)
        told: list[int] = []
        window.tasks.run(lambda tell: desk.credguard("totp", "code", "Northwind").returncode, told.append)
        wait(lambda: link.prompt.isVisible())
        assert link.prompt.question.text().endswith("to use Northwind?")
        link.prompt._now = lambda: link.prompt._shown_at + 1
        QTest.mouseClick(link.prompt.deny, Qt.MouseButton.LeftButton)
        wait(lambda: bool(told))
        assert told == [1]
    finally:
        asker.close()
        link.close()
        window.close()
        window.tasks.wait()
        services.close()
        window.deleteLater()
