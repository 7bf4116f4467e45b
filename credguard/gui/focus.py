"""The focus ring: one overlay above the page, only after keyboard use."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QRectF, Qt, QTimer
from PySide6.QtGui import QColor, QFocusEvent, QPainter, QPaintEvent, QPen, QRegion
from PySide6.QtWidgets import QAbstractScrollArea, QApplication, QLineEdit, QWidget

from credguard.gui.theme import theme

_SHOW = (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason, Qt.FocusReason.ShortcutFocusReason)
_KEEP = (Qt.FocusReason.ActiveWindowFocusReason, Qt.FocusReason.PopupFocusReason)
_FOCUS_IN, _FOCUS_OUT, _PRESS = QEvent.Type.FocusIn, QEvent.Type.FocusOut, QEvent.Type.MouseButtonPress
_MOVES = (
    QEvent.Type.Move,
    QEvent.Type.Resize,
    QEvent.Type.Hide,
    QEvent.Type.Show,
    QEvent.Type.EnabledChange,
    QEvent.Type.DeferredDelete,
)
OUT = 4  # 2 px between control and ring, 2 px of ring


def paint_ring(painter: QPainter, rect: QRectF, radius: float, color: QColor) -> None:
    """The ring around a control that fills `rect`, with corners of `radius`."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(color, 2))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(rect.adjusted(-3, -3, 3, 3), radius + 3, radius + 3)


class FocusRing(QWidget):
    """2 px, 2 px outside the control, radius of the control + 3. A control names its radius in
    `focus_radius`; without one it is a button's 8. Fields show the focus in their border instead."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.hide()
        self._target: QWidget | None = None
        self._watched: list[QWidget] = []
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(0)
        self._later.timeout.connect(self._place)
        app = QApplication.instance()
        if app is not None:
            # focusChanged carries no reason, so the events themselves are read.
            app.installEventFilter(self)

    @property
    def target(self) -> QWidget | None:
        return self._target

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind is not _FOCUS_IN and kind is not _FOCUS_OUT and kind is not _PRESS:
            if self._target is not None and kind in _MOVES and watched in self._watched:
                self._later.start()
            return False
        if kind is _FOCUS_IN and isinstance(event, QFocusEvent) and isinstance(watched, QWidget):
            self._focused(watched, event.reason())
        elif watched is self._target:
            kept = isinstance(event, QFocusEvent) and event.reason() in _KEEP
            if not kept:
                self._aim(None)
        return False

    def _focused(self, widget: QWidget, reason: Qt.FocusReason) -> None:
        if widget.window() is not self.window() or isinstance(widget, QLineEdit):
            self._aim(None)
        elif reason in _SHOW:
            self._aim(widget)
        elif reason not in _KEEP:
            self._aim(None)

    def _aim(self, target: QWidget | None) -> None:
        self._target = target
        self._watched = []
        at = target
        while at is not None and at is not self.window():
            self._watched.append(at)
            at = at.parentWidget()
        # Tab scrolls after the focus event: the place is known only later.
        self._later.start()

    def _place(self) -> None:
        window = self.parentWidget()
        try:
            visible = self._target is not None and self._target.isVisible()
        except RuntimeError:  # deleted meanwhile
            self._target, self._watched, visible = None, [], False
        if not visible or self._target is None or window is None:
            self.hide()
            return
        top = self._target.mapTo(window, QPoint(0, 0))
        box = QRect(top, self._target.size()).adjusted(-OUT, -OUT, OUT, OUT)
        seen = self._seen(box)
        if seen.isEmpty():
            self.hide()
            return
        self.setGeometry(box)
        if seen == box:
            self.clearMask()
        else:
            self.setMask(QRegion(seen.translated(-box.topLeft())))
        self.show()
        self.raise_()
        self.update()

    def _seen(self, box: QRect) -> QRect:
        """The part of `box` that no scroll area above the control cuts off."""
        window = self.parentWidget()
        for widget in self._watched:
            area = widget.parentWidget()
            if isinstance(area, QAbstractScrollArea) and widget is area.viewport() and window is not None:
                view = QRect(area.viewport().mapTo(window, QPoint(0, 0)), area.viewport().size())
                box = box.intersected(view)
        return box

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._target is None:
            return
        radius = float(getattr(self._target, "focus_radius", 8))
        inner = QRectF(self.rect()).adjusted(OUT, OUT, -OUT, -OUT)
        paint_ring(QPainter(self), inner, radius, theme().color("focus"))
