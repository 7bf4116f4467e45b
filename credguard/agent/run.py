"""The agent's process: hardened, one for each state folder, ended by every lock of all it holds."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import sys
import threading
from collections.abc import Callable, Iterable
from types import FrameType
from typing import Any

from credguard.agent.answers import Answers
from credguard.agent.approvals import Approvals
from credguard.agent.keeper import Keeper, SeenHere
from credguard.agent.server import Server, bind
from credguard.agent.waiting import SECONDS
from credguard.catalog.activity import ActivityKind
from credguard.catalog.approvals import Approvals as KeptApprovals
from credguard.domain import passphrase as words
from credguard.domain.errors import CredGuardError
from credguard.domain.secret import Secret
from credguard.domain.text import Text, text
from credguard.services import Services
from credguard.settings import Settings
from credguard.system.asking import may_be_ours
from credguard.system.clock import Clock, SystemClock
from credguard.system.hardening import harden, keep_in_memory
from credguard.system.peers import Peer
from credguard.vault.lock import Limits, limits_of
from credguard.vault.remote import error_body
from credguard.vault.sealed.backend import SealedBackend, read_passphrase_file
from credguard.vault.sealed.vault import SealedVault
from credguard.vault.talk import FarPerson, Pipes
from credguard.wire import frames, places
from credguard.workflows.approving import demanded

#: How often it looks whether something has run out (seconds).
TICK = 1.0
_NAMES = {"keys": text("keys"), "codes": text("codes")}
_REASONS = {
    "away": text("nobody used them for a while"),
    "longest": text("they were open long enough"),
    "each-use": text("they were used once"),
    "screen-lock": text("the screen locked"),
    "sleep": text("the computer went to sleep"),
    "asked": text("you asked for it"),
    "vault-changed": text("the vault file was put back to an older state, or changed by another program"),
    "ended": text("its process was told to end"),
}


class Agent:
    """Everything the process holds. `stop` may be called from any thread."""

    def __init__(
        self,
        clock: Clock | None = None,
        devices: Callable[[], Iterable[Any]] | None = None,
        wait: float = SECONDS,
        windows: Callable[[int], bool] | None = None,
    ) -> None:
        """`devices` lists the security keys that are plugged in; None: those on USB. `wait`: programs wait
        this long for somebody to unlock (seconds). `windows`: which processes may answer for the person;
        None: the one that holds its leash, and what runs our own program."""
        self._windows = windows
        self._holder: int | None = None
        self.clock: Clock = clock or SystemClock()
        self._settings = _Fresh(places.settings_file())
        self._woken = threading.Event()
        self._wake_read, self._wake_write = os.pipe()
        if sys.platform != "win32":
            os.set_blocking(self._wake_write, False)
        self._stopping = False
        interlock: list[Services] = []
        vault = SealedVault(
            places.vault_file(),
            lambda: interlock[0].interlock.hold("vault", wait=10.0),
            clock=self.clock,
            seen=SeenHere,
        )
        backend = SealedBackend(vault)
        self.services = Services(clock=self.clock, sealed=backend)
        interlock.append(self.services)
        self.keeper = Keeper(vault, self.clock, self._limits, self._closed)
        self.approvals = Approvals(
            lambda: KeptApprovals(self.services.database), self.clock, self._demanded, self._record
        )
        self.answers = Answers(self.keeper, backend, self.services, self.approvals, self.stop, devices, wait)

    def open(self, passphrase: Secret, create: bool = False) -> None:
        """Open the vault. Raises as `SealedVault.open`."""
        self.keeper.open(passphrase, create)
        self.services.warm()
        keep_in_memory()

    def open_with(self, way: str, person: FarPerson) -> None:
        """The same by a security key or the keychain."""
        self.answers.open_with(way, person)
        self.services.warm()
        keep_in_memory()

    def stop(self) -> None:
        self._stopping = True
        self._woken.set()
        with contextlib.suppress(OSError):
            os.write(self._wake_write, b"x")

    def serve(self, listener: Any, leash: int | None = None) -> None:
        """Answer until it is locked or told to end. `leash`: a descriptor whose end is ours."""
        # Made by one thread, also where it waits locked: the first questions come all at once.
        with contextlib.suppress(CredGuardError):
            self.services.warm()
        if leash is not None:
            self._holder = os.getppid()
        server = Server(
            listener, self.answers, self.approvals, self.keeper.used_up, self._stranger,
            is_window=self._windows or self._is_window,
        )  # fmt: skip
        if sys.platform == "win32":
            self._serve_by_threads(listener, server, leash)
        else:
            self._serve_by_selector(listener, server, leash)
        self.keeper.close("ended")

    def _serve_by_selector(self, listener: Any, server: Server, leash: int | None) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(listener, selectors.EVENT_READ, server.accept)
            selector.register(self._wake_read, selectors.EVENT_READ, lambda: os.read(self._wake_read, 64))
            if leash is not None:
                selector.register(leash, selectors.EVENT_READ, self.stop)
            while not self._stopping:
                for key, _ in selector.select(TICK):
                    key.data()
                self.keeper.look()

    def _serve_by_threads(self, listener: Any, server: Server, leash: int | None) -> None:
        """Windows: nothing there waits for pipes and other things at once."""

        def take() -> None:
            while not self._stopping:
                server.accept()

        def follow(leash: int) -> None:
            with contextlib.suppress(OSError):
                os.read(leash, 1)
            self.stop()

        threading.Thread(target=take, daemon=True, name="pipe").start()
        if leash is not None:
            threading.Thread(target=follow, args=(leash,), daemon=True, name="leash").start()
        while not self._stopping:
            self._woken.wait(TICK)
            self.keeper.look()

    def _is_window(self, pid: int) -> bool:
        """The parent is told by the system; of others the system tells what they run, not who wrote it."""
        return (self._holder == pid and os.getppid() == pid) or (pid != os.getpid() and may_be_ours(pid))

    # ── what it is told ──────────────────────────────────────────────────────────────────────────
    def _limits(self, part: str) -> Limits:
        return limits_of(self._settings, part)

    def _demanded(self, account_id: str) -> bool:
        return demanded(self._settings.get("approve"), self._settings.get("approve_accounts"), account_id)

    def _closed(self, parts: tuple[str, ...], reason: str) -> None:
        what = text("keys and codes") if len(parts) == 2 else _NAMES[parts[0]]
        with contextlib.suppress(CredGuardError):
            self._record("CredGuard", text("locked the {what}: {why}", what=what, why=_REASONS[reason]))
        self.approvals.tell({"event": "locked", "parts": list(parts), "reason": reason})
        # Whatever closed it: with nothing open the process has no reason to live, and ending wipes it.
        if not self.keeper.is_open:
            self.stop()

    def _record(
        self, actor: str, action: Text, account: str = "", kind: ActivityKind = "change", detail: str = ""
    ) -> None:
        self.services.record(actor, action, account or None, kind, detail)

    def _stranger(self, peer: Peer) -> None:
        with contextlib.suppress(CredGuardError):
            self._record(
                "another user",
                text("tried to reach the agent and was turned away"),
                kind="refused",
                detail=f"user {peer.uid}, process {peer.pid}",
            )


class _Fresh:
    """The settings, read again only when their file changed: they are asked for at every question."""

    def __init__(self, path: str) -> None:
        self._settings = Settings(path)
        self._lock = threading.Lock()
        self._seen: tuple[int, int, int] | None = None
        self._values: dict[str, Any] = {}

    def get(self, name: str) -> Any:
        try:
            status = os.stat(self._settings.path)
            now = (status.st_mtime_ns, status.st_ino, status.st_size)
        except OSError:
            now = (0, 0, 0)
        with self._lock:
            if now != self._seen:
                try:
                    self._values = dict(self._settings.all())
                except CredGuardError:
                    # An unreadable file opens nothing wider than it was; at first, than the defaults.
                    self._values = self._values or {s.name: s.default for s in _table()}
                self._seen = now
            return self._values[name]


def _table() -> Any:
    from credguard.settings import TABLE

    return TABLE


def run(*, handed: bool, leashed: bool, ask: Callable[[str], str | None], say: Callable[[str], None]) -> int:
    """Be the agent; returns when it has locked.

    `handed`: the passphrase comes as a frame on the standard input, and a frame on the standard output
    says how it went; with `leashed` the end of that input ends the agent. Else it opens with
    CREDGUARD_PASSPHRASE_FILE or by asking on a terminal; where there is neither it waits for
    `credguard unlock`. Raises CredGuardError `agent-running`, or what opening raises.
    """
    harden()
    agent = Agent()
    if not handed:
        return _run(agent, None, ask, say)
    line = Pipes(os.dup(0), os.dup(1))
    try:
        return _run(agent, line, ask, say, leashed)
    except CredGuardError as error:
        _report(line, frames.ERROR, error_body(error))
        return 1


def _run(
    agent: Agent,
    line: Pipes | None,
    ask: Callable[[str], str | None],
    say: Callable[[str], None],
    leashed: bool = False,
) -> int:
    """`line` to whoever started it and hands the vault's passphrase over; None: somebody at a terminal."""
    path = places.agent_socket()
    with _alone(agent.services):
        listener = bind(path)
        mine = _inode(path)
        try:
            if line is not None:
                _open_as_told(agent, line)
            else:
                _open_in_foreground(agent, ask)
            _signals(agent)
            leash = None
            if line is not None:
                _report(line, frames.ANSWER, frames.encode({"pid": os.getpid()}))
                leash = _detach(leashed)
                line.hang_up()
            else:
                open_now = bool(agent.keeper.open_parts)
                say("The vault is open." if open_now else "Waiting for: credguard unlock")
            with _events(agent):
                agent.serve(listener, leash)
        finally:
            with contextlib.suppress(OSError):
                if mine is not None and _inode(path) == mine:
                    os.unlink(path)
            listener.close()
    agent.services.close()
    # Not a return through the whole interpreter's end: nothing is left that may still run.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _inode(path: str) -> int | None:
    """The socket's; a pipe of Windows is no file, and goes with its process."""
    return None if sys.platform == "win32" else os.lstat(path).st_ino


