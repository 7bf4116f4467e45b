"""Pictures of all pages and journeys over invented companies: `python -m tests.support.screenshots FOLDER`.

1120 × 720, light and dark, named as in the design; the sheets of icons and widgets besides.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QWidget

from credguard.gui.journeys.frame import DONE, FOUND, WELCOME
from credguard.gui.journeys.rotation import RotationDialog, open_rotation
from credguard.gui.journeys.start import begin
from credguard.gui.palette import Palette
from credguard.gui.pictures import MODES, draw
from credguard.gui.theme import Theme, theme
from credguard.gui.widgets.button import Button
from credguard.gui.window import Window
from tests.support import components_sheet, icon_sheet
from tests.support.gui import application, settle
from tests.support.window import Laptop, read, until


def shoot(window: QWidget, folder: Path, name: str) -> None:
    """One moment in both modes; nothing happens between them."""
    for mode in MODES:
        theme().set_mode(mode)
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
        window.show_page("accounts")
        read(window)
        _rotation(window, folder)


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
    icon_sheet.main(folder)
    components_sheet.main(folder)
    for path in sorted(target.glob("*.png")):
        sys.stdout.write(f"{path}  {path.stat().st_size / 1024:.0f} KB\n")


if __name__ == "__main__":
    main(sys.argv[1])
