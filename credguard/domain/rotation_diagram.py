"""The rotation's table with the phases that may follow, and its picture (docs/rotation.md).

A test walks the machine at random and holds every step it takes against EDGES, and the document against
`draw`.
"""

from __future__ import annotations

#: (phase, event, phases that may follow). `Failed` leaves out a rest in the same phase.
EDGES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("look", "KeysSeen", ("create", "choose", "end")),
    ("session", "SessionOpened", (
        "look", "retire", "create", "find", "orphan", "deactivate", "delete", "reactivate", "discard",
    )),
    ("choose", "Answered", ("retire", "end")),
    ("retire", "KeyDeleted", ("look",)),
    ("create", "KeyCreated", ("verify",)),
    ("create", "NotStored", ("orphan",)),
    ("create", "Unseen", ("find",)),
    ("create", "Due", ("look", "find")),
    ("find", "KeysSeen", ("verify", "orphan", "create", "discard", "end")),
    ("orphan", "KeyDeleted", ("create", "end")),
    ("verify", "Checked", ("switch", "deactivate", "discard")),
    ("switch", "Switched", ("deactivate",)),
    ("deactivate", "ActiveSet", ("grace",)),
    ("grace", "Due", ("delete",)),
    ("delete", "KeyDeleted", ("forget-old",)),
    ("forget-old", "Forgotten", ("end",)),
    ("reactivate", "ActiveSet", ("prove-old",)),
    ("prove-old", "Checked", ("switch-back", "discard")),
    ("prove-old", "Due", ("reactivate",)),
    ("switch-back", "Switched", ("discard",)),
    ("discard", "KeyDeleted", ("forget-new",)),
    ("forget-new", "Forgotten", ("end",)),
    ("look", "Failed", ("session", "end")),
    ("session", "Failed", (
        "look", "retire", "create", "find", "orphan", "deactivate", "delete", "reactivate", "discard", "end",
    )),
    ("retire", "Failed", ("session", "end")),
    ("create", "Failed", ("session", "find", "end")),
    ("find", "Failed", ("session",)),
    ("orphan", "Failed", ("session", "end")),
    ("verify", "Failed", ("discard",)),
    ("deactivate", "Failed", ("session", "forget-old")),
    ("delete", "Failed", ("session",)),
    ("reactivate", "Failed", ("session", "forget-old")),
    ("discard", "Failed", ("session", "end")),
    ("look", "Cancelled", ("end",)),
    ("choose", "Cancelled", ("end",)),
    ("retire", "Cancelled", ("end",)),
    ("create", "Cancelled", ("find", "end")),
    ("verify", "Cancelled", ("discard",)),
    ("switch", "Cancelled", ("reactivate", "switch-back")),
    ("deactivate", "Cancelled", ("reactivate", "switch-back", "discard")),
    ("grace", "Cancelled", ("reactivate",)),
    ("delete", "Cancelled", ("reactivate",)),
    ("deactivate", "ProfilesJoined", ("switch",)),
    ("grace", "ProfilesJoined", ("switch",)),
    ("delete", "ProfilesJoined", ("switch",)),
    ("discard", "ProfilesJoined", ("switch-back",)),
    ("session", "ProfilesJoined", ("switch", "switch-back")),
    ("session", "Cancelled", ("end", "find", "orphan", "reactivate", "switch-back", "discard")),
)  # fmt: skip


def allowed(phase: str, event: str) -> frozenset[str]:
    """The phases that may follow. Staying (a rest, a retry, one profile of several) is always allowed."""
    return frozenset(to for at, name, targets in EDGES if (at, name) == (phase, event) for to in targets)


def draw() -> str:
    """The diagram of docs/rotation.md: the straight way and undo; troubles are a table under it."""
    lines = ["```mermaid", "stateDiagram-v2", "    [*] --> look"]
    for phase, event, targets in EDGES:
        if event == "Failed" or phase == "session":
            continue
        for to in targets:
            lines.append(f"    {_name(phase)} --> {_name(to)}: {event}")
    lines += ["    end_ --> [*]", "```", ""]
    lines += ["| in | when a call fails, what follows besides a rest or a retry |", "|---|---|"]
    for phase, event, targets in EDGES:
        if event == "Failed" or phase == "session":
            name = phase if event == "Failed" else f"{phase}, {event}"
            lines.append(f"| {name} | {', '.join(targets)} |")
    return "\n".join(lines) + "\n"


def _name(phase: str) -> str:
    # `end` is a word of the diagram's own language.
    return "end_" if phase == "end" else phase.replace("-", "_")
