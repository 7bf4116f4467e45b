"""Looking at a page as a person does: what it says, whether things overlap or are cut, what has no name."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect
from PySide6.QtWidgets import QAbstractButton, QLabel, QLineEdit, QWidget

from credguard.gui.theme import theme
from credguard.gui.widgets.button import Button, Link
from credguard.gui.widgets.marks import Mark
from credguard.gui.widgets.surface import ClickCard
from credguard.gui.widgets.text import Text
from credguard.gui.widgets.timeline import Timeline
from credguard.gui.window import Window


def shown(root: QWidget, kind: type[QWidget] = QWidget) -> list[QWidget]:
    """The visible widgets of a kind inside `root`."""
    return [w for w in root.findChildren(kind) if w.isVisible()]


def page_of(window: Window) -> QWidget:
    """The page in front."""
    page = window._stack.currentWidget()
    assert page is not None
    return page


def said(root: QWidget) -> str:
    """Every word that stands there, one thing a line."""
    lines = [w.text() for w in shown(root, QLabel) if w.text()]  # type: ignore[attr-defined]
    lines += [w.text() for w in shown(root, QAbstractButton) if w.text()]  # type: ignore[attr-defined]
    return "\n".join(lines)


def button(root: QWidget, name: str) -> QAbstractButton:
    """The visible button that a screen reader calls `name`."""
    found = [b for b in shown(root, QAbstractButton) if b.accessibleName() == name]
    names = sorted(b.accessibleName() for b in shown(root, QAbstractButton))
    assert len(found) == 1, f"{name}: {len(found)} of {names}"
    one = found[0]
    assert isinstance(one, QAbstractButton)
    return one


def place(widget: QWidget, root: QWidget) -> QRect:
    return QRect(widget.mapTo(root, QPoint(0, 0)), widget.size())


def _solid(root: QWidget) -> list[QWidget]:
    """What must not lie over each other: words, buttons, fields. Cards hold others."""
    kinds = (Text, Mark, Button, QLineEdit, Timeline)
    return [w for w in shown(root) if isinstance(w, kinds) and not isinstance(w, ClickCard) and not _empty(w)]


def _empty(widget: QWidget) -> bool:
    return isinstance(widget, QLabel) and not widget.text()


def faults(root: QWidget) -> list[str]:
    """What a person would call broken: words over words, a button cut, something beyond the edge."""
    found: list[str] = []
    parts = [(w, place(w, root)) for w in _solid(root)]
    for number, (one, box) in enumerate(parts):
        for other, rest in parts[number + 1 :]:
            if one.isAncestorOf(other) or other.isAncestorOf(one):
                continue
            both = box.intersected(rest)
            if both.width() > 1 and both.height() > 1:
                found.append(f"overlap: {_name(one)} {box} and {_name(other)} {rest}")
    for widget, box in parts:
        if box.left() < 0 or box.right() > root.width():
            found.append(f"beyond the edge: {_name(widget)} {box} of {root.width()}")
        if isinstance(widget, Button) and not isinstance(widget, Link):
            wanted = widget.sizeHint()
            if box.width() < wanted.width() or box.height() < wanted.height():
                found.append(f"cut: {_name(widget)} {box.size()} needs {wanted}")
        if isinstance(widget, Text):
            lines = len(widget._lines(widget.width())) if widget.wraps else 1
            if box.height() < widget.line_height() * lines - 1:
                found.append(f"cut: {_name(widget)} has {box.height()}, {lines} lines need more")
            if not widget.wraps and widget.sizeHint().width() > box.width() + 1 and not widget.toolTip():
                found.append(f"elided without its tooltip: {_name(widget)}")
            if not widget.wraps and box.width() < min(theme().u(24), widget.sizeHint().width()):
                found.append(f"squeezed: {_name(widget)} {box.width()}")
    return found


def nameless(root: QWidget) -> list[str]:
    """Controls without a name for a screen reader, or without an object name."""
    controls = [*shown(root, QAbstractButton), *shown(root, QLineEdit)]
    return [
        f"{type(w).__name__} {w.objectName()!r} {w.accessibleName()!r}"
        for w in controls
        if not w.accessibleName() or not w.objectName()
    ]


def _name(widget: QWidget) -> str:
    words = widget.text() if isinstance(widget, (QLabel, QAbstractButton)) else ""
    return f"{type(widget).__name__} {words or widget.objectName()!r}"
