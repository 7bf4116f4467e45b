"""All icons at 16, 18 and 24 px, light and dark: `python -m tests.support.icon_sheet FOLDER`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from credguard.gui.icons import paint_icon
from credguard.gui.theme import theme
from credguard.gui.widgets.text import draw
from credguard.wire import places
from tests.support.gui import application, save


def names() -> list[str]:
    """Every icon there is."""
    folder = os.path.join(places.resources(), "icons")
    return sorted(name[:-4] for name in os.listdir(folder) if name.endswith(".svg"))


class Sheet(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self.names = names()
        self.resize(960, 24 + 48 * -(-len(self.names) // 4))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme().color("card"))
        for number, name in enumerate(self.names):
            x, y = 24 + 232 * (number % 4), 24 + 48 * (number // 4)
            for size, left in ((16, 0), (18, 26), (24, 54)):
                box = QRectF(x + left, y + (24 - size) / 2, size, size)
                paint_icon(painter, name, box, theme().color("text"))
            draw(painter, QRectF(x + 90, y + 2, 130, 20), name, "caption", "text2")


def main(folder: str) -> None:
    """Write icons-light.png and icons-dark.png."""
    application()
    for mode in ("light", "dark"):
        theme().set_mode(mode)  # type: ignore[arg-type]
        sheet = Sheet()
        save(sheet, Path(folder) / f"icons-{mode}.png")
        sheet.deleteLater()


if __name__ == "__main__":
    main(sys.argv[1])
