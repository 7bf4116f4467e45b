"""An error on stderr in three parts: what happened, what is safe, what to do. Always these words."""

from __future__ import annotations

import textwrap
from typing import Any

from credguard.cli.output import Output


def show(error: Any, one_line: bool = False, out: Output | None = None) -> None:
    """`Not changed:` (or `Stopped:` where something had changed), `Safe:`, `To do:`."""
    output = out or Output()
    what, todo = output.words(error.what), output.words(error.next)
    safe = output.words(error.kept) if error.kept is not None else "nothing was changed."
    if one_line:
        # SDKs show one line of stderr; Go prints it as it stands.
        output.note(" ".join(f"CredGuard: {what} {todo}".split()))
        return
    head = "Stopped:" if error.changed else "Not changed:"
    output.note(_part(output.paint(head, "bold", "yellow", err=True), len(head), what))
    output.note(_part("Safe:", 5, safe, 9))
    output.note(_part("To do:", 6, todo, 9))


def _part(head: str, shown: int, sentence: str, column: int = 0) -> str:
    at = max(column, shown + 1)
    lines = textwrap.wrap(sentence, 80 - at, break_long_words=False, break_on_hyphens=False) or [""]
    first, *rest = lines
    return "\n".join([f"{head}{' ' * (at - shown)}{first}", *(" " * at + line for line in rest)])
