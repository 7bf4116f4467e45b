"""Pictures of all pages and journeys over invented companies: `python -m tests.support.screenshots FOLDER`.

1120 × 720, light and dark, named as in the design; the sheets of icons and widgets besides.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtWidgets import QWidget

from credguard.demo.cloud.world import PASSPHRASE
from credguard.domain.text import Text as Words
from credguard.gui.approve import Prompt
from credguard.gui.journeys.frame import DONE, FOUND, WELCOME
from credguard.gui.journeys.lock import LockPage
from credguard.gui.journeys.mfa import MfaDialog, open_enrolment
from credguard.gui.journeys.recovery_card import RecoveryCard
from credguard.gui.journeys.rotation import RotationDialog, open_rotation
from credguard.gui.journeys.start import begin
from credguard.gui.pages.import_codes import ImportCodesPage
from credguard.gui.palette import Palette
from credguard.gui.passphrase import Asker
from credguard.gui.pictures import MODES, draw
from credguard.gui.security_keys import KeysAtWindow
from credguard.gui.theme import Theme, theme
from credguard.gui.tray import Tray
from credguard.gui.widgets.button import Button
from credguard.gui.window import Window
from credguard.services import Services
from credguard.wire import places
from tests.support import components_sheet, icon_sheet
from tests.support.authenticator import SoftwareKey
from tests.support.code_files import import_sample
from tests.support.gui import application, settle
from tests.support.window import DAY, TODAY, Laptop, read, until


def shoot(window: QWidget, folder: Path, name: str) -> None:
    """One moment in both modes; nothing happens between them."""
    for mode in MODES:
        theme().set_mode(mode)
        settle()  # a placeholder takes the new colour with an event
        # 0: as small as PNG gets.
        window.grab().save(str(folder / f"{name}-{mode}.png"), "PNG", 0)  # type: ignore[call-overload]
    theme().set_mode("light")


def pages(folder: Path, app_theme: Theme) -> None:
    """The pages, the palette over Codes, and a rotation that waits for AWS."""
    with Laptop() as laptop:
        laptop.as_designed()
        window = laptop.window()
        draw(window, app_theme, str(folder))
        theme().set_mode("light")
        window.resize(1600, 1000)
        window.show_page("home")
        read(window)
        shoot(window, folder, "home-1600x1000")
        window.resize(800, 560)
        window.show_page("accounts")
        read(window)
        shoot(window, folder, "adapt-800x560-accounts")
        window.resize(1120, 720)
        window.show_page("codes")
        window.open_palette()
        read(window)
        palette = window.findChildren(Palette)[-1]
        palette.edit.setText("no")
        read(window)
        shoot(window, folder, "palette")
        palette.close_palette()
        _import(window, folder, Path(laptop.world.files.home) / "Downloads" / "twofas-backup.json")
        window.show_page("accounts")
        read(window)
        _rotation(window, folder)
        window.dialogs.close_panel()
        _mfa(window, folder)


def _import(window: Window, folder: Path, backup: Path) -> None:
    backup.write_bytes(import_sample())
    window.show_page("import-codes")
    page = window._stack.currentWidget()
    assert isinstance(page, ImportCodesPage)
    page.read_files([str(backup)])
    until(window, lambda: bool(page.rows))
    shoot(window, folder, "import-codes")
    page.go_back()
    backup.unlink()


def _rotation(window: Window, folder: Path) -> None:
    key = next(r for r in window.services.accounts() if r.account.name == "Northwind").current
    assert key is not None
    open_rotation(window, "Northwind", key.access_key_id)
    dialog = window.dialogs.panel
    assert isinstance(dialog, RotationDialog)
    seen: list[int] = []

    def look() -> None:
        waits = any(s.state == "running" and s.total and s.count == 3 for s in dialog.run.steps)
        if waits and not seen:
            seen.append(3)
            shoot(window, folder, "rotate-dialog")

    dialog.run.changed.connect(look)
    until(window, lambda: not dialog.run.running)
    if not seen:
        shoot(window, folder, "rotate-dialog")


def _mfa(window: Window, folder: Path) -> None:
    """A device for Northwind's user, six seconds after AWS was told of it."""
    open_enrolment(window, next(r for r in window.services.accounts() if r.account.name == "Northwind"))
    dialog = window.dialogs.panel
    assert isinstance(dialog, MfaDialog)

    def look() -> None:
        if any(s.id == "wait" and s.state == "running" for s in dialog.run.steps):
            dialog.run.changed.disconnect(look)
            # The clock of the pictures jumps: what comes next waits until they are taken.
            dialog.run.changed.disconnect(dialog.show_run)
            dialog.run.since = "wait", window.services.clock.now() - 6
            dialog.show_run()
            shoot(window, folder, "mfa-enrol")
            dialog.run.changed.connect(dialog.show_run)

    dialog.run.changed.connect(look)
    until(window, lambda: not dialog.run.running)
    window.dialogs.close_panel()


