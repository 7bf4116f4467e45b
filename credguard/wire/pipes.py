"""The agent's named pipe on Windows: one end of a connection, and whose pipe it is.

Standard library only. Reading and writing go through `_winapi`, as in multiprocessing; `ctypes` is loaded
for the one question that Python has no call for: who owns the pipe. Names of pipes are one space for the
whole computer, so anybody may make one of ours before the agent does: an owner can only be somebody whose
token made it (GetKernelObjectSecurity, OWNER_SECURITY_INFORMATION), and nothing is sent to another one.
"""

from __future__ import annotations

TYPE_CHECKING = False  # typing itself costs more than all of this
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

PREFIX = "\\\\.\\pipe\\"
_READ_WRITE = 0xC0000000  # GENERIC_READ | GENERIC_WRITE
_OVERLAPPED = 0x40000000
#: SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION: who serves the pipe may learn who we are, not act as us.
_IDENTIFY_ONLY = 0x00110000
_EXISTING = 3
_BUSY, _PENDING, _MORE, _ABORTED = 231, 997, 234, 995
_FOREVER = 0xFFFFFFFF
_OWNER = 1  # OWNER_SECURITY_INFORMATION


def connect(name: str, seconds: float) -> Pipe:
    """A connection to the pipe `name`, which is our user's own.

    Raises FileNotFoundError where nobody serves it, PermissionError where another user does, TimeoutError
    where all its ends stay taken for `seconds`, and other OSErrors of the system.
    """
    import time

    win = __import__("_winapi")
    until = time.monotonic() + seconds
    while True:
        try:
            handle: int = win.CreateFile(name, _READ_WRITE, 0, 0, _EXISTING, _OVERLAPPED | _IDENTIFY_ONLY, 0)
            break
        except OSError as error:
            if getattr(error, "winerror", 0) != _BUSY:
                raise
        if time.monotonic() >= until:
            raise TimeoutError(name)
        try:
            win.WaitNamedPipe(name, 100)
        except OSError:  # no end came free, or all are gone: the next try tells
            time.sleep(0.01)
    if not owned_by_me(handle):
        win.CloseHandle(handle)
        raise PermissionError(name)
    return Pipe(handle)


