"""CredGuard's program with security keys in software plugged in: `key_program.py FOLDER WORDS …`.

Each file `FOLDER/*.key` is a key: JSON with `master` (hex) and `pin`. `FOLDER/finger`: they are touched at
once; without it they wait for it.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.support.authenticator import SoftwareKey  # noqa: E402 found by the path above


def plugged(folder: Path) -> list[SoftwareKey]:
    """The keys in the folder."""

    def touch(called_off: threading.Event) -> bool:
        while not (folder / "finger").exists():
            if called_off.wait(0.02):
                return False
        return True

    found = []
    for file in sorted(folder.glob("*.key")):
        spec = json.loads(file.read_text())
        key = SoftwareKey(pin=spec["pin"], touch=touch)
        key.master = bytes.fromhex(spec["master"])
        found.append(key)
    return found


def plug_in(folder: Path, name: str = "one", pin: str | None = None) -> SoftwareKey:
    """A new key in the folder, also for this process."""
    folder.mkdir(exist_ok=True)
    key = SoftwareKey(pin=pin)
    (folder / f"{name}.key").write_text(json.dumps({"master": key.master.hex(), "pin": pin}))
    return key


def finger(folder: Path, down: bool = True) -> None:
    (folder / "finger").touch() if down else (folder / "finger").unlink(missing_ok=True)


def program(folder: Path) -> Sequence[str]:
    """The command, without its words."""
    return [sys.executable, "-I", __file__, str(folder)]


if __name__ == "__main__":
    from credguard.vault import launch, security_key

    _folder = Path(sys.argv.pop(1))
    security_key._usb = lambda: plugged(_folder)
    launch.program = lambda: list(program(_folder))  # the agent that it starts has them too
    from credguard.__main__ import main

    sys.exit(main())
