"""Import and undo with the real keychain, the real provider and the line that really gets written."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from credguard.vault.keychain import open_keychain
from credguard.vault.store import SecretStore
from credguard.wire import places
from credguard.workflows.intake import finish_interrupted
from credguard.workflows.undo_import import undo_import
from tests.support.aws_files import KEY, KEY_2, SECRET, SECRET_2
from tests.support.intake import Computer
from tests.support.keyring import PrivateKeyring

pytestmark = pytest.mark.keyring
NAMES = ("default", "mein prüfling", "it's")
CREDENTIALS = "".join(
    f"# {name}\r\n[{name}]\r\naws_access_key_id = {KEY}\r\naws_secret_access_key = {SECRET}\r\n"
    for name in NAMES
).encode()
CHILD = """
import sys
from pathlib import Path
from tests.integration.test_import_keychain import _computer
_computer(Path(sys.argv[1])).import_all()
"""


def _computer(folder: Path) -> Computer:
    made = Computer(folder)
    keychain, label = open_keychain()
    made.store = SecretStore(keychain, "keychain", label)
    made.helper = tuple(places.helper())
    made.cloud.keys[KEY_2] = (SECRET_2, "arn:aws:iam::210987654321:user/bob")
    return made


@pytest.fixture
def computer(private_keyring: PrivateKeyring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Computer:
    monkeypatch.setenv("CREDGUARD_HOME", str(tmp_path / "state"))
    made = _computer(tmp_path)
    made.write(CREDENTIALS)
    return made


def test_all_profiles_are_served_from_the_keychain_and_come_back(computer: Computer) -> None:
    before = computer.files()
    assert [str(o.summary) for o in computer.import_all() if not o.ok] == []
    for name in NAMES:
        assert computer.resolved(name) == (KEY, "custom-process")
    assert computer.plaintext_left() == []
    assert undo_import(computer.tools()).ok
    assert computer.files() == before


def test_a_process_killed_at_random_moments_leaves_working_keys(computer: Computer, tmp_path: Path) -> None:
    """Real processes, a real SIGKILL; the seed is fixed, the moments depend on the machine."""
    moments = random.Random(7)
    root = str(Path(__file__).parents[2])
    for _ in range(6):
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(tmp_path)],
            cwd=root,
            env={**os.environ, "CREDGUARD_HOME": str(tmp_path / "state"), "PYTHONPATH": root},
            stderr=subprocess.DEVNULL,
        )
        time.sleep(moments.uniform(0.3, 2.0))
        child.send_signal(signal.SIGKILL)
        child.wait()
        for name in NAMES:
            assert computer.resolved(name)[0] == KEY
    assert [str(o.summary) for o in finish_interrupted(computer.tools()) if not o.ok] == []
    assert [str(o.summary) for o in computer.import_all() if not o.ok] == []
    for name in NAMES:
        assert computer.resolved(name) == (KEY, "custom-process")
    assert computer.plaintext_left() == []
    left = Path(computer.credentials).read_bytes()
    assert left == "".join(f"# {name}\r\n[{name}]\r\n" for name in NAMES).encode()
