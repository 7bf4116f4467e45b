"""The names of our items as the system lists them: what the index is made anew from.

keyring cannot list. Linux: SearchItems of the Secret Service. macOS: SecItemCopyMatching; Windows:
CredEnumerateW; both by ctypes, written from the documentation and not yet run on those systems.
https://developer.apple.com/documentation/security/secitemcopymatching(_:_:)
https://learn.microsoft.com/en-us/windows/win32/api/wincred/nf-wincred-credenumeratew
"""

from __future__ import annotations

import ctypes
import sys
from typing import Any

from credguard.wire import items

_NOT_FOUND_MACOS = -25300
_NOT_FOUND_WINDOWS = 1168
_UTF8 = 0x08000100


def names(backend: Any, seconds: float) -> tuple[str, ...] | None:
    """The user names of all items of the service `credguard`; None where this keychain cannot list.

    Raises whatever the system's library does.
    """
    module = type(backend).__module__
    if "SecretService" in module:
        from credguard.vault import secret_service

        return secret_service.names(items.SERVICE, seconds)
    if sys.platform == "darwin" and "macOS" in module:
        return _macos()
    if sys.platform == "win32" and "Windows" in module:
        return _windows()
    return None


def _macos() -> tuple[str, ...]:
    security: Any = ctypes.CDLL("/System/Library/Frameworks/Security.framework/Security")
    core: Any = ctypes.CDLL("/System/Library/Frameworks/CoreFoundation.framework/CoreFoundation")
    pointer = ctypes.c_void_p
    for function, result, arguments in (
        (core.CFStringCreateWithCString, pointer, (pointer, ctypes.c_char_p, ctypes.c_uint32)),
        (core.CFDictionaryCreate, pointer,
         (pointer, pointer, pointer, ctypes.c_long, pointer, pointer)),
        (core.CFArrayGetCount, ctypes.c_long, (pointer,)),
        (core.CFArrayGetValueAtIndex, pointer, (pointer, ctypes.c_long)),
        (core.CFDictionaryGetValue, pointer, (pointer, pointer)),
        (core.CFStringGetLength, ctypes.c_long, (pointer,)),
        (core.CFStringGetMaximumSizeForEncoding, ctypes.c_long, (ctypes.c_long, ctypes.c_uint32)),
        (core.CFStringGetCString, ctypes.c_bool, (pointer, ctypes.c_char_p, ctypes.c_long, ctypes.c_uint32)),
        (core.CFRelease, None, (pointer,)),
        (security.SecItemCopyMatching, ctypes.c_int32, (pointer, pointer)),
    ):  # fmt: skip
        function.restype, function.argtypes = result, arguments

    def constant(library: Any, name: str) -> ctypes.c_void_p:
        return pointer.in_dll(library, name)

    service = pointer(core.CFStringCreateWithCString(None, items.SERVICE.encode(), _UTF8))
    account = constant(security, "kSecAttrAccount")
    query = {
        "kSecClass": constant(security, "kSecClassGenericPassword"),
        "kSecAttrService": service,
        "kSecMatchLimit": constant(security, "kSecMatchLimitAll"),
        "kSecReturnAttributes": constant(core, "kCFBooleanTrue"),
    }
    keys = (pointer * len(query))(*(constant(security, key).value for key in query))
    values = (pointer * len(query))(*(value.value for value in query.values()))
    asked = pointer(
        core.CFDictionaryCreate(
            None, keys, values, len(query),
            ctypes.addressof(pointer.in_dll(core, "kCFTypeDictionaryKeyCallBacks")),
            ctypes.addressof(pointer.in_dll(core, "kCFTypeDictionaryValueCallBacks")),
        )
    )  # fmt: skip
    found = pointer()
    try:
        status = security.SecItemCopyMatching(asked, ctypes.byref(found))
        if status == _NOT_FOUND_MACOS:
            return ()
        if status != 0 or not found.value:
            raise OSError(f"SecItemCopyMatching: {status}")
        listed: list[str] = []
        for number in range(core.CFArrayGetCount(found)):
            name = core.CFDictionaryGetValue(core.CFArrayGetValueAtIndex(found, number), account)
            if not name:
                continue
            room = core.CFStringGetMaximumSizeForEncoding(core.CFStringGetLength(name), _UTF8) + 1
            text = ctypes.create_string_buffer(room)
            if core.CFStringGetCString(name, text, room, _UTF8):
                listed.append(text.value.decode())
        return tuple(listed)
    finally:
        for made in (found, asked, service):
            if made.value:
                core.CFRelease(made)


class _Credential(ctypes.Structure):
    _fields_ = (
        ("Flags", ctypes.c_uint32),
        ("Type", ctypes.c_uint32),
        ("TargetName", ctypes.c_wchar_p),
        ("Comment", ctypes.c_wchar_p),
        ("LastWritten", ctypes.c_uint64),
        ("CredentialBlobSize", ctypes.c_uint32),
        ("CredentialBlob", ctypes.c_void_p),
        ("Persist", ctypes.c_uint32),
        ("AttributeCount", ctypes.c_uint32),
        ("Attributes", ctypes.c_void_p),
        ("TargetAlias", ctypes.c_wchar_p),
        ("UserName", ctypes.c_wchar_p),
    )


def _windows() -> tuple[str, ...]:
    """keyring names the newest item `SERVICE` and moves the others to `USER@SERVICE`, which no filter of
    CredEnumerateW finds (it takes the beginning of a name only): all are listed and ours picked out."""
    loader: Any = getattr(ctypes, "WinDLL")  # noqa: B009 not there on other systems
    api: Any = loader("advapi32", use_last_error=True)
    count = ctypes.c_uint32()
    found = ctypes.POINTER(ctypes.POINTER(_Credential))()
    if not api.CredEnumerateW(None, 0, ctypes.byref(count), ctypes.byref(found)):
        code = getattr(ctypes, "get_last_error")()  # noqa: B009 not there on other systems
        if code == _NOT_FOUND_WINDOWS:
            return ()
        raise OSError(f"CredEnumerateW: {code}")
    try:
        rows = [found[number].contents for number in range(count.value)]
        return tuple(
            row.UserName
            for row in rows
            if row.UserName and row.TargetName in {items.SERVICE, f"{row.UserName}@{items.SERVICE}"}
        )
    finally:
        api.CredFree(found)