def first_run(folder: Path) -> None:
    """The four screens."""
    with Laptop() as laptop:
        window = laptop.window()
        begin(window)
        until(window, lambda: window._journey is not None)
        read(window)
        run = window._journey
        assert run is not None

        def at(screen: int) -> Callable[[], bool]:
            return lambda: run._dots.at == screen  # type: ignore[attr-defined]

        until(window, at(WELCOME))
        shoot(window, folder, "first-run-1-welcome")
        _press(run, "Look for keys")
        until(window, at(FOUND))
        read(window)
        shoot(window, folder, "first-run-2-found")
        _press(run, "Move ")
        settle()
        shoot(window, folder, "first-run-3-moving")
        until(window, at(DONE))
        read(window)
        shoot(window, folder, "first-run-4-done")


def vault(folder: Path) -> None:
    """The vault's parts: its making, keys, locking, the locked page, the tray, and a program that asks."""
    with Laptop() as laptop:
        laptop.as_designed()
        before = laptop.services
        laptop.services = services = _with_keys(laptop)
        window = laptop.window()
        window.security_keys = KeysAtWindow(Asker(), list)
        for page in ("security-keys", "locking", "settings"):
            window.show_page(page)
            read(window)
            shoot(window, folder, page)
        window.tray = Tray(window, available=lambda: True)
        window.look_at_lock()
        read(window)
        window.tray.pop_up()
        popup = window.tray.popup
        until(window, lambda: bool(popup.rows) and all(row.code for row in popup.rows))
        shoot(popup, folder, "tray")
        popup.hide()
        _approve(folder)
        window.lock()
        read(window)
        page = window.findChild(LockPage)
        assert page is not None
        state = services.store_state()
        page.because("Nobody used CredGuard for a while.")
        page.show_state((replace(state, asks=True), False, services.unlock_ways()))
        read(window)
        shoot(window, folder, "locked")
        window.tray.close()
        window.tray = None
        laptop.put_away()
        services.close()
        laptop.services = before
    with Laptop() as laptop:
        environ = {k: v for k, v in os.environ.items() if k != "CREDGUARD_PASSPHRASE_FILE"}
        laptop.services.close()
        for file in Path(places.vault_file()).parent.glob("vault.cgv*"):
            file.unlink()
        laptop.services = Services(demo=True, clock=laptop.clock, environ=environ)
        window = laptop.window()
        window.first_run()
        until(
            window, lambda: window._journey is not None and bool(window._journey.findChildren(RecoveryCard))
        )
        read(window)
        shoot(window, folder, "create-vault")


def _with_keys(laptop: Laptop) -> Services:
    """Three keys in software: two tested, the third kept away and not tested for long."""
    plugged: list[SoftwareKey] = []
    environ = {k: v for k, v in os.environ.items() if k != "CREDGUARD_PASSPHRASE_FILE"}
    services = Services(
        demo=True, clock=laptop.clock, environ=environ, passphrase=lambda question: PASSPHRASE,
        keys=KeysAtWindow(Asker(), lambda: plugged),
    )  # fmt: skip
    laptop.clock.at = TODAY - 264 * DAY
    for name in ("Blue YubiKey", "Key ring", "Parents’ house"):
        plugged[:] = [SoftwareKey()]
        slot = services.vault.add_security_key(name)
        if name != "Parents’ house":
            laptop.clock.at = TODAY - 21 * DAY
            services.vault.prove(slot, None)  # type: ignore[arg-type] a key needs nothing typed
            laptop.clock.at = TODAY - 264 * DAY
    services.vault.add_recovery(services.recovery_code())
    laptop.clock.at = TODAY
    return services


def _approve(folder: Path) -> None:
    prompt = Prompt()
    prompt.ask(
        {
            "id": "1", "seconds": 40.0, "program": "terraform", "account": "Acme Production", "color": "blue",
            "file": "/usr/local/bin/terraform", "started_by": ["zsh", "VS Code"], "pid": 48213,
            "wants": Words("the key of {profile}", (("profile", "acme-prod"),)).to_json(), "before": None,
            "once_only": False,
        }
    )  # fmt: skip
    settle()
    shoot(prompt, folder, "approve")
    prompt.withdraw_all()
    prompt.close()


def _press(run: QWidget, words: str) -> None:
    next(b for b in run.findChildren(Button) if b.text().startswith(words) and b.isVisible()).click()


def main(folder: str) -> None:
    """Write all pictures into `folder`."""
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    app = application()
    app_theme = app.findChild(Theme)
    assert app_theme is not None
    pages(target, app_theme)
    first_run(target)
    vault(target)
    icon_sheet.main(folder)
    components_sheet.main(folder)
    for path in sorted(target.glob("*.png")):
        sys.stdout.write(f"{path}  {path.stat().st_size / 1024:.0f} KB\n")


if __name__ == "__main__":
    main(sys.argv[1])
