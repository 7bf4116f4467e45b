"""The credentials of one profile, from the agent where one answers.

Standard library only, of ours `wire` alone. The agent hands over finished bytes; where there is none
alone.py reads the keychain, and for anything more this process becomes `credguard credential-process`.
"""

from __future__ import annotations

import os
import sys
from time import monotonic

from credguard.wire import places

TYPE_CHECKING = False  # typing itself costs more than all of this
if TYPE_CHECKING:
    from collections.abc import Callable

    Found = tuple[bytes, bytes] | None
    Read = Callable[[Callable[[int], bytes]], Found]

#: Go ends a credential_process after 60 s; a person has 40 of them. All of it, whoever answers in the end.
SECONDS = 48.0


def main(arguments: list[str]) -> int:
    """One profile id; exit 0 with the answer on stdout, else 1 (4 locked) and a sentence on stderr."""
    if len(arguments) != 1 or not _is_id(arguments[0]):
        sys.stderr.write("CredGuard: this runs as credential_process, with the id of one profile.\n")
        return 1
    begun = monotonic()
    code = _from_agent(arguments[0], begun + SECONDS)
    if code is not None:
        return code
    try:
        from credguard.provider import alone

        answer = alone.answer(arguments[0])
    except Exception:  # whatever it is, the full program knows the sentence for it
        answer = None
    if answer is None:
        return _become(["credential-process", "--profile", arguments[0], "--begun", f"{begun:.3f}"])
    sys.stdout.write(answer)
    sys.stdout.flush()
    return 0


def _is_id(value: str) -> bool:
    return 0 < len(value) <= 64 and value.isascii() and value.replace("-", "").replace("_", "").isalnum()


def _from_agent(profile_id: str, until: float) -> int | None:
    """The agent's answer on stdout, or its error in one line on stderr: the exit code. None for no agent."""
    try:
        from credguard.wire import frames

        # With a passphrase file nobody has to be waited for.
        alone = b',"alone":true' if os.environ.get("CREDGUARD_PASSPHRASE_FILE") else b""
        body = b'{"ask":"credentials","profile":"' + profile_id.encode() + b'"' + alone + b"}"
        ask = _by_pipe if sys.platform == "win32" else _by_socket
        found = ask(frames.pack(frames.QUESTION, body), frames.read, until)
    except TimeoutError:
        sys.stderr.write("CredGuard: the agent did not answer in time. End it with: credguard lock\n")
        return 1
    except (ImportError, AttributeError, OSError, EOFError, ValueError):
        return None
    if found is None or found[0] not in {frames.FINISHED, frames.ERROR}:
        return None
    kind, answer = found
    if kind == frames.ERROR:
        return _tell(answer)
    sys.stdout.flush()
    while answer:
        answer = answer[os.write(1, answer) :]
    return 0


def _by_socket(question: bytes, read: Read, until: float) -> Found:
    import _socket

    connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)

    def receive(count: int) -> bytes:
        # For the whole answer: one that comes in drops has no longer.
        connection.settimeout(max(0.001, until - monotonic()))
        return connection.recv(count)

    try:
        connection.settimeout(max(0.001, until - monotonic()))
        _connect(connection, places.agent_socket())
        while question:
            question = question[connection.send(question) :]
        return read(receive)
    finally:
        connection.close()


def _by_pipe(question: bytes, read: Read, until: float) -> Found:
    from credguard.wire import pipes

    with pipes.connect(places.agent_socket(), 5) as connection:

        def receive(count: int) -> bytes:
            connection.settimeout(max(0.001, until - monotonic()))
            return connection.recv(count)

        connection.settimeout(max(0.001, until - monotonic()))
        connection.sendall(question)
        return read(receive)


def _connect(connection: object, path: str) -> None:
    connect: Callable[[str], None] = connection.connect  # type: ignore[attr-defined]
    if len(path) <= 90 or not sys.platform.startswith("linux"):
        connect(path)
        return
    # A socket's address has 108 bytes at most; a folder can be reached by its descriptor.
    folder = os.open(os.path.dirname(path), os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        connect(f"/proc/self/fd/{folder}/{os.path.basename(path)}")
    finally:
        os.close(folder)


def _tell(body: bytes) -> int | None:
    from credguard.wire import flat

    try:
        error = flat.decode(body.decode())
        line = str(error["line"])
    except (ValueError, KeyError):
        return None
    sys.stderr.write(line + "\n")
    return 4 if error.get("locked") is True else 1


def _become(command: list[str]) -> int:
    """The full program in our place, by the same interpreter; on Windows as a child."""
    program = os.path.join(places.package(), "__main__.py")
    arguments = [sys.executable, "-I", program, *command]
    if sys.platform == "win32":
        import subprocess

        return subprocess.run(arguments, check=False).returncode
    return os.execv(sys.executable, arguments)  # noqa: S606


def script() -> int:
    """The console script `credguard-credentials --profile P`: P is a profile's id or name."""
    arguments = sys.argv[1:]
    if len(arguments) == 1 and arguments[0].startswith("--profile="):
        arguments = ["--profile", arguments[0].partition("=")[2]]
    if len(arguments) != 2 or arguments[0] != "--profile":
        sys.stderr.write("Usage: credguard-credentials --profile PROFILE\n")
        return 2
    if arguments[1].startswith("p-") and _is_id(arguments[1]):
        return main(arguments[1:])
    return _become(["credential-process", *arguments])
