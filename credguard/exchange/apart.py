"""Reading a file of codes in a process of its own: it can be ended, has a limit of memory, and what goes
wrong in it stays in it. The password goes through a pipe, never through an argument.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from typing import IO, Any

from credguard.domain.errors import CredGuardError
from credguard.domain.secret import Secret
from credguard.domain.text import Text, text
from credguard.exchange import limits
from credguard.exchange.parsed import Parsed, damaged, from_document, to_document
from credguard.system.hardening import harden
from credguard.wire import places

#: How often a cancel is looked for (seconds).
_LOOK = 0.1


def read_apart(
    data: bytes,
    password: Secret | None = None,
    key_file: bytes | None = None,
    format_name: str | None = None,
    cancelled: Callable[[], bool] = lambda: False,
    environ: Mapping[str, str] | None = None,
) -> Parsed:
    """As `detect.read`, in a child process.

    `cancelled` is asked ten times a second, from this thread. Raises as `detect.read`, and
    `import-cancelled`; the child has ended when this returns or raises, Ctrl+C included.
    """
    question = {
        "password": None if password is None else password.reveal(),
        "key_file": None if key_file is None else len(key_file),
        "format": format_name,
        "length": len(data),
    }
    process = _child(environ)
    answer = _exchange(process, json.dumps(question).encode() + b"\n" + (key_file or b"") + data, cancelled)
    return _answered(answer)


def _child(environ: Mapping[str, str] | None) -> subprocess.Popen[bytes]:
    kept = os.environ if environ is None else environ
    return subprocess.Popen(
        [sys.executable, "-I", os.path.join(places.package(), "__main__.py"), "read-codes"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={name: value for name, value in kept.items() if not name.startswith(("AWS_", "CREDGUARD_"))},
        cwd=os.path.abspath(os.sep),
        start_new_session=True,  # Ctrl+C is this process's to answer
    )


def _exchange(process: subprocess.Popen[bytes], question: bytes, cancelled: Callable[[], bool]) -> bytes:
    answers: list[bytes] = []

    def talk() -> None:
        with contextlib.suppress(OSError, ValueError):  # it was ended
            answers.append(process.communicate(question)[0])

    # Not communicate with a time-out: before 3.12.4 a second call forgets what was not sent yet.
    talking = threading.Thread(target=talk, daemon=True)
    talking.start()
    try:
        while talking.is_alive():
            talking.join(_LOOK)
            if cancelled():
                raise CredGuardError(
                    "import-cancelled",
                    text("The import was stopped."),
                    text("Start it again whenever you like. Nothing was imported."),
                )
    finally:
        with contextlib.suppress(OSError):
            process.kill()
        talking.join()
    return answers[0] if answers else b""


def _answered(answer: bytes) -> Parsed:
    try:
        document: Any = json.loads(answer)
        error = document.get("error")
        if error is None:
            return from_document(document)
    except (ValueError, KeyError, TypeError, AttributeError):
        # It ended without a word: out of memory, most likely, or a fault of a library in a hostile file.
        raise CredGuardError(
            "codes-ended",
            text("The file could not be read: the reading process ended on it."),
            text("It may be damaged, or ask for more memory than is free. Nothing was imported."),
        ) from None
    raise CredGuardError(
        str(error["code"]),
        Text.from_json(error["what"]),
        Text.from_json(error["next"]),
        retry=error["retry"] is True,
    )


# ── the child ────────────────────────────────────────────────────────────────────────────────────
def serve(source: IO[bytes], out: IO[bytes]) -> None:
    """One question from `source`, its answer to `out`. For a process that does nothing else."""
    harden()
    _limit_memory()
    out.write(json.dumps(_answer(source)).encode())
    out.flush()


def _answer(source: IO[bytes]) -> dict[str, Any]:
    from credguard.exchange.detect import read

    try:
        question = json.loads(source.readline())
        size = question["key_file"]
        key_file = None if size is None else source.read(size)
        data = source.read(question["length"])
        password = question["password"]
        found = read(data, None if password is None else Secret(password), key_file, question["format"])
        return to_document(found)
    except CredGuardError as error:
        return _error(error)
    except MemoryError:
        return _error(
            limits.too_costly(text("This file takes more memory to read than may be used; refused."))
        )
    except RecursionError:
        return _error(damaged())


def _error(error: CredGuardError) -> dict[str, Any]:
    return {
        "error": {
            "code": error.code,
            "what": error.what.to_json(),
            "next": error.next.to_json(),
            "retry": error.retry,
        }
    }


def _limit_memory() -> None:
    """A limit on the address space, where the system has one (not on Windows; macOS takes no notice)."""
    with contextlib.suppress(ImportError, OSError, ValueError, AttributeError):
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_AS)
        wanted = limits.CHILD_MEMORY if most == resource.RLIM_INFINITY else min(limits.CHILD_MEMORY, most)
        resource.setrlimit(resource.RLIMIT_AS, (wanted, most))
