"""Frames: a question to the agent and its answer, over one socket.

`CG`, a version (1 byte), a kind (1 byte), the length of the body (4 bytes, big-endian), the body.
Questions, answers and errors are JSON objects; finished bytes are handed on as they stand. The provider
loads this on every `aws` call, so json comes only with the two functions that need it.
"""

from __future__ import annotations

MAGIC = b"CG"
VERSION = 1
HEAD = 8
#: No body is longer (bytes): a list of ten thousand names takes half of it.
MOST = 1 << 20

#: From a client: a question.
QUESTION = b"?"
#: From the agent: an answer, an error in sentences, finished bytes, "do it without me".
ANSWER, ERROR, FINISHED, WITHOUT = b"=", b"!", b">", b"-"
#: To a window that subscribed: something happened, or a question for its person.
EVENT = b"*"
KINDS = QUESTION + ANSWER + ERROR + FINISHED + WITHOUT + EVENT

TYPE_CHECKING = False  # typing itself costs more than all of this
if TYPE_CHECKING:
    from collections.abc import Callable


class Foreign(ValueError):
    """Not a frame of this version: whatever speaks there is left alone."""


def pack(kind: bytes, body: bytes = b"") -> bytes:
    """One frame. Raises ValueError for a body that is too long."""
    if len(body) > MOST:
        raise ValueError("too long for a frame")
    return MAGIC + bytes((VERSION,)) + kind + len(body).to_bytes(4, "big") + body


def head(data: bytes) -> tuple[bytes, int]:
    """Kind and length of the body, from the first 8 bytes. Raises Foreign."""
    if len(data) != HEAD or data[:2] != MAGIC or data[2] != VERSION:
        raise Foreign("not a frame of this version")
    kind, length = data[3:4], int.from_bytes(data[4:8], "big")
    if kind not in KINDS or length > MOST:
        raise Foreign("not a frame of this version")
    return kind, length


def read(receive: Callable[[int], bytes]) -> tuple[bytes, bytes] | None:
    """Kind and body of the next frame; None where the other side closed before its first byte.

    `receive(n)` gives between 1 and n bytes, or b"" at the end, and may raise (a time-out). Raises
    Foreign, or EOFError for a frame that stops in its middle. Never asks for more than the frame has.
    """
    first = receive(HEAD)
    if not first:
        return None
    kind, length = head(_fill(receive, first, HEAD))
    return kind, _fill(receive, b"", length)


def _fill(receive: Callable[[int], bytes], data: bytes, count: int) -> bytes:
    pieces, have = [data], len(data)
    while have < count:
        piece = receive(min(count - have, 65536))
        if not piece:
            raise EOFError("a frame stopped in its middle")
        pieces.append(piece)
        have += len(piece)
    return b"".join(pieces)


def encode(document: dict[str, object]) -> bytes:
    """A JSON object as a body."""
    import json

    return json.dumps(document, separators=(",", ":")).encode()


def decode(body: bytes) -> dict[str, object]:
    """The JSON object in a body. Raises Foreign for anything else."""
    import json

    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise Foreign("not a JSON object") from None
    if not isinstance(document, dict):
        raise Foreign("not a JSON object")
    return document
