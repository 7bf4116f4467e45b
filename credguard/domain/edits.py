"""FileEdit: what is to change in another program's file, line by line, and the way back.

Pure: bytes in, bytes out. A file is a sequence of lines with their line ends, so that everything an edit
does not name stays as it is, byte for byte. Lines may hold secrets: they never show in a repr, and an edit
is written down only inside a sealed copy.
"""

from __future__ import annotations

import base64
import difflib
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from credguard.domain.errors import CredGuardError
from credguard.domain.text import text

Lines = tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Hunk:
    """Lines `removed` at `start` (0-based, in the file as it was) and `added` in their place.

    `anchor` is the line, such as `[default]`, under which they stand: it finds the place again in a file
    that was changed since.
    """

    start: int
    removed: Lines = field(default=(), repr=False)
    added: Lines = field(default=(), repr=False)
    anchor: bytes = b""


@dataclass(frozen=True, slots=True)
class FileEdit:
    """One file's change. `expects` is the digest of the file as it is, None where there is none.

    `deletes` = the whole file goes; it then has no hunks.
    """

    path: str
    expects: str | None
    hunks: tuple[Hunk, ...] = ()
    deletes: bool = False


def digest(data: bytes | None) -> str | None:
    """SHA-256 in hex; None for a file that is not there."""
    return None if data is None else hashlib.sha256(data).hexdigest()


def split(data: bytes) -> Lines:
    """The lines with their ends (LF, CRLF or CR, as a text file is read)."""
    return tuple(data.splitlines(keepends=True))


def hunks_of(
    before: Lines, gone: Iterable[int], put: Mapping[int, Lines], anchors: Callable[[int], bytes]
) -> tuple[Hunk, ...]:
    """The hunks that remove the lines `gone` and put lines before line N (`put`; N may be one past the last).

    `anchors` gives the anchor of line N.
    """
    dropped = frozenset(gone)
    hunks: list[Hunk] = []
    for at in sorted(dropped | set(put)):
        removed = (before[at],) if at in dropped else ()
        added = put.get(at, ())
        last = hunks[-1] if hunks else None
        touching = last is not None and last.start + len(last.removed) == at
        if last is not None and touching:
            hunks[-1] = Hunk(last.start, last.removed + removed, last.added + added, last.anchor)
        else:
            hunks.append(Hunk(at, removed, added, anchors(at)))
    return tuple(hunks)


def applied(edit: FileEdit, before: bytes | None) -> bytes | None:
    """The file after the edit; None when the edit deletes it.

    Raises CredGuardError `file-changed` where `before` is not what the edit expects.
    """
    if digest(before) != edit.expects:
        raise changed_meanwhile(edit.path)
    if edit.deletes:
        return None
    lines = list(split(before or b""))
    for hunk in reversed(edit.hunks):
        end = hunk.start + len(hunk.removed)
        if tuple(lines[hunk.start : end]) != hunk.removed:
            raise changed_meanwhile(edit.path)
        lines[hunk.start : end] = hunk.added
    return b"".join(lines)


def reverted(edit: FileEdit, before: bytes | None, now: bytes | None) -> bytes | None:
    """The present file without the edit: later changes stay.

    Where nothing changed since, that is `before` exactly. None = there was no file, and nothing but our
    lines is in it now.
    """
    if digest(now) == digest(before):
        return before
    after = applied(edit, before)
    if now == after:
        return before
    if edit.deletes or now is None:
        # The file was deleted by the edit or by somebody: what the edit took out comes back alone.
        return before if edit.deletes and now is None else _merged(edit, after or b"", now or b"")
    return _merged(edit, after or b"", now)


def rewritten(
    edit: FileEdit, before: bytes | None, rewrite: Callable[[Lines], Lines]
) -> tuple[FileEdit, bytes | None]:
    """The same edit, had other lines stood where it took some out; and the file as it would have been."""
    if before is None:
        return edit, None
    old, at = split(before), 0
    lines: list[bytes] = []
    hunks: list[Hunk] = []
    for hunk in edit.hunks:
        lines += old[at : hunk.start]
        fresh = rewrite(hunk.removed)
        hunks.append(replace(hunk, start=len(lines), removed=fresh))
        lines += fresh
        at = hunk.start + len(hunk.removed)
    data = b"".join([*lines, *old[at:]])
    return replace(edit, expects=digest(data), hunks=tuple(hunks)), data


def _merged(edit: FileEdit, after: bytes, now: bytes) -> bytes:
    old, lines = split(after), list(split(now))
    place = _places(old, tuple(lines))
    shift = 0
    todo: list[tuple[int | None, Hunk]] = []
    for hunk in edit.hunks:
        if not _back_already(hunk, lines):
            todo.append((_position(hunk, hunk.start + shift, place, lines), hunk))
        shift += len(hunk.added) - len(hunk.removed)
    lost = [hunk for at, hunk in todo if at is None]
    for at, hunk in sorted(((a, h) for a, h in todo if a is not None), key=lambda pair: -pair[0]):
        _put(lines, at, hunk)
    for hunk in lost:
        _restore_under_anchor(lines, hunk)
    return b"".join(lines)


def _places(old: Sequence[bytes], new: Sequence[bytes]) -> dict[int, int]:
    """Where each line of `old` that still stands is in `new`."""
    found: dict[int, int] = {}
    for a, b, size in difflib.SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks():
        for step in range(size):
            found[a + step] = b + step
    found[len(old)] = len(new)
    return found


