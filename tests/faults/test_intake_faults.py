"""Import and undo-import, ended by the system at every step, and again while they recover.

Each attempt runs in a process of its own that leaves with `os._exit`: nothing is tidied up on the way out,
as with kill -9. After each the AWS tools have to get a working key, no secret may be lost, and every line
that is not a key's stays as it was.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from credguard.aws.proof import resolve_profile
from credguard.workflows.intake import finish_interrupted, import_keys
from credguard.workflows.undo_import import undo_import
from tests.support.aws_files import KEY, KEY_2, SECRET, SECRET_2, secret
from tests.support.intake import Computer

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")

CREDENTIALS = f"""\
# comments stay
[work]
aws_access_key_id = {KEY}
; between
aws_secret_access_key = {SECRET}

[other]
aws_access_key_id = {KEY_2}
aws_secret_access_key = {SECRET_2}
""".encode()
CONFIG = b"[profile work]\nregion = eu-west-1\n# the end"
NEVER = 10_000
KILLED, FINISHED = 9, 0


def _computer(folder: Path) -> Computer:
    made = Computer(folder)
    made.cloud.keys[KEY_2] = (SECRET_2, "arn:aws:iam::210987654321:user/bob")
    return made


def _process(folder: Path, work: Callable[[Computer, Callable[[str], None]], None], kill_at: int) -> int:
    """Run `work` in a process that ends at tick number `kill_at`; returns how it ended."""
    pid = os.fork()
    if pid == 0:
        code = 70
        try:
            left = [kill_at]

            def tick(name: str) -> None:
                left[0] -= 1
                if left[0] < 0:
                    os._exit(KILLED)

            work(_computer(folder), tick)
            code = FINISHED
        except BaseException:
            import traceback

            traceback.print_exc()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _import(computer: Computer, tick: Callable[[str], None]) -> None:
    import_keys(computer.find("aws", ("work",)).keys, computer.tools(fault=tick))


def _import_then_fail(computer: Computer, tick: Callable[[str], None]) -> None:
    """The proof fails after the switch, so the whole way back is walked."""

    def prove(name: str, config: str, credentials: str) -> object:
        if config == computer.config:
            return resolve_profile("nobody", config, credentials)
        return resolve_profile(name, config, credentials)

    import_keys(computer.find("aws", ("work",)).keys, computer.tools(fault=tick, prove=prove))


def _again(computer: Computer, tick: Callable[[str], None]) -> None:
    """What the next `credguard import` does."""
    finish_interrupted(computer.tools(fault=tick))
    import_keys(computer.find("aws", ("work",)).keys, computer.tools(fault=tick))


def _undo(computer: Computer, tick: Callable[[str], None]) -> None:
    undo_import(computer.tools(fault=tick))


def _holds(folder: Path) -> None:
    """A working key for both profiles, and everything that is not a key's line as it was."""
    computer = _computer(folder)
    assert computer.resolved("work")[0] == KEY
    assert computer.resolved("other") == (KEY_2, "shared-credentials-file")
    credentials = Path(computer.credentials).read_bytes()
    keys = (b"aws_access_key_id = %s\n" % KEY.encode(), b"aws_secret_access_key = %s\n" % SECRET.encode())
    assert credentials in (CREDENTIALS, CREDENTIALS.replace(keys[0], b"").replace(keys[1], b""))
    rest = [x for x in Path(computer.config).read_bytes().splitlines() if b"credential_process" not in x]
    assert rest == CONFIG.splitlines()
    in_file = SECRET.encode() in credentials
    item = computer.store.read(f"access-key/{KEY}")
    assert in_file or (item is not None and item["secret"].reveal() == SECRET)  # type: ignore[attr-defined]
    computer.database.close()


def _ticks(folder: Path, work: Callable[[Computer, Callable[[str], None]], None]) -> int:
    """How many ticks an undisturbed run has."""
    seen: list[str] = []
    computer = _computer(folder)
    work(computer, seen.append)
    computer.database.close()
    return len(seen)


def _fresh(folder: Path) -> Path:
    computer = _computer(folder)
    computer.write(CREDENTIALS, CONFIG)
    computer.database.close()
    return folder


def _kill_and_recover(folder: Path, first: Callable[..., None], kill_at: int) -> None:
    assert _process(folder, first, kill_at) == KILLED
    _holds(folder)
    for again_at in (kill_at % 5, 3 + kill_at % 7):
        if _process(folder, _again, again_at) == FINISHED:
            break
        _holds(folder)
    assert _process(folder, _again, NEVER) == FINISHED
    _holds(folder)
    computer = _computer(folder)
    assert computer.resolved("work") == (KEY, "custom-process")
    assert computer.tools().journals.unfinished() == ()
    assert computer.plaintext_left() == []
    computer.database.close()


def test_import_killed_at_every_step(tmp_path: Path) -> None:
    count = _ticks(_fresh(tmp_path / "whole"), _import)
    assert count > 40
    for kill_at in range(count):
        _kill_and_recover(_fresh(tmp_path / f"at-{kill_at}"), _import, kill_at)


def test_the_way_back_killed_at_every_step(tmp_path: Path) -> None:
    whole = _fresh(tmp_path / "whole")
    count = _ticks(whole, _import_then_fail)
    _holds(whole)
    start = _ticks(_fresh(tmp_path / "straight"), _import) - 8  # what comes before is tested above
    assert count > start + 15
    for kill_at in range(start, count):
        _kill_and_recover(_fresh(tmp_path / f"at-{kill_at}"), _import_then_fail, kill_at)


def test_undo_killed_at_every_step(tmp_path: Path) -> None:
    def prepared(name: str) -> Path:
        folder = _fresh(tmp_path / name)
        assert _process(folder, _import, NEVER) == FINISHED
        return folder

    count = _ticks(prepared("whole"), _undo)
    assert count > 10
    for kill_at in range(count):
        folder = prepared(f"at-{kill_at}")
        assert _process(folder, _undo, kill_at) == KILLED
        _holds(folder)
        assert _process(folder, _undo, NEVER) == FINISHED
        _holds(folder)
        computer = _computer(folder)
        assert computer.files() == {computer.config: CONFIG, computer.credentials: CREDENTIALS}
        computer.database.close()


def test_the_checks_can_fail(tmp_path: Path) -> None:
    """A wrong order of the two edits, or a lost secret, is seen by `_holds`."""
    folder = _fresh(tmp_path / "broken")
    computer = _computer(folder)
    Path(computer.credentials).write_bytes(CREDENTIALS.replace(SECRET.encode(), secret(1).encode()))
    with pytest.raises(AssertionError):
        _holds(folder)
    Path(computer.credentials).write_bytes(b"[other]\n")
    with pytest.raises(Exception, match="no key"):
        _holds(folder)
