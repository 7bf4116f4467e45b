"""Saying a sentence to screen readers, for what appears without focus: toasts, finished steps."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent


def announce(source: QObject, sentence: str) -> None:
    """A screen reader says `sentence` when it has finished what it is saying. Nothing without one."""
    if sentence and QAccessible.isActive():
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(source, sentence))
