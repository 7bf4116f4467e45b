"""The agent's end of its named pipe on Windows.

Only its user can open it: the descriptor names the owner and admits that user alone, which the system
checks at every open; nobody reaches it over the network, and a pipe of that name that exists already is
refused (CreateNamedPipe: FILE_FLAG_FIRST_PIPE_INSTANCE, PIPE_REJECT_REMOTE_CLIENTS).
"""

from __future__ import annotations

import contextlib
import ctypes
import threading
from typing import Any

from credguard.wire import pipes

_DUPLEX, _OVERLAPPED, _FIRST = 0x00000003, 0x40000000, 0x00080000
_BYTES, _LOCAL_ONLY = 0x00000000, 0x00000008
_UNLIMITED = 255
_BUFFER = 65536
#: Ends that wait at once, so that programs which come together all find one.
_WAITING = 4
_LOOK = 250  # milliseconds between two looks whether it was closed
_QUERY_LIMITED = 0x1000  # PROCESS_QUERY_LIMITED_INFORMATION


class _Attributes(ctypes.Structure):
    """SECURITY_ATTRIBUTES."""

    _fields_ = (
        ("length", ctypes.c_uint32),
        ("descriptor", ctypes.c_void_p),
        ("inherit", ctypes.c_int),
    )


def descriptor_for(sid: str) -> str:
    """Owned by `sid`, for it alone, and never for a sign-in over the network (SDDL)."""
    return f"O:{sid}D:P(D;;GA;;;NU)(A;;GA;;;{sid})"


class PipeListener:
    """Listens at `name` until it is closed. `accept` may be called by one thread."""

    def __init__(self, name: str) -> None:
        """Raises OSError: PermissionError where a pipe of this name exists already."""
        self._win: Any = __import__("_winapi")
        self.name = name
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._descriptor = ctypes.c_void_p()
        sid = pipes.my_sid()
        if not sid or not pipes.library("advapi32").ConvertStringSecurityDescriptorToSecurityDescriptorW(
            ctypes.c_wchar_p(descriptor_for(sid)), 1, ctypes.byref(self._descriptor), None
        ):
            raise PermissionError(name)
        self._attributes = _Attributes(ctypes.sizeof(_Attributes), self._descriptor, 0)
        self._ends: list[tuple[int, Any]] = []
        self._more(first=True)
        while len(self._ends) < _WAITING:
            self._more()

    @property
    def closed(self) -> bool:
        return self._closed.is_set()

    def accept(self) -> tuple[pipes.Pipe, str]:
        """The next connection. Raises OSError once the listener is closed, or a connection failed."""
        while not self.closed:
            if not self._ends:
                self._closed.wait(_LOOK / 1000)
                with self._lock:
                    self._more()
                continue
            waiting = list(self._ends)  # holds the events as long as they are waited for
            found = self._win.WaitForMultipleObjects([end[1].event for end in waiting], False, _LOOK)
            if found >= len(waiting):
                continue
            handle, operation = waiting[found]
            with self._lock:
                if self.closed:
                    break
                self._ends.remove(waiting[found])
                while len(self._ends) < _WAITING:
                    try:
                        self._more()
                    except OSError:  # it came and went: the next connection makes up for it
                        break
            try:
                operation.GetOverlappedResult(True)
            except OSError:
                self._win.CloseHandle(handle)
                raise
            return pipes.Pipe(handle), self.name
        raise OSError("closed")

    def close(self) -> None:
        """Stop listening; connections go on."""
        with self._lock:
            if self.closed:
                return
            self._closed.set()
            for handle, operation in self._ends:
                with contextlib.suppress(OSError):
                    operation.cancel()
                with contextlib.suppress(OSError):
                    operation.GetOverlappedResult(True)
                self._win.CloseHandle(handle)
            self._ends.clear()
            pipes.library("kernel32").LocalFree(self._descriptor)

    def _more(self, first: bool = False) -> None:
        """One end more that waits for a connection."""
        handle = self._win.CreateNamedPipe(
            self.name,
            _DUPLEX | _OVERLAPPED | (_FIRST if first else 0),
            _BYTES | _LOCAL_ONLY,
            _UNLIMITED, _BUFFER, _BUFFER, 0,
            ctypes.addressof(self._attributes),
        )  # fmt: skip
        try:
            operation = self._win.ConnectNamedPipe(handle, overlapped=True)
        except OSError:  # it came and went
            self._win.CloseHandle(handle)
            raise
        self._ends.append((handle, operation))


def other_end(handle: int, serves: bool = False) -> tuple[int, str] | None:
    """Process and user (`S-1-5-21-…`) at the other end of a connection; `serves`: of who serves it.

    The user is "" where the system does not tell us, as of a process that runs as administrator.
    """
    kernel = pipes.library("kernel32")
    pid = ctypes.c_uint32()
    ask = kernel.GetNamedPipeServerProcessId if serves else kernel.GetNamedPipeClientProcessId
    if not ask(ctypes.c_void_p(handle), ctypes.byref(pid)):
        return None
    kernel.OpenProcess.restype = ctypes.c_void_p
    process = kernel.OpenProcess(_QUERY_LIMITED, 0, pid.value)
    if not process:
        return pid.value, ""
    try:
        return pid.value, pipes.user_of(process)
    finally:
        kernel.CloseHandle(ctypes.c_void_p(process))