def _back_already(hunk: Hunk, lines: Sequence[bytes]) -> bool:
    """Whether this hunk was taken back before: none of its lines is there, all that it took out are."""
    removed = {line.strip() for line in hunk.removed} - {b""}
    added = {line.strip() for line in hunk.added} - {b""} - removed
    start, end = _under(hunk.anchor, lines)
    there = {line.strip() for line in lines[start:end]}
    return not added & there and removed <= there


def _under(anchor: bytes, lines: Sequence[bytes]) -> tuple[int, int]:
    """The lines from the heading `anchor` to the next one; all of them where there is no anchor."""
    heading = anchor.strip()
    if not heading:
        return 0, len(lines)
    start = next((n for n, line in enumerate(lines) if line.strip() == heading), None)
    return (len(lines), len(lines)) if start is None else (start, _section_end(lines, start))


def _section_end(lines: Sequence[bytes], start: int) -> int:
    following = range(start + 1, len(lines))
    return next((n for n in following if lines[n].lstrip().startswith(b"[")), len(lines))


def _position(hunk: Hunk, at: int, place: Mapping[int, int], lines: Sequence[bytes]) -> int | None:
    """Where the hunk's added lines are now, or where its removed lines belong; None where that is unclear."""
    if hunk.added:
        spots = [place.get(at + n) for n in range(len(hunk.added))]
        first = spots[0]
        if first is None or any(spot != first + n for n, spot in enumerate(spots)):
            return None
        return first
    if at == 0:
        return 0
    previous = place.get(at - 1)
    if previous is not None:
        return previous + 1
    following = place.get(at)
    return following if following is not None and following < len(lines) else None


def _put(lines: list[bytes], at: int, hunk: Hunk) -> None:
    """Take the hunk's lines out at `at` and put back what was there."""
    end = at + len(hunk.added)
    heading = next((n for n, line in enumerate(hunk.added) if line.lstrip().startswith(b"[")), None)
    if heading is not None and _has_more(lines, at + heading, end):
        # Somebody wrote more under the heading we added: it stays, our own lines go.
        del lines[at + heading + 1 : end]
        return
    piece = list(hunk.removed)
    if piece and end < len(lines):
        piece[-1] = _ended(piece[-1], lines)
    if piece and at > 0:
        lines[at - 1] = _ended(lines[at - 1], lines)
    lines[at:end] = piece


def _has_more(lines: Sequence[bytes], heading: int, end: int) -> bool:
    rest = lines[end : _section_end(lines, heading)]
    return any(line.strip() and line.strip()[:1] not in b"#;" for line in rest)


def _restore_under_anchor(lines: list[bytes], hunk: Hunk) -> None:
    """The place is gone: take out what is left of ours, put what was there right under its heading."""
    kept = {line.strip() for line in hunk.added} & {line.strip() for line in hunk.removed}
    start, end = _under(hunk.anchor, lines)
    for line in hunk.added:
        if line.strip() and line.strip() not in kept and not line.lstrip().startswith(b"["):
            spot = next((n for n in range(start, min(end, len(lines))) if lines[n] == line), None)
            if spot is not None:
                del lines[spot]
    back = [line for line in hunk.removed if line.strip() not in kept]
    if not back:
        return
    heading = hunk.anchor.strip()
    start, _ = _under(hunk.anchor, lines)
    if heading and start == len(lines):
        if lines:
            lines[-1] = _ended(lines[-1], lines)
        lines.append(_ended(heading, lines))
    elif not heading:
        start = len(lines) - 1
    if 0 <= start < len(lines):
        lines[start] = _ended(lines[start], lines)
    lines[start + 1 : start + 1] = [_ended(line, lines) for line in back]


def newline_of(lines: Sequence[bytes]) -> bytes:
    """The line end a file uses: that of its first line."""
    for line in lines:
        for end in (b"\r\n", b"\n", b"\r"):
            if line.endswith(end):
                return end
    return b"\n"


def _ended(line: bytes, lines: Sequence[bytes]) -> bytes:
    return line if line.endswith((b"\n", b"\r")) else line + newline_of(lines)


def changed_meanwhile(path: str) -> CredGuardError:
    """Somebody wrote the file between our look and our edit."""
    return CredGuardError(
        "file-changed",
        text("{path} was changed by another program a moment ago.", path=path),
        text("Nothing was changed in it by CredGuard. Do the same again."),
        retry=True,
    )


def to_json(edit: FileEdit) -> dict[str, Any]:
    """A document for the inside of a sealed copy: it may hold secrets."""
    return {
        "path": edit.path,
        "expects": edit.expects,
        "deletes": edit.deletes,
        "hunks": [
            {
                "start": hunk.start,
                "removed": [_text(line) for line in hunk.removed],
                "added": [_text(line) for line in hunk.added],
                "anchor": _text(hunk.anchor),
            }
            for hunk in edit.hunks
        ],
    }


def from_json(data: Mapping[str, Any]) -> FileEdit:
    """What `to_json` wrote; ValueError, KeyError or TypeError for anything else."""
    return FileEdit(
        str(data["path"]),
        data["expects"],
        tuple(
            Hunk(
                int(hunk["start"]),
                tuple(base64.b64decode(line) for line in hunk["removed"]),
                tuple(base64.b64decode(line) for line in hunk["added"]),
                base64.b64decode(hunk["anchor"]),
            )
            for hunk in data["hunks"]
        ),
        bool(data["deletes"]),
    )


def _text(line: bytes) -> str:
    return base64.b64encode(line).decode("ascii")
