"""Frames against garbage: whatever comes in, a frame, an end, or a refusal; never more is read."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credguard.wire import frames


def feed(data: bytes, sizes: list[int]) -> Callable[[int], bytes]:
    """`data` in pieces as a socket gives them: at least one byte each time, b"" at the end."""
    left = [data]
    cuts = list(sizes)

    def receive(count: int) -> bytes:
        size = min(count, max(1, cuts.pop(0) if cuts else count))
        piece, left[0] = left[0][:size], left[0][size:]
        return piece

    receive.left = left  # type: ignore[attr-defined]
    return receive


kinds = st.sampled_from([frames.KINDS[i : i + 1] for i in range(len(frames.KINDS))])
cuts = st.lists(st.integers(1, 20), max_size=30)


@given(kinds, st.binary(max_size=300), st.binary(max_size=20), cuts)
def test_what_is_packed_is_read_and_nothing_behind_it(
    kind: bytes, body: bytes, behind: bytes, sizes: list[int]
) -> None:
    receive = feed(frames.pack(kind, body) + behind, sizes)
    assert frames.read(receive) == (kind, body)
    assert receive.left[0] == behind  # type: ignore[attr-defined]


@given(st.binary(max_size=200), cuts)
def test_garbage_is_refused(data: bytes, sizes: list[int]) -> None:
    try:
        found = frames.read(feed(data, sizes))
    except (frames.Foreign, EOFError):
        return
    if found is None:
        assert data == b""
    else:
        assert data.startswith(frames.pack(*found))


@given(kinds, st.binary(min_size=1, max_size=60), st.data(), cuts)
def test_every_cut_is_an_end_in_the_middle(
    kind: bytes, body: bytes, data: st.DataObject, sizes: list[int]
) -> None:
    whole = frames.pack(kind, body)
    at = data.draw(st.integers(1, len(whole) - 1))
    with pytest.raises((EOFError, frames.Foreign)):
        frames.read(feed(whole[:at], sizes))


@given(st.integers(0, 7), st.integers(1, 255))
def test_a_changed_head_is_never_a_longer_read(at: int, by: int) -> None:
    whole = bytearray(frames.pack(frames.QUESTION, b"{}"))
    whole[at] ^= by
    try:
        found = frames.read(feed(bytes(whole), []))
    except (frames.Foreign, EOFError):
        return
    assert found is not None
    assert len(found[1]) <= 2


def test_sizes_are_limited_before_anything_is_read() -> None:
    head = frames.MAGIC + bytes((frames.VERSION,)) + frames.QUESTION

    def receive(count: int) -> bytes:
        assert count == frames.HEAD, "asked for the body of a frame that is too long"
        return head + (frames.MOST + 1).to_bytes(4, "big")

    with pytest.raises(frames.Foreign):
        frames.read(receive)
    with pytest.raises(ValueError):
        frames.pack(frames.ANSWER, bytes(frames.MOST + 1))


@pytest.mark.parametrize("version", [0, 2, 255])
def test_another_version_is_left_alone(version: int) -> None:
    whole = bytearray(frames.pack(frames.QUESTION, b"{}"))
    whole[2] = version
    with pytest.raises(frames.Foreign):
        frames.read(feed(bytes(whole), []))


@given(st.binary(max_size=200))
def test_bodies_are_objects_or_refused(body: bytes) -> None:
    try:
        document = frames.decode(body)
    except frames.Foreign:
        return
    assert (
        frames.decode(frames.encode(document)) == document or "NaN" in str(document) or "nan" in str(document)
    )


def test_a_body_nested_without_end_is_refused() -> None:
    with pytest.raises(frames.Foreign):
        frames.decode(b'{"a":' + b"[" * 100_000)
