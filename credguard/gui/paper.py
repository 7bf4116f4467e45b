"""A recovery code on paper: what is drawn, and the system's own print dialog."""

from __future__ import annotations

import datetime

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter
from PySide6.QtWidgets import QWidget

from credguard.domain.secret import Secret
from credguard.gui.theme import theme
from credguard.vault.sealed.recovery import groups

_LINES = (
    "It opens the sealed vault of CredGuard when its passphrase or a security key is lost.",
    "Keep it away from the computer. Whoever has it and the vault can read everything in it.",
    "To use it, type it where CredGuard asks for the passphrase.",
)


def draw_paper(painter: QPainter, room: QRectF, code: Secret, day: datetime.date) -> None:
    """The code in two rows with the day and what it is for; black on white, in points of `room`."""
    part = room.width() / 100
    painter.setPen(QColor("black"))

    def line(top: float, size: float, words: str, family: str = "", bold: bool = False) -> None:
        font = QFont(family or theme().font("body").family())
        font.setPixelSize(max(1, round(size * part)))
        font.setBold(bold)
        painter.setFont(font)
        box = QRectF(room.left(), room.top() + top * part, room.width(), size * part * 1.6)
        painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, words)

    first = groups(code)
    line(0, 4, "CredGuard recovery code", bold=True)
    line(8, 2, f"Made on {day.day} {day:%B %Y}")
    line(16, 4, "CG1-" + "-".join(first[:4]) + "-", theme().mono)
    line(24, 4, "    " + "-".join(first[4:]), theme().mono)
    for number, words in enumerate(_LINES):
        line(36 + 4 * number, 2, words)


def print_code(code: Secret, day: datetime.date, parent: QWidget) -> bool:
    """Ask the person for a printer; False where they did not want to, or none took it."""
    from PySide6.QtPrintSupport import QPrintDialog, QPrinter

    printer = QPrinter(QPrinter.PrinterMode.HighResolution)
    printer.setDocName("CredGuard")
    dialog = QPrintDialog(printer, parent)
    if dialog.exec() != int(QPrintDialog.DialogCode.Accepted):
        return False
    painter = QPainter()
    if not painter.begin(printer):
        return False
    draw_paper(painter, QRectF(printer.pageLayout().paintRectPixels(printer.resolution())), code, day)
    return painter.end()
