"""Hidden from shared screens: the right call with the right words, and nothing raised where there is none."""

from __future__ import annotations

import ctypes
from typing import Any

import pytest

from credguard.system.sharing import hide, reach


class User32:
    """Windows' library, as far as it is asked."""

    def __init__(self, answer: int = 1) -> None:
        self.calls: list[tuple[int, int]] = []

        def call(handle: int, affinity: int) -> int:
            self.calls.append((handle, affinity))
            return answer

        self.SetWindowDisplayAffinity = call


class Objc:
    """Apple's runtime: a view in a window; what is sent is written down."""

    def __init__(self, window: int = 77) -> None:
        self.sent: list[tuple[int, bytes, int]] = []
        self.names: list[bytes] = []
        answers = self

        def name(selector: bytes) -> int:
            answers.names.append(selector)
            return len(answers.names)

        @ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_ulong)
        def send(target: int, selector: int, value: int) -> int:
            word = answers.names[selector - 1]
            answers.sent.append((target, word, value if word.endswith(b":") else 0))
            return window

        self.sel_registerName = name
        self._kept = send
        self.objc_msgSend = ctypes.cast(send, ctypes.c_void_p).value


@pytest.mark.parametrize(("hidden", "affinity"), [(True, 0x11), (False, 0)])
def test_windows_is_told(hidden: bool, affinity: int) -> None:
    library = User32()
    assert hide(42, hidden, "win32", library)
    assert library.calls == [(42, affinity)]


def test_windows_may_refuse() -> None:
    assert not hide(42, True, "win32", User32(answer=0))


@pytest.mark.parametrize(("hidden", "kind"), [(True, 0), (False, 1)])
def test_macos_is_told_of_the_window_of_the_view(hidden: bool, kind: int) -> None:
    library = Objc()
    assert hide(42, hidden, "darwin", library)
    assert library.sent == [(42, b"window", 0), (77, b"setSharingType:", kind)]


def test_a_view_without_a_window_is_left() -> None:
    library = Objc(window=0)
    assert not hide(42, True, "darwin", library)
    assert [word for _, word, _ in library.sent] == [b"window"]


@pytest.mark.parametrize("platform", ["linux", "freebsd14"])
def test_elsewhere_nothing_is_called(platform: str) -> None:
    library: Any = User32()
    assert not hide(42, True, platform, library)
    assert library.calls == []


@pytest.mark.parametrize("platform", ["win32", "darwin"])
def test_a_call_that_is_missing_raises_nothing(platform: str) -> None:
    assert not hide(42, True, platform, object())


@pytest.mark.parametrize(
    ("platform", "version", "what"),
    [
        ("win32", "", "all"), ("linux", "", "none"), ("darwin", "14.7", "all"),
        ("darwin", "15.0", "most"), ("darwin", "26.1", "most"), ("darwin", "?", "most"),
    ],
)  # fmt: skip
def test_it_says_how_far_it_goes(platform: str, version: str, what: str) -> None:
    assert reach(platform, version) == what
