"""The one QApplication of all gui tests."""

from tests.support.gui import qt

__all__ = ["qt"]
