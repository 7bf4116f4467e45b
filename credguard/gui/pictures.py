"""Pictures of the window's pages, drawn without a screen: `python -m credguard.gui.pictures FOLDER`.

For the tour in the terminal and for `make screenshots`. Prints the names of the files it wrote.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable

from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication

from credguard.gui.theme import Mode, Theme
from credguard.gui.window import Window
from credguard.services import Services

MODES: tuple[Mode, ...] = ("light", "dark")


def settled(window: Window) -> None:
    """Let the window read what it asked for and draw it."""
    for _ in range(8):
        for _ in range(4):
            QCoreApplication.processEvents()
            QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        window.tasks.wait()
        if not window.tasks.busy:
            break
    QCoreApplication.processEvents()


def pages_of(services: Services) -> dict[str, str]:
    """File name → page: the six pages, the first account's own and the root page where there is one."""
    pages = {name: name for name in ("home", "accounts", "codes", "plaintext", "activity", "settings")}
    pages |= {"settings-locking": "locking", "security-keys": "security-keys"}
    rows = services.accounts()
    users = [row for row in rows if not row.is_root]
    if users:
        best = max(users, key=lambda row: (len(row.mfa), len(row.keys)))
        pages["account-detail"] = f"account:{best.account.account_id}"
    root = next((row for row in rows if row.is_root), None)
    if root is not None:
        pages["root-alarm"] = f"root:{root.account.account_id}"
    return pages


def draw(window: Window, theme: Theme, folder: str, modes: Iterable[Mode] = MODES) -> list[str]:
    """Write `NAME-light.png` and `NAME-dark.png` of each page; returns the names."""
    os.makedirs(folder, exist_ok=True)
    written = []
    for mode in modes:
        theme.set_mode(mode)
        for name, page in pages_of(window.services).items():
            window.show_page(page)
            settled(window)
            file = f"{name}-{mode}.png"
            if window.grab().save(os.path.join(folder, file)):
                written.append(file)
    return written


def main(folder: str) -> int:
    """Draw the state that the environment names (CREDGUARD_HOME and the like)."""
    app = QApplication(sys.argv[:1])
    app.setStyle("Fusion")
    theme = Theme(app, "light")
    theme.reduced_motion = True
    services = Services(demo=True)
    window = Window(services)
    window.show()
    settled(window)
    for name in draw(window, theme, folder):
        sys.stdout.write(f"{name}\n")
    window.close()
    window.tasks.wait()
    services.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
