"""What an MFA enrolment consists of: its effects, its events, its state. Data only, nothing secret."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from credguard.domain.machine import Effect, Event, Failure
from credguard.domain.text import Text

#: How many devices AWS lets a user have (documented).
MOST_DEVICES = 8

Purpose: TypeAlias = Literal["enrol", "remove", "resync"]
Phase: TypeAlias = Literal[
    "look", "session", "create", "find", "enable", "confirm", "wait", "seal", "write",
    "unwrite", "deactivate", "delete", "forget", "resync", "end",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile served with a key of this user. `serial`: the device it named before, empty for none."""

    profile_id: str
    name: str
    serial: str = ""


# ── effects ──────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True, slots=True)
class LookAtDevices(Effect):
    """List the user's devices and the unassigned ones; whether the secret of `serial` is stored here.

    `probe`: also ask something that only MFA would allow where a policy demands it.
    """

    serial: str
    probe: bool = False


@dataclass(frozen=True, slots=True)
class OpenSession(Effect):
    """One MFA session with the code of a device that is on; it carries the rest of the run."""

    serials: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CreateDevice(Effect):
    """Make a device, write its secret to the store and read it back; it leaves this effect only there."""

    name: str

    def undo(self) -> Text:
        return Text("Delete the device.")


@dataclass(frozen=True, slots=True)
class EnableDevice(Effect):
    """Assign the device to the user with the codes of the last step and of this one."""

    serial: str

    def undo(self) -> Text:
        return Text("Turn the device off again.")


@dataclass(frozen=True, slots=True)
class CheckDevice(Effect):
    """Ask STS for a session with a code of the device: it learns of a device some seconds later. `probe`:
    see with it whether MFA helps."""

    serial: str
    probe: bool = False


@dataclass(frozen=True, slots=True)
class SealFiles(Effect):
    """Plan the lines of the AWS files and seal a copy of each file that they are in."""

    serial: str
    number: int


@dataclass(frozen=True, slots=True)
class WriteSerial(Effect):
    """Let the profiles name the device, in the AWS files and here."""

    serial: str
    backup: str | None

    def undo(self) -> Text:
        return Text("Let the profiles name the device they named before.")


@dataclass(frozen=True, slots=True)
class UnwriteSerial(Effect):
    """Let the profiles name the device they named before."""

    serial: str


@dataclass(frozen=True, slots=True)
class DeactivateDevice(Effect):
    """Take the device from the user."""

    serial: str

    def undo(self) -> Text:
        return Text("Turn it on again with two codes.")


@dataclass(frozen=True, slots=True)
class DeleteDevice(Effect):
    """Delete a device that is assigned to nobody."""

    serial: str

    def undo(self) -> Text:
        return Text("Deleting cannot be undone.")


@dataclass(frozen=True, slots=True)
class ForgetCode(Effect):
    """Remove the code of a device that AWS has no use of any more; it is kept seven days."""

    serial: str

    def undo(self) -> Text:
        return Text("Bring the code back.")


@dataclass(frozen=True, slots=True)
class ResyncDevice(Effect):
    """Tell AWS two codes in a row, so that it learns the device's clock anew. Safe to repeat."""

    serial: str


# ── events ───────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True, slots=True)
class DevicesSeen(Event):
    """`enabled`: serials of the user's devices; `free`: those assigned to nobody in the account; None where
    the right to ask is missing. `kept`: the secret of the device asked about is stored here. `demands`: a
    policy demands MFA (None: not asked). `at` is seconds since 1970. `known`: serials of the codes here."""

    enabled: tuple[str, ...] | None
    free: tuple[str, ...] | None
    kept: bool
    demands: bool | None
    at: float
    known: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SessionOpened(Event):
    pass


@dataclass(frozen=True, slots=True)
class DeviceKept(Event):
    serial: str


@dataclass(frozen=True, slots=True)
class NotKept(Event):
    """The device was made, but the store did not take its secret, which is now lost."""

    serial: str
    failure: Failure


@dataclass(frozen=True, slots=True)
class Enabled(Event):
    at: float


@dataclass(frozen=True, slots=True)
class DeviceChecked(Event):
    """`known` False: STS cannot check codes of the device (yet). `helps`: what was forbidden without MFA is
    allowed with it (None: not asked)."""

    known: bool
    at: float
    helps: bool | None = None


@dataclass(frozen=True, slots=True)
class FilesSealed(Event):
    """`backup` None: no file has to change."""

    backup: str | None


