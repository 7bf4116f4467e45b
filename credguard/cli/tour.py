"""The tour: the main job from plaintext to a changed key, with the real commands on an invented computer."""

from __future__ import annotations

import io
import os
import shlex
import subprocess
import sys
import tempfile
from dataclasses import dataclass

from credguard.cli.output import Output
from credguard.wire import places


@dataclass(frozen=True, slots=True)
class Stop:
    """What is said before, the command as typed, what is typed into it, the exit codes it may have."""

    words: str
    command: str
    typed: str = ""
    codes: tuple[int, ...] = (0,)


QR_PICTURE = os.path.join("~", "Downloads", "northwind-mfa.png")
STOPS = (
    Stop("A freelancer's laptop: keys in ~/.aws, a root key in Downloads.", "status", codes=(3,)),
    Stop("Out of plaintext, into the sealed vault; a root key is called out.", "import --yes", codes=(3,)),
    Stop("Who is that last one?", "whoami 314159265358", codes=(3,)),
    Stop("The code of Northwind's MFA device, from the picture AWS showed.", f"totp add --qr {QR_PICTURE}"),
    Stop("It is one command away.", "totp code northwind"),
    Stop("A new key for Northwind, which wants MFA for it. Two profiles use it.", "rotate northwind --yes"),
    Stop("Where that leaves the laptop.", "status", codes=(3,)),
    Stop("And all of it can be taken back: the plaintext as it was.", "undo-import", "plaintext\n"),
)  # fmt: skip


def run(output: Output, pictures: str | None = None) -> int:
    """Walk the stops; 1 where one ends otherwise than it should. `pictures`: a folder for the window's."""
    from credguard.services import demo_session

    output.line(
        "Everything here is invented: the companies, their keys, their AWS. Nothing of yours is touched."
    )
    with tempfile.TemporaryDirectory(prefix="credguard-tour-") as folder:
        session = demo_session(os.path.join(folder, "demo"))
        try:
            with session.entered(lasting=True):
                for stop in STOPS:
                    if stop.command == "undo-import":
                        _show_files(output, session.files.credentials)
                        if pictures:
                            _draw(output, pictures)
                    if not _walk(output, stop):
                        return 1
        finally:
            session.reset()
    output.line()
    output.line(
        "That was the tour. The same in a window: credguard demo. With your own keys: credguard import"
    )
    return 0


def _walk(output: Output, stop: Stop) -> bool:
    from credguard.cli.main import main

    output.line()
    output.line(output.paint(stop.words, "bold"))
    output.line(f"$ {output.paint('credguard ' + stop.command, 'cyan')}")
    before, sys.stdin = sys.stdin, io.StringIO(stop.typed)
    try:
        code = main([os.path.expanduser(word) for word in shlex.split(stop.command)])
    finally:
        sys.stdin = before
    if code not in stop.codes:
        output.note(f"This should not happen: credguard {stop.command} ended with {code}.")
        return False
    return True


def _show_files(output: Output, path: str) -> None:
    output.line()
    output.line(output.paint("What is left in the file that held the keys.", "bold"))
    output.line(f"$ {output.paint('cat ~/.aws/credentials', 'cyan')}")
    with open(path, encoding="utf-8") as file:
        for line in file.read().splitlines():
            output.line(line)


def _draw(output: Output, folder: str) -> None:
    """The window's pages as they look now, drawn without a screen by a process of its own."""
    environment = {
        **os.environ,
        "QT_QPA_PLATFORM": "offscreen",
        "PYTHONPATH": os.path.dirname(places.package()),
    }
    command = [sys.executable, "-m", "credguard.gui.pictures", os.path.abspath(folder)]
    drawn = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=180, check=False)
    output.line()
    if drawn.returncode == 0:
        output.line(f"The same in the window, drawn into {folder}:")
        for name in drawn.stdout.split():
            output.line(f"  {name}")
    else:
        output.note("The pictures of the window could not be drawn here: Qt does not start.")
