"""Who is at the other end of a Unix socket, as the system itself tells it.

Linux: SO_PEERCRED, socket(7) and unix(7). macOS: LOCAL_PEERCRED and LOCAL_PEERPID, unix(4), written
from the documentation and not run by us.
"""

from __future__ import annotations

import socket
import struct
import sys
from dataclasses import dataclass

_SOL_LOCAL, _LOCAL_PEERCRED, _LOCAL_PEERPID = 0, 1, 2  # from <sys/un.h> of macOS


@dataclass(frozen=True, slots=True)
class Peer:
    """Process and user, as they were when the connection was made."""

    pid: int
    uid: int


def peer_of(connection: socket.socket) -> Peer | None:
    """The process at the other end; None where the system does not say, which is never a yes."""
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
