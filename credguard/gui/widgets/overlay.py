"""Things above the page: the dialog with its scrim and shadow."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import QApplication, QBoxLayout, QVBoxLayout, QWidget

from credguard.gui.theme import theme
from credguard.gui.widgets.button import Button
from credguard.gui.widgets.field import Field
from credguard.gui.widgets.scroll import ScrollArea
from credguard.gui.widgets.text import Text, draw
from credguard.gui.widgets.toast import Toast

__all__ = ["ConfirmDialog", "DialogHost", "Panel", "Toast", "paint_shadow"]

REACH = 60  # how far the shadow goes beyond the panel


class Panel(QWidget):
    """A dialog's surface: radius 16. Put widgets into `body`, then call `foot` once.

    The body scrolls where the window is too small for it; the foot stays.
    `modal`: only a typed confirmation is; a click on the scrim does not close it.
    """

    modal = False

    def __init__(self, width: int = 520) -> None:
        super().__init__()
        self._wide = width
        self.setObjectName("dialog")
        self._all = QVBoxLayout(self)
        self._all.setContentsMargins(0, 0, 0, 0)
        self._all.setSpacing(0)
        content = QWidget()
        self.body = QVBoxLayout(content)
        self.body.setContentsMargins(24, 21, 24, 20)
        self.body.setSpacing(0)
        content.installEventFilter(self)
        self.area = ScrollArea(content)
        self._all.addWidget(self.area, 1)
        self._line: QWidget | None = None
        self._foot: QBoxLayout | None = None

    def measure(self) -> None:
        self.updateGeometry()

    def foot(self, *widgets: QWidget | None) -> None:
        """The row behind a line: stop left, go right; None is the stretch."""
        self._line = QWidget()
        self._line.setFixedHeight(1)
        self._all.addWidget(self._line)
        layout = self._foot = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        first = widgets[0] if widgets else None
        quiet = isinstance(first, Button) and first.kind in {"quiet", "red"}
        layout.setContentsMargins(24 - (12 if quiet else 0), 12, 16, 11)
        layout.setSpacing(8)
        for widget in widgets:
            if widget is None:
                layout.addStretch(1)
            else:
                layout.addWidget(widget)
        self._all.addLayout(layout)

    def _turn_foot(self, width: int) -> None:
        """Buttons that have no room side by side, with large text, stand one above the other."""
        if self._foot is None:
            return
        items = [self._foot.itemAt(at) for at in range(self._foot.count())]
        found = [item.widget() for item in items if item is not None]
        sizes = [w.sizeHint().width() for w in found if w is not None and not w.isHidden()]
        margins = self._foot.contentsMargins()
        wanted = sum(sizes) + 8 * max(0, len(sizes) - 1) + margins.left() + margins.right()
        way = QBoxLayout.Direction
        self._foot.setDirection(way.TopToBottom if wanted > width else way.LeftToRight)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._turn_foot(event.size().width())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        # The scroll area would keep it to itself that the body wants another height.
        if event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return False

    def sizeHint(self) -> QSize:
        width = theme().u(self._wide)
        return QSize(width, self.heightForWidth(width))

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        """How high everything is, without scrolling."""
        self.body.activate()
        self._turn_foot(width)
        natural = self.body.totalSizeHint().height()
        high = self.body.totalHeightForWidth(width) if self.body.hasHeightForWidth() else natural
        return high + (self._foot.totalSizeHint().height() + 1 if self._foot is not None else 0)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(theme().color("border"))
        painter.setBrush(theme().color("card"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 16, 16)
        if self._line is not None:
            painter.fillRect(QRectF(1, self._line.y(), self.width() - 2, 1), theme().color("border"))


class ConfirmDialog(Panel):
    """Deleting for ever: says what is lost, and wakes its button when the name is typed."""

    modal = True
    confirmed = Signal()
    refused = Signal()

    def __init__(
        self, title: str, sentence: str, word: str, action: str, keep: str = "Keep it", prompt: str = ""
    ) -> None:
        """`prompt` with `{word}` where the word stands; it is drawn bold."""
        super().__init__(440)
        self._word = word
        self.body.addWidget(Text(title, "dialog"))
        self.body.addSpacing(8)
        self.body.addWidget(Text(sentence, "body14", wrap=True))
        self.body.addSpacing(20)
        self.body.addWidget(_Prompt(prompt or "Type {word} to go on", word))
        self.body.addSpacing(6)
        self.field = Field("", f"Type {word} to go on", 40)
        self.field.edit.textChanged.connect(self._typed)
        self.field.edit.returnPressed.connect(self._enter)
        self.body.addWidget(self.field)
        self.body.addSpacing(4)
        no = Button(keep, "secondary")
        no.clicked.connect(self.refused)
        self.go = Button(action, "danger")
        self.go.setEnabled(False)
        self.go.clicked.connect(self.confirmed)
        self.foot(None, no, self.go)

    def _typed(self, text: str) -> None:
        self.go.setEnabled(text == self._word)

    def _enter(self) -> None:
        if self.go.isEnabled():
            self.go.click()


class _Prompt(Text):
    """One line with the word to type in bold."""

    def __init__(self, prompt: str, word: str) -> None:
        self._before, _, self._after = prompt.partition("{word}")
        self._word = word
        super().__init__(prompt.replace("{word}", word), color="text2")

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        x, high = 0.0, self.height()
        for part, role, color in (
            (self._before, "body", "text2"),
            (self._word, "strong", "text"),
            (self._after, "body", "text2"),
        ):
            x += draw(painter, QRectF(x, 0, max(0.0, self.width() - x), high), part, role, color)


class DialogHost(QWidget):
    """Child of the window: scrim, shadow, and the panel in the middle. Esc and a click outside close it."""

    closed = Signal()

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.hide()
        self._panel: QWidget | None = None
        self._before: QWidget | None = None
        self._shadow: tuple[int, int, bool, float, QPixmap] | None = None
        window.installEventFilter(self)

    @property
    def panel(self) -> QWidget | None:
        return self._panel

    def show_panel(self, panel: QWidget) -> None:
        """Show `panel`; the focus goes in and comes back at the end."""
        before = QApplication.focusWidget()
        self.close_panel()
        self._before = before
        self._panel = panel
        panel.setParent(self)
        panel.show()
        self._place()
        self.show()
        self.raise_()
        first = self._stops()
        fields = [w for w in first if isinstance(w.parentWidget(), Field)]
        if first:
            (fields or first)[0].setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            self.setFocus()

    def close_panel(self) -> None:
        """Close what is shown; the work goes on."""
        if self._panel is None:
            return
        self._panel.deleteLater()
        self._panel = None
        self.hide()
        self._give_back()
        self.closed.emit()

    def _give_back(self) -> None:
        before, self._before = self._before, None
        try:
            if before is not None and before.isVisible():
                before.setFocus()
        except RuntimeError:  # gone with its page
            return

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        return False

    def event(self, event: QEvent) -> bool:
        # The panel asked for another size: a step more, a warning that appeared.
        if event.type() == QEvent.Type.LayoutRequest and self._panel is not None:
            self._place()
        return super().event(event)

    def place(self) -> None:
        """The panel changed its size."""
        self._place()

    def _place(self) -> None:
        window, panel = self.parentWidget(), self._panel
        if window is None or panel is None:
            return
        self.setGeometry(window.rect())
        wide = min(panel.sizeHint().width(), window.width() - 32)
        high = panel.heightForWidth(wide) if panel.hasHeightForWidth() else panel.sizeHint().height()
        high = min(high, window.height() - 32)
        panel.setGeometry((self.width() - wide) // 2, (self.height() - high) // 2, wide, high)
        self.update()

    # ── keyboard ─────────────────────────────────────────────────────────────────────────────────
    def _stops(self) -> list[QWidget]:
        """What Tab reaches inside the panel, in its order."""
        if self._panel is None:
            return []
        found, at = [], self._panel.nextInFocusChain()
        while at is not None and at is not self._panel:
            tab = at.focusPolicy().value & Qt.FocusPolicy.TabFocus.value
            if self._panel.isAncestorOf(at) and tab and at.isEnabled() and at.isVisible():
                found.append(at)
            at = at.nextInFocusChain()
        return found

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Tab stays inside."""
        stops = self._stops()
        if not stops:
            return True
        now = QApplication.focusWidget()
        at = stops.index(now) if now in stops else (-1 if forward else 0)
        reason = Qt.FocusReason.TabFocusReason if forward else Qt.FocusReason.BacktabFocusReason
        stop = stops[(at + (1 if forward else -1)) % len(stops)]
        stop.setFocus(reason)
        if isinstance(self._panel, Panel):
            self._panel.area.ensureWidgetVisible(stop, 0, 24)
        return True

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close_panel()
        # Nothing below hears a key while a dialog is open.
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        panel = self._panel
        if panel is None or getattr(panel, "modal", False):
            return
        if not panel.geometry().contains(event.position().toPoint()):
            self.close_panel()

    # ── painting ─────────────────────────────────────────────────────────────────────────────────
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme().color("scrim"))
        if self._panel is not None:
            box = self._panel.geometry()
            painter.drawPixmap(box.x() - REACH, box.y() - REACH, self._shadow_of(box.width(), box.height()))

    def _shadow_of(self, width: int, height: int) -> QPixmap:
        """Painted once: a ring that ticks would pay for an effect again and again."""
        key = (width, height, theme().dark, self.devicePixelRatioF())
        if self._shadow is None or self._shadow[:4] != key:
            self._shadow = (*key, paint_shadow(width, height, 16, self.devicePixelRatioF()))
        return self._shadow[4]