class Pipe:
    """An end of a connection (an overlapped handle), with the methods of a socket that are used here."""

    def __init__(self, handle: int) -> None:
        import _thread

        self._win = __import__("_winapi")
        self.handle = handle
        self._seconds: float | None = None
        self._lock = _thread.allocate_lock()
        self._under_way: list[Any] = []
        self._closed = False
        self._kept = b""

    def __enter__(self) -> Pipe:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def settimeout(self, seconds: float | None) -> None:
        """How long `recv` and `sendall` that begin from now on may take; None: for ever."""
        self._seconds = seconds

    def recv(self, count: int) -> bytes:
        """Between 1 and `count` bytes; b"" where the other side, or this one, is closed.

        Raises TimeoutError: then nothing was taken.
        """
        if self._kept:
            data, self._kept = self._kept[:count], self._kept[count:]
            return data
        try:
            found, timely = self._do(lambda: self._win.ReadFile(self.handle, count, overlapped=True)[0])
            data = bytes(found)
        except BrokenPipeError:
            return b""
        if not timely and not self._closed:
            self._kept = data  # it came at the last moment: the next call gives it
            raise TimeoutError
        return data

    def sendall(self, data: bytes) -> None:
        """Send everything. Raises TimeoutError, after which part of it may be sent, or BrokenPipeError."""
        self.send_within(data, self._seconds)

    def send_within(self, data: bytes, seconds: float | None) -> None:
        """As `sendall`, with a time of its own."""
        view = memoryview(data)
        while view:
            piece = bytes(view[:65536])
            sent, timely = self._do(
                lambda piece=piece: self._win.WriteFile(self.handle, piece, overlapped=True)[0],  # type: ignore[misc]
                seconds, count=True,
            )  # fmt: skip
            if self._closed:
                raise BrokenPipeError
            if not timely:
                raise TimeoutError
            view = view[sent:]

    def is_gone(self) -> bool:
        """Whether the other side is closed. Waits for nothing, takes nothing."""
        try:
            self._win.PeekNamedPipe(self.handle, 0)
        except OSError:
            return True
        return self._closed

    def shutdown(self, how: int = 2) -> None:
        """End it for both directions: a pipe cannot be closed by half. Whoever reads it is let go."""
        self.close()

    def close(self) -> None:
        """What is under way in other threads ends first."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            for operation in self._under_way:
                _cancel(operation)
            if not self._under_way:
                self._win.CloseHandle(self.handle)

    def _do(self, begin: Callable[[], Any], seconds: float | None = -1.0, count: bool = False) -> Any:
        """What an operation read, or how much it wrote, and whether it ended in time."""
        limit = self._seconds if seconds == -1.0 else seconds
        with self._lock:
            if self._closed:
                return (0 if count else b""), True
            operation = begin()
            self._under_way.append(operation)
        try:
            wait = _FOREVER if limit is None else max(0, int(limit * 1000))
            # Of several: only this call lets Ctrl+C through.
            timely = self._win.WaitForMultipleObjects([operation.event], False, wait) == 0
        except BaseException:
            timely = False
            raise
        finally:
            if not timely:
                _cancel(operation)
            try:
                done, _ = operation.GetOverlappedResult(True)
            finally:
                with self._lock:
                    self._under_way.remove(operation)
                    if self._closed and not self._under_way:
                        self._win.CloseHandle(self.handle)
        data = done if count else bytes(operation.getbuffer() or b"")[:done]
        return data, timely or bool(done)


def _cancel(operation: Any) -> None:
    try:
        operation.cancel()
    except OSError:  # it ended by itself
        return


# ── whose it is ──────────────────────────────────────────────────────────────────────────────────
def owned_by_me(handle: int) -> bool:
    """Whether the owner of the pipe is the user of this process. False where that cannot be told."""
    import ctypes

    api = library("advapi32")
    size = ctypes.c_uint32()
    api.GetKernelObjectSecurity(ctypes.c_void_p(handle), _OWNER, None, 0, ctypes.byref(size))
    if not 0 < size.value < 65536:
        return False
    found = ctypes.create_string_buffer(size.value)
    owner, defaulted = ctypes.c_void_p(), ctypes.c_int()
    return bool(
        api.GetKernelObjectSecurity(ctypes.c_void_p(handle), _OWNER, found, size, ctypes.byref(size))
        and api.GetSecurityDescriptorOwner(found, ctypes.byref(owner), ctypes.byref(defaulted))
        and owner.value
        and sid_of(owner.value) == my_sid() != ""
    )


def my_sid() -> str:
    """The user of this process as `S-1-5-21-…`; "" where the system does not tell."""
    import ctypes

    kernel = library("kernel32")
    kernel.GetCurrentProcess.restype = ctypes.c_void_p
    return user_of(kernel.GetCurrentProcess())


def user_of(process: int) -> str:
    """The user that a process (a handle) runs as, as `S-1-5-21-…`; "" where the system does not tell."""
    import ctypes

    api, kernel = library("advapi32"), library("kernel32")
    token = ctypes.c_void_p()
    if not api.OpenProcessToken(ctypes.c_void_p(process), 0x0008, ctypes.byref(token)):  # TOKEN_QUERY
        return ""
    try:
        # TOKEN_USER: a pointer, attributes, then a SID of 68 bytes at most.
        data = ctypes.create_string_buffer(256)
        size = ctypes.c_uint32()
        if not api.GetTokenInformation(token, 1, data, len(data), ctypes.byref(size)):
            return ""
        return sid_of(ctypes.c_void_p.from_buffer(data).value or 0)
    finally:
        kernel.CloseHandle(token)


def sid_of(address: int) -> str:
    """A SID in memory as text; "" where there is none."""
    import ctypes

    made = ctypes.c_wchar_p()
    if not address:
        return ""
    if not library("advapi32").ConvertSidToStringSidW(ctypes.c_void_p(address), ctypes.byref(made)):
        return ""
    try:
        return made.value or ""
    finally:
        library("kernel32").LocalFree(made)


def library(name: str) -> Any:
    """A library of Windows."""
    import ctypes

    load: Any = getattr(ctypes, "WinDLL")  # noqa: B009 not there on other systems
    return load(name, use_last_error=True)