@dataclass(frozen=True, slots=True)
class Written(Event):
    pass


@dataclass(frozen=True, slots=True)
class Unwritten(Event):
    pass


@dataclass(frozen=True, slots=True)
class Deactivated(Event):
    pass


@dataclass(frozen=True, slots=True)
class DeviceDeleted(Event):
    pass


@dataclass(frozen=True, slots=True)
class Forgotten(Event):
    pass


@dataclass(frozen=True, slots=True)
class Resynced(Event):
    pass


# ── state ────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True, slots=True)
class State:
    """One run for one user. `halted` rests until `Due` asks to go on.

    `key` signs; `names` are the device names to try, in this order, each once (`used`). `present` are the
    devices that were on when the run began (`listed` False: may not be asked), `known` those whose codes
    were here. `enabled`: the device is on; `may_be`: it is, or may be; `taken`: AWS said that it is in use;
    `sent`: AWS was asked to turn it on, or may have been; `kept`: its secret is stored here. `again`: after
    the clean-up another device is made. `unsure`: nobody knows whether the device exists. `written`: the
    profiles `writes` name it, or may; `backups` are sealed copies of the AWS files, `edits`:
    the last one waits to be made. `barred`: why AWS does
    not let us take it from the user. `left` are unassigned devices that AWS did not let us delete, `perhaps`
    those of which nobody knows whether they exist. `sessions` counts those opened since a call last went
    through; `session_for` is the phase that needs one. `unanswered` counts answers that nobody saw since
    the run was last told to go on.
    """

    purpose: Purpose
    user: str
    account: str
    account_id: str
    partition: str
    key: str
    names: tuple[str, ...] = ()
    serial: str = ""
    profiles: tuple[Profile, ...] = ()
    store: str = ""
    phase: Phase = "look"
    used: tuple[str, ...] = ()
    present: tuple[str, ...] = ()
    free: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    listed: bool = False
    demands: bool | None = None
    kept: bool = False
    sent: bool = False
    may_be: bool = False
    enabled: bool = False
    enabled_at: float | None = None
    taken: bool = False
    again: bool = False
    unsure: bool = False
    lost: int = 0
    unanswered: int = 0
    looks: int = 0
    checks: int = 0
    tries: int = 0
    resting: bool = False
    spent: bool = False
    unproved: bool = False
    writes: tuple[Profile, ...] = ()
    written: bool = False
    seals: int = 0
    backups: tuple[str, ...] = ()
    edits: bool = False
    left: tuple[str, ...] = ()
    perhaps: tuple[str, ...] = ()
    back: bool = False
    sessions: int = 0
    session_for: Phase = "look"
    denied: Failure | None = None
    barred: Failure | None = None
    halted: Failure | None = None
    failure: Failure | None = None
    outcome: Literal["", "done", "rolled-back", "failed"] = ""

    @property
    def at(self) -> Phase:
        """The phase, or the one that the session is for."""
        return self.session_for if self.phase == "session" else self.phase

    @property
    def name(self) -> str:
        """The device as AWS shows it: `mfa/NAME`."""
        return self.serial.split(":", 5)[-1] if self.serial.startswith("arn:") else self.serial

    @property
    def virtual(self) -> bool:
        """Only virtual devices are deleted; others are taken from the user, and that is all."""
        return ":mfa/" in self.serial


def provers(state: State) -> tuple[str, ...]:
    """The devices whose codes may prove the user: those that were on, then this one once it may be. Where
    they may not be listed, those of the codes here, the user's own names first."""
    known = sorted(set(state.known) - {state.serial}, key=lambda serial: state.user not in serial)
    before = state.present if state.listed else tuple(known)
    return (*before, state.serial) if state.enabled or state.may_be else before


def serial_of(state: State, name: str) -> str:
    """What the serial of a new device will be."""
    return f"arn:{state.partition}:iam::{state.account_id}:mfa/{name}"


TYPES: tuple[type, ...] = (
    State, Profile, LookAtDevices, OpenSession, CreateDevice, EnableDevice, CheckDevice, SealFiles,
    WriteSerial, UnwriteSerial, DeactivateDevice, DeleteDevice, ForgetCode, ResyncDevice, DevicesSeen,
    SessionOpened, DeviceKept, NotKept, Enabled, DeviceChecked, FilesSealed, Written, Unwritten, Deactivated,
    DeviceDeleted, Forgotten, Resynced,
)  # fmt: skip
