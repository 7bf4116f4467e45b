"""Text → what a person reads: the template translated, the values made harmless."""

from __future__ import annotations

import unicodedata

from PySide6.QtCore import QCoreApplication

from credguard.domain.text import Text


def harmless(value: str) -> str:
    """Control, bidi and invisible characters of names that come from others, shown as a mark."""
    return "".join("\ufffd" if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Co"} else c for c in value)


def words(text: Text | str) -> str:
    """The finished sentence."""
    if isinstance(text, str):
        return text
    return text.render(lambda template: QCoreApplication.translate("Text", template), harmless)
