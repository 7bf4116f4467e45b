"""Processes on Windows, through ctypes: parent, name, program, command line.

After Microsoft's documentation of CreateToolhelp32Snapshot, QueryFullProcessImageNameW, GetProcessTimes and
NtQueryInformationProcess (ProcessCommandLineInformation, since Windows 8.1).
"""

from __future__ import annotations

import contextlib
import ctypes
import os
from collections.abc import Iterator
from typing import Any

from credguard.wire.pipes import library

_PROCESSES = 0x00000002  # TH32CS_SNAPPROCESS
_QUERY_LIMITED = 0x1000  # PROCESS_QUERY_LIMITED_INFORMATION
_COMMAND_LINE = 60  # ProcessCommandLineInformation
_LONGEST = 32768  # characters of a path


class _Entry(ctypes.Structure):
    """PROCESSENTRY32W."""

    _fields_ = (
        ("size", ctypes.c_uint32),
        ("usage", ctypes.c_uint32),
        ("pid", ctypes.c_uint32),
        ("heap", ctypes.c_size_t),
        ("module", ctypes.c_uint32),
        ("threads", ctypes.c_uint32),
        ("parent", ctypes.c_uint32),
        ("priority", ctypes.c_int32),
        ("flags", ctypes.c_uint32),
        ("file", ctypes.c_wchar * 260),
    )


def parent_and_name(pid: int) -> tuple[int, str] | None:
    """The parent (0 where it is gone, its number perhaps given to another one) and `aws` for `aws.exe`."""
    kernel = library("kernel32")
    kernel.CreateToolhelp32Snapshot.restype = ctypes.c_void_p
    taken = kernel.CreateToolhelp32Snapshot(_PROCESSES, 0)
    if taken in {None, ctypes.c_void_p(-1).value}:
        return None
    try:
        entry = _Entry(size=ctypes.sizeof(_Entry))
        more = kernel.Process32FirstW(ctypes.c_void_p(taken), ctypes.byref(entry))
        while more:
            if entry.pid == pid:
                name = entry.file[:-4] if entry.file.lower().endswith(".exe") else entry.file
                parent = int(entry.parent)
                return (parent if _older(parent, pid) else 0), name
            more = kernel.Process32NextW(ctypes.c_void_p(taken), ctypes.byref(entry))
    finally:
        kernel.CloseHandle(ctypes.c_void_p(taken))
    return None


def program_of(pid: int) -> str:
    """The file that process `pid` runs; "" where the system does not tell."""
    with _opened(pid) as process:
        if not process:
            return ""
        path = ctypes.create_unicode_buffer(_LONGEST)
        size = ctypes.c_uint32(_LONGEST)
        found = library("kernel32").QueryFullProcessImageNameW(process, 0, path, ctypes.byref(size))
        return path.value if found else ""


def words_of(pid: int) -> list[str]:
    """The words behind the program's name; [] where the system does not tell."""
    with _opened(pid) as process:
        if not process:
            return []
        data = ctypes.create_string_buffer(16 + 2 * _LONGEST)  # UNICODE_STRING, then its text
        size = ctypes.c_uint32()
        ask = library("ntdll").NtQueryInformationProcess
        if ask(process, _COMMAND_LINE, data, len(data), ctypes.byref(size)) != 0:
            return []
        length = int.from_bytes(data.raw[:2], "little")
        start = ctypes.c_void_p.from_buffer(data, 8).value or 0
        return split(ctypes.wstring_at(start, length // 2))[1:] if start else []


def split(line: str) -> list[str]:
    """A command line into words, as the C library of Windows does (CommandLineToArgvW)."""
    if not line.strip():
        return []
    shell = library("shell32")
    shell.CommandLineToArgvW.restype = ctypes.POINTER(ctypes.c_wchar_p)
    count = ctypes.c_int()
    found = shell.CommandLineToArgvW(ctypes.c_wchar_p(line), ctypes.byref(count))
    if not found:
        return []
    try:
        return [found[i] or "" for i in range(count.value)]
    finally:
        library("kernel32").LocalFree(found)


def alive(pid: int) -> bool:
    """Whether process `pid` runs. True where the system will not say."""
    win: Any = __import__("_winapi")
    try:
        handle = win.OpenProcess(0x00100000, False, pid)  # SYNCHRONIZE
    except OSError as error:
        return getattr(error, "winerror", 0) != 87  # ERROR_INVALID_PARAMETER: no such process
    try:
        return bool(win.WaitForSingleObject(handle, 0) != 0)
    finally:
        win.CloseHandle(handle)


@contextlib.contextmanager
def _opened(pid: int) -> Iterator[ctypes.c_void_p | None]:
    kernel = library("kernel32")
    kernel.OpenProcess.restype = ctypes.c_void_p
    found = kernel.OpenProcess(_QUERY_LIMITED, 0, pid)
    if not found:
        yield None
        return
    handle = ctypes.c_void_p(found)
    try:
        yield handle
    finally:
        kernel.CloseHandle(handle)


def _older(parent: int, child: int) -> bool:
    """Whether the one began before the other: a number of a dead parent is given to new processes."""
    begun, other = _begun(parent), _begun(child)
    return begun is None or other is None or begun <= other


def _begun(pid: int) -> int | None:
    with _opened(pid) as process:
        if not process:
            return None
        times = [ctypes.c_uint64() for _ in range(4)]  # FILETIME: creation, exit, kernel, user
        if not library("kernel32").GetProcessTimes(process, *(ctypes.byref(t) for t in times)):
            return None
        return times[0].value


def is_script(word: str) -> bool:
    """Whether a word names a file in full."""
    return os.path.isabs(word) and os.path.isfile(word)
