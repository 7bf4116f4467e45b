"""How strong a passphrase is: four segments, always with a word and the reason."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QSizePolicy

from credguard.domain.passphrase import Strength
from credguard.gui.theme import theme
from credguard.gui.translate import words
from credguard.gui.widgets.gauges import bar
from credguard.gui.widgets.text import draw, width_of, wrapped


class StrengthMeter(QLabel):
    """Segments 6 high: warn for one and two, ok from three."""

    def __init__(self) -> None:
        super().__init__()
        self._strength: Strength | None = None
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setObjectName("strength")
        self.show_strength(None)

    def show_strength(self, strength: Strength | None) -> None:
        self._strength = strength
        said = f"{words(strength.word)} {words(strength.why)}" if strength else "Nothing typed yet."
        self.setAccessibleName(said)
        self.updateGeometry()
        self.update()

    def measure(self) -> None:
        self.updateGeometry()

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return theme().u(12) + theme().u(20) * max(1, len(self._lines(width)))

    def sizeHint(self) -> QSize:
        return QSize(theme().u(300), self.heightForWidth(max(self.width(), theme().u(300))))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme().u(120), theme().u(32))

    def _lines(self, width: int) -> list[str]:
        return wrapped(self.accessibleName(), "body", width)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        u, level = theme().u, self._strength.level if self._strength else 0
        gap = 4
        wide = (self.width() - 3 * gap) / 4
        for number in range(4):
            tone = "border" if number >= level else "warn_g" if level < 3 else "ok_g"
            bar(painter, QRectF(number * (wide + gap), 0, wide, u(6)), 0, "", tone)
        for number, line in enumerate(self._lines(self.width())):
            rect = QRectF(0, u(12) + u(20) * number, self.width(), u(20))
            if number == 0 and self._strength is not None:
                word = words(self._strength.word)
                draw(painter, rect, word, "button", "warn" if level < 3 else "ok")
                x = width_of(f"{word} ", "body")
                rest = rect.adjusted(max(x, width_of(word, "button") + u(3)), 0, u(8), 0)
                draw(painter, rest, line[len(word) :].strip(), "body", "text2", elide=None)
            else:
                draw(painter, rect, line, "body", "text2")