def paint_shadow(width: int, height: int, radius: float, ratio: float = 1.0) -> QPixmap:
    """Blur 40, 10 down, black 26 % (dark 60 %), as forty rounded rings; nothing under the panel itself."""
    pixmap = QPixmap(round((width + 2 * REACH) * ratio), round((height + 2 * REACH) * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(QColor(0, 0, 0, 0))
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    panel = QPainterPath()
    panel.addRoundedRect(QRectF(REACH, REACH, width, height), radius, radius)
    whole = QPainterPath()
    whole.addRect(QRectF(0, 0, width + 2 * REACH, height + 2 * REACH))
    painter.setClipPath(whole.subtracted(panel))
    painter.setPen(Qt.PenStyle.NoPen)
    strength = 0.60 if theme().dark else 0.26
    steps, before = 40, 0.0
    for step in range(steps):
        # Each ring adds what the fall-off has gained since the last one, from the outside in.
        part = (step + 1) / steps
        wanted = strength * part * part * (3 - 2 * part)
        color = QColor(0, 0, 0)
        color.setAlphaF(max(0.0, (wanted - before) / (1 - before)))
        before = wanted
        painter.setBrush(color)
        grow = 24 - part * 34
        rect = QRectF(REACH - grow, REACH + 10 - grow, width + 2 * grow, height + 2 * grow)
        if rect.width() > 0 and rect.height() > 0:
            painter.drawRoundedRect(rect, max(2.0, radius + grow), max(2.0, radius + grow))
    painter.end()
    return pixmap
