"""The enrolment's table with the phases that may follow, and its picture (docs/mfa.md).

A test walks the machine at random and holds every step it takes against EDGES, and the document against
`draw`.
"""

from __future__ import annotations

#: The phases that a session may be for, in which the run then goes on.
_SIGNED = ("look", "create", "find", "enable", "confirm", "deactivate", "delete", "resync")

#: (phase, event, phases that may follow). `Failed` leaves out a rest in the same phase.
EDGES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("look", "DevicesSeen", ("create", "session", "deactivate", "delete", "unwrite", "forget", "end")),
    ("session", "SessionOpened", _SIGNED),
    ("create", "DeviceKept", ("enable",)),
    ("create", "NotKept", ("delete",)),
    ("create", "Unseen", ("find",)),
    ("create", "Due", ("look",)),
    ("find", "DevicesSeen", ("enable", "delete", "create", "end")),
    ("enable", "Enabled", ("wait",)),
    ("enable", "Unseen", ("confirm",)),
    ("confirm", "DevicesSeen", (
        "wait", "enable", "deactivate", "delete", "unwrite", "forget", "end",
    )),
    ("wait", "DeviceChecked", ("seal", "end")),
    ("seal", "FilesSealed", ("write",)),
    ("write", "Written", ("end",)),
    ("unwrite", "Unwritten", ("deactivate", "forget")),
    ("deactivate", "Deactivated", ("delete", "unwrite", "forget")),
    ("delete", "DeviceDeleted", ("unwrite", "forget")),
    ("forget", "Forgotten", ("create", "end")),
    ("resync", "Resynced", ("end",)),
    ("look", "Failed", ("session", "end")),
    ("session", "Failed", (*_SIGNED, "unwrite", "forget", "end")),
    ("session", "Unseen", _SIGNED),
    ("create", "Failed", ("session", "end")),
    ("find", "Failed", ("session",)),
    ("enable", "Failed", ("session", "confirm", "delete")),
    ("confirm", "Failed", ("session",)),
    ("wait", "Failed", ("end",)),
    ("write", "Failed", ("seal",)),
    ("deactivate", "Failed", ("session", "confirm", "delete", "unwrite", "forget")),
    ("delete", "Failed", ("session", "deactivate", "unwrite", "forget")),
    ("resync", "Failed", ("session", "end")),
    ("look", "Cancelled", ("end",)),
    ("resync", "Cancelled", ("end",)),
    ("create", "Cancelled", ("end",)),
    ("enable", "Cancelled", ("confirm", "delete")),
    ("wait", "Cancelled", ("deactivate",)),
    ("wait", "Due", ("confirm",)),
    ("seal", "Cancelled", ("unwrite", "deactivate")),
    ("write", "Cancelled", ("unwrite",)),
    ("session", "Cancelled", (*_SIGNED, "end")),
)  # fmt: skip


def allowed(phase: str, event: str) -> frozenset[str]:
    """The phases that may follow. Staying (a rest, a retry) is always allowed."""
    return frozenset(to for at, name, targets in EDGES if (at, name) == (phase, event) for to in targets)


def draw() -> str:
    """The diagram of docs/mfa.md: the straight way and the way back; troubles are a table under it."""
    lines = ["```mermaid", "stateDiagram-v2", "    [*] --> look", "    [*] --> resync"]
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
    return "end_" if phase == "end" else phase
