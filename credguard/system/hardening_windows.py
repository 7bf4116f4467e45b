"""What Windows offers to keep a process's memory to itself, through ctypes.

After Microsoft's documentation of SetErrorMode, WerSetFlags and SetKernelObjectSecurity. A program that
runs as administrator reads any process all the same.
"""

from __future__ import annotations

import contextlib
import ctypes

from credguard.wire.pipes import library, my_sid

#: SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX | SEM_NOOPENFILEERRORBOX: a crash is not reported.
_NO_REPORT = 0x0001 | 0x0002 | 0x8000
_NO_HEAP = 0x1  # WER_FAULT_REPORTING_FLAG_NOHEAP
#: PROCESS_QUERY_LIMITED_INFORMATION | SYNCHRONIZE | PROCESS_TERMINATE
_LOOK_AND_END = 0x1000 | 0x00100000 | 0x0001
_DACL = 0x00000004  # DACL_SECURITY_INFORMATION


def descriptor_for(sid: str) -> str:
    """Other programs of this user may see and end the process, not read or change it (SDDL). The owner's
    own right to change that is taken away too (OW, OWNER RIGHTS)."""
    rights = f"0x{_LOOK_AND_END:x}"
    return f"D:P(A;;{rights};;;OW)(A;;{rights};;;{sid})(A;;GA;;;SY)"


def no_reports() -> bool:
    """No crash report of this process, and no heap in one that comes about all the same."""
    kernel = library("kernel32")
    kernel.SetErrorMode(kernel.GetErrorMode() | _NO_REPORT)
    with contextlib.suppress(AttributeError):  # not in every kernel32
        kernel.WerSetFlags(_NO_HEAP)
    return bool(kernel.GetErrorMode() & _NO_REPORT == _NO_REPORT)


def close_to_others() -> bool:
    """No reading of our memory by other programs of the same user."""
    api, kernel = library("advapi32"), library("kernel32")
    sid, made = my_sid(), ctypes.c_void_p()
    if not sid or not api.ConvertStringSecurityDescriptorToSecurityDescriptorW(
        ctypes.c_wchar_p(descriptor_for(sid)), 1, ctypes.byref(made), None
    ):
        return False
    try:
        kernel.GetCurrentProcess.restype = ctypes.c_void_p
        own = ctypes.c_void_p(kernel.GetCurrentProcess())
        return bool(api.SetKernelObjectSecurity(own, _DACL, made))
    finally:
        kernel.LocalFree(made)
