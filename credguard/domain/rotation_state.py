"""What a rotation consists of: its effects, its events, its state. Data only, nothing secret."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from credguard.domain.machine import Effect, Event, Failure
from credguard.domain.text import Text

#: Successes in a row that prove a key.
PROOFS = 5

Phase: TypeAlias = Literal[
    "look", "session", "choose", "retire", "create", "find", "orphan",
    "verify", "switch", "deactivate", "grace", "delete", "forget-old",
    "reactivate", "prove-old", "switch-back", "discard", "forget-new", "end",
]  # fmt: skip


# ── effects ──────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True, slots=True)
class LookAtKeys(Effect):
    """List the user's keys, each with its last use and whether its secret is stored here."""

    key: str


@dataclass(frozen=True, slots=True)
class OpenSession(Effect):
    """One MFA session, made with a key that works; it outlives that key and carries the whole run."""

    key: str


@dataclass(frozen=True, slots=True)
class CreateKey(Effect):
    """Make a key, write it to the store and read it back; the secret leaves this effect only there."""

    key: str

    def undo(self) -> Text:
        return Text("Delete the new key.")


@dataclass(frozen=True, slots=True)
class CheckKey(Effect):
    """Ask AWS who `key` is."""

    key: str


@dataclass(frozen=True, slots=True)
class SwitchProfile(Effect):
    """Let one profile's item point to `key`."""

    profile_id: str
    key: str

    def undo(self) -> Text:
        return Text("Let the profile point to the other key.")


@dataclass(frozen=True, slots=True)
class SetActive(Effect):
    """Turn `key` on or off, signed by `signer`."""

    key: str
    active: bool
    signer: str

    def undo(self) -> Text:
        return Text("Turn it on again.") if not self.active else Text("Turn it off again.")


@dataclass(frozen=True, slots=True)
class DeleteKey(Effect):
    """Delete `key`, signed by `signer`. The only effect without an undo."""

    key: str
    signer: str

    def undo(self) -> Text:
        return Text("Deleting cannot be undone.")


@dataclass(frozen=True, slots=True)
class ForgetKey(Effect):
    """Take the stored item of a key that no longer exists out of the store."""

    key: str


# ── events ───────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True, slots=True)
class SeenKey:
    """One key of the user. Times are seconds since 1970; `stored`: its secret is in our store;
    `profiles`: the names of those that it serves here."""

    access_key_id: str
    active: bool
    created: float
    stored: bool = False
    used: bool | None = None  # None = may not be asked
    last_used: float | None = None
    service: str | None = None
    region: str | None = None
    profiles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KeysSeen(Event):
    keys: tuple[SeenKey, ...]
    at: float


@dataclass(frozen=True, slots=True)
class SessionOpened(Event):
    pass


@dataclass(frozen=True, slots=True)
class KeyCreated(Event):
    key: str


@dataclass(frozen=True, slots=True)
class NotStored(Event):
    """The key was made, but the store did not take its secret, which is now lost."""

    key: str
    failure: Failure


@dataclass(frozen=True, slots=True)
class Checked(Event):
    """`accepted` False: AWS does not know the key (yet). `same`: it is the same identity as before."""

    accepted: bool
    same: bool
    at: float


@dataclass(frozen=True, slots=True)
class Switched(Event):
    profile_id: str


@dataclass(frozen=True, slots=True)
class ActiveSet(Event):
    at: float


@dataclass(frozen=True, slots=True)
class KeyDeleted(Event):
    pass


@dataclass(frozen=True, slots=True)
class Forgotten(Event):
    pass


@dataclass(frozen=True, slots=True)
class ProfilesJoined(Event):
    """News: profiles (id, name) that were imported while the run rested. `on_old` are served with the
    old key, `on_new` with the new one."""

    on_old: tuple[tuple[str, str], ...] = ()
    on_new: tuple[tuple[str, str], ...] = ()


# ── state ────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True, slots=True)
class State:
    """One rotation. `profiles` are (id, name); `halted` rests until `Due` asks to go on.

    `looked_at` and `create_by` (seconds since 1970) enclose the moments at which a key was asked for:
    only a key made between them can be ours. `old_off`: the old key is off, or may be. `sessions` counts
    those opened since a call last went through; `session_for` is the phase that needs one, `denied` its
    refusal.
    """

    user: str
    account: str
    old_key: str
    profiles: tuple[tuple[str, str], ...]
    grace_days: int
    store: str
    phase: Phase = "look"
    new_key: str | None = None
    known: tuple[str, ...] = ()
    looked_at: float = 0.0
    create_by: float = 0.0
    own: SeenKey | None = None
    others: tuple[SeenKey, ...] = ()
    retire: str | None = None
    lost_creates: int = 0
    looks: int = 0
    orphan: str | None = None
    proofs: int = 0
    first_proof: float | None = None
    check_began: float | None = None
    tries: int = 0
    resting: bool = False
    switched: tuple[str, ...] = ()
    delete_at: float | None = None
    old_off: bool = False
    back: bool = False
    sessions: int = 0
    session_for: Phase = "look"
    denied: Failure | None = None
    halted: Failure | None = None
    failure: Failure | None = None
    outcome: Literal["", "done", "rolled-back", "failed"] = ""

    @property
    def at(self) -> Phase:
        """The phase, or the one that the session is for."""
        return self.session_for if self.phase == "session" else self.phase


TYPES: tuple[type, ...] = (
    State, LookAtKeys, OpenSession, CreateKey, CheckKey, SwitchProfile, SetActive, DeleteKey, ForgetKey,
    SeenKey, KeysSeen, SessionOpened, KeyCreated, NotStored, Checked, Switched, ActiveSet, KeyDeleted,
    Forgotten, ProfilesJoined,
)  # fmt: skip