@contextlib.contextmanager
def _alone(services: Services) -> Any:
    """One agent for each state folder, whoever starts it."""
    try:
        held = contextlib.ExitStack()
        held.enter_context(services.interlock.hold("agent"))
    except CredGuardError as error:
        if error.code != "busy":
            raise
        pid = services.interlock.holder("agent")
        raise CredGuardError(
            "agent-running",
            text("An agent runs already (process {pid}).", pid=pid or "?"),
            text("To end it: credguard lock"),
        ) from None
    with held:
        yield


def _open_in_foreground(agent: Agent, ask: Callable[[str], str | None]) -> None:
    if not agent.keeper.vault.exists:
        return
    file = os.environ.get("CREDGUARD_PASSPHRASE_FILE")
    if file:
        agent.open(read_passphrase_file(file))
        return
    answer = ask(words.OPEN)
    if answer:
        agent.open(Secret(answer))


def _open_as_told(agent: Agent, line: Pipes) -> None:
    """By the first frame (launch.py); an empty one leaves it locked."""
    try:
        found = line.receive()
        how = frames.decode(found[1]) if found is not None else {}
    except frames.Foreign:
        how = {}
    passphrase, way = how.get("passphrase"), how.get("way")
    if isinstance(passphrase, str):
        agent.open(Secret(passphrase), how.get("create") is True)
    elif isinstance(way, str):
        agent.open_with(way, FarPerson(line))


def _report(line: Pipes, kind: bytes, body: bytes) -> None:
    with contextlib.suppress(OSError):
        line.send(kind, body)


def _detach(leashed: bool) -> int | None:
    """Let go of what the starter lent; the leash stays."""
    leash = os.dup(0) if leashed else None
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    os.close(nothing)
    return leash


def _signals(agent: Agent) -> None:
    def end(number: int, frame: FrameType | None) -> None:
        agent.stop()

    for name in ("SIGTERM", "SIGINT", "SIGHUP", "SIGBREAK"):  # the last one: a Windows console that closes
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), end)


@contextlib.contextmanager
def _events(agent: Agent) -> Any:
    """Sleep and the screen's lock, as far as this computer tells of them."""
    from credguard.system.events import listen

    listener = listen(agent.keeper.event)
    try:
        yield
    finally:
        listener.close()
