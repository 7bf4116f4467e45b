"""Whether somebody sits at the terminal, and what they type unseen."""

from __future__ import annotations

import sys


def is_interactive() -> bool:
    """Whether somebody sits there to answer."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


def hidden(question: str) -> str | None:
    """What a person typed unseen; None where there is nobody."""
    if not is_interactive():
        return None
    import getpass

    return getpass.getpass(f"{question}: ", stream=sys.stderr)
