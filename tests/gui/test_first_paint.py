"""What the window shows first, and what it may not load before that."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.window import Laptop, until

#: Heavy, and needed for nothing that the first picture shows.
LATER = {
    "boto3", "botocore", "keyring", "secretstorage", "jeepney", "cryptography", "nacl", "sqlite3", "pyotp",
    "click", "rich", "PIL", "zxingcpp", "moto", "flask", "subprocess", "hashlib", "email",
    "credguard.catalog", "credguard.vault", "credguard.workflows", "credguard.queries", "credguard.profiles",
    "credguard.exchange", "credguard.files", "credguard.aws", "credguard.demo", "credguard.gui.pages",
    "credguard.gui.journeys", "credguard.gui.widgets.overlay",
}  # fmt: skip

#: The main path itself; what is noted is noted where the window starts to build and to read.
CHILD = """
import json, os, sys
import credguard.gui.app as app
from credguard.__main__ import main

class Noting(app.Window):
    painted = []

    def __init__(self, services):
        super().__init__(services)
        for part in (self.rail, *self.rail.items.values()):
            part.installEventFilter(self)

    def eventFilter(self, watched, event):
        if event.type() == event.Type.Paint:
            self.painted.append(watched.objectName())
        return False

    def _begin(self):
        chosen = [name for name, item in self.rail.items.items() if item.isChecked()]
        print(json.dumps([self.painted, chosen, sorted(sys.modules)]), flush=True)
        os._exit(0)

app.Window = Noting
main([])
"""


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], list[str], set[str]]:
    """What was painted, which page was marked, and which modules were there."""
    home: Path = tmp_path_factory.mktemp("home")
    (home / "state").mkdir(mode=0o700)
    (home / "state" / "settings.json").write_text('{"store": "sealed", "theme": "dark"}')
    ran = subprocess.run(
        [sys.executable, "-I", "-c", CHILD],
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "CREDGUARD_HOME": str(home / "state"),
            "QT_QPA_PLATFORM": "offscreen",
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    painted, chosen, modules = json.loads(ran.stdout)
    return painted, chosen, set(modules)


def test_the_first_picture_is_there_before_anything_is_read(
    seen: tuple[list[str], list[str], set[str]],
) -> None:
    painted, chosen, _ = seen
    assert {"rail", "rail-home", "rail-codes", "rail-activity"} <= set(painted)
    assert chosen == ["home"]


def test_nothing_heavy_is_loaded_before_it(seen: tuple[list[str], list[str], set[str]]) -> None:
    modules = seen[2]
    assert "credguard.gui.window" in modules
    loaded = {name for name in LATER if name in modules or any(m.startswith(name + ".") for m in modules)}
    assert loaded == set()


def test_home_shows_its_facts_while_the_vault_is_shut() -> None:
    with Laptop() as laptop:
        laptop.as_designed()
        laptop.services.close()
        laptop.services = laptop.restart()
        window = laptop.window()
        home = window._pages["home"]
        vault = laptop.services.store._backend.vault
        assert len(home.data.view.accounts) == 6
        assert not vault.is_open
        window.resize(1440, 900)  # a wide window shows codes as well
        until(window, lambda: bool(home.data.codes))
        assert vault.is_open
