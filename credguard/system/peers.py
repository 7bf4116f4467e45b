"""Who is at the other end of a Unix socket or a named pipe, as the system itself tells it.

Linux: SO_PEERCRED, socket(7) and unix(7). macOS: LOCAL_PEERCRED and LOCAL_PEERPID, unix(4), written
from the documentation and not run by us. Windows: GetNamedPipeClientProcessId and the user of that process.
"""

from __future__ import annotations

import os
import socket
import struct
import sys
from dataclasses import dataclass

from credguard.wire import pipes

_SOL_LOCAL, _LOCAL_PEERCRED, _LOCAL_PEERPID = 0, 1, 2  # from <sys/un.h> of macOS


@dataclass(frozen=True, slots=True)
class Peer:
    """Process and user, as they were when the connection was made; on Windows the user is a SID as text."""

    pid: int
    uid: int | str


def me() -> int | str:
    """The user of this process, as `Peer.uid` names users."""
    return pipes.my_sid() if sys.platform == "win32" else os.geteuid()


def peer_of(connection: socket.socket | pipes.Pipe) -> Peer | None:
    """The process at the other end; None where the system does not say, which is never a yes."""
    if isinstance(connection, pipes.Pipe):
        return _at_pipe(connection)
    try:
        if sys.platform.startswith("linux"):
            data = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
            pid, uid, _ = struct.unpack("3i", data)
            return Peer(pid, uid)
        if sys.platform == "darwin":
            # struct xucred begins with cr_version and cr_uid.
            data = connection.getsockopt(_SOL_LOCAL, _LOCAL_PEERCRED, 76)
            _, uid = struct.unpack("II", data[:8])
            (pid,) = struct.unpack("i", connection.getsockopt(_SOL_LOCAL, _LOCAL_PEERPID, 4))
            return Peer(pid, uid)
    except (OSError, struct.error):
        return None
    return None


def _at_pipe(connection: pipes.Pipe) -> Peer | None:
    """The client of our pipe. Its descriptor let nobody but our user open it; a process whose user cannot be
    read (one that runs as administrator) was let in by that alone."""
    from credguard.system.pipes_windows import other_end

    found = other_end(connection.handle)
    return Peer(found[0], found[1] or me()) if found is not None else None
