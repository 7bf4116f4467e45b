"""Many new codes at once: taken in over several questions, stored in one write when the last is there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from credguard.agent.serving import Caller

Document = dict[str, Any]
#: More are never taken in for one connection.
_MOST = 100_000


class Staging:
    """`use` notes that the codes are used, and raises Locked where they are closed."""

    def __init__(self, use: Callable[[Caller], None]) -> None:
        self._use = use

    def stage(self, question: Document, caller: Caller) -> Document:
        """Some of them: kept for this connection alone, and forgotten with it."""
        from credguard.workflows.agent_codes import entry_of

        self._use(caller)
        if question["start"] == 0:
            caller.staged.clear()
        if question["start"] != len(caller.staged) or len(caller.staged) > _MOST:
            raise ValueError("not the next ones")
        caller.staged += [entry_of(document) for document in question["entries"]]
        return {}

    def add_all(self, question: Document, caller: Caller, book: Any) -> Document:
        entries, caller.staged = caller.staged, []
        if question["count"] != len(entries):
            raise ValueError("not all of them")
        counters, dry = question.get("counters") is True, question.get("dry") is True
        caller.added = book.add_all(entries, counters, dry)
        return {}

    def added(self, question: Document, caller: Caller) -> Document:
        """What became of them, as many as fit into one answer."""
        from credguard.workflows.agent_codes import AT_ONCE

        start = int(question["start"])
        return {"added": [[a.state, a.name, a.entry_id] for a in caller.added[start : start + AT_ONCE]]}
